#!/bin/sh

test_description='sync-keys while others write, here and there; killed in the middle'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh
. "$TEST_DIRECTORY"/lib-google.sh

# put_there KEY TEXT: by nobody's client
put_there () {
	echo "$2" >there.body && s3_ask -b there.body PUT "/bucket/$1" >&4 2>&1
}

holds () {
	resutil get-object "$1" >got && echo "$2" >want && test_cmp want got
}

test_expect_success 'setup' '
	start_gcs && gcs_bucket lab && start_proxy "$GCS_ROOT" &&
	google_trust "${PROXY#http://}" && mkdir here google && top=$PWD &&
	(cd google && GCS_ROOT=$PROXY gcs_conf lab) &&
	RESUTIL_TEST_GOOGLE_PIECE=1048576 && export RESUTIL_TEST_GOOGLE_PIECE &&
	head -c 12000000 /dev/urandom >random
'

# What is sent in pieces is read piece by piece.
piece='"method": "PUT", "path": "upload_id="'

test_expect_success 'a file that grows while it is uploaded is sent once more' '
	cp random here/grows && proxy_rules "{$piece, \"nth\": 2,
		\"run\": \"echo more >>$top/here/grows\"}" &&
	resutil -C google sync-keys --root ../here --upload "g*" >out &&
	echo "uploaded	12000000	-	grows" >want && test_cmp want out &&
	test_requests = 2 "method == \"POST\"" &&
	resutil -C google get-object grows >got && test_cmp here/grows got
'

test_expect_success 'one that grows again fails, and nothing of it is there' '
	resutil -C google remove-object grows && cp random here/grows &&
	proxy_rules "{$piece, \"run\": \"echo more >>$top/here/grows\"}" &&
	test_expect_code 14 resutil -C google sync-keys --root ../here \
		--upload "g*" >out 2>err &&
	grep "^failed" out && test_grep "was changed while it was uploaded" err &&
	test_expect_code 10 resutil -C google get-object grows 2>err
'

test_expect_success 'one that is cut short, and one that goes' '
	cp random here/grows && proxy_rules "{$piece, \"nth\": [2, 4],
		\"run\": \"truncate -s 3000000 $top/here/grows\"}" &&
	resutil -C google sync-keys --root ../here --upload "g*" >out &&
	resutil -C google get-object grows >got && test_cmp here/grows got &&
	cp random here/grows && proxy_rules "{$piece, \"nth\": 2,
		\"run\": \"rm -f $top/here/grows\"}" &&
	test_expect_code 14 resutil -C google sync-keys --root ../here \
		--upload "g*" >out 2>err && test_grep "cannot read .grows." err &&
	resutil -C google get-object grows >now && test_cmp got now
'

test_expect_success 'setup: S3' '
	start_radosgw && make_bucket bucket && start_proxy "$S3_ENDPOINT" &&
	bucket_conf "$PROXY"
'

