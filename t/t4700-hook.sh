#!/bin/sh

test_description='hook: installed, listed, removed, and what was there before

The scripts and the table are told in resutilformat-hook(5).
'
. ./test-lib.sh

# commit [MESSAGE]: with an identity for this once
commit () {
	git -c user.name=x -c user.email=x@x.invalid \
		commit -q --allow-empty -m "${1:-another}"
}

# runs: how many experiments there are
runs () {
	resutil list-exps >.git/names && wc -l <.git/names | tr -d " "
}

# project DIR: a repository with a project whose conf is committed
project () {
	make_repo "$1" && make_project "$1" && test_commit "$1" conf
}

test_expect_success 'setup' '
	project p
'

test_expect_success 'a run for each commit, with its event and commit' '
	cd p && resutil hook install -- sh -c "echo \$RESUTIL_GIT_EVENT" >out &&
	test_grep "^Installed post-commit on post-commit: sh -c " out &&
	commit 2>err && test_grep "^post-commit\$" err &&
	test "$(runs)" = 1 &&
	resutil read-exp --json --key hook @ >out &&
	echo "{\"event\":\"post-commit\",\"name\":\"post-commit\",\"commit\":\"$(git rev-parse HEAD)\"}" >expect &&
	test_cmp expect out &&
	resutil read-exp --key git.commit_hash @ >out &&
	git rev-parse HEAD >expect && test_cmp expect out &&
	resutil list-exps >out && test_grep "_post-commit\$" out
'

test_expect_success 'a run that no event began has no such key' '
	cd p && resutil run -m plain -- true &&
	test_expect_code 10 resutil read-exp --key hook plain
'

test_expect_success 'git describes its repository to hooks, and CMD starts without that' '
	cd p && resutil hook install --name=env -m env -- sh -c \
		"env | grep -E \"^GIT_(DIR|INDEX_FILE|PREFIX|EDITOR|AUTHOR_DATE|WORK_TREE)=\" >\"\$RESUTIL_EX_DIR/env\"
		git -C .. rev-parse --show-toplevel >\"\$RESUTIL_EX_DIR/above\" 2>&1; pwd >\"\$RESUTIL_EX_DIR/pwd\"" >out &&
	mkdir -p sub && cd sub && echo 1 >file && git add file &&
	git -c user.name=x -c user.email=x@x.invalid commit -q -m x file &&
	cd .. && test_must_be_empty "results/$(resutil rev-exp env)/env" &&
	test_grep "not a git repository" "results/$(resutil rev-exp env)/above" &&
	(pwd -P) >expect && test_cmp expect "results/$(resutil rev-exp env)/pwd"
'

test_expect_success 'list tells what there is' '
	cd p && resutil hook list --format "%(on) %(name) %(state) %(async) %(waiting) %(project)" >out &&
	cat >expect <<-\END &&
	post-commit post-commit installed false 0 .
	post-commit env installed false 0 .
	END
	test_cmp expect out &&
	resutil hook list --json >out &&
	python3 - out <<-\END &&
	import json, os, sys
	rows = [json.loads(line) for line in open(sys.argv[1])]
	assert len(rows) == 2, rows
	assert rows[0]["argv"][:2] == ["sh", "-c"] and rows[0]["options"] == []
	assert rows[1]["options"] == ["--comment=env"], rows[1]
	assert rows[0]["kept"] is None
	assert rows[0]["script"] == os.path.realpath(".git/hooks/post-commit")
	END
	resutil hook >list && resutil hook list >again && test_cmp list again
'

test_expect_success 'to install it again changes nothing' '
	cd p && cp .git/resutil/hooks.json before &&
	resutil hook install -- sh -c "echo \$RESUTIL_GIT_EVENT" >out &&
	test_grep "^Already there: post-commit on" out &&
	test_cmp before .git/resutil/hooks.json
'

test_expect_success 'another one of that name is refused, and replaced with --force' '
	cd p && test_expect_code 14 resutil hook install --name=env -- true 2>err &&
	test_grep "already; give another --name, or --force" err &&
	test_cmp before .git/resutil/hooks.json &&
	resutil hook install --name=env --force -- true >out &&
	resutil hook list --format "%(name) %(cmd)" >out &&
	test_grep "^env true\$" out && test_line_count = 2 out
'

test_expect_success 'a name that is taken gets a number' '
	cd p && resutil hook install -- echo two >out &&
	test_grep "^Installed post-commit-2 on post-commit: echo two" out &&
	before=$(runs) && commit 2>err && test $(($(runs) - before)) = 3
'

