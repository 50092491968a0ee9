#!/bin/sh

test_description='story: every commit is measured, and nobody has to think of it

Ann has a formatter as a hook already, and wants each commit measured. She goes
on committing while measurements run, rebases, bisects, works in a second work
tree, pushes only what passes, and gives it all up in the end: as it was. Bob
has a clone, in which nothing runs that he has not said.
'
. ./test-lib.sh

GIT_AUTHOR_NAME=ann GIT_AUTHOR_EMAIL=ann@lab.invalid
GIT_COMMITTER_NAME=ann GIT_COMMITTER_EMAIL=ann@lab.invalid
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL

# settled NR: so many runs, all ended, and nothing waits
settled () {
	resutil list --format "%(state)" >../states &&
	test "$(wc -l <../states)" -eq "$1" && ! grep -v -x -E "done|fail" ../states &&
	test ! -e .resutil/hooks/queue.json && test ! -e .resutil/hooks/begun
}

test_expect_success 'a project with a formatter, a measurement and its first commit' '
	git init -q -b main lab && git init -q --bare shared.git && cd lab && make_project && git remote add origin ../shared.git &&
	cat >>resutil-conf.yaml <<-\END &&
	notes: true
	hooks:
	  post-run: [./keep]
	END
	printf "/results\n" >.gitignore && echo 10 >size &&
	write_script measure <<-\END &&
	size=$(cat size)
	test "$size" -lt 100 || exit 4
	resutil inform size="$size" commit="$RESUTIL_GIT_COMMIT"
	END
	write_script keep <<-\END &&
	python3 -c "import json, sys; r = json.load(sys.stdin); print(r[\"name\"], r[\"state\"], file=open(\"../kept\", \"a\"))"
	END
	cat >.git/hooks/pre-commit <<-\END && chmod 755 .git/hooks/pre-commit &&
	#!/bin/sh
	echo formatted >>"$(git rev-parse --git-common-dir)/formatted"
	END
	cp -p .git/hooks/pre-commit ../pre-commit && git add -A && git commit -q -m "first"
'

test_expect_success 'each commit is measured, and she waits for none' '
	cd lab && resutil hook install --async -m size -- ./measure >out && rm out &&
	resutil hook install --on=pre-commit -m look -- sh -c "test \$(cat size) != bad" >out && rm out &&
	for n in 20 30 40
	do
		echo $n >size && git commit -q -am "size $n" || return 1
	done && test_wait_for 60 test -e .resutil/hooks.log &&
	test_wait_for 60 sh -c "test ! -e .resutil/hooks/queue.json && test ! -e .resutil/hooks/begun" &&
	resutil list-exps >../names && resutil read-exp --json --stdin <../names >../records &&
	git log --format=%H -3 --reverse >../commits &&
	python3 - <<-\END
	import json
	runs = [json.loads(line) for line in open("../records")]
	sizes = [r for r in runs if r["hook"]["event"] == "post-commit"]
	looks = [r for r in runs if r["hook"]["event"] == "pre-commit"]
	sizes.sort(key=lambda r: r["at"]["created"])
	answered = [c for r in sizes for c in r["hook"].get("commits", [r["hook"]["commit"]])]
	assert answered == open("../commits").read().split(), answered
	assert len(looks) == 3 and all(r["state"] == "done" for r in runs), runs
	last = sizes[-1]
	assert last["info"]["size"] == 40 and last["info"]["commit"] == answered[-1], last["info"]
	assert last["git"]["commit_hash"] == answered[-1], last["git"]
	END
'

test_expect_success 'her formatter ran each time, and what is bad is not committed' '
	cd lab && grep -c formatted .git/formatted >../n && echo 4 >../expect && test_cmp ../expect ../n &&
	echo bad >size && test_must_fail git commit -q -am bad 2>../err && test_grep "so git stops here" ../err &&
	git checkout -q size && test "$(git log -1 --format=%s)" = "size 40"
'

test_expect_success 'git log tells what was run from a commit, and the hook of hers that it ended' '
	cd lab && git log -1 --notes=resutil >../log && test_grep "^    done .*_size" ../log &&
	grep -c " done\$" ../kept >../n && resutil list --format "%(state)" | grep -c -x done >../expect &&
	test_cmp ../expect ../n
'

test_expect_success 'a rebase of many commits and a bisection start nothing' '
	cd lab && resutil list-exps >../before && git checkout -q -b topic HEAD~2 &&
	for n in a b c
	do
		echo $n >$n && git add $n && git commit -q --no-verify -m $n || return 1
	done &&
	test_wait_for 60 sh -c "test ! -e .resutil/hooks/queue.json && test ! -e .resutil/hooks/begun" &&
	resutil list-exps >../before && git rebase -q main >../out 2>&1 &&
	git bisect start HEAD HEAD~3 >../out 2>&1 && git bisect good >../out 2>&1 && git bisect reset >../out 2>&1 &&
	test_path_is_missing .resutil/hooks/queue.json && resutil list-exps >../after && test_cmp ../before ../after
'

test_expect_success 'what is pushed has passed' '
	cd lab && resutil hook install --on=pre-push -m pushed -- sh -c "while read ref rest; do echo \$ref; done; exec ./measure" >../out &&
	git push -q origin main 2>../err && test "$(resutil read-exp --key info.size pushed)" = 40 &&
	resutil show pushed:stdout.log >../out && test_grep "^refs/heads/main" ../out &&
	echo 1000 >size && git commit -q -am "too large" && test_must_fail git push -q origin HEAD:main 2>../err &&
	git rev-parse main >../expect && git --git-dir=../shared.git rev-parse main >../actual && test_cmp ../expect ../actual &&
	git push -q --no-verify origin topic
'

test_expect_success 'a second work tree has runs of its own' '
	cd lab && git worktree add -q ../fix -b fix main 2>../err && cd ../fix && echo 50 >size && git commit -q -am fifty &&
	test_wait_for 60 sh -c "test \"\$(resutil list-exps 2>/dev/null | grep -c _size)\" = 1" &&
	test_wait_for 60 settled 2 && test "$(resutil read-exp --key info.size size)" = 50
'

test_expect_success 'in a clone nothing runs, and a run warns of what it does not do' '
	git clone -q shared.git bob 2>err && cd bob && git checkout -q main 2>../err && echo 60 >size && git commit -q -am sixty 2>../err &&
	test_must_be_empty ../err && resutil list-exps >../out && test_must_be_empty ../out && cp ../kept ../kept.before &&
	resutil run -m mine -- true 2>../err && test_grep "not run, for this project is not trusted here: hooks.post-run" ../err &&
	test_cmp ../kept.before ../kept
'

test_expect_success 'given up, all is as it was' '
	cd lab && resutil hook remove -A >../out && test_line_count = 4 ../out &&
	test_cmp_bin ../pre-commit .git/hooks/pre-commit && test -x .git/hooks/pre-commit &&
	ls .git/hooks | grep -v "\.sample\$" >../out && echo pre-commit >../expect && test_cmp ../expect ../out &&
	git checkout -q main && git commit -q --allow-empty -m after && test_wait_for 60 test ! -e .resutil/hooks/queue.json &&
	resutil fsck >../out 2>&1
'

test_done
