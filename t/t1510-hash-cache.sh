#!/bin/sh

test_description='hashes of files that have not changed are remembered

RESUTIL_TEST_NOW stands in for time that passes: files made just now are old
enough to be remembered ten seconds from now.'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

A=aapfup_20240704T191555_first
later=$(($(date +%s) + 3600))
project=$TRASH_DIRECTORY/project

# hash_later OPTION...: prints the hash; how many files were read, and how
# many known, is left in the file "reads".
hash_later () {
	hash_traced env RESUTIL_TEST_NOW=$later resutil hash-experiment "$@"
}

hash_now () {
	hash_traced resutil hash-experiment "$@"
}

hash_traced () {
	rm -f "$TRASH_DIRECTORY/trace" &&
	(
		cd "$project" &&
		RESUTIL_TRACE=$TRASH_DIRECTORY/trace "$@" >../line
	) &&
	sed -n "s/.* hash: \([0-9]* files read, [0-9]* known\)$/\1/p" \
		"$TRASH_DIRECTORY/trace" >"$TRASH_DIRECTORY/reads" &&
	cut -f 1 "$TRASH_DIRECTORY/line"
}

# reads_are N M: of the last hash
reads_are () {
	echo "$1 files read, $2 known" >want-reads && test_cmp want-reads reads
}

cache_file () {
	find "$HOME/.cache/resutil" -type f -name "$A"
}

forget () {
	rm -rf "$HOME/.cache/resutil"
}

test_expect_success 'setup' '
	make_conf project && make_page=project/results/$A &&
	(cd project && make_exp $A "note: \"one\"") &&
	echo one >$make_page/one && mkdir $make_page/dir &&
	echo two >$make_page/dir/two && ln -s one $make_page/link &&
	: >$make_page/empty &&
	hash_later --no-cache $A >want &&
	reads_are 4 0 && test_path_is_missing "$HOME/.cache/resutil"
'

test_expect_success 'a file that has not changed is not read again' '
	hash_later $A >out && test_cmp want out && reads_are 4 0 &&
	test_grep "hash: read .*/results/$A/dir/two$" trace &&
	hash_later $A >out && test_cmp want out && reads_are 0 4 &&
	test_grep ! "hash: read " trace &&
	hash_later results/$A >out && test_cmp want out && reads_are 0 4 &&
	hash_later -j 8 $A >out && test_cmp want out && reads_are 0 4 &&
	hash_later --no-cache $A >out && test_cmp want out && reads_are 4 0
'

test_expect_success 'where the cache lies, and with what rights' '
	test -n "$(cache_file)" && test $(cache_file | wc -l) = 1 &&
	test "$(stat -c %a "$(cache_file)")" = 600 &&
	find "$HOME/.cache/resutil" -name "*.tmp" >left &&
	test_must_be_empty left &&
	(
		XDG_CACHE_HOME=$PWD/elsewhere && export XDG_CACHE_HOME &&
		hash_later $A >out && reads_are 4 0 &&
		hash_later $A >out && reads_are 0 4
	) &&
	test_path_is_dir elsewhere/resutil
'

test_expect_success 'only what has changed is read' '
	echo three >>$make_page/one && hash_later $A >out && reads_are 1 3 &&
	hash_later --no-cache $A >want && test_cmp want out &&
	hash_later $A >out && test_cmp want out && reads_are 0 4 &&
	echo new >$make_page/new && rm $make_page/empty &&
	hash_later $A >out && reads_are 1 3 &&
	hash_later --no-cache $A >want && test_cmp want out &&
	hash_later $A >out && test_cmp want out && reads_are 0 4 &&
	mv $make_page/new $make_page/newer && hash_later $A >out &&
	reads_are 1 3 && hash_later --no-cache $A >want && test_cmp want out
'

test_expect_success 'what is gone is dropped' '
	grep -c "$(printf "dir/two")" "$(cache_file)" &&
	test_grep ! "empty" "$(cache_file)"
'

