#!/bin/sh

test_description='long names, deep trees, and very large ones

Into an experiment, into a store, out of it and away again. What is large takes minutes
and gigabytes, so it is tried with RESUTIL_TEST_EXPENSIVE=1 alone: 4.4 GB in one
file, 1,000,000 files in one directory. With -v the time and the memory of each
command are told; the memory has a bound.
'
expensive=${RESUTIL_TEST_EXPENSIVE:-}
. ./test-lib.sh
unset RESUTIL_NO_REMOTE

test_lazy_prereq EXPENSIVE 'test -n "$expensive"'

# fresh: two clones of one store
fresh () {
	rm -rf store p q &&
	mkdir store p q &&
	for who in p q
	do
		resutil --no-interactive -C $who init --project-name project \
			--storage-type dir -o path="$PWD/store" >/dev/null ||
		return 1
	done
}

# measured COMMAND...: within 128 MB, and 200 bytes and the path for each entry;
# `add` sees all of them twice
times=1
measured () {
	began=$(date +%s.%N) &&
	max-rss rss "$@" >out || return 1
	rss=$(($(cat rss) * 1024)) &&
	ended=$(date +%s.%N) &&
	echo >&2 "$(echo "$began $ended" | awk "{ print \$2 - \$1 }") s," \
		"$((rss / 1000000)) MB: $*" &&
	{
		grep -qE "__(asan|tsan)_init" "$BUILD_DIRECTORY/resutil" ||
		test $rss -le $((128000000 + times * entries * (200 + path)))
	}
}

# there_and_back FROM: added, sent, fetched, compared, removed
there_and_back () {
	fresh &&
	times=2 && measured resutil -C p add large --from "$1" && times=1 &&
	measured resutil -C p push large &&
	measured resutil -C q pull large &&
	measured resutil -C p hash-experiment large && cp out want &&
	measured resutil -C q hash-experiment large && test_cmp want out &&
	measured resutil -C p verify-pack large &&
	measured resutil -C p push -A &&
	measured resutil -C q pull -A &&
	measured resutil -C q fsck --remote --read-data &&
	measured resutil -C q rm -l -y large &&
	measured resutil -C p rm -y large &&
	resutil -C p gc --remote --older-than=0 >out &&
	find p/results q/results store -mindepth 1 ! -name .resutil-lock \
		! -name .gitignore >left &&
	test_must_be_empty left
}

test_expect_success PYTHON 'names of 255 bytes, paths that no call takes whole' '
	python3 - <<-\EOF &&
	import os
	os.mkdir("long")
	os.chdir("long")
	for letter in "ab":
	    open(letter * 255, "w").write(letter)
	for n in range(20):
	    name = "%02d" % n + "d" * 253
	    os.mkdir(name)
	    os.chdir(name)
	    open("f" * 255, "w").write(str(n))
	EOF
	entries=42 path=5500 &&
	test_when_finished "rm -rf long" &&
	there_and_back "$PWD/long"
'

test_expect_success PYTHON 'a path of 4,096 bytes and its neighbours' '
	python3 - <<-\EOF &&
	import os
	os.mkdir("edge")
	os.chdir("edge")
	length = 0
	while length + 200 < 4080:
	    os.mkdir("d" * 199)
	    os.chdir("d" * 199)
	    length += 200
	for total in range(4090, 4101):
	    open("f" * (total - length), "w").write(str(total))
	EOF
	entries=40 path=4100 &&
	test_when_finished "rm -rf edge" &&
	there_and_back "$PWD/edge"
'

test_expect_success PYTHON 'a tree of 1,000 levels' '
	python3 - <<-\EOF &&
	import os
	os.mkdir("deep")
	os.chdir("deep")
	for n in range(1000):
	    os.mkdir("d")
	    os.chdir("d")
	open("bottom", "w").write("here")
	EOF
	entries=1001 path=2010 &&
	test_when_finished "rm -rf deep" &&
	there_and_back "$PWD/deep"
'

test_expect_success EXPENSIVE 'a file of 4.4 GB, nearly all of it a hole' '
	mkdir -p hole && truncate -s 4400000000 hole/a &&
	echo behind >hole/b && seq 100000 | dd of=hole/a bs=1M seek=4100 \
		conv=notrunc 2>/dev/null &&
	entries=3 path=20 &&
	test_when_finished "rm -rf hole store p q" &&
	there_and_back "$PWD/hole"
'

test_expect_success EXPENSIVE '1,000,000 files in one directory' '
	python3 - <<-\EOF &&
	import os
	os.mkdir("million")
	top = os.open("million", os.O_RDONLY)
	for n in range(1000000):
	    fd = os.open("file-%07d" % n, os.O_CREAT | os.O_WRONLY, 0o644,
	                 dir_fd=top)
	    os.write(fd, b"%d\n" % n)
	    os.close(fd)
	EOF
	entries=1000001 path=12 &&
	test_when_finished "rm -rf million store p q" &&
	there_and_back "$PWD/million"
'

test_done
