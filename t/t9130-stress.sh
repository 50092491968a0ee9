#!/bin/sh

test_description='many at once, some of them killed: nothing is lost

A few seconds of `make stress`; t/stress/stress.py tells what is done and what must
hold. RESUTIL_TEST_SEED, RESUTIL_TEST_STRESS_SECONDS and RESUTIL_TEST_STRESS_WORKERS
say otherwise.
'
seed=${RESUTIL_TEST_SEED:-0} seconds=${RESUTIL_TEST_STRESS_SECONDS:-4}
workers=${RESUTIL_TEST_STRESS_WORKERS:-16} expensive=${RESUTIL_TEST_EXPENSIVE:-}
. ./test-lib.sh
unset RESUTIL_NO_REMOTE

test_have_prereq PYTHON || test_skip_all "no python3"
test_lazy_prereq EXPENSIVE 'test -n "$expensive"'

stress () {
	python3 "$TEST_DIRECTORY/stress/stress.py" --seed="$seed" "$@" >&2
}

test_expect_success FAULTS 'workers in three clones of one store, and a model' '
	stress "$PWD/some" --seconds="$seconds" --workers="$workers" \
		--faulty="$FAULTY_DIRECTORY/resutil"
'

test_expect_success EXPENSIVE,FAULTS '100 of them, for a minute' '
	stress "$PWD/many" --seconds=60 --workers=100 \
		--faulty="$FAULTY_DIRECTORY/resutil"
'

test_done
