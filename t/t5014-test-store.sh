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

test_done
