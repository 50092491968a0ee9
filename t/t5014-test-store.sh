#!/bin/sh

test_description='test-store: whether a store keeps its contract'
. ./test-lib.sh

test_expect_success 'setup' '
	mkdir -p store/p && echo 1 >store/p/a
'

test_expect_success 'a plan and a line for each clause' '
	resutil test-store dir:store >tap 2>err && test_must_be_empty err &&
	sed -n "1s/^1\.\.//p" tap >plan && grep -c "^ok [0-9]* - " tap >lines &&
	test_cmp plan lines && grep "# SKIP this store cannot " tap &&
	! grep "^not" tap
'

test_expect_success 'what lies there is left alone, and nothing is added' '
	resutil list-objects --remote dir:store --format "%(key)" >out &&
	echo p/a >want && test_cmp want out && find store >files &&
	sort files >out &&
	printf "%s\n" store store/.resutil-lock store/p store/p/a >want &&
	test_cmp want out
'

test_expect_success '--keep and -v' '
	resutil test-store --keep -v dir:store >tap &&
	grep -c "^# [0-9]*\.[0-9]* s$" tap >times && sed -n "1s/^1\.\.//p" tap >plan &&
	test_cmp plan times &&
	resutil list-objects --remote dir:store resutil-test- >out &&
	test -s out && sed -n "s/^# .*, below //p" tap >prefix &&
	resutil list-objects --remote dir:store "$(cat prefix)" >below &&
	test_cmp out below
'

test_expect_success 'a remote of the project' '
	mkdir project && cat >project/resutil-conf.yaml <<-\EOF &&
	project_name: p
	results_dir: results
	storage_type: dir
	storage_config:
	  path: ../store
	EOF
	(cd project && resutil test-store origin) >tap && grep "^ok 1 " tap &&
	test_expect_code 128 resutil test-store origin 2>err
'

test_expect_success 'a store that is not there breaks no clause' '
	test_expect_code 12 resutil test-store dir:gone >out 2>err &&
	test_must_be_empty out && grep "make it, or mount" err &&
	test_expect_code 129 resutil test-store 2>err
'

test_expect_success FAULTS 'a broken clause is told with what was found' '
	status=0 &&
	{ with_faults RESUTIL_TEST_STORE_FAULT=put:1:conflict \
		resutil test-store dir:store >tap || status=$?; } &&
	test $status = 1 &&
	grep -A 1 "^not ok 2 - " tap >broken && grep "^# put: ERR_CONFLICT and not success: " broken &&
	grep -c "^not ok" tap >count && echo 1 >want && test_cmp want count
'

test_expect_success '--access lists, puts, reads and removes, and leaves nothing' '
	mkdir -p far/bridges && : >far/bridges/notes.zip &&
	: >far/bridges/aapfcd_20240704T111555_one.zip &&
	: >far/bridges/aapfcd_20240704T111555_one.txt &&
	find far | sort >before &&
	RESUTIL_TRACE=$PWD/trace resutil test-store --access=bridges dir:far \
		>tap && cat >want <<-EOF &&
	1..4
	# dir:$PWD/far
	ok 1 - the objects of the folder can be listed
	# packs: 1
	ok 2 - an object can be put
	ok 3 - it reads back as it was put
	ok 4 - it can be removed
	EOF
	test_cmp want tap && find far | grep -v lock | sort >after &&
	test_cmp before after &&
	sed -n "s/.* store: \([a-z]*\).*/\1/p" trace >did &&
	printf "%s\n" open list put get remove >want && test_cmp want did
'

test_expect_success '--access: a folder that is not there yet' '
	mkdir new && resutil test-store --access=bridges dir:new >tap &&
	grep "^# packs: 0$" tap && test_path_is_missing new/bridges
'

test_expect_success AS_USER '--access: what is refused has its own status' '
	mkdir ro && chmod 555 ro && rm -f tap &&
	test_expect_code 11 as_user resutil test-store --access=p "dir:$PWD/ro" \
		>tap 2>err && tail -n 2 tap >last &&
	printf "%s\n" "# packs: 0" "not ok 2 - an object can be put" >want &&
	test_cmp want last && test_grep "denied" err &&
	test_expect_code 12 resutil test-store --access=p dir:gone >tap 2>err &&
	grep "^not ok 1 " tap && test_line_count = 3 tap
'

test_expect_success FAULTS '--access: what cannot be read is removed all the same' '
	mkdir odd && test_expect_code 12 with_faults \
		RESUTIL_TEST_STORE_FAULT=get:1:unreachable \
		resutil test-store --access=p dir:odd >tap 2>err &&
	grep "^not ok 3 " tap && grep "^ok 4 " tap &&
	test_path_is_missing odd/p
'

test_expect_success '--access: wrong usage' '
	test_expect_code 129 resutil test-store --access=p --keep dir:far &&
	test_expect_code 129 resutil test-store --access=.. dir:far &&
	test_expect_code 129 resutil test-store --access= dir:far
'

test_done
