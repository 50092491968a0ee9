#!/bin/sh

test_description='some of a pack in S3 is few requests and few bytes

Whatever looks into a pack reads its end, which nearly always has the whole directory,
and then what it needs: neighbours together, long files by several requests at once,
each of the version that was found.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

small=aapfcd_20240704T111555_small
big=aapfcd_20240704T111556_big
many=aapfcd_20240704T111557_many
# the end of a pack, and an entry or two
end=65557

object='"/bucket/project/" in path'

# asks COMMAND...: runs it; `asked` then has a line for each kind of request
asks () {
	proxy_rules && "$@" >out 2>err || { cat >&4 err; return 1; }
	count_requests True \
		'"LIST" if args.get("list-type") else method' |
	sort | uniq -c | sed "s/^ *//" >asked &&
	bytes=$(count_requests 'method == "GET" and '"$object" down |
		awk '{ n += $1 } END { print n + 0 }') &&
	echo >&2 "$*: $(tr "\n" " " <asked) $bytes bytes"
}

# is LINE...: exactly these, in alphabetical order
is () {
	printf '%s\n' "$@" >want && test_cmp want asked
}

# bytes_at_most N
bytes_at_most () {
	test "$bytes" -le "$1"
}

# gets: how many were read
gets () {
	sed -n 's/ GET$//p' asked | grep . || echo 0
}

test_expect_success 'setup: three packs in a store, and nothing here' '
	start_radosgw && make_bucket bucket && start_proxy "$S3_ENDPOINT" &&
	bucket_conf "$PROXY" &&
	make_exp $small "state: done" && echo 0.5 >results/$small/loss.txt &&
	make_exp $big "state: done" && echo first >results/$big/aaa &&
	head -c 20000000 /dev/urandom >results/$big/weights &&
	head -c 100000 /dev/urandom >results/$big/yyy &&
	echo last >results/$big/zzz &&
	make_exp $many "state: done" && mkdir results/$many/d &&
	(
		cd results/$many/d && seq 1 4000 | split -l 1 -d -a 4 - f
	) &&
	resutil send-pack $small $big $many >sent && mv results all &&
	for name in $small $big $many
	do
		resutil pack-exp -o $name.zip all/$name || return 1
	done
'

test_expect_success 'list-pack: one look and one read' '
	asks resutil list-pack $big && is "1 GET" "1 HEAD" && bytes_at_most $end &&
	asks resutil list-pack $small && is "1 GET" "1 HEAD" &&
	bytes_at_most "$(stat -c %s $small.zip)" &&
	resutil list-pack $small.zip >want && test_cmp want out
'

test_expect_success 'a long directory takes a second one' '
	asks resutil list-pack $many && is "2 GET" "1 HEAD" &&
	test_line_count = 4002 out && bytes_at_most $((end + 4002 * 100))
'

test_expect_success 'cat-pack: what came with the end is not read again' '
	asks resutil cat-pack $small loss.txt resutil-exp.yaml &&
	is "1 GET" "1 HEAD" && bytes_at_most "$(stat -c %s $small.zip)" &&
	asks resutil cat-pack $big zzz && is "1 GET" "1 HEAD" &&
	echo last >want && test_cmp want out && bytes_at_most $end
'

test_expect_success 'cat-pack: a small file of a large pack' '
	asks resutil cat-pack $big aaa && is "2 GET" "1 HEAD" &&
	echo first >want && test_cmp want out && bytes_at_most $((end + 1000))
'

test_expect_success 'cat-pack: neighbours are one request' '
	asks resutil cat-pack $big resutil-exp.yaml aaa && is "2 GET" "1 HEAD" &&
	bytes_at_most $((end + 2000)) &&
	asks resutil cat-pack $many d/f0000 d/f0001 d/f0002 d/f0300 &&
	is "3 GET" "1 HEAD" && printf "%s\n" 1 2 3 301 >want &&
	test_cmp want out && bytes_at_most $((end + 4002 * 100 + 100000))
'

test_expect_success 'cat-pack: a long file, each byte once' '
	asks resutil cat-pack $big weights && cmp all/$big/weights out &&
	test "$(gets)" -le 12 && bytes_at_most $((20000000 + end + 10000))
'

test_expect_success 'show, of an experiment and of a file in it' '
	asks resutil show $big && is "3 GET" "2 HEAD" "1 LIST" &&
	bytes_at_most $((3 * end)) &&
	asks resutil show $big:aaa && is "3 GET" "2 HEAD" "1 LIST" &&
	grep first out && bytes_at_most $((3 * end))
'

test_expect_success 'pull: a file and the record' '
	asks resutil pull $big -- aaa && test "$(gets)" -le 3 &&
	bytes_at_most $((2 * end + 2000)) &&
	ls results/$big >names && printf "%s\n" aaa resutil-exp.yaml >want &&
	test_cmp want names
'

test_expect_success 'pull: another one, into what is here' '
	asks resutil pull $big -- zzz yyy && test "$(gets)" -le 3 &&
	cmp all/$big/yyy results/$big/yyy &&
	cmp all/$big/zzz results/$big/zzz && bytes_at_most $((2 * end + 110000))
'

test_expect_success 'pull: many small files together' '
	asks resutil pull $many -- "d/f*5" && test "$(gets)" -le 5 &&
	ls results/$many/d >names && test_line_count = 400 names &&
	for file in $(cat names)
	do
		cmp all/$many/d/$file results/$many/d/$file || return 1
	done &&
	bytes_at_most $((2 * end + $(stat -c %s $many.zip)))
'

test_expect_success 'each range is of the version that was found' '
	rm -rf results && asks resutil pull $big -- weights aaa &&
	test_requests = 0 "method == \"GET\" and $object and not condition" &&
	test_requests -gt 3 "method == \"GET\" and $object and condition" &&
	cmp all/$big/weights results/$big/weights &&
	bytes_at_most $((20000000 + 2 * end + 10000))
'

test_expect_success 'the whole pack: each byte once, several at once' '
	rm -rf results && asks resutil pull --no-dependency $big &&
	diff -r all/$big results/$big && test "$(gets)" -le 14 &&
	bytes_at_most $(($(stat -c %s $big.zip) + 3 * end))
'

# The second range that is asked for is of a pack that was just replaced.
test_expect_success 'one that is replaced meanwhile is begun again' '
	rm -rf results && cp -r all/$big replaced &&
	head -c 20000000 /dev/urandom >replaced/weights &&
	echo "revision: 2" >>replaced/resutil-exp.yaml &&
	resutil pack-exp -o new.zip replaced &&
	proxy_rules "{\"method\": \"GET\", \"path\": \"$big\", \"nth\": 4,
		\"run\": \"cd \\\"$TRASH_DIRECTORY\\\" && /usr/bin/python3 -S \\\"$TEST_DIRECTORY\\\"/helper/s3-ask.py -b new.zip PUT /bucket/project/$big.zip >&2\"}" &&
	resutil fetch-exp $big >out && diff -r replaced results/$big &&
	test_requests -ge 1 "method == \"GET\" and status == 412"
'

test_done