test_expect_success 'remove by name, then all; nothing of ours is left' '
	cd p && resutil hook remove --name=post-commit-2 >out &&
	echo "Removed post-commit-2 on post-commit: echo two" >expect &&
	test_cmp expect out && test -x .git/hooks/post-commit &&
	test_expect_code 10 resutil hook remove --name=post-commit-2 2>err &&
	test_grep "no hook .post-commit-2. of this project on post-commit" err &&
	resutil hook remove -n -A >out && test_grep "^Would remove env" out &&
	test -f .git/resutil/hooks.json &&
	resutil hook remove -A >out && test_grep "^Removed env on" out &&
	test_grep "^Removed post-commit on" out &&
	test_path_is_missing .git/hooks/post-commit &&
	test_path_is_missing .git/resutil &&
	resutil hook list --json >out && test_must_be_empty out &&
	test_expect_code 10 resutil hook remove &&
	resutil hook remove -A
'

# kept CONTENT MODE: a hook of somebody that resutil comes to and leaves
test_expect_success 'what was there runs first, stays the same file, and comes back' '
	cd p && hook=.git/hooks/post-commit &&
	printf "#!/bin/sh\nprintf \"before %%s\\\\n\" \"\$#\" >&2\nprintf \"\\\\351\" >bytes\nexit 3" >$hook &&
	chmod 750 $hook && touch -d "2001-02-03 04:05:06" $hook &&
	cp -p $hook ../kept && stat -c "%i %a %Y %h" $hook >../stat &&
	resutil hook install -- sh -c "echo ours >&2" >out &&
	stat -c "%i %a %Y %h" $hook.resutil-kept >../now && test_cmp ../stat ../now &&
	commit 2>err && printf "before 0\nours\n" >expect && test_cmp expect err &&
	resutil hook remove >out && test_grep "^Put back .*/.git/hooks/post-commit\$" out &&
	stat -c "%i %a %Y %h" $hook >../now && test_cmp ../stat ../now &&
	test_cmp_bin ../kept $hook && test_path_is_missing $hook.resutil-kept
'

test_expect_success 'a hook that is a link, or may not be executed, likewise' '
	cd p && rm -f .git/hooks/post-commit &&
	printf "#!/bin/sh\necho linked >&2\n" >tool && chmod +x tool &&
	ln -s ../../tool .git/hooks/post-commit &&
	resutil hook install -- true >out && commit 2>err &&
	test_grep "^linked\$" err && resutil hook remove >out &&
	test "$(readlink .git/hooks/post-commit)" = ../../tool &&
	rm .git/hooks/post-commit && cp tool .git/hooks/post-commit &&
	chmod 644 .git/hooks/post-commit &&
	resutil hook install -- true >out && commit 2>err &&
	test_must_be_empty err && resutil hook remove >out &&
	test "$(stat -c %a .git/hooks/post-commit)" = 644 &&
	rm .git/hooks/post-commit
'

test_expect_success 'before something, the status of what was there decides' '
	cd p && printf "#!/bin/sh\nexit \$(cat status)\n" >.git/hooks/pre-commit &&
	chmod +x .git/hooks/pre-commit && echo 1 >status &&
	resutil hook install --on=pre-commit -- true >out &&
	before=$(runs) && test_must_fail commit && test "$(runs)" = "$before" &&
	echo 0 >status && commit && test "$(runs)" = "$((before + 1))"
'

test_expect_success 'then a run that fails stops git, and one that could not be made does not' '
	cd p && resutil hook install --on=pre-commit --name=fails -- false >out &&
	git rev-parse HEAD >before && test_must_fail commit 2>err &&
	test_grep "the hook .fails. ended with status 1, so git stops here" err &&
	git rev-parse HEAD >after && test_cmp before after &&
	resutil hook install --on=pre-commit --name=fails --force -m "a/b" -- false >out &&
	commit 2>err && test_grep "the hook .fails. was not run, and pre-commit goes on" err &&
	resutil hook remove --on=pre-commit --name=fails >out &&
	resutil hook install --on=pre-commit --name=gone -- ./no-such-program >out 2>err &&
	test_grep "cannot be run now" err && test_must_fail commit &&
	resutil hook remove --on=pre-commit >out && test -x .git/hooks/pre-commit &&
	rm .git/hooks/pre-commit
'

test_expect_success 'after something, a run that fails is told' '
	cd p && resutil hook install -- sh -c "exit 7" >out &&
	commit 2>err && test_grep "the hook .post-commit. ended with status 7" err &&
	resutil hook remove >out
'

