#!/bin/sh

test_description='diff: runs that only a store has'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

A=aapfup_20240704T191555_base
B=aapfuq_20240704T191600_new

# code NAME WORD: what a run kept of its code
code () {
	mkdir -p results/$1/uncommited_files/lib &&
	printf "import lib.net\nprint(\"$2\")\n" \
		>results/$1/uncommited_files/train.py &&
	echo "def net(): return \"$2\"" >results/$1/uncommited_files/lib/net.py
}

test_expect_success 'setup' '
	make_conf && mkdir store && test_set_now 1720088755 &&
	commit=$(printf "%040d" 1) &&
	for run in $A $B
	do
		make_exp $run "id: $(test_id ${#run})" "revision: 3" \
			"state: done" "cmd: python3 train.py" \
			"argv: [python3, train.py]" "info: {acc: 0.${#run}}" \
			"git:" "  commit_hash: \"$commit\"" \
			"  uncommited_files: [lib/net.py, train.py]" "at:" \
			"  created: \"2024-07-04T19:15:55.000000+09:00\"" &&
		code $run ${run#*_*_} && mkdir results/$run/sub &&
		echo "loss of $run" >results/$run/sub/log.txt &&
		echo same >results/$run/same && ln -s sub results/$run/link &&
		seq 1 100000 >results/$run/padding &&
		printf "at,loss\n1,0.${#run}\n" >results/$run/metrics-0000.csv ||
		return 1
	done &&
	printf x | dd of=results/$B/padding bs=1 seek=500000 conv=notrunc 2>err &&
	resutil diff $A $B >page && resutil diff --json $A $B >json &&
	resutil send-pack --force $A $B && cp -r results kept
'

test_expect_success 'setup: what is compared' '
	test_grep "^  M  sub/log.txt .* +1 -1$" page &&
	test_grep "^  M  padding *575.1 KiB  +1 -1$" page &&
	! grep "same$" page && ! grep "link" page &&
	test_grep "code:train.py  *+1 -1 .*beside the commit in both" page &&
	test_grep "metrics.loss.last  0.27 -> 0.26" page &&
	test_grep "^-print(\"base\")$" page && test_grep "^+loss of $B" page
'


# The field `remote` says where it was found, and cannot act.
test_expect_success 'the page is the same when one is only in the store' '
	rm -r results/$B && resutil diff $A $B >actual &&
	test_grep "^B  $B  done, only in origin$" actual &&
	sed "s/, only in origin$//;s/, remote,/,/;s/, remote$//" actual >got &&
	test_cmp page got
'

test_expect_success 'and the other way round, and when both are' '
	cp -r kept/$B results/ && rm -r results/$A &&
	resutil diff $A $B >actual &&
	sed "s/, only in origin$//;s/, remote,/,/;s/, remote$//" actual >got &&
	test_cmp page got &&
	rm -r results/$B && resutil diff $A $B >actual &&
	test_line_count -gt 20 actual &&
	sed "s/, only in origin$//;s/, remote,/,/;s/, remote$//" actual >got &&
	test_cmp page got &&
	resutil diff --name-only --only=code --only=files $A $B >actual &&
	printf "%s\n" code:lib/net.py code:train.py file:metrics-0000.csv \
		file:padding file:sub/log.txt >expect && test_cmp expect actual
'

test_expect_success 'nothing is left behind' '
	test_dir_is_empty "$TMPDIR" &&
	find results -mindepth 1 >left && test_must_be_empty left
'

test_expect_success 'REMOTE/@ and --remote' '
	cp -r kept/$A results/ &&
	resutil diff --name-only --only=files base origin/@ >actual &&
	test_grep "^file:padding$" actual &&
	resutil diff --remote="dir:$TRASH_DIRECTORY/store" --name-only \
		--only=files base new >again &&
	test_cmp actual again &&
	test_expect_code 10 resutil diff --remote=nowhere base new 2>err
'

test_expect_success 'only what differs is fetched of the texts' '
	RESUTIL_TRACE="$PWD/trace" resutil diff --patch base new >actual &&
	grep "cat-pack" trace >asked && ! grep "same" asked &&
	test_grep "sub/log.txt" asked
'

test_expect_success 'a damaged pack is an error, not a difference' '
	cp store/project/$B.zip whole.zip &&
	test_when_finished "cp whole.zip store/project/$B.zip" &&
	size=$(wc -c <whole.zip) &&
	dd if=/dev/zero of=store/project/$B.zip bs=1 count=2000 \
		seek=$((size / 2)) conv=notrunc 2>err &&
	test_expect_code 13 resutil diff --patch base new >actual 2>err &&
	test_must_be_empty actual && test_grep "$B" err &&
	head -c 5000 whole.zip >store/project/$B.zip &&
	test_expect_code 13 resutil diff --patch base new >actual 2>err &&
	test_must_be_empty actual && test_dir_is_empty "$TMPDIR"
'

test_expect_success 'neither here nor there' '
	test_expect_code 10 resutil diff base gone 2>err &&
	test_grep "gone" err && rm -r store/project &&
	test_expect_code 10 resutil diff base new 2>err
'

test_done
