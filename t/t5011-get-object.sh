#!/bin/sh

test_description='get-object: reads an object of a store'
. ./test-lib.sh

test_expect_success 'setup' '
	mkdir -p store/p && seq 100000 >store/p/numbers && : >store/p/nothing &&
	resutil list-objects --remote dir:store --format "%(version)" p/numbers >version
'

test_expect_success 'the whole of it' '
	resutil get-object --remote dir:store p/numbers >out 2>err &&
	test_must_be_empty err && cmp store/p/numbers out &&
	resutil get-object --remote dir:store p/nothing >out &&
	test_must_be_empty out
'

test_expect_success 'ranges' '
	resutil get-object --remote dir:store --offset 5 --length 7 p/numbers >out &&
	tail -c +6 store/p/numbers >tail && head -c 7 tail >want && cmp want out &&
	resutil get-object --remote dir:store --offset 588890 p/numbers >out &&
	tail -c 5 store/p/numbers >want && cmp want out &&
	resutil get-object --remote dir:store --offset 1K --length 1K p/numbers >out &&
	tail -c +1025 store/p/numbers >tail && head -c 1024 tail >want &&
	cmp want out &&
	resutil get-object --remote dir:store --length 0 p/numbers >out &&
	test_must_be_empty out &&
	test_expect_code 13 resutil get-object --remote dir:store \
		--offset 588896 p/numbers >out 2>err &&
	test_must_be_empty out && grep "588895 bytes" err
'

test_expect_success '-o makes a file, or leaves what is there' '
	resutil get-object --remote dir:store -o file p/numbers >out &&
	test_must_be_empty out && cmp store/p/numbers file &&
	echo old >file &&
	test_expect_code 10 resutil get-object --remote dir:store -o file gone &&
	echo old >want && test_cmp want file &&
	test_expect_code 14 resutil get-object --remote dir:store -o file \
		--version 1-2-3 p/numbers &&
	test_cmp want file && ls >files && ! grep tmp files
'

test_expect_success FAULTS 'a full disk: it says what it cannot write, by its name' '
	test_expect_code 128 resutil get-object --remote dir:store p/numbers \
		>/dev/full 2>err &&
	test_grep "cannot write to the standard output: No space" err &&
	test_expect_code 128 with_faults RESUTIL_TEST_FAULT=write:1:ENOSPC \
		resutil get-object --remote dir:store -o new p/numbers 2>err &&
	test_grep "cannot write .new.: No space" err &&
	test_path_is_missing new
'

test_expect_success 'a version, and no other' '
	resutil get-object --remote dir:store --version "$(cat version)" \
		--length 2 p/numbers >out &&
	echo 1 >want && test_cmp want out &&
	touch store/p/numbers &&
	test_expect_code 14 resutil get-object --remote dir:store \
		--version "$(cat version)" p/numbers >out 2>err &&
	test_must_be_empty out && grep "changed by somebody" err
'

test_expect_success 'what is no object is not found' '
	mkdir store/p/dir && mkfifo store/p/fifo && ln -s numbers store/p/link &&
	ln -s p store/linked && ln -s /etc/passwd store/outside &&
	for key in gone p p/dir p/fifo p/link linked/numbers outside \
		p/numbers/x gone/x
	do
		test_expect_code 10 timeout 10 resutil get-object \
			--remote dir:store $key >out 2>err || return 1
		test_must_be_empty out && grep "$key" err || return 1
	done
'

test_expect_success 'keys that are none, and private ones' '
	echo secret >store/.resutil-lock && echo outside >outside &&
	for key in ../outside /etc/passwd p//numbers . p/ .resutil-lock \
		p/.resutil-put-0
	do
		test_expect_code 129 resutil get-object --remote dir:store \
			-- $key >out 2>err || return 1
		test_must_be_empty out || return 1
	done
'

test_expect_success AS_USER 'what may not be read is refused' '
	echo x >store/p/closed && chmod 0 store/p/closed &&
	test_expect_code 11 as_user resutil get-object --remote dir:store p/closed \
		2>err &&
	grep "cannot read .p/closed. in .dir:.*denied" err
'

test_expect_success 'a read-only store is read, and nothing is made there' '
	rm -f store/.resutil-lock && find store >before &&
	chmod -R a-w store && test_when_finished "chmod -R u+w store" &&
	resutil get-object --remote dir:store p/numbers >out &&
	cmp store/p/numbers out &&
	resutil list-objects --remote dir:store >out &&
	find store >after && test_cmp before after
'

test_done
