#!/bin/sh

test_description='an index of many runs with hundreds of keys

There are a thousand; with RESUTIL_TEST_EXPENSIVE=1 a hundred thousand.'

# which test-lib.sh takes out of the environment
runs=1000
test -z "${RESUTIL_TEST_EXPENSIVE:-}" || runs=100000

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test_have_prereq PYTHON || test_skip_all "python3 is missing"
test_set_now 4000000000

# 300 keys, of which some differ in case, some are odd, and some are in every
# third run only.
cat >make.py <<'EOF2'
import datetime, os, sys
begin = datetime.datetime(2024, 1, 1)
os.mkdir("results")
for nr in range(int(sys.argv[1])):
    when = begin + datetime.timedelta(seconds=61 * nr)
    minutes, prefix = 61 * nr // 60, ""
    for _ in range(6):
        prefix = chr(97 + minutes % 26) + prefix
        minutes //= 26
    place = "results/" + prefix + when.strftime("_%Y%m%dT%H%M%S")
    os.mkdir(place)
    lines = ["state: done", "params:"]
    for key in range(100):
        lines.append(f"  key{key}: {nr * key}")
        lines.append(f"  Key{key}: {nr % 7}.5")
        if nr % 3 == 0:
            lines.append(f"  \"odd.key {key}'; DROP TABLE rows\": text{key}")
    with open(place + "/resutil-exp.yaml", "w") as f:
        f.write("\n".join(lines) + "\n")
EOF2

# count EXPRESSION: runs for which it holds.
count () {
	resutil report --columns name --no-header --format csv --where "$1" |
	wc -l
}

test_expect_success "setup: $runs runs" '
	make_conf && python3 make.py $runs
'

test_expect_success 'all of them are read, once' '
	resutil update-index --stats >stats &&
	grep "^runs	$runs$" stats &&
	grep "^read	$runs$" stats &&
	resutil update-index --stats >stats &&
	grep "^read	0$" stats
'

test_expect_success 'each has its fields' '
	test "$(count "params.key7 >= $((7 * (runs - 10)))")" = 10 &&
	test "$(count "params.Key99 = 3.5")" = \
		"$(python3 -c "print(len(range(3, $runs, 7)))")" &&
	test "$(count "params.\"odd.key 5'\''; DROP TABLE rows\" = text5")" = \
		"$(python3 -c "print(len(range(0, $runs, 3)))")" &&
	test "$(count "params.key0 = 0")" = "$runs"
'

test_expect_success 'one that changes is one that is read' '
	first=$(ls results | head -n 1) && last=$(ls results | tail -n 1) &&
	echo "user: me" >>results/$first/resutil-exp.yaml &&
	rm -r results/$last &&
	resutil update-index --stats >stats &&
	grep "^runs	$((runs - 1))$" stats &&
	grep "^read	1$" stats &&
	test "$(count "user = me")" = 1
'

test_done
