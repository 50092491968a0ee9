#!/bin/sh

test_description='S3: what is expected of what is replaced'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

# expectations URL: what is there decides, and nothing is overwritten
expectations () {
	resutil put-object --remote "$1" --absent a one >first &&
	test_expect_code 14 resutil put-object --remote "$1" --absent a two \
		2>err &&
	test_grep "a. is in .*already" err &&
	resutil put-object --remote "$1" --version "$(cat first)" a two >second &&
	test_expect_code 14 resutil put-object --remote "$1" \
		--version "$(cat first)" a three 2>err &&
	test_grep "a. in .* was changed by somebody else" err &&
	resutil get-object --remote "$1" a >got && test_cmp two got &&
	test_expect_code 14 resutil put-object --remote "$1" \
		--version "$(cat first)" gone three 2>err &&
	test_grep "was changed by somebody else" err &&
	test_expect_code 10 resutil get-object --remote "$1" gone &&
	resutil remove-object --remote "$1" a
}

# that of an object, not the probe before it
put="method == \"PUT\" and \"probe\" not in path"

test_expect_success 'setup' '
	start_odd_s3 && start_radosgw && make_bucket lab &&
	echo one >one && echo two >two && echo three >three &&
	real="s3://lab?endpoint_url=$S3_ENDPOINT"
	odd="s3://lab?endpoint_url=$ODD"
'

# with_odd COMMAND...: with the keys of that server
with_odd () {
	(
		AWS_ACCESS_KEY_ID=$ODD_KEY AWS_SECRET_ACCESS_KEY=$ODD_SECRET &&
		"$@"
	)
}

test_expect_success 'a service that knows conditions' '
	expectations "$real" && odd_modes "{}" && with_odd expectations "$odd"
'

test_expect_success 'a version between quotes, and (radosgw) without' '
	start_proxy "$S3_ENDPOINT" && at="s3://lab?endpoint_url=$PROXY" &&
	resutil put-object --remote "$at" b one >first && proxy_rules &&
	resutil put-object --remote "$at" --version "$(cat first)" b two &&
	test_requests = 1 "$put and status == 412" &&
	test_requests = 1 "$put and status == 200" &&
	odd_modes "{}" && start_proxy "$ODD" &&
	at="s3://lab?endpoint_url=$PROXY" &&
	with_odd resutil put-object --remote "$at" b one >first && proxy_rules &&
	with_odd resutil put-object --remote "$at" \
		--version "$(cat first)" b two &&
	test_requests = 1 "$put"
'

# refuses_sums STATUS CODE TEXT: checksums, not conditions
refuses_sums () {
	start_proxy "$S3_ENDPOINT" && at="s3://lab?endpoint_url=$PROXY" &&
	proxy_rules "{\"head\": \"x-amz-checksum\", \"status\": $1, \"body\":
		\"<Error><Code>$2</Code><Message>$3</Message></Error>\"}" &&
	resutil put-object --remote "$at" --absent sums one 2>err &&
	test_must_be_empty err && test_requests = 2 "$put" &&
	test_requests = 1 "status == 200 and condition == \"*\"" &&
	test_expect_code 14 resutil put-object --remote "$at" --absent sums two &&
	resutil get-object --remote "$at" sums >got && test_cmp one got &&
	head -c 9000000 /dev/zero >zeroes &&
	resutil put-object --remote "$at" large zeroes 2>err &&
	test_must_be_empty err &&
	resutil remove-object --remote "$at" sums large
}

test_expect_success 'checksums that are refused are left out' '
	refuses_sums 400 InvalidArgument \
		"Unsupported header x-amz-checksum-crc32c received" &&
	refuses_sums 501 NotImplemented \
		"Header x-amz-checksum-crc32c with value x not implemented"
'

test_expect_success 'one that answers 501 is looked at before and after' '
	odd_modes "{\"conditions\": \"501\"}" &&
	with_odd expectations "$odd" &&
	odd_modes "{\"conditions\": \"501\"}" && start_proxy "$ODD" &&
	at="s3://lab?endpoint_url=$PROXY" && proxy_rules &&
	with_odd resutil put-object --remote "$at" --absent c one 2>err &&
	test_grep "does not know conditional writes" err &&
	test_requests = 1 "$put" &&
	test_requests = 2 "method == \"HEAD\"" &&
	with_odd resutil remove-object --remote "$at" c
'

test_expect_success 'who came in between is seen there' '
	proxy_rules "{\"method\": \"PUT\", \"nth\": 2, \"run_after\":
		\"resutil put-object --remote \\\"$odd\\\" c two\"}" &&
	test_expect_code 14 with_odd resutil put-object --remote "$at" \
		--absent c one 2>err &&
	test_grep "c. is in .*already" err &&
	with_odd resutil get-object --remote "$odd" c >got && test_cmp two got
'

test_expect_success 'so is one that takes no notice: that is found out' '
	start_odd_s3 && odd_modes "{\"conditions\": \"ignore\"}" &&
	ignoring="s3://lab?endpoint_url=$ODD" &&
	with_odd expectations "$ignoring" 2>err &&
	with_odd resutil list-objects --remote "$ignoring" >left &&
	test_must_be_empty left
'

test_expect_success 'test-store says of such a store that it cannot' '
	with_odd resutil test-store "$ignoring" >tap 2>err &&
	test_grep "^ok .*of many who create.*SKIP.*cannot create in one" tap &&
	test_grep "^ok .*of many who replace.*SKIP.*cannot compare in one" \
		tap &&
	test_line_count = 1 err &&
	test_grep "does not know conditional writes" err
'

test_done
