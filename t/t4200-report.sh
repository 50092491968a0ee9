#!/bin/sh

test_description='report: runs as a table

Runs are made by hand, so that each value of a table is known. What is printed
in each form is in t4210, trees of trials are in t4220, stores in t4230.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

TZ=Asia/Tokyo
export TZ
test_set_now 1720088155

# run NUMBER STATE LR OPT SEED ACC [LINE...]
run () {
	number=$1 state=$2 lr=$3 opt=$4 seed=$5 acc=$6 &&
	shift 6 &&
	make_exp aapfup_20240704T19150${number}_r$number "id: $(test_id $number)" \
		"revision: 1" "cmd: train" "state: $state" \
		"params: {lr: $lr, opt: $opt, seed: $seed, epochs: 10}" \
		"at: {created: '2024-07-04T19:15:0$number.000000+09:00'}" \
		"usage: {wall: $number.5, max_rss: 1048576}" \
		${acc:+"info: {acc: $acc}"} "$@"
}

test_expect_success 'setup' '
	make_conf &&
	run 1 done 0.1 adam 1 0.5 "tags: [best, old]" &&
	run 2 done 0.1 adam 2 0.75 "tags: [old]" &&
	run 3 done 0.01 adam 1 1 "host: lab3" &&
	run 4 fail 0.01 sgd 2 "" "exit_code: 3" &&
	run 5 done 0.001 sgd 1 0.25 "result: {best: 7}" &&
	run 6 interrupted 1.0e-05 sgd 2 .nan
'

# shown NAMES OPTION...: the runs that it prints, by what their names differ in
shown () {
	echo $1 >expect
	shift
	resutil report --columns name --no-header "$@" >out 2>err
	echo $? >status
	echo $(sed "s/.*_//" out) >actual
	test_expect_success "report $*" '
		test_cmp expect actual && test_must_be_empty err &&
		test "$(cat status)" = 0
	'
}

test_expect_success 'who asks for no columns sees what differs' '
	resutil report >actual &&
	cat >expect <<-\EOF &&
	name                       state        date              duration  params.lr  params.opt  params.seed  info.acc  result.best
	aapfup_20240704T191501_r1  done         2024-07-04 19:15     1.5 s    0.1      adam                  1      0.5
	aapfup_20240704T191502_r2  done         2024-07-04 19:15     2.5 s    0.1      adam                  2      0.75
	aapfup_20240704T191503_r3  done         2024-07-04 19:15     3.5 s    0.01     adam                  1      1
	aapfup_20240704T191504_r4  fail         2024-07-04 19:15     4.5 s    0.01     sgd                   2
	aapfup_20240704T191505_r5  done         2024-07-04 19:15     5.5 s    0.001    sgd                   1      0.25            7
	aapfup_20240704T191506_r6  interrupted  2024-07-04 19:15     6.5 s    1.0e-05  sgd                   2    nan
	EOF
	test_cmp expect actual
'

test_expect_success 'programs get all parameters, and the comment' '
	resutil report --format=csv >actual &&
	head -n 2 actual >start &&
	cat >expect <<-\EOF &&
	name,state,date,duration,comment,params.epochs,params.lr,params.opt,params.seed,info.acc,result.best
	aapfup_20240704T191501_r1,done,2024-07-04T19:15:01.000000+09:00,1.5,r1,10,0.1,adam,1,0.5,
	EOF
	test_cmp expect start
'

test_expect_success 'a single run shows all its parameters' '
	resutil report -n 1 >out &&
	grep params.epochs out
'

# ---- which runs, and in which order ----

