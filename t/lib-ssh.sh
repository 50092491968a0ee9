# What tests about ssh share: a server on the loopback interface with a login
# shell for each alias, and a proxy that spoils connections to it. Nobody's
# ~/.ssh is read or written; what a session starts ends with the test file.

. "$TEST_DIRECTORY"/lib-http.sh

for test_var in SSH_AUTH_SOCK SSH_ASKPASS SSH_ASKPASS_REQUIRE SSH_CLIENT \
	SSH_CONNECTION SSH_TTY SSH_ORIGINAL_COMMAND DISPLAY XDG_RUNTIME_DIR
do
	unset "$test_var"
done

# The login shells there are hosts for: `lab` has bash, `lab-fish` fish, ...
SSH_SHELLS="bash dash zsh fish tcsh mksh ksh busybox"

# start_sshd [LINE...]: lines of sshd_config(5) that count before ours, such as
# "MaxSessions 2". Sets
#	SSH_CONFIG	an ssh_config(5) with the hosts lab, lab-SHELL, and
#			lab-nologin, which has no shell at all
#	SSH_STORES	an empty directory for what is stored there
#	SSH_HOME	the HOME that sessions have
#	SSH_LOG		what the server says
#	SSHD_PID, SSH_DIR
# `ssh` on PATH uses SSH_CONFIG from then on, unless it is given another one.
start_sshd () {
	test_new_server && SSH_DIR=$test_server_dir &&
	SSH_CONFIG=$SSH_DIR/config SSH_STORES=$SSH_DIR/stores &&
	SSH_HOME=$SSH_DIR/home SSH_LOG=$SSH_DIR/log &&
	mkdir "$SSH_STORES" "$SSH_HOME" "$SSH_DIR/client" "$SSH_DIR/shells" &&
	: >"$SSH_DIR/remote" &&
	test_ssh_keys && test_ssh_login &&
	# the server wants this directory when it is root's
	if test "$(id -u)" = 0 && ! test -d /run/sshd
	then
		mkdir -p /run/sshd && chmod 755 /run/sshd
	fi &&
	for test_line
	do
		set -- "$@" "--set=$test_line" && shift || return 1
	done &&
	set -- "$@" "$SSH_DIR" lab=/bin/bash lab-nologin=/bin/false &&
	for test_shell in $SSH_SHELLS
	do
		test_path=$(command -v "$test_shell") || continue
		if test "$test_shell" = busybox
		then
			ln -s "$test_path" "$SSH_DIR/shells/ash" &&
			test_path=$SSH_DIR/shells/ash || return 1
		fi
		set -- "$@" "lab-$test_shell=$test_path"
	done &&
	test_server_dir=$SSH_DIR &&
	start_server "$SSH_DIR/ports" /usr/bin/python3 -S \
		"$TEST_DIRECTORY"/helper/ssh-server.py --watch=$$ "$@" &&
	SSHD_PID=$SERVER_PID && test_ssh_config && test_ssh_client
}

test_ssh_keys () {
	ssh-keygen -q -t ed25519 -N "" -C "host of a test" \
		-f "$SSH_DIR/host_key" &&
	ssh-keygen -q -t ed25519 -N "" -C "key of a test" \
		-f "$SSH_DIR/key" &&
	cp "$SSH_DIR/key.pub" "$SSH_DIR/authorized_keys" &&
	{
		printf "lab " &&
		cut -d" " -f1,2 "$SSH_DIR/host_key.pub"
	} >"$SSH_DIR/known_hosts"
}

