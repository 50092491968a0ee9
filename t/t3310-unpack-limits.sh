#!/bin/sh

test_description='unpack-exp: limits, no room, interruptions, and large packs

Whatever happens in between, the target is as it was and nothing hidden is
left beside it.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-mount.sh

# nothing_left DIR: no hidden directory of ours
nothing_left () {
	find "$1" -maxdepth 1 -name ".*.tmp" >left &&
	test_must_be_empty left
}

test_expect_success PYTHON setup '
	mkdir tree tree/sub tree/closed &&
	echo text >tree/file &&
	echo more >tree/sub/file &&
	ln -s file tree/link &&
	: >tree/empty &&
	head -c 5000000 /dev/urandom >tree/big &&
	head -c 1500000 /dev/urandom >tree/sub/less &&
	chmod 755 tree/file &&
	chmod 500 tree/closed &&
	resutil pack-exp -o tree.zip tree &&
	: with restart points, and yet hardly anything to sync &&
	mkdir light light/sub light/closed &&
	cp -Pp tree/file tree/link tree/empty light &&
	cp tree/sub/file light/sub &&
	head -c 10000 /dev/urandom >light/big &&
	truncate -s 4400000 light/big &&
	head -c 10000 /dev/urandom >>light/big &&
	head -c 1500000 /dev/zero >light/sub/less &&
	chmod 500 light/closed &&
	resutil pack-exp -o light.zip light &&
	python3 - <<-\EOF
	import zipfile
	with zipfile.ZipFile("small.zip", "w") as z:
	    for i in range(10):
	        z.writestr("d/%d" % i, "x" * 100)
	EOF
'

test_expect_success PYTHON 'no more content than --max-size' '
	test_expect_code 13 resutil unpack-exp --max-size=999 small.zip 2>err &&
	test_grep unpack.max-size err &&
	test_path_is_missing small &&
	resutil unpack-exp --max-size=1000 -C s1 small.zip &&
	test_expect_code 13 resutil -c unpack.max-size=999 \
		unpack-exp small.zip &&
	resutil -c unpack.max-size=999 unpack-exp --max-size=1K -C s2 \
		small.zip &&
	resutil -c unpack.max-size=999 unpack-exp --max-size=0 -C s3 small.zip &&
	nothing_left .
'

test_expect_success PYTHON 'no more entries than --max-entries' '
	test_expect_code 13 resutil unpack-exp --max-entries=10 small.zip 2>err &&
	test_grep unpack.max-entries err &&
	test_path_is_missing small &&
	: a directory counts, too &&
	resutil unpack-exp --max-entries=11 -C e1 small.zip &&
	test_expect_code 13 resutil -c unpack.max-entries=10 \
		unpack-exp small.zip &&
	resutil -c unpack.max-entries=10 unpack-exp --max-entries=0 -C e2 \
		small.zip &&
	test_expect_code 13 resutil -c unpack.max-entries=many \
		unpack-exp small.zip 2>err &&
	test_grep unpack.max-entries err
'

test_expect_success PYTHON 'a pipe gives no more than its limits allow' '
	(
		cat small.zip
		yes 2>/dev/null
	) | test_expect_code 13 resutil unpack-exp --max-size=1000 \
		--max-entries=10 -C piped - &&
	test_path_is_missing piped &&
	nothing_left .
'

test_expect_success MOUNT 'room is looked for before anything is made' '
	disk 1m full &&
	test_expect_code 128 resutil unpack-exp -C full/x tree.zip 2>err &&
	test_grep "no room" err &&
	test_grep "no-space-check" err &&
	test_dir_is_empty full
'

test_expect_success MOUNT 'a disk that is full in the middle' '
	disk 1m full &&
	test_expect_code 128 resutil unpack-exp --no-space-check -C full/x \
		tree.zip 2>err &&
	test_grep "No space left" err &&
	test_dir_is_empty full &&
	mkdir -m 750 full/y &&
	test_expect_code 128 resutil unpack-exp --no-space-check -C full/y \
		tree.zip &&
	test_dir_is_empty full/y &&
	test "$(ls -A full)" = y &&
	test "$(stat -c %a full/y)" = 750
'

test_expect_success MOUNT 'sparse files need no room' '
	mkdir sparse &&
	truncate -s 20M sparse/zeros &&
	resutil pack-exp -o sparse.zip sparse &&
	disk 1m full &&
	test_expect_code 128 resutil unpack-exp -C full/x sparse.zip &&
	resutil unpack-exp --no-space-check -C full/x sparse.zip &&
	cmp sparse/zeros full/x/zeros
'

test_expect_success MOUNT 'a mount point is not replaced' '
	disk 10m full &&
	test_expect_code 14 resutil unpack-exp -C full tree.zip 2>err &&
	test_grep "mount point" err &&
	test_dir_is_empty full
'

test_expect_success AS_USER 'a parent that may not be written' '
	mkdir -m 555 ro &&
	chmod 644 tree.zip &&
	test_expect_code 128 as_user resutil unpack-exp -C ro/x tree.zip 2>err &&
	test_grep "Permission denied" err &&
	test_dir_is_empty ro
'

