#!/bin/sh

test_description='tid: what names the run that a program is in'
. ./test-lib.sh

test_expect_success 'setup' '
	make_project && test_set_now 1720091755
'

test_expect_success 'the experiment names a run without a tid' '
	resutil run -m one -- resutil tid >out 2>err &&
	test_must_be_empty err && resutil rev-exp one >want &&
	test_cmp want out &&
	resutil tid --exp one >out && test_cmp want out
'

test_expect_success 'its tid does, where it has one; also an empty one is none' '
	resutil update-exp --set "tid=a/b c/é" one &&
	echo "a/b c/é" >want && resutil tid --exp one >out && test_cmp want out &&
	resutil tid --exp @ >out && test_cmp want out &&
	resutil tid --exp results/*_one >out && test_cmp want out &&
	resutil update-exp --set tid= one &&
	resutil tid --exp one >out && resutil rev-exp one >want && test_cmp want out
'

test_expect_success 'wherever the program has gone, also into another project' '
	make_project elsewhere && dir=$(pwd)/$(echo results/*_one) &&
	resutil rev-exp one >want &&
	(cd / && RESUTIL_EX_DIR=$dir resutil tid) >out && test_cmp want out &&
	(cd elsewhere && RESUTIL_EX_DIR=$dir resutil tid) >out && test_cmp want out
'

test_expect_success 'results_dir outside of the project' '
	make_project far && mkdir shared &&
	sed -i "s|^results_dir:.*|results_dir: $PWD/shared|" far/resutil-conf.yaml &&
	(cd far && resutil run -m far -- sh -c "
		resutil tid && cd / && resutil tid && resutil inform x=1 &&
		resutil meter a=1 && cd $TRASH_DIRECTORY/elsewhere && resutil tid") >out &&
	test_line_count = 3 out && test_grep "_far\$" out &&
	test_line_count = 2 shared/*_far/metrics-0000.csv &&
	test_grep "x: 1" shared/*_far/resutil-exp.yaml
'

test_expect_success 'outside of a run: 1, or nothing with --quiet-outside' '
	test_expect_code 1 resutil tid >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_expect_code 1 env RESUTIL_EX_DIR= resutil tid 2>err &&
	test_expect_code 1 env RESUTIL_EX_DIR=results resutil tid 2>err &&
	resutil tid --quiet-outside >out 2>err &&
	test_must_be_empty out && test_must_be_empty err
'

test_expect_success 'no such experiment: 10; ambiguous, too many words: 129' '
	test_expect_code 10 resutil tid --exp none 2>err &&
	test_line_count = 1 err &&
	test_expect_code 10 env RESUTIL_EX_DIR="$PWD/results/none" \
		resutil tid --quiet-outside 2>err && test_line_count = 1 err &&
	test_expect_code 10 env RESUTIL_EX_DIR="$PWD/results" resutil tid 2>err &&
	test_line_count = 1 err &&
	resutil run -m one -- true && test_expect_code 129 resutil tid --exp one 2>err &&
	test_grep _one err && test_expect_code 129 resutil tid word 2>err &&
	mkdir bare && cd bare && test_expect_code 10 resutil tid --exp none 2>err
'

test_expect_success 'a malformed record: 13' '
	dir=$(echo "$PWD"/results/*_one | sed "s/ .*//") &&
	echo "a: [" >"$dir"/resutil-exp.yaml &&
	test_expect_code 13 env RESUTIL_EX_DIR="$dir" resutil tid >out 2>err &&
	test_line_count = 1 err && test_must_be_empty out
'

test_done