# Every session begins here: as the login shell of its port would, at a home of
# its own, with what ssh_remote has said.
test_ssh_login () {
	cat >"$SSH_DIR/login" <<-END
	while read -r port shell
	do
		test "\$port" != "\${SSH_CONNECTION##* }" || break
	done <'$SSH_DIR/by-port'
	HOME='$SSH_HOME' SHELL=\$shell PATH=/usr/local/bin:/usr/bin:/bin
	export HOME SHELL PATH
	cd "\$HOME" || exit 1
	# or bash does not take this for a login by ssh
	unset SHLVL port OLDPWD
	. '$SSH_DIR/remote'
	if test -n "\${SSH_ORIGINAL_COMMAND+set}"
	then
		set -- "\$SSH_ORIGINAL_COMMAND"
		unset SSH_ORIGINAL_COMMAND
		exec "\$shell" -c "\$1"
	fi
	exec "\$shell"
	END
}

test_ssh_config () {
	while read -r test_host test_port
	do
		printf "Host %s\n\tPort %s\n" "$test_host" "$test_port" ||
		return 1
	done <"$SSH_DIR/ports" >"$SSH_CONFIG" &&
	cat >>"$SSH_CONFIG" <<-END
	Host lab lab-*
		HostName 127.0.0.1
		HostKeyAlias lab
		User $(id -un)
		IdentityFile "$SSH_DIR/key"
		IdentitiesOnly yes
		IdentityAgent none
		UserKnownHostsFile "$SSH_DIR/known_hosts"
		GlobalKnownHostsFile /dev/null
		HashKnownHosts no
		UpdateHostKeys no
	END
}

test_ssh_client () {
	test_ssh=$(command -v ssh) &&
	write_script "$SSH_DIR/client/ssh" <<-END &&
	exec '$test_ssh' -F '$SSH_CONFIG' "\$@"
	END
	PATH=$SSH_DIR/client:$PATH
}

# ssh_port HOST: that of one of the hosts.
ssh_port () {
	sed -n "s/^$1 //p" "$SSH_DIR/ports"
}

# ssh_url HOST NAME: a store of that name in SSH_STORES, which need not exist.
ssh_url () {
	printf "%s\n" "ssh://$1$SSH_STORES/$2"
}

# ssh_remote [LINE...]: lines of sh that each session from now on begins with,
# before its login shell ("ulimit -f 100"); without: none.
ssh_remote () {
	printf "%s\n" "$@" >"$SSH_DIR/remote.new" &&
	mv "$SSH_DIR/remote.new" "$SSH_DIR/remote"
}

# ssh_powerless: the modes of its own files mean something to each session from
# now on, also to root's. Needs the prereq AS_USER.
ssh_powerless () {
	if test "$(id -u)" != 0
	then
		ssh_remote
		return
	fi
	ssh_remote 'if test -n "${SSH_ORIGINAL_COMMAND+set}"' then \
		'set -- "$SSH_ORIGINAL_COMMAND"' 'unset SSH_ORIGINAL_COMMAND' \
		'exec setpriv --inh-caps=-all --bounding-set=-all \
			"$shell" -c "$1"' fi
}

# ssh_tools [NAME | NAME=PROGRAM]...: sessions from now on find these on PATH,
# and nothing else; `sh` is dash where it is not said. PROGRAM may have words
# behind it: ssh_tools cat rm sh=mksh find="busybox find"
ssh_tools () {
	rm -rf "$SSH_DIR/tools" && mkdir "$SSH_DIR/tools" &&
	ln -s "$(command -v dash)" "$SSH_DIR/tools/sh" &&
	for test_tool
	do
		test_path=${test_tool#*=} test_tool=${test_tool%%=*} &&
		rm -f "$SSH_DIR/tools/$test_tool" &&
		test_found=$(PATH=/usr/local/bin:/usr/bin:/bin &&
			command -v "${test_path%% *}") &&
		case "$test_path" in
		*" "*)
			printf '#!/bin/sh\nexec %s %s "$@"\n' "$test_found" \
				"${test_path#* }" >"$SSH_DIR/tools/$test_tool" &&
			chmod +x "$SSH_DIR/tools/$test_tool" ;;
		*)
			ln -s "$test_found" "$SSH_DIR/tools/$test_tool" ;;
		esac || {
			echo >&4 "error: ssh_tools: no '$test_path' here"
			return 1
		}
	done &&
	ssh_remote "PATH=\"$SSH_DIR/tools\""
}

