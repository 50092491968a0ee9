#!/bin/sh

test_description='a disk that is full, and files that may not grow

Each operation is refused with a sentence, what was there stays as it was, nothing is
left behind, and with room again the same command does its work. A small tmpfs
is the disk; where none can be mounted, the limit on the size of a file is.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-mount.sh
unset RESUTIL_NO_REMOTE

# conf DIR STORE: a project there, with that store
conf () {
	mkdir -p "$1" &&
	resutil --no-interactive -C "$1" init --project-name project \
		--storage-type dir -o path="$2" >/dev/null
}

# fill DIR: to the last byte, with a file that can be removed
fill () {
	dd if=/dev/zero of="$1/filler" bs=4k 2>/dev/null
	test -s "$1/filler"
}

# sound PROJECT: fsck and gc have nothing to say
sound () {
	resutil -C "$1" fsck --json >findings &&
	test_must_be_empty findings &&
	resutil -C "$1" gc -n --older-than=0 --json >findings &&
	test_must_be_empty findings
}

test_expect_success 'setup: files that are more than the disk holds' '
	mkdir store from && conf elsewhere "$PWD/store" &&
	dd if=/dev/urandom of=from/big bs=64k count=48 2>/dev/null &&
	seq 1000 >from/small
'

test_expect_success MOUNT 'a program that fills the disk: how it ended is recorded' '
	disk 2m disk && conf disk "$PWD/store" &&
	test_expect_code 9 resutil -C disk run -m full --no-push -- sh -c "
		dd if=/dev/zero of=\"\$RESUTIL_EX_DIR\"/much bs=4k 2>/dev/null
		echo it is full
		exit 9" >out 2>err &&
	echo "it is full" >want && test_cmp want out &&
	test_grep "stdout.log" err &&
	resutil -C disk read-exp full >record &&
	test_grep "^state: fail" record &&
	test_grep "^exit_code: 9" record &&
	test_grep "^lost_output" record &&
	sound disk
'

test_expect_success MOUNT 'nothing runs where its record has no room' '
	disk 1m disk && conf disk "$PWD/store" &&
	resutil -C disk add before >/dev/null && fill disk &&
	test_expect_code 125 resutil -C disk run -m no --no-push -- \
		touch "$PWD/ran" 2>err &&
	test_grep "No space left" err &&
	test_path_is_missing ran &&
	resutil -C disk list-exps >out && test_line_count = 1 out &&
	sound disk &&
	rm disk/filler &&
	resutil -C disk run -m yes --no-push -- true && sound disk
'

test_expect_success MOUNT 'add: all of it or nothing' '
	disk 2m disk && conf disk "$PWD/store" &&
	resutil -C disk add before >/dev/null &&
	test_expect_code 128 resutil -C disk add big --from "$PWD/from" 2>err &&
	test_grep "No space left" err &&
	resutil -C disk list-exps >out && test_line_count = 1 out &&
	sound disk &&
	resutil -C disk add small && sound disk
'

test_expect_success MOUNT 'no more files may be made' '
	disk 4m disk nr_inodes=40 && conf disk "$PWD/store" &&
	mkdir -p many && (cd many && touch $(seq 60)) &&
	test_expect_code 128 resutil -C disk add many --from "$PWD/many" 2>err &&
	test_grep "No space left" err &&
	sound disk &&
	resutil -C disk add none && sound disk
'

