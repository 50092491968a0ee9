#!/bin/sh

test_description='uploads in parts: the last step'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-parts.sh

test_expect_success 'setup: a server, 12 MB' '
	setup_big
'

for fault in \
	'"lose": true' \
	'"reset_down": 10' \
	'"short": 10' \
	'"status": 503, "run": "true"' \
	'"status": 500, "body": "<Error><Code>InternalError</Code></Error>"' \
	'"code": 500, "replace": {"(?s).*": "<Error><Code>InternalError</Code></Error>"}' \
	'"replace": {"(?s).*": "<Error><Code>InternalError</Code><Message>try again</Message></Error>"}' \
	'"replace": {"(?s).*": "<Error><Code>SlowDown</Code></Error>"}' \
	'"replace": {"(?s).*": "<html>something</html>"}' \
	'"replace": {"(?s).*": ""}' \
	'"status": 409, "body": "<Error><Code>ConditionalRequestConflict</Code></Error>"'
do
	test_expect_success "the last step fails once: $fault" '
		proxy_rules "$(rule POST uploadId= "\"nth\": 1, $fault")" &&
		put &&
		proxy_rules && is_put && start_again
	'
done

test_expect_success 'the last step never works' '
	proxy_rules "$(rule POST uploadId= "\"status\": 400, \"body\":
		\"<Error><Code>InvalidRequest</Code><Message>never</Message></Error>\"")" &&
	test_expect_code 128 put &&
	grep "InvalidRequest: never" err &&
	test_requests = 1 "$ABORT" &&
	proxy_rules && is_absent
'

test_expect_success 'a part is not the one that was sent: it begins anew' '
	proxy_rules "$(rule POST uploadId= "\"nth\": 1, \"status\": 400,
		\"body\": \"<Error><Code>InvalidPart</Code></Error>\"")" &&
	put &&
	test_requests = 2 "$COMPLETE" &&
	test_requests = 6 "$PART" &&
	is_put && start_again
'

test_expect_success 'setup: a project, what was put by somebody else' '
	. "$TEST_DIRECTORY"/lib-experiments.sh &&
	NAME=aapfup_20240704T191555_large &&
	KEY=project/$NAME.zip &&
	bucket_conf "$PROXY" &&
	make_exp $NAME "id: \"$(test_id 1)\"" "revision: 1" "state: done" &&
	cp big results/$NAME/data.bin &&
	mkdir other && cp resutil-conf.yaml other &&
	(
		cd other &&
		make_exp $NAME "id: \"$(test_id 2)\"" "revision: 1" \
			"state: done" &&
		head -c 12000000 /dev/urandom >results/$NAME/data.bin &&
		resutil pack-exp $NAME >pack.zip
	)
'

test_expect_success 'it is there before: no part is sent' '
	proxy_rules "$(rule POST uploads= "\"run\": \"true\"")" &&
	resutil -C other send-pack $NAME &&
	proxy_rules &&
	test_expect_code 14 resutil send-pack $NAME 2>err &&
	test_requests = 0 "$PART" &&
	resutil remove-exp --force --remote=origin $NAME
'

test_expect_success 'it comes while parts are sent: it stays' '
	proxy_rules "$(rule PUT partNumber=3 "\"nth\": 1, \"run\":
		\"cd $PWD/other && resutil send-pack $NAME\"")" &&
	test_expect_code 14 resutil send-pack $NAME 2>err &&
	grep "$NAME" err &&
	proxy_rules &&
	resutil -C other send-pack $NAME >out && grep ^same out &&
	is_clean &&
	resutil remove-exp --force --remote=origin $NAME
'

test_expect_success 'a server without preconditions is looked at' '
	proxy_rules "$(rule POST uploadId= "\"head\": \"if-none-match\",
		\"status\": 501, \"body\":
		\"<Error><Code>NotImplemented</Code></Error>\"")" &&
	resutil send-pack $NAME >out && grep ^new out &&
	test_requests = 2 "$COMPLETE" &&
	resutil verify-pack --remote=origin $NAME
'

test_expect_success 'what has grown replaces what was sent' '
	resutil update-exp $NAME --set=info.x=x &&
	proxy_rules &&
	resutil send-pack $NAME >out && grep ^grown out &&
	resutil verify-pack --remote=origin $NAME && is_clean
'

test_expect_success 'a server that compares tags in its own way' '
	resutil update-exp $NAME --set=info.x=y &&
	proxy_rules "$(rule POST uploadId= "\"head\": \"if-match\",
		\"status\": 412, \"body\":
		\"<Error><Code>PreconditionFailed</Code></Error>\"")" &&
	resutil send-pack $NAME >out && grep ^grown out &&
	resutil verify-pack --remote=origin $NAME && is_clean
'

test_expect_success 'a server that is told to keep CRC32C' '
	resutil update-exp $NAME --set=info.x=z &&
	proxy_rules "$(rule POST uploads= "\"answer\":
		{\"x-amz-checksum-algorithm\": \"CRC32C\"}")" \
		"$(rule PUT partNumber "\"delay\": 0,
			\"head\": \"x-amz-checksum-crc32c: \"")" \
		"$(rule POST uploadId "\"delay\": 0")" &&
	resutil send-pack $NAME >out && grep ^grown out &&
	test_requests = 3 "$PART and rule == 1" &&
	resutil verify-pack --remote=origin $NAME && is_clean
'

test_expect_success 'one that does not know the word is not told' '
	resutil update-exp $NAME --set=info.x=a &&
	proxy_rules "$(rule POST uploads= "\"head\": \"x-amz-checksum\",
		\"status\": 400, \"body\":
		\"<Error><Code>InvalidArgument</Code></Error>\"")" &&
	resutil send-pack $NAME >out && grep ^grown out &&
	resutil verify-pack --remote=origin $NAME && is_clean
'

test_done
