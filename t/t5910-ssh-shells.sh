#!/bin/sh
test_description='ssh: a POSIX shell there, whatever login shell starts it'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

# All that a quoting mistake would break, one line, and the end of the session.
cat >script <<\EOF
a='one line
and "another" one, with $HOME, `ls`, \n \\ !x %s * ~'
printf '%s\n' "$a"
echo said on stderr >&2
IFS= read -r line
printf '<%s>\n' "$line"
case $line in esac
exit 3
EOF
cat >expect <<\EOF
one line
and "another" one, with $HOME, `ls`, \n \\ !x %s * ~
<  a 'line' of "stdin" with \n $x !y  >
EOF
printf '%s\n' "  a 'line' of \"stdin\" with \\n \$x !y  " >in

talk () {
	test_expect_code 3 ssh-tool "$1" "$(cat script)" <in >out 2>err &&
	test_cmp expect out &&
	echo "there: said on stderr" >expect.err &&
	test_cmp expect.err err
}

test_expect_success 'setup' '
	start_sshd
'

test_expect_success 'every login shell can start it' '
	for shell in $SSH_SHELLS
	do
		echo "# $shell" && talk lab-$shell || return 1
	done
'

test_expect_success 'start-up files may print on stdout and stderr' '
	test_when_finished ssh_rc &&
	ssh_rc "Welcome to \$(echo the) lab! ~" &&
	printf "and no newline" >>"$SSH_HOME/motd" &&
	for shell in bash zsh fish tcsh
	do
		# it does print
		env -u SHLVL HOME="$SSH_HOME" SSH_CLIENT=x $shell -c "echo x" >noise 2>&1 &&
		test_grep Welcome noise &&
		echo "# $shell" && talk lab-$shell || return 1
	done
'

test_expect_success 'start-up files that fail, or show what they do' '
	test_when_finished ssh_rc &&
	printf "%s\n" "set -v" "set -x" "no-such-command" "false" \
		>"$SSH_HOME/.bashrc" &&
	talk lab
'

test_expect_success 'start-up files that close stderr' '
	test_when_finished ssh_rc &&
	echo "exec 2>/dev/null" >"$SSH_HOME/.bashrc" &&
	test_expect_code 3 ssh-tool lab "$(cat script)" <in >out 2>err &&
	test_cmp expect out &&
	test_must_be_empty err
'

test_expect_success 'start-up files that print without end' '
	test_when_finished ssh_rc &&
	echo "yes I print too much" >"$SSH_HOME/.bashrc" &&
	test_expect_code 12 ssh-tool lab "$(cat script)" <in >out 2>err &&
	test_must_be_empty out &&
	test_grep "^unreachable: .*start-up files print more than 64 KiB" err &&
	test_grep "I print too much" err &&
	test_line_count = 1 err
'

test_expect_success 'start-up files that end the shell, with escapes' '
	test_when_finished ssh_rc &&
	printf "printf \"go\\\\033[2Jaway\\\\n\"\nexit 0\n" \
		>"$SSH_HOME/.bashrc" &&
	test_expect_code 12 ssh-tool lab "$(cat script)" <in >out 2>err &&
	test_must_be_empty out &&
	test_grep "^unreachable: no POSIX shell answers at .lab.*go" err &&
	test_grep ! "$(printf "\033")" err
'

test_expect_success 'an account without a shell' '
	test_expect_code 12 ssh-tool lab-nologin <in >out 2>err &&
	test_must_be_empty out &&
	test_grep "^unreachable: no POSIX shell answers at .lab-nologin" err
'

test_expect_success 'no sh on PATH there' '
	test_when_finished ssh_remote &&
	ssh_remote "PATH=/nonexistent" &&
	test_expect_code 12 ssh-tool lab-tcsh <in >out 2>err &&
	test_grep "^unreachable: no POSIX shell answers at .lab-tcsh" err
'

test_expect_success 'every sh will do, without a program beside it' '
	test_when_finished ssh_remote &&
	echo a line of stdin >plain &&
	for sh in dash bash mksh ksh "busybox sh"
	do
		ssh_tools sh="$sh" &&
		# printf is none of the builtins of mksh
		ssh-tool lab "IFS= read -r a; echo \"\$a\"" <plain >out &&
		test_cmp plain out || return 1
	done
'

test_expect_success 'a script of any length' '
	i=0 &&
	while test $i -lt 400
	do
		i=$((i + 1)) &&
		echo "v$i=\"a line of a long script, which is number $i\"" ||
		return 1
	done >long &&
	echo "read -r line; echo \$v1; echo \$v400" >>long &&
	ssh-tool lab "$(cat long)" <in >out &&
	echo "a line of a long script, which is number 1" >expect.long &&
	echo "a line of a long script, which is number 400" >>expect.long &&
	test_cmp expect.long out
'

test_expect_success 'megabytes to and fro, any byte' '
	/usr/bin/python3 -c "
import sys
sys.stdout.buffer.write(bytes(range(256)) * 1024)" >all &&
	ssh-tool --repeat=16 lab "head -c 4194304" <all >out &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
	do
		cat all || return 1
	done >expect.all &&
	test_cmp_bin expect.all out
'

test_expect_success 'what is printed before all was read stops nobody' '
	ssh-tool --repeat=4 lab "head -c 500000 /dev/zero; head -c 1048576" \
		<all >out &&
	test "$(($(wc -c <out)))" = 1548576
'

test_expect_success 'what nobody reads there is not waited for' '
	test_might_fail timeout 20 ssh-tool --repeat=64 lab \
		"echo enough; exec <&-; exit 0" <all >out 2>err &&
	test $test_got_code != 124
'

test_expect_success 'a script that is killed there' '
	test_expect_code 12 ssh-tool lab "echo first; kill -9 \$\$" \
		<in >out 2>err &&
	echo first >expect.first &&
	test_cmp expect.first out &&
	test_grep "^transient: " err
'

test_expect_success 'of much on stderr the end is kept' '
	ssh-tool lab "seq 20000 >&2; echo done; echo last >&2" \
		<in >out 2>err &&
	echo done >expect.done &&
	test_cmp expect.done out &&
	test "$(wc -c <err)" -lt 20000 &&
	tail -n 1 err >last &&
	echo "there: last" >expect.last &&
	test_cmp expect.last last
'

test_expect_success 'nothing of the script is seen among the processes' '
	mkfifo wait &&
	{
		ssh-tool --hold=1 lab "secret=xyzzy-plugh; read -r a" \
			<wait >held 2>err &
	} &&
	pid=$! &&
	exec 9>wait &&
	test_when_finished "exec 9>&-; kill $pid 2>/dev/null || :" &&
	test_wait_for 10 test -s held &&
	for process in $(ssh_processes) $(grep -lx ssh /proc/[0-9]*/comm |
		sed "s,/proc/,,; s,/.*,,")
	do
		tr "\\000" " " </proc/$process/cmdline && echo
	done >seen 2>/dev/null
	test_grep "IFS= read -r a; eval" seen &&
	test_grep ! xyzzy seen &&
	exec 9>&- &&
	wait $pid
'

test_expect_success 'nothing is left, here or there' '
	test_dir_is_empty "$TMPDIR" &&
	test_wait_for 10 ssh_has_no_session
'

test_done
