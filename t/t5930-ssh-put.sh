#!/bin/sh

test_description='ssh: changes on hosts that lack something, or are full

The tools that a host has are chosen by its PATH. Each fall-back stores,
replaces and removes as the best tool does, and nothing else is left there.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh
. "$TEST_DIRECTORY"/lib-ssh-tools.sh
. "$TEST_DIRECTORY"/lib-mount.sh

test_expect_success setup '
	start_sshd && ssh_shared &&
	mkdir "$SSH_STORES/s" && STORE=$(ssh_url lab s) &&
	echo one >one && echo two >two && echo three >three &&
	head -c 8500000 /dev/urandom >large
'

put () {
	resutil put-object --remote="$STORE" "$@"
}
get () {
	resutil get-object --remote="$STORE" "$@" >got
}
version_of () {
	resutil list-objects --remote="$STORE" "$1" | cut -f2
}
# nothing but objects, and the lock of the store
test_no_rests () {
	find "$SSH_STORES/s" -name ".resutil-*" ! -name .resutil-ssh-lock \
		>left && test_must_be_empty left
}

all_changes () {
	put --absent "p q/a" one && test_cmp one "$SSH_STORES/s/p q/a" &&
	test_expect_code 14 resutil put-object --remote="$STORE" --absent \
		"p q/a" two &&
	v=$(version_of "p q/a") && put --version="$v" "p q/a" two &&
	test_cmp two "$SSH_STORES/s/p q/a" &&
	test_expect_code 14 resutil put-object --remote="$STORE" \
		--version="$v" "p q/a" three &&
	resutil remove-object --remote="$STORE" "p q/a" &&
	test_path_is_missing "$SSH_STORES/s/p q" && test_no_rests
}
put_large () {
	put --absent "p q/large" large && cmp large "$SSH_STORES/s/p q/large" &&
	rm -r "$SSH_STORES/s/p q" && test_no_rests
}

test_expect_success 'what is in POSIX is enough' '
	test_when_finished ssh_remote &&
	ssh_posix && all_changes && put_large
'

test_expect_success 'md5sum, and a lock by perl' '
	test_when_finished ssh_remote &&
	ssh_posix stat md5sum perl && all_changes
'

test_expect_success 'busybox' '
	test_when_finished ssh_remote &&
	ssh_busybox && all_changes && put_large
'

test_expect_success 'openssl hashes what is large, where it works' '
	test_when_finished ssh_remote &&
	write_script openssl <<-\EOF &&
	echo "$*" >>"$NOTED"
	exec /usr/bin/openssl "$@"
	EOF
	ssh_posix stat sha256sum openssl="$PWD/openssl" &&
	echo "NOTED=$PWD/noted; export NOTED" >>"$SSH_DIR/remote" &&
	put_large && test_line_count -ge 2 noted &&
	write_script openssl <<-\EOF &&
	echo "openssl: no such digest" >&2
	exit 1
	EOF
	put_large
'

test_expect_success 'a sync that knows no names' '
	test_when_finished ssh_remote &&
	write_script sync-all <<-\EOF &&
	test $# = 0 || { echo "usage: sync" >&2; exit 1; }
	echo all >>"$SYNCED"
	EOF
	ssh_posix stat sha256sum sync="$PWD/sync-all" &&
	echo "SYNCED=$PWD/synced; export SYNCED" >>"$SSH_DIR/remote" &&
	put --absent a one && test_path_is_file synced &&
	resutil remove-object --remote="$STORE" a
'