shown "r1 r2 r3 r4 r5 r6"
shown "r5 r6" -n 2
shown "r1 r2" --limit=2 --sort=name
shown "" --limit 0
shown "r1 r2 r3 r4 r5 r6" -n 100
shown "r6 r5 r3 r4 r1 r2" --sort lr
shown "r1 r2 r3 r4 r5 r6" --sort -lr
shown "r2 r1 r4 r3 r5 r6" --sort=-params.lr,-seed
shown "r3 r2 r1 r5 r4 r6" --sort=opt --sort=-acc
shown "r5 r1 r2 r3 r4 r6" --sort=acc
shown "r3 r2 r1 r5 r4 r6" --sort=-acc
shown "r6" --sort=-date -n 1
shown "r5 r6 r4 r3 r2 r1" --sort=best,-name
shown "r1 r2 r3 r5" --where "state = done"
shown "r2 r3" --where "acc > 0.5"
shown "r3 r5" --where "acc > 0.1" --where "seed = 1" -n 2
shown "r1 r2 r3" --where "acc >= 0.75 or seed = 1" --where "opt = adam"
shown "r1 r2" --where "tags has old"
shown "r3 r4" --where "duration >= 3.5s and duration < 5s"
shown "r6" --where "acc = nan"
shown "r1 r2" --where "at.created < 2024-07-04T19:15:03"
shown "r1 r2 r3 r4 r5 r6" --where "at.created > 1 minute ago"
shown "r2 r4" --where "name ~ '_r[24]'"
shown "r4" --where "exit_code != 0"
shown "r5" --where "has best"
shown "r1 r2 r4 r5 r6" --where "not host = lab3"
shown "r3" --where "params.lr < .info.acc and lr = 0.01"
shown "" --where "lr > 1"

# ---- columns ----

# titles COLUMNS OPTION...
titles () {
	echo "$1" >expect
	shift
	resutil report --format=csv "$@" >out 2>err
	head -n 1 out >actual
	test_expect_success "columns of $*" '
		test_cmp expect actual && test_must_be_empty err
	'
}

titles "name,params.lr,info.acc" --columns name,lr,acc
titles "params.epochs,params.lr,params.opt,params.seed" --columns "params.*"
titles "params.epochs,params.lr,params.opt" --columns "params.*,!seed"
titles "params.seed,params.epochs,params.lr,params.opt" \
	--columns "seed,params.*"
titles "params.epochs,params.opt" --columns "params.**" --drop "lr" \
	--drop "*ee*"
titles "result.best,info.acc" --columns "[ab]*t,acc,!host,[a]cc,best"
titles "params.epochs,params.opt" --columns "*p*s,opt"
titles "usage.max_rss,usage.wall" --columns "usage.**"
titles "params.lr,params.opt,params.seed" --columns "params.*" --only-changed
titles "name,params.seed" --columns "name,state,params.*" --only-changed \
	--where "opt = adam and acc < 1"
titles "state,name" --columns "name,state,!name,name"

test_expect_success 'in order of their numbers, without what the machine did' '
	mkdir numbers && cp resutil-conf.yaml numbers && (
		cd numbers &&
		make_exp aapfup_20240704T191501 \
			"params: {layer10: 1, layer2: 2, layer1: {a: 3}}" &&
		cd results/aapfup_20240704T191501 &&
		printf "at,loss\n1,0.5\n" >metrics-0001.csv &&
		printf "at,cpu\n1,99\n" >metrics-0001-system.csv
	) &&
	(cd numbers && resutil report --format=csv) >out &&
	head -n 1 out >actual &&
	echo name,state,date,duration,comment,params.layer1.a,params.layer2,params.layer10,metrics.loss.last >expect &&
	test_cmp expect actual &&
	(cd numbers && resutil report --columns system.cpu --no-header) >actual &&
	echo 99 >expect && test_cmp expect actual
'

test_expect_success 'a plus adds to what is there without it' '
	resutil report --format=tsv --columns "+usage.max_rss,tags" >out &&
	head -n 1 out | tr "\t" " " >actual &&
	echo "name state date duration comment params.epochs params.lr" \
		"params.opt params.seed info.acc result.best usage.max_rss" \
		"tags" >expect &&
	test_cmp expect actual
'

test_expect_success 'a pattern is no column that no shown run has' '
	resutil report --format=csv --columns "name,result.*,info.*" \
		--where "state = fail" >actual &&
	printf "name\naapfup_20240704T191504_r4\n" >expect &&
	test_cmp expect actual
