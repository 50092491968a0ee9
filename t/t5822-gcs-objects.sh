#!/bin/sh

test_description='Cloud Storage: what is stored is what was sent, read and copied'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-google.sh

# object COMMAND [WORD...]: put-object and the like
object () {
	object_command=$1 &&
	shift &&
	resutil $object_command --remote "$STORE" "$@"
}

# there NAME MEMBERS: an object as somebody else put it there
there () {
	google_admin put "{\"bucket\": \"lab\", \"name\": \"$1\"${2:+, $2}}" \
		>made
}

# all_requests: of the service, a line each: METHOD PATH?QUERY STATUS
all_requests () {
	/usr/bin/python3 -c "import json, sys
for r in map(json.loads, sys.stdin):
    print(r[\"method\"], r[\"path\"] + \"?\" + r[\"query\"], r[\"status\"])" \
		<"$GCS_LOG"
}

# requests N PATTERN: so many since the last call of `from_here`. One is written
# down when it is over, which its client may see before.
from_here () {
	seen=$(wc -l <"$GCS_LOG")
}
requests () {
	for again in 1 2 3 4 5 6 7 8 9 10
	do
		all_requests | tail -n +$((seen + 1)) >since &&
		nr=$(grep -c -e "$2" since)
		test "$nr" = "$1" && return
		sleep 0.1
	done
	echo "error: $nr requests, not $1: $2" >&4
	cat since >&4
	return 1
}

test_expect_success 'setup: a server' '
	start_gcs && gcs_bucket lab && google_key key.json &&
	STORE="gs://lab?api_root=$GCS_ROOT&key_file_path=$PWD/key.json" &&
	seq 20000 >numbers && echo text >text && : >empty
'

test_expect_success 'small ones are one request each way' '
	for file in numbers text empty
	do
		from_here && object put-object --absent $file $file >version &&
		requests 1 "/storage/v1" &&
		test_grep "^[0-9][0-9]*$" version &&
		from_here && object get-object $file >got &&
		test_cmp $file got && requests 1 "/storage/v1" || return 1
	done
'

test_expect_success 'a range is that of the bytes, also at the ends' '
	tail -c +11 numbers | head -c 100 >want &&
	object get-object --offset 10 --length 100 numbers >got &&
	test_cmp want got &&
	size=$(wc -c <numbers) &&
	object get-object --offset $size numbers >got &&
	test_must_be_empty got &&
	object get-object --offset $((size - 1)) --length 10 numbers >got &&
	tail -c 1 numbers >want && test_cmp want got &&
	object get-object --length 0 numbers >got && test_must_be_empty got &&
	object get-object --length 5 empty >got && test_must_be_empty got &&
	test_expect_code 13 object get-object --offset $((size + 1)) numbers \
		2>err &&
	test_grep "ends at $size, before $((size + 1))" err
'

test_expect_success 'bytes that rotted there are said' '
	object put-object rotten numbers &&
	google_admin corrupt "{\"bucket\": \"lab\", \"name\": \"rotten\",
		\"at\": 4711}" &&
	test_expect_code 13 object get-object rotten >got 2>err &&
	test_line_count = 1 err &&
	test_grep "what .gs://lab. gave of .rotten. does not have the CRC32C" \
		err &&
	test_expect_code 13 object get-object --length 200000 rotten \
		>got 2>err &&
	test_grep "does not have the CRC32C" err &&
	object get-object --length 100 rotten >got
'

test_expect_success 'what is damaged on its way here is said' '
	start_proxy "$GCS_ROOT" && google_trust 127.0.0.1:$PROXY_PORT &&
	SLOW="gs://lab?api_root=$PROXY&key_file_path=$PWD/key.json" &&
	proxy_rules "{\"method\": \"GET\", \"nth\": 1, \"corrupt_down\": 100}" &&
	test_expect_code 13 resutil get-object --remote "$SLOW" numbers \
		>got 2>err &&
	test_grep "does not have the CRC32C" err
'

test_expect_success 'what is damaged on its way there is refused, and sent again' '
	from_here &&
	proxy_rules "{\"method\": \"POST\", \"nth\": 1,
		\"corrupt_up\": 50000}" &&
	resutil put-object --absent --remote "$SLOW" whole numbers &&
	requests 2 "POST /upload/.*name=whole" && requests 0 "DELETE" &&
	object get-object whole >got && test_cmp numbers got
'

test_expect_success 'a body that is cut is gone on with, in its generation' '
	proxy_rules "{\"method\": \"GET\", \"nth\": 1, \"short\": 5000}" \
		"{\"method\": \"GET\", \"nth\": 2, \"reset_down\": 20000}" &&
	resutil get-object --remote "$SLOW" numbers >got &&
	test_cmp numbers got &&
	test_requests = 2 "\"ifGenerationMatch\" in args" &&
	proxy_rules "{\"method\": \"GET\", \"nth\": 1, \"short\": 5000}" \
		"{\"method\": \"GET\", \"nth\": 2, \"corrupt_down\": 100}" &&
	test_expect_code 13 resutil get-object --remote "$SLOW" numbers \
		>got 2>err &&
	test_grep "in pieces that together do not have its CRC32C" err &&
	proxy_rules "{\"method\": \"GET\", \"nth\": 1, \"short\": 5000,
		\"run_after\": \"resutil put-object --remote \\\"$STORE\\\" numbers text\"}" &&
	test_expect_code 14 resutil get-object --remote "$SLOW" numbers \
		>got 2>err &&
	test_grep "numbers. in .* was changed by somebody else" err &&
	object put-object numbers numbers
'

test_expect_success 'who answers a range with another one is not believed' '
	proxy_rules "{\"method\": \"GET\",
		\"answer\": {\"Content-Range\": \"bytes 0-9/108894\"}}" &&
	test_expect_code 13 resutil get-object --remote "$SLOW" --offset 10 \
		--length 10 numbers 2>err &&
	test_grep "another range" err &&
	proxy_rules "{\"method\": \"GET\",
		\"answer\": {\"X-Goog-Generation\": \"\"}}" &&
	test_expect_code 13 resutil get-object --remote "$SLOW" numbers 2>err &&
	test_grep "gives no generation of .numbers." err &&
	proxy_rules
'

test_expect_success 'a version is that, and no other' '
	old=$(object put-object changes text) &&
	new=$(object put-object changes numbers) &&
	test $old -lt $new &&
	test_expect_code 14 object get-object --version=$old changes 2>err &&
	test_grep "was changed by somebody else" err &&
	test_expect_code 14 object get-object --version=$old --length=0 \
		changes 2>err &&
	test_expect_code 14 object get-object --version=etag-of-s3 changes &&
	test_expect_code 14 object remove-object --version=$old changes 2>err &&
	test_expect_code 14 object remove-object --version=x changes 2>err &&
	test_expect_code 14 object put-object --version=$old changes text &&
	test_expect_code 14 object put-object --absent changes text &&
	object get-object --version=$new changes >got && test_cmp numbers got &&
	object remove-object --version=$new changes &&
	test_expect_code 10 object get-object --version=$new changes 2>err &&
	test_expect_code 10 object remove-object --version=$new changes
'

test_expect_success 'each removal names a generation' '
	object put-object one text && object put-object two text >version &&
	from_here && object remove-object one &&
	object remove-object --version=$(cat version) two &&
	requests 2 "^DELETE .*ifGenerationMatch=[0-9][0-9]* 204"
'

test_expect_success 'a removal whose answer is lost is one' '
	object put-object lost text &&
	proxy_rules "{\"method\": \"DELETE\", \"nth\": 1, \"lose\": true}" &&
	resutil remove-object --remote "$SLOW" lost &&
	test_requests = 2 "method == \"DELETE\"" && proxy_rules &&
	test_expect_code 10 object get-object lost
'

test_expect_success 'what was stored packed is read as it is stored' '
	gzip -c <numbers >numbers.gz &&
	there packed "\"contentEncoding\": \"gzip\",
		\"contentType\": \"text/plain\",
		\"base64\": \"$(base64 -w 0 numbers.gz)\"" &&
	object get-object packed >got && test_cmp_bin numbers.gz got &&
	object list-objects --format="%(size)" packed >got &&
	wc -c <numbers.gz >want && test_cmp want got &&
	tail -c +101 numbers.gz | head -c 50 >want &&
	object get-object --offset 100 --length 50 packed >got &&
	test_cmp_bin want got &&
	google_admin corrupt "{\"bucket\": \"lab\", \"name\": \"packed\",
		\"at\": 20}" &&
	test_expect_code 13 object get-object packed >got 2>err &&
	test_grep "CRC32C" err && there packed "\"contentEncoding\": \"gzip\",
		\"base64\": \"$(base64 -w 0 numbers.gz)\""
'

test_expect_success 'an answer that was unpacked on its way is refused' '
	proxy_rules "{\"method\": \"GET\",
		\"answer\": {\"Content-Encoding\": null}}" &&
	test_expect_code 13 resutil get-object --remote "$SLOW" packed \
		>got 2>err &&
	test_grep "unpacks .packed. on its way" err && proxy_rules
'

test_expect_success 'what is packed on its way is asked for without that' '
	proxy_rules "{\"method\": \"GET\", \"head\": \"accept-encoding: gzip\",
		\"answer\": {\"Content-Encoding\": \"gzip\"}}" &&
	resutil get-object --remote "$SLOW" numbers >got &&
	test_cmp numbers got && test_requests = 2 "method == \"GET\"" &&
	proxy_rules "{\"method\": \"GET\",
		\"answer\": {\"Content-Encoding\": \"gzip\"}}" &&
	test_expect_code 13 resutil get-object --remote "$SLOW" numbers \
		>got 2>err &&
	test_must_be_empty got && test_grep "packs .numbers. on its way" err &&
	proxy_rules
'

test_expect_success 'what was composed of parts has no MD5, and is read all the same' '
	object put-object part1 numbers && object put-object part2 text &&
	google_ask -X POST -H "Content-Type: application/json" --data \
		"{\"sourceObjects\": [{\"name\": \"part1\"},
			{\"name\": \"part2\"}]}" \
		/storage/v1/b/lab/o/whole/compose >said &&
	test_grep "^200$" said && test_grep ! md5Hash said &&
	cat numbers text >want && object get-object whole >got &&
	test_cmp want got &&
	google_admin corrupt "{\"bucket\": \"lab\", \"name\": \"whole\",
		\"at\": 11}" &&
	test_expect_code 13 object get-object whole >got 2>err &&
	test_grep CRC32C err
'

test_expect_success 'an API root as other tools have it' '
	for root in "$GCS_ROOT/" "$GCS_ROOT/storage/v1" "$GCS_ROOT/storage/v1/"
	do
		resutil get-object --remote \
			"gs://lab?api_root=$root&key_file_path=$PWD/key.json" \
			text >got && test_cmp text got || return 1
	done
'

test_expect_success 'listings in pages are whole' '
	for i in 1 2 3 4 5 6 7 8 9
	do
		there "many/d $i/a+b" "\"text\": \"x\"" &&
		there "many/%$i" "\"text\": \"x\"" || return 1
	done && from_here && object list-objects many/ >want &&
	test_line_count = 18 want && requests 1 "GET /storage/v1" &&
	from_here && RESUTIL_TEST_GCS_PAGE=4 object list-objects many/ >got &&
	test_cmp want got && requests 5 "GET /storage/v1" &&
	object list-objects --one-level many/ >out && sort out >want &&
	test_line_count = 18 want && from_here &&
	RESUTIL_TEST_GCS_PAGE=5 object list-objects --one-level many/ >out &&
	sort out >got && test_cmp want got && requests 4 "GET /storage/v1" &&
	google_admin modes "{\"empty_pages\": true, \"page\": 7}" &&
	object list-objects --one-level many/ >out && sort out >got &&
	test_cmp want got &&
	google_admin modes "{\"empty_pages\": false, \"page\": 1000}"
'

test_expect_success 'only what is needed of each is asked for' '
	from_here && object list-objects many/ >out &&
	requests 1 "fields=kind%2CnextPageToken%2Cprefixes%2Citems%28name"
'

test_expect_success 'folders of other tools, and keys that are none, are passed over' '
	for name in others/ others/deep/ others//x others/./x /others/x
	do
		there "$name" "\"text\": \"\"" || return 1
	done &&
	there others/a "\"text\": \"\"" &&
	object list-objects --format="%(key)" others/ >got &&
	echo others/a >want && test_cmp want got &&
	object list-objects --one-level --format="%(key)" others/ >out &&
	sort out >got &&
	printf "%s\n" others/a others/deep/ >want && test_cmp want got
'

test_expect_success 'a folder that is an object is nothing in a prefix' '
	there proj/ "\"text\": \"\"" && there proj/x.zip "\"text\": \"x\"" &&
	resutil list-objects --format="%(key)" \
		--remote "gs://lab/proj?api_root=$GCS_ROOT&key_file_path=$PWD/key.json" \
		>got &&
	echo x.zip >want && test_cmp want got
'

test_expect_success 'metadata of others are taken as they are, where they fit' '
	there strange "\"text\": \"x\", \"metadata\": {\"a\": \"100%\",
		\"Big\": \"x\", \"b\": \"é\", \"long\": \"$(printf %0200d 0)\"}" &&
	object get-object strange >got && printf x >want && test_cmp want got
'

test_expect_success 'a copy that takes many requests' '
	name=aapfcd_20240704T111555_copied &&
	gcs_conf lab && make_exp $name "state: done" &&
	head -c 5000000 /dev/urandom >results/$name/data &&
	resutil push $name &&
	from_here && RESUTIL_TEST_GCS_REWRITE=1048576 \
		resutil comment $name moved &&
	requests 5 "POST .*/rewriteTo/" &&
	requests 4 "POST .*/rewriteTo/.*rewriteToken=" &&
	requests 5 "ifGenerationMatch=0&ifSourceGenerationMatch=[1-9]" &&
	resutil verify-pack --remote=origin aapfcd_20240704T111555_moved &&
	resutil list-remote >got &&
	echo aapfcd_20240704T111555_moved >want && test_cmp want got
'

test_expect_success 'a copy whose answer is lost is made once' '
	proxy_rules "{\"method\": \"POST\", \"path\": \"rewriteTo\", \"nth\": 1,
		\"lose\": true}" &&
	sed "s,api_root: .*,api_root: $PROXY," resutil-conf.yaml >conf &&
	cp resutil-conf.yaml straight && cp conf resutil-conf.yaml &&
	resutil comment aapfcd_20240704T111555_moved again &&
	test_requests = 2 "method == \"POST\" and \"rewriteTo\" in path" &&
	proxy_rules && cp straight resutil-conf.yaml &&
	resutil list-remote >got &&
	echo aapfcd_20240704T111555_again >want && test_cmp want got
'

test_expect_success 'nor does one that takes many begin anew, wherever it is lost' '
	cp conf resutil-conf.yaml &&
	proxy_rules "{\"method\": \"POST\", \"path\": \"rewriteTo\",
		\"nth\": [3, 6], \"lose\": true}" &&
	RESUTIL_TEST_GCS_REWRITE=1048576 \
		resutil comment aapfcd_20240704T111555_again many &&
	test_requests = 7 "method == \"POST\" and \"rewriteTo\" in path" &&
	proxy_rules && cp straight resutil-conf.yaml &&
	resutil verify-pack --remote=origin aapfcd_20240704T111555_many &&
	resutil list-remote >got &&
	echo aapfcd_20240704T111555_many >want && test_cmp want got
'

test_done
