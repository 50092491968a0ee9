#!/bin/sh

test_description='notes: the runs of a commit, among the notes of git'
. ./test-lib.sh

GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@x.invalid
GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@x.invalid
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL

note () {
	git notes --ref=resutil show "${1:-HEAD}"
}

test_expect_success 'setup' '
	make_repo p && make_project p && cd p && printf "/results\n/out\n/err\n/expect\n" >.gitignore &&
	test_commit . conf
'

test_expect_success 'without the setting nothing is written into .git' '
	cd p && find .git | sort >../before && resutil run -m quiet -- true &&
	find .git | sort >../after && test_cmp ../before ../after
'

test_expect_success 'with it, git log tells the runs of a commit' '
	cd p && echo "notes: true" >>resutil-conf.yaml && test_commit . notes && cp .git/index ../index &&
	resutil run -m "two words" -- true && test_expect_code 3 resutil run -m bad -- sh -c "exit 3" &&
	printf "done %s\nfail %s\n" "$(resutil rev-exp "two words")" "$(resutil rev-exp bad)" >expect &&
	note >out && test_cmp expect out && git log -1 --notes=resutil >out &&
	test_grep "^    done .*_two words\$" out && test_expect_code 1 note HEAD~ 2>err &&
	cmp .git/index ../index && git status --porcelain >out && test_must_be_empty out
'

test_expect_success 'changes that were not committed are a mark' '
	cd p && echo changed >>train.py && resutil run -m dirty -- true && git checkout -q train.py &&
	note >out && test_grep "^done\\* .*_dirty\$" out && test_line_count = 3 out
'

test_expect_success 'a run that goes on has one line' '
	cd p && test_must_fail resutil run --id again -m again -- sh -c "test \"\$RESUTIL_RESUME\"" &&
	note >out && test_grep "^fail .*_again\$" out &&
	resutil run --id again -- sh -c "test \"\$RESUTIL_RESUME\"" &&
	note >out && test_grep "^done .*_again\$" out && ! grep "^fail .*_again" out && test_line_count = 4 out
'

test_expect_success 'what else a note says stays' '
	cd p && git notes --ref=resutil append -m "mine, of $(resutil rev-exp bad)" -m "see $(resutil rev-exp bad)" &&
	resutil run -m more -- true && note >out && test_grep "^mine, of " out && test_line_count = 9 out &&
	git notes add -m "of all" && resutil run -m other -- true && git notes show >out && echo "of all" >expect && test_cmp expect out
'

test_expect_success 'comment changes the name, rm takes the line' '
	cd p && resutil comment -l bad "bad luck" >out && note >out &&
	test_grep "^fail .*_bad luck\$" out && test_grep "^mine, of .*_bad\$" out && test_grep "^see .*_bad\$" out && ! grep "^fail .*_bad\$" out &&
	resutil rm -l -y more >out 2>err && note >out && ! grep "_more" out && test_grep "_dirty" out
'

test_expect_success 'a run that the store still has keeps its line' '
	cd p && resutil push other >out && resutil rm -l -y other >out 2>err && note >out && test_grep "_other\$" out &&
	resutil pull other >out && resutil rm -y other >out 2>err && note >out && ! grep "_other" out
'

test_expect_success 'the last line of ours takes the note away' '
	cd p && test_commit . alone && resutil run -m one -- true && note >out && test_line_count = 1 out &&
	resutil rm -l -y one >out 2>err && test_expect_code 1 note 2>err
'

test_expect_success 'a change that was too large to be kept is one, too' '
	cd p && test_commit . large && yes | head -n 100 >>train.py && resutil -c code.max-file=100 -c code.max-run=100 run -m large -- true 2>err &&
	git checkout -q train.py && resutil read-exp --json --key git.left_out large >out && test_grep "train.py" out &&
	note >out && test_grep "^done\* .*_large\$" out
'

test_expect_success 'runs that end at once lose no line' '
	cd p && test_commit . crowd && pids= &&
	for n in 1 2 3 4 5 6 7 8 9 10 11 12
	do
		resutil run -m crowd$n -- true & pids="$pids $!"
	done && for pid in $pids
	do
		wait $pid || return 1
	done && note >out && test_line_count = 12 out && grep -c "^done " out >lines && echo 12 >expect && test_cmp expect lines &&
	rm lines
'

