#!/bin/sh

test_description='Drive: push and pull on a bad day, fault by fault'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

test_expect_success 'setup: a shared drive behind a proxy' '
	start_drive && base=$(drive_shared lab) && start_proxy "$DRIVE_ROOT" &&
	google_trust "${PROXY#http://}" && drive_conf "$base" &&
	sed -i "s,^  api_root: .*,  api_root: $PROXY," resutil-conf.yaml
'

. "$TEST_DIRECTORY"/lib-google-faults.sh

test_done
