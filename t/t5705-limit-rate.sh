#!/bin/sh

test_description='transfer.limit-rate and --limit-rate, of push and pull'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

# took COMMAND...: how many milliseconds that takes, in `ms`
took () {
	took_begin=$(date +%s%N) &&
	"$@" >out 2>err || { cat out err >&4; return 1; }
	ms=$((($(date +%s%N) - took_begin) / 1000000))
	echo >&4 "took $ms ms: $*"
}

test_expect_success 'setup: three experiments of 400 kB that do not shrink' '
	start_radosgw && make_bucket limits && make_project proj && cd proj &&
	resutil remote add s3 "s3://limits?endpoint_url=$S3_ENDPOINT" &&
	for n in 1 2 3
	do
		name=$(resutil add $n) &&
		head -c 400000 /dev/urandom >"results/$name/data" || return 1
	done
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

test_expect_success 'all packs of a push together hold to --limit-rate' '
	took resutil push --remote=s3 -A --limit-rate=600000 &&
	test $ms -ge 1800 && test $ms -lt 30000 &&
	resutil list-remote --remote=s3 >out && test_line_count = 3 out
'

test_expect_success 'so do those of a pull, to the setting' '
	mkdir away && mv results/* away/ &&
	took resutil -c transfer.limit-rate=600000 pull --remote=s3 -A &&
	test $ms -ge 1800 && test $ms -lt 30000 &&
	for name in results/*
	do
		cmp $name/data away/${name#results/}/data || return 1
	done
'

test_expect_success '--limit-rate=0 goes before the setting' '
	rm -r away && mkdir away && mv results/* away/ &&
	took resutil -c transfer.limit-rate=1000 pull --remote=s3 -A \
		--limit-rate=0 &&
	test $ms -lt 30000 &&
	ls results >names && test_line_count = 3 names
'

test_expect_success 'connections are used again' '
	rm -r away && mkdir away && mv results/* away/ &&
	RESUTIL_TRACE_HTTP="$PWD/trace" resutil pull --remote=s3 -A -j 2 \
		>out 2>err &&
	grep -c "> [A-Z]* http" trace >requests &&
	grep -c "(connected)" trace >connections &&
	test $(cat requests) -ge 4 &&
	test $(cat connections) -lt $(cat requests)
'

test_done
