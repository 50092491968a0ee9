#!/bin/sh

test_description='graph: names that DOT, Mermaid and terminals would obey'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test "$(python3 -c "print(1)" 2>/dev/null)" = 1 ||
test_skip_all "python3 is missing"

test_expect_success 'each form says the names, and nothing else' '
	make_conf && python3 "$TEST_DIRECTORY/helper/graph-hostile.py" .
'

test_done
