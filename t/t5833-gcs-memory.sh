#!/bin/sh

test_description='Cloud Storage: large uploads, their memory and their death'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google-uploads.sh

# rss_of COMMAND...: in MiB, into $rss
rss_of () {
	max-rss rss "$@" >out || return 1
	rss=$(($(cat rss) / 1024)) &&
	echo "# $rss MiB: $*"
}

# Pieces are as large as ever.
test_expect_success 'setup: a bucket, an experiment of 50 MiB' '
	setup_uploads 52428800 && unset RESUTIL_TEST_GOOGLE_PIECE
'

test_expect_success 'kill -9 in the middle of 50 MiB, twice: the rest is sent' '
	push_and_die 3 && push_and_die 2 && held >bytes &&
	echo $((4 << 23)) >want && test_cmp want bytes &&
	proxy_rules && resutil send-pack $NAME >out 2>err && grep ^new out &&
	grep "resumed; 32.0 MiB" err && test $(sent) = 3 &&
	no_uploads && there &&
	mkdir other && cp resutil-conf.yaml key.json other &&
	resutil -C other fetch-exp $NAME &&
	cmp results/$NAME/data.bin other/results/$NAME/data.bin && remove_there
'

# One that is read while the other is sent: no piece waits for the source.
test_expect_success 'a cut line costs what was not acknowledged' '
	proxy_rules "{\"method\": \"PUT\", $SESSION, \"nth\": [2, 4, 7],
		\"reset_up\": 5000000}" &&
	resutil send-pack $NAME >out && grep ^new out && there &&
	remove_there &&
	count_requests "method == \"PUT\" and \"upload_id\" in args" "up" >up &&
	sum=$(awk "{ n += \$1 } END { print n }" up) &&
	test $sum -lt $((52500000 + 3 * 5500000))
'

test_expect_success !SANITIZED 'memory: however long an object is' '
	proxy_rules && truncate -s 40M some && truncate -s 200M more &&
	rss_of resutil put-object some some && few=$rss &&
	rss_of resutil put-object more more &&
	test $rss -lt $((few + 10)) && test $rss -lt 80 &&
	resutil remove-object some more
'

test_expect_success !SANITIZED 'memory: however many at once' '
	head -c 20000000 /dev/urandom >data &&
	for i in 1 2 3 4 5 6 7 8
	do
		make_exp aapfup_20240704T191555_n$i "id: \"$(test_id $i)\"" \
			"revision: 1" "state: done" &&
		cp data results/aapfup_20240704T191555_n$i || return 1
	done &&
	resutil list-exps >names && grep -v large names >eight &&
	rss_of resutil send-pack --stdin <eight &&
	test_line_count = 8 out &&
	test $rss -lt 250
'

test_done
