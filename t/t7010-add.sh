#!/bin/sh

test_description='add: an experiment without running anything'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

TZ=Asia/Tokyo
export TZ
test_set_now 1720088155
now=aapfup_20240704T191555

# nothing but what is named here is in the results directory
results_are () {
	printf "%s\n" "$@" | sort >expect-results &&
	ls -A results | sort >actual-results &&
	test_cmp expect-results actual-results
}

fresh () {
	rm -rf results raw &&
	mkdir -p raw/sub/empty &&
	printf "1,2\n" >raw/points.csv &&
	printf "x" >raw/sub/file
}

test_expect_success 'setup' '
	make_conf
'

test_expect_success 'prints the name; the record says what it is' '
	RESUTIL_TEST_ID=$(test_id 7) resutil add "my data" >actual 2>err &&
	echo "${now}_my data" >expect &&
	test_cmp expect actual &&
	test_must_be_empty err &&
	results_are "${now}_my data" &&
	ls -A "results/${now}_my data" >actual &&
	echo resutil-exp.yaml >expect &&
	test_cmp expect actual &&
	cat >expect <<-END &&
	resutil: 1
	id: "$(test_id 7)"
	revision: 1
	name: ${now}_my data
	cwd: $TRASH_DIRECTORY
	dependency: []
	result_dir: results/${now}_my data
	at:
	  created: "2024-07-04T19:15:55.000000+09:00"
	state: added
	END
	sed -e "/^host: ./d" -e "/^user: ./d" -e "/^id:/s/: \([^\"].*\)/: \"\1\"/" \
		"results/${now}_my data/resutil-exp.yaml" >actual &&
	test_cmp expect actual
'

test_expect_success 'without a comment, as an argument, as an option' '
	fresh &&
	resutil add </dev/null >actual &&
	resutil add "" >>actual &&
	resutil add -m one >>actual &&
	resutil add --comment=two >>actual &&
	RESUTIL_COMMENT=three resutil add >>actual &&
	RESUTIL_COMMENT=other resutil add four >>actual &&
	cat >expect <<-END &&
	$now
	aapfup_20240704T191556
	${now}_one
	${now}_two
	${now}_three
	${now}_four
	END
	test_cmp expect actual
'

test_expect_success 'a bad comment is refused, from wherever it comes' '
	rm -rf results &&
	test_expect_code 129 resutil add a/b 2>err &&
	test_line_count = 1 err &&
	test_expect_code 129 resutil add -m "a:b" &&
	test_expect_code 129 env RESUTIL_COMMENT="a
b" resutil add &&
	test_path_is_missing results
'

test_expect_success 'a name that is taken: the next free second, at once' '
	fresh &&
	for i in 1 2 3 4 5 6
	do
		resutil add same || return 1
	done >actual &&
	printf "aapfu%s_same\n" p_20240704T191555 p_20240704T191556 \
		p_20240704T191557 p_20240704T191558 p_20240704T191559 \
		q_20240704T191600 >expect &&
	test_cmp expect actual &&
	while read name
	do
		resutil read-exp --key name "$name" || return 1
	done <expect >actual &&
	test_cmp expect actual
'

test_expect_success 'many at once' '
	fresh &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12
	do
		resutil add x >>names 2>>errors &
	done &&
	wait &&
	sort -u names >unique &&
	test_line_count = 12 unique &&
	test_must_be_empty errors &&
	ls -A results >actual &&
	test_cmp unique actual
'

