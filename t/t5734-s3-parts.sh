#!/bin/sh

test_description='uploads in parts: faults on the way'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-parts.sh

test_expect_success 'setup: a server, 12 MB' '
	setup_big
'

test_expect_success 'the version is that of the object, and no MD5 of it all' '
	proxy_rules &&
	put &&
	grep "^[0-9a-f]\{32\}-3$" version &&
	resutil list-objects --remote="$STORE" --format "%(version)" p/big >there &&
	test_cmp version there &&
	is_put &&
	test_requests = 3 "$PART" &&
	test_requests = 1 "$COMPLETE" &&
	start_again
'

for fault in \
	'"status": 503' \
	'"status": 500, "body": "<Error><Code>InternalError</Code></Error>"' \
	'"status": 429, "fields": {"Retry-After": "0"}' \
	'"reset_up": 100000' \
	'"corrupt_up": 4000000' \
	'"lose": true' \
	'"reset_down": 0' \
	'"short": 0' \
	'"status": 503, "body": "<html>busy</html>", "fields": {"Content-Type": "text/html"}'
do
	test_expect_success "each part fails once: $fault" '
		proxy_rules "$(rule PUT partNumber=1 "\"nth\": 1, $fault")" \
			"$(rule PUT partNumber=2 "\"nth\": 1, $fault")" \
			"$(rule PUT partNumber=3 "\"nth\": 1, $fault")" &&
		put &&
		is_put && start_again
	'
done

test_expect_success 'the server says that it holds other bytes' '
	proxy_rules "$(rule PUT partNumber=2 \
		"\"answer\": {\"ETag\": \"\\\"00112233445566778899aabbccddeeff\\\"\"}")" &&
	test_expect_code 13 put &&
	grep "holds something else.*part 2" err &&
	test_requests = 3 "$PART and args[\"partNumber\"] == [\"2\"]" &&
	test_requests = 1 "$ABORT" &&
	proxy_rules && is_absent
'

test_expect_success 'its tags of parts are no MD5: they are taken as they are' '
	proxy_rules "$(rule PUT partNumber= "\"answer\":
		{\"x-amz-server-side-encryption\": \"aws:kms\"}")" &&
	put && is_put && start_again
'

test_expect_success 'parts are refused: nothing is left' '
	proxy_rules "$(rule PUT partNumber=3 "\"status\": 403, \"body\":
		\"<Error><Code>AccessDenied</Code><Message>no more</Message></Error>\"")" &&
	test_expect_code 11 put &&
	grep "AccessDenied: no more" err &&
	proxy_rules && is_absent
'

test_expect_success 'somebody withdraws it in the middle: it begins anew' '
	write_script withdraw <<-END &&
	ask="/usr/bin/python3 -S $TEST_DIRECTORY/helper/s3-ask.py"
	for id in \$(\$ask GET "/bucket?uploads=" | tr "<" "\n" |
		sed -n "s/^UploadId>//p")
	do
		\$ask DELETE "/bucket/p/big?uploadId=\$id"
	done
	END
	proxy_rules "$(rule PUT partNumber=2 "\"nth\": 1, \"run\":
		\"$PWD/withdraw\"")" &&
	put &&
	is_put && start_again
'

test_done
