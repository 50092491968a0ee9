#!/bin/sh

test_description='uploads in parts: how much memory they take'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

# rss_of COMMAND...: in MiB, into $rss
rss_of () {
	max-rss rss "$@" >out || return 1
	rss=$(($(cat rss) / 1024)) &&
	echo "# $rss MiB: $*"
}

test_expect_success 'setup: a server' '
	start_radosgw && make_bucket bucket &&
	STORE="s3://bucket?endpoint_url=$S3_ENDPOINT"
'

test_expect_success !SANITIZED 'however long an object is' '
	truncate -s 40M some && truncate -s 400M more &&
	rss_of resutil put-object --remote="$STORE" some some &&
	few=$rss &&
	rss_of resutil put-object --remote="$STORE" more more &&
	test $rss -lt $((few + 10)) &&
	test $rss -lt 80 &&
	resutil remove-object --remote="$STORE" some more
'

test_expect_success !SANITIZED 'however many at once' '
	bucket_conf "$S3_ENDPOINT" &&
	head -c 30000000 /dev/urandom >data &&
	for i in 1 2 3 4 5 6 7 8
	do
		make_exp aapfup_20240704T191555_n$i "id: \"$(test_id $i)\"" \
			"revision: 1" "state: done" &&
		cp data results/aapfup_20240704T191555_n$i || return 1
	done &&
	resutil list-exps >names &&
	rss_of resutil send-pack --stdin <names &&
	test_line_count = 8 out &&
	test $rss -lt 250
'

test_done
