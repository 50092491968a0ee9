#!/bin/sh

test_description='read-exp'
. ./test-lib.sh

SQ="'"
A=aapfup_20240704T191555_first
B=aapfup_20240704T191556_second

test_expect_success 'setup' '
	make_project &&
	mkdir -p results/$A/sub results/$B results/_debug &&
	resutil write-exp --dir results/$A -- prog --lr 0.1 "a b" >id &&
	resutil write-exp --dir results/$B --set "info.note=x" >id &&
	resutil write-exp --dir results/_debug --set info.debug=true >id
'

test_expect_success 'an EXP in every way' '
	cat results/$A/resutil-exp.yaml >want &&
	for exp in $A results/$A results/$A/ results/$A/sub first \
		aapfup_20240704T191555 results/$A/resutil-exp.yaml \
		./results/$A
	do
		resutil read-exp $exp >out && test_cmp want out || return 1
	done &&
	resutil read-exp --key info.debug _debug >out && echo true >want &&
	test_cmp want out
'

test_expect_success 'a directory, a file, the standard input need no project' '
	cp results/$A/resutil-exp.yaml want && cp -r results/$A "$TEST_TOP_DIRECTORY/lone" &&
	(
		want=$(pwd)/want && cd "$TEST_TOP_DIRECTORY" &&
		resutil read-exp lone >out && test_cmp "$want" out &&
		resutil read-exp lone/resutil-exp.yaml >out &&
		test_cmp "$want" out &&
		resutil read-exp - <lone/resutil-exp.yaml >out &&
		test_cmp "$want" out &&
		cd lone && resutil read-exp . >../out &&
		test_cmp "$want" ../out &&
		resutil read-exp resutil-exp.yaml >../out &&
		test_cmp "$want" ../out &&
		test_expect_code 10 resutil read-exp gone 2>err &&
		test_line_count = 1 err
	)
'

test_expect_success 'several: a stream of documents, or a JSON object a line' '
	{ cat results/$A/resutil-exp.yaml && echo --- &&
	  cat results/$B/resutil-exp.yaml ; } >want &&
	resutil read-exp $A $B >out && test_cmp want out &&
	resutil read-exp --json $B $A >out && test_line_count = 2 out &&
	head -n 1 out >first && test_grep "\"name\":\"$B\"" first &&
	resutil read-exp --json -z $B $A >out &&
	tr "\0" "\n" <out >lines && test_line_count = 2 lines &&
	resutil read-exp -z $A $B >out && tr -dc "\0" <out >nuls &&
	test 2 = $(wc -c <nuls)
'

test_expect_success '--stdin' '
	printf "%s\n" $A second >in &&
	resutil read-exp --stdin --key name <in >out &&
	printf "%s\n" $A $B >want && test_cmp want out &&
	printf "%s\0" $A second | resutil read-exp --stdin -z --key name \
		>out && tr "\0" "\n" <out >lines && test_cmp want lines &&
	resutil read-exp --stdin </dev/null >out && test_must_be_empty out &&
	test_expect_code 129 resutil read-exp --stdin $A </dev/null 2>err &&
	test_expect_code 129 resutil read-exp 2>err
'

test_expect_success '--key' '
	resutil read-exp --key argv $A >out &&
	printf "%s\n" prog --lr 0.1 "a b" >want && test_cmp want out &&
	resutil read-exp --key argv.3 $A >out && echo "a b" >want &&
	test_cmp want out &&
	resutil read-exp --key params.lr $A >out && echo 0.1 >want &&
	test_cmp want out &&
	resutil read-exp --json --key argv $A >out &&
	echo "[\"prog\",\"--lr\",\"0.1\",\"a b\"]" >want && test_cmp want out &&
	resutil read-exp --key cmd $A >out &&
	echo "prog --lr 0.1 ${SQ}a b${SQ}" >want && test_cmp want out &&
	resutil read-exp --key dependency $A >out && test_must_be_empty out &&
	test_expect_code 10 resutil read-exp --key params.gone $A >out 2>err &&
	test_must_be_empty out && test_grep "params.gone.*$A" err
'

test_expect_success 'a value of several lines is one record' '
	printf "{\"info\": {\"note\": \"a\\\\nb\"}}" >note.json &&
	resutil update-exp --json --from note.json $B &&
	resutil read-exp --key info.note $B >out &&
	printf "%s\n" "\"a\\nb\"" >want && test_cmp want out &&
	resutil read-exp -z --key info.note $B >out &&
	printf "a\nb\0" >want && test_cmp_bin want out
'

test_expect_success 'what is wrong is named, the rest is printed' '
	mkdir results/aapfup_20240704T191557_bad &&
	echo "a: [" >results/aapfup_20240704T191557_bad/resutil-exp.yaml &&
	mkdir results/aapfup_20240704T191558_none &&
	test_expect_code 3 resutil read-exp --key name $A bad gone $B \
		>out 2>err &&
	printf "%s\n" $A $B >want && test_cmp want out &&
	test_line_count = 2 err && test_grep "line" err &&
	test_expect_code 13 resutil read-exp bad 2>err &&
	test_expect_code 13 resutil read-exp bad bad 2>err &&
	test_expect_code 10 resutil read-exp gone nowhere 2>err &&
	test_expect_code 3 resutil read-exp bad gone 2>err &&
	test_expect_code 10 resutil read-exp none 2>err &&
	test_grep "no record" err &&
	test_expect_code 129 resutil read-exp aapfup 2>err &&
	test_grep $A err
'

test_expect_success 'reading writes nothing' '
	find results .resutil | sort >before &&
	resutil read-exp $A $B >out &&
	find results .resutil | sort >after && test_cmp before after
'

test_done
