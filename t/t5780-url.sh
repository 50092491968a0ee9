#!/bin/sh

test_description='url: URLs that read packs in a store'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

one=aapfcd_20240704T111555_one

test_expect_success 'setup' '
	mkdir store && make_conf && make_exp $one
'

test_expect_success 'a store that has no URLs says so, whatever is in it' '
	for word in $one one nobody @
	do
		test_expect_code 129 resutil url "$word" >out 2>err &&
		test_must_be_empty out && test_line_count = 1 err &&
		test_grep "^resutil: .dir:.*store. is a kind of store that gives no URLs" \
			err || return 1
	done
'

test_expect_success 'how long it may hold' '
	for time in 0 0s 8d 604801 169h 2w -1h 1.5h 1x h "" "1 h" 1h30m 1H \
		99999999999999999999d
	do
		test_expect_code 129 resutil url --expires "$time" one 2>err &&
		test_grep "no time that a URL can hold for" err || return 1
	done &&
	# these get as far as the store
	for time in 1 30s 10m 1h 7d 168h 1w 604800
	do
		test_expect_code 129 resutil url --expires "$time" one 2>err &&
		test_grep "gives no URLs" err || return 1
	done
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil url 2>err &&
	test_grep "which experiment?" err &&
	test_expect_code 10 resutil url --remote nobody one 2>err &&
	test_grep "no remote .nobody." err &&
	test_expect_code 128 resutil -C "$HOME" url one 2>err &&
	test_grep "resutil-conf.yaml" err
'

# in_bucket [LINE...]: a project "my proj+&" in the bucket, here
in_bucket () {
	cat >resutil-conf.yaml <<-END &&
	project_name: "my proj+&=é"
	results_dir: results
	storage_type: s3
	storage_config:
	  bucket_name: bucket
	  endpoint_url: $S3_ENDPOINT
	END
	for in_bucket_line
	do
		echo "  $in_bucket_line" >>resutil-conf.yaml || return 1
	done
}

# what somebody reads who has nothing but the URL
read_url () {
	env -i PATH="$PATH" curl -sS -o "$1" -w "%{http_code}" "$2"
}

test_expect_success 'setup: a bucket' '
	start_radosgw && make_bucket bucket && mkdir s3 && cd s3 &&
	in_bucket "prefix: a folder/~(x)" &&
	make_exp $one "id: $(test_id 1)" && echo text >results/$one/file &&
	odd="aapfcd_20240704T111556_a b+c&d=e#f%20~!$(printf "\047")(é)" &&
	make_exp "$odd" "id: $(test_id 2)" && resutil push -A &&
	echo "$odd" >../odd
'

test_expect_success 'a URL reads the whole pack, without credentials' '
	cd s3 && odd=$(cat ../odd) &&
	for name in $one "$odd"
	do
		resutil url "$name" >url 2>err && test_must_be_empty err &&
		test_line_count = 1 url &&
		test_grep "^$S3_ENDPOINT/bucket/a%20folder/" url &&
		test_grep "X-Amz-Expires=3600&" url &&
		test "$(read_url got.zip "$(cat url)")" = 200 &&
		resutil pack-exp "$name" >want.zip &&
		cmp want.zip got.zip || return 1
	done
'

test_expect_success 'and gives nothing else' '
	cd s3 && odd=$(cat ../odd) && resutil url $one >url &&
	other=$(sed "s/$one/aapfcd_20240704T111557/" url) &&
	test "$(read_url no "$other")" = 403 &&
	longer=$(sed "s/Expires=3600/Expires=36000/" url) &&
	test "$(read_url no "$longer")" = 403 &&
	test "$(env -i PATH="$PATH" curl -sS -o no -w "%{http_code}" \
		-X DELETE "$(cat url)")" = 403 &&
	resutil stat-remote $one
'

test_expect_success 'until it expires' '
	cd s3 &&
	resutil url --expires 1 $one >url &&
	test_grep "X-Amz-Expires=1&" url &&
	tries=0 && while test "$(read_url no "$(cat url)")" != 403
	do
		tries=$((tries + 1)) && test $tries -lt 100 || return 1
		sleep 0.1
	done &&
	resutil url --expires 7d $one >url &&
	test_grep "X-Amz-Expires=604800&" url
'

test_expect_success 'many words: in their order, what is missing is named' '
	cd s3 && odd=$(cat ../odd) &&
	resutil url $one "$odd" $one >out && test_line_count = 3 out &&
	sed "s/.*_20240704T//; s/[.?_].*//" out >got &&
	printf "%s\n" 111555 111556 111555 >want && test_cmp want got &&
	test_expect_code 3 resutil url one aapfcd_20240704T111558 >out 2>err &&
	test_line_count = 1 out && test_line_count = 1 err &&
	test_grep "there is no experiment .aapfcd_20240704T111558." err &&
	test_expect_code 10 resutil url aapfcd_20240704T111558 >out 2>err &&
	test_must_be_empty out
'

test_expect_success 'what a word means: here, there, and @' '
	cd s3 && resutil url $one | sed "s/?.*//" >want &&
	for word in one @~1 origin/@~1 \
		results/$one/file
	do
		resutil url "$word" | sed "s/?.*//" >got && test_cmp want got ||
		return 1
	done &&
	rm -r results/$one &&
	resutil url one | sed "s/?.*//" >got && test_cmp want got
'

test_expect_success '--stdin, -z and --json' '
	cd s3 &&
	printf "%s\0%s\0" $one $one | resutil url --stdin -z >out &&
	test "$(tr -cd "\0" <out | wc -c)" = 2 &&
	RESUTIL_TEST_NOW=1720091755 resutil url --json --expires 10m one >out &&
	test_line_count = 1 out &&
	cat >check.py <<-EOF &&
	import json, sys
	o = json.load(sys.stdin)
	assert list(o) == ["name", "url", "expires"], o
	assert o["name"] == "$one"
	assert o["url"].startswith("http://")
	assert o["expires"] == "2024-07-04T11:25:55Z", o
	EOF
	/usr/bin/python3 check.py <out
'

test_expect_success 'no trace and no file has it' '
	cd s3 &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" \
		RESUTIL_TRACE_HTTP="$TRASH_DIRECTORY/trace-http" \
		resutil -v url one >url 2>err &&
	signature=$(sed "s/.*X-Amz-Signature=//; s/&.*//" url) &&
	test ${#signature} = 64 && rm url &&
	test_grep "store: presign" ../trace &&
	test_must_fail grep -r -F "$signature" .. &&
	test_must_fail grep -r -F "$S3_SECRET" ..
'

test_expect_success 'wrong keys are no URL that does not work' '
	cd s3 &&
	test_expect_code 11 env AWS_SECRET_ACCESS_KEY=wrong resutil url one \
		>out 2>err &&
	test_must_be_empty out && test_line_count = 1 err
'

test_done
