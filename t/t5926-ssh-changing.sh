#!/bin/sh
test_description='ssh: what changes while it is read or listed'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

start_sshd && ssh_shared && mkdir "$SSH_STORES/store" || exit 1
url=$(ssh_url lab store)
store=$SSH_STORES/store

# meanwhile PROGRAM WHEN: a session waits before or after it runs PROGRAM, until
# `go` is there, and says so by `waits`. Each only once.
meanwhile () {
	rm -f go waits && mkdir -p "$SSH_DIR/slow" &&
	real=$(PATH=/usr/bin:/bin && command -v "$1") &&
	write_script "$SSH_DIR/slow/$1" <<-END &&
	pause () {
		test ! -e '$PWD/waits' || return 0
		: >'$PWD/waits'
		i=0
		until test -e '$PWD/go' || test \$i = 300
		do
			i=\$((i + 1))
			sleep 0.1
		done
	}
	test $2 = after || pause
	$real "\$@"
	status=\$?
	test $2 = before || pause
	exit \$status
	END
	ssh_remote "PATH=\"$SSH_DIR/slow:\$PATH\""
}

# reads_while COMMANDS: they are done while the object is read; sets $status
reads_while () {
	timeout 60 resutil get-object --remote "$url" object >got 2>err &
	reader=$!
	test_wait_for 20 test -e waits && eval "$1" && : >go &&
	{ wait $reader && status=0 || status=$?; } && rm -r "$SSH_DIR/slow"
}

test_expect_success 'setup' '
	/usr/bin/python3 -c "
import random, sys
random.seed(1)
sys.stdout.buffer.write(random.randbytes(3000000))" >content &&
	cp content "$store/object"
'

test_expect_success 'one that is replaced is read as it was' '
	meanwhile dd before &&
	reads_while "echo new >new && mv new \"$store/object\"" &&
	test $status = 0 && test_cmp_bin content got
'

test_expect_success 'so is one that is removed' '
	cp content "$store/object" && meanwhile dd before &&
	reads_while "rm \"$store/object\"" &&
	test $status = 0 && test_cmp_bin content got
'

test_expect_success 'one that something writes into is noticed' '
	cp content "$store/object" && meanwhile dd before &&
	reads_while "printf X | dd of=\"$store/object\" conv=notrunc 2>/dev/null" &&
	test $status = 14 && grep "was changed by somebody else" err
'

test_expect_success 'so is one that grows' '
	cp content "$store/object" && meanwhile dd before &&
	reads_while "cat content content >>\"$store/object\"" &&
	test $status = 14 && grep "was changed by somebody else" err
'

test_expect_success 'and one that is cut' '
	cp content "$store/object" && meanwhile dd before &&
	reads_while ": >\"$store/object\"" &&
	test $status = 14 && grep "was changed by somebody else" err &&
	cp content "$store/object" && meanwhile dd before &&
	reads_while "truncate -s 1000001 \"$store/object\"" &&
	test $status = 14 && grep "was changed by somebody else" err
'

# What is missing at the end is then taken from the answer: some of its token,
# all of it, the whole line, more than it.
test_expect_success 'or cut by less than an answer has' '
	for missing in 1 15 16 17 25 26 27 40
	do
		cp content "$store/object" && meanwhile dd before &&
		reads_while "truncate -s $((3000000 - missing)) \"$store/object\"" &&
		test $status = 14 &&
		grep "was changed by somebody else" err || return 1
	done
'

test_expect_success 'or that grows by no whole line' '
	for more in 1 "two
lines" 1234567890123456789012345678901234567890
	do
		cp content "$store/object" && meanwhile dd before &&
		reads_while "printf %s \"\$more\" >>\"$store/object\"" &&
		test $status = 14 &&
		grep "was changed by somebody else" err || return 1
	done
'

test_expect_success 'a version that is gone is not read' '
	ssh_remote && resutil list-objects --remote "$url" >out &&
	version=$(cut -f 2 out) &&
	cp content new && mv new "$store/object" &&
	test_expect_code 14 resutil get-object --remote "$url" \
		--version="$version" object >got 2>err &&
	test_must_be_empty got
'

