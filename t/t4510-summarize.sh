#!/bin/sh

test_description='summarize: what numbers have in common'

. ./test-lib.sh

tab=$(printf "\t")

test_expect_success 'the lines of a sample' '
	printf "%s\n" 3 1 2 nan 10 >in &&
	resutil summarize <in >all &&
	# the last digits are the affair of the library of the system
	sed -E "s/(\.[0-9]{12})[0-9]+/\\1/g" all >out &&
	cat >want <<-END &&
	count${tab}4
	missing${tab}1
	sum${tab}16.0
	average${tab}4.0${tab}-2.496141318125${tab}10.496141318125
	sd${tab}4.082482904638
	std_dev${tab}3.535533905932
	minimum${tab}1.0
	median${tab}2.5
	maximum${tab}10.0
	level${tab}0.95
	outliers.mild${tab}1
	outliers.severe${tab}0
	histogram${tab}1.0${tab}2.0${tab}1
	histogram${tab}2.0${tab}3.0${tab}1
	histogram${tab}3.0${tab}4.0${tab}1
	histogram${tab}4.0${tab}5.0${tab}0
	histogram${tab}5.0${tab}6.0${tab}0
	histogram${tab}6.0${tab}7.0${tab}0
	histogram${tab}7.0${tab}8.0${tab}0
	histogram${tab}8.0${tab}9.0${tab}0
	histogram${tab}9.0${tab}10.0${tab}1
	END
	test_cmp want out
'

test_expect_success 'nothing is a sample, too' '
	resutil summarize </dev/null >out &&
	test_grep "^count${tab}0$" out &&
	test_grep "^average${tab}-${tab}-${tab}-$" out &&
	resutil summarize --json </dev/null >out &&
	test_grep "\"average\":null" out &&
	resutil summarize --format=votakvot </dev/null >out &&
	test_must_be_empty out
'

test_expect_success 'percentiles: of the sample, between two, those asked for' '
	seq 1 101 >in &&
	resutil summarize --percentiles=0,29,50,99.5,100 <in >out &&
	grep "^percentiles" out >got &&
	cat >want <<-END &&
	percentiles.0${tab}1.0${tab}-${tab}1.0
	percentiles.29${tab}30.0${tab}21.0${tab}39.0
	percentiles.50${tab}51.0${tab}41.0${tab}61.0
	percentiles.99.5${tab}101.0${tab}99.0${tab}-
	percentiles.100${tab}101.0${tab}101.0${tab}-
	END
	test_cmp want got &&
	resutil summarize --percentiles=99.5 --interpolate <in >out &&
	test_grep "^percentiles.99.5${tab}100.5" out &&
	resutil summarize --percentiles=50 --level=0.5 <in >out &&
	test_grep "^percentiles.50${tab}51.0${tab}47.0${tab}55.0$" out
'

test_expect_success 'as votakvot-ab shows seconds' '
	seq 0.001 0.001 0.2 >in &&
	resutil summarize --format=votakvot <in >out &&
	head -n 13 out >got &&
	cat >want <<-END &&
	average ${tab} 100.50 ms${tab}(92.43 .. 108.57 ms)
	std_dev ${tab} 57.73 ms
	minimum ${tab} 1.00 ms
	maximum ${tab} 200.00 ms
	percentiles:
	  pct 05   ${tab} 10.00 ms${tab}(4.00 .. 17.00 ms)
	  pct 10   ${tab} 20.00 ms${tab}(12.00 .. 30.00 ms)
	  pct 25   ${tab} 50.00 ms${tab}(38.00 .. 63.00 ms)
	  pct 50   ${tab} 100.00 ms${tab}(86.00 .. 115.00 ms)
	  pct 75   ${tab} 150.00 ms${tab}(138.00 .. 163.00 ms)
	  pct 90   ${tab} 180.00 ms${tab}(171.00 .. 189.00 ms)
	  pct 95   ${tab} 190.00 ms${tab}(184.00 .. 197.00 ms)
	  pct 97   ${tab} 194.00 ms${tab}(189.00 .. 199.00 ms)
	END
	test_cmp want got &&
	test_grep "^     0 ms .. 20 ms       19  #*$" out
'

# count_sum WANT: of what summarize prints to `out`
count_sum () {
	sed -n "s/^count${tab}//p; s/^missing${tab}//p; s/^sum${tab}//p" out |
		tr "\n" " " >got &&
	echo "$1 " | tr -d "\n" >want && test_cmp want got
}

