#!/bin/sh
test_description='ssh: hosts and connections that fail'
expensive=${RESUTIL_TEST_EXPENSIVE:-}
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

test -z "$expensive" || test_set_prereq EXPENSIVE

# refused CODE WORDS HOST [OPTION...]: one line with that code and these words,
# soon, and nothing left.
refused () {
	test_code=$1 test_words=$2 &&
	shift 2 &&
	case "$test_code" in
	credentials)	test_status=11 ;;
	conflict)	test_status=14 ;;
	*)		test_status=12 ;;
	esac &&
	test_expect_code $test_status timeout 30 ssh-tool "$@" \
		</dev/null >out 2>err &&
	test_must_be_empty out &&
	test_line_count = 1 err &&
	test_grep "^$test_code: cannot reach .*$test_words" err &&
	test_dir_is_empty "$TMPDIR"
}

# with_config FILE <<LINES: an ssh_config whose LINES come before those of the
# server's hosts.
with_config () {
	{
		cat &&
		cat "$SSH_CONFIG"
	} >"$1"
}

test_expect_success 'setup' '
	start_sshd "MaxSessions 2" &&
	ssh_proxy
'

test_expect_success 'a host key that is not known' '
	with_config new <<-\END &&
	Host lab
		UserKnownHostsFile none-yet
	END
	refused unreachable "not known here; run .ssh lab. once by hand" \
		--config="$PWD/new" lab &&
	test_path_is_missing none-yet
'

test_expect_success 'one that is not known is taken where the user says so' '
	with_config accept <<-END &&
	Host lab
		StrictHostKeyChecking accept-new
		UserKnownHostsFile $PWD/accepted
	END
	ssh-tool --config="$PWD/accept" lab "echo hello" </dev/null >out 2>err &&
	test_grep hello out &&
	test_must_be_empty err &&
	test_grep "^lab ssh-ed25519" accepted
'

test_expect_success 'where ~/.ssh is missing, and cannot be made' '
	: >file &&
	with_config nowhere <<-END &&
	Host lab
		StrictHostKeyChecking accept-new
		UserKnownHostsFile $PWD/file/.ssh/known_hosts
	END
	ssh-tool --config="$PWD/nowhere" lab "echo hello" </dev/null >out &&
	test_grep hello out &&
	sed "s/accept-new/ask/" nowhere >nowhere2 &&
	refused unreachable "not known here" --config="$PWD/nowhere2" lab
'

test_expect_success 'a host key that changed' '
	ssh-keygen -q -t ed25519 -N "" -f other &&
	printf "lab %s\n" "$(cut -d" " -f1,2 other.pub)" >changed &&
	for strict in ask yes no off accept-new
	do
		with_config "changed-$strict" <<-END &&
		Host lab
			StrictHostKeyChecking $strict
			UserKnownHostsFile $PWD/changed
		END
		cp changed before &&
		refused unreachable "another one than known_hosts has" \
			--config="$PWD/changed-$strict" lab &&
		test_cmp before changed || return 1
	done
'

test_expect_success 'a host key that was revoked' '
	printf "@revoked lab %s\n" "$(cut -d" " -f1,2 "$SSH_DIR/host_key.pub")" \
		>revoked &&
	with_config revoking <<-END &&
	Host lab
		UserKnownHostsFile $PWD/revoked
	END
	refused unreachable "host key was revoked" --config="$PWD/revoking" lab
'

test_expect_success 'a key that is not let in: nothing is asked for' '
	with_config stranger <<-END &&
	Host lab
		IdentityFile $PWD/other
		PreferredAuthentications publickey,password,keyboard-interactive
	END
	sed -e "/IdentityFile.*server/d" stranger >stranger2 &&
	refused credentials "let in; .ssh lab. has to work without a question" \
		--config="$PWD/stranger2" lab
'

test_expect_success 'a key with a passphrase: nothing is asked for' '
	cp "$SSH_DIR/key" locked &&
	ssh-keygen -q -p -P "" -N "pass phrase" -f locked &&
	{
		printf "Host lab\n\tIdentityFile %s\n" "$PWD/locked" &&
		sed "/IdentityFile.*server/d" "$SSH_CONFIG"
	} >config-locked &&
	refused credentials "none of our keys" \
		--config="$PWD/config-locked" lab
'