test_expect_success 'a file system without links' '
	test_when_finished ssh_remote &&
	write_script no-link <<-\EOF &&
	echo "link: Operation not permitted" >&2
	exit 1
	EOF
	ssh_posix stat sha256sum flock ln="$PWD/no-link" \
		link="$PWD/no-link" && all_changes &&
	project=$PWD/project &&
	resutil -q init --storage-type=ssh -o host=lab \
		-o path="$SSH_STORES/s" --project-name=p "$project" &&
	(cd "$project" && RESUTIL_NO_REMOTE= resutil -q run -m a -- true &&
		RESUTIL_NO_REMOTE= timeout 30 resutil -q comment @ b) &&
	name=$(basename "$project"/results/*_b) &&
	ls "$SSH_STORES/s/p" >is && echo "$name.zip" >want &&
	test_cmp want is && rm -r "$SSH_STORES/s/p" && test_no_rests
'

test_expect_success 'what arrives there with other bytes is not shown' '
	test_when_finished ssh_remote &&
	write_script bad-head <<-\EOF &&
	test "$2" -gt 3 || exec /usr/bin/head "$@"
	/usr/bin/head "$@" | /usr/bin/tr n m
	EOF
	ssh_posix stat sha256sum flock head="$PWD/bad-head" &&
	test_expect_code 13 resutil put-object --remote="$STORE" damaged one \
		2>err && test_grep "another hash" err &&
	test_path_is_missing "$SSH_STORES/s/damaged" && test_no_rests
'

# ---- what others may do -------------------------------------------------------

test_expect_success 'what is made is open to whom the store is open to' '
	test_when_finished "chmod 755 \"$SSH_STORES/s\"" &&
	chmod 2770 "$SSH_STORES/s" && umask 077 && put d/small one &&
	umask 022 && put d/large large &&
	stat -c "%a %n" "$SSH_STORES/s/d" "$SSH_STORES/s/d/"* |
		sed "s,$SSH_STORES/s/,," >is &&
	printf "%s\n" "2770 d" "660 d/large" "660 d/small" >want &&
	test_cmp want is && resutil remove-object --remote="$STORE" d/small \
		d/large
'

test_expect_success 'a link is not followed, and no directory is replaced' '
	mkdir outside "$SSH_STORES/s/dir" &&
	ln -s "$PWD/outside" "$SSH_STORES/s/link" &&
	ln -s "$PWD/outside/gone" "$SSH_STORES/s/dangling" &&
	test_must_fail resutil put-object --remote="$STORE" link/a one 2>err &&
	test_grep "a link is in the way" err &&
	test_must_fail resutil put-object --remote="$STORE" dir one &&
	test_must_fail resutil put-object --remote="$STORE" --absent dir one &&
	test_must_fail resutil put-object --remote="$STORE" dangling one &&
	test_dir_is_empty outside && test_dir_is_empty "$SSH_STORES/s/dir" &&
	rm "$SSH_STORES/s/link" "$SSH_STORES/s/dangling" &&
	rmdir "$SSH_STORES/s/dir" && test_no_rests
'

# ---- full and read-only -------------------------------------------------------

# fails STORE CODE WORDS FILE: and leaves nothing
fails () {
	test_expect_code "$2" resutil put-object --remote="ssh://lab$1" d/a \
		"$4" 2>err && test_grep "$3" err &&
	find "$1" ! -path "$1" >left && test_must_be_empty left
}

test_expect_success 'files there may not be as large' '
	test_when_finished ssh_remote &&
	mkdir "$SSH_STORES/limited" && ssh_remote "ulimit -f 4" &&
	fails "$SSH_STORES/limited" 128 "free some space there" large &&
	head -c 100000 large >some &&
	fails "$SSH_STORES/limited" 128 "free some space there" some
'

test_expect_success MOUNT 'a full disk' '
	disk 64k full && head -c 100000 large >some &&
	fails "$PWD/full" 128 "No space left on device; free" some &&
	fails "$PWD/full" 128 "No space left on device; free" large
'

test_expect_success MOUNT 'a read-only disk' '
	disk 64k closed ro &&
	fails "$PWD/closed" 11 "Read-only file system" one &&
	fails "$PWD/closed" 11 "Read-only file system" large
'

test_expect_success AS_USER 'a directory that we may not write into' '
	test_when_finished ssh_remote && ssh_powerless && mkdir denied && chmod 555 denied &&
	fails "$PWD/denied" 11 "Permission denied" one
'

# ---- the lock -----------------------------------------------------------------

held () {
	echo "$1" >"$SSH_STORES/s/.resutil-ssh-held"
}

test_expect_success 'a lock whose maker died on this host holds nobody up' '
	held "dead.1 $(cat /proc/sys/kernel/random/boot_id) flock" &&
	put a one && test_no_rests
'

test_expect_success 'that of another host does until it is old' '
	test_when_finished ssh_remote &&
	write_script sleeps <<-\EOF &&
	echo "$@" >>"$SLEPT"
	EOF
	mkdir sleeping && ln -s ../sleeps sleeping/sleep &&
	ssh_remote "PATH=\"$PWD/sleeping:\$PATH\" SLEPT=\"$PWD/slept\"" \
		"export SLEPT" &&
	held "other.1 another-boot flock" &&
	put a two && get a && test_cmp two got && test_no_rests &&
	test_line_count = 60 slept
'

test_expect_success 'who waits goes on when it is given back' '
	held "other.1 another-boot file" &&
	(sleep 0.5 && rm "$SSH_STORES/s/.resutil-ssh-held") &
	waiting=$! &&
	test_when_finished "wait $waiting" &&
	put a one && get a && test_cmp one got
'

test_done
