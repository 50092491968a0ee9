#!/bin/sh

test_description='scan-deps: experiments among the words of a command'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

one=aapfup_20240704T191555_one
two=aakuqj_20240511T174522
bar=aamxrp_20240606T135747_lr=0.1_x=results

# scan EXPECTED-NAMES WORD...: the first word is a list split by blanks
scan () {
	printf "%s\n" $1 >expect &&
	shift &&
	resutil scan-deps "$@" >actual &&
	test_cmp expect actual
}

scan_nothing () {
	resutil scan-deps "$@" >actual &&
	test_must_be_empty actual
}

test_expect_success 'setup' '
	make_conf &&
	mkdir sub
'

test_expect_success 'paths and options, existing or not' '
	scan "$one" python3 train.py results/$one &&
	scan "$one" python3 train.py results/$one/ &&
	scan "$one" cat results/$one/sub/file.txt &&
	scan "$one" cat ./results//$one/file &&
	scan "$one" x --in=results/$one &&
	scan "$one" x --in=results/$one/file &&
	scan "$one" x in=results/$one/file &&
	scan "$one" x --set a.b=results/$one &&
	scan "$one" x --set=key=results/$one &&
	scan "$one" x "$TRASH_DIRECTORY/results/$one/f" &&
	scan "$one" x "--in=$TRASH_DIRECTORY/results/$one/f" &&
	scan "$one" results/$one/program
'

test_expect_success 'each once, in the order of the words' '
	scan "$two $one" x results/$two a results/$one b=results/$two \
		results/$one/c
'

test_expect_success 'comments with = and blanks, and all that is in them' '
	scan "$bar" x results/$bar/f &&
	scan "$bar" x --in=results/$bar/f &&
	echo "aamxrp_20240606T135747_a b, c" >expect &&
	resutil scan-deps x "in=results/aamxrp_20240606T135747_a b, c/d" \
		>actual &&
	test_cmp expect actual
'

test_expect_success 'what is no dependency' '
	scan_nothing python3 train.py --lr 0.1 $one x=$one &&
	scan_nothing results results/ ./results other/$one results.old/$one &&
	scan_nothing results/other/$one results/_debug/x results/.hidden &&
	scan_nothing results/$one/.. results/../$one = == x= --in= "" . / &&
	scan_nothing /results/$one $one/results &&
	scan_nothing "results/aapfup_20241304T191555"
'

test_expect_success 'paths are those of the working directory' '
	(
		cd sub &&
		scan_nothing results/$one &&
		scan "$one" ../results/$one/x &&
		scan "$one" x --in=.././sub/../results/$one
	)
'

test_expect_success 'options end at the first word' '
	scan "$one" x -z --inputs results/$one &&
	scan "$one" -- -z results/$one &&
	scan "$one" -- --in=results/$one &&
	scan "$one" x -- results/$one
'

test_expect_success 'through links' '
	mkdir -p results/$one/deep big &&
	: >results/$one/deep/file &&
	ln -s results/$one/deep/file link &&
	ln -s results direct &&
	ln -s ../big results/$two &&
	scan "$one" cat link &&
	scan "$one" cat in=link &&
	scan "$one" cat direct/$one/new &&
	scan "$two" cat results/$two/x &&
	scan_nothing big/x
'

test_expect_success '".." after a link goes where the system goes' '
	mkdir -p aside/deeper &&
	ln -s ../aside/deeper results/door &&
	ln -s ../results/$one/deep sub/in &&
	scan "$one" sub/in/../file &&
	rm results/door
'

test_expect_success 'a results directory that is a link' '
	mkdir linked &&
	make_conf linked &&
	mkdir disk &&
	ln -s ../disk linked/results &&
	(
		cd linked &&
		scan "$one" x results/$one/a &&
		scan "$two" x ../disk/$two/a
	)
'

test_expect_success 'in an experiment only what exists is a path' '
	: >big/x &&
	(
		cd results/$one &&
		scan_nothing python3 train.py --lr 0.1 ../$two/gone &&
		scan "$one" cat deep/file &&
		scan "$one" cat --in=deep &&
		scan "$two" cat ../$two/x
	)
'

test_expect_success '--inputs: experiment, size and path of each' '
	printf hello >results/$one/model.bin &&
	resutil scan-deps --inputs x results/$one/model.bin \
		--in=results/$one/model.bin results/$one \
		d=results/$one/deep results/$one/gone >actual &&
	printf "%s\t%s\t%s\n" $one 5 model.bin $one - "" $one - deep \
		$one - gone >expect &&
	test_cmp expect actual
'

test_expect_success 'paths of --inputs are quoted, but not with -z' '
	tab=$(printf "a\tb") &&
	bad=$(printf "\377") &&
	resutil scan-deps --inputs x "results/$one/$tab" "results/$one/$bad" \
		"results/$one/ä b" >actual &&
	printf "%s\t-\t%s\n" $one "\"a\\tb\"" $one "\"\\377\"" $one "ä b" \
		>expect &&
	test_cmp expect actual &&
	resutil scan-deps --inputs -z x "results/$one/$tab" >actual &&
	printf "%s\t-\t%s\0" $one "$tab" >expect &&
	test_cmp_bin expect actual &&
	resutil scan-deps -z x results/$one results/$two >actual &&
	printf "%s\0" $one $two >expect &&
	test_cmp_bin expect actual
'

test_expect_success 'a pipe that nobody writes to is not waited for' '
	mkfifo results/$one/pipe &&
	resutil scan-deps --inputs x results/$one/pipe >actual &&
	printf "%s\t-\tpipe\n" $one >expect &&
	test_cmp expect actual
'

test_expect_success 'very long words' '
	long=$(printf "%0100000d" 0) &&
	scan "$one" x "$long" "results/$long" "$long=results/$one"
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil scan-deps &&
	test_expect_code 129 resutil scan-deps --
'

test_expect_success 'without a working directory' '
	mkdir sub/gone &&
	(
		cd sub/gone &&
		rmdir ../gone &&
		test_must_fail resutil -C "$TRASH_DIRECTORY/nowhere" \
			scan-deps x &&
		resutil -C "$TRASH_DIRECTORY" scan-deps x results/$one
	) >actual &&
	echo $one >expect &&
	test_cmp expect actual
'

test_done
