#!/bin/sh

test_description='ssh: the host dies at each step of a change

Its shell, and all that it has started, is killed before the Nth program by
which it changes something: what is seen is the old state or the new one, and the next
attempt goes on.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

test_expect_success setup '
	start_sshd && ssh_shared &&
	mkdir "$SSH_STORES/s" deadly && STORE=$(ssh_url lab s) &&
	echo old >old && echo new >new &&
	for tool in chmod flock link ln mkdir mv rm sync tar touch
	do
		write_script deadly/$tool <<-EOF || return 1
		read -r left <"$PWD/left"
		case \$left in
		0) ;;
		*)
			left=\$((left - 1))
			echo \$left >"$PWD/left"
			test \$left != 0 || kill -9 \$SESSION \$PPID ;;
		esac
		exec "$(PATH=/usr/bin:/bin && command -v $tool)" "\$@"
		EOF
	done &&
	ssh_remote "SESSION=\$\$ PATH=\"$PWD/deadly:\$PATH\"" "export SESSION" &&
	echo 0 >left &&
	resutil put-object --remote="$STORE" d/a old &&
	resutil remove-object --remote="$STORE" d/a
'

# dies_at_each MIN COMMAND...: the first program is killed, then the second ...
# until all have run, which are MIN at least. The command tries again by itself.
dies_at_each () {
	least=$1 n=0 && shift &&
	while n=$((n + 1)) && prepare && echo $n >left && "$@" 2>err
	do
		echo "$n" && sound || return 1
		read -r left <left
		test "$left" = 0 || break
	done && test "$left" != 0 && echo 0 >left && test "$n" -gt "$least"
}

# the object, and nothing that is not private
sound () {
	find "$SSH_STORES/s" ! -name ".resutil-*" -type f >found &&
	echo "$SSH_STORES/s/d/a" >want && test_cmp want found &&
	test_cmp new "$SSH_STORES/s/d/a"
}

test_expect_success 'a put of what must be absent' '
	prepare () {
		rm -rf "$SSH_STORES/s/d"
	} &&
	dies_at_each 5 resutil put-object --remote="$STORE" --absent d/a new
'

test_expect_success 'a put that replaces' '
	prepare () {
		cp old "$SSH_STORES/s/d/a"
	} &&
	dies_at_each 5 resutil put-object --remote="$STORE" d/a new
'

rests () {
	find "$SSH_STORES/s" -name ".resutil-ssh-????????????????" >rests
}

test_expect_success 'what they left is a rest after a day, and pruned' '
	mkdir -p "$SSH_STORES/s/d/.resutil-ssh-00112233aabbccdd" &&
	: >"$SSH_STORES/s/d/.resutil-ssh-00112233aabbccdd/.sums" &&
	rests && test "$(wc -l <rests)" -gt 2 &&
	resutil -q init --storage-type=ssh -o host=lab \
		-o path="$SSH_STORES/s" --project-name=d project &&
	resutil -C project check-store --prune >out &&
	cp rests before && rests && test_cmp before rests &&
	xargs touch -d "25 hours ago" <rests &&
	resutil -C project check-store --prune >out &&
	test_grep removed out && rests && test_must_be_empty rests &&
	sound
'

test_done