test_expect_success 'a disk there that fails to give something is told' '
	mkdir "$SSH_STORES/packs" && ssh_remote &&
	resutil -q init --storage-type=ssh -o host=lab \
		-o path="$SSH_STORES/packs" --project-name=p project &&
	(cd project && resutil -q run -m a -- true &&
		RESUTIL_NO_REMOTE= resutil -q push -A) &&
	name=$(basename project/results/*_a) && rm -r project/results/*_a &&
	mkdir "$SSH_DIR/slow" && write_script "$SSH_DIR/slow/dd" <<-\EOF &&
	/usr/bin/dd "$@" | head -c 100
	echo "dd: error reading: Input/output error" >&2
	exit 1
	EOF
	ssh_remote "PATH=\"$SSH_DIR/slow:\$PATH\"" &&
	test_expect_code 12 env RESUTIL_NO_REMOTE= \
		resutil -C project fetch-exp --patience=1 "$name" >got 2>err &&
	test_path_is_missing "project/results/$name" &&
	grep "Input/output error" err && rm -r "$SSH_DIR/slow"
'

# lists_while COMMANDS: while a listing is made
lists_while () {
	resutil list-objects --remote "$url" >got 2>err &
	reader=$!
	test_wait_for 20 test -e waits && eval "$1" && : >go &&
	{ wait $reader && status=0 || status=$?; } && rm -r "$SSH_DIR/slow"
}

test_expect_success 'objects that come and go do not disturb a listing' '
	mkdir "$store/dir" && : >"$store/dir/a" && : >"$store/dir/b" &&
	meanwhile find before &&
	lists_while "rm -r \"$store/dir\" && mkdir \"$store/x\" && : >\"$store/x/y\"" &&
	test $status = 0 && cut -f 3 got >keys && printf "%s\n" object x/y >want &&
	test_cmp want keys
'

# What stat finds gone was named by find a moment ago.
test_expect_success 'what is renamed while it is listed is in the listing' '
	rm -rf "$store/x" && : >"$store/old" && meanwhile stat before &&
	mkdir "$SSH_DIR/refusing" && write_script "$SSH_DIR/refusing/find" <<-\EOF &&
	for a do case $a in -printf) exit 1 ;; esac; done
	exec /usr/bin/find "$@"
	EOF
	write_script "$SSH_DIR/slow/stat" <<-END &&
	case \$# in
	3) ;;
	*)
		if test ! -e "$PWD/waits"
		then
			: >"$PWD/waits"
			mv "$store/old" "$store/new"
		fi ;;
	esac
	exec /usr/bin/stat "\$@"
	END
	ssh_remote "PATH=\"$SSH_DIR/slow:$SSH_DIR/refusing:\$PATH\"" &&
	resutil list-objects --remote "$url" >got && test_path_is_file waits &&
	cut -f 3 got >keys && printf "%s\n" new object >want &&
	test_cmp want keys && rm -r "$SSH_DIR/slow"
'

test_expect_success 'a listing that is not whole is none' '
	mkdir "$SSH_DIR/slow" && write_script "$SSH_DIR/slow/find" <<-\EOF &&
	/usr/bin/find "$@"
	case $1 in /) ;; *) kill -9 $$ ;; esac
	EOF
	ssh_remote "PATH=\"$SSH_DIR/slow:\$PATH\"" &&
	test_expect_code 128 resutil list-objects --remote "$url" >got 2>err &&
	test_must_be_empty got && grep "Killed\\|status 137" err && rm -r "$SSH_DIR/slow"
'

test_expect_success AS_USER 'nor is one with a directory that may not be read' '
	ssh_powerless && mkdir "$store/closed" && : >"$store/closed/x" &&
	chmod 0 "$store/closed" &&
	test_when_finished "chmod 700 \"$store/closed\"; rm -r \"$store/closed\"" &&
	test_expect_code 11 resutil list-objects --remote "$url" >got 2>err &&
	test_must_be_empty got && grep "Permission denied" err &&
	test_expect_code 11 resutil list-objects --one-level --remote "$url" &&
	test_expect_code 11 resutil get-object --remote "$url" closed/x
'

test_done
