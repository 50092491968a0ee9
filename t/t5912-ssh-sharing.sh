#!/bin/sh
test_description='ssh: one connection for many sessions, and who may be asked'
expensive=${RESUTIL_TEST_EXPENSIVE:-}
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

test -z "$expensive" || test_set_prereq EXPENSIVE

# made N: so many connections, which the server writes down a little later.
made () {
	test_wanted=$1
	test_wait_for 5 test_are_made || {
		echo >&4 "error: $((test_made - ${test_before:-0}))" \
			"connections, not $1"
		return 1
	}
}

test_are_made () {
	test_made=$(grep -c "^Accepted publickey" "$SSH_LOG")
	test $((test_made - ${test_before:-0})) = "$test_wanted" || return 1
	test_before=$test_made
}

# What it started knows our TMPDIR.
no_client_is_left () {
	grep -lzx "RESUTIL_TEST_MARK=$$" /proc/[0-9]*/environ >marked 2>/dev/null
	while read -r environ
	do
		case $(cat "${environ%environ}comm" 2>/dev/null) in
		ssh|sh) return 1 ;;
		esac
	done <marked
}

a_client_is_there () {
	! no_client_is_left
}

test_expect_success 'setup' '
	start_sshd "MaxSessions 100" && ssh_proxy
'

test_expect_success 'many threads begin at once: one connection' '
	ssh-tool --threads=12 lab "echo one line" </dev/null >out 2>err &&
	test_line_count = 12 out &&
	test_must_be_empty err &&
	made 1
'

test_expect_success 'sessions one after the other: one connection' '
	ssh-tool --rounds=4 lab "echo one line" </dev/null >out 2>err &&
	test_line_count = 4 out &&
	test_must_be_empty err &&
	made 1
'

test_expect_success 'sessions that are killed one after the other, too' '
	ssh-tool --rounds=4 --kill lab "IFS= read -r a" </dev/null 2>err &&
	test_must_be_empty err &&
	made 1 &&
	ssh-tool --threads=6 --kill lab "IFS= read -r a" </dev/null 2>err &&
	test_must_be_empty err &&
	made 1
'

test_expect_success 'threads share also that it cannot be made' '
	test_when_finished ssh_proxy_rules &&
	ssh_proxy_rules freeze-down=30 &&
	before=$(date +%s) &&
	test_expect_code 12 ssh-tool --threads=12 --timeout=1 lab-proxy \
		</dev/null >out 2>err &&
	test $(($(date +%s) - before)) -lt 10 &&
	test_line_count = 12 err &&
	sort -u err >different &&
	test_line_count = 1 different
'

test_expect_success 'threads whose connection is cut make one again' '
	test_when_finished ssh_proxy_rules &&
	ssh_proxy_rules down=2500 times=1 &&
	test_might_fail ssh-tool --threads=6 lab-proxy "seq 100" \
		</dev/null >out 2>err &&
	# all of it, or an error
	test $(($(wc -l <out) + 100 * $(wc -l <err))) -ge 600 &&
	test_dir_is_empty "$TMPDIR" &&
	test_wait_for 5 ssh_has_no_session &&
	test_before=$(grep -c "^Accepted publickey" "$SSH_LOG")
'

