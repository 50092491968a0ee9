#!/bin/sh

test_description='an index that is damaged, foreign, locked or in the way

It is a cache: whatever happens to it, what is reported is what the records
say. One message tells of an index that was damaged.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test_set_now 4000000000

# make_runs FIRST LAST: experiments with these seconds in their names.
make_runs () {
	run=$1
	while test "$run" -le "$2"
	do
		make_exp "aapfup_20240704T1915$(printf %02d "$run")_n$run" \
			"params: {nr: $run}" "state: done" || return 1
		run=$((run + 1))
	done
}

reported () {
	resutil report --columns '**' --sort name --json "$@"
}

# as_expected: the report is that of the records, without a word.
as_expected () {
	reported >out 2>err &&
	test_cmp expect out &&
	test_must_be_empty err
}

# told_once: the same, and one line says that the index was damaged.
told_once () {
	reported >out 2>err &&
	test_cmp expect out &&
	test_line_count = 1 err &&
	test_grep "index.* is damaged: it is made anew" err &&
	as_expected
}

# right_perhaps_told: what is reported is right, now and then, and nothing else
# than damage is told, once.
right_perhaps_told () {
	reported >out 2>err &&
	test_cmp expect out &&
	{ test ! -s err || test_grep "index.* is damaged" err; } &&
	as_expected
}

test_expect_success 'setup' '
	make_conf &&
	make_runs 10 29 &&
	index="$(resutil update-index --stats | sed -n "s/^path	//p")" &&
	cache=${index%/*} &&
	env -u HOME -u XDG_CACHE_HOME \
		resutil report --columns "**" --sort name --json >expect &&
	test_line_count = 20 expect &&
	cp "$index" good &&
	as_expected
'

test_expect_success 'where there is none nobody can do without a look' '
	rm "$index" && reported --no-refresh >out 2>err &&
	test_cmp expect out && test_must_be_empty err &&
	test -s "$index" &&
	env -u HOME -u XDG_CACHE_HOME resutil report --columns "**" \
		--sort name --json --no-refresh >out 2>err &&
	test_cmp expect out && test_must_be_empty err
'

test_expect_success 'a file that is no database' '
	: "an empty file is an empty database" &&
	>"$index" &&
	as_expected &&
	head -c 100000 expect >"$index" &&
	told_once &&
	head -c 100000 /dev/zero >"$index" &&
	told_once
'

test_expect_success 'a file that was cut' '
	size=$(wc -c <good) &&
	head -c $((size / 8)) good >"$index" &&
	told_once &&
	for part in 2 3 4 5 6 7
	do
		: "there may be a page at the end that nobody needs" &&
		head -c $((size * part / 8)) good >"$index" &&
		right_perhaps_told || return 1
	done
'

test_expect_success PYTHON 'bytes that have changed, anywhere' '
	cat >change.py <<-\END &&
	import random, sys
	data = bytearray(open("good", "rb").read())
	rng = random.Random(int(sys.argv[2]))
	used = [i for i, byte in enumerate(data) if byte]
	for _ in range(3):
	    at = rng.choice(used)
	    data[at] ^= 1 << rng.randrange(8)
	open(sys.argv[1], "wb").write(data)
	END
	for seed in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
	do
		python3 change.py "$index" $seed &&
		right_perhaps_told || return 1
	done
'

test_expect_success PYTHON 'a block that belongs to another index' '
	cat >swap.py <<-\END &&
	import sqlite3, sys
	db = sqlite3.connect(sys.argv[1])
	db.execute(sys.argv[2])
	db.commit()
	END
	for sql in "UPDATE fields SET path = path || char(97) WHERE id = 3" \
		"DELETE FROM fields WHERE id = 0" \
		"DELETE FROM fields WHERE id = (SELECT max(id) FROM fields)" \
		"DELETE FROM rows" \
		"DELETE FROM state" \
		"INSERT INTO keys SELECT block + 7, data FROM keys" \
		"UPDATE rows SET data = data || data" \
		"PRAGMA application_id = 1"
	do
		cp good "$index" &&
		python3 swap.py "$index" "$sql" &&
		told_once || return 1
	done
'

test_expect_success PYTHON 'an index of another version is made anew' '
	for version in 0 2 99
	do
		cp good "$index" &&
		python3 swap.py "$index" "CREATE TABLE future(x)" &&
		python3 swap.py "$index" "PRAGMA user_version = $version" &&
		as_expected &&
		resutil update-index --stats >stats &&
		grep "^read	0" stats &&
		test_must_fail python3 swap.py "$index" "SELECT * FROM future" \
			2>err &&
		test_grep "no such table" err || return 1
	done
'

test_expect_success 'no home, or one that cannot be written' '
	env -u HOME -u XDG_CACHE_HOME resutil update-index --stats >stats &&
	grep "^path	$" stats &&
	>file &&
	XDG_CACHE_HOME=$PWD/file/below as_expected
'

test_expect_success AS_USER 'a cache that cannot be written is read' '
	cp good "$index" &&
	make_runs 30 30 &&
	env -u HOME -u XDG_CACHE_HOME \
		resutil report --columns "**" --sort name --json >expect &&
	chmod -R a+rX . "$cache" && chmod a-w "$cache" "$index" &&
	as_user env XDG_CACHE_HOME="${XDG_CACHE_HOME:-$HOME/.cache}" \
		resutil report --columns "**" --sort name --json >out 2>err &&
	test_cmp expect out &&
	test_must_be_empty err &&
	chmod u+w "$cache" "$index" &&
	as_expected
'

test_expect_success 'a cache directory that is a file, an index that is one' '
	rm "$index" && mkdir "$index" &&
	as_expected &&
	rmdir "$index" &&
	as_expected
'

test_expect_success FAULTS 'a file system without locks' '
	for error in ENOLCK ENOSYS EOPNOTSUPP
	do
		with_faults RESUTIL_TEST_FAULT=lock:1+:$error resutil report \
			--columns "**" --sort name --json >out 2>err &&
		test_cmp expect out &&
		test_must_be_empty err &&
		with_faults RESUTIL_TEST_FAULT=lock:1+:$error \
			resutil update-index --stats >stats &&
		grep "^path	$" stats || return 1
	done
'

test_expect_success FAULTS 'kill -9, or an error, at each of its steps' '
	cp good "$index" &&
	rm -f log &&
	with_faults RESUTIL_TEST_FAULT_LOG="$PWD/log" \
		resutil update-index &&
	points=$(grep -c . log) &&
	test "$points" -gt 8 &&
	for action in kill ENOSPC short EIO
	do
		point=1
		while test $point -le "$points"
		do
			cp good "$index" && rm -f "$index"-journal &&
			{ with_faults \
				RESUTIL_TEST_FAULT=any:$point:$action \
				resutil update-index >out 2>err || :; } &&
			if ! as_expected
			then
				echo "after any:$point:$action" &&
				sed -n ${point}p log && cat err
				return 1
			fi
			point=$((point + 2))
		done
	done
'

test_done