test_expect_success 'terminated at any moment, nothing is left' '
	mkdir many &&
	(cd many && seq 1 3000 | xargs touch) &&
	mkdir many/d &&
	(cd many/d && seq 1 3000 | xargs touch) &&
	cp tree/big many/big &&
	resutil pack-exp -o many.zip many &&
	mkdir here &&
	for signal in TERM INT HUP TERM INT HUP TERM INT
	do
		# a job of a shell without job control ignores SIGINT
		env --default-signal=INT resutil unpack-exp -C here/x many.zip &
		pid=$! &&
		tries=0 &&
		while test "$tries" -lt 200 && test -z "$(ls -A here)"
		do
			tries=$((tries + 1))
		done &&
		kill -s $signal $pid &&
		{ wait $pid; status=$?; } &&
		if test "$status" = 0
		then
			test_path_is_file here/x/d/3000 &&
			rm -r here/x
		fi &&
		test_dir_is_empty here || return 1
	done
'

# faulty_loop ACTION CHECK [OPTION...]: CHECK after a failure at each point
faulty_loop () {
	action=$1 check=$2 nr=0
	shift 2
	while :
	do
		nr=$((nr + 1))
		rm -rf out
		mkdir out
		rm -f points
		with_faults RESUTIL_TEST_FAULT=any:$nr:$action \
			RESUTIL_TEST_FAULT_LOG="$TRASH_DIRECTORY/points" \
			resutil unpack-exp "$@" light.zip 2>err
		status=$?
		# a lock that cannot be had is no reason to give up
		if test "$status" = 0
		then
			test $(wc -l <points) -lt "$nr" && break
			diff -r --no-dereference light out/x || return 1
			continue
		fi
		$check || {
			echo "after $action at point $nr, status $status"
			cat err
			return 1
		}
	done
	test "$nr" -gt 25 &&
	diff -r --no-dereference light out/x
}

is_untouched () {
	test "$status" = 128 && test -s err && test_dir_is_empty out
}

is_still_empty () {
	test "$status" = 128 &&
	test "$(ls -A out)" = x &&
	test_dir_is_empty out/x &&
	test "$(stat -c %a out/x)" = 750
}

is_none_or_whole () {
	test "$status" = 137 &&
	if test -d out/x
	then
		diff -r --no-dereference light out/x &&
		test "$(stat -c %a out/x/closed)" = 500 &&
		nothing_left out
	fi
}

test_expect_success FAULTS 'ENOSPC at any point: nothing has changed' '
	faulty_loop ENOSPC is_untouched -j1 -C out/x
'

test_expect_success FAULTS 'also with several threads' '
	faulty_loop EIO is_untouched -j4 -C out/x
'

test_expect_success FAULTS 'and where an empty directory was there' '
	(
		mkdir () {
			command mkdir "$1" && command mkdir -m 750 "$1/x"
		}
		faulty_loop EIO is_still_empty -j1 -C out/x
	)
'

test_expect_success FAULTS 'killed at any point: nothing, or all of it' '
	faulty_loop kill is_none_or_whole -j1 -C out/x &&
	faulty_loop kill-after is_none_or_whole -j2 -C out/x
'

test_expect_success FAULTS 'short writes are gone on with' '
	nr=0 &&
	while test "$nr" -lt 12
	do
		nr=$((nr + 1)) &&
		rm -rf out &&
		with_faults RESUTIL_TEST_FAULT=write:$nr:short \
			resutil unpack-exp -C out light.zip &&
		diff -r --no-dereference light out || return 1
	done
'

test_expect_success FAULTS 'one sync for all, and one for the directory above' '
	rm -rf out points &&
	with_faults RESUTIL_TEST_FAULT_LOG="$PWD/points" \
		resutil unpack-exp -C out small.zip &&
	grep "^sync" points >syncs &&
	test_line_count = 2 syncs
'

test_expect_success '100,000 entries' '
	# some disks take minutes to remove as many files
	roomy=$(mktemp -d /dev/shm/resutil-XXXXXX || mktemp -d) &&
	test_when_finished "rm -rf \"$roomy\"" &&
	make-workload many "$roomy/crowd" &&
	resutil pack-exp -o crowd.zip "$roomy/crowd" &&
	resutil unpack-exp -C "$roomy/copy" crowd.zip &&
	(cd "$roomy" && resutil hash-experiment crowd copy) >hashes &&
	cut -f1 hashes | sort -u >one &&
	test_line_count = 1 one &&
	find "$roomy/copy" -type f >files &&
	test_line_count -ge 100000 files
'

test_expect_success !SANITIZED 'more than 2 GiB of almost nothing' '
	# in memory holes are read at thrice the speed
	huge=$(mktemp -d /dev/shm/resutil-XXXXXX || mktemp -d) &&
	test_when_finished "rm -rf \"$huge\"" &&
	mkdir "$huge/a" &&
	truncate -s 2200000000 "$huge/a/file" &&
	printf x >>"$huge/a/file" &&
	printf y | dd of="$huge/a/file" bs=1 seek=2147483649 conv=notrunc &&
	resutil pack-exp -o huge.zip "$huge/a" &&
	resutil unpack-exp -C "$huge/b" huge.zip &&
	test "$(stat -c %s "$huge/b/file")" = 2200000001 &&
	test "$(du -k "$huge/b/file" | cut -f1)" -lt 1000 &&
	test "$(tail -c 1 "$huge/b/file")" = x &&
	test "$(dd if="$huge/b/file" bs=1 skip=2147483649 count=1)" = y
'

test_done
