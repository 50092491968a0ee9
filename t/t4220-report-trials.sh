#!/bin/sh

test_description='report: trees of trials, of ours and of votakvot, and results of others'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

TZ=Asia/Tokyo
export TZ
test_set_now 1720088155

# trial DIR LINE...: as votakvot 0.1 writes it
trial () {
	mkdir -p "$1" &&
	printf "%s\n" "votakvot: 0.1.dev2" "tid: ${1#*/}" >"$1"/votakvot.yaml &&
	trial_record=$1/votakvot.yaml &&
	shift &&
	printf "%s\n" "$@" >>"$trial_record"
}

test_expect_success 'setup' '
	trial t/my_module.fit/21-05-20/15:10:00 "state: done" \
		"at: {created: 2021-05-20 15:10:00.5, started: 2021-05-20 15:10:01, finished: 2021-05-20 15:10:11}" \
		"params: {lr: 0.1, net: {depth: 2}}" "info: {steps: 5}" \
		"result: {acc: 0.5}" &&
	trial t/my_module.fit/21-05-20/15:20:00 "state: fail" \
		"at: {created: 2021-05-20 15:20:00.5}" \
		"params: {lr: 0.2, net: {depth: 2}}" "error: it broke" &&
	trial t/my_module.fit/21-05-21/09:00:00 "state: done" \
		"at: {created: 2021-05-21 09:00:00.5}" \
		"params: {lr: 0.3, net: {depth: 3}}" "result: {acc: 0.75}" &&
	trial t/my_module.score/21-05-21/09:30:00 "state: done" \
		"params: {n: 4}" "result: 0.25" &&
	printf "%s\n" "at,loss" "2021-05-20 15:10:01,2.5" \
		"2021-05-20 15:10:02,1.5" >"t/my_module.fit/21-05-20/15:10:00/metrics-0000.csv"
'

test_expect_success 'a tree is reported as it is, outside of any project' '
	resutil report t >actual &&
	cat >expect <<-\EOF &&
	name                              state  date              duration  params.lr  params.n  params.net.depth  info.steps  result  result.acc  metrics.loss.last
	my_module.fit/21-05-20/15:10:00   done   2021-05-20 15:10    10.0 s        0.1                           2           5                0.5                 1.5
	my_module.fit/21-05-20/15:20:00   fail   2021-05-20 15:20                  0.2                           2
	my_module.fit/21-05-21/09:00:00   done   2021-05-21 09:00                  0.3                           3                           0.75
	my_module.score/21-05-21/09:30:00  done                                              4                                   0.25
	EOF
	sed "s/  */ /g" expect >expect.squeezed &&
	sed "s/  */ /g" actual >actual.squeezed &&
	test_cmp expect.squeezed actual.squeezed
'

# found WORDS... -- LR...: what the paths find, by its learning rate
found () {
	resutil report --columns lr --format=csv --no-header "$1" $3 >out 2>err
	echo $? >status
	echo $2 >expect
	echo $(cat out) >actual
	test_expect_success "below $1 $3" '
		test_cmp expect actual && test "$(cat status)" = 0 &&
		test_must_be_empty err
	'
}

found t/my_module.fit "0.1 0.2 0.3"
found t/my_module/fit "0.1 0.2 0.3"
found "t/**/21-05-20" "0.1 0.2"
found "t/*/21-05-20/15:1*" "0.1"
found "t/**/21-05-2[01]" "0.1 0.2 0.3 \"\""
found "t/my_module.fit/21-05-20/15:20:00/votakvot.yaml" 0.2
found "t/**/21-05-21" "0.1 0.2 0.3 \"\"" "t/**/21-05-20"
found t "0.1 0.2 0.3 \"\"" "t/my_module.fit"
found t/my_module.fit/21-05-21 "0.3" --sort=-lr
test_expect_success 'groups of trials' '
	resutil report --group-by net.depth --columns acc,loss \
		--stats max,count --format=csv t/my_module.fit >actual &&
	cat >expect <<-\EOF &&
	params.net.depth,count,result.acc.max,result.acc.count,metrics.loss.last.max,metrics.loss.last.count
	2,2,0.5,1,1.5,1
	3,1,0.75,1,,0
	EOF
	test_cmp expect actual
'

test_expect_success 'expressions over trials' '
	resutil report --columns lr --format=csv --no-header --where \
		"state = fail or metrics.loss.last < 2 and duration > 5s" t \
		>actual &&
	printf "%s\n" 0.1 0.2 >expect &&
	test_cmp expect actual &&
	resutil report --columns name --no-header --where "result = 0.25" t \
		>actual &&
	echo my_module.score/21-05-21/09:30:00 >expect &&
	test_cmp expect actual
'

test_expect_success 'trials of ours' '
	for n in 1 2
	do
		echo "{\"op\":\"begin\",\"kind\":\"trial\",\"root\":\"own\",\"tid\":\"f/$n\",\"params\":{\"n\":$n},\"providers\":[]}" &&
		echo "{\"op\":\"finish\",\"run\":$n,\"state\":\"done\",\"result\":{\"twice\":$((2 * n))}}" ||
		return 1
	done >requests &&
	resutil record-runs <requests >answers &&
	resutil report --columns name,state,n,twice --format=tsv --no-header \
		own >actual &&
	printf "f/1\tdone\t1\t2\nf/2\tdone\t2\t4\n" >expect &&
	test_cmp expect actual
'

test_expect_success 'results of another project, and experiments by a pattern' '
	mkdir project && cd project && make_conf &&
	for n in 1 2 3
	do
		make_exp aapfup_20240704T19150$n "state: done" \
			"params: {n: $n}" || return 1
	done &&
	cd .. &&
	resutil report --columns name,n --no-header --format=csv \
		"project/results/*[13]" >actual &&
	printf "%s\n" aapfup_20240704T191501,1 aapfup_20240704T191503,3 \
		>expect &&
	test_cmp expect actual &&
	cd project &&
	resutil report --columns n --no-header results/aapfup_20240704T191502 \
		>actual &&
	echo 2 >expect &&
	test_cmp expect actual &&
	cd ..
'

test_expect_success 'nothing is found: a table without rows' '
	resutil report --columns name nowhere >actual 2>err &&
	echo name >expect &&
	test_cmp expect actual &&
	grep "no run is recorded below .nowhere" err
'

test_expect_success 'a record that cannot be read is a row, and told' '
	mkdir -p broken/a &&
	echo "tid: [" >broken/a/votakvot.yaml &&
	cp -r t/my_module.score broken/b &&
	test_expect_code 3 resutil report --columns state,n broken \
		--format=csv --no-header >actual 2>err &&
	sort actual >sorted && printf "%s\n" "?," done,4 >expect &&
	test_cmp expect sorted &&
	grep "broken/a" err
'

test_expect_success AS_USER 'neither is a directory left out silently' '
	cp -r t locked &&
	chmod 0 "locked/my_module.fit/21-05-20" &&
	test_expect_code 3 powerless resutil report --columns lr \
		locked/my_module.fit --format=csv --no-header >actual 2>err &&
	chmod 755 "locked/my_module.fit/21-05-20" &&
	echo 0.3 >expect &&
	test_cmp expect actual &&
	grep "locked/my_module.fit/21-05-20" err
'

test_done