test_expect_success 'dependencies: -d takes all words up to the next option' '
	fresh &&
	make_exp aaaaaa_20240101T000000_a "id: $(test_id 1)" &&
	make_exp aaaaaa_20240101T000001_b &&
	resutil add c -d a results/aaaaaa_20240101T000001_b/x >name &&
	printf "aaaaaa_%s\n" 20240101T000000_a 20240101T000001_b >expect &&
	resutil read-deps "$(cat name)" >actual &&
	test_cmp expect actual &&
	resutil read-exp --json "$(cat name)" >json &&
	test_grep "\"dependency_ids\":{\"aaaaaa_20240101T000000_a\":\"$(test_id 1)\"}" \
		json &&
	resutil add -d a b -m d >name &&
	resutil read-deps "$(cat name)" >actual &&
	test_cmp expect actual &&
	resutil add -d a b >name &&
	echo $now >expect-name &&
	test_cmp expect-name name &&
	resutil add -d a -d b -- -e >name &&
	echo ${now}_-e >expect-name &&
	test_cmp expect-name name &&
	resutil add f --dependency=a -d a aaaaaa_20240101T000000_a b >name &&
	resutil read-deps "$(cat name)" >actual &&
	test_cmp expect actual
'

test_expect_success 'a dependency whose record cannot be read still is one' '
	fresh &&
	mkdir -p results/aaaaaa_20240101T000000_a &&
	echo "[" >results/aaaaaa_20240101T000000_a/resutil-exp.yaml &&
	resutil add b -d a >name &&
	resutil read-deps "$(cat name)" >actual &&
	echo aaaaaa_20240101T000000_a >expect &&
	test_cmp expect actual
'

test_expect_success 'unknown ones are all named, and nothing is left' '
	fresh &&
	make_exp aaaaaa_20240101T000000_a &&
	test_expect_code 10 resutil add c -d gone a lost >out 2>err &&
	test_must_be_empty out &&
	test_line_count = 2 err &&
	test_grep gone err &&
	test_grep lost err &&
	make_exp aaaaaa_20240101T000001_a &&
	test_expect_code 129 resutil add c -d a 2>err &&
	test_grep ambiguous err &&
	mkdir results/_debug &&
	test_expect_code 129 resutil add c -d _debug &&
	results_are _debug aaaaaa_20240101T000000_a aaaaaa_20240101T000001_a
'

test_expect_success '--from takes files, directories and links' '
	fresh &&
	chmod 755 raw/sub/file &&
	chmod 640 raw/points.csv &&
	chmod 500 raw/sub/empty &&
	ln -s points.csv raw/link &&
	ln -s ../../nowhere raw/sub/dangling &&
	ln -s sub raw/dirlink &&
	printf "a" >"raw/$(printf "odd\n\377 name")" &&
	printf "%01000000d" 0 >raw/.hidden &&
	touch -d 2001-02-03T04:05:06.123456789 raw/points.csv raw/sub &&
	resutil add --from raw taken >actual &&
	echo ${now}_taken >expect &&
	test_cmp expect actual &&
	copy=results/${now}_taken &&
	test_path_is_file "$copy/resutil-exp.yaml" &&
	test points.csv = "$(readlink "$copy/link")" &&
	test ../../nowhere = "$(readlink "$copy/sub/dangling")" &&
	test sub = "$(readlink "$copy/dirlink")" &&
	test 700 = "$(stat -c %a "$copy/sub/empty")" &&
	chmod 700 raw/sub/empty &&
	(cd raw && find . -mindepth 1 ! -type l \
		-printf "%P %y %m %s %T@\\0") | sort -z >expect &&
	(cd "$copy" && find . -mindepth 1 ! -type l ! -name resutil-exp.yaml \
		-printf "%P %y %m %s %T@\\0") | sort -z >actual &&
	# the size of a directory is the file system'\''s affair
	tr "\000" "\n" <expect | sed "s/ d \([0-9]*\) [0-9]*/ d \1/" >expect2 &&
	tr "\000" "\n" <actual | sed "s/ d \([0-9]*\) [0-9]*/ d \1/" >actual2 &&
	test_cmp expect2 actual2 &&
	rm "$copy/resutil-exp.yaml" &&
	diff -r --no-dereference raw "$copy"
'

test_expect_success 'DIR may be a link, and be given with a slash' '
	fresh &&
	ln -s raw door &&
	resutil add --from door/ x &&
	resutil add y --from=./raw/../door &&
	diff -r raw/sub results/${now}_x/sub &&
	diff -r raw/sub results/${now}_y/sub &&
	test ! -h results/${now}_x
