#!/bin/sh

test_description='many objects are removed by few requests'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

DELETES='method == "POST" and "delete" in args'

# put_many FILE: an object of a few bytes for each key of it, NUL between
put_many () {
	/usr/bin/python3 - "$1" "$S3_ENDPOINT" <<-\END
	import sys
	from concurrent.futures import ThreadPoolExecutor
	import boto3
	s3 = boto3.client("s3", endpoint_url=sys.argv[2])
	with open(sys.argv[1], "rb") as f:
	    keys = [k.decode() for k in f.read().split(b"\0") if k]
	with ThreadPoolExecutor(8) as pool:
	    list(pool.map(lambda k: s3.put_object(
	        Bucket="bucket", Key=k, Body=b"x"), keys))
	END
}

objects () {
	resutil list-objects -z --remote="$STORE" --format "%(key)" "$@"
}

test_expect_success 'setup: a server with 1300 objects' '
	start_radosgw && make_bucket bucket &&
	start_proxy "$S3_ENDPOINT" &&
	STORE="s3://bucket?endpoint_url=$PROXY" &&
	{
		seq -f "many/%05.0f" 1 1300 | tr "\n" "\0" &&
		printf "%s\0" "odd/a b" "odd/ c " "odd/+%20&<>\"" \
			"odd/~!'"'"'()*=?#" "odd/;:@,\$" "odd/\\" \
			"odd/é" "odd/new
line" "odd/tab	key" "odd/a%2Fb"
	} >keys &&
	put_many keys
'

test_expect_success 'more than a thousand go by two requests' '
	objects many/ >listed &&
	test "$(tr "\0" "\n" <listed | wc -l)" = 1300 &&
	proxy_rules &&
	resutil remove-object --remote="$STORE" -z --stdin <listed >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	test_requests = 2 "$DELETES" &&
	test_requests = 0 "method == \"DELETE\"" &&
	objects many/ >listed && test_must_be_empty listed
'

test_expect_success 'those that are not there are passed over' '
	printf "%s\n" many/00001 odd/none >gone &&
	resutil remove-object --remote="$STORE" --stdin <gone >out 2>err &&
	test_must_be_empty err
'

test_expect_success 'keys of any kind' '
	objects odd/ >listed &&
	test "$(tr -d -c "\0" <listed | wc -c)" = 10 &&
	resutil remove-object --remote="$STORE" -z --stdin <listed 2>err &&
	test_must_be_empty err &&
	objects >listed && test_must_be_empty listed
'

test_expect_success 'what one key is refused for is told of it alone' '
	printf "%s\0" a b c d >keys && put_many keys &&
	proxy_rules "{\"method\": \"POST\", \"path\": \"delete\",
		\"replace\": {\"<Deleted><Key>b</Key>.*?</Deleted>\":
		\"<Error><Key>b</Key><Code>AccessDenied</Code><Message>not you</Message></Error>\"}}" &&
	test_expect_code 3 resutil remove-object --remote="$STORE" -z --stdin \
		<keys >out 2>err &&
	test_line_count = 1 err &&
	grep "cannot remove .b. .*AccessDenied: not you" err
'

test_expect_success 'what fails for now is tried again' '
	put_many keys &&
	proxy_rules "{\"method\": \"POST\", \"path\": \"delete\", \"nth\": 1,
		\"replace\": {\"<Deleted><Key>b</Key>.*?</Deleted>\":
		\"<Error><Key>b</Key><Code>InternalError</Code><Message>later</Message></Error>\"}}" &&
	resutil remove-object --remote="$STORE" -z --stdin <keys >out 2>err &&
	test_must_be_empty err &&
	test_requests = 1 "$DELETES" &&
	test_requests = 1 "method == \"DELETE\"" &&
	objects >listed && test_must_be_empty listed
'

test_expect_success 'a key of which nothing is said is removed by itself' '
	put_many keys &&
	proxy_rules "{\"method\": \"POST\", \"path\": \"delete\", \"nth\": 1,
		\"replace\": {\"<Deleted><Key>b</Key>.*?</Deleted>\": \"\"}}" &&
	resutil remove-object --remote="$STORE" -z --stdin <keys >out 2>err &&
	test_must_be_empty err &&
	test_requests = 1 "method == \"DELETE\"" &&
	objects >listed && test_must_be_empty listed
'

for status in 405 501
do
	test_expect_success "a service that cannot do it ($status) is asked for each" '
		put_many keys &&
		proxy_rules "{\"method\": \"POST\", \"path\": \"delete\",
			\"status\": $status, \"body\": \"<Error><Code>NotImplemented</Code></Error>\"}" &&
		resutil remove-object --remote="$STORE" -z --stdin <keys 2>err &&
		test_must_be_empty err &&
		test_requests = 4 "method == \"DELETE\"" &&
		objects >listed && test_must_be_empty listed
	'
done

test_expect_success 'a lost answer does no harm' '
	put_many keys &&
	proxy_rules "{\"method\": \"POST\", \"path\": \"delete\", \"nth\": 1,
		\"lose\": true}" &&
	resutil remove-object --remote="$STORE" -z --stdin <keys 2>err &&
	test_must_be_empty err &&
	objects >listed && test_must_be_empty listed
'

test_expect_success 'experiments, with --force' '
	bucket_conf "$PROXY" &&
	for i in 1 2 3 4 5
	do
		make_exp aapfup_20240704T191555_n$i "id: \"$(test_id $i)\"" \
			"revision: 1" "state: done" || return 1
	done &&
	resutil list-exps >names &&
	resutil send-pack --stdin <names &&
	proxy_rules &&
	resutil remove-exp --force --remote=origin --stdin <names >out &&
	test_line_count = 5 out &&
	test_requests = 1 "$DELETES" &&
	test_requests = 0 "method == \"DELETE\"" &&
	resutil list-remote >out && test_must_be_empty out
'

test_expect_success 'without it, each in the version that was looked at' '
	resutil send-pack --stdin <names &&
	proxy_rules &&
	resutil remove-exp --remote=origin --stdin <names >out &&
	test_line_count = 5 out &&
	test_requests = 0 "$DELETES" &&
	test_requests = 5 "method == \"DELETE\""
'

test_done