test_expect_success 'a private key that others can read' '
	cp "$SSH_DIR/key" readable &&
	chmod 644 readable &&
	{
		printf "Host lab\n\tIdentityFile %s\n" "$PWD/readable" &&
		sed "/IdentityFile.*server/d" "$SSH_CONFIG"
	} >config-readable &&
	refused credentials "private key that others can read" \
		--config="$PWD/config-readable" lab
'

test_expect_success 'no such user there' '
	refused credentials "none of our keys" --user=no-such-user lab
'

test_expect_success 'no such host' '
	refused unreachable "no host of that name" no-such-host.invalid
'

test_expect_success 'words that are no host' '
	for host in "" -oProxyCommand=true "a b" "\$(x)" "a;b"
	do
		test_expect_code 129 ssh-tool -- "$host" </dev/null >out 2>err &&
		test_must_be_empty out || return 1
	done &&
	test_expect_code 129 ssh-tool --user=-x lab </dev/null
'

test_expect_success 'a port where nobody listens' '
	refused transient "the connection was refused" \
		--port="$(free_port)" lab
'

test_expect_success 'a server that closes at once' '
	test_when_finished ssh_proxy_rules &&
	ssh_proxy_rules refuse &&
	refused transient "the connection was cut" lab-proxy
'

test_expect_success 'a server that is none' '
	test_new_server &&
	start_server "$test_server_dir/port" /usr/bin/python3 -c "