test_expect_success 'killed with -9: no process and no socket is left' '
	mkfifo wait &&
	{
		RESUTIL_TEST_MARK=$$ ssh-tool --hold=3 lab "IFS= read -r a" \
			<wait >held 2>err &
	} &&
	pid=$! &&
	exec 9>wait &&
	test_wait_for 10 test -s held &&
	made 1 &&
	ls "$TMPDIR" >dirs &&
	test_line_count = 1 dirs &&
	ls "$TMPDIR"/*/* &&
	kill -9 $pid &&
	exec 9>&- &&
	test_wait_for 10 ssh_has_no_session &&
	test_wait_for 10 test_dir_is_empty "$TMPDIR" &&
	test_wait_for 10 no_client_is_left
'

test_expect_success 'ended by a signal, in the midst of connecting' '
	test_when_finished ssh_proxy_rules &&
	ssh_proxy_rules freeze-down=30 &&
	for signal in TERM HUP KILL
	do
		RESUTIL_TEST_MARK=$$ ssh-tool lab-proxy </dev/null 2>err &
		pid=$! &&
		test_wait_for 10 a_client_is_there &&
		kill -$signal $pid &&
		test_wait_for 10 test_dir_is_empty "$TMPDIR" &&
		test_wait_for 10 no_client_is_left || return 1
	done
'

test_expect_success 'what was left all the same is swept up by the next one' '
	for left in free held other
	do
		mkdir "$TMPDIR/resutil-ssh.$left" || return 1
	done &&
	/usr/bin/python3 -c "
import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])" \
		"$TMPDIR/resutil-ssh.free/s" &&
	: >"$TMPDIR/resutil-ssh.other/file" &&
	ln -s "$PWD" "$TMPDIR/resutil-ssh.link" &&
	flock "$TMPDIR/resutil-ssh.held" ssh-tool lab "echo hello" \
		</dev/null &&
	test_made=$(ls "$TMPDIR" | tr "\n" " ") &&
	rm -rf "$TMPDIR"/* &&
	test "$test_made" = \
		"resutil-ssh.held resutil-ssh.link resutil-ssh.other " &&
	made 1
'

test_expect_success 'a connection of the user is used where it stands' '
	sockets=$(mktemp -d /tmp/resutil-test.XXXXXX) &&
	test_when_finished "rm -rf \"$sockets\"" &&
	{
		printf "Host lab\n\tControlPath %s/%%h-%%p\n" "$sockets" &&
		cat "$SSH_CONFIG"
	} >theirs &&
	ssh -F theirs -M -N -f -o ControlPersist=no lab &&
	made 1 &&
	ssh-tool --config="$PWD/theirs" --threads=3 lab "echo shared" \
		</dev/null >out 2>err &&
	test_line_count = 3 out &&
	test_must_be_empty err &&
	test_dir_is_empty "$TMPDIR" &&
	# it stays
	ssh -F theirs -O check lab &&
	made 0 &&
	ssh -F theirs -O exit lab &&
	# and when it is gone, we have our own
	ssh-tool --config="$PWD/theirs" --threads=3 lab "echo own" \
		</dev/null >out 2>err &&
	test_line_count = 3 out &&
	made 1 &&
	test_dir_is_empty "$sockets"
'

test_expect_success 'one that is to stay behind is made, and stays' '
	sockets=$(mktemp -d /tmp/resutil-test.XXXXXX) &&
	test_when_finished "rm -rf \"$sockets\"" &&
	{
		printf "Host lab\n\tControlPath %s/%%h-%%p\n" "$sockets" &&
		printf "\tControlMaster auto\n\tControlPersist 60\n" &&
		cat "$SSH_CONFIG"
	} >theirs &&
	ssh-tool --config="$PWD/theirs" --threads=3 lab "echo shared" \
		</dev/null >out 2>err &&
	test_line_count = 3 out &&
	test_must_be_empty err &&
	made 1 &&
	ssh-tool --config="$PWD/theirs" lab "echo shared" </dev/null >out &&
	made 0 &&
	ssh -F theirs -O exit lab &&
	test_wait_for 10 ssh_has_no_session
'

test_expect_success 'one that would end with us is not made for others' '
	sockets=$(mktemp -d /tmp/resutil-test.XXXXXX) &&
	test_when_finished "rm -rf \"$sockets\"" &&
	{
		printf "Host lab\n\tControlPath %s/%%h-%%p\n" "$sockets" &&
		printf "\tControlMaster auto\n" &&
		cat "$SSH_CONFIG"
	} >theirs &&
	ssh-tool --config="$PWD/theirs" lab "ls -A \"$sockets\"; echo own" \
		</dev/null >out 2>err &&
	echo own >expect &&
	test_cmp expect out &&
	made 1
'

test_expect_success 'a socket that somebody left there' '
	sockets=$(mktemp -d /tmp/resutil-test.XXXXXX) &&
	test_when_finished "rm -rf \"$sockets\"" &&
	/usr/bin/python3 -c "
import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])" "$sockets/s" &&
	{
		printf "Host lab\n\tControlPath %s/s\n" "$sockets" &&
		printf "\tControlMaster auto\n\tControlPersist 5\n" &&
		cat "$SSH_CONFIG"
	} >theirs &&
	ssh-tool --config="$PWD/theirs" lab "echo hello" </dev/null >out 2>err &&
	test_grep hello out &&
	ssh -F theirs -O exit lab &&
	test_before=$(grep -c "^Accepted publickey" "$SSH_LOG")
'

test_expect_success 'setup: a key with a passphrase' '
	cp "$SSH_DIR/key" locked &&
	ssh-keygen -q -p -P "" -N "pass phrase" -f locked &&
	{
		printf "Host lab\n\tIdentityFile %s\n" "$PWD/locked" &&
		sed "/IdentityFile.*server/d" "$SSH_CONFIG"
	} >config-locked
'

test_expect_success 'a person is asked, once' '
	pty-run --in=/dev/null --out=out --screen=screen \
		--expect="passphrase for key" --send="pass phrase\r" \
		ssh-tool --config="$PWD/config-locked" --threads=4 lab \
		"echo let in" &&
	test_line_count = 4 out &&
	grep -c passphrase screen >count &&
	echo 1 >expect &&
	test_cmp expect count &&
	test_dir_is_empty "$TMPDIR"
'

test_expect_success 'a person who does not know it' '
	test_expect_code 11 pty-run --in=/dev/null --out=out --screen=screen \
		--expect="passphrase for key" --send="wrong\r" \
		--expect="passphrase for key" --send="\r" \
		ssh-tool --config="$PWD/config-locked" lab "echo let in" &&
	test_must_be_empty out &&
	test_grep "^credentials: " screen
'

test_expect_success 'a person who gives up' '
	test_expect_code 130 pty-run --in=/dev/null --out=out --screen=screen \
		--expect="passphrase for key" --send="\x03" \
		ssh-tool --config="$PWD/config-locked" lab "echo let in" &&
	test_must_be_empty out &&
	test_wait_for 10 test_dir_is_empty "$TMPDIR"
'

test_expect_success 'nobody is asked where it was said so' '
	test_expect_code 11 env RESUTIL_NO_INTERACTIVE=1 pty-run \
		--in=/dev/null --out=out --screen=screen \
		ssh-tool --config="$PWD/config-locked" lab "echo let in" &&
	test_grep ! "passphrase for" screen
'

test_expect_success 'nor by a program that asks in windows' '
	write_script askpass <<-\END &&
	touch asked
	echo pass phrase
	END
	for require in prefer force
	do
		test_expect_code 11 env SSH_ASKPASS="$PWD/askpass" DISPLAY=:9 \
			SSH_ASKPASS_REQUIRE=$require \
			ssh-tool --config="$PWD/config-locked" lab \
			</dev/null 2>err || return 1
	done &&
	test_path_is_missing asked
'

test_expect_success EXPENSIVE 'a hundred processes at once' '
	pids= &&
	for i in $(seq 100)
	do
		ssh-tool lab "echo hello" </dev/null >out.$i 2>err.$i &
		pids="$pids $!"
	done &&
	for pid in $pids
	do
		wait $pid || return 1
	done &&
	cat out.* >out &&
	test_line_count = 100 out &&
	test_wait_for 30 ssh_has_no_session
'

test_expect_success 'eight processes at once' '
	pids= &&
	for i in 1 2 3 4 5 6 7 8
	do
		ssh-tool --threads=2 lab "echo hello" \
			</dev/null >out.$i 2>err.$i &
		pids="$pids $!"
	done &&
	for pid in $pids
	do
		wait $pid || return 1
	done &&
	cat out.? >out &&
	test_line_count = 16 out
'

test_expect_success 'a server that takes one session at a time' '
	start_sshd "MaxSessions 1" &&
	test_expect_code 14 ssh-tool --hold=2 lab "IFS= read -r a" \
		</dev/null >out 2>err &&
	echo "1 open" >expect &&
	test_cmp expect out &&
	test_grep "^conflict: .*takes no more sessions at once" err &&
	ssh-tool --rounds=3 lab "echo hello" </dev/null >out &&
	test_line_count = 3 out
'

test_expect_success 'a connection of the user that others fill: our own' '
	sockets=$(mktemp -d /tmp/resutil-test.XXXXXX) &&
	test_when_finished "rm -rf \"$sockets\"" &&
	{
		printf "Host lab\n\tControlPath %s/s\n" "$sockets" &&
		printf "\tControlMaster auto\n\tControlPersist 60\n" &&
		cat "$SSH_CONFIG"
	} >theirs &&
	mkfifo fill && {
		ssh -F theirs lab "echo here; cat" <fill >filled 2>&1 &
	} && exec 9>fill && test_wait_for 10 test -s filled &&
	ssh-tool --config="$PWD/theirs" --rounds=3 lab "echo hello" \
		</dev/null >out 2>err &&
	test_must_be_empty err && test_line_count = 3 out &&
	# it stays, and ours goes
	ssh -F theirs -O check lab &&
	exec 9>&- && test_dir_is_empty "$TMPDIR" &&
	ssh -F theirs -O exit lab
'

test_expect_success 'one of the user that has room for one of ours' '
	sockets=$(mktemp -d /tmp/resutil-test.XXXXXX) &&
	test_when_finished "rm -rf \"$sockets\"" &&
	{
		printf "Host lab\n\tControlPath %s/s\n" "$sockets" &&
		printf "\tControlMaster auto\n\tControlPersist 60\n" &&
		cat "$SSH_CONFIG"
	} >theirs &&
	# our own would have room for no more either
	test_expect_code 14 ssh-tool --config="$PWD/theirs" --hold=2 lab \
		"IFS= read -r a" </dev/null >out 2>err &&
	grep -c "^Accepted publickey" "$SSH_LOG" >expect &&
	ssh-tool --config="$PWD/theirs" --rounds=3 lab "echo hello" \
		</dev/null >out && test_line_count = 3 out &&
	grep -c "^Accepted publickey" "$SSH_LOG" >is && test_cmp expect is &&
	ssh -F theirs -O exit lab
'

test_expect_success 'nothing is left, here or there' '
	test_wait_for 10 test_dir_is_empty "$TMPDIR" &&
	test_wait_for 10 ssh_has_no_session
'

test_done
