#!/bin/sh

test_description='fsck: what it tells a person, here and of a store'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-checks.sh

none=aapfcd_20240704T111558_none

# lost [LINE...]
lost () {
	make_exp $six "id: $(test_id 6)" "revision: 4" "state: running" \
		"host: $(hostname)" "cwd: $PWD" \
		"meta: {process: {pid: 1, start: 1, boot_id: none}}" "$@"
}

# one of each level, and what is none until it is mended
break_it () {
	rm results/$one/resutil-exp.yaml && lost "dependency: [$none]" &&
	mkdir results/.$one.4711.tmp
}

test_expect_success 'nothing is wrong' '
	fresh good && resutil fsck >out 2>err && echo "nothing is wrong" >want &&
	test_cmp want out && test_must_be_empty err &&
	resutil -q fsck >out 2>err && test_must_be_empty out &&
	test_must_be_empty err && resutil fsck --json >out && test_must_be_empty out
'

test_expect_success 'the worst first, leftovers counted' '
	fresh bad && break_it && test_expect_code 1 resutil fsck >out 2>err &&
	test_must_be_empty err && sed "s/([0-9.]* [KMi]*B;/(SIZE;/" out >told &&
	cat >want <<-END && test_cmp want told
	error: results/$one: it has no '\''resutil-exp.yaml'\''; if a store has it, '\''resutil rm -l $one'\'' and then '\''resutil pull $one'\'' get it again
	warning: results/$six: it needs '\''$none'\'', which is not here; '\''resutil pull $six'\'' gets it if a store has it
	1 error, 1 warning, 1 leftover (SIZE; see '\''resutil gc'\'')
	END
'

test_expect_success '-v lists them, -q leaves the sum out' '
	cd bad &&
	test_expect_code 1 resutil -v fsck >out && test_line_count = 4 out &&
	grep "^leftover: results/.$one.4711.tmp: what a command that died" out &&
	test_expect_code 1 resutil -q fsck >out && test_line_count = 2 out
'

test_expect_success 'JSON has all of them' '
	cd bad &&
	test_expect_code 1 resutil fsck --json >out && test_line_count = 3 out &&
	python3 - <<-\END
	import json
	found = [json.loads(line) for line in open("out")]
	assert [f["level"] for f in found] == ["error", "warning", "leftover"]
	assert [f["id"] for f in found] == \
		["record-missing", "dependency-missing", "hidden-dir"], found
	assert all(f["state"] == "open" and "remote" not in f for f in found)
	assert list(found[0]) == ["level", "id", "state", "where", "name",
				  "bytes", "text"]
	END
'

test_expect_success '--repair -n, and --repair' '
	cd bad &&
	test_expect_code 1 resutil fsck --repair -n >out &&
	grep "^would mend: results/$six/resutil-exp.yaml: the run ended" out &&
	tail -n 1 out | grep "^1 error, 1 warning, 1 would be mended, 1 leftover" &&
	test_expect_code 1 resutil fsck -n >again && test_cmp out again &&
	grep "^state: running" results/$six/resutil-exp.yaml &&
	test_expect_code 1 resutil fsck --repair >out &&
	grep "^mended: results/$six/resutil-exp.yaml: .*is written$" out &&
	tail -n 1 out | grep "^1 error, 1 warning, 1 mended, 1 leftover" &&
	test_path_is_dir results/.$one.4711.tmp &&
	test_expect_code 1 resutil fsck -n >out && ! grep "the run ended" out
'

test_expect_success 'a lost run is no finding; --repair writes that it is' '
	fresh alone && lost && resutil fsck >out &&
	echo "nothing is wrong" >want && test_cmp want out &&
	resutil fsck --json --read-data >out && test_must_be_empty out &&
	resutil fsck --repair >out && cat >want <<-END && test_cmp want out &&
	mended: results/$six/resutil-exp.yaml: the run ended without anybody to record how; '\''state: lost'\'' is written
	0 errors, 0 warnings, 1 mended
	END
	resutil fsck --repair >out && grep "^nothing is wrong$" out
'

test_expect_success 'nor is it one that --repair -n would write that' '
	fresh would && lost && resutil fsck -n >out && cat >want <<-END &&
	would mend: results/$six/resutil-exp.yaml: the run ended without anybody to record how
	0 errors, 0 warnings, 1 would be mended
	END
	test_cmp want out
'