test_expect_success 'what git writes to a hook is read by both, byte for byte' '
	cd p && git init -q --bare ../bare.git && git remote add origin ../bare.git &&
	printf "#!/bin/sh\ncat >theirs; echo \"\$@\" >theirs.args\n" >.git/hooks/pre-push &&
	chmod +x .git/hooks/pre-push &&
	resutil hook install --on=pre-push -m refs -- sh -c "cat >ours; echo \$RESUTIL_GIT_ARGS" >out &&
	git push -q origin main 2>err &&
	printf "refs/heads/main %s refs/heads/main %040d\n" $(git rev-parse HEAD) 0 >expect &&
	test_cmp expect theirs && test_cmp expect ours &&
	echo "origin ../bare.git" >expect && test_cmp expect theirs.args &&
	test_cmp expect "results/$(resutil rev-exp refs)/stdout.log" &&
	resutil read-exp --json --key hook.args refs >out &&
	echo "[\"origin\",\"../bare.git\"]" >expect && test_cmp expect out &&
	git push -q origin main 2>err && test_must_be_empty theirs &&
	printf "#!/bin/sh\nexit 0\n" >.git/hooks/pre-push.resutil-kept && commit &&
	git push -q origin main && resutil hook remove --on=pre-push >out &&
	rm .git/hooks/pre-push
'

test_expect_success 'the password in a URL that is pushed to is not recorded' '
	cd p && resutil hook install --on=pre-push -m url -- true >out &&
	printf "x y z w\n" | env RESUTIL_NO_REMOTE=1 .git/hooks/pre-push there https://ann:hunter2horse@lab.invalid/r.git &&
	resutil read-exp --key hook.args url >out && test_grep "redacted" out &&
	! grep -r hunter2horse results .resutil &&
	resutil hook remove --on=pre-push >out
'

test_expect_success 'without resutil on PATH git goes on, and is told once' '
	cd p && printf "#!/bin/sh\necho before >&2\n" >.git/hooks/post-commit &&
	chmod +x .git/hooks/post-commit && resutil hook install -- true >out &&
	resutil hook install --on=pre-commit -- true >out &&
	mkdir ../bin && ln -s "$(command -v git)" "$(command -v sh)" "$(command -v cat)" ../bin &&
	before=$(runs) && (PATH=$(pwd)/../bin && export PATH && commit) 2>err &&
	cat >expect <<-\END &&
	resutil is not on PATH, so nothing was recorded for pre-commit
	before
	resutil is not on PATH, so nothing was recorded for post-commit
	END
	test_cmp expect err && test "$(runs)" = "$before"
'

test_expect_success 'nor does one that is broken, or does not know hooks, stop git' '
	cd p && write_script ../bin/resutil <<-\END &&
	echo "no command hook" >&2
	exit 129
	END
	(PATH=$(pwd)/../bin && export PATH && commit) 2>err &&
	test_grep "no command hook" err &&
	write_script ../bin/resutil <<-\END &&
	kill -SEGV $$
	END
	(PATH=$(pwd)/../bin && export PATH && commit) &&
	rm -r ../bin && resutil hook remove -A >out && rm .git/hooks/post-commit
'

test_expect_success 'a run that commits does not begin another one for that' '
	cd p && resutil hook install -m once -- sh -c "git -c user.name=x -c user.email=x@x.invalid commit -q --allow-empty -m nested" >out &&
	before=$(runs) && git -c user.name=x -c user.email=x@x.invalid commit -q --allow-empty -m outer \
		--author "somebody else <s@s.invalid>" && test "$(runs)" = $((before + 1)) &&
	git log -1 --format=%s >out && echo nested >expect && test_cmp expect out &&
	git log -1 --format=%an >out && echo x >expect && test_cmp expect out &&
	resutil hook remove >out
'

test_expect_success 'ours was replaced by somebody: told, kept, and run again' '
	cd p && resutil hook install -- true >out &&
	printf "#!/bin/sh\necho theirs >&2\n" >.git/hooks/new && chmod +x .git/hooks/new &&
	mv .git/hooks/new .git/hooks/post-commit &&
	resutil hook list --format "%(state)" >out && echo replaced >expect &&
	test_cmp expect out && resutil hook install -- true >out &&
	before=$(runs) && commit 2>err && test_grep "^theirs\$" err &&
	test "$(runs)" = $((before + 1)) && resutil hook remove >out &&
	test_grep "echo theirs" .git/hooks/post-commit && rm .git/hooks/post-commit
'

