#!/bin/sh

test_description='requests that fail for now are made again

The store fails on order (RESUTIL_TEST_STORE_FAULT, a build with fault points);
the trace shows each try.
'
. ./test-lib.sh

if ! test_have_prereq FAULTS
then
	test_skip_all 'needs a build with fault points (make FAULTS=1)'
fi

# faulty ORDERS COMMAND...: traced into requests
faulty () {
	rm -f trace &&
	faulty_orders=$1 && shift &&
	faulty_status=0 &&
	{ with_faults RESUTIL_TEST_STORE_FAULT=$faulty_orders \
		RESUTIL_TRACE="$(pwd)/trace" "$@" || faulty_status=$?; } &&
	sed -n "s/^.* store: //p" trace | sed -e /^open/d \
		-e "s/[0-9a-f]*-[0-9a-f]*-[0-9a-f]*$/VERSION/" >requests &&
	return $faulty_status
}

test_expect_success 'setup' '
	mkdir store && seq 20000 >numbers && echo text >text &&
	resutil put-object --remote dir:store numbers numbers
'

test_expect_success 'list' '
	faulty list:1:transient,list:2:transient \
		resutil list-objects --remote dir:store >out 2>err &&
	test_must_be_empty err && test_line_count = 1 out &&
	cat >want <<-\EOF &&
	list  -> failed for now
	list  -> failed for now
	list  -> 1 objects
	EOF
	test_cmp want requests
'

test_expect_success 'get goes on where it was, in the same version' '
	faulty get:1:transient,get:2:half \
		resutil get-object --remote dir:store numbers >out 2>err &&
	test_must_be_empty err && cmp numbers out &&
	cat >want <<-\EOF &&
	get numbers 0+ -> 0 bytes -> failed for now
	get numbers 0+ -> 54447 bytes -> failed for now
	get numbers 54447+ -> 54447 bytes
	EOF
	test_cmp want requests &&
	faulty get:1:half,get:2:half resutil get-object --remote dir:store \
		--offset 10 --length 100 numbers >out &&
	cat >want <<-\EOF &&
	get numbers 10+100 -> 50 bytes -> failed for now
	get numbers 60+50 -> 25 bytes -> failed for now
	get numbers 85+25 -> 25 bytes
	EOF
	test_cmp want requests &&
	tail -c +11 numbers >tail && head -c 100 tail >want && cmp want out
'

test_expect_success 'put is made again from the start' '
	faulty put:1:transient,put:2:transient resutil put-object \
		--remote dir:store a numbers >version 2>err &&
	test_must_be_empty err && cmp numbers store/a &&
	cat >want <<-\EOF &&
	put a -> failed for now
	put a -> failed for now
	put a -> 108894 bytes, VERSION
	EOF
	test_cmp want requests
'

test_expect_success 'put --absent whose answer was lost has worked' '
	faulty put:1:lost resutil put-object --remote dir:store --absent b \
		numbers >version 2>err &&
	test_must_be_empty err && cmp numbers store/b &&
	resutil list-objects --remote dir:store --format "%(version)" b >want &&
	test_cmp want version &&
	cat >want <<-\EOF &&
	put new b -> failed for now
	stat b -> 108894 bytes, VERSION
	get b 0+ -> 108894 bytes
	EOF
	test_cmp want requests
'

test_expect_success 'put --version whose answer was lost has worked' '
	echo more >more &&
	faulty put:1:lost resutil put-object --remote dir:store \
		--version "$(cat version)" b text >new 2>err &&
	test_must_be_empty err && cmp text store/b &&
	resutil list-objects --remote dir:store --format "%(version)" b >want &&
	test_cmp want new &&
	faulty put:1:transient resutil put-object --remote dir:store \
		--version "$(cat new)" b more >newer && cmp more store/b &&
	cat >want <<-\EOF &&
	put over b -> failed for now
	stat b -> 5 bytes, VERSION
	put over b -> 5 bytes, VERSION
	EOF
	test_cmp want requests
'

test_expect_success 'what somebody else has put is not ours' '
	cp numbers store/c && tr 1 2 <numbers >others &&
	test_expect_code 14 faulty put:1:transient resutil put-object \
		--remote dir:store --absent c text >out 2>err &&
	test_must_be_empty out && cmp numbers store/c &&
	test_expect_code 14 faulty put:1:transient resutil put-object \
		--remote dir:store --absent c others 2>err &&
	grep "already" err && cmp numbers store/c &&
	faulty put:1:transient resutil put-object --remote dir:store --absent \
		c numbers
'

test_expect_success 'remove whose answer was lost has worked' '
	faulty remove:1:lost resutil remove-object --remote dir:store c 2>err &&
	test_must_be_empty err && ! test -e store/c &&
	cat >want <<-\EOF &&
	remove c -> failed for now
	remove c -> not found
	EOF
	test_cmp want requests &&
	test_expect_code 10 resutil remove-object --remote dir:store c
'

test_expect_success 'what will not get better is not tried again' '
	test_expect_code 11 faulty get:1:refused resutil get-object \
		--remote dir:store numbers 2>err && grep refused err &&
	test_line_count = 1 requests &&
	test_expect_code 12 faulty put:1:unreachable resutil put-object \
		--remote dir:store z text 2>err &&
	test_line_count = 1 requests && ! test -e store/z
'

test_expect_success 'errors of the directory that come and go' '
	for fault in sync:1:EIO sync:2:EIO write:1:EIO link:1:ESTALE \
		open:1:ESTALE
	do
		rm -f store/d &&
		with_faults RESUTIL_TEST_FAULT=$fault resutil put-object \
			--remote dir:store --absent d numbers 2>err || return 1
		test_must_be_empty err && cmp numbers store/d || return 1
	done &&
	find store -name ".resutil-put-*" >left && test_must_be_empty left
'

test_expect_success 'what could not be synced is synced before it is called done' '
	rm -f store/d trace &&
	with_faults RESUTIL_TEST_FAULT=sync:2:EIO RESUTIL_TRACE="$(pwd)/trace" \
		resutil put-object --remote dir:store --absent d numbers &&
	sed -n -e "s,^.* sys: fsync $(pwd)/,sync ,p" \
		-e "s/^.* store: \([a-z]* [a-z]*\).*/\1/p" trace >steps &&
	sed -i "s/put-.*/put-/" steps &&
	cat >want <<-\EOF &&
	open dir
	sync store/.resutil-put-
	sync store
	put new
	sync store
	stat d
	get d
	EOF
	test_cmp want steps
'

test_expect_success 'errors that stay' '
	for fault in write:1:ENOSPC sync:1:EDQUOT open:1:EMFILE
	do
		rm -f store/d &&
		test_expect_code 128 with_faults RESUTIL_TEST_FAULT=$fault \
			resutil put-object --remote dir:store --absent d \
			numbers 2>err || return 1
		grep "cannot put .d. in .dir:" err && ! test -e store/d ||
			return 1
	done &&
	find store -name ".resutil-put-*" >left && test_must_be_empty left
'

test_done
