#!/bin/sh

test_description='stores whose listings hold names that are no names

What lies in a store may have been put there by anybody. Names with control
characters, `..`, bytes that are no UTF-8, 255 of them, names that differ in
case alone, links, FIFOs, directories: each command passes over what is no
name, and writes nowhere but into results.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test "$(python3 -c "print(1)" 2>/dev/null)" = 1 ||
test_skip_all "python3 is missing"

one=aapfup_20240704T191555_one

# The names that list-remote shows are those of `valid`, in its order.
test_expect_success 'setup: a store as somebody who hates us fills it' '
	make_conf && mkdir -p store/project outside && echo secret >outside/secret &&
	for i in $(seq 20)
	do
		make_exp $one "id: $(test_id $i)" "state: done" &&
		resutil pack-exp $one >pack$i || return 1
	done &&
	python3 -S -E - <<-\END &&
	import os, shutil

	HEAD = b"aapfuq_20240704T1917"
	evil = [b"..", b".", b"...", b"-rf", b"", b" ", b"_debug", b"~", b"$HOME",
	        b"resutil-conf.yaml", b".resutil", b"%2e%2e", b"..%2f..%2fx",
	        b"..\\..\\x", b"C:", b"nul", b"a" * 251, b"\xff" * 200,
	        b"aapfuq", b"aapfuq_2024", b"aapfuq_20241332T000000",
	        b"AAPFUQ_20240704T191700", b" " + HEAD + b"00", HEAD + b"00 ",
	        HEAD + b"00x", HEAD + b"61", b"results", b"...."]
	comments = [b"_\033[2J", b"_a\nb", b"_a\rb", b"_\t", b"_\xff",
	            b"_\xc0\xaf", b"_\xed\xa0\x80", b"_\xc2\x9bA", b"_\x7f",
	            b"_a\\b", b"_a:b", b"_a*", b"_a?", b"_a|b", b"_<a>",
	            b"_\"", b"_" + b"a" * 208, b"_" + "\u3042".encode() * 70]
	evil += [HEAD + b"%02d" % i + c for i, c in enumerate(comments)]
	good = [HEAD + b"30", HEAD + b"31_", HEAD + b"32_..", HEAD + b"33_.",
	        HEAD + b"34_-rf", HEAD + b"35_a",
	        HEAD + b"36_$(touch x)", HEAD + b"37_;touch x", HEAD + b"38_%s%n",
	        HEAD + b"39_" + "\u202e".encode() + b"gpj",
	        HEAD + b"40_" + b"a" * 200, HEAD + b"41_" + "\u3042".encode() * 66,
	        HEAD + b"42_ ", HEAD + b"43_\xc3\xa9",
	        HEAD + b"44_.zip", HEAD + b"45_~", HEAD + b"46_#"]
	top = b"store/project/"
	# one name, for a file system that folds case or knows combined letters
	twins = [HEAD + b"35_A", HEAD + b"43_e\xcc\x81"]
	for name in evil:
	    shutil.copy(b"pack1", top + name + b".zip")
	for i, name in enumerate(good + twins):
	    shutil.copy(b"pack%d" % (i + 1), top + name + b".zip")
	good += twins
	shutil.copy(b"pack1", top + HEAD + b"50.ZIP")
	shutil.copy(b"pack1", top + HEAD + b"51")
	shutil.copy(b"pack1", top + HEAD + b"52.zip.tmp")
	os.mkdir(top + HEAD + b"53.zip")
	os.mkfifo(top + HEAD + b"54.zip")
	os.symlink("../../outside/secret", top + HEAD + b"55.zip")
	os.symlink("nowhere", top + HEAD + b"56.zip")
	os.symlink(HEAD + b"57.zip", top + HEAD + b"57.zip")
	os.symlink("../../outside", top + b"link")
	os.mkdir(top + b"sub")
	shutil.copy(b"pack1", top + b"sub/" + HEAD + b"58.zip")
	with open("valid", "wb") as out:
	    out.write(b"".join(sorted(n + b"\n" for n in good)))
	END
	ls -A store/project >before && test_line_count -gt 70 before
'

