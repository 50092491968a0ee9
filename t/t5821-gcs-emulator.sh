#!/bin/sh

test_description='store contract: Cloud Storage, an emulator that asks nobody'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

test_expect_success 'setup: a bucket of everybody' '
	start_gcs &&
	google_admin bucket "{\"name\": \"lab\", \"roles\": {\"allUsers\":
		[\"storage.objectUser\"]}}" &&
	STORAGE_EMULATOR_HOST=127.0.0.1:$GCS_PORT &&
	export STORAGE_EMULATOR_HOST
'

STORE_URL=gs://lab
. "$TEST_DIRECTORY"/lib-transport.sh

test_expect_success 'it is told no token, though there is a key' '
	google_key key.json && echo text >text &&
	resutil put-object --remote "gs://lab?key_file_path=$PWD/key.json" \
		text text &&
	google_requests >requests && test_grep ! /token requests &&
	GOOGLE_APPLICATION_CREDENTIALS=$PWD/key.json \
		resutil get-object --remote gs://lab text >got &&
	test_cmp text got &&
	google_requests >requests && test_grep ! /token requests
'

test_expect_success 'it is named as client libraries take it' '
	for host in http://127.0.0.1:$GCS_PORT http://127.0.0.1:$GCS_PORT/
	do
		STORAGE_EMULATOR_HOST=$host resutil get-object \
			--remote gs://lab text >got &&
		test_cmp text got || return 1
	done &&
	for host in ftp://127.0.0.1:$GCS_PORT http:// " " "a b:1"
	do
		test_expect_code 129 env STORAGE_EMULATOR_HOST="$host" \
			resutil get-object --remote gs://lab text 2>err &&
		test_grep "STORAGE_EMULATOR_HOST is no URL" err || return 1
	done
'

test_expect_success 'what the store names itself comes first' '
	start_gcs && google_key key.json && gcs_bucket other &&
	echo other >other &&
	resutil put-object --remote "gs://other?api_root=$GCS_ROOT&key_file_path=$PWD/key.json" \
		other other &&
	google_requests "POST /token" >requests &&
	test_line_count = 1 requests
'

test_done
