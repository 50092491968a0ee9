#!/bin/sh

test_description='S3: what is stored is what was sent, read and copied'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

old=aapfcd_20240704T111555_old
new=aapfcd_20240704T111555_new

# with_odd COMMAND...: with the keys of that server
with_odd () {
	(
		AWS_ACCESS_KEY_ID=$ODD_KEY AWS_SECRET_ACCESS_KEY=$ODD_SECRET &&
		"$@"
	)
}

# object COMMAND [WORD...]: put-object and the like, by the proxy
object () {
	object_command=$1 &&
	shift &&
	resutil $object_command --remote "s3://lab?endpoint_url=$PROXY" "$@"
}

test_expect_success 'setup: servers, and a proxy' '
	start_odd_s3 && odd="s3://lab?endpoint_url=$ODD" &&
	start_radosgw && make_bucket lab && start_proxy "$S3_ENDPOINT" &&
	seq 20000 >numbers && echo text >text && : >empty
'

test_expect_success 'small ones are one request each way' '
	for file in numbers text empty
	do
		proxy_rules && object put-object $file $file >version &&
		test_requests = 1 "True" &&
		md5sum <$file | sed "s/ .*//" >want && test_cmp want version &&
		proxy_rules && object get-object $file >got &&
		test_cmp $file got && test_requests = 1 "True" || return 1
	done
'

test_expect_success 'what is damaged on its way there is sent again' '
	proxy_rules "{\"method\": \"PUT\", \"nth\": [1, 2],
		\"corrupt_up\": 100}" &&
	object put-object numbers numbers >version 2>err &&
	test_must_be_empty err && test_requests = 3 "method == \"PUT\"" &&
	proxy_rules && object get-object numbers >got && test_cmp numbers got
'

test_expect_success 'what is damaged on its way here is said' '
	proxy_rules "{\"method\": \"GET\", \"nth\": 1, \"corrupt_down\": 100}" &&
	test_expect_code 13 object get-object numbers >got 2>err &&
	test_grep "does not have the MD5 that it says" err
'

test_expect_success 'a body that is cut is gone on with, in its version' '
	proxy_rules "{\"method\": \"GET\", \"nth\": 1, \"short\": 5000}" \
		"{\"method\": \"GET\", \"nth\": 2, \"reset_down\": 20000}" &&
	object get-object numbers >got && test_cmp numbers got &&
	proxy_rules "{\"method\": \"GET\", \"nth\": 1, \"short\": 5000,
		\"run_after\": \"resutil put-object --remote \\\"s3://lab?endpoint_url=$S3_ENDPOINT\\\" numbers text\"}" &&
	test_expect_code 14 object get-object numbers >got 2>err &&
	test_grep "numbers. in .* was changed by somebody else" err &&
	proxy_rules && object put-object numbers numbers
'

test_expect_success 'a service that knows no ranges is read all the same' '
	proxy_rules "{\"method\": \"GET\",
		\"answer\": {\"Content-Range\": \"bytes 0-9/108894\"}}" &&
	test_expect_code 13 object get-object --offset 10 --length 10 numbers \
		2>err &&
	test_grep "another range" err &&
	proxy_rules "{\"run\": \"true\"}" &&
	tail -c +11 numbers | head -c 100 >want &&
	object get-object --offset 10 --length 100 numbers >got &&
	test_cmp want got
'

test_expect_success 'listings in pages are whole' '
	for i in 1 2 3 4 5 6 7 8 9
	do
		object put-object "many/d $i/a+b" text &&
		object put-object "many/%$i" text || return 1
	done >out && proxy_rules && object list-objects many/ >want &&
	test_line_count = 18 want && test_requests = 1 "True" &&
	proxy_rules &&
	RESUTIL_TEST_S3_PAGE=4 object list-objects many/ >got &&
	test_cmp want got && test_requests = 5 "True" &&
	object list-objects --one-level many/ >want &&
	test_line_count = 18 want && proxy_rules &&
	RESUTIL_TEST_S3_PAGE=5 object list-objects --one-level many/ >got &&
	test_cmp want got && test_requests = 4 "True"
'

test_expect_success 'folders of other tools, and keys that are none, are passed over' '
	for key in others/ others/deep/ others//x others/./x /others/x
	do
		s3_ask -b empty PUT "/lab/$key" >out 2>err || return 1
	done &&
	s3_ask -b empty PUT "/lab/others/a" >out 2>err &&
	object list-objects --format="%(key)" others/ >got &&
	echo others/a >want && test_cmp want got &&
	object list-objects --one-level --format="%(key)" others/ >out &&
	sort out >got &&
	printf "%s\n" others/a others/deep/ >want && test_cmp want got
'