test_expect_success 'nor a rename that is about to be finished' '
	fresh rename && resutil push $one && mkdir -p .resutil/renames &&
	printf "resutil-rename 1\nfrom\t%s\nto\t%s\nhere\nremote\torigin\n" \
		$one aapfcd_20240704T111555_uno >.resutil/renames/$one &&
	resutil -v fsck --remote >out && echo "nothing is wrong" >want &&
	test_cmp want out && resutil rename-exp $one aapfcd_20240704T111555_uno &&
	resutil -v fsck --remote >out && test_cmp want out &&
	resutil -q status >out 2>&1 && resutil -v fsck --remote >out &&
	test_cmp want out && test_path_is_missing .resutil/renames/$one
'

test_expect_success 'nor what a predecessor has written' '
	fresh others && mkdir results/$six && cat >results/$six/resutil-exp.yaml \
		<<-\END &&
	args: train.py --lr 0.1
	cmd: train.py --lr 0.1
	dependency:
	- results/aapfcd_20240704T111555_one
	git:
	  commit_hash: 0123456789012345678901234567890123456789
	  uncommited_files: []
	END
	mkdir -p ../store/project && python3 -m zipfile -c \
		../store/project/$six.zip results/$six/resutil-exp.yaml &&
	resutil fsck --remote --read-data >out && echo "nothing is wrong" >want &&
	test_cmp want out
'

test_expect_success 'the same tag on two runs is none, what is no list is' '
	fresh tags && make_exp $six "id: $(test_id 6)" "tags: [best, last]" &&
	resutil update-exp --json --from - $two <<-\END && resutil fsck >out &&
	{"tags": ["best"]}
	END
	echo "nothing is wrong" >want && test_cmp want out &&
	for bad in best "{best: 1}" "[[best]]" "[best, {a: b}]"
	do
		make_exp $six "id: $(test_id 6)" "tags: $bad" &&
		test_expect_code 1 resutil fsck >out &&
		grep "^error: results/$six/resutil-exp.yaml: .*tags" out || return 1
	done
'

test_expect_success 'a warning is a finding: exit 1; a leftover and a note are none' '
	fresh warning && mkdir results/.$one.4711.rm &&
	resutil fsck >out && grep "^nothing is wrong, 1 leftover" out &&
	resutil send-pack $one && mv results/$one away && resutil fsck >out &&
	grep "^note: results/$two: it needs " out &&
	grep "^nothing is wrong, 1 note, 1 leftover" out &&
	resutil fsck --json >out && grep -c "\"level\":\"note\"" out &&
	rm .resutil/remotes/origin.log && test_expect_code 1 resutil fsck >out &&
	grep "^warning: results/$two: it needs " out &&
	tail -n 1 out | grep "^0 errors, 1 warning, 1 leftover" &&
	mv away results/$one && resutil fsck && resutil -q push $one $two &&
	rm ../store/project/$two.zip && resutil fsck &&
	test_expect_code 1 resutil fsck --remote >out &&
	grep "^warning: origin:.*$two.zip: " out &&
	tail -n 1 out | grep "^0 errors, 1 warning, 1 leftover"
'

