#!/bin/sh

test_description='metrics: rows of runs, and what their columns come to'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

TZ=Asia/Tokyo
export TZ
test_set_now 1720088155
A=aapfup_20240704T191501_a
B=aapfup_20240704T191502_b

# csv RUN NAME LINE...: a file of measurements
csv () {
	file=results/$1/metrics-$2 && shift 2 && printf "%s\n" "$@" >"$file"
}

test_expect_success 'setup' '
	make_conf && mkdir store &&
	make_exp $A "id: $(test_id 1)" "state: done" "params: {lr: 0.1}" &&
	make_exp $B "id: $(test_id 2)" "state: done" "params: {lr: 0.2}" &&
	make_exp aapfup_20240704T191503_none "id: $(test_id 3)" \
		"state: done" &&
	csv $A 0000.csv at,step,loss,note 10.5,1,0.5,x 12.5,2,0.25,"\"a,b\"" \
		13,3,nan, &&
	csv $A 0001.csv at,acc 11,0.125 &&
	csv $A 0002-eval.jsonl "{\"at\":20,\"acc\":0.5,\"tag\":\"é\"}" \
		"{\"at\":21,\"acc\":Infinity}" &&
	csv $B 0000.csv at,step,loss 30,1,4 31,3,2 32,3,1
'

test_expect_success 'rows of one run are one table in order of time' '
	cat >expect <<-\END &&
	at,step,loss,note,acc
	10.5,1,0.5,x,
	11,,,,0.125
	12.5,2,0.25,"a,b",
	13,3,nan,,
	END
	resutil metrics a >actual && test_cmp expect actual &&
	resutil metrics --columns loss,none --no-header a >actual &&
	printf "%s,\n" 10.5,0.5 11, 12.5,0.25 13,nan >expect &&
	test_cmp expect actual
'

test_expect_success 'other forms' '
	printf "%s\n" "{\"at\":20,\"acc\":0.5,\"tag\":\"é\"}" \
		"{\"at\":21,\"acc\":\"inf\"}" >expect &&
	resutil metrics -s eval --json a >actual &&
	sed "s/,\"tag\":null//" actual >clean && test_cmp expect clean &&
	printf "at\tloss\n30\t4\n31\t2\n32\t1\n" >expect &&
	resutil metrics --columns loss --format=tsv b >actual &&
	test_cmp expect actual &&
	resutil metrics --columns loss --format=table b >actual &&
	grep "1970-01-01 09:00 *4" actual
'

test_expect_success 'several runs side by side, by what counts them' '
	cat >expect <<-END &&
	step,$A:loss,$B:loss
	1,0.5,4
	2,0.25,
	3,nan,2
	3,,1
	END
	resutil metrics --columns loss a b >actual 2>err && test_cmp expect actual &&
	grep "a: 1 rows have no .step." err &&
	cat >expect <<-END &&
	row,$A:loss,$B:loss
	1,0.5,4
	2,,2
	3,0.25,1
	4,nan,
	END
	resutil metrics --columns loss --by row a b >actual && test_cmp expect actual
'

test_expect_success 'several runs below each other' '
	cat >expect <<-END &&
	name,at,loss,acc
	$A,10.5,0.5,
	$A,11,,0.125
	$A,12.5,0.25,
	$A,13,nan,
	$B,30,4,
	$B,31,2,
	$B,32,1,
	END
	resutil metrics --stacked --columns loss,acc -A >actual &&
	test_cmp expect actual
'

test_expect_success 'the last values, and what columns come to' '
	cat >expect <<-END &&
	name,at,step,loss,acc
	$A,13.0,3,nan,0.125
	$B,32.0,3,1,
	END
	resutil metrics --last -A >actual && test_cmp expect actual &&
	cat >expect <<-END &&
	name,column,count,first,last,min,max,mean,sum,median
	$A,loss,2,0.5,nan,0.25,0.5,0.375,0.75,0.375
	$B,loss,3,4,1,1,4,2.3333333333333335,7,2.0
	END
	resutil metrics -A --columns loss --reduce \
		count,first,last,min,max,mean,sum,median >actual &&
	test_cmp expect actual &&
	# of 0.5 and 0.25, of 4, 2 and 1: sqrt(1/32), sqrt(7/3)
	resutil metrics -A --columns loss --reduce std --format=table >actual &&
	grep "^a .* 0\.176777\$" actual && grep "^b .* 1\.52753\$" actual
