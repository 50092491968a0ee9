#!/bin/sh

test_description='hook --async: git does not wait, and no event is lost'
. ./test-lib.sh

commit () {
	git -c user.name=x -c user.email=x@x.invalid \
		commit -q --allow-empty -m "${1:-another}"
}

# go: lets one run that waits at the gate go on
go () {
	timeout 60 sh -c "echo go >../gate"
}

# ended: nothing waits, and all that began has ended
ended () {
	test ! -e .resutil/hooks/queue.json && test ! -e .resutil/hooks/begun &&
	resutil list --format "%(state)" >../states &&
	! grep -v -x "done" ../states
}

# are NR: there are so many runs
are () {
	resutil list-exps >../are && test "$(wc -l <../are)" -eq "$1"
}

# events: how many events the runs here are for, and all commits they name,
# in order of time
events () {
	resutil list-exps >../names &&
	resutil read-exp --json --stdin <../names >../records &&
	python3 - ../records >../events <<-\END
	import json, sys
	rows = [json.loads(line) for line in open(sys.argv[1])]
	rows = [r for r in rows if "hook" in r]
	rows.sort(key=lambda r: r["at"]["created"])
	for r in rows:
	    hook = r["hook"]
	    commits = hook.get("commits", [hook["commit"]])
	    assert len(commits) == hook.get("events", 1), hook
	    assert commits[-1] == hook["commit"], hook
	    for commit in commits:
	        print(commit)
	END
}

test_expect_success 'setup' '
	make_repo p && make_project p && test_commit p conf && mkfifo gate
'

test_expect_success 'git does not wait for a run that does not end' '
	cd p && resutil hook install --async -m slow -- sh -c "cat ../gate" >out &&
	commit one && test_wait_for 60 resutil rev-exp slow &&
	resutil list --format "%(state)" >out && echo running >expect && test_cmp expect out
'

test_expect_success 'a hundred commits meanwhile wait together' '
	cd p && git rev-parse HEAD >../commits && n=0 &&
	while test $n -lt 100
	do
		commit $n && git rev-parse HEAD >>../commits || return 1
		n=$((n + 1))
	done &&
	resutil hook list --format "%(waiting) %(async)" >out && echo "100 true" >expect &&
	test_cmp expect out && resutil list-exps >out && test_line_count = 1 out
'

test_expect_success 'and get one run, which names them all: none is lost' '
	cd p && go && test_wait_for 60 are 2 &&
	go && test_wait_for 60 ended &&
	resutil list-exps >out && test_line_count = 2 out &&
	events && test_cmp ../commits ../events &&
	resutil read-exp --key hook.events @ >out && echo 100 >expect && test_cmp expect out &&
	resutil read-exp --key git.commit_hash @ >out && git rev-parse HEAD >expect &&
	test_cmp expect out
'

test_expect_success 'the log tells what was done; what CMD prints is in the experiment' '
	cd p && test_grep "hook post-commit on post-commit: begins, for 1 event\$" .resutil/hooks.log &&
	test_grep "begins, for 100 events\$" .resutil/hooks.log &&
	test_grep "status 0, .*_slow" .resutil/hooks.log &&
	! grep "^go" .resutil/hooks.log &&
	echo go >expect && test_cmp expect "results/$(resutil rev-exp @)/stdout.log"
'

test_expect_success '--each gives each event a run, in their order' '
	cd p && resutil hook install --force --name=post-commit --async --each -m each -- \
		sh -c "echo \$RESUTIL_GIT_COMMIT" >out && rm -rf results && : >../commits &&
	for n in 1 2 3 4 5
	do
		commit $n && git rev-parse HEAD >>../commits || return 1
	done && test_wait_for 60 ended && test_wait_for 60 are 5 &&
	events && test_cmp ../commits ../events &&
	resutil hook remove >out
'

test_expect_success 'the worker is nobody of git, the terminal, or an open pipe' '
	cd p && resutil hook install --async -m who -- \
		sh -c "sed \"s/.*) //\" /proc/\$\$/stat | cut -d \" \" -f 4 >\"\$RESUTIL_EX_DIR/sid\"; ls -l /proc/\$PPID/fd >\"\$RESUTIL_EX_DIR/fds\"; cat ../gate" >out &&
	rm -rf results &&
	sed "s/.*) //" /proc/$$/stat | cut -d " " -f 4 >../sid &&
	{ commit 8>&1 9>../held </dev/zero | cat >out; } 2>err &&
	test_wait_for 60 sh -c "ls -l results/*_who/fds" &&
	! test_cmp ../sid results/*_who/sid >/dev/null &&
	! grep -E "/held|/dev/zero|/out\$" results/*_who/fds &&
	go && test_wait_for 60 ended
'

test_expect_success 'a worker that is killed loses no event' '
	cd p && rm -rf results && commit first && test_wait_for 60 resutil rev-exp who &&
	commit second && commit third && git rev-parse HEAD >../last &&
	python3 - <<-\END >../worker &&
	import os
	for pid in filter(str.isdigit, os.listdir("/proc")):
	    try:
	        words = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
	        where = os.readlink(f"/proc/{pid}/cwd")
	    except OSError:
	        continue
	    if b"--worker" in words and where == os.getcwd():
	        print(pid)
	END
	test_line_count = 1 ../worker && kill -9 $(cat ../worker) &&
	go && test_wait_for 60 sh -c "resutil list --format \"%(state)\" | grep -x -e done" &&
	test_path_is_file .resutil/hooks/queue.json &&
	commit fourth && git rev-parse HEAD >../last &&
	test_wait_for 60 are 2 && go &&
	test_wait_for 60 ended &&
	resutil read-exp --key hook.events @ >out && echo 3 >expect && test_cmp expect out &&
	resutil read-exp --key hook.commit @ >out && test_cmp ../last out
'

test_expect_success 'a hook that is removed while its events wait' '
	cd p && rm -rf results && commit first && test_wait_for 60 resutil rev-exp who &&
	commit second && resutil hook remove >out && go &&
	test_wait_for 60 ended && resutil list-exps >out && test_line_count = 1 out &&
	test_wait_for 60 grep "hook post-commit on post-commit was removed" .resutil/hooks.log
'

test_expect_success 'an async hook stops nothing, whatever becomes of it' '
	cd p && resutil hook install --on=pre-commit --async -- false >out && commit &&
	test_wait_for 60 grep "status 1, " .resutil/hooks.log &&
	resutil hook remove -A >out
'

test_expect_success 'a queue that is damaged is begun anew' '
	cd p && rm -rf results && resutil hook install --async -m again -- true >out &&
	echo "{" >.resutil/hooks/queue.json && commit &&
	test_wait_for 60 ended && resutil rev-exp again
'

test_expect_success 'the fixture of version 1 is worked off' '
	cd p && rm -rf results &&
	resutil hook install --async --name=tests -m fixture -- true >out &&
	resutil hook remove --name=post-commit >out &&
	cp "$TEST_DIRECTORY/fixtures/hook/v1/queue.json" .resutil/hooks/ &&
	resutil hook list --format "%(name) %(waiting)" >out && echo "tests 3" >expect && test_cmp expect out &&
	commit && test_wait_for 60 ended && resutil list-exps >../names &&
	test_line_count = 2 ../names && resutil read-exp --json --key hook --stdin <../names >out &&
	test_grep "\"commit\":\"23e445a48d4c51ca8d5052476a410736c6855b49\"}" out &&
	test_grep "\"events\":3" out && test_grep "aa445a48d4c51ca8d5052476a410736c6855b49a" out
'

test_done
