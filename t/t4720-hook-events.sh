#!/bin/sh

test_description='hook: what git is at, where its hooks are, and whose work tree it is'
. ./test-lib.sh

GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@x.invalid
GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@x.invalid
GIT_CONFIG_GLOBAL=$TRASH_DIRECTORY/global
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
export GIT_CONFIG_GLOBAL

# told [WORD...]: the hooks that ran since the last time, in their order
told () {
	for told_word
	do
		echo "$told_word"
	done >"$TRASH_DIRECTORY/expect" &&
	if test -f "$TRASH_DIRECTORY/told"
	then
		mv "$TRASH_DIRECTORY/told" "$TRASH_DIRECTORY/actual"
	else
		: >"$TRASH_DIRECTORY/actual"
	fi &&
	test_cmp "$TRASH_DIRECTORY/expect" "$TRASH_DIRECTORY/actual"
}

# change FILE [TEXT]: a commit that changes it
change () {
	echo "${2:-$1}" >"$1" && git add "$1" && git commit -q -m "$1 ${2:-}"
}

all="post-commit post-merge post-checkout post-rewrite pre-commit pre-merge-commit pre-rebase"

test_expect_success 'setup: one hook that keeps silent during things, and one that does not' '
	make_repo p && make_project p && cd p && printf "/results\n" >.gitignore && git add -A && git commit -q -m conf &&
	for event in $all
	do
		resutil hook install --on=$event --no-push -- \
			sh -c "eval set -- \$RESUTIL_GIT_ARGS; echo \$RESUTIL_GIT_EVENT \$* >>$TRASH_DIRECTORY/told" >out || return 1
	done && told
'

test_expect_success 'a commit, an amended one, a branch, a merge' '
	cd p && change a && told "pre-commit" "post-commit" &&
	git commit -q --amend -m b && told "pre-commit" "post-commit" "post-rewrite amend" &&
	main=$(git rev-parse HEAD) && git checkout -q -b side HEAD~ &&
	told "post-checkout $main $(git rev-parse HEAD) 1" &&
	change side && told "pre-commit" "post-commit" &&
	git merge -q -m merged main && told "pre-merge-commit" "post-merge 0" &&
	resutil read-exp --key hook.commit @ >out && git rev-parse HEAD >expect && test_cmp expect out
'

test_expect_success 'before the commit HEAD is its parent; before the first one there is none' '
	git init -q -b main first && cd first && cp ../p/resutil-conf.yaml . &&
	resutil hook install --on=pre-commit -m pre -- true >out && resutil hook install -m post -- true >out &&
	git add resutil-conf.yaml && git commit -q -m first &&
	resutil read-exp --json --key hook.commit pre >out && echo null >expect && test_cmp expect out &&
	resutil read-exp --key hook.commit post >out && git rev-parse HEAD >expect && test_cmp expect out
'

test_expect_success 'nothing for each picked commit of a rebase, but once at its end' '
	cd p && git checkout -q -b topic main && change t1 && change t2 && change t3 &&
	git checkout -q main && change m && git checkout -q topic && rm -f ../told &&
	git rebase -q main >out 2>&1 && told "pre-rebase main" "post-rewrite rebase" &&
	git rebase -q --no-ff --exec true HEAD~2 >out 2>&1 && told "pre-rebase HEAD~2" "post-rewrite rebase" &&
	git rebase -q --apply --no-ff HEAD~2 >out 2>&1 && grep -v "^post-checkout" ../told >../rest &&
	mv ../rest ../told && told "pre-rebase HEAD~2" "post-rewrite rebase"
'

test_expect_success 'nor when it stopped, and a person commits in between' '
	cd p && git checkout -q -b clash main~ && change m other && rm -f ../told &&
	test_must_fail git rebase main >out 2>&1 && rm -f ../told &&
	echo both >m && git add m && git commit -q -m both && told &&
	git -c core.editor=true rebase --continue >out 2>&1 && told "post-rewrite rebase"
