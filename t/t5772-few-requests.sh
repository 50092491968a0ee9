#!/bin/sh

test_description='how often S3 is asked

Whether anything is there costs one listing, a pack under 8 MiB one request; and
as many transfers go on at once as were asked for, never more.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

# asks COMMAND...: runs it; `asked` then has a line for each kind of request
asks () {
	proxy_rules && "$@" >out 2>err || { cat >&4 err; return 1; }
	count_requests True \
		'"LIST" if args.get("list-type") else method' |
	sort | uniq -c | sed "s/^ *//" >asked &&
	echo >&2 "$*: $(tr "\n" " " <asked)"
}

# is LINE...: exactly these, in alphabetical order
is () {
	printf '%s\n' "$@" >want && test_cmp want asked
}

# at_once: the most requests of that method that were under way together
at_once () {
	count_requests "method == \"$1\"" 'time, time + seconds' |
	tr -d '(),' |
	awk '{ print $1, 1; print $2, -1 }' | sort -k 1,1n -k 2,2n |
	awk '{ n += $2; if (n > most) most = n } END { print most + 0 }'
}

# slow METHOD: each of these takes half a second
slow () {
	proxy_rules "{\"method\": \"$1\", \"path\": \"zip\", \"from\": 1,
		\"times\": 1000, \"delay\": 0.5}"
}

# conf DIR
conf () {
	mkdir -p "$1" && ( cd "$1" && bucket_conf "$PROXY" )
}

test_expect_success 'setup: a server, and 40 experiments' '
	start_radosgw && make_bucket bucket && start_proxy "$S3_ENDPOINT" &&
	conf . && conf q &&
	for i in $(seq 10 49)
	do
		make_exp aapfcd_20240704T1115${i}_$i "id: \"$(test_id $i)\"" \
			"revision: 1" "state: done" || return 1
	done
'

test_expect_success 'push -A: one listing, and a request for each' '
	asks resutil push -A && is "1 LIST" "40 PUT" &&
	test_requests = 40 "method == \"PUT\" and condition == \"*\"" &&
	conns=$(count_requests True conn | sort -u | wc -l) &&
	test "$conns" -le 49
'

test_expect_success 'push -A with nothing to do: one listing' '
	asks resutil push -A && is "1 LIST"
'

test_expect_success 'what is there is looked into where nothing is known of it' '
	rm -rf "$HOME/.cache" && asks resutil push -A && is "40 GET" "1 LIST" &&
	asks resutil push -A && is "1 LIST"
'

test_expect_success 'pull -A: one listing, and a request for each' '
	asks resutil -C q pull -A && is "40 GET" "1 LIST" &&
	diff -r results q/results
'

test_expect_success 'pull -A with nothing to do: one listing' '
	asks resutil -C q pull -A && is "1 LIST"
'

test_expect_success 'list-remote and a dry run: one listing' '
	asks resutil list-remote && is "1 LIST" && test_line_count = 40 out &&
	asks resutil push -A -n && is "1 LIST" &&
	asks resutil -C q pull -A -n && is "1 LIST"
'

# A HEAD for what is not there does not say whether the bucket is: that is asked
# once.
test_expect_success 'a single one: one look, one request' '
	make_exp aapfcd_20240704T111600_one "id: \"$(test_id 1)\"" "revision: 1" &&
	asks resutil push aapfcd_20240704T111600_one &&
	is "1 GET" "1 HEAD" "1 PUT" &&
	asks resutil push aapfcd_20240704T111600_one && is "1 HEAD" &&
	asks resutil -C q pull aapfcd_20240704T111600_one && is "1 GET" "1 HEAD" &&
	asks resutil -C q pull aapfcd_20240704T111600_one && is "1 HEAD"
'

# This server takes the condition in another form than others, which the client
# finds out.
test_expect_success 'one that has grown: the same' '
	sed -i "s/revision: 1/revision: 2/" \
		results/aapfcd_20240704T111600_one/resutil-exp.yaml &&
	asks resutil push aapfcd_20240704T111600_one && is "2 HEAD" "2 PUT" &&
	test_requests = 1 "method == \"PUT\" and status == 200" &&
	test_requests = 0 "method == \"PUT\" and not condition" &&
	# what it is, and all of it
	asks resutil -C q pull aapfcd_20240704T111600_one && is "2 GET" "1 HEAD"
'

test_expect_success 'just under 8 MiB: one request' '
	make_exp aapfcd_20240704T111601_most "id: \"$(test_id 2)\"" \
		"revision: 1" &&
	head -c 8380000 /dev/urandom \
		>results/aapfcd_20240704T111601_most/data &&
	asks resutil push aapfcd_20240704T111601_most &&
	is "1 GET" "1 HEAD" "1 PUT" &&
	asks resutil -C q pull aapfcd_20240704T111601_most &&
	is "1 GET" "1 HEAD" &&
	cmp results/aapfcd_20240704T111601_most/data \
		q/results/aapfcd_20240704T111601_most/data
'

test_expect_success 'more: a request for each part, and two' '
	make_exp aapfcd_20240704T111602_more "id: \"$(test_id 3)\"" \
		"revision: 1" &&
	head -c 20000000 /dev/urandom \
		>results/aapfcd_20240704T111602_more/data &&
	asks resutil push aapfcd_20240704T111602_more &&
	test_requests = 2 "method == \"POST\"" &&
	test_requests = 3 "method == \"PUT\"" &&
	test_requests -le 4 "method == \"HEAD\""
'

test_expect_success 'as many at once as were asked for: push' '
	conf r && sed -i "s/: project/: other/" r/resutil-conf.yaml &&
	mkdir r/results && cp -r results/*T1115* r/results/ &&
	slow PUT && resutil -C r push -A -j 8 &&
	test_requests = 40 "method == \"PUT\"" &&
	most=$(at_once PUT) && echo >&2 "$most at once" &&
	test "$most" -le 8 && test "$most" -ge 6
'

test_expect_success 'as many at once as were asked for: pull' '
	rm -rf q/results && slow GET && resutil -C q pull -A -j 8 &&
	most=$(at_once GET) && echo >&2 "$most at once" &&
	test "$most" -le 8 && test "$most" -ge 6
'

test_expect_success 'one at a time' '
	rm -rf q/results && proxy_rules && resutil -C q pull -A -j 1 &&
	test "$(at_once GET)" = 1
'

test_done
