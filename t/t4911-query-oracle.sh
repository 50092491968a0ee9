#!/bin/sh

test_description='query: what it answers is what SQLite itself answers

The same questions, joins and lookups by key among them, to tables that were filled
from the records.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test "$(python3 -c "import sqlite3; print(sqlite3.sqlite_version_info > (3, 33))" 2>/dev/null)" = True ||
test_skip_all "python3 with sqlite3 is missing"

for seed in 1 2 3
do
	test_expect_success "random runs, seed $seed" '
		mkdir $seed && (cd $seed && make_conf && mkdir results) &&
		python3 "$TEST_DIRECTORY/helper/query-oracle.py" $seed $seed 60
	'
done

test_done