test_expect_success MOUNT 'a record stays as it was when it cannot be changed' '
	disk 1m disk && conf disk "$PWD/store" &&
	name=$(resutil -C disk add one) && cp "disk/results/$name"/*.yaml old &&
	fill disk &&
	test_expect_code 128 resutil -C disk update-exp --set info.x=1 one 2>err &&
	test_grep "No space left" err &&
	cmp old "disk/results/$name/resutil-exp.yaml" && sound disk &&
	rm disk/filler &&
	resutil -C disk update-exp --set info.x=1 one && sound disk
'

test_expect_success MOUNT 'rm makes room, also where there is none' '
	disk 1m disk && conf disk "$PWD/store" &&
	resutil -C disk add one >/dev/null && fill disk &&
	resutil -C disk rm -l -y one && rm disk/filler && sound disk
'

test_expect_success MOUNT 'push to a store that is full: the store is as it was' '
	rm -rf p && disk 2m disk && conf p "$PWD/disk" &&
	resutil -C p add small --from "$PWD/from" >/dev/null &&
	rm -f p/results/*/big && resutil -C p push small &&
	resutil -C p add big --from "$PWD/from" >/dev/null &&
	ls -A disk/project >before &&
	test_expect_code 128 resutil -C p push big 2>err &&
	test_grep "_big.*No space left" err &&
	ls -A disk/project >after && test_cmp before after &&
	resutil -C p verify-pack small &&
	rm p/results/*_big/big && resutil -C p push big &&
	resutil -C p fsck --remote --read-data
'

test_expect_success MOUNT 'push whose notes have no room sends nothing' '
	rm -rf there && mkdir there && disk 1m disk && conf disk "$PWD/there" &&
	resutil -C disk add one >/dev/null && fill disk &&
	test_expect_code 128 resutil -C disk push one 2>err &&
	test_grep "No space left" err &&
	find there -name "*.zip" >found && test_must_be_empty found &&
	rm disk/filler &&
	resutil -C disk push one && sound disk
'

test_expect_success MOUNT 'pull without room: what is here stays' '
	rm -rf there p && mkdir there && conf p "$PWD/there" &&
	name=$(resutil -C p add one) && resutil -C p push one &&
	disk 2m disk && conf disk "$PWD/there" && resutil -C disk pull one &&
	cp from/big "p/results/$name/big" &&
	resutil -C p update-exp --set info.x=1 one && resutil -C p push one &&
	cp -R disk/results old-results &&
	test_expect_code 128 resutil -C disk pull one 2>err &&
	test_grep "_one.*no room" err &&
	diff -r old-results disk/results && sound disk &&
	fill disk && resutil -C disk pull one >out 2>err
	test $? = 128 && test_grep "_one.*no room" err &&
	diff -r old-results disk/results && rm disk/filler && sound disk
'

test_expect_success MOUNT 'comment without room: both sides have the old name' '
	rm -rf there && mkdir there && disk 1m disk && conf disk "$PWD/there" &&
	resutil -C disk add old >/dev/null && resutil -C disk push old &&
	fill disk &&
	test_might_fail resutil -C disk comment old new 2>err &&
	rm disk/filler &&
	resutil -C disk list >out 2>&1 && test_grep "_\(old\|new\)" out &&
	resutil -C disk list-exps >here && resutil -C disk list-remote >there.out &&
	test_cmp here there.out && test_line_count = 1 here &&
	sound disk
'

# ---- a limit on the size of a file ---------------------------------------------

# small_files COMMAND...: no file may have more than 1 MiB (512-byte blocks in
# POSIX, 1024 in bash: it is less in both cases than what is written)
small_files () {
	(trap "" XFSZ && ulimit -f 1024 && exec "$@")
}

test_expect_success 'a file that may not grow: add, pack-exp and push say so' '
	rm -rf there p && mkdir there && conf p "$PWD/there" &&
	test_expect_code 128 small_files resutil -C p add big \
		--from "$PWD/from" 2>err &&
	test_grep "File too large" err && sound p &&
	resutil -C p add big --from "$PWD/from" >/dev/null &&
	test_expect_code 128 small_files resutil -C p pack-exp -o "$PWD/x.zip" \
		big 2>err &&
	test_grep "File too large" err &&
	ls x.zip* >found 2>/dev/null; test_must_be_empty found &&
	test_expect_code 128 small_files resutil -C p push big 2>err &&
	test_grep "File too large" err &&
	find there -type f ! -name .resutil-lock >found &&
	test_must_be_empty found && sound p &&
	resutil -C p push big && sound p
'

test_expect_success 'and pull' '
	rm -rf q && conf q "$PWD/there" &&
	test_expect_code 128 small_files resutil -C q pull big 2>err &&
	test_grep "File too large" err &&
	resutil -C q list-exps >found && test_must_be_empty found && sound q &&
	resutil -C q pull big && diff -r p/results q/results
'

test_expect_success 'the signal of that limit: nothing is left behind' '
	(ulimit -f 1024 && exec resutil -C q add more --from "$PWD/from") 2>err
	test $? -gt 128 &&
	resutil -C q list-exps >out && test_line_count = 1 out && sound q
'

# ---- a quota -------------------------------------------------------------------

test_expect_success FAULTS 'a quota that is used up is told like a full disk' '
	rm -rf there p && mkdir there && conf p "$PWD/there" &&
	name=$(resutil -C p add one) &&
	for point in "add two" "update-exp --set info.x=1 one" "push one"
	do
		test_expect_code 128 with_faults \
			RESUTIL_TEST_FAULT=write:1+:EDQUOT \
			resutil -C p $point 2>err &&
		test_grep "quota exceeded" err && sound p || return 1
	done &&
	echo "$name" >want && resutil -C p list-exps >got && test_cmp want got
'

test_done