test_expect_success 'the same size and mtime do not hide a change' '
	hash_later $A >out && reads_are 0 4 &&
	touch -r $make_page/one stamp &&
	printf "eno\nthree\n" >$make_page/one && touch -r stamp $make_page/one &&
	hash_later $A >out && reads_are 1 3 &&
	test_must_fail test_cmp want out &&
	hash_later --no-cache $A >want && test_cmp want out &&
	cp -p $make_page/one copy && printf "ONE\nthree\n" >copy &&
	touch -r stamp copy && mv copy $make_page/one &&
	hash_later $A >out && reads_are 1 3 &&
	hash_later --no-cache $A >want && test_cmp want out
'

# The real clock: what was written just now could be changed again without a
# trace, and so could what is hashed before it looks old.
test_expect_success 'a file that was just changed is not remembered' '
	forget && echo 1234 >$make_page/one && hash_now $A >out &&
	echo 4321 >$make_page/one && hash_now $A >other &&
	test_must_fail test_cmp out other &&
	test_grep "hash: read .*/one$" trace &&
	hash_now --no-cache $A >want && test_cmp want other &&
	touch $make_page/one && hash_now $A >out && test_cmp want out &&
	hash_now $A >out && test_cmp want out &&
	test_grep "hash: read .*/one$" trace
'

test_expect_success 'nor is one whose times are restored or in the future' '
	forget && touch -d 2001-02-03 $make_page/one && hash_now $A >out &&
	test_cmp want out && hash_now $A >out && test_cmp want out &&
	test_grep "hash: read .*/one$" trace &&
	forget && touch -d "2100-01-01" $make_page/one &&
	hash_later $A >out && test_cmp want out &&
	hash_later $A >out && test_cmp want out && reads_are 1 3 &&
	test_grep "hash: read .*/one$" trace &&
	touch $make_page/one
'

test_expect_success 'two seconds are the margin' '
	forget && ctime=$(stat -c %Z $make_page/one) &&
	later=$((ctime + 2)).000000 && hash_later --no-cache $A >want &&
	hash_later $A >out && hash_later $A >out && test_cmp want out &&
	test_grep "hash: read .*/one$" trace &&
	later=$((ctime + 3)).000001 && hash_later $A >out &&
	hash_later $A >out && test_cmp want out && reads_are 0 4 &&
	later=$((ctime + 3600))
'

test_expect_success 'a cache that is damaged in any way is as if it were not there' '
	hash_later $A >out && hash_later $A >out && reads_are 0 4 &&
	file=$(cache_file) && cp "$file" good && size=$(wc -c <good) &&
	for at in 0 20 21 25 60 $((size / 2)) $((size - 33)) $((size - 1))
	do
		{ head -c $at good && printf "#" &&
		  tail -c +$((at + 2)) good ; } >"$file" &&
		if cmp -s good "$file"
		then
			printf "%%" | dd of="$file" bs=1 seek=$at conv=notrunc
		fi &&
		hash_later $A >out && test_cmp want out && reads_are 4 0 &&
		test_cmp_bin good "$file" || return 1
	done &&
	for len in 0 1 21 53 54 $((size / 2)) $((size - 1))
	do
		head -c $len good >"$file" &&
		hash_later $A >out && test_cmp want out && reads_are 4 0 &&
		test_cmp_bin good "$file" || return 1
	done &&
	echo more >>"$file" && hash_later $A >out && test_cmp want out &&
	reads_are 4 0 && test_cmp_bin good "$file" &&
	head -c 100000 /dev/urandom >"$file" && hash_later $A >out &&
	test_cmp want out && reads_are 4 0
'

test_expect_success PYTHON 'one that is whole and makes no sense, too' '
	cat >craft.py <<-\EOF &&
	import hashlib, struct, sys
	MAGIC = b"resutil hash cache 1\n"
	def entry(path, length=None, nul=b"\0"):
	    length = len(path) if length is None else length
	    return struct.pack("<I", length) + bytes(80) + path + nul
	what = {
	    "order": entry(b"b") + entry(b"a"),
	    "twice": entry(b"a") + entry(b"a"),
	    "long": entry(b"a", 2),
	    "huge": entry(b"a", 0xffffffff),
	    "short": entry(b"aa", 1),
	    "no-nul": entry(b"a", nul=b""),
	    "nul": entry(b"a\0b"),
	    "cut": entry(b"a")[:40],
	    "nothing": b"",
	    "next": b"",
	}[sys.argv[1]]
	magic = MAGIC if sys.argv[1] != "next" else b"resutil hash cache 2\n"
	text = magic + what
	sys.stdout.buffer.write(text + hashlib.sha256(text).digest())
	EOF
	for what in order twice long huge short no-nul nul cut nothing next
	do
		python3 craft.py $what >"$file" &&
		hash_later $A >out && test_cmp want out && reads_are 4 0 &&
		test_cmp_bin good "$file" || return 1
	done