'

test_expect_success 'a field that no run has is told, and is an empty column' '
	resutil report --columns name,sede,acc -n 1 --format=csv >out 2>err &&
	printf "name,sede,info.acc\naapfup_20240704T191506_r6,,nan\n" >expect &&
	test_cmp expect out &&
	grep "no run has a field .sede.; is .seed. meant" err &&
	resutil report --columns name --where "sede = 1" --sort=sede \
		>out 2>err &&
	test_line_count = 1 out &&
	test_line_count = 1 err &&
	resutil report --columns "name,zz*" >out 2>err &&
	grep "no run has a field .zz" err &&
	resutil report --columns name,zz --sort yy --where "zz = 1 or seed > 0" \
		>out 2>err &&
	test_line_count = 2 err &&
	resutil report --columns name --drop zz,sede >out 2>err &&
	test_must_be_empty err
'

# ---- groups ----

test_expect_success 'groups have numbers of runs, means and deviations' '
	resutil report --group-by opt --format=csv >actual &&
	cat >expect <<-\EOF &&
	params.opt,count,duration.mean,duration.std,info.acc.mean,info.acc.std,result.best.mean,result.best.std
	adam,3,2.5,1.0,0.75,0.25,,
	sgd,3,5.5,1.0,0.25,,7.0,
	EOF
	test_cmp expect actual
'

test_expect_success 'each statistic' '
	resutil report --group-by opt --columns seed,acc,opt --where "lr > .001" \
		--stats count,mean,std,min,max,sum,median,p25,ci,ci90 \
		--json >out &&
	python3 - <<-\EOF
	import json
	adam, sgd = [json.loads(line) for line in open("out")]
	acc = lambda name: adam["info.acc." + name]
	assert adam["count"] == 3 and sgd["count"] == 1, (adam, sgd)
	assert [acc(s) for s in "count mean std min max sum median".split()] \
	    == [3, .75, .25, .5, 1, 2.25, .75], adam
	assert acc("p25") == .625
	# t(2) has 4.302653 at 0.975, 2.919986 at 0.95
	half = 4.3026527297 * .25 / 3 ** .5
	assert abs(acc("ci.low") - (.75 - half)) < 1e-9
	assert abs(acc("ci.high") - (.75 + half)) < 1e-9
	half = 2.9199855804 * .25 / 3 ** .5
	assert abs(acc("ci90.low") - (.75 - half)) < 1e-9
	assert sgd["params.seed.mean"] == 2
	assert sgd["params.seed.std"] is None, sgd
	assert sgd["params.seed.ci.low"] is None
	assert sgd["info.acc.count"] == 0 and sgd["info.acc.mean"] is None
	assert "params.opt.mean" not in adam
	EOF
'

# groups ROWS OPTION...: rows of groups as `key:count`
groups () {
	echo $1 >expect
	shift
	resutil report --format=csv --no-header --columns acc --stats max \
		"$@" >out 2>err
	echo $(sed "s/,/:/g" out) >actual
	test_expect_success "groups by $*" '
		test_cmp expect actual && test_must_be_empty err
	'
}

groups "1.0e-05:1: 0.001:1:0.25 0.01:2:1.0 0.1:2:0.75" --group-by lr
groups "adam:0.01:1:1.0 adam:0.1:2:0.75 sgd:1.0e-05:1: sgd:0.001:1:0.25 sgd:0.01:1:" \
	--group-by opt,lr
groups "7:1:0.25 :5:1.0" --group-by best
groups "sgd:3:0.25 adam:3:1.0" --group-by opt --sort=-opt
groups "adam:3:1.0 sgd:3:0.25" --group-by opt --sort=-acc
groups "sgd:3:0.25 adam:3:1.0" --group-by opt --sort=acc.max
groups "0.01:2:1.0 0.1:2:0.75" --group-by lr --sort=-count,-info.acc.max -n 2
groups "10:adam:3:1.0 10:sgd:3:0.25" --group-by "params.*,!seed,!lr"
groups "" --group-by opt --where "lr > 5"