'

test_expect_success 'nor for cherry-pick and revert, one or many' '
	cd p && git checkout -q main && rm -f ../told &&
	git cherry-pick topic >out 2>&1 && told &&
	git revert --no-edit HEAD >out 2>&1 && told &&
	git cherry-pick topic~2 topic~ >out 2>&1 && told &&
	git revert --no-edit HEAD HEAD~ >out 2>&1 && told &&
	git cherry-pick -n topic~2 && git commit -q -m picked && told "pre-commit" "post-commit"
'

test_expect_success 'nor while a merge has a conflict' '
	cd p && git checkout -q -b left && change c left && git checkout -q -b right HEAD~ && change c right &&
	rm -f ../told && test_must_fail git merge left >out 2>&1 && echo both >c && git add c &&
	git commit -q -m "both sides" && told "post-commit"
'

test_expect_success 'nor during a bisection' '
	cd p && git bisect start HEAD HEAD~3 >out 2>&1 && rm -f ../told && git checkout -q HEAD~ && told &&
	git bisect reset >out 2>&1 && git checkout -q main && rm -f ../told
'

test_expect_success '--during-rebase: each of them' '
	cd p && resutil hook install --during-rebase --name=always -- \
		sh -c "echo always >>$TRASH_DIRECTORY/told" >out &&
	git checkout -q topic && rm -f ../told && git rebase -q --no-ff HEAD~2 >out 2>&1 &&
	grep -c always ../told >out && echo 2 >expect && test_cmp expect out &&
	git checkout -q main && rm -f ../told && git revert --no-edit HEAD >out 2>&1 &&
	grep -c always ../told >out && echo 1 >expect && test_cmp expect out &&
	resutil hook remove --name=always >out && rm -f ../told
'

test_expect_success 'work trees share hooks; a run belongs to the one of the event' '
	cd p && resutil hook remove -A >out && resutil hook install -m tree -- \
		sh -c "pwd -P >\"\$RESUTIL_EX_DIR/where\"" >out &&
	git worktree add -q ../second -b second && cd ../second && change w &&
	(pwd -P) >expect && test_cmp expect "results/$(resutil rev-exp tree)/where" &&
	test_expect_code 10 resutil -C ../p rev-exp tree &&
	resutil hook list --format "%(state) %(script)" >out &&
	echo "installed $(cd ../p && pwd -P)/.git/hooks/post-commit" >expect && test_cmp expect out &&
	resutil hook install --name=from-there -- true >out && resutil -C ../p hook list --format "%(name)" >out &&
	test_line_count = 2 out && resutil hook remove --name=from-there >out
'

test_expect_success 'a branch without the project: nothing is run, git goes on' '
	cd second && git rm -q resutil-conf.yaml && git commit -q -m "no project" 2>err &&
	test_must_be_empty err && resutil -C ../p hook remove -A >out
'

test_expect_success 'a project below the top, and two of them' '
	make_repo two && make_project two/a && make_project two/b && cd two && git add -A . ":!*/results" && git commit -q -m conf &&
	(cd a && resutil hook install -m a -- sh -c "pwd -P >>$TRASH_DIRECTORY/told" >out) &&
	(cd b && resutil hook install -m b -- sh -c "pwd -P >>$TRASH_DIRECTORY/told" >out) &&
	change x && told "$(cd a && pwd -P)" "$(cd b && pwd -P)" &&
	test_expect_code 10 resutil -C a rev-exp b && resutil -C b rev-exp b &&
	resutil -C b hook list --format "%(name) %(project)" >out &&
	printf "post-commit a\npost-commit-2 b\n" >expect && test_cmp expect out &&
	resutil -C a hook remove >out && test_line_count = 1 out && change y && told "$(cd b && pwd -P)" &&
	resutil -C b hook remove >out && test_path_is_missing .git/hooks/post-commit
'