'

# Otherwise nothing above would show that what is known comes from the file.
test_expect_success PYTHON 'what the cache says is what counts' '
	python3 -c "
import hashlib
text = bytearray(open(\"good\", \"rb\").read()[:-32])
text[21 + 4 + 48] ^= 1
open(\"changed\", \"wb\").write(text + hashlib.sha256(text).digest())
	" &&
	cp changed "$file" && hash_later $A >out && reads_are 0 4 &&
	test_must_fail test_cmp want out && cp good "$file"
'

test_expect_success 'no link and no directory stands in for a cache' '
	rm "$file" && ln -s "$PWD/good" "$file" && hash_later $A >out &&
	test_cmp want out && reads_are 4 0 &&
	test ! -h "$file" && test_cmp_bin good "$file" &&
	rm "$file" && mkdir "$file" && hash_later $A >out 2>err &&
	test_cmp want out && reads_are 4 0 && test_must_be_empty err &&
	rmdir "$file"
'

test_expect_success 'without a place for caches' '
	for home in /dev/null "" relative
	do
		(HOME=$home && hash_later $A) >out 2>err &&
		test_cmp want out && reads_are 4 0 &&
		test_must_be_empty err || return 1
	done &&
	(unset HOME && hash_later $A >out) && test_cmp want out
'

test_expect_success FAULTS 'a cache that cannot be written costs nothing' '
	for fault in write:1:ENOSPC write:1:short write:1:EIO rename:1:EIO \
		open:1:EROFS mkdir:1:EACCES mkdir:3:EACCES
	do
		forget &&
		(
			cd project &&
			with_faults RESUTIL_TEST_NOW=$later \
				RESUTIL_TEST_FAULT=$fault \
				RESUTIL_TEST_FAULT_LOG="$PWD/../log" \
				resutil hash-experiment $A
		) >line 2>err &&
		cut -f 1 line >out && test_cmp want out &&
		test_must_be_empty err &&
		test_grep "^${fault%%:*}	" log && rm log &&
		find "$HOME" -name "*.tmp" >left &&
		test_must_be_empty left || return 1
	done &&
	hash_later $A >out && test_cmp want out && hash_later $A >out &&
	reads_are 0 4
'

test_expect_success FAULTS 'nor does one whose writer was killed' '
	forget &&
	(
		cd project &&
		test_expect_code 137 with_faults RESUTIL_TEST_NOW=$later \
			RESUTIL_TEST_FAULT=rename:1:kill \
			resutil hash-experiment $A
	) &&
	hash_later $A >out && test_cmp want out && reads_are 4 0 &&
	hash_later $A >out && test_cmp want out && reads_are 0 4
'

test_expect_success 'a directory leaves nothing behind' '
	forget && (cd project && resutil hash-experiment ./results .) >out &&
	mkdir lone && echo x >lone/x &&
	RESUTIL_TEST_NOW=$later resutil hash-experiment lone >out &&
	if test -d "$HOME/.cache/resutil"
	then
		find "$HOME/.cache/resutil" -type f >left &&
		test_must_be_empty left
	fi
'

test_expect_success 'a hundred at once' '
	forget &&
	(
		cd project && RESUTIL_TEST_NOW=$later &&
		export RESUTIL_TEST_NOW && i=0 pids= &&
		while test $i -lt 100
		do
			resutil hash-experiment -j 2 $A >../out-$i 2>../err-$i &
			pids="$pids $!" i=$((i + 1))
		done &&
		for pid in $pids
		do
			wait $pid || exit 1
		done
	) &&
	cat out-? out-?? | cut -f 1 | sort -u >out && test_cmp want out &&
	cat err-* >err && test_must_be_empty err &&
	hash_later $A >out && test_cmp want out && reads_are 0 4 &&
	test_cmp_bin good "$file" &&
	find "$HOME/.cache/resutil" -name "*.tmp" >left &&
	test_must_be_empty left
'

test_done
