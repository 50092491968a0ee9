#!/bin/sh
test_description='the memory of pack commands has a bound

128 MB, and 200 bytes and the path for each entry: whatever the size of files,
at any level, with one thread or many.
'
. ./test-lib.sh

# a sanitizer needs memory of its own
if grep -qE '__(asan|tsan)_init' "$BUILD_DIRECTORY/resutil"
then
	test_skip_all '!SANITIZED'
fi

# bytes COMMAND...: what it held at most. What it prints goes to the file out.
bytes () {
	max-rss rss "$@" >out || return 1
	rss=$(($(cat rss) * 1024))
}

# bounded COMMAND...: $entries and $path (bytes of a path) are the tree's.
bounded () {
	bytes "$@" &&
	limit=$((128000000 + entries * (200 + path))) &&
	echo >&2 "$rss bytes of $limit: $*" &&
	test "$rss" -le "$limit"
}

test_expect_success 'setup: a tree with a file of 256 MiB, most of it a hole' '
	make-workload w2 big 16 &&
	truncate -s 256M big/hole &&
	entries=5 path=12
'

for options in '-j 1' '-j 16' '--level 6 -j 1' '--level 6 -j 16'
do
	test_expect_success "pack-exp $options: a big file" '
		bounded resutil pack-exp $options -o big.zip big
	'
done

test_expect_success 'pack-exp: a big file into a pipe' '
	bounded sh -c "resutil pack-exp big | cat >piped.zip" &&
	test -s piped.zip
'

for jobs in 1 16
do
	test_expect_success "hash-experiment -j $jobs: a big file" '
		bounded resutil hash-experiment --no-cache -j $jobs big
	'

	test_expect_success "unpack-exp -j $jobs: a big file" '
		test_when_finished "rm -rf copy" &&
		bounded resutil unpack-exp -j $jobs -C copy piped.zip &&
		cmp big/train3.log copy/train3.log
	'
done

test_expect_success 'unpack-exp: a big file from a pipe' '
	test_when_finished "rm -rf copy" &&
	bounded sh -c "cat piped.zip | resutil unpack-exp -C copy -" &&
	test_path_is_file copy/hole
'

test_expect_success 'verify-pack: a big file' '
	bounded resutil verify-pack piped.zip
'

test_expect_success 'verify-pack: a big file of another program' '
	python3 "$TEST_DIRECTORY"/perf/python-zip.py pack \
		big other.zip &&
	bounded resutil verify-pack other.zip
'

# Half as many show the same in half the time.
if test_have_prereq EXPENSIVE
then
	part=1
else
	part=2
fi

test_expect_success 'setup: a tree of 50,000 files, or of 100,000' '
	rm -rf big *.zip &&
	make-workload many many $part &&
	entries=$(find many -mindepth 1 | wc -l) path=21 &&
	test "$entries" -gt $((100000 / part))
'

for options in '-j 1' '-j 16' '--level 6 -j 16'
do
	test_expect_success "pack-exp $options: many files" '
		bounded resutil pack-exp $options -o many.zip many
	'
done

test_expect_success 'hash-experiment: many files' '
	bounded resutil hash-experiment --no-cache -j 1 many &&
	bounded resutil hash-experiment --no-cache -j 16 many
'

test_expect_success 'hash-experiment: many files, remembered in a project' '
	mkdir project &&
	(
		cd project &&
		resutil --no-interactive init --project-name p &&
		bounded resutil hash-experiment ../many &&
		bounded resutil hash-experiment ../many
	)
'

for jobs in 1 16
do
	test_expect_success "unpack-exp -j $jobs: many files" '
		test_when_finished "rm -rf copy" &&
		bounded resutil unpack-exp -j $jobs -C copy many.zip
	'
done

test_expect_success 'verify-pack, list-pack: many files' '
	bounded resutil verify-pack many.zip &&
	bounded resutil list-pack many.zip
'

# The bound for the rest would hide much for each entry: so it is measured as
# the difference to a small tree.
test_expect_success 'an entry costs 200 bytes and its path at most' '
	test_when_finished "rm -rf few copy" &&
	make-workload many few 10000 &&
	resutil pack-exp -o few.zip few &&
	limit=$((4000000 + entries * (200 + path))) &&
	for command in "pack-exp -j 1 -o out.zip DIR" \
		"hash-experiment -j 1 --no-cache DIR" \
		"unpack-exp -j 1 -C copy DIR.zip" \
		"list-pack DIR.zip" "verify-pack DIR.zip"
	do
		rm -rf copy out.zip &&
		bytes resutil $(echo "$command" | sed s/DIR/few/) &&
		few=$rss &&
		rm -rf copy out.zip &&
		bytes resutil $(echo "$command" | sed s/DIR/many/) &&
		echo >&2 "$((rss - few)) bytes more of $limit: $command" &&
		test $((rss - few)) -le "$limit" || return 1
	done
'

test_done
