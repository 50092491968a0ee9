#!/bin/sh

test_description='tools/coverage: adds up two builds, and fails below its limit'

. ./test-lib.sh

test_expect_success 'setup: a gcovr that says what files say' '
	mkdir -p bin build/faults &&
	cat >bin/gcovr <<-\EOF &&
	#!/usr/bin/env python3
	import json, sys
	if "--json" not in sys.argv:
	    sys.exit(1)		# no page can be made of it
	out = sys.argv[sys.argv.index("--json") + 1]
	name = "faults" if "build/faults" in sys.argv else "plain"
	files = {}
	for line in open(name):
	    file, nr, count, *branches = line.split()
	    files.setdefault(file, []).append(
	        {"line_number": int(nr), "count": int(count),
	         "gcovr/noncode": file.endswith("comment.c"),
	         "branches": [{"count": int(b)} for b in branches]})
	json.dump({"files": [{"file": f, "lines": l} for f, l in files.items()]},
	          open(out, "w"))
	EOF
	chmod +x bin/gcovr &&
	coverage () {
		PATH=$PWD/bin:$PATH python3 "$SOURCE_DIRECTORY/tools/coverage" \
			"$@" build
	}
'

test_expect_success 'a line that either build reached is reached' '
	cat >plain <<-\EOF &&
	lib/base/a.c 1 1
	lib/base/a.c 2 0 0 0
	lib/base/a.c 4 0
	transport/b.c 1 5 1 0
	EOF
	cat >faults <<-\EOF &&
	lib/base/a.c 2 3 1 0
	lib/base/a.c 3 1
	EOF
	coverage --min=80 --missing >actual &&
	cat >expect <<-\EOF &&
	 75.0 %     3 of    4 lines   50.0 % of branches  lib/base/a.c
	         not reached: 4
	100.0 %     1 of    1 lines   50.0 % of branches  transport/b.c
	lines: 80.0 % (4 of 5)
	branches: 50.0 % (2 of 4)
	EOF
	test_cmp expect actual
'

test_expect_success 'less than the limit is a failure, which is 90 %' '
	test_expect_code 1 coverage --min=80.1 >actual 2>err &&
	test_grep "less than 80.1 %" err &&
	test_expect_code 1 coverage >actual 2>err &&
	test_grep "less than 90 %" err
'

test_expect_success 'only lib/ and transport/ count, and only code' '
	cat >plain <<-\EOF &&
	lib/base/a.c 1 1
	plumbing/x.c 1 0
	lib/exp/comment.c 1 0
	EOF
	: >faults &&
	coverage >actual &&
	test_grep "^lines: 100.0 % (1 of 1)" actual
'

test_expect_success 'ranges of lines' '
	for nr in 1 2 3 5 8 9
	do
		echo "lib/base/a.c $nr 0" || return 1
	done >plain &&
	echo "lib/base/a.c 4 1" >>plain &&
	test_expect_code 1 coverage --missing >actual 2>err &&
	test_grep "not reached: 1-3, 5, 8-9" actual
'

test_expect_success 'without counters there is nothing to say' '
	: >plain &&
	test_expect_code 1 coverage 2>err &&
	test_grep "no counters" err
'

test_done
