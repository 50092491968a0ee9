#!/bin/sh

test_description='run: the documented pipeline of plumbing makes the same bytes'
. ./test-lib.sh

# What no two processes share is taken out: pids, start ticks, times used.
scrub () {
	sed -e 's/^\(    pid: \).*/\1N/' -e 's/^\(    start: \).*/\1N/' \
		-e 's/^\(  \(wall\|user\|sys\|max_rss\): \).*/\1N/' "$1"
}

test_expect_success 'setup' '
	make_repo proj && make_project proj && test_commit proj project &&
	cd proj &&
	echo "print(2)" >train.py && echo new >untracked.txt &&
	test_set_now 1720091755.25 &&
	RESUTIL_TEST_ID=11111111-2222-4333-8444-555555555555 &&
	export RESUTIL_TEST_ID
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

test_expect_success 'the porcelain' '
	test_expect_code 3 resutil run -m both -- \
		sh -c "echo out; echo err >&2; exit 3" --lr 0.1 &&
	mv results/aapfcd_20240704T111555_both ../porcelain
'

# This is the pipeline of resutil-run(1).
test_expect_success 'the plumbing' '
	name=$(resutil name-exp --at 20240704T111555 --comment both) &&
	tmp=results/.$name.$$.tmp &&
	mkdir "$tmp" &&
	resutil snapshot-code "$tmp" >../git.yaml &&
	resutil collect-meta --git=../git.yaml -- \
		sh -c "echo out; echo err >&2; exit 3" --lr 0.1 >../meta.yaml &&
	resutil write-exp --dir="$tmp" --name="$name" --state=running \
		--executor=local --git=../git.yaml --meta=../meta.yaml -- \
		sh -c "echo out; echo err >&2; exit 3" --lr 0.1 &&
	mv "$tmp" "results/$name" &&
	sh -c "echo out; echo err >&2; exit 3" --lr 0.1 \
		>"results/$name/stdout.log" 2>"results/$name/stderr.log" ||
	test $? = 3 &&
	now=$(resutil read-exp --key at.started "results/$name") &&
	resutil update-exp --set at.finished="$now" --set state=fail \
		--set exit_code=3 --set usage.wall=0.0 --set usage.user=0.0 \
		--set usage.sys=0.0 --set usage.max_rss=0 "$name" &&
	mv "results/$name" ../plumbing
'

test_expect_success 'the same files with the same bytes' '
	(cd ../porcelain && find . | sort) >want &&
	(cd ../plumbing && find . | sort) >out &&
	test_cmp want out &&
	scrub ../porcelain/resutil-exp.yaml >want &&
	scrub ../plumbing/resutil-exp.yaml >out &&
	test_cmp want out &&
	rm ../porcelain/resutil-exp.yaml ../plumbing/resutil-exp.yaml &&
	diff -r ../porcelain ../plumbing
'

test_done