test_expect_success 'a relative core.hooksPath: in the work tree, with a warning' '
	make_repo rel && make_project rel && test_commit rel conf && cd rel && mkdir -p .githooks sub &&
	printf "#!/bin/sh\necho theirs >&2\n" >.githooks/post-commit && chmod +x .githooks/post-commit &&
	cp -p .githooks/post-commit ../kept && git config core.hooksPath .githooks &&
	(cd sub && resutil hook install -m rel -- true) >out 2>err && test_grep "is in the work tree" err &&
	change a 2>err && test_grep "^theirs\$" err && resutil rev-exp rel &&
	! grep -r -F "$TRASH_DIRECTORY" .githooks && ! grep -r "argv\|true" .githooks/post-commit &&
	git add .githooks && git commit -q -m hooks 2>err &&
	git clone -q . ../other && cd ../other && git config core.hooksPath .githooks && change b 2>err &&
	test_grep "^theirs\$" err && resutil list-exps >out && test_must_be_empty out &&
	cd ../rel && resutil hook remove >out && test_cmp_bin ../kept .githooks/post-commit &&
	test_path_is_missing .githooks/post-commit.resutil-kept
'

test_expect_success 'one that is shared by repositories: with a warning, and as long as one needs it' '
	mkdir shared && printf "#!/bin/sh\necho shared >&2\n" >shared/post-commit && chmod +x shared/post-commit &&
	cp -p shared/post-commit kept && git config --global core.hooksPath "$(pwd -P)/shared" &&
	for r in s1 s2 s3
	do
		make_repo $r 2>/dev/null && make_project $r && test_commit $r conf 2>/dev/null || return 1
	done &&
	(cd s1 && resutil hook install -m s1 -- true >out 2>err && test_grep "may be used by other repositories" err) &&
	(cd s2 && resutil hook install -m s2 -- true >out 2>err) && cat shared/post-commit &&
	for r in s1 s2 s3
	do
		(cd $r && change a 2>err && test_grep "^shared\$" err && test_line_count = 1 err) || return 1
	done &&
	resutil -C s1 rev-exp s1 && resutil -C s2 rev-exp s2 &&
	resutil -C s1 list-exps >out && test_line_count = 1 out && resutil -C s2 list-exps >out && test_line_count = 1 out &&
	resutil -C s3 list-exps >out && test_must_be_empty out &&
	resutil -C s1 hook remove >out && test_path_is_file shared/post-commit.resutil-kept &&
	(cd s2 && change b 2>err) && resutil -C s2 list-exps >out && test_line_count = 2 out &&
	resutil -C s2 hook remove >out && test_grep "^Put back" out &&
	test_cmp_bin kept shared/post-commit && test_path_is_missing shared/post-commit.resutil-kept
'

test_expect_success 'a repository that is gone does not keep it' '
	(cd s1 && resutil hook install -- true >out 2>err) && (cd s2 && resutil hook install -- true >out 2>err) &&
	rm -rf s1 && resutil -C s2 hook remove >out && test_cmp_bin kept shared/post-commit
'

test_expect_success 'hooks that are switched off are no directory' '
	git config --global core.hooksPath /dev/null && cd s3 &&
	test_expect_code 128 resutil hook install -- true 2>err && test_grep "/dev/null" err &&
	test_path_is_missing .git/resutil/hooks.json && git config --global --unset core.hooksPath
'

test_expect_success 'a repository whose name is odd' '
	odd=$(printf "odd \"n\342\202\254me\t\\\\ \$x") && make_repo "$odd" && make_project "$odd" && cd "$odd" &&
	resutil hook install -m odd -- true >out && change a 2>err && resutil rev-exp odd &&
	resutil hook list --json >out && python3 -c "import json; json.load(open(\"out\"))" &&
	git config core.hooksPath "$TRASH_DIRECTORY/shared" && resutil hook install -m odd2 -- true >out 2>err &&
	change b 2>err && resutil rev-exp odd2 && resutil hook remove >out &&
	test_cmp_bin ../kept ../shared/post-commit
'

test_done