test_expect_success 'a column without numbers is what all of a group have' '
	resutil report --group-by seed --columns state,opt,epochs,host \
		--stats mean --format=csv >actual &&
	cat >expect <<-\EOF &&
	params.seed,count,state,params.opt,params.epochs.mean,host
	1,3,done,,10.0,
	2,3,,,10.0,
	EOF
	test_cmp expect actual
'

test_expect_success 'truths are counted' '
	mkdir truths && cp resutil-conf.yaml truths &&
	(
		cd truths &&
		for number in 1 2 3 4
		do
			make_exp aapfup_20240704T19150${number} "state: done" \
				"params: {n: $((number % 2))}" \
				"info: {good: $(test $number = 4 && echo false ||
					echo true), x: 1$(test $number = 2 &&
					echo .0)}" ||
			return 1
		done &&
		resutil report --group-by n --columns good --stats mean,sum \
			--format=csv >actual &&
		printf "%s\n" params.n,count,info.good.mean,info.good.sum \
			0,2,0.5,1.0 1,2,1.0,2.0 >expect &&
		test_cmp expect actual &&
		resutil report --group-by x --columns n --stats count \
			--format=csv --no-header >actual &&
		echo 1,4,4 >expect &&
		test_cmp expect actual
	)
'

# ---- bad records, bad words ----

test_expect_success 'what cannot be read is a row, and a failure' '
	mkdir bad && cp -r resutil-conf.yaml results bad &&
	(
		cd bad &&
		mkdir results/aapfup_20240704T191507_r7 &&
		echo "name: [" \
			>results/aapfup_20240704T191507_r7/resutil-exp.yaml &&
		test_expect_code 3 resutil report --columns name,state,lr -n 2 \
			--no-header >actual 2>err &&
		cat >expect <<-\EOF &&
		aapfup_20240704T191506_r6  interrupted  1.0e-05
		aapfup_20240704T191507_r7  ?
		EOF
		test_cmp expect actual &&
		grep "aapfup_20240704T191507_r7" err &&
		test_expect_code 3 resutil report --columns state --format=csv \
			--no-header -n 1 >actual 2>err &&
		echo "?" >expect &&
		test_cmp expect actual
	)
'

test_expect_success 'runs that were lost or go on elsewhere say so' '
	mkdir live && cp resutil-conf.yaml live &&
	(
		cd live &&
		make_exp aapfup_20240704T191501_a "id: $(test_id 1)" \
			"state: running" "host: $(uname -n)" \
			"at: {created: \"2024-07-04T19:15:01.000000+09:00\", started: \"2024-07-04T19:15:01.000000+09:00\"}" &&
		make_exp aapfup_20240704T191502_b "id: $(test_id 2)" \
			"state: running" "host: elsewhere" \
			"at: {created: \"2024-07-04T19:15:02.000000+09:00\", started: \"2024-07-04T19:15:02.000000+09:00\"}" &&
		resutil report --columns state,duration --format=csv \
			--no-header >actual &&
		printf "%s\n" "lost," "running on elsewhere,53.0" >expect &&
		test_cmp expect actual &&
		resutil report --columns comment --where "state = running" \
			--no-header >actual &&
		echo b >expect &&
		test_cmp expect actual
	)
'

test_expect_success 'a project without runs has a table without rows' '
	mkdir empty && cp resutil-conf.yaml empty &&
	(
		cd empty &&
		resutil report >out 2>err &&
		echo "name  state  date  duration" >expect &&
		test_cmp expect out &&
		test_must_be_empty err &&
		resutil report --columns name,lr --where "acc > 1" --sort=-lr \
			--json >out 2>err &&
		test_must_be_empty out && test_must_be_empty err &&
		resutil report --group-by opt --format=csv >out 2>err &&
		echo opt,count >expect &&
		test_cmp expect out
	)
'

