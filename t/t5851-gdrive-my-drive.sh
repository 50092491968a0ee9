#!/bin/sh

test_description='store contract: gdrive, a folder of My Drive'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

# Accounts that are old enough own what they put there.
test_expect_success 'setup: a folder that a person shared' '
	start_drive &&
	base=$(drive_folder results) &&
	drive_share "$base" "$GOOGLE_ACCOUNT" writer &&
	drive_quota "$GOOGLE_ACCOUNT" null &&
	google_key key.json
'

STORE_URL="gdrive://$base?api_root=$DRIVE_ROOT&key_file_path=key.json"
. "$TEST_DIRECTORY"/lib-transport.sh

test_done
