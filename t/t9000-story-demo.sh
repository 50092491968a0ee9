#!/bin/sh

test_description='story: the tour on a real training program'
. ./test-lib.sh

demo=$SOURCE_DIRECTORY/examples/demo.sh

test_expect_success PYTHON 'the tour runs with an empty HOME and no identity' '
	RESUTIL="$BUILD_DIRECTORY/resutil" KEEP="$PWD/kept" sh "$demo" >out 2>err
'

test_expect_success PYTHON 'it shows five runs, of which one failed, and one of a colleague' '
	resutil -C kept/project list --format="%(state) %(comment)" >list &&
	cat >want <<-\EOF &&
	done lr-0.01
	done lr-0.1
	done lr-1
	done check
	fail too-fast
	done again
	EOF
	test_cmp want list
'

test_expect_success PYTHON 'the run that evaluates depends on the one that trained' '
	resutil -C kept/project read-deps check >out &&
	resutil -C kept/project rev-exp lr-0.1 >want &&
	test_cmp want out
'

test_expect_success PYTHON 'all of them are in the store, which the colleague has used' '
	resutil -C kept/project list-exps >want &&
	resutil -C kept/project list-remote >got &&
	test_cmp want got &&
	resutil -C kept/colleague list-remote >got &&
	test_cmp want got &&
	for run in lr-0.1 check again
	do
		resutil -C kept/project hash-experiment $run >want &&
		resutil -C kept/colleague hash-experiment $run >got &&
		test_cmp want got || return 1
	done &&
	resutil -C kept/colleague list-exps >got &&
	test_line_count = 3 got
'

test_expect_success PYTHON 'the training itself is real: each rate has its loss' '
	for lr in 0.01 0.1 1
	do
		resutil -C kept/project show lr-$lr:curve.csv >curve &&
		test_line_count = 21 curve || return 1
	done &&
	resutil -C kept/project show lr-0.1:stdout.log | tail -n 1 >out &&
	test_grep "^epoch  20  loss 0.0749  accuracy 0.967$" out &&
	resutil -C kept/project show check:confusion.csv >out &&
	test_line_count = 4 out
'

test_expect_success PYTHON 'parameters are recorded with their types' '
	resutil -C kept/project read-exp --json --key params lr-0.01 >out &&
	echo "{\"lr\":0.01,\"epochs\":20,\"out\":\"{}\"}" >want &&
	test_cmp want out
'

test_expect_success PYTHON 'the change that nobody committed can be had again' '
	git clone -q kept/project again &&
	commit=$(resutil -C kept/project read-exp --key git.commit_hash check) &&
	git -C again checkout -q "$commit" &&
	dir=kept/project/results/$(resutil -C kept/project rev-exp check) &&
	git -C again apply "$PWD/$dir/uncommited.patch" &&
	test_cmp kept/project/train.py again/train.py &&
	test_cmp "$dir/uncommited_files/train.py" again/train.py
'

test_expect_success PYTHON 'without KEEP nothing stays' '
	mkdir empty &&
	TMPDIR=$PWD/empty RESUTIL="$BUILD_DIRECTORY/resutil" sh "$demo" >out 2>err &&
	test_dir_is_empty empty &&
	test_path_is_missing "$SOURCE_DIRECTORY/examples/iris/__pycache__"
'

test_done
