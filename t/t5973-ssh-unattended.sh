#!/bin/sh

test_description='hosts that are not there, slow or strange, and nobody to ask'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

# fails CODE WORDS COMMAND...: in bounded time, with one line that has the words
fails () {
	fails_code=$1 fails_words=$2 &&
	shift 2 &&
	test_expect_code "$fails_code" timeout 40 resutil -C p "$@" >out 2>err \
		</dev/null &&
	test_grep "$fails_words" err &&
	test_line_count = 1 err && test_must_be_empty out
}

# one_try CODE WORDS HOST: to fetch an experiment, without trying again
one_try () {
	fails "$1" "$2" fetch-exp --patience=0 \
		--remote="ssh://$3$SSH_STORES/lab" aapfup_20240704T191555_x
}

test_expect_success 'setup: hosts that are not as they should be' '
	start_sshd && ssh_proxy && mkdir "$SSH_STORES/lab" &&
	ssh-keygen -q -t ed25519 -N "secret" -f "$SSH_DIR/locked" &&
	ssh-keygen -q -t ed25519 -N "" -f "$SSH_DIR/nobodys" &&
	{ printf "other " && cut -d" " -f1,2 "$SSH_DIR/key.pub"; } \
		>"$SSH_DIR/other_hosts" &&
	{
		cat <<-END &&
		Host lab-closed
			Port $(free_port)
		Host lab-stranger
			IdentityFile "$SSH_DIR/nobodys"
			IdentityFile none
		Host lab-locked
			IdentityFile "$SSH_DIR/locked"
		Host lab-unknown
			HostKeyAlias unknown
			StrictHostKeyChecking ask
		Host lab-other
			HostKeyAlias other
			UserKnownHostsFile "$SSH_DIR/other_hosts"
			StrictHostKeyChecking no
		Host lab-proxy
			ConnectTimeout 2
		Host lab-stranger lab-locked
			HostName 127.0.0.1
			Port $(ssh_port lab)
			HostKeyAlias lab
			User $(id -un)
			IdentitiesOnly yes
			IdentityAgent none
			UserKnownHostsFile "$SSH_DIR/known_hosts"
			GlobalKnownHostsFile /dev/null
		Host lab-unknown lab-other
			Port $(ssh_port lab)
		END
		cat "$SSH_CONFIG"
	} >"$SSH_CONFIG.new" && mv "$SSH_CONFIG.new" "$SSH_CONFIG" &&
	sed -i "s/^Host lab lab-\*/Host lab lab-* !lab-stranger !lab-locked/" \
		"$SSH_CONFIG" &&
	make_conf p && mkdir p/results
'

test_expect_success 'each has its code, and one line that says what to do' '
	one_try 12 "refused; does ssh listen" lab-closed &&
	one_try 11 "let in.*ssh-copy-id" lab-stranger &&
	one_try 11 "let in.*ssh-add" lab-locked &&
	one_try 12 "host key is not known.*once by hand" lab-unknown &&
	one_try 12 "another one than known_hosts has" lab-other &&
	one_try 12 "no POSIX shell" lab-nologin &&
	one_try 12 "no host of that name\|cannot be looked up" nowhere.invalid &&
	sort "$SSH_DIR/known_hosts" >known && test_line_count = 1 known
'

test_expect_success 'a directory that is not there is not an empty store' '
	fails 12 "nothing-here" fetch-exp --patience=0 \
		--remote="ssh://lab$SSH_STORES/nothing-here" \
		aapfup_20240704T191555_x &&
	test_path_is_missing "$SSH_STORES/nothing-here"
'

test_expect_success 'a host that takes the connection and says nothing' '
	ssh_proxy_rules freeze-down=0 &&
	one_try 12 "does not answer\|did not answer" lab-proxy
'

test_expect_success 'porcelain says it once, too, and keeps the run' '
	cat >p/resutil-conf.yaml <<-END &&
	project_name: p
	results_dir: results
	storage_type: ssh
	storage_config: {host: lab-locked, path: $SSH_STORES/lab}
	END
	(
		unset RESUTIL_NO_REMOTE && cd p &&
		resutil -q run -m kept -- true 2>../err </dev/null
	) && test_grep "let in" err && test_line_count -le 2 err &&
	test_expect_code 11 resutil -C p list --format tsv >out 2>err &&
	test_grep kept out &&
	test_grep "let in" err && test_line_count = 1 err &&
	test_expect_code 11 resutil -C p push kept >out 2>err &&
	test_grep "let in" err && resutil -C p status >out 2>err &&
	fails 11 "let in" list-remote && fails 11 "let in" list-objects &&
	test_expect_code 11 resutil -C p fsck --remote >out 2>err &&
	test_expect_code 11 resutil clone "ssh://lab-locked$SSH_STORES/lab/p" q 2>err &&
	test_grep "let in" err && test_path_is_missing q
'

# A terminal is there, and a passphrase is wanted: the person is asked, once.
# Without one nobody is, also where ssh could open a window or a tty.
test_expect_success 'an askpass program is not run without a person' '
	write_script askpass <<-END &&
	echo asked >>"$TRASH_DIRECTORY/asked"
	echo secret
	END
	SSH_ASKPASS=$PWD/askpass SSH_ASKPASS_REQUIRE=force DISPLAY=:0 &&
	export SSH_ASKPASS SSH_ASKPASS_REQUIRE DISPLAY &&
	test_when_finished "unset SSH_ASKPASS SSH_ASKPASS_REQUIRE DISPLAY" &&
	fails 11 "let in" list-remote && test_path_is_missing asked
'

test_done