test_expect_success 'one that pre-commit has moved is still ours' '
	cd p && resutil hook install -- true >out &&
	mv .git/hooks/post-commit .git/hooks/post-commit.legacy &&
	printf "#!/bin/sh\n\"\$0.legacy\"\necho theirs >&2\n" >.git/hooks/post-commit &&
	chmod +x .git/hooks/post-commit &&
	resutil hook list --format "%(state)" >out && echo installed >expect &&
	test_cmp expect out && resutil hook install --name=second -- true >out &&
	before=$(runs) && commit 2>err && test "$(runs)" = $((before + 2)) &&
	resutil hook remove >out && test_path_is_missing .git/hooks/post-commit.legacy &&
	test_grep theirs .git/hooks/post-commit && rm .git/hooks/post-commit
'

test_expect_success 'a script that somebody edited is left alone without --force' '
	cd p && resutil hook install -- true >out && echo "# mine" >>.git/hooks/post-commit &&
	cp .git/hooks/post-commit before &&
	resutil hook list --format "%(state)" >out && echo edited >expect && test_cmp expect out &&
	test_expect_code 14 resutil hook install --name=more -- true 2>err &&
	test_grep "was edited since resutil put it there" err &&
	test_expect_code 14 resutil hook remove 2>err && test_grep -e "--force" err &&
	test_cmp before .git/hooks/post-commit && resutil hook remove --force &&
	test_path_is_missing .git/hooks/post-commit
'

test_expect_success 'a kept file of another time is in the way' '
	cd p && echo old >.git/hooks/post-commit.resutil-kept &&
	echo new >.git/hooks/post-commit &&
	test_expect_code 14 resutil hook install -- true 2>err &&
	test_grep "was kept another time, and is in the way" err &&
	echo new >expect && test_cmp expect .git/hooks/post-commit &&
	test_path_is_missing .git/resutil/hooks.json &&
	rm .git/hooks/post-commit*
'

test_expect_success 'a directory in the place of the hook is in the way, a link to nothing is not' '
	cd p && mkdir .git/hooks/post-commit && test_expect_code 14 resutil hook install -- true 2>err &&
	test_grep "post-commit. is a directory" err && test_path_is_dir .git/hooks/post-commit &&
	test_path_is_missing .git/hooks/post-commit.resutil-kept && test_path_is_missing .git/resutil/hooks.json &&
	rmdir .git/hooks/post-commit && ln -s nowhere .git/hooks/post-commit && resutil hook install -- echo ours >out &&
	commit 2>err && echo ours >expect && test_cmp expect err && resutil hook remove >out &&
	test "$(readlink .git/hooks/post-commit)" = nowhere && rm .git/hooks/post-commit
'

test_expect_success 'no directory of hooks, and one where nobody can have any' '
	git init -q --template= bare-hooks && make_project bare-hooks && cd bare-hooks && resutil hook install -- echo ours >out &&
	commit 2>err && test_grep "^ours\$" err && resutil hook remove >out && test_path_is_missing .git/hooks/post-commit &&
	git config core.hooksPath /dev/null && test_expect_code 128 resutil hook install -- true >out 2>err &&
	test_must_be_empty out && test_grep "/dev/null" err && test_path_is_missing .git/resutil/hooks.json && commit
'

test_expect_success 'an installation that was killed before the script is there is made again' '
	cd p && printf "#!/bin/sh\necho mine >&2\n" >.git/hooks/post-commit &&
	chmod +x .git/hooks/post-commit &&
	ln .git/hooks/post-commit .git/hooks/post-commit.resutil-kept &&
	resutil hook install -- true >out && commit 2>err && test_grep "^mine\$" err &&
	resutil hook remove >out && test_grep "echo mine" .git/hooks/post-commit &&
	rm .git/hooks/post-commit
'

test_expect_success FAULTS 'killed at any step there is a hook, and the table is whole' '
	cd p && printf "#!/bin/sh\necho mine >&2\n" >.git/hooks/post-commit &&
	chmod +x .git/hooks/post-commit && cp -p .git/hooks/post-commit ../mine && n=1 &&
	while test $n -lt 40
	do
		status=0 &&
		with_faults env RESUTIL_TEST_FAULT=any:$n:kill \
			resutil hook install -- true >out 2>&1 || status=$?
		test -x .git/hooks/post-commit &&
		commit 2>err && test_grep "^mine\$" err &&
		resutil hook list >out &&
		{ test_might_fail resutil hook remove >out 2>&1; } &&
		resutil hook remove -A >out &&
		test_cmp_bin ../mine .git/hooks/post-commit || return 1
		test $status != 0 || break
		n=$((n + 1))
	done && test $n -gt 3 && test $n -lt 40 && rm -f .git/hooks/post-commit*
