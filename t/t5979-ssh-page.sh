#!/bin/sh

test_description='the examples of resutil-ssh(7) do what the page says'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-examples.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

page=$SOURCE_DIRECTORY/Documentation/resutil-ssh.adoc

test_expect_success 'setup: a host' '
	start_sshd && ssh_shared && mkdir "$SSH_HOME/results-store"
'

test_expect_success PYTHON 'share through a host' '
	TZ=Asia/Tokyo && export TZ && test_set_now 1720088155 &&
	test_when_finished "TZ=UTC; unset RESUTIL_TEST_NOW" &&
	prepare_examples page && run_examples page "$page" &&
	unzip -qt "$SSH_HOME/results-store/project/"*_baseline.zip
'

# What a login shell sees, by the page: as a person would try it.
test_expect_success 'the line that login shells get is the one of the page' '
	line=$(grep "^exec sh -c .IFS" "$page") && test -n "$line" &&
	for host in lab $(sed -n "s/^\(lab-[a-z]*\) .*/\1/p" "$SSH_DIR/ports" |
		grep -v nologin)
	do
		echo "echo it works; exit" | ssh "$host" "$line" >out &&
		echo "it works" >want && test_cmp want out || return 1
	done &&
	test_must_fail ssh lab-nologin "$line" </dev/null
'

test_expect_success 'the configurations of the page are what ssh takes' '
	awk "/^----\$/ { inside = !inside; next }
		inside && /^(Host|	)/" "$page" >config &&
	test_grep "^Host lab" config && test_grep "ControlPersist 8h" config &&
	ssh -F config -G lab >out && test_grep "^hostname lab.example.org" out
'

# A group shares it: what is put there is the group of the directory, and to
# be written by it, whatever the umask of who logs in.
test_expect_success 'rights are those of the directory' '
	group=$(id -G | tr " " "\n" | tail -n 1) &&
	mkdir shared && mkdir "$SSH_STORES/shared" &&
	chgrp "$group" "$SSH_STORES/shared" && chmod 2775 "$SSH_STORES/shared" &&
	ssh_remote "umask 077" && test_when_finished ssh_remote &&
	resutil -q init --storage-type=ssh -o host=lab \
		-o path="$SSH_STORES/shared" shared && cd shared &&
	resutil add one >name && resutil -q push -A &&
	stat -c "%a %g" "$SSH_STORES/shared/shared" \
		"$SSH_STORES/shared/shared/$(cat name).zip" >out &&
	printf "%s $group\n" 2775 664 >want && test_cmp want out &&
	chmod 2700 "$SSH_STORES/shared" &&
	resutil add two >name && resutil -q push -A &&
	test "$(stat -c %a "$SSH_STORES/shared/shared/$(cat name).zip")" = 600
'

test_done
