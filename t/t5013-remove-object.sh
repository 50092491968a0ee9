#!/bin/sh

test_description='remove-object: removes objects from a store'
. ./test-lib.sh

test_expect_success 'setup' '
	mkdir -p store/p/q && for name in a b c d e
	do
		echo $name >store/p/$name || return 1
	done
'

test_expect_success 'what is named is removed, and nothing else' '
	resutil remove-object --remote dir:store p/a p/c >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	ls store/p >out && printf "%s\n" b d e q >want && test_cmp want out
'

test_expect_success 'some that are not there' '
	test_expect_code 3 resutil remove-object --remote dir:store p/a p/b 2>err &&
	grep "no .p/a. in" err && ! test -e store/p/b &&
	test_expect_code 10 resutil remove-object --remote dir:store p/a p/b
'

test_expect_success '--version' '
	resutil list-objects --remote dir:store --format "%(version)" p/d >version &&
	test_expect_code 14 resutil remove-object --remote dir:store \
		--version 1-2-3 p/d 2>err && grep "changed by" err &&
	test -f store/p/d &&
	resutil remove-object --remote dir:store --version "$(cat version)" p/d &&
	! test -e store/p/d &&
	test_expect_code 129 resutil remove-object --remote dir:store \
		--version 1 p/d p/e
'

test_expect_success '--stdin and -z' '
	echo 1 >"store/p/new
line" && echo 2 >store/p/f && echo p/f >keys &&
	resutil remove-object --remote dir:store --stdin <keys &&
	! test -e store/p/f &&
	resutil list-objects --remote dir:store -z --format "%(key)" p/n >keys &&
	resutil remove-object --remote dir:store --stdin -z <keys &&
	ls store/p >out && printf "%s\n" e q >want && test_cmp want out
'

test_expect_success 'directories that become empty go, but never the store' '
	mkdir -p store/x/y/z store/x/other && echo 1 >store/x/y/z/a &&
	resutil remove-object --remote dir:store x/y/z/a &&
	test -d store/x/other && ! test -e store/x/y &&
	resutil remove-object --remote dir:store p/e &&
	rm -rf store/x store/p && echo 1 >store/a &&
	resutil remove-object --remote dir:store a && test -d store
'

test_expect_success 'what is no object stays' '
	mkdir -p store/p/dir outside && echo 1 >outside/a &&
	ln -s ../outside store/link && ln -s ../outside/a store/p/link &&
	for key in p p/dir p/link link/a link
	do
		test_expect_code 10 resutil remove-object --remote dir:store \
			$key || return 1
	done &&
	for key in ../outside/a .resutil-lock p/
	do
		test_expect_code 129 resutil remove-object --remote dir:store \
			$key || return 1
	done &&
	test -f outside/a && test -h store/p/link && test -d store/p/dir
'

test_expect_success AS_USER 'a store that may not be written is refused' '
	mkdir -p readonly/p && echo 1 >readonly/p/a &&
	test_when_finished "chmod -R u+w readonly" && chmod -R a-w readonly &&
	test_expect_code 11 as_user resutil remove-object --remote dir:readonly p/a &&
	test -f readonly/p/a
'

test_expect_success 'usage' '
	test_expect_code 129 resutil remove-object --remote dir:store 2>err &&
	grep "which objects" err
'

test_done