test_expect_success 'another git that has the ref for a moment is waited for, one that keeps it is a warning' '
	cd p && test_commit . locked && lock=.git/refs/notes/resutil.lock && : >$lock &&
	{ (sleep 0.3; rm -f $lock) & pid=$!; } && resutil run -m patient -- true 2>err && wait $pid &&
	test_must_be_empty err && note >out && test_line_count = 1 out && : >$lock &&
	resutil run -m gone -- true 2>err && rm $lock && test_line_count = 1 err &&
	test_grep "the commit has no note of this run: .*cannot write the note of a commit: git says: .*File exists" err &&
	resutil read-exp --key state gone >out && echo done >expect && test_cmp expect out
'

test_expect_success 'without a repository, a commit, or a name in git' '
	make_project plain && cd plain && echo "notes: yes" >>resutil-conf.yaml && resutil run -m x -- true 2>err && test_must_be_empty err &&
	cd .. && git init -q none && make_project none && cd none && echo "notes: yes" >>resutil-conf.yaml &&
	resutil run -m x -- true 2>err && test_must_be_empty err && cd ../p && test_commit . nobody &&
	(unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL EMAIL &&
	 resutil run -m nobody -- true 2>err) && note >out && test_line_count = 1 out
'

test_expect_success 'a bench and what a program records of itself have a line, a trial has none' '
	cd p && test_commit . others && resutil bench -n 1 --overhead=0 -m bench -- false >out 2>err;
	test $? = 1 && note >out && test_line_count = 1 out && test_grep "^fail .*_bench\$" out &&
	printf "%s\n" "{\"op\":\"begin\",\"kind\":\"experiment\",\"comment\":\"python\"}" \
		"{\"op\":\"begin\",\"kind\":\"trial\",\"root\":\"$TRASH_DIRECTORY/trials\",\"tid\":\"t\"}" \
		"{\"op\":\"finish\",\"run\":2,\"state\":\"done\"}" "{\"op\":\"finish\",\"run\":1,\"state\":\"fail\"}" |
		resutil record-runs >out && test_grep ! "\"ok\":false" out && test_grep ! warnings out &&
	note >out && test_line_count = 2 out && test_grep "^fail .*_python\$" out &&
	lock=.git/refs/notes/resutil.lock && : >$lock &&
	printf "%s\n" "{\"op\":\"begin\",\"kind\":\"experiment\"}" "{\"op\":\"finish\",\"run\":1,\"state\":\"done\"}" |
		resutil record-runs >out && rm $lock && test_grep ! "\"ok\":false" out &&
	test_grep "\"warnings\":\[\"the commit has no note of this run: " out
'

test_expect_success 'pull --rename and push --rename change the name there' '
	cd p && test_commit . renames && RESUTIL_TEST_NOW=1720099000 resutil run --push -m first -- true &&
	cp -R . ../twin && (cd ../twin && resutil comment first second >out && RESUTIL_TEST_NOW=1720099100 resutil run --push -m taken -- false; test $? = 1) &&
	second=$(resutil -C ../twin rev-exp second) && RESUTIL_TEST_NOW=1720099100 resutil run --no-push -m taken -- true &&
	note >expect && test_expect_code 14 resutil pull "$second" 2>err && resutil pull -n --rename "$second" >out && note >out && test_cmp expect out &&
	resutil pull --rename "$second" >out 2>err && test_must_be_empty err && note >out && test_grep "^done .*_second\$" out &&
	test_grep ! "_first\$" out && taken=$(resutil rev-exp taken) && resutil push -n --rename taken >out && note >out && test_grep "^done $taken\$" out &&
	resutil push --rename taken >out 2>err && test "$(resutil rev-exp taken)" != "$taken" &&
	printf "done %s\ndone %s\n" "$second" "$(resutil rev-exp taken)" >expect && note >out && test_cmp expect out
'

test_expect_success 'the notes of a work tree are those of the repository; debug runs have none' '
	cd p && git worktree add -q ../second -b second && cd ../second && test_commit . second &&
	resutil run -m tree -- true && RESUTIL_DEBUG=1 resutil run -- true && note >out && test_line_count = 1 out &&
	note >out && git -C ../p notes --ref=resutil show second >expect && test_cmp expect out
'

test_expect_success 'what is no yes or no is an error' '
	cd p && test_expect_code 125 resutil -c notes=perhaps run -m x -- true 2>err && test_grep "notes. must be yes or no" err
'

test_done
