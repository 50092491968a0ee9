#!/bin/sh

test_description='many read and write the index at once

Each of several processes makes experiments and asks for a report; it must hold
all that the process has made, whoever writes the index meanwhile.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test_set_now 4000000000

# make_whole NAME LINE: as resutil does it, with one rename.
make_whole () {
	mkdir "results/.$1.tmp" &&
	printf "name: %s\nstate: done\n%s\n" "$1" "$2" \
		>"results/.$1.tmp/resutil-exp.yaml" &&
	mv "results/.$1.tmp" "results/$1"
}

# one_of NR: makes experiments, and looks for them.
one_of () {
	for round in 1 2 3 4 5
	do
		make_whole "aapfup_20240704T19$(printf %02d "$1")0${round}_w$1" \
			"params: {worker: $1, key$1$round: $round}" &&
		resutil report --columns "name,params.**" --sort name --json \
			--where "params.worker = $1" >"out.$1" 2>"err.$1" &&
		test "$(grep -c . "out.$1")" = "$round" &&
		test "$(grep -c "key$1$round" "out.$1")" -ge 1 &&
		test_must_be_empty "err.$1" || return 1
	done
}

# wait_for PID...: all of them must have done well.
wait_for () {
	good=true
	for pid
	do
		wait "$pid" || good=false
	done
	$good
}

test_expect_success 'setup' '
	make_conf &&
	mkdir results
'

test_expect_success 'none misses what it made, none hears of damage' '
	pids= &&
	for nr in 10 11 12 13 14 15 16 17
	do
		one_of $nr >"log.$nr" 2>&1 &
		pids="$pids $!"
	done &&
	wait_for $pids || { cat log.* && false; }
'

test_expect_success 'all of it is in the index' '
	resutil update-index --stats >stats 2>err &&
	test_must_be_empty err &&
	grep "^runs	40" stats &&
	resutil report --columns "**" --sort name --no-refresh --json >out &&
	env -u HOME -u XDG_CACHE_HOME \
		resutil report --columns "**" --sort name --json >expect &&
	test_cmp expect out
'

# The process asks for the runs only when what it printed before was read.
read_late () {
	resutil query --format csv --no-header "WITH RECURSIVE n(i) AS
		(SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 90000)
		SELECT i FROM n UNION ALL SELECT \"params.x\" FROM runs" \
		>pipe 2>err &
	asking=$! &&
	{
		dd bs=1 count=1 of=first 2>/dev/null &&
		"$@" && cat >rest
	} <pipe &&
	wait $asking
}

change_runs () {
	echo "params: {x: 30}" \
		>results/aapfup_20240704T191001/resutil-exp.yaml &&
	make_whole aapfup_20240704T191000 "params: {x: 4}" &&
	resutil update-index
}

test_expect_success 'who has begun to read takes no row for another' '
	mkdir reading && cp resutil-conf.yaml reading && (
		cd reading && mkdir results &&
		make_whole aapfup_20240704T191001 "params: {x: 1}" &&
		make_whole aapfup_20240704T191002 "params: {x: 2}" &&
		resutil update-index && mkfifo pipe &&
		read_late change_runs && test_must_be_empty err &&
		tail -n 2 rest | sort >out && printf "%s\n" 2 30 >expect &&
		test_cmp expect out
	)
'

test_expect_success 'somebody who throws it away again and again harms nobody' '
	(
		while test ! -e stop
		do
			resutil update-index --rebuild || exit 1
		done
	) >log.rebuild 2>&1 &
	rebuilder=$! &&
	pids= &&
	for nr in 20 21 22 23
	do
		one_of $nr >"log.$nr" 2>&1 &
		pids="$pids $!"
	done &&
	good=true &&
	{ wait_for $pids || { good=false && cat log.*; } } &&
	>stop &&
	wait $rebuilder &&
	$good &&
	resutil report --columns "**" --sort name --json >out &&
	env -u HOME -u XDG_CACHE_HOME \
		resutil report --columns "**" --sort name --json >expect &&
	test_cmp expect out
'

test_done