'

test_expect_success 'what there is' '
	cat >expect <<-END &&
	name,series,column,count,last,min,max
	$A,"",step,3,3,1,3
	$A,"",loss,2,nan,0.25,0.5
	$A,"",note,0,,,
	$A,"",acc,1,0.125,0.125,0.125
	$A,eval,acc,2,inf,0.5,inf
	$A,eval,tag,0,,,
	END
	resutil metrics --list a >actual && test_cmp expect actual
'

test_expect_success 'of each so many rows, or seconds, one' '
	seq 0 9 | sed "s/.*/10&,&,1&/;s/^/1/" >rows &&
	{ echo at,step,loss && cat rows; } >results/$B/metrics-0000.csv &&
	printf "%s\n" at,loss 1103,13 1107,17 1109,19 >expect &&
	resutil metrics --columns loss --every 4 b >actual && test_cmp expect actual &&
	resutil metrics --columns loss --every 4s b >actual &&
	test_cmp expect actual &&
	printf "%s\n" at,loss.mean,loss.max 1103,11.5,13 1107,15.5,17 \
		1109,18.5,19 >expect &&
	resutil metrics --columns loss --every 4 --reduce mean,max b >actual &&
	test_cmp expect actual
'

test_expect_success 'those for which an expression holds' '
	resutil metrics --where "params.lr > 0.15" --columns loss \
		--reduce min >actual &&
	printf "%s\n" name,column,min $B,loss,10 >expect &&
	test_cmp expect actual &&
	resutil metrics --where "params.lr > 7" --last >actual 2>err &&
	test_must_be_empty actual && grep "no experiment" err &&
	test_expect_code 129 resutil metrics --where "lr >" 2>err
'

test_expect_success 'rows that are none are left out and told' '
	csv $B 0001.csv at,loss 1,2,3 1201,7 "1202,\"" 1203 "1204,5" &&
	printf 1205,6 >>results/$B/metrics-0001.csv &&
	test_expect_code 3 resutil metrics --columns loss b >actual 2>err &&
	tail -n 3 actual >last &&
	printf "%s\n" 1201,7 1203, 1204,5 >expect && test_cmp expect last &&
	test_line_count = 1 err &&
	grep "metrics-0001.csv., line 2: more fields than the header" err &&
	test_expect_code 3 resutil metrics --columns loss --reduce count b \
		>actual 2>err &&
	echo $B,loss,12 >expect && tail -n 1 actual >last &&
	test_cmp expect last && grep "line 2.* 1 more, left out" err &&
	rm results/$B/metrics-0001.csv
'

test_expect_success 'no such series, no such run' '
	test_expect_code 10 resutil metrics -s other a 2>err &&
	grep "has no series .other., but \"\", eval" err &&
	test_expect_code 10 resutil metrics none 2>err &&
	grep "has no measurements" err &&
	test_expect_code 10 resutil metrics nobody 2>err &&
	test_expect_code 3 resutil metrics --last a none >actual 2>err &&
	test_line_count = 2 actual &&
	test_expect_code 129 resutil metrics 2>err &&
	test_expect_code 129 resutil metrics --reduce best a 2>err &&
	grep "count, first, last" err &&
	test_expect_code 129 resutil metrics --every 0 a 2>err &&
	test_expect_code 129 resutil metrics --every 4x a 2>err &&
	test_expect_code 129 resutil metrics --last --list a 2>err
'

test_expect_success 'a directory, without a project' '
	mkdir -p ../outside && cp -r results/$A ../outside/run &&
	(
		cd ../outside &&
		GIT_CEILING_DIRECTORIES=$PWD resutil metrics --last --columns acc \
			run >../actual
	) &&
	printf "%s\n" name,at,acc run,11.0,0.125 >expect &&
	test_cmp expect ../actual
'

test_expect_success 'of a run that only a store has, only measurements come' '
	resutil metrics $A >expect && resutil send-pack $A &&
	rm -r results/$A &&
	resutil metrics $A >actual &&
	test_cmp expect actual &&
	test_path_is_missing results/$A &&
	test_expect_code 10 resutil metrics nobody 2>err
'

test_done
