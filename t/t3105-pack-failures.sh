#!/bin/sh

test_description='pack-exp: what cannot be read or written'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-held.sh

test_expect_success setup '
	mkdir tree && echo a >tree/a && seq 300000 >tree/b &&
	head -c 5000000 /dev/urandom >tree/random && echo z >tree/z &&
	resutil pack-exp -o want.zip tree
'

test_expect_success AS_USER 'what cannot be read is named before anything is written' '
	mkdir closed && echo 1 >closed/a && echo 2 >closed/b &&
	chmod 000 closed/b && mkdir out.d && echo old >out.d/closed.zip &&
	{ test "$(id -u)" != 0 || chown -R 65534 closed out.d; } &&
	test_when_finished "chmod 600 closed/b" &&
	test_expect_code 128 as_user resutil pack-exp -o out.d/closed.zip \
		closed 2>err &&
	test_grep "closed/b" err && test_line_count = 1 err &&
	echo old >want && test_cmp want out.d/closed.zip &&
	ls out.d >out && echo closed.zip >want && test_cmp want out &&
	test_expect_code 128 as_user resutil pack-exp closed >out 2>err &&
	test_must_be_empty out
'

test_expect_success 'a reader that goes away, an output that is closed' '
	{ resutil pack-exp tree; echo $? >status; } | head -c 10 >out &&
	test $(cat status) = 141 &&
	test_expect_code 128 sh -c "resutil pack-exp tree >&-" 2>err &&
	test_grep "standard output" err
'

test_expect_success DEV_FULL 'a full disk' '
	test_expect_code 128 sh -c "resutil pack-exp tree >/dev/full" 2>err &&
	test_grep "No space left" err
'

test_expect_success FAULTS 'each step of -o that fails leaves the old file' '
	mkdir faulty && (
		cd faulty && echo old >x.zip &&
		with_faults RESUTIL_TEST_FAULT_LOG=../points resutil pack-exp \
			-o x.zip ../tree && cmp x.zip ../want.zip
	) &&
	points=$(wc -l <points) && test $points -gt 5 &&
	point=0 && while test $point -lt $points
	do
		point=$((point + 1)) && echo old >faulty/x.zip && status=0 &&
		(cd faulty && with_faults RESUTIL_TEST_FAULT=any:$point:ENOSPC \
			resutil pack-exp -o x.zip ../tree) 2>err || status=$?
		ls faulty >files && echo x.zip >want && test_cmp want files &&
		if test $status = 0
		then
			cmp faulty/x.zip want.zip
		else
			test $status = 128 && echo old >want &&
			{ test_cmp want faulty/x.zip ||
			  cmp faulty/x.zip want.zip; }
		fi || return 1
	done
'

test_expect_success FAULTS 'SIGTERM leaves no temporary file' '
	mkdir term && held open:random \
		sh -c "echo \$\$ >pid && exec resutil pack-exp -o term/x.zip tree" &&
	hold && ls term >before && kill -TERM $(cat pid) && once && ends 143 &&
	ls term >after && test_line_count = 1 before && test_must_be_empty after
'

test_expect_success 'an empty -o is no file' '
	mkdir some && test_expect_code 129 resutil pack-exp -o "" some >out &&
	test_must_be_empty out
'

test_expect_success 'a limit on the size of files leaves nothing behind' '
	mkdir limited && head -c 3000000 /dev/urandom >limited/noise &&
	test_expect_code 153 sh -c "
		ulimit -f 1000
		exec resutil pack-exp -o limited.zip limited
	" &&
	ls >left && test_must_fail grep "^limited\.zip" left
'

test_done
