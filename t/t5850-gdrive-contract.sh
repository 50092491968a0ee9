#!/bin/sh

test_description='store contract: gdrive, in a shared drive'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

test_expect_success 'setup: a shared drive' '
	start_drive &&
	base=$(drive_shared lab) &&
	google_key key.json
'

STORE_URL="gdrive://$base?api_root=$DRIVE_ROOT&key_file_path=key.json"
. "$TEST_DIRECTORY"/lib-transport.sh

test_expect_success 'no folder is left, either' '
	drive_tree "$base" | grep "^[^/]* " | grep -v trashed >left || : &&
	test_must_be_empty left
'

test_done
