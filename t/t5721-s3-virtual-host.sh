#!/bin/sh

test_description='store contract: S3, the bucket in the name of the host'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

test_expect_success 'setup: a server' '
	start_radosgw "rgw dns name = s3.localhost" && make_bucket lab
'

STORE_URL="s3://lab?endpoint_url=http://s3.localhost:$S3_PORT&addressing=virtual"
. "$TEST_DIRECTORY"/lib-transport.sh

test_expect_success 'the requests had it there' '
	RESUTIL_TRACE_HTTP="$(pwd)/trace" resutil list-objects \
		--remote "$STORE_URL" >out &&
	test_grep "GET http://lab\.s3\.localhost:$S3_PORT/?" trace
'

test_done
