#!/bin/sh

test_description='operations fail at some of their steps, and nothing is lost

t/crash/crash.py says what is done and what must hold. Here it takes a sample
of the points; make test-crash takes all of them.
'
. ./test-lib.sh

test_lazy_prereq CRASH '
	python3 -c "import ctypes, multiprocessing, zipfile" &&
	grep -q RESUTIL_TEST_FAULT "$FAULTY_DIRECTORY/resutil" &&
	test "$(uname)" = Linux
'

# crash ARG...: one scratch directory for all that it does
crash () {
	python3 "$TEST_DIRECTORY"/crash/crash.py --build="$FAULTY_DIRECTORY" \
		-j 2 "$@"
}

# By chance, so that many kinds of points are met: a few hundred of 160,000.
stride=307
test_have_prereq SANITIZED && stride=1499
test_expect_success CRASH 'a sample of all points' '
	crash --stride=${RESUTIL_TEST_CRASH_STRIDE:-$stride} \
		--seed=${RESUTIL_TEST_SEED:-1} >out || {
		cat out
		return 1
	} &&
	tail -n 1 out >last &&
	test_grep "^[1-9][0-9]* points, 0 lost$" last
'

# The limits are those of scenarios.py; each scenario is told as well.
test_expect_success CRASH 'no operation makes more syncs than it may' '
	test_grep ! "^wrong" out &&
	test_grep "^run  .* sync 5" out &&
	test_grep "^update  .* sync 2" out &&
	test_grep "^import-grown  .* sync 12" out &&
	test_grep "^s3-push  .* http [1-9]" out &&
	test_grep "^gcs-push  .* http [1-9]" out
'

test_expect_success CRASH 'a point can be done again' '
	crash --only push:rename:1:kill --only add:write:1:ENOSPC >out &&
	tail -n 1 out >last &&
	echo "2 points, 0 lost" >want &&
	test_cmp want last
'

# A program that breaks the rules is found out: the driver can fail.
test_expect_success CRASH 'a lie is noticed' '
	mkdir bin &&
	cp -R "$FAULTY_DIRECTORY"/resutil "$FAULTY_DIRECTORY"/libexec bin/ &&
	mv bin/resutil bin/true-resutil &&
	cat >bin/resutil <<-\EOF &&
	#!/bin/sh
	"${0%/*}"/true-resutil "$@"
	status=$?
	test "$1" != add || status=0
	exit $status
	EOF
	chmod +x bin/resutil &&
	test_expect_code 1 python3 "$TEST_DIRECTORY"/crash/crash.py \
		--build="$PWD/bin" --only add:rename:2:EIO >out &&
	test_grep "^lost: add:rename:2:EIO" out &&
	test_grep "^1 points, 1 lost" out
'

test_done
