#!/bin/sh

test_description='remote test: clause by clause, in words'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test_expect_success 'setup: two stores with an experiment' '
	mkdir store b && make_conf && resutil remote add b dir:b &&
	export RESUTIL_TEST_NOW=1720091755 &&
	resutil add one >name && resutil push -A
'

test_expect_success 'each clause is told, and what was made is removed' '
	find store | grep -v lock | sort >before &&
	{ resutil remote test >out 2>err || { cat out err >&2; false; }; } &&
	test_must_be_empty err &&
	find store | grep -v lock | sort >after && test_cmp before after &&
	grep "^Testing origin: dir:.*, below project/resutil-test-[0-9a-f]*/$" \
		out &&
	resutil test-store dir:b | sed -n "s/^1\.\.//p" >plan &&
	grep -c -e "^  kept    " -e "^  -       " out >told &&
	test_cmp plan told &&
	grep "^  -       .*: this store cannot resume$" out &&
	tail -n 1 out | grep "^origin keeps all clauses ([0-9]*; [0-9]* are about"
'

test_expect_success 'several, and one that is not there' '
	test_expect_code 3 resutil -q remote test b nosuch >out 2>err &&
	sed "s/(.*/(N)/" out >told && echo "b keeps all clauses (N)" >want &&
	test_cmp want told && test_grep "no remote .nosuch." err
'

test_expect_success '--quick asks for one listing' '
	RESUTIL_TRACE="$PWD/trace" resutil remote test --quick origin b >out &&
	cat >want <<-EOF &&
	origin: dir:$PWD/store holds 1 experiment of .project.
	b: dir:b holds 0 experiments of .project.
	EOF
	sed "s/\x27/./g" out >told && test_cmp want told &&
	test_grep ! "test-store" trace
'

test_expect_success 'what cannot be reached breaks nothing' '
	mv b c && test_when_finished "mv c b" &&
	test_expect_code 12 resutil remote test b >out 2>err &&
	test_must_be_empty out && test_grep "make it, or mount" err
'

test_expect_success AS_USER 'what may not be written breaks clauses' '
	mkdir ro && chmod 755 . && chmod 555 ro &&
	resutil remote add ro dir:ro &&
	test_expect_code 1 as_user resutil -q remote test ro >out 2>err &&
	grep "^  broken  an object may be empty$" out &&
	grep "^ro breaks [0-9]* of [0-9]* clauses$" out
'

test_expect_success FAULTS 'a broken clause: what was found, what it means' '
	status=0 &&
	{ with_faults RESUTIL_TEST_STORE_FAULT=put:1:conflict \
		resutil remote test b >out 2>err || status=$?; } &&
	test $status = 1 &&
	grep -A 2 "^  broken" out >told &&
	sed -n "1p" told | grep "a listing has key, size and version" &&
	sed -n "2p" told | grep "^          found: put: ERR_CONFLICT and not" &&
	sed -n "3p" told | grep "^          so: experiments can be missing" &&
	tail -n 1 out >last && test_grep "^b breaks 1 of [0-9]* clauses$" last
'

test_expect_success FAULTS 'a test that dies says what is left' '
	status=0 &&
	{ with_faults RESUTIL_TEST_FAULT=write:40:kill \
		resutil remote test b >out 2>err || status=$?; } &&
	test $status != 0 && test $status != 1 &&
	test_grep "ended after [0-9]* of [0-9]* clauses" err &&
	test_grep "may be there still: dir:.*/b, below project/resutil-test-" err &&
	resutil gc --remote=b >gone && find b -path "*resutil-test*" >left &&
	test -s left && find b -exec touch -d 2024-07-01 {} + &&
	resutil -v gc --remote=b >gone 2>&1 &&
	test_grep "^removed b:project/resutil-test-" gone &&
	find b -type f -path "*resutil-test*" ! -name ".resutil-put*" >left &&
	test_must_be_empty left
'

test_done