import os, socket, sys
s = socket.create_server((\"127.0.0.1\", 0))
with open(sys.argv[1] + \".new\", \"w\") as f:
    f.write(str(s.getsockname()[1]))
os.rename(sys.argv[1] + \".new\", sys.argv[1])
while True:
    c = s.accept()[0]
    c.sendall(b\"HTTP/1.1 200 OK\\r\\n\\r\\nhello\\r\\n\" * 2000)
    c.close()" "$test_server_dir/port" &&
	refused transient "" --port="$(cat "$test_server_dir/port")" lab
'

# It says 2.3 KB until a session stands, and 4 in the other direction.
test_expect_success 'a connection that freezes while it is made' '
	test_when_finished ssh_proxy_rules &&
	for at in 0 30 800 1500
	do
		ssh_proxy_rules freeze-down=$at &&
		refused transient "did not answer\|does not answer" \
			--timeout=1 lab-proxy || return 1
	done
'

test_expect_success 'a connection that is cut while it is made' '
	test_when_finished ssh_proxy_rules &&
	for at in 0 20 41 700 1500 1900
	do
		ssh_proxy_rules down=$at rst &&
		refused transient "" lab-proxy &&
		ssh_proxy_rules up=$at &&
		refused transient "" lab-proxy || return 1
	done
'

test_expect_success EXPENSIVE 'one that is cut at any byte' '
	test_when_finished ssh_proxy_rules &&
	for at in $(seq 7 61 2500)
	do
		ssh_proxy_rules down=$at &&
		test_might_fail timeout 20 ssh-tool lab-proxy "echo hello" \
			</dev/null >out 2>err &&
		if test $test_got_code = 0
		then
			test_grep hello out
		else
			test $test_got_code = 12 &&
			test_grep "^transient: cannot reach" err
		fi &&
		ssh_proxy_rules up=$at &&
		test_might_fail timeout 20 ssh-tool lab-proxy "echo hello" \
			</dev/null >out 2>err &&
		if test $test_got_code = 0
		then
			test_grep hello out
		else
			test $test_got_code = 12 &&
			test_grep "^transient: cannot reach" err
		fi || return 1
	done &&
	test_dir_is_empty "$TMPDIR"
'

test_expect_success 'a connection that is cut once it stands' '
	test_when_finished ssh_proxy_rules &&
	for at in 60000 200000 900000
	do
		ssh_proxy_rules down=$at &&
		test_expect_code 12 ssh-tool lab-proxy \
			"head -c 1000000 /dev/zero" </dev/null >out 2>err &&
		test_grep "^transient: cannot reach .lab-proxy. by ssh" err &&
		test_line_count = 1 err &&
		test "$(($(wc -c <out)))" -lt 1000000 || return 1
	done &&
	ssh_proxy_rules up=60000 rst &&
	head -c 1000000 /dev/zero >zeros &&
	test_expect_code 12 ssh-tool lab-proxy "head -c 1000000" \
		<zeros >out 2>err &&
	test_grep "^transient: " err &&
	test_dir_is_empty "$TMPDIR"
'

test_expect_success 'a connection that freezes once it stands' '
	test_when_finished ssh_proxy_rules &&
	with_config alive <<-\END &&
	Host lab-proxy
		ServerAliveInterval 1
		ServerAliveCountMax 2
	END
	ssh_proxy_rules freeze-down=60000 &&
	test_expect_code 12 timeout 30 ssh-tool --config="$PWD/alive" \
		lab-proxy "head -c 1000000 /dev/zero" </dev/null >out 2>err &&
	test_grep "^transient: .*does not answer any more" err
'

test_expect_success 'the next session makes a connection anew' '
	test_when_finished ssh_proxy_rules &&
	ssh_proxy_rules times=1 down=5000 &&
	test_might_fail ssh-tool --hold=2 lab-proxy \
		"seq 3000; IFS= read -r a" </dev/null >out 2>err &&
	test_line_count = 1 out &&
	echo "2 open" >expect &&
	test_cmp expect out
'

test_expect_success 'as many sessions as there may be' '
	ssh-tool --hold=2 lab "IFS= read -r a" </dev/null >out 2>err &&
	echo "2 open" >expect &&
	test_cmp expect out &&
	test_must_be_empty err &&
	test_expect_code 14 ssh-tool --hold=3 lab "IFS= read -r a" \
		</dev/null >out 2>err &&
	test_cmp expect out &&
	test_grep "^conflict: .*takes no more sessions at once" err &&
	test_line_count = 1 err
'

test_expect_success 'a session that is killed is free again' '
	ssh-tool --hold=2 --kill-one lab "IFS= read -r a" </dev/null >out 2>err &&
	echo "2 open" >expect &&
	test_cmp expect out &&
	test_must_be_empty err
'

test_expect_success 'a configuration that is wrong' '
	with_config wrong <<-\END &&
	NoSuchOption yes
	END
	refused unreachable "onfiguration option" --config="$PWD/wrong" lab &&
	refused unreachable "config file" --config="$PWD/none" lab
'

test_expect_success 'blanks and odd letters in the path of ssh_config' '
	mkdir "a dir% \"\$x" &&
	cp "$SSH_CONFIG" "a dir% \"\$x/my config" &&
	ssh-tool --config="$PWD/a dir% \"\$x/my config" lab "echo hello" \
		</dev/null >out &&
	test_grep hello out
'

test_expect_success 'a TMPDIR too long, or too odd, for a socket' '
	long=$PWD/$(printf "%0100d" 0) &&
	mkdir "$long" "an odd \$x %h" &&
	for dir in "$long" "$PWD/an odd \$x %h" /nonexistent relative
	do
		TMPDIR=$dir ssh-tool lab "echo hello" </dev/null >out &&
		test_grep hello out || return 1
	done &&
	test_dir_is_empty "$long"
'

test_expect_success 'settings that would get into our way' '
	with_config odd <<-END &&
	Host lab
		RemoteCommand echo never
		RequestTTY yes
		PermitLocalCommand yes
		LocalCommand touch "$PWD/ran"
		ForwardAgent yes
		ForwardX11 yes
		LocalForward 127.0.0.1:1 127.0.0.1:2
		ExitOnForwardFailure yes
		StdinNull yes
		ForkAfterAuthentication yes
		SessionType none
		LogLevel QUIET
	END
	ssh-tool --config="$PWD/odd" lab "echo hello" </dev/null >out 2>err &&
	echo hello >expect &&
	test_cmp expect out &&
	test_must_be_empty err &&
	test_path_is_missing ran &&
	# also what it says of a failure
	refused credentials "none of our keys" --config="$PWD/odd" \
		--user=nobody-here lab
'

test_expect_success 'no ssh here' '
	mkdir empty &&
	ln -s "$(command -v ssh-tool)" "$(command -v sh)" empty/ &&
	test_expect_code 12 env PATH="$PWD/empty" ssh-tool lab \
		</dev/null >out 2>err &&
	test_grep "^unreachable: .*no program .ssh. here; install" err
'

test_expect_success 'nothing is left, here or there' '
	test_dir_is_empty "$TMPDIR" &&
	test_wait_for 10 ssh_has_no_session
'

test_done
