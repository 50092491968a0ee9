#!/bin/sh

test_description='ssh: changes on a host that has only what POSIX has

There is no flock, no perl, no tar, and no program that tells a time in seconds:
the lock is a file, a version has the checksum of the content, and what others
put in groups is put one by one.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh
. "$TEST_DIRECTORY"/lib-ssh-tools.sh

version_of () {
	resutil list-objects --remote="$STORE" "$1" | cut -f2
}

test_expect_success setup '
	start_sshd && ssh_shared && mkdir "$SSH_STORES/s" &&
	STORE=$(ssh_url lab s) && store=$SSH_STORES/s && ssh_posix
'

test_expect_success 'what has the same inode, size and minute has another version' '
	head -c 300000 /dev/zero >zeros &&
	for size in 1 100000 300000
	do
		head -c $size zeros >"$store/n" && first=$(version_of n) &&
		printf 1 | dd of="$store/n" conv=notrunc 2>/dev/null &&
		second=$(version_of n) &&
		test "$first" != "$second" &&
		test "${first%-*}" = "${second%-*}" &&
		resutil get-object --remote="$STORE" --version=$second n \
			>got && test_cmp_bin "$store/n" got &&
		test_expect_code 14 resutil get-object --remote="$STORE" \
			--version=$first n >got || return 1
	done
'

# increment WHO STORE: until nobody was faster
increment () {
	for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
	do
		version=$(STORE=$2 && version_of n) &&
		status=0 &&
		resutil get-object --remote="$2" --version="$version" n \
			>n$1 2>err$1 || status=$?
		if test $status = 0
		then
			read -r n <n$1 && echo $((n + 1)) >n$1 &&
			resutil put-object --remote="$2" \
				--version="$version" n n$1 >out$1 2>err$1 ||
			status=$?
		fi
		case $status in
		0) return 0 ;;
		14) ;;
		*) break ;;
		esac
	done
	cat err$1 >&4
	return 1
}

# race STORE...: each is incremented twice, all at once
race () {
	echo 10 >"$store/n" && who=0 && pids= &&
	for url
	do
		who=$((who + 1))
		{
			increment $who "$url" && increment $who "$url"
		} &
		pids="$pids $!"
	done &&
	for pid in $pids
	do
		wait $pid || return 1
	done &&
	echo $((10 + 2 * $#)) >expect && test_cmp expect "$store/n" &&
	find "$store" -name ".resutil-*" ! -name .resutil-ssh-lock >left &&
	test_must_be_empty left
}

test_expect_success 'of those who count, none is lost' '
	race "$STORE" "$STORE" "$STORE"
'

test_expect_success 'nor where another host of the directory has flock' '
	rm -rf "$SSH_DIR/poor" && mv "$SSH_DIR/tools" "$SSH_DIR/poor" &&
	ssh_posix flock stat &&
	ssh_remote "case \${SSH_CONNECTION##* } in" \
		"$(ssh_port lab-dash)) PATH=$SSH_DIR/poor ;;" \
		"*) PATH=$SSH_DIR/tools ;;" esac &&
	race "$STORE" "$(ssh_url lab-dash s)"
'

test_expect_success 'nor where all it has is busybox' '
	ssh_busybox && race "$STORE" "$STORE"
'

test_expect_success 'what would go as a group goes one by one' '
	ssh_posix && mkdir -p here/many &&
	for i in 1 2 3 4 5 6
	do
		echo $i >here/many/$i || return 1
	done &&
	RESUTIL_TRACE="$PWD/trace" resutil sync-keys --remote="$STORE" \
		--root=here --upload "many/*" >out &&
	test_line_count = 6 out &&
	diff -r here/many "$store/many" &&
	find "$store" -name ".resutil-*" ! -name .resutil-ssh-lock >left &&
	test_must_be_empty left &&
	# it was tried
	test_grep "put [2-6] objects at once: 0" trace
'

test_expect_success 'a lock whose maker could not write his name is waited for' '
	: >"$store/.resutil-ssh-held" &&
	echo 20 >n && { resutil put-object --remote="$STORE" n n >out & } &&
	pid=$! && sleep 2 && kill -0 $pid &&
	rm "$store/.resutil-ssh-held" &&
	wait $pid && test_cmp n "$store/n"
'

test_done