test_expect_success 'what somebody else put meanwhile stays: a conflict' '
	rm -f here/* && echo mine >here/b1 && echo mine >here/b2 &&
	put_there b2 older &&
	echo theirs >theirs && proxy_rules \
		"{\"method\": \"GET\", \"path\": \"list-type\", \"run_after\":
		\"cd $top; for k in b1 b2; do /usr/bin/python3 -S $TEST_DIRECTORY/helper/s3-ask.py -b theirs PUT /bucket/\$k; done\"}" &&
	test_expect_code 14 resutil sync-keys --root here --upload "b*" >out 2>err &&
	proxy_rules && sort -k 4 out >lines && cat >want <<-\EOF &&
	failed	5	-	b1
	failed	5	6	b2
	EOF
	test_cmp want lines && holds b1 theirs && holds b2 theirs
'

test_expect_success 'what is replaced there while it is fetched is no mixture' '
	put_there c old1 && proxy_rules \
		"{\"method\": \"GET\", \"path\": \"list-type\", \"run_after\":
		\"cd $top; /usr/bin/python3 -S $TEST_DIRECTORY/helper/s3-ask.py -b theirs PUT /bucket/c\"}" &&
	test_expect_code 14 resutil sync-keys --root here --download "c*" >out 2>err &&
	test_path_is_missing here/c && proxy_rules &&
	resutil sync-keys --root here --download "c*" >out && test_cmp theirs here/c
'

test_expect_success 'what is written here while it is fetched stays' '
	echo mine >here/c && proxy_rules \
		"{\"method\": \"GET\", \"path\": \"/c\", \"run\": \"echo other >$top/here/c\"}" &&
	test_expect_code 14 resutil sync-keys --root here --download "c*" >out 2>err &&
	test_grep "was changed here while it was downloaded" err &&
	echo other >want && test_cmp want here/c && ls -A here >files &&
	test_grep ! "resutil" files
'

test_expect_success 'killed in the middle of a download: the next one ends it' '
	put_there d1 one && proxy_rules && cp random here/d2 &&
	resutil sync-keys --root here --upload d2 >out && rm here/* &&
	mkfifo started && proxy_rules "{\"method\": \"GET\", \"path\": \"/d2\",
		\"stall_down\": 1000000, \"run_after\": \"echo >$top/started\"}" &&
	{ resutil sync-keys --root here --download "d*" >out 2>err & } &&
	pid=$! && read -r line <started &&
	test_wait_for 20 sh -c "ls -A here | grep resutil-get" &&
	test_wait_for 20 test -e here/d1 &&
	test_path_is_missing here/d2 &&
	test_expect_code 14 resutil sync-keys --root here --download d2 \
		2>err && test_grep "another process" err &&
	kill -9 $pid && { wait $pid; test $? = 137; } && proxy_rules &&
	test_path_is_missing here/d2 &&
	resutil sync-keys --root here --download "d*" >out &&
	test_cmp random here/d2 && ls -A here >files &&
	printf "%s\n" d1 d2 >want && test_cmp want files
'

test_expect_success PTY 'progress shows on a terminal, and nowhere else' '
	rm here/d2 && pty-run resutil sync-keys --root here \
		--download --limit-rate 8MiB "d*" >screen && test_grep "Downloading" screen &&
	test_grep ! "$(printf "\033")" screen &&
	rm here/d2 && TERM=xterm pty-run resutil sync-keys --root here \
		--download --limit-rate 8MiB "d*" >screen &&
	test_grep "Downloading.*$(printf "\033")\[K" screen &&
	test_cmp random here/d2 && rm here/d2 &&
	resutil sync-keys --root here --download --limit-rate 8MiB d2 >out 2>err &&
	test_must_be_empty err && echo "downloaded	-	12000000	d2" >want &&
	test_cmp want out
'

test_expect_success 'ended by a signal: nothing is left' '
	rm here/* && proxy_rules "{\"method\": \"GET\", \"path\": \"/d2\",
		\"stall_down\": 1000000, \"run_after\": \"echo >$top/started\"}" &&
	{ resutil sync-keys --root here --download "d*" >out 2>err & } &&
	pid=$! && read -r line <started &&
	test_wait_for 20 sh -c "ls -A here | grep resutil-get" &&
	kill -15 $pid && { wait $pid; test $? = 143; } && proxy_rules &&
	ls -A here >files && test_grep ! resutil files
'

test_expect_success 'two at once, the same and the other way' '
	rm -rf here two && mkdir here two && for i in 1 2 3 4 5 6 7 8
	do
		echo $i >here/e$i && echo $i$i >two/e$i || return 1
	done &&
	{ resutil sync-keys --root here --upload "e*" >out1 2>err1 & } && pid=$! &&
	{ resutil sync-keys --root two --upload "e*" >out2 2>err2 || :; } &&
	{ wait $pid || :; } && test_line_count = 8 out1 &&
	test_line_count = 8 out2 && for i in 1 2 3 4 5 6 7 8
	do
		resutil get-object e$i >got &&
		{ cmp got here/e$i || cmp got two/e$i; } || return 1
	done
'

test_done