'

test_expect_success 'an empty DIR' '
	fresh &&
	mkdir raw/sub/none &&
	resutil add --from raw/sub/none x &&
	results_are ${now}_x
'

test_expect_success '--from refuses what is no file' '
	fresh &&
	mkfifo raw/sub/pipe &&
	test_expect_code 129 resutil add --from raw x >out 2>err &&
	test_must_be_empty out &&
	test_grep "raw/sub/pipe.* is a named pipe" err &&
	test_path_is_missing results &&
	test_expect_code 10 resutil add --from nowhere x 2>err &&
	test_grep nowhere err &&
	test_expect_code 10 resutil add --from raw/points.csv x &&
	test_expect_code 10 resutil add --from "" x &&
	test_path_is_missing results
'

test_expect_success '--from refuses reserved names at the top only' '
	for name in resutil-exp.yaml stdout.log stderr.log uncommited_files \
		uncommited.patch traceback.txt metrics-0001.csv
	do
		fresh &&
		: >raw/sub/$name &&
		resutil add --from raw deep &&
		rm -rf results &&
		: >raw/$name &&
		test_expect_code 129 resutil add --from raw x 2>err &&
		test_grep "raw/$name.* reserved" err &&
		test_path_is_missing results || return 1
	done
'

test_expect_success '--from refuses the results and what holds them' '
	fresh &&
	resutil add x &&
	for dir in results results/${now}_x . .. / "$TRASH_DIRECTORY"
	do
		test_expect_code 129 resutil add --from "$dir" y 2>err &&
		test_line_count = 1 err || return 1
	done &&
	ln -s results also &&
	test_expect_code 129 resutil add --from also y &&
	results_are ${now}_x
'

test_expect_success AS_USER 'a file that may not be read: nothing is left' '
	fresh &&
	mkdir results && make_conf &&
	chmod 000 raw/sub/file &&
	chmod 777 . results &&
	test_when_finished "chmod 755 .; rm -rf .resutil" &&
	test_expect_code 128 as_user resutil add --from raw x >out 2>err &&
	test_must_be_empty out &&
	test_grep raw/sub/file err &&
	ls -A results >left &&
	test_must_be_empty left
'

test_expect_success AS_USER 'results that may not be written: nothing is made' '
	fresh &&
	mkdir results &&
	chmod 555 results &&
	test_expect_code 128 as_user resutil add x >out 2>err &&
	test_must_be_empty out &&
	test_line_count = 1 err &&
	rmdir results &&
	: >results &&
	test_expect_code 128 resutil add x 2>err &&
	test_line_count = 1 err &&
	rm results
'

test_expect_success 'the documented pipeline gives the same bytes' '
	fresh &&
	chmod 600 raw/points.csv &&
	ln -s points.csv raw/link &&
	touch -d 2001-02-03T04:05:06 raw/sub raw/sub/file &&
	RESUTIL_TEST_ID=$(test_id 9) &&
	export RESUTIL_TEST_ID &&
	test_when_finished "unset RESUTIL_TEST_ID" &&
	make_exp aaaaaa_20240101T000000_a "id: $(test_id 1)" &&
	resutil add "two words" -d a --from=raw >porcelain &&
	mv results/${now}_two\ words by-porcelain &&
	comment="two words" dir=raw exp=a &&
	sed -n "/^== PIPELINE/,/^== EXIT/p" \
		"$SOURCE_DIRECTORY/Documentation/resutil-add.adoc" |
	sed -n "/^----/,/^----/p" | grep -v "^----" >pipeline &&
	test_line_count = 5 pipeline &&
	. ./pipeline &&
	test -d "results/$(cat porcelain)" &&
	diff -r --no-dereference by-porcelain "results/$(cat porcelain)" &&
	(cd by-porcelain && find . -mindepth 1 ! -name resutil-exp.yaml ! -type l \
		-printf "%P %m %TY-%Tm-%Td %TT\n" | sort) >expect &&
	(cd "results/$(cat porcelain)" && find . -mindepth 1 \
		! -name resutil-exp.yaml ! -type l \
		-printf "%P %m %TY-%Tm-%Td %TT\n" | sort) >actual &&
	test_cmp expect actual
