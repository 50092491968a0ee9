#!/bin/sh

test_description='Cloud Storage: push and pull on a bad day, fault by fault'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

test_expect_success 'setup: a bucket behind a proxy' '
	start_gcs && gcs_bucket lab && start_proxy "$GCS_ROOT" &&
	google_trust "${PROXY#http://}" && gcs_conf lab &&
	sed -i "s,^  api_root: .*,  api_root: $PROXY," resutil-conf.yaml
'

. "$TEST_DIRECTORY"/lib-google-faults.sh

test_done
