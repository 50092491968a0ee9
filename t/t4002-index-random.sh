#!/bin/sh

test_description='a report from the index equals one computed from the files

Experiments with odd keys and values of changing types come, go, move and
change at random; after each round the report must be what PyYAML finds in the
files, and what resutil finds without an index.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

python3 -c "import yaml" 2>/dev/null || test_skip_all "PyYAML is missing"

# All files are given times of their own, and are old: what is read is kept.
test_set_now 4000000000

reported () {
	resutil report --columns '**' --sort name --json
}

for seed in 1 2 3
do
	test_expect_success "as the files say, at random ($seed)" '
		rm -rf p && make_conf p &&
		for turn in 1 2 3 4 5 6 7 8
		do
			python3 "$TEST_DIRECTORY/helper/random-runs.py" \
				change p $seed $turn &&
			(cd p && reported) >out &&
			python3 "$TEST_DIRECTORY/helper/random-runs.py" \
				compare p out || return 1
		done
	'
	test_expect_success "and without an index ($seed)" '
		(cd p && env -u HOME -u XDG_CACHE_HOME \
			resutil report --columns "**" --sort name --json) \
			>plain &&
		test_cmp plain out &&
		(cd p && resutil update-index --stats) >stats &&
		grep "^read	0" stats
	'
done

test_done