test_expect_success 'each form of input is known by its first line' '
	printf "  1 2${tab}3\n\n4.5e0\n-1 +1 .5\n" | resutil summarize >out &&
	count_sum "7 0 11.0" &&
	printf "a,b\r\n1,2\r\n3,\r\n5\r\n7,nan\r\n9,8\r\n" >t.csv &&
	resutil summarize --column=b t.csv >out && count_sum "2 3 10.0" &&
	printf "x,\"b\n\"\"c, d\",y\n0,1,\n0,\"2\",\"\n\n\"\n0,3,\n" >odd.csv &&
	resutil summarize --column="b
\"c, d" odd.csv >out && count_sum "3 0 6.0" &&
	printf "a\tb,c\n1\t2\n3\t4\n" >t.tsv &&
	resutil summarize --column=b,c t.tsv >out && count_sum "2 0 6.0" &&
	printf "%s\n" "{\"a\": {\"b\": 1}}" "" "{\"a\": {\"b\": null}}" \
		"{\"a\": 3}" "{\"a\": {\"b\": [2, 3.5, \"nan\"]}}" >t.jsonl &&
	resutil summarize --column=a.b t.jsonl >out && count_sum "3 3 6.5" &&
	printf "[1, 2]\n3\n" | resutil summarize >out && count_sum "3 0 6.0" &&
	printf "v\n1\n2\n" | resutil summarize >out && count_sum "2 0 3.0" &&
	printf "1\n2" >first && printf "3" >second &&
	resutil summarize first - second </dev/null >out &&
	count_sum "3 0 6.0" &&
	printf "1\n2\n" | resutil summarize --input=csv >out &&
	count_sum "1 0 2.0"
'

# refuses STATUS WORD ARGUMENT...: with what `in` holds
refuses () {
	refuses_status=$1 refuses_word=$2 &&
	shift 2 &&
	test_expect_code "$refuses_status" resutil summarize "$@" \
		<in >out 2>err &&
	test_must_be_empty out && test_grep "$refuses_word" err
}

test_expect_success 'what is no number is named with its line' '
	printf "1\n2 three\n" >in && refuses 13 "line 2 .*three" &&
	printf "1\n0x10\n" >in && refuses 13 "0x10" &&
	printf "1\n2\0003\n" >in && refuses 13 "line 2" &&
	printf "1 nan(2)\n" >in && refuses 13 "nan(2)" &&
	printf "a,b\n\n1,2\n3,\"x\n\ny\"\n1,z\n" >in &&
	refuses 13 "line 4 .*x" --column=b &&
	refuses 10 "has no column .c.; it has a, b" --column=c &&
	refuses 129 "which column .*a, b" &&
	printf "{\"a\": true}\n" >in && refuses 13 "true" --column=a &&
	refuses 129 "which member" &&
	printf "{\"a\": 1\n" >in && refuses 13 "line 1" --column=a &&
	printf "1 2\n" >in && refuses 129 "bare numbers" --input=numbers --column=a &&
	refuses 10 "no.such" no.such &&
	refuses 129 "0 to 100" --percentiles=101 &&
	refuses 129 "0 to 100" --percentiles=5,,6 &&
	refuses 129 "between 0 and 1" --level=95 &&
	refuses 129 "none of" --format=xml &&
	refuses 129 "none of" --input=xml
'

test_expect_success 'a line of text alone is no table without rows' '
	printf "\n\nfast enough\n\n" >in &&
	refuses 13 "line 3 of standard input: .fast enough. is no number" &&
	printf "1_000" >in && refuses 13 "line 1 .*1_000" &&
	printf "loss\n" >in && resutil summarize --column=loss <in >out &&
	count_sum "0 0 0.0" && resutil summarize --input=csv <in >out &&
	count_sum "0 0 0.0" && printf "loss\n,\n" >in &&
	resutil summarize <in >out && count_sum "0 1 0.0"
'

test_expect_success 'what has no end is not kept' '
	perl -e "print \"1,\" x (9 << 20)" >in 2>/dev/null ||
	awk "BEGIN { for (i = 0; i < 9 * 1048576; i++) printf \"1,\" }" >in &&
	refuses 13 "longer than 16 MiB" --input=csv &&
	{ printf "a\n\"" && cat in; } >in2 && mv in2 in &&
	refuses 13 "line 2 .*longer than 16 MiB"
'

# A row with a million lines in its quotes was read a million times once.
test_expect_success 'a row of many lines takes no longer than others' '
	{ printf "a,b\n1,\"" && yes "" | head -n 3000000 && echo "\""; } >in &&
	resutil summarize --column=a <in >out && count_sum "1 0 1.0"
'

test_expect_success 'two million numbers' '
	seq 1 2000000 | resutil summarize >out &&
	test_grep "^average${tab}1000000.5${tab}" out &&
	test_grep "^percentiles.99.9${tab}1998000.0${tab}" out
'

test_done
