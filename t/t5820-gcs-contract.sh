#!/bin/sh

test_description='store contract: Cloud Storage'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

test_expect_success 'setup: a bucket, in which copies and listings take many requests' '
	start_gcs && gcs_bucket lab && google_key key.json &&
	google_admin modes "{\"page\": 3, \"empty_pages\": true,
		\"rewrite\": 1048576}"
'

# Some components that need escapes, each in its own way.
STORE_URL="gs://lab/a+b c/%25?api_root=$GCS_ROOT&key_file_path=$PWD/key.json"
. "$TEST_DIRECTORY"/lib-transport.sh

test_expect_success 'nothing is left in the bucket' '
	google_admin objects "{\"bucket\": \"lab\"}" >out &&
	test_grep ! "\"name\"" out
'

test_done