# ssh_rc [TEXT]: what start-up files of all shells print on stdout, and also on
# stderr; without: there are none.
ssh_rc () {
	rm -rf "$SSH_HOME/.bashrc" "$SSH_HOME/.zshenv" "$SSH_HOME/.tcshrc" \
		"$SSH_HOME/.config" &&
	if test $# != 0
	then
		printf "%s\n" "$1" >"$SSH_HOME/motd" &&
		mkdir -p "$SSH_HOME/.config/fish" &&
		for test_rc in .bashrc .zshenv .tcshrc .config/fish/config.fish
		do
			printf "cat '%s'\nsh -c 'cat \"%s\" >&2'\n" \
				"$SSH_HOME/motd" "$SSH_HOME/motd" \
				>"$SSH_HOME/$test_rc" || return 1
		done
	fi
}

# ssh_processes: the ids of all that the server has started and that lives.
ssh_processes () {
	/usr/bin/python3 -S "$TEST_DIRECTORY"/helper/ssh-processes.py "$SSHD_PID"
}

# ssh_has_no_session: no connection and nothing of one is left there. After a
# while: test_wait_for 10 ssh_has_no_session
ssh_has_no_session () {
	# the first is the server itself
	test "$(ssh_processes | wc -l)" -le 1
}

# ssh_proxy [HOST]: a proxy in front of the port of a host (lab), and a host
# `lab-proxy` that leads to it. Sets SSH_PROXY_PORT, _PID and _LOG (a line for
# each connection that ended, see helper/ssh-proxy.py).
ssh_proxy () {
	test_new_server &&
	SSH_PROXY_RULES=$test_server_dir/rules &&
	SSH_PROXY_LOG=$test_server_dir/log && : >"$SSH_PROXY_LOG" &&
	start_server "$test_server_dir/port" /usr/bin/python3 -S \
		"$TEST_DIRECTORY"/helper/ssh-proxy.py --watch=$$ \
		"$test_server_dir/port" "$(ssh_port "${1:-lab}")" \
		"$SSH_PROXY_RULES" "$SSH_PROXY_LOG" &&
	SSH_PROXY_PID=$SERVER_PID &&
	read -r SSH_PROXY_PORT <"$test_server_dir/port" &&
	{
		printf "Host lab-proxy\n\tPort %s\n" "$SSH_PROXY_PORT" &&
		cat "$SSH_CONFIG"
	} >"$SSH_CONFIG.new" &&
	mv "$SSH_CONFIG.new" "$SSH_CONFIG"
}

# ssh_shared: a connection to a host, once made, serves all commands from here
# on (ControlPersist), as that of a person who logs in once a day: making one
# costs more than what most tests do with it.
ssh_shared () {
	# the name of a socket has at most 108 bytes
	SSH_SOCKETS=$(mktemp -d /tmp/resutil-ssh-test.XXXXXX) &&
	test_atexit "rm -rf \"$SSH_SOCKETS\"" &&
	{
		cat <<-END &&
		Host lab lab-*
			ControlMaster auto
			ControlPath $SSH_SOCKETS/%p
			ControlPersist 120
		END
		cat "$SSH_CONFIG"
	} >"$SSH_CONFIG.new" &&
	mv "$SSH_CONFIG.new" "$SSH_CONFIG"
}

# ssh_proxy_rules [WORD...]: what the proxy does to connections from here on
# ("up=5000 times=1"), see helper/ssh-proxy.py; without: nothing.
ssh_proxy_rules () {
	printf "%s\n" "$*" >"$SSH_PROXY_RULES.new" &&
	mv "$SSH_PROXY_RULES.new" "$SSH_PROXY_RULES" && : >"$SSH_PROXY_LOG"
}

# ssh_proxy_cut: all connections through it, now.
ssh_proxy_cut () {
	kill -USR1 "$SSH_PROXY_PID"
}