# nothing outside: what is not below results, .resutil and store is as it was.
surroundings () {
	find . "(" -name results -o -name .resutil -o -name store -o -name clone \
		-o -name trash ")" -prune -o -type f -print |
	grep -v -e "^./[a-z]*$" | sort &&
	ls -A .. | sort && cksum outside/secret
}

test_expect_success 'only names are listed' '
	surroundings >around && resutil list-remote >out 2>err &&
	test_must_be_empty err &&
	grep -v "T19175[5-7]" out >listed && test_cmp valid listed &&
	resutil list-remote -z | tr "\0" "\n" | grep -v "T19175[5-7]" >listed &&
	test_cmp valid listed
'

test_expect_success 'list shows each, and no control character' '
	test_might_fail resutil list >out 2>err &&
	test_grep ! "[[:cntrl:]]" out && test_grep ! "[[:cntrl:]]" err &&
	test $(grep -c aapfuq out) -ge $(wc -l <valid)
'

test_expect_success 'pull fetches them, into results and nowhere else' '
	rm -rf results/* &&
	test_might_fail resutil pull -A >out 2>err &&
	ls results | grep -v "T19175[5-7]" >here &&
	LC_ALL=C sort here >sorted && test_cmp valid sorted &&
	for name in results/*
	do
		test -f "$name/resutil-exp.yaml" || return 1
	done &&
	surroundings >now && test_cmp around now &&
	test_path_is_missing x && ls -A store/project >after &&
	test_cmp before after
'

test_expect_success 'a link out of the store is no pack of it' '
	test_path_is_missing results/aapfuq_20240704T191755 &&
	test_must_fail resutil cat-pack aapfuq_20240704T191755 a >out 2>err &&
	test_must_be_empty out && ! grep secret err
'

test_expect_success 'clone --all, the same' '
	test_might_fail resutil clone --all "dir:$TRASH_DIRECTORY/store/project" \
		clone >out 2>err &&
	(cd clone && ls results) | grep -v "T19175[5-7]" | LC_ALL=C sort >here &&
	test_cmp valid here && surroundings >now && test_cmp around now
'

test_expect_success 'they can be pushed, shown and removed by name' '
	while IFS= read -r name
	do
		resutil show -- "$name" >/dev/null &&
		resutil push --no-dependency -- "$name" >/dev/null &&
		resutil list-pack --remote origin -- "$name" >/dev/null &&
		resutil rm -l -y -- "$name" >/dev/null || {
			echo "$name"
			return 1
		}
	done <valid &&
	surroundings >now && test_cmp around now
'

test_expect_success 'what is no name is not asked for' '
	for name in ../outside ../../outside/secret /etc/passwd "" -- \
		"aapfuq_20240704T191700/../../outside" "a
b" "$(printf "aapfuq_20240704T191700_\033[2J")" _debug/.. .resutil
	do
		test_must_fail resutil fetch-exp -- "$name" >out 2>err &&
		test_must_fail resutil send-pack -- "$name" >out 2>err &&
		test_must_fail resutil remove-exp --local -- "$name" 2>err &&
		test_must_fail resutil remove-exp --remote origin -- "$name" \
			2>err &&
		test_must_fail resutil rename-exp --local -- $one "$name" \
			2>err &&
		test_must_fail resutil show -- "$name" >out 2>err &&
		test_must_fail resutil rm -l -y -- "$name" >out 2>err &&
		test_must_fail resutil unpack-exp "$name" >out 2>err &&
		test_grep ! "[[:cntrl:]]" err || return 1
	done &&
	surroundings >now && test_cmp around now &&
	ls -A store/project >after && test_cmp before after
'

test_expect_success 'names that come through a pipe are held to the same' '
	printf "../outside\0/etc/passwd\0..\0\0a\nb\0" >names &&
	for command in "fetch-exp" "send-pack" "stat-remote" \
		"remove-exp --local" "list-pack" "read-deps"
	do
		test_might_fail resutil $command --stdin -z <names >out 2>err ||
		return 1
	done &&
	surroundings >now && test_cmp around now &&
	ls -A store/project >after && test_cmp before after
'

test_done
