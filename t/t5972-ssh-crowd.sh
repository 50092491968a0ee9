#!/bin/sh

test_description='many at once on one host, which takes a few'

expensive=${RESUTIL_TEST_EXPENSIVE:-}

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

test_lazy_prereq EXPENSIVE 'test -n "$expensive"'

# Beyond two that are logging in each new connection is dropped, and a
# connection has three sessions.
test_expect_success 'setup: a host that takes little at once' '
	start_sshd "MaxStartups 2:100:2" "MaxSessions 3" &&
	mkdir "$SSH_STORES/lab" &&
	resutil -q init --storage-type=ssh -o host=lab \
		-o path="$SSH_STORES/lab" p
'

# push_at_once N: as many machines would, each by a connection of its own
push_at_once () {
	rm -f status.* && pids= &&
	for i in $(seq "$1")
	do
		{
			resutil -q -C p push "exp $i" >"out.$i" 2>"err.$i"
			echo $? >"status.$i"
		} &
		pids="$pids $!"
	done &&
	wait $pids &&
	cat err.* >errors && test_must_be_empty errors &&
	cat status.* | sort -u >all && echo 0 >want && test_cmp want all
}

make_exps () {
	for i in $(seq "$1")
	do
		resutil -C p add "exp $i" >/dev/null || return 1
	done
}

test_expect_success 'who is dropped comes again, and nobody fails' '
	make_exps 8 && push_at_once 8 &&
	ls "$SSH_STORES/lab/p" >names && test_line_count = 8 names &&
	test_grep "drop connection" "$SSH_LOG" &&
	test_wait_for 10 ssh_has_no_session
'

test_expect_success 'one push with more workers than the host has sessions' '
	rm -rf "$SSH_STORES/lab/p" p/.resutil/remotes &&
	resutil -q -C p push -A -j 8 >out 2>err && test_must_be_empty err &&
	ls "$SSH_STORES/lab/p" >names && test_line_count = 8 names &&
	rm -rf p/results/* && resutil -q -C p pull -A -j 8 >out 2>err &&
	test_must_be_empty err && ls p/results >names &&
	test_line_count = 8 names
'

test_expect_success EXPENSIVE 'a hundred at once, as sshd is by itself' '
	start_sshd "MaxStartups 10:30:100" "MaxSessions 10" &&
	mkdir "$SSH_STORES/lab" &&
	rm -rf p && resutil -q init --storage-type=ssh -o host=lab \
		-o path="$SSH_STORES/lab" p && make_exps 100 && push_at_once 100 &&
	ls "$SSH_STORES/lab/p" >names && test_line_count = 100 names
'

test_done
