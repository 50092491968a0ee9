#!/bin/sh

test_description='copy-pack: kills, races, faults, and a thousand packs'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh

all () {
	resutil copy-pack --from=origin --to=dir:b --all "$@"
}

same_bytes () {
	diff -r -x ".resutil-*" "$objects" b/project >differ && test_must_be_empty differ &&
	# what was being written by then is told by gc, here and there
	find .resutil/copies -name "*.part" -o -name "*.json" >left &&
	test_must_be_empty left
}

test_expect_success 'setup: small packs and large ones' '
	mkdir "$store" b && make_conf &&
	for nr in 10 11 12 13 14 15
	do
		make_exp aapfup_20240704T1915${nr}_run$nr \
			"id: \"$(test_id $nr)\"" "revision: 1" "state: done" ||
		return 1
	done &&
	head -c 9000000 /dev/urandom >results/aapfup_20240704T191510_run10/big &&
	head -c 30000000 /dev/urandom >results/aapfup_20240704T191511_run11/big &&
	resutil list-exps | resutil send-pack --stdin >out
'

# Whatever was reached, the next one ends it.
test_expect_success FAULTS 'killed at any write, and then ended' '
	rm -rf b/project .resutil/copies &&
	for nr in 1 2 3 5 8 12 17 23 30 38 47
	do
		with_faults RESUTIL_TEST_FAULT=any:$nr:kill \
			resutil copy-pack --from=origin --to=dir:b --all \
			>out 2>&1
		find b -name "aap*.zip" >here &&
		while read -r pack
		do
			cmp "$pack" "$objects/${pack##*/}" || return 1
		done <here || return 1
	done && all >out && same_bytes
'

test_expect_success FAULTS 'a full disk here: told, and nothing is left' '
	rm -rf b/project && test_expect_code 3 with_faults \
		RESUTIL_TEST_FAULT=write:4:ENOSPC resutil copy-pack \
		--from=origin --to=dir:b --all -j 1 >out 2>err &&
	test_grep "No space left" err && find .resutil/copies -name "*.part" >left &&
	test_must_be_empty left && all >out && same_bytes
'

test_expect_success 'killed at moments of chance, and then ended' '
	rm -rf b/project && for msec in 003 009 016 024 033
	do
		resutil copy-pack --from=origin --to=dir:b --all >out 2>&1 &
		pid=$! && sleep 0.$msec && kill -9 $pid 2>/dev/null
		wait $pid 2>/dev/null
	done
	all >out && same_bytes
'

test_expect_success 'two at once to one store' '
	rm -rf b/project && {
		all >one 2>err1 & first=$!
		all >two 2>err2 & second=$!
		wait $first && wait $second
	} && same_bytes && resutil fsck --remote=dir:b --read-data &&
	cat one two | cut -f 1 | sort -u >told && test_grep ! failed told &&
	test_grep ! conflict told
'

test_expect_success FAULTS 'a pack is replaced while it is copied' '
	rm -rf b/project && name=aapfup_20240704T191512_run12 &&
	with_faults RESUTIL_TEST_STORE_FAULT=get:1:conflict \
		resutil copy-pack --from=origin --to=dir:b run12 >out 2>err &&
	cut -f 1 out >told && echo new >want && test_cmp want told &&
	cmp "$objects"/$name.zip b/project/$name.zip
'

test_expect_success FAULTS 'a lost answer is no conflict' '
	rm -rf b/project &&
	with_faults RESUTIL_TEST_STORE_FAULT=put:1:lost,put:3:lost \
		resutil copy-pack --from=origin --to=dir:b --all >out 2>err &&
	cut -f 1 out | sort -u >told &&
	test_grep ! "conflict" told && test_grep ! failed told && same_bytes
'

test_expect_success FAULTS 'a store that goes away is asked no more' '
	rm -rf b/project && test_expect_code 12 with_faults \
		RESUTIL_TEST_STORE_FAULT=put:1+:unreachable \
		resutil copy-pack --patience=0 -j 1 --from=origin --to=dir:b --all \
		>out 2>err && cut -f 1 out | sort | uniq -c >told &&
	test_grep "6 failed" told && test_grep "was not copied, since" err &&
	all >out && same_bytes
'

# what other clones put there while we copied
test_expect_success 'another run gets the name in between' '
	rm -rf b/project && mkdir b/project &&
	name=aapfup_20240704T191513_run13 &&
	cp "$objects"/aapfup_20240704T191514_run14.zip b/project/$name.zip &&
	test_expect_code 3 all >out 2>err && test_grep "another run" err &&
	test_line_count = 6 out && rm b/project/$name.zip && all >out && same_bytes
'

test_expect_success 'gc finds what kills left' '
	: >.resutil/copies/00112233445566778899aabbccddeeff.json.4000000.1.tmp &&
	resutil gc --older-than=0 >out && find .resutil/copies -type f >left &&
	test_must_be_empty left
'

test_expect_success 'a thousand packs in bounded memory, and nothing twice' '
	mkdir many && make_conf many && mkdir -p many/a/project many/b && (
		cd many && sed -i "s|path: .*|path: a|" resutil-conf.yaml &&
		resutil add >name && echo 1 >results/$(cat name)/x &&
		/usr/bin/python3 - a/project <<-\EOF
		import io, sys, uuid, zipfile
		for i in range(1000):
		    name = "aapfup_20240704T19%02d%02d_r%d" % (i // 60 % 60, i % 60, i)
		    with zipfile.ZipFile("%s/%s.zip" % (sys.argv[1], name), "w") as z:
		        z.writestr("resutil-exp.yaml", "name: %s\nid: %s\n" %
		                   (name, uuid.UUID(int=i + 1)))
		        z.writestr("data", b"x" * 60000)
		EOF
	) && (
		cd many && max-rss rss resutil copy-pack --from=origin --to=dir:b \
			--all >out && test_line_count = 1000 out &&
		diff -r a/project b/project &&
		resutil copy-pack --from=origin --to=dir:b --all >out &&
		cut -f 1 out | sort -u >told && echo same >want &&
		test_cmp want told
	)
'

test_expect_success !SANITIZED 'which was not much' '
	# a sanitizer of threads has memory of its own
	limit=60000 && if grep -q __tsan_init "$BUILD_DIRECTORY/resutil"
	then
		limit=600000
	fi &&
	echo "$(cat many/rss) KiB" && test $(cat many/rss) -lt $limit
'

test_done
