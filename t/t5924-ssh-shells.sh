#!/bin/sh
test_description='ssh: whatever shells a host has'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

start_sshd && ssh_shared && mkdir "$SSH_STORES/store" || exit 1
store=$SSH_STORES/store
key="new/ it\\s 'a'
b?"
printf "one\ntwo" >content

# A login shell only starts sh.
lists () {
	resutil list-objects -z --remote "$(ssh_url "$1" store)" >listed &&
	test_cmp_bin want listed
}

does_all () {
	url=$(ssh_url "$1" store) &&
	resutil put-object --remote "$url" "$key" content &&
	test_cmp_bin content "$store/$key" &&
	resutil get-object --remote "$url" --offset=2 "$key" >got &&
	printf "e\ntwo" >end && test_cmp_bin end got &&
	resutil remove-object --remote "$url" "$key" &&
	test_path_is_missing "$store/$key" && lists "$1"
}

test_expect_success 'setup' '
	printf x >"$store/\$of \\ it" && printf y >"$store/z
" &&
	resutil list-objects -z --remote "dir:$store" >want &&
	ssh_rc "Welcome! Your quota: 5%"
'

for shell in $SSH_SHELLS
do
	command -v "$shell" >/dev/null || continue
	test_expect_success "a login shell may be $shell, and its start-up files noisy" '
		lists "lab-$shell"
	'
done

test_expect_success 'setup: quiet again' '
	ssh_rc
'

for shell in bash busybox mksh ksh93 zsh posh yash
do
	path=$(command -v "$shell") || continue
	# a second name, where a program looks at the first to know what it is
	test_expect_success "sh may be $shell" '
		mkdir -p "$SSH_DIR/sh-$shell" &&
		ln -s "$path" "$SSH_DIR/sh-$shell/sh" &&
		ssh_remote "PATH=\"$SSH_DIR/sh-$shell:\$PATH\"" &&
		does_all lab
	'
done

# Variables that other programs than ours understand.
test_expect_success 'the environment there does not matter' '
	ssh_remote "export POSIXLY_CORRECT=1 QUOTING_STYLE=c CDPATH=/usr:/tmp" \
		"export IFS=/ LC_ALL=ja_JP.UTF-8 LANG=ja_JP.UTF-8 TZ=Asia/Tokyo" \
		"export ENV=/nowhere BASH_ENV=/nowhere TIME_STYLE=full-iso" \
		"umask 077; set -u" &&
	does_all lab-dash && does_all lab
'

test_done