# Each use of an index checks it; locks and queues stay for whoever comes next.
test_expect_success 'a damaged index, locks, a queue: no findings, no leftovers' '
	fresh index && XDG_CACHE_HOME=$PWD/cache && export XDG_CACHE_HOME &&
	test_when_finished "unset XDG_CACHE_HOME" && resutil report >before &&
	echo cache/resutil/*/index >path && read index <path &&
	test_path_is_file "$index" && echo damaged >"$index" &&
	mkdir -p .resutil/hooks && for file in births conf.lock tags.lock \
		hooks/queue.lock hooks/queue.json hooks/begun
	do
		: >.resutil/$file || return 1
	done && find .resutil cache | sort >files &&
	resutil fsck --json --read-data >out && test_must_be_empty out &&
	resutil gc --older-than=0 --json >out && test_must_be_empty out &&
	find .resutil cache | sort >still && test_cmp files still &&
	resutil report >after 2>err && test_grep "is damaged" err &&
	test_cmp before after && resutil report 2>err && test_must_be_empty err
'

test_expect_success 'a conf that cannot be read' '
	fresh conf && echo "results_dir: [" >resutil-conf.yaml &&
	test_expect_code 1 resutil fsck >out &&
	grep "^error: resutil-conf.yaml: " out &&
	grep "^1 error, 0 warnings$" out &&
	test_expect_code 1 resutil fsck --remote >again 2>err &&
	test_cmp out again && test_must_be_empty err
'

test_expect_success 'without a project: one line, 128' '
	mkdir "$TRASH_DIRECTORY/../outside.$$" &&
	test_when_finished "rm -r \"$TRASH_DIRECTORY/../outside.$$\"" &&
	test_expect_code 128 resutil -q -C "$TRASH_DIRECTORY/../outside.$$" \
		fsck 2>err >out && test_must_be_empty out && test_line_count = 1 err
'

test_expect_success 'wrong usage' '
	fresh usage && test_expect_code 129 resutil fsck x 2>err &&
	test_expect_code 129 resutil fsck --read-data-subset=1/2 2>err &&
	grep "add --remote" err &&
	for part in 0/5 6/5 1/ /3 1/2/3 0% 101% -10M 0 "" 3/3x
	do
		test_expect_code 129 resutil fsck --remote \
			--read-data-subset="$part" >out 2>err &&
		test_must_be_empty out &&
		grep "is no part of the packs" err &&
		grep "^usage: resutil fsck" err || return 1
	done
'

test_expect_success '--remote: a store that holds what was sent' '
	fresh there && resutil push $one $two && resutil fsck --remote >out &&
	echo "nothing is wrong" >want && test_cmp want out &&
	resutil fsck --remote=origin --read-data >out && test_cmp want out &&
	resutil fsck --remote --read-data-subset=1/2 >out && test_cmp want out
'

test_expect_success 'a damaged pack is told with its remote, and mended' '
	cd there &&
	cp ../store/project/$one.zip whole.zip &&
	head -c 400 whole.zip >../store/project/$one.zip &&
	test_expect_code 1 resutil fsck --remote >out &&
	grep "^error: origin:.*$one.zip: " out &&
	test_expect_code 1 resutil fsck --remote --json >out &&
	grep "\"id\":\"pack-damaged\".*\"remote\":\"origin\"" out &&
	resutil fsck >out && echo "nothing is wrong" >want && test_cmp want out &&
	resutil fsck --remote --repair >out && grep "^mended: origin:" out &&
	test_cmp whole.zip ../store/project/$one.zip
'

test_expect_success 'no such remote, no such store' '
	cd there &&
	test_expect_code 10 resutil fsck --remote=nowhere 2>err &&
	grep nowhere err && mv ../store ../gone &&
	test_must_fail resutil fsck --remote >out 2>err && grep store err &&
	tail -n 1 out | grep "nothing was found before it failed"
'

test_expect_success 'what it says to type holds for names with blanks' '
	fresh blanks && cp -R results/$one "results/$one copy" &&
	rm "results/$one copy/resutil-exp.yaml" &&
	test_expect_code 1 resutil fsck >out &&
	grep -F "resutil rm -l '\''$one copy'\''" out &&
	grep -F "resutil pull '\''$one copy'\''" out
'

test_expect_success 'names with escapes never reach the terminal raw' '
	fresh raw && mkdir "results/aapfcd_20240704T111559_a$(printf "\033[31m")b" &&
	test_expect_code 1 resutil fsck >out && ! grep "$(printf "\033")" out &&
	test_expect_code 1 resutil fsck --json >out && ! grep "$(printf "\033")" out
'

test_expect_success 'a project that cannot be written is checked all the same' '
	fresh readonly && break_it && chmod a+rx . results results/* &&
	chmod a+r resutil-conf.yaml results/*/*.yaml &&
	chmod -R a-w results && test_when_finished "chmod -R u+w ." &&
	if as_user test -x "$PWD/results"
	then
		test_expect_code 1 as_user env HOME=/nonexistent \
			resutil fsck >../out &&
		grep "^1 error, 1 warning, 1 leftover" ../out
	fi
'

# The ids are a promise: what the code says is on the page, and the reverse.
test_expect_success 'the page lists each finding that there is' '
	cd "$SOURCE_DIRECTORY" &&
	cat lib/exp/check/check*.c lib/sync/check*.c plumbing/check-project.c |
		grep -v "^#include" >"$TRASH_DIRECTORY/code" &&
	sed -n "s/^|\`\([a-z-]*\)\`$/\1/p" Documentation/resutil-fsck.adoc \
		>"$TRASH_DIRECTORY/page" && cd "$TRASH_DIRECTORY" &&
	test -s page && while read id
	do
		grep -q "\"$id\"" code || echo "$id is not in the code"
	done <page >missing &&
	grep -oE "\"[a-z]+(-[a-z]+)+\"" code | tr -d "\"" | sort -u >ids &&
	while read id
	do
		case $id in
		check-*|read-data|dry-run|older-than) continue ;;
		esac
		grep -qx "$id" page || echo "$id is not on the page"
	done <ids >>missing && test_must_be_empty missing
'

test_done
