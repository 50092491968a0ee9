#!/bin/sh

test_description='meter: rows of measurements, from any language'
# before test-lib.sh clears it
expensive=${RESUTIL_TEST_EXPENSIVE:-}
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-mount.sh

test_lazy_prereq EXPENSIVE 'test -n "$expensive"'

test_expect_success 'setup' '
	make_project && test_set_now 1720091755.012
'

# in_run COMMENT SCRIPT: a run of that shell script; $dir is its directory
in_run () {
	printf "%s\n" "$2" >script.sh &&
	resutil run -m "$1" -- sh script.sh &&
	dir=$(echo results/*_"$1")
}

revision_of () {
	resutil read-exp --key revision "$1"
}

test_expect_success 'one row, typed as parameters are, with its time' '
	in_run one "resutil meter i=3 f=0.50 e=1e-5 n=nan m=-inf t=True z=null s=007" >out 2>&1 &&
	test_must_be_empty out && cat >want <<-\EOF &&
	at,i,f,e,n,m,t,z,s
	1720091755.012000,3,0.5,1.0e-05,nan,-inf,true,,007
	EOF
	test_cmp want $dir/metrics-0000.csv
'

test_expect_success 'the same columns share a file, in any order; others begin one' '
	in_run columns "
		resutil meter a=1 b=2
		resutil meter b=3 a=4
		resutil meter a=5
		resutil meter a=6 b=7
		resutil meter a=8 c=9" &&
	printf "%s\n" a,b 1,2 4,3 6,7 >want &&
	sed "s/^[^,]*,//" $dir/metrics-0000.csv >out && test_cmp want out &&
	cut -d, -f2- $dir/metrics-0001.csv >out && printf "%s\n" a 5 >want &&
	test_cmp want out && cut -d, -f2- $dir/metrics-0002.csv >out &&
	printf "%s\n" a,c 8,9 >want && test_cmp want out &&
	ls $dir/metrics-* >files && test_line_count = 3 files
'

test_expect_success 'a series is part of the name; all count together' '
	in_run series "
		resutil meter a=1
		resutil meter -s eval a=2
		resutil meter --series=\"é x\" a=3
		resutil meter -s eval a=4
		resutil meter --format=jsonl a=5 b=x
		resutil meter --format=jsonl c=nan" &&
	(cd $dir && ls metrics-*) >out && cat >want <<-\EOF &&
	metrics-0000.csv
	metrics-0001-eval.csv
	metrics-0002-é x.csv
	metrics-0003.jsonl
	EOF
	test_cmp want out && cat >want <<-\EOF && test_cmp want $dir/metrics-0003.jsonl
	{"at":1720091755.012000,"a":5,"b":"x"}
	{"at":1720091755.012000,"c":"nan"}
	EOF
'

test_expect_success 'whatever a value holds, a row is one line, and can be read back' '
	cat >odd.sh <<-\EOF &&
	resutil meter v="a, b" w=" x " u=a\"b r="\"q\"" t="$(printf "l1\nl2\r\033[1m")" e= \
		"x,y=1" "q\"=2" " b =3" "é.f=4"
	resutil meter b="$(printf "\377")"
	resutil meter --json l="[1, 2.0, null]" m="{\"a\": {}}" n=null s="\"\\u0000\""
	EOF
	in_run odd ". ./odd.sh" &&
	wc -l <$dir/metrics-0000.csv >out && echo 2 >want && test_cmp want out &&
	cat >read.py <<-\EOF &&
	import csv, json, sys
	def rows(number):
	    with open(f"{sys.argv[1]}/metrics-000{number}.csv", newline="") as f:
	        return list(csv.DictReader(f))
	(row,) = rows(0)
	assert row == {
	    "at": "1720091755.012000", "v": "a, b", "w": " x ", "u": "a\"b",
	    "r": "\"\\\"q\\\"\"", "t": json.dumps("l1\nl2\r\x1b[1m"), "e": "",
	    "x,y": "1", "q\"": "2", " b ": "3", "é.f": "4"}, row
	assert json.loads(row["r"]) == "\"q\""
	(row,) = rows(1)
	assert row["b"] == "{\"base64\":\"/w==\"}", row
	(row,) = rows(2)
	assert row["l"] == "[1,2.0,null]" and row["m"] == "{\"a\":{}}", row
	assert row["n"] == "" and json.loads(row["s"]) == "\0", row
	EOF
	PYTHONIOENCODING=utf-8 python3 -X utf8 read.py $dir
'

test_expect_success '--stdin: a row a line, as they come' '
	cat >rows <<-\EOF &&
	step=1 note="a b" x=\"

	step=2 note='\''c d'\'' x=2
	step=3
	EOF
	printf "step=4" >>rows &&
	in_run stdin "resutil meter --stdin <rows" &&
	cut -d, -f2- $dir/metrics-0000.csv >out &&
	cat >want <<-\EOF && test_cmp want out &&
	step,note,x
	1,a b,"""\"""""
	2,c d,2
	EOF
	cut -d, -f2- $dir/metrics-0001.csv >out && printf "%s\n" step 3 4 >want &&
	test_cmp want out
'

test_expect_success '--stdin: a row is there before the next one comes' '
	mkfifo pipe && cat >slow.sh <<-\EOF &&
	resutil meter --stdin <pipe &
	exec 3>pipe
	echo a=1 >&3
	i=0
	until grep -q ",1$" "$RESUTIL_EX_DIR"/metrics-0000.csv 2>/dev/null
	do
		i=$((i + 1))
		test $i -lt 1000 || exit 1
		sleep 0.01
	done
	resutil meter a=2
	kill -9 $!
	EOF
	in_run slow ". ./slow.sh" 2>err && cut -d, -f2 $dir/metrics-0000.csv >out &&
	printf "%s\n" a 1 >want && test_cmp want out &&
	cut -d, -f2 $dir/metrics-0001.csv >out && printf "%s\n" a 2 >want &&
	test_cmp want out
'

test_expect_success '--stdin --json: objects; what is none is told by its line' '
	cat >rows <<-\EOF &&
	{"a": 1, "b": "x"}
	[1]
	{"b": null, "a": 2}
	{"at": 1}
	{"a": NaN}
	EOF
	in_run json "resutil meter --stdin --json <rows 2>err; echo \$? >status" &&
	echo 3 >want && test_cmp want status && test_line_count = 3 err &&
	test_grep "line 2:" err && test_grep "line 4:" err && test_grep "line 5:" err &&
	cut -d, -f2- $dir/metrics-0000.csv >out && printf "%s\n" a,b 1,x 2, >want &&
	test_cmp want out &&
	test_expect_code 13 resutil meter --exp json --stdin --json 2>err <<-\EOF &&
	nothing
	EOF
	for i in 1 2 3 4 5 6 7 8 9 10 11 12
	do
		echo bad
	done >rows && test_expect_code 13 resutil meter --exp json --stdin 2>err <rows &&
	test_line_count = 11 err && test_grep "12 rows" err
'

test_expect_success 'a last line without its end is left alone' '
	in_run torn "
		resutil meter a=1
		printf 1720091755.012 >>\$RESUTIL_EX_DIR/metrics-0000.csv
		resutil meter a=2
		: >\$RESUTIL_EX_DIR/metrics-0002.csv
		printf at,a >\$RESUTIL_EX_DIR/metrics-0003.csv
		resutil meter a=3" &&
	printf "at,a\n1720091755.012000,1\n1720091755.012" >want &&
	test_cmp want $dir/metrics-0000.csv &&
	printf "at,a\n1720091755.012000,2\n1720091755.012000,3\n" >want &&
	test_cmp want $dir/metrics-0001.csv
'

test_expect_success 'what is no file of ours is left alone' '
	in_run hostile "
		cd \$RESUTIL_EX_DIR
		printf at,a\\\\n >../outside
		ln -s ../outside metrics-0007.csv
		mkfifo metrics-0008.csv
		mkdir metrics-0009.csv
		printf b,a\\\\n >metrics-0010.csv
		printf at,a,a\\\\n >metrics-0011.csv
		printf \"at,\\\"a\\\\n\" >metrics-0012.csv
		printf at,a\\\\n >metrics-abc.csv
		printf at,a\\\\n >metrics-123.csv
		printf \"\\\\377\\\\n\" >metrics-0013.csv
		printf at,a\\\\n >metrics-99999999999999999999.csv
		resutil meter a=1
		resutil meter a=2" &&
	rm $dir/metrics-0008.csv &&
	cut -d, -f2 $dir/metrics-0014.csv >out && printf "%s\n" a 1 2 >want &&
	test_cmp want out && echo at,a >want && test_cmp want results/outside &&
	rm results/outside
'

test_expect_success 'a number of five digits' '
	in_run digits "
		: >\$RESUTIL_EX_DIR/metrics-9999.csv
		resutil meter a=1
		resutil meter a=2
		resutil meter b=2" &&
	test_line_count = 3 $dir/metrics-10000.csv &&
	test_line_count = 2 $dir/metrics-10001.csv
'

test_expect_success 'the record of a run that goes on is not written, nor read' '
	in_run alone "
		cp \$RESUTIL_EX_DIR/resutil-exp.yaml before
		echo \"a: [\" >\$RESUTIL_EX_DIR/resutil-exp.yaml
		resutil meter a=1
		cp before \$RESUTIL_EX_DIR/resutil-exp.yaml" &&
	test_line_count = 2 $dir/metrics-0000.csv
'

test_expect_success '--exp: afterwards; the revision says that it has grown' '
	in_run later "resutil meter a=1" && before=$(revision_of later) &&
	resutil meter --exp later a=2 && resutil meter --exp "$dir" a=3 &&
	test_line_count = 4 $dir/metrics-0000.csv &&
	test "$(revision_of later)" = $((before + 2)) &&
	echo a=4 | resutil meter --exp later --stdin &&
	test_line_count = 5 $dir/metrics-0000.csv &&
	test "$(revision_of later)" -gt $((before + 2)) &&
	resutil read-exp --key state later >out && echo done >want && test_cmp want out
'

test_expect_success 'RESUTIL_EX_DIR alone, from another run: it is the run that it names' '
	before=$(revision_of later) &&
	in_run other "RESUTIL_EX_DIR=$PWD/$dir resutil meter a=9" &&
	test_line_count = 6 results/*_later/metrics-0000.csv &&
	test "$(revision_of later)" = $((before + 1)) &&
	test_path_is_missing $dir/metrics-0000.csv
'

test_expect_success 'wherever the program has gone' '
	make_project elsewhere && in_run gone "
		cd /
		resutil meter a=1
		cd $PWD/elsewhere
		resutil meter a=2" && test_line_count = 3 $dir/metrics-0000.csv
'

test_expect_success 'what is none is refused' '
	for word in word =1 at=1 tid=x "$(printf "a\nb=1")" "$(printf "\377=1")" \
		"$(printf "%01025d" 0)=1"
	do
		test_expect_code 129 resutil meter --exp one "$word" 2>err &&
		test_line_count = 1 err || return 1
	done &&
	for series in a/b .x "a:b" "a*b" "a\\b" "$(printf "a\nb")" \
		"$(printf "%0101d" 0)" "$(printf "\377")"
	do
		test_expect_code 129 resutil meter --exp one -s "$series" a=1 \
			2>err && test_line_count = 1 err || return 1
	done &&
	test_expect_code 129 resutil meter --exp one a=1 a=2 2>err &&
	test_expect_code 129 resutil meter --exp one --json a=x 2>err &&
	test_expect_code 129 resutil meter --exp one --format=xml a=1 2>err &&
	test_expect_code 129 resutil meter --exp one 2>err &&
	test_expect_code 129 resutil meter --exp one --stdin a=1 2>err &&
	ls results/*_one/metrics-* >files && test_line_count = 1 files
'

test_expect_success 'outside of a run: 1, or nothing; no such experiment: 10' '
	test_expect_code 1 resutil meter a=1 >out 2>err && test_must_be_empty out &&
	test_line_count = 1 err && resutil meter --quiet-outside a=1 >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	{ dd if=/dev/zero bs=65536 count=40 2>/dev/null && echo ok >filled; } |
	resutil meter --quiet-outside --stdin && test_path_is_file filled &&
	test_expect_code 10 resutil meter --exp none a=1 2>err &&
	test_line_count = 1 err
'

test_expect_success 'the program has removed its experiment: 10' '
	test_might_fail resutil run -m removed -- sh -c "
		rm -r \"\$RESUTIL_EX_DIR\"
		resutil meter a=1 2>err; echo \$? >status
		echo a=1 | resutil meter --stdin 2>err2; echo \$? >>status" 2>/dev/null &&
	printf "%s\n" 10 10 >want && test_cmp want status &&
	test_line_count = 1 err && test_line_count = 1 err2
'

test_expect_success 'a hundred at once: each row is there, none is torn' '
	cat >many.sh <<-\EOF &&
	i=0
	while test $i -lt 100
	do
		i=$((i + 1))
		{ resutil meter i=$i text="é \"$i\"" || echo $i >>failed; } &
	done
	wait
	EOF
	in_run many ". ./many.sh" && test_path_is_missing failed &&
	ls $dir/metrics-* >files && test_line_count = 1 files &&
	sed 1d $dir/metrics-0000.csv | sort -t, -k2n >out &&
	awk "BEGIN { for (i = 1; i <= 100; i++)
		printf \"1720091755.012000,%d,\\\"é \\\"\\\"%d\\\"\\\"\\\"\\n\", i, i }" >want &&
	test_cmp want out
'

test_expect_success 'also with pipes that own their files' '
	cat >pipes.sh <<-\EOF &&
	i=0
	while test $i -lt 20
	do
		i=$((i + 1))
		{ awk "BEGIN { for (n = 0; n < 50; n++) print \"i=$i n=\" n }" |
		  resutil meter --stdin || echo $i >>failed; } &
		{ resutil meter i=$i n=50 || echo $i >>failed; } &
	done
	wait
	EOF
	in_run pipes ". ./pipes.sh" && test_path_is_missing failed &&
	cat $dir/metrics-*.csv | grep -v ^at | cut -d, -f2- | sort >out &&
	awk "BEGIN { for (i = 1; i <= 20; i++) for (n = 0; n <= 50; n++)
		print i \",\" n }" | sort >want && test_cmp want out
'

test_expect_success 'killed at any moment: what was acknowledged is there, whole' '
	cat >killed.sh <<-\EOF &&
	i=0
	while test $i -lt 40
	do
		i=$((i + 1))
		resutil meter i=$i &
		test $((i % 2)) = 0 || kill -9 $!
		wait $! && echo $i >>acknowledged
	done 2>/dev/null
	exit 0
	EOF
	in_run killed ". ./killed.sh" && test_line_count -ge 20 acknowledged &&
	cat $dir/metrics-*.csv | grep -v ^at >rows &&
	test_grep ! -v "^1720091755\.012000,[0-9]*\$" rows &&
	while read -r i
	do
		test_grep ",$i\$" rows || return 1
	done <acknowledged
'

test_expect_success 'a row of 10 MB; one of more than 16 MiB is refused' '
	python3 -c "
import json
print(json.dumps({\"t\": \"x\\n\" * 3500000}))
print(json.dumps({\"t\": \"y\" * 17000000}))
print(json.dumps({\"t\": \"z\"}))" >rows &&
	in_run big "resutil meter --stdin --json <rows 2>err; echo \$? >status" &&
	echo 3 >want && test_cmp want status && test_line_count = 1 err &&
	test_grep "line 2: .*16 MiB" err && test_line_count = 3 $dir/metrics-0000.csv
'

test_expect_success MOUNT 'a full disk: the loss is told, nothing is torn' '
	make_project small && disk 64k small/results &&
	cd small && cat >fill.sh <<-\EOF &&
	resutil meter i=0 text=begin || exit
	dd if=/dev/zero of="$RESUTIL_EX_DIR"/spare bs=8192 count=1 2>/dev/null
	awk "BEGIN { for (n = 0; n < 100000; n++) print \"i=\" n \" text=much\" }" |
	resutil meter --stdin 2>err; echo $? >status
	cat /dev/zero >"$RESUTIL_EX_DIR"/zero 2>/dev/null
	resutil meter j=1 2>>err; echo $? >>status
	rm "$RESUTIL_EX_DIR"/zero "$RESUTIL_EX_DIR"/spare
	resutil meter i=2 text=again; echo $? >>status
	EOF
	test_might_fail resutil run -m full -- sh fill.sh 2>run.err &&
	printf "%s\n" 128 128 0 >want && test_cmp want status &&
	test_line_count = 3 err && test_grep "rows are lost" err &&
	test_line_count -gt 100 results/*_full/metrics-0000.csv &&
	test $(($(sed -n "s/^resutil: \([0-9]*\) rows are lost/\1/p" err) + \
		$(grep -c ,much results/*_full/metrics-0000.csv))) = 100000 &&
	cat results/*_full/metrics-*.csv >rows && tail -n 1 rows >out &&
	test_grep ",2,again\$" out && sed "/^at,/d" rows >out &&
	test_grep ! -v "^1720091755\.012000,[0-9]*,[a-z]*\$" out &&
	ls results/*_full/metrics-*.csv >files && test_line_count = 1 files
'

test_expect_success 'what was acknowledged is in the next checkpoint' '
	cat >sent.sh <<-\EOF &&
	i=0
	while echo "n=$i"
	do
		i=$((i + 1))
		sleep 0.001
	done 2>/dev/null | resutil meter -s busy --stdin &
	resutil meter a=1 && resutil inform said=1 && resutil checkpoint &&
	cp "$STORE/$RESUTIL_EX_NAME.zip" sent.zip
	status=$?
	kill $!
	exit $status
	EOF
	(
		unset RESUTIL_NO_REMOTE && STORE=$PWD.store/project && export STORE &&
		in_run sent ". ./sent.sh" >out
	) && resutil list-pack sent.zip >list && test_grep metrics- list &&
	file=$(sed -n "s/.*\(metrics-[0-9]*\.csv\)\$/\1/p" list) &&
	resutil cat-pack sent.zip "$file" >rows &&
	printf "%s\n" at,a 1720091755.012000,1 >want && test_cmp want rows &&
	resutil cat-pack sent.zip resutil-exp.yaml >record &&
	test_grep "said: 1" record
'

test_expect_success EXPENSIVE 'a million rows, in one pipe and by two' '
	awk "BEGIN { for (n = 0; n < 1000000; n++)
		print \"n=\" n \" loss=0.\" n \" text=x\" }" >million &&
	in_run million "
		resutil meter --stdin <million &
		resutil meter --stdin <million
		wait" && cat $dir/metrics-*.csv >rows && rm million &&
	test_line_count = 2000002 rows && grep -v ^at rows | cut -d, -f2 | sort -n |
	uniq -c | awk "\$1 != 2 || \$2 != NR - 1 { exit 1 }"
'

# What each step of a row leaves when it fails, is cut short, or is the last:
# whole rows, at most a last line without its end; and the next row is there.
test_expect_success FAULTS 'each call fails, or is the last' '
	cat >fault.sh <<-\EOF &&
	resutil meter a=1 || exit
	count=$(RESUTIL_TEST_FAULT_LOG=$PWD/points $FAULTY meter a=2 && wc -l <points)
	test "$count" -gt 3 || exit
	n=2
	for point in $(seq "$count")
	do
		for action in ENOSPC EIO EACCES ENOLCK short kill kill-after
		do
			n=$((n + 1))
			RESUTIL_TEST_FAULT=any:$point:$action \
				$FAULTY meter a=$n 2>err && echo $n >>acknowledged
			resutil meter b=$n 2>>unexpected || exit
		done
	done
	EOF
	rm -f acknowledged unexpected &&
	FAULTY=$(with_faults sh -c "command -v resutil") && export FAULTY &&
	in_run fault ". ./fault.sh" && test_must_be_empty unexpected &&
	test_line_count -gt 10 acknowledged &&
	for file in $dir/metrics-*.csv
	do
		{ cat "$file" && echo END; } | sed "\$d" >lines &&
		test_grep ! -v "^at,[ab]\$\|^1720091755\.012000,[0-9]*\$" lines ||
		return 1
	done &&
	cat $dir/metrics-*.csv >rows && while read -r n
	do
		test_grep ",$n\$" rows || return 1
	done <acknowledged &&
	grep -c "" acknowledged
'

test_expect_success FAULTS 'a failure of the pipe: the loss is told, the next rows are there' '
	cat >pipe.sh <<-\EOF &&
	for point in 1 2 3
	do
		awk "BEGIN { print \"bad\"; print \"worse\"
			for (n = 0; n < 20000; n++) print \"p=$point n=\" n }" |
		RESUTIL_TEST_FAULT=write:$point:ENOSPC $FAULTY meter -s p$point --stdin 2>err.$point
		echo $? >>statuses
	done
	exit 0
	EOF
	rm -f statuses && in_run pipe ". ./pipe.sh" && sort -u statuses >out &&
	echo 128 >want && test_cmp want out &&
	for point in 1 2 3
	do
		test_line_count = 4 err.$point && test_grep "rows are lost" err.$point &&
		have=$(cat $dir/metrics-*-p$point.csv | grep -vc ^at) &&
		lost=$(sed -n "s/^resutil: \([0-9]*\) rows are lost/\1/p" err.$point) &&
		test $((have + lost)) = 20000 || return 1
	done
'

test_done