# refused MESSAGE OPTION...
refused () {
	message=$1
	shift
	resutil report "$@" >out 2>err
	echo $? >status
	test_expect_success "refused: report $*" '
		test "$(cat status)" = 129 && grep "$message" err &&
		test_must_be_empty out
	'
}

refused "two comparisons" --where "1 < lr < 2"
refused "is no field" --columns "name,a b"
refused "a field is missing" --columns "name,"
refused "a field is missing" --columns ""
refused "is no field" --sort "a b"
refused "a field is missing" --group-by "opt,,lr"
refused "there is no statistic .avg.; there are mean" --group-by lr --stats avg
refused "there is no statistic .p101." --group-by lr --stats p101
refused "there is no statistic .ci100." --group-by lr --stats ci100
refused "unknown format .xml.; there are table" --format xml
refused "give --group-by" --stats mean
refused "\-\-json is" --json --format=csv
refused "not of groups" --group-by lr --only-changed
refused "give one of them" --remote origin results
refused "no index" --no-refresh results
refused "'0.x' is no number" --where "lr > 0.x"

test_expect_success 'outside of a project a PATH is needed' '
	mkdir -p "$TRASH_DIRECTORY"/../outside-$$ &&
	(
		cd "$TRASH_DIRECTORY"/../outside-$$ &&
		test_expect_code 129 resutil report \
			2>"$TRASH_DIRECTORY"/err &&
		grep "this is no project: give a PATH" "$TRASH_DIRECTORY"/err
	) &&
	rmdir "$TRASH_DIRECTORY"/../outside-$$
'

# ---- names of keys, kinds of values ----

test_expect_success 'keys are told apart by case, dots, blanks and quotes' '
	mkdir keys && cp resutil-conf.yaml keys &&
	(
		cd keys &&
		make_exp aapfup_20240704T191501 "state: done" \
			"params: {\"a.b\": 1, a: {b: 2}, A: 3, \"x y\": 4," \
			"  \"say \\\"hi\\\"\": 5, \"; drop table runs; --\": 6," \
			"  \"\": 7, \"\\\\\": 8, ü: 9, \"*\": 10, \"1\": 11}" &&
		resutil report --json --columns "params.**" >out &&
		cat >expect <<-\EOF &&
		{"params.\"\"":7,"params.\"*\"":10,"params.\"; drop table runs; --\"":6,"params.\"\\\\\"":8,"params.\"a.b\"":1,"params.\"say \\\"hi\\\"\"":5,"params.\"x y\"":4,"params.1":11,"params.A":3,"params.a.b":2,"params.ü":9}
		EOF
		test_cmp expect out &&
		resutil report --no-header --format=tsv \
			--columns "\"a.b\",a.b,A,\"x y\",\"say \\\"hi\\\"\",params.\"*\",ü" \
			>actual &&
		printf "1\t2\t3\t4\t5\t10\t9\n" >expect &&
		test_cmp expect actual &&
		resutil report --no-header --columns A \
			--where "\"x y\" = 4 and params.\"; drop table runs; --\" = 6" \
			--where "params.\"*\" = 10 and params.1 = 11" >actual &&
		echo 3 >expect &&
		test_cmp expect actual
	)
'

test_expect_success 'one field with values of all kinds is sorted by them' '
	mkdir kinds && cp resutil-conf.yaml kinds &&
	(
		cd kinds &&
		number=1 &&
		for value in "\"10\"" 10 9.5 true null "[2, 1]" .nan "[1, 9]" \
			"\"9\"" false -.inf 2
		do
			make_exp aapfup_202407$(printf %02d $number)T191500 \
				"state: done" "params: {x: $value}" ||
			return 1
			number=$((number + 1))
		done &&
		make_exp aapfup_20240730T191500 "state: done" &&
		resutil report --no-header --format=tsv --columns x --sort=x \
			>actual &&
		printf "%s\n" false true -inf 2 9.5 10 10 9 "[1, 9]" "[2, 1]" \
			"" "" nan >expect &&
		test_cmp expect actual &&
		resutil report --no-header --format=tsv --columns x --sort=-x \
			-n 3 >actual &&
		printf "%s\n" "[2, 1]" "[1, 9]" 9 >expect &&
		test_cmp expect actual &&
		resutil report --json --columns x --where "x > 9" --sort=x \
			>actual &&
		printf "{\"params.x\":%s}\n" 9.5 10 "\"10\"" >expect &&
		test_cmp expect actual
	)
