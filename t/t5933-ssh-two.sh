#!/bin/sh

test_description='ssh: two machines put and change one name

Each is a process of its own with a connection of its own. One of them wins, the
others are told so, and all that is seen is whole.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

test_expect_success setup '
	start_sshd && ssh_shared &&
	mkdir "$SSH_STORES/s" && STORE=$(ssh_url lab s) &&
	for i in 1 2 3
	do
		yes "of machine $i" | head -c 60000 >from$i || return 1
	done
'

# race COMMAND: by three at once, each with its number; `won` has those that
# did, all others were told of a conflict
race () {
	rm -f status* && pids= &&
	for i in 1 2 3
	do
		{
			"$@" $i >out$i 2>err$i
			echo $? >status$i
		} &
		pids="$pids $!"
	done && wait $pids &&
	for i in 1 2 3
	do
		read -r status <status$i &&
		case $status in
		0) echo $i ;;
		14) ;;
		*) cat err$i >&2; return 1 ;;
		esac || return 1
	done >won
}

put_absent () {
	resutil put-object --remote="$STORE" --absent "$name" from$1
}
put_version () {
	resutil put-object --remote="$STORE" --version="$version" "$name" \
		from$1
}
put_any () {
	resutil put-object --remote="$STORE" "$name" from$1
}
is_from () {
	test_cmp "from$1" "$SSH_STORES/s/$name"
}

test_expect_success 'of three that put what must be absent one wins' '
	for name in a b/c
	do
		race put_absent && test_line_count = 1 won &&
		is_from "$(cat won)" || return 1
	done
'

test_expect_success 'of three that replace one version one wins' '
	for name in a b/c
	do
		version=$(resutil list-objects --remote="$STORE" "$name" |
			cut -f2) &&
		race put_version && test_line_count = 1 won &&
		is_from "$(cat won)" || return 1
	done
'

test_expect_success 'three that replace whatever is there all do' '
	name=a && race put_any && test_line_count = 3 won &&
	{ is_from 1 || is_from 2 || is_from 3; } >/dev/null 2>&1
'

remove () {
	resutil remove-object --remote="$STORE" --version="$version" "$name"
}
remove_or_put () {
	case $1 in
	1) remove ;;
	*) put_version $1 ;;
	esac
}

test_expect_success 'a removal and two puts of one version: one of them' '
	name=b/c &&
	version=$(resutil list-objects --remote="$STORE" "$name" | cut -f2) &&
	race remove_or_put && test_line_count = 1 won &&
	case $(cat won) in
	1) test_path_is_missing "$SSH_STORES/s/$name" ;;
	*) is_from "$(cat won)" ;;
	esac &&
	find "$SSH_STORES/s" -name ".resutil-*" ! -name .resutil-ssh-lock \
		>left && test_must_be_empty left
'

test_done