'

test_expect_success '-n checks all, prints the name, and makes nothing' '
	fresh &&
	resutil add -n --from raw x >actual &&
	echo ${now}_x >expect &&
	test_cmp expect actual &&
	test_path_is_missing results &&
	resutil add x &&
	resutil add -n x >actual &&
	echo aapfup_20240704T191556_x >expect &&
	test_cmp expect actual &&
	results_are ${now}_x &&
	mkfifo raw/p &&
	test_expect_code 129 resutil add -n --from raw y &&
	test_expect_code 10 resutil add -n y -d gone &&
	results_are ${now}_x
'

test_expect_success 'no code state: in a repository the same' '
	git init -q repo &&
	make_conf repo &&
	(cd repo && echo x >changed && resutil add y) &&
	ls -A repo/results/${now}_y >actual &&
	echo resutil-exp.yaml >expect &&
	test_cmp expect actual
'

# Whatever call fails or is the last before SIGKILL, there is a whole
# experiment or none.
test_expect_success FAULTS 'a failing call, and death at any of them' '
	fresh &&
	with_faults RESUTIL_TEST_FAULT_LOG=$TRASH_DIRECTORY/points \
		resutil add --from raw x >name &&
	mv "results/$(cat name)" good &&
	rm good/resutil-exp.yaml &&
	nr=$(wc -l <points) &&
	test "$nr" -gt 8 &&
	for action in EIO ENOSPC kill kill-after
	do
		i=1 &&
		while test $i -le $nr
		do
			rm -rf results .resutil &&
			{
				with_faults RESUTIL_TEST_FAULT=any:$i:$action \
					resutil add --from raw x >out 2>err
				status=$?
			} &&
			resutil list-exps >names &&
			if test -s names
			then
				name=$(cat names) &&
				test "$name" = "$(resutil read-exp --key name @)" &&
				rm "results/$name/resutil-exp.yaml" &&
				diff -r good "results/$name"
			else
				test $status != 0 && test_must_be_empty out
			fi &&
			case $action in
			E*)	test -z "$(ls -A results | grep "^\\.")" ;;
			esac || {
				echo "at point $i with $action" >&2
				return 1
			}
			i=$((i + 1))
		done || return 1
	done
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil add two words 2>err &&
	test_grep "quote" err &&
	test_expect_code 129 resutil add one -m two &&
	test_expect_code 129 resutil add x -d &&
	test_expect_code 129 resutil add x -d -n &&
	test_expect_code 129 resutil add --from
'

test_expect_success PTY 'on a terminal it asks; Tab offers earlier comments' '
	fresh &&
	resutil add "an earlier_one" &&
	pty-run --expect=Comment --send="an\t" --expect="an earlier_one" \
		--send="\r" resutil add >screen &&
	resutil list-exps >actual &&
	printf "aapfup_%s\n" "20240704T191555_an earlier_one" \
		"20240704T191556_an earlier_one" >expect &&
	test_cmp expect actual &&
	pty-run --expect=Comment --send="a/b\r" --expect="cannot hold" \
		--send="good\r" resutil add >screen &&
	resutil rev-exp good &&
	pty-run resutil add given >screen &&
	test_grep ! Comment screen &&
	pty-run resutil --no-interactive add >screen &&
	test_grep ! Comment screen &&
	pty-run resutil -c run.prompt=no add >screen &&
	test_grep ! Comment screen &&
	ls results >before &&
	# the signal, or the key, by when the prompt took the terminal
	{
		pty-run --expect=Comment --send="\x03" resutil add
		status=$?
	} &&
	{ test $status = 1 || test $status = 130; } &&
	ls results >after &&
	test_cmp before after
'

test_done