'

test_expect_success AS_USER 'an unwritable directory of hooks is told, and nothing is changed' '
	project ro && cd ro && chmod 555 .git/hooks && test_when_finished "chmod 755 \"$PWD/.git/hooks\"" &&
	test_expect_code 128 powerless resutil hook install -- true >out 2>err && test_must_be_empty out &&
	test_grep "cannot .*/ro/.git/hooks/.*: Permission denied" err && test_line_count = 1 err &&
	ls .git/hooks >hooks && ! grep -v "\.sample\$" hooks && test_path_is_missing .git/resutil/hooks.json &&
	resutil hook list --json >out && test_must_be_empty out && commit 2>err && test_must_be_empty err &&
	chmod 755 .git/hooks && printf "#!/bin/sh\necho mine >&2\n" >.git/hooks/post-commit && chmod +x .git/hooks/post-commit &&
	chmod 555 .git/hooks && test_expect_code 128 powerless resutil hook install -- true 2>err &&
	commit 2>err && echo mine >expect && test_cmp expect err && ls .git/hooks | grep -v "\.sample\$" >hooks &&
	echo post-commit >expect && test_cmp expect hooks
'

test_expect_success 'wrong words' '
	cd p && for words in "install" "install --on=commit-msg -- true" "list x" \
		"remove x" "remove -A --on=pre-push" "install --each -- true" \
		"install --name=a/b -- true" "install --name=-a -- true" "run" \
		"list --async" "remove --async" "install --json -- true" "nonsense"
	do
		test_expect_code 129 resutil hook $words >out 2>err || return 1
	done
'

test_expect_success 'where there is no repository, and no work tree' '
	make_project plain && cd plain &&
	test_expect_code 10 resutil hook install -- true 2>err &&
	test_grep "is in no git repository" err &&
	test_expect_code 10 resutil hook list && cd .. &&
	mkdir nothing && cd nothing && test_expect_code 10 resutil hook list 2>err
'

test_expect_success 'a table that is none, or of a later version: told, not touched, git goes on' '
	cd p && resutil hook install -- true >out &&
	for text in "{" "[]" "{\"version\":2,\"hooks\":[]}" "{\"hooks\":[]}"
	do
		echo "$text" >.git/resutil/hooks.json && cp .git/resutil/hooks.json before &&
		test_expect_code 13 resutil hook list 2>err &&
		test_expect_code 13 resutil hook install --on=pre-push -- true 2>err &&
		commit 2>err && test_grep "nothing is recorded for post-commit" err &&
		test_cmp before .git/resutil/hooks.json || return 1
	done && rm -r .git/resutil && resutil hook remove >out
'

test_expect_success 'what a later version wrote into the table stays, and is not run' '
	cd p && resutil hook install -m here -- true >out &&
	python3 - <<-\END &&
	import json
	path = ".git/resutil/hooks.json"
	table = json.load(open(path))
	table["later"] = {"a": 1}
	table["hooks"][0]["weight"] = 3
	table["hooks"].append({"on": "post-teleport", "name": "x", "argv": ["touch", "bad"]})
	table["hooks"].append({"on": "post-commit", "name": "y", "project": "../..", "argv": ["touch", "bad"]})
	json.dump(table, open(path, "w"))
	END
	resutil hook install --on=pre-push -- true >out && commit &&
	test_path_is_missing bad &&
	resutil hook list 2>err >out && test_line_count = 3 out && test_grep "^resutil: .*2 hooks in the table" err &&
	resutil hook remove --on=pre-push >out &&
	python3 - <<-\END &&
	import json
	table = json.load(open(".git/resutil/hooks.json"))
	assert table["later"] == {"a": 1} and table["hooks"][0]["weight"] == 3, table
	assert [h["name"] for h in table["hooks"]] == ["post-commit", "x", "y"], table
	END
	rm -r .git/resutil .git/hooks/post-commit .git/hooks/pre-push
'

test_expect_success 'the fixture of version 1 is read' '
	project old && cd old && mkdir .git/resutil &&
	cp "$TEST_DIRECTORY"/fixtures/hook/v1/hooks.json .git/resutil/ &&
	cp "$TEST_DIRECTORY"/fixtures/hook/v1/post-commit .git/hooks/ &&
	resutil hook list --format "%(on) %(name) %(state) %(async) %(each) %(during_rebase) %(cmd)" >out &&
	cat >expect <<-\END &&
	post-commit tests installed true true true make -k '"'"'a test'"'"'
	post-merge post-merge missing false false false true
	END
	test_cmp expect out
'

test_done