'

# ---- many ----

test_expect_success 'the latest few of many are the last of all' '
	mkdir -p many/results && cp resutil-conf.yaml many &&
	(
		cd many &&
		python3 - <<-\EOF &&
		import os
		for i in range(2300):
		    name = "aapfup_2024%02d%02dT%02d%02d00" % (
		        1 + i % 12, 1 + i // 12 % 28, i // 336, i % 60)
		    os.mkdir("results/" + name)
		    with open("results/" + name + "/resutil-exp.yaml", "w") as f:
		        f.write("resutil: 1\nstate: done\nparams: {x: %d, y: %d}\n"
		                % (i * 7919 % 2300, i % 50))
		EOF
		resutil report --columns name,x --format=csv >all &&
		resutil report --columns name,x --format=csv -n 5 >actual &&
		{ head -n 1 all && tail -n 5 all; } >expect &&
		test_cmp expect actual &&
		resutil report --columns name,x --format=csv --sort=-x >all &&
		resutil report --columns name,x --format=csv --sort=-x -n 7 \
			>actual &&
		head -n 8 all >expect &&
		test_cmp expect actual &&
		sed -n "2,8s/.*,//p" all >xs &&
		seq 2299 -1 2293 >expect &&
		test_cmp expect xs &&
		resutil report --columns x --format=csv --sort=y >all &&
		resutil report --columns x --format=csv --sort=y -n 60 >actual &&
		head -n 61 all >expect &&
		test_cmp expect actual &&
		resutil report --columns x --format=csv --no-header --sort=y,-x \
			--where "y >= 48" -n 3 >actual &&
		resutil report --columns y,x --format=csv --no-header \
			--where "y >= 48" >out &&
		sort -t, -k1,1n -k2,2nr out | head -n 3 | cut -d, -f2 >expect &&
		test_cmp expect actual
	)
'

# ---- on a terminal ----

test_expect_success PTY 'a person sees what is the same, and colours' '
	sed_escapes="s/$(printf "\033")\[0m/</g; s/$(printf "\033")\[[0-9;]*m/>/g" &&
	COLUMNS=200 TERM=xterm RESUTIL_PAGER=cat pty-run --raw --screen=screen \
		resutil report --columns +epochs,name --where "opt = sgd" &&
	sed "$sed_escapes; s/\r//" screen >seen &&
	grep "^>aapfup_20240704T191504_r4.*>fail" seen &&
	COLUMNS=200 TERM=xterm NO_COLOR=1 pty-run --raw --screen=screen \
		resutil report --where "opt = sgd" &&
	sed "s/\r//" screen >seen &&
	test_must_fail grep "$(printf "\033")" seen &&
	grep "^The same in all: params.epochs = 10, params.opt = sgd" seen &&
	pty-run --raw --screen=screen resutil -q report --where "opt = sgd" &&
	test_must_fail grep "The same" screen &&
	COLUMNS=200 pty-run --raw --screen=screen resutil report --group-by opt &&
	grep "2 of these 6 runs have not ended as done" screen &&
	resutil report >out 2>err &&
	test_must_be_empty err
'

test_expect_success PTY 'it fits a terminal of 20 columns' '
	COLUMNS=20 NO_COLOR=1 pty-run --raw --size=24x20 --screen=screen \
		resutil -q report --columns name,lr,acc &&
	sed "s/\r//; s/…/./g" screen >seen &&
	awk "length > 20" seen >long &&
	test_must_be_empty long &&
	grep "^aapfup" seen
'

test_done
