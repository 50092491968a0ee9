#!/bin/sh

test_description='two clones and a store: nothing that was said to be done is lost

Random sequences of what two people do, with a store that goes away and
commands that die (t/helper/random-sharing.py says what must hold).
RESUTIL_TEST_SEEDS says how many seeds are tried, from RESUTIL_TEST_SEED on.
'
seeds=${RESUTIL_TEST_SEEDS:-3} first=${RESUTIL_TEST_SEED:-1}
. ./test-lib.sh
unset RESUTIL_NO_REMOTE

test_have_prereq PYTHON || test_skip_all "no python3"

share () {
	seed=$first last=$((first + seeds - 1)) &&
	while test "$seed" -le "$last"
	do
		python3 "$TEST_DIRECTORY/helper/random-sharing.py" \
			"$seed" 60 "scratch-$seed" "$@" || {
			echo "RESUTIL_TEST_SEED=$seed"
			return 1
		}
		seed=$((seed + 1))
	done
}

test_expect_success "$seeds afternoons of two people" '
	share
'

test_expect_success FAULTS "$seeds bad ones" '
	share "$FAULTY_DIRECTORY/resutil"
'

test_done