test_expect_success 'metadata of others is taken as it is, where it fits' '
	s3_ask -H "x-amz-meta-a:100% of it" -H "x-amz-meta-b:%41" \
		-H "x-amz-meta-TOO-LONG-A-KEY-FOR-STORES:x" -b text \
		PUT /lab/others >out 2>err &&
	object get-object others >got && test_cmp text got
'

test_expect_success 'a real server follows no clock that is an hour off; we follow its' '
	proxy_rules &&
	RESUTIL_TEST_S3_CLOCK=3600 object put-object clock text 2>err &&
	test_requests = 2 "method == \"PUT\"" &&
	test_requests = 1 "status == 403" &&
	test_grep "clock of this machine is 3[56][0-9][0-9] seconds ahead" err &&
	RESUTIL_TEST_S3_CLOCK=-3600 object get-object clock >got 2>err &&
	test_cmp text got &&
	test_grep "clock of this machine is 3[56][0-9][0-9] seconds behind" err
'

for etag in none kms odd
do
	test_expect_success "ETags that are no MD5 ($etag)" '
		odd_modes "{\"etag\": \"$etag\"}" &&
		case $etag in
		none | odd)
			test_expect_code 13 with_odd resutil put-object \
				--remote "$odd" a numbers 2>err &&
			test_grep "no ETag" err ;;
		kms)	with_odd resutil put-object --remote "$odd" a \
				numbers 2>err && test_must_be_empty err &&
			with_odd resutil get-object --remote "$odd" a >got &&
			test_cmp numbers got ;;
		esac
	'
done

test_expect_success 'one that looks like an MD5 and is none is read back' '
	odd_modes "{\"etag\": \"kms\"}" && real=$PROXY &&
	start_proxy "$ODD" &&
	proxy_rules "{\"answer\": {\"x-amz-server-side-encryption\": null}}" &&
	with_odd object put-object c numbers >version 2>err &&
	test_must_be_empty err && test_requests = 1 "method == \"GET\"" &&
	with_odd object get-object --length=10 c >got &&
	head -c 10 numbers >want && test_cmp want got &&
	proxy_rules "{\"answer\": {\"x-amz-server-side-encryption\": null}}" &&
	with_odd object get-object c >got && test_cmp numbers got &&
	test_requests = 2 "method == \"GET\""
'

test_expect_success 'setup: a project, with one that is more than 10 MiB' '
	start_proxy "$S3_ENDPOINT" &&
	resutil -q init --storage-type=s3 -o bucket_name=lab \
		-o endpoint_url="$PROXY" --project-name=p &&
	make_exp $old "id: $(test_id 1)" &&
	head -c 11000000 /dev/urandom >results/$old/data &&
	proxy_rules && resutil push old && resutil hash-experiment $old >hash
'

# renamed FROM TO: in the store alone; it is the same
renamed () {
	resutil rename-exp --remote origin $1 $2 >out &&
	printf "%s\n" $2 >want && resutil list-remote >got &&
	test_cmp want got
}

test_expect_success 'a copy is made by the service' '
	proxy_rules && renamed $old $new &&
	test_requests = 1 "method == \"PUT\"" &&
	test_requests = 0 \
		"method == \"GET\" and \".zip\" in path and status < 300"
'

test_expect_success 'a large one in parts' '
	proxy_rules &&
	RESUTIL_TEST_S3_COPY_MAX=5242880 renamed $new $old &&
	test_requests = 3 "method == \"PUT\"" &&
	test_requests = 2 "method == \"POST\"" &&
	test_requests = 0 \
		"method == \"GET\" and \".zip\" in path and status < 300" &&
	rm -rf results/$old && resutil pull $old &&
	resutil hash-experiment $old >got && test_cmp hash got
'

test_expect_success 'one that is cut off is gone on with' '
	proxy_rules "{\"method\": \"PUT\", \"nth\": 2, \"lose\": true}" \
		"{\"method\": \"POST\", \"nth\": 2, \"lose\": true}" &&
	RESUTIL_TEST_S3_COPY_MAX=5242880 renamed $old $new &&
	s3_ask GET "/lab?uploads=" >uploads 2>err &&
	test_grep ! "<UploadId>" uploads
'

test_expect_success 'and nothing is left of one that fails' '
	proxy_rules "{\"method\": \"PUT\", \"nth\": 2, \"status\": 403,
		\"body\": \"<Error><Code>AccessDenied</Code></Error>\"}" &&
	test_expect_code 11 env RESUTIL_TEST_S3_COPY_MAX=5242880 resutil \
		rename-exp --remote origin $new $old 2>err &&
	test_grep "cannot copy.*AccessDenied" err &&
	s3_ask GET "/lab?uploads=" >uploads 2>err &&
	test_grep ! "<UploadId>" uploads &&
	echo $new >want && resutil list-remote >got && test_cmp want got
'

test_done
