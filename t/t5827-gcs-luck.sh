#!/bin/sh

test_description='Cloud Storage: tokens that end, clocks that differ, and others who write'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-google.sh

one=aapfcd_20240704T111555_one

# tokens_asked: how many since the log was cut
tokens_asked () {
	sleep 0.2 && google_requests "^POST /token" | wc -l
}

# project DIR: one in the bucket, with the same run under the same name, but of
# another machine
project () {
	mkdir -p "$1" && (
		cd "$1" && gcs_conf lab &&
		make_exp $one "id: $(test_id $2)" "state: done" &&
		head -c 300000 /dev/urandom >results/$one/data
	)
}

test_expect_success 'setup: ten objects, of which two fit on a page' '
	start_gcs && gcs_bucket lab && gcs_conf lab &&
	google_admin fill "{\"bucket\": \"lab\", \"count\": 10, \"name\":
		\"o/%02d\", \"size\": 100000}" &&
	google_admin modes "{\"page\": 2}" &&
	start_proxy "$GCS_ROOT" && google_trust "${PROXY#http://}" &&
	SLOW="gs://lab?api_root=$PROXY&key_file_path=$PWD/key.json" &&
	write_script expire <<-END &&
	exec curl -q -sS --noproxy "*" -X POST -d "{}" \
		$GOOGLE/_test/expire_tokens
	END
	resutil list-objects o/ >want && test_line_count = 10 want
'

test_expect_success 'a token that ends in the middle of a listing is renewed once' '
	: >"$GCS_LOG" &&
	proxy_rules "{\"method\": \"GET\", \"nth\": 3, \"run\": \"$PWD/expire\"}" &&
	resutil list-objects --remote "$SLOW" o/ >got && test_cmp want got &&
	test_requests = 1 "status == 401" && test_requests = 6 "method == \"GET\"" &&
	tokens_asked >nr && echo 2 >expect && test_cmp expect nr
'

test_expect_success 'also for what is not sent twice' '
	echo text >text && : >"$GCS_LOG" &&
	proxy_rules "{\"method\": \"POST|DELETE\", \"nth\": [1, 3],
		\"run\": \"$PWD/expire\"}" &&
	resutil put-object --absent --remote "$SLOW" text text >version &&
	resutil remove-object --version=$(cat version) --remote "$SLOW" text &&
	test_requests = 2 "status == 401" &&
	tokens_asked >nr && echo 4 >expect && test_cmp expect nr
'

test_expect_success 'a key that was taken away meanwhile: asked for once, and told' '
	: >"$GCS_LOG" && write_script revoke <<-END &&
	$PWD/expire && exec curl -q -sS --noproxy "*" -X POST \
		-d "{\"email\": \"$GOOGLE_ACCOUNT\", \"state\": \"disabled\"}" \
		$GOOGLE/_test/account
	END
	proxy_rules "{\"method\": \"GET\", \"nth\": 3, \"run\": \"$PWD/revoke\"}" &&
	test_expect_code 11 resutil list-objects --remote "$SLOW" o/ >got 2>err &&
	google_admin account \
		"{\"email\": \"$GOOGLE_ACCOUNT\", \"state\": \"ok\"}" &&
	test_line_count = 1 err && test_grep "key.json" err &&
	test "$(tokens_asked)" -le 3 &&
	resutil list-objects o/ >got && test_cmp want got
'

for skew in 3600 -3600 200 -200
do
	test_expect_success "a service whose clock is $skew seconds from ours" '
		google_admin time "{\"skew\": $skew}" &&
		test_when_finished "google_admin time \"{\\\"skew\\\": 0}\"" &&
		resutil list-objects o/ >got 2>err && test_cmp want got &&
		test_line_count -le 1 err && test_grep ! -v "clock" err
	'
done

test_expect_success 'two machines that push one name: one loses, visibly' '
	google_admin modes "{\"page\": 1000}" &&
	project p 1 && project q 2 &&
	for i in 1 2 3 4 5
	do
		{ resutil -C p push one >p.out 2>p.err & } && p=$! &&
		{ resutil -C q push one >q.out 2>q.err & } && q=$! &&
		ps=0 && { wait $p || ps=$?; } && qs=0 && { wait $q || qs=$?; } &&
		echo "$ps $qs" && case "$ps $qs" in
		"0 14")	won=p lost=q ;;
		"14 0")	won=q lost=p ;;
		*)	cat p.err q.err && return 1 ;;
		esac &&
		test_grep "$one" $lost.err &&
		resutil -C $won verify-pack --remote=origin $one &&
		resutil -C $won pack-exp $one >pack &&
		resutil -C $won get-object project/$one.zip >got &&
		test_cmp_bin pack got &&
		resutil -C $won remove-object project/$one.zip || return 1
	done
'

test_expect_success 'two that replace one version: one of them does' '
	resutil put-object --absent race text >version &&
	seq 30000 >a && seq 30001 60000 >b &&
	for i in 1 2 3 4 5
	do
		v=$(cat version) &&
		{ resutil put-object --version=$v race a >a.v 2>a.err & } && a=$! &&
		{ resutil put-object --version=$v race b >b.v 2>b.err & } && b=$! &&
		as=0 && { wait $a || as=$?; } && bs=0 && { wait $b || bs=$?; } &&
		case "$as $bs" in
		"0 14")	won=a lost=b ;;
		"14 0")	won=b lost=a ;;
		*)	cat a.err b.err && return 1 ;;
		esac &&
		test_grep "changed by somebody else" $lost.err &&
		resutil get-object race >got && test_cmp $won got &&
		cp $won.v version || return 1
	done
'

test_expect_success 'a large object that is replaced while it is read is noticed' '
	head -c 20000000 /dev/urandom >big && resutil put-object big big &&
	proxy_rules "{\"method\": \"GET\", \"nth\": 1, \"short\": 1000000,
		\"run_after\": \"cd $PWD && resutil put-object big a\"}" &&
	test_expect_code 14 resutil get-object --remote "$SLOW" big -o copy \
		2>err &&
	test_grep "changed by somebody else" err && test_path_is_missing copy
'

test_expect_success 'by TLS, with an authority of our own' '
	make_ca ca && make_cert ca server DNS:localhost &&
	start_gcs --cert="$PWD/ca/server.pem" && gcs_bucket lab &&
	mkdir tls && (cd tls && gcs_conf lab && make_exp $one) &&
	test_expect_code 12 resutil -C tls list-remote 2>err &&
	test_grep "http.ca-file" err &&
	tls="resutil -C tls -c http.ca-file=$PWD/ca/ca.pem" &&
	$tls push one && $tls url one >url &&
	test_grep "^https://localhost:$GCS_PORT/lab/project/$one" url &&
	curl -q -sSf --noproxy "*" --cacert ca/ca.pem -o got "$(cat url)" &&
	resutil -C tls pack-exp $one >want && test_cmp_bin want got
'

test_done
