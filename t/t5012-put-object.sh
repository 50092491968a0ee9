#!/bin/sh

test_description='put-object: puts a file into a store'
. ./test-lib.sh

test_expect_success 'setup' '
	mkdir store && seq 100000 >numbers && echo two >two
'

test_expect_success 'a file becomes an object, and its version is told' '
	resutil put-object --remote dir:store p/numbers numbers >out 2>err &&
	test_must_be_empty err && cmp numbers store/p/numbers &&
	resutil list-objects --remote dir:store --format "%(version)" >want &&
	test_cmp want out
'

test_expect_success 'the standard input, from a file or a pipe' '
	resutil put-object --remote dir:store file - <numbers &&
	cmp numbers store/file &&
	cat numbers | resutil put-object --remote dir:store pipe - &&
	cmp numbers store/pipe &&
	{ read -r line && resutil put-object --remote dir:store rest -; } <numbers &&
	: | resutil put-object --remote dir:store nothing - &&
	test_must_be_empty store/nothing
'

test_expect_success 'a file that is read from its middle' '
	{ dd bs=1 count=2 >first 2>/dev/null &&
	  resutil put-object --remote dir:store middle -; } <numbers &&
	tail -c +3 numbers >want && cmp want store/middle
'

test_expect_success '--absent and --version decide' '
	resutil put-object --remote dir:store --absent key numbers >version &&
	test_expect_code 14 resutil put-object --remote dir:store --absent key \
		two >out 2>err &&
	test_must_be_empty out && grep "key. is in .dir:.* already" err &&
	cmp numbers store/key &&
	resutil put-object --remote dir:store --version "$(cat version)" key two &&
	cmp two store/key &&
	test_expect_code 14 resutil put-object --remote dir:store \
		--version "$(cat version)" key numbers >out 2>err &&
	test_must_be_empty out && cmp two store/key &&
	test_expect_code 129 resutil put-object --remote dir:store --absent \
		--version 1 key two
'

test_expect_success 'what is put has the permissions of the store' '
	mkdir group && chmod 2775 group &&
	(umask 077 && resutil put-object --remote dir:group a/b/c two) &&
	stat -c "%a %n" group/a group/a/b group/a/b/c >out &&
	cat >want <<-\EOF &&
	2775 group/a
	2775 group/a/b
	664 group/a/b/c
	EOF
	test_cmp want out &&
	(umask 077 && resutil put-object --remote dir:group a/b/c two) &&
	stat -c %a group/.resutil-lock >out && echo 664 >want &&
	test_cmp want out
'

test_expect_success 'nothing but the object and the lock is left' '
	mkdir clean && resutil put-object --remote dir:clean p/a two &&
	resutil put-object --remote dir:clean p/a numbers &&
	test_expect_code 14 resutil put-object --remote dir:clean --absent p/a two &&
	find clean -type f >out && sort out >sorted &&
	printf "%s\n" clean/.resutil-lock clean/p/a >want &&
	test_cmp want sorted
'

test_expect_success 'nothing is written through a link' '
	mkdir outside && ln -s ../outside store/link && ln -s two store/p/two &&
	test_expect_code 128 resutil put-object --remote dir:store link/a two \
		2>err && grep "in the way" err &&
	find outside -type f >out && test_must_be_empty out &&
	test_expect_code 14 resutil put-object --remote dir:store --absent p/two \
		numbers &&
	test_expect_code 128 resutil put-object --remote dir:store p/two numbers \
		2>err && grep "no regular file" err &&
	test -h store/p/two
'

test_expect_success 'an object is no directory, and a directory no object' '
	test_expect_code 128 resutil put-object --remote dir:store \
		p/numbers/x two 2>err &&
	grep "in the way" err && cmp numbers store/p/numbers &&
	test_expect_code 128 resutil put-object --remote dir:store p two 2>err &&
	test -d store/p &&
	test_expect_code 14 resutil put-object --remote dir:store --absent p two
'

test_expect_success 'bad files, keys and stores' '
	test_expect_code 10 resutil put-object --remote dir:store a gone &&
	test_expect_code 129 resutil put-object --remote dir:store a . 2>err &&
	grep "no regular file" err && mkfifo fifo &&
	test_expect_code 129 timeout 10 resutil put-object --remote dir:store a fifo &&
	test_expect_code 129 resutil put-object --remote dir:store ../a two &&
	! test -e a && ! test -e store/a &&
	test_expect_code 129 resutil put-object --remote dir:store .resutil-lock two &&
	test_expect_code 12 timeout 10 resutil put-object --remote dir:gone a two 2>err &&
	grep "make it, or mount" err && ! test -e gone
'

test_expect_success AS_USER 'a store that may not be written is refused' '
	mkdir readonly && chmod 555 readonly &&
	test_when_finished "chmod 755 readonly" &&
	test_expect_code 11 as_user resutil put-object --remote dir:readonly a two 2>err &&
	grep "cannot put .a. in .dir:.*denied" err &&
	test_expect_code 11 as_user resutil put-object --remote dir:readonly p/a two 2>err
'

test_expect_success 'the file, then its directory, and each new one above it are synced' '
	mkdir synced && path=$(pwd)/synced &&
	RESUTIL_TRACE="$(pwd)/trace" resutil put-object --remote dir:synced \
		a/b/c two &&
	sed -n "s,.*sys: fsync $path,,p" trace >syncs &&
	sed "s,put-.*,put-," syncs >order &&
	printf "%s\n" "" /a /a/b/.resutil-put- /a/b >want &&
	test_cmp want order &&
	grep "store: put a/b/c -> 4 bytes, " trace
'

test_expect_success 'a name of 255 bytes is the longest' '
	long=$(printf "%0255d" 0) &&
	resutil put-object --remote dir:store $long two && cmp two store/$long &&
	test_expect_code 128 resutil put-object --remote dir:store 0$long two \
		2>err && grep "too long" err &&
	test_expect_code 10 resutil get-object --remote dir:store 0$long
'

test_done
