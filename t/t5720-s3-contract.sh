#!/bin/sh

test_description='store contract: S3, the bucket in the path'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

test_expect_success 'setup: a server' '
	start_radosgw && make_bucket lab
'

# Some components that need escapes, each in its own way.
STORE_URL="s3://lab/a+b c/%25?endpoint_url=$S3_ENDPOINT"
. "$TEST_DIRECTORY"/lib-transport.sh

test_expect_success 'nothing is left in the bucket' '
	s3_ask GET /lab?list-type=2 >listing 2>err &&
	test_grep ! "<Key>" listing &&
	s3_ask GET "/lab?uploads=" >uploads 2>err &&
	test_grep ! "<UploadId>" uploads
'

test_done
