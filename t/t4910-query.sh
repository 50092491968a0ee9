#!/bin/sh

test_description='query: SQL over the runs, which only reads'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

a=aapfup_20240704T191555_one
b=aapfuq_20240704T191655_two
c=aapfur_20240704T191755_three
q="'"

test_expect_success 'setup: runs whose keys are hard to ask for' '
	make_conf &&
	make_exp $a "id: $(test_id 1)" "state: done" "exit_code: 0" \
		"at: {created: \"2024-07-04T19:15:55.5+09:00\", started: \"2024-07-04T19:15:56+09:00\", finished: \"2024-07-04T19:16:06.25+09:00\"}" \
		"user: ann" "host: lab3" "cmd: train --lr 0.1" \
		"git: {commit_hash: 23e445a4, branch: main}" \
		"params: {lr: 0.1, on: true, \"a.b\": 1, \"it${q}s\": x, \"q\\\"\": 2}" \
		"info: {acc: 0.5, deep: {er: 1}}" "tags: [best, new]" \
		"result: 7" &&
	make_exp $b "id: $(test_id 2)" "state: fail" "exit_code: 3" \
		"at: {created: \"2024-07-04T10:16:55Z\"}" \
		"params: {lr: auto, LR: 5, none: null, nan: .nan, inf: .inf}" \
		"result: {f1: 0.5}" "blob: !!binary gIA=" \
		"dependency: [$a]" "dependency_ids: {$a: $(test_id 1)}" &&
	make_exp $c "params: {lr: 3}" \
		"dependency: [$b, $a, aaaaaa_20240101T000000_gone]" &&
	printf "at,loss,acc\n1,0.5,0.1\n2,0.25,0.2\n" \
		>results/$a/metrics-0001.csv &&
	printf "at,loss\n1,9.5\n" >results/$a/metrics-0001-val.csv
'

test_expect_success 'runs: a row a run' '
	cat >expect <<-END &&
	name,comment,state,exit_code,created,started,finished,duration,user,host,cmd,commit_hash,branch
	$a,one,done,0,2024-07-04T10:15:55.500000Z,2024-07-04T10:15:56.000000Z,2024-07-04T10:16:06.250000Z,10.25,ann,lab3,train --lr 0.1,23e445a4,main
	$b,two,fail,3,2024-07-04T10:16:55.000000Z,,,,,,,,
	END
	resutil query --format csv "SELECT * FROM runs WHERE state IS NOT NULL
		ORDER BY name" >actual &&
	sed "s/,-,/,,/" actual >actual.1 && test_cmp expect actual.1
'

test_expect_success 'a field that is named is a column' '
	cat >expect <<-END &&
	{"name":"$a","params.lr":0.1,"params.on":1,"x":1,"info.deep.er":1,"tags":"[\"best\",\"new\"]","metrics.loss.last":0.25,"at.created":"2024-07-04T10:15:55.500000Z"}
	{"name":"$b","params.lr":"auto","params.on":null,"x":null,"info.deep.er":null,"tags":null,"metrics.loss.last":null,"at.created":"2024-07-04T10:16:55.000000Z"}
	{"name":"$c","params.lr":3,"params.on":null,"x":null,"info.deep.er":null,"tags":null,"metrics.loss.last":null,"at.created":null}
	END
	resutil query --json "SELECT name, \"params.lr\", [params.on],
		\"params.\"\"a.b\"\"\" AS x, \`info.deep.er\`, tags,
		\"metrics.loss.last\", \"at.created\" FROM runs ORDER BY name" >actual &&
	test_cmp expect actual
'

test_expect_success 'a row a field, with keys of any kind' '
	cat >expect <<-END &&
	{"run":"$a","key":"\"a.b\"","value":1}
	{"run":"$a","key":"\"it${q}s\"","value":"x"}
	{"run":"$a","key":"\"q\\\\\"\"","value":2}
	{"run":"$a","key":"lr","value":0.1}
	{"run":"$a","key":"on","value":1}
	{"run":"$b","key":"LR","value":5}
	{"run":"$b","key":"inf","value":"inf"}
	{"run":"$b","key":"lr","value":"auto"}
	{"run":"$b","key":"nan","value":null}
	{"run":"$b","key":"none","value":null}
	{"run":"$c","key":"lr","value":3}
	END
	resutil query --json "SELECT * FROM params ORDER BY run, key" >actual &&
	test_cmp expect actual &&
	cat >expect <<-END &&
	$a,"",7
	$b,f1,0.5
	END
	resutil query --format csv --no-header "SELECT * FROM results
		ORDER BY run" >actual && test_cmp expect actual &&
	cat >expect <<-END &&
	$a,acc,0.5
	$a,deep.er,1
	END
	resutil query --format csv --no-header "SELECT * FROM info
		ORDER BY key" >actual && test_cmp expect actual
'

test_expect_success 'metrics, dependencies, fields' '
	cat >expect <<-END &&
	run,series,metric,last,min,max,mean,count
	$a,"",acc,0.2,0.1,0.2,0.15,2
	$a,"",loss,0.25,0.25,0.5,0.375,2
	$a,val,loss,9.5,9.5,9.5,9.5,1
	END
	resutil query --format csv "SELECT run, series, metric, last, min, max,
		round(mean, 6) AS mean, count FROM metrics
		WHERE metric <> ${q}at${q} ORDER BY series, metric" >actual &&
	test_cmp expect actual &&
	cat >expect <<-END &&
	$b,$a,$(test_id 1)
	$c,aaaaaa_20240101T000000_gone,
	$c,$a,
	$c,$b,
	END
	resutil query --format csv --no-header "SELECT * FROM dependencies
		ORDER BY run, needs" >actual && test_cmp expect actual &&
	cat >expect <<-\END &&
	blob	bytes
	dependency	list
	exit_code	integer
	params.LR	integer
	params.inf	float
	params.lr	text
	params.nan	float
	params.none	null
	END
	resutil query --format tsv --no-header "SELECT field, type FROM fields
		WHERE run = ${q}$b${q} AND (field LIKE ${q}params.%${q} OR field IN
		(${q}blob${q}, ${q}dependency${q}, ${q}exit_code${q})) ORDER BY field" >actual &&
	test_cmp expect actual &&
	echo 8080 >expect &&
	resutil query --format csv --no-header "SELECT hex(blob) FROM runs
		WHERE blob IS NOT NULL" >actual && test_cmp expect actual
'

test_expect_success 'lists are JSON, times are known to SQLite' '
	printf "%s\n" best new >expect &&
	resutil query --format csv --no-header "SELECT value
		FROM runs, json_each(tags) ORDER BY 1" >actual &&
	test_cmp expect actual &&
	echo 10 >expect &&
	resutil query --format csv --no-header "SELECT
		strftime(${q}%s${q}, finished) - strftime(${q}%s${q}, started)
		FROM runs WHERE name = ${q}$a${q}" >actual &&
	test_cmp expect actual
'

# asked SQL WANT
asked () {
	resutil query --format csv --no-header "$1" >actual &&
	echo "$2" >expect && test_cmp expect actual
}

test_expect_success 'median, stddev and quantile are those of R' '
	sample="WITH v(x) AS (VALUES (3), (1), (4), (1), (5), (9), (2), (6), (5), (3.5),
		(NULL), (${q}7${q}), (x${q}00${q}))" &&
	: "R: median(), sd(), quantile() of 3 1 4 1 5 9 2 6 5 3.5" &&
	asked "$sample SELECT median(x), printf(${q}%.12f${q}, stddev(x)),
		quantile(x, 0), quantile(x, 0.05), quantile(x, 0.29),
		round(quantile(x, 0.9), 12), round(quantile(x, 0.999), 12),
		quantile(x, 1) FROM v" \
		"3.75,2.454587541727,1.0,1.0,2.61,6.3,8.973,9.0" &&
	asked "$sample SELECT median(DISTINCT x),
		median(x) FILTER (WHERE x > 4), count(x) FROM v" "3.75,5.5,12" &&
	asked "SELECT median(1), typeof(stddev(1)), typeof(median(NULL)),
		typeof(stddev(NULL)), typeof(quantile(${q}x${q}, 1))" \
		"1.0,null,null,null,null" &&
	asked "SELECT typeof(median(exit_code)), median(\"params.lr\"),
		stddev(exit_code) FROM runs WHERE name > ${q}aapfuq${q}" \
		"real,3.0," &&
	resutil query --format csv --no-header "$sample SELECT median(x) OVER w,
		printf(${q}%.6f${q}, stddev(x) OVER w), quantile(x, 1) OVER w
		FROM v WHERE typeof(x) <> ${q}null${q}
		WINDOW w AS (ROWS 2 PRECEDING)" >actual &&
	cat >expect <<-END &&
	3.0,0.000000,3.0
	2.0,1.414214,3.0
	3.0,1.527525,4.0
	1.0,1.732051,4.0
	4.0,2.081666,5.0
	5.0,4.000000,9.0
	5.0,3.511885,9.0
	6.0,3.511885,9.0
	5.0,2.081666,6.0
	5.0,1.258306,6.0
	4.25,1.060660,5.0
	3.5,0.000000,3.5
	END
	test_cmp expect actual
'

test_expect_success 'a quantile has one part, of a whole' '
	for bad in 1.01 -0.01 95 NULL "${q}0.5${q}"
	do
		test_expect_code 128 resutil query \
			"SELECT quantile(1, $bad)" >out 2>err &&
		test_must_be_empty out &&
		test_grep "quantile(x, q): q is a number from 0 to 1" err ||
		return 1
	done &&
	test_expect_code 128 resutil query "SELECT quantile(x, x) FROM
		(SELECT 0.5 AS x UNION ALL SELECT 0.25)" 2>err &&
	test_grep "q is the same in all rows" err &&
	test_expect_code 129 resutil query "SELECT quantile(1)" 2>err &&
	test_grep "wrong number of arguments" err
'

test_expect_success 'keys that differ only in case: told apart, or refused' '
	printf "LR,5\nlr,auto\n" >expect &&
	resutil query --format csv --no-header "SELECT key, value FROM params
		WHERE run = ${q}$b${q} AND lower(key) = ${q}lr${q} ORDER BY key" >actual &&
	test_cmp expect actual &&
	echo 5 >expect &&
	resutil query --format csv --no-header "SELECT \"params.LR\" FROM runs
		WHERE \"params.LR\" > 0" >actual && test_cmp expect actual &&
	test_expect_code 129 resutil query "SELECT \"params.LR\", \"params.lr\"
		FROM runs" 2>err &&
	grep "SQL does not tell .params.LR. and .params.lr. apart" err
'

test_expect_success 'what is wrong is shown' '
	cat >expect <<-\END &&
	resutil: SQL: near "runs": syntax error
	       FORM runs
	            ^
	END
	test_expect_code 129 resutil query "SELECT name
	    FORM runs
	WHERE 1" 2>err &&
	test_cmp expect err &&
	cat >expect <<-\END &&
	resutil: SQL: no such column: params.none.x
	  SELECT "params.none.x" FROM runs
	         ^
	END
	test_expect_code 129 resutil query "SELECT \"params.none.x\" FROM runs" \
		2>err && test_cmp expect err &&
	cat >expect <<-\END &&
	resutil: SQL: no such column: acc; the field is "info.acc", in double quotes
	  SELECT name FROM runs WHERE acc > 1
	                              ^
	END
	test_expect_code 129 resutil query "SELECT name FROM runs WHERE acc > 1" \
		2>err && test_cmp expect err &&
	long=$(printf "%0200d" 0 | sed "s/0/日/g") &&
	test_expect_code 129 resutil query "SELECT ${q}$long${q}, x FROM runs" 2>err &&
	awk "length(\$0) > 300" err >long && test_must_be_empty long &&
	tail -n 1 err >caret && grep "^ *^\$" caret &&
	test_expect_code 129 resutil query "SELECT \"no such\" FROM runs" &&
	test_expect_code 129 resutil query "SELECT 1; SELECT 2" 2>err &&
	grep "more than one" err &&
	test_expect_code 129 resutil query -- "-- nothing" 2>err &&
	grep "no query" err &&
	test_expect_code 129 resutil query "SELECT ?" &&
	test_expect_code 129 resutil query "SELECT :x" 2>err &&
	grep ":x" err &&
	test_expect_code 129 resutil query "$(printf "SELECT \377")" &&
	test_expect_code 129 resutil query &&
	test_expect_code 129 resutil query a b &&
	test_expect_code 129 resutil query --format xml "SELECT 1" &&
	test_expect_code 129 resutil query --json --format csv "SELECT 1" &&
	test_expect_code 129 resutil query --timeout 0 "SELECT 1" &&
	test_expect_code 129 resutil query --timeout x "SELECT 1" &&
	test_expect_code 129 resutil query --memory 1 "SELECT 1"
'

test_expect_success 'an end of a statement and a comment behind it are nothing' '
	echo 1 >expect &&
	for sql in "SELECT 1;" "SELECT 1 ; -- that is all" "SELECT 1;;/* x */ " \
		"WITH x(y) AS (VALUES (1)) SELECT y FROM x"
	do
		resutil query --format csv --no-header "$sql" >actual &&
		test_cmp expect actual || return 1
	done &&
	echo "SELECT 1" | resutil query --format csv --no-header - >actual &&
	test_cmp expect actual
'

test_expect_success 'it only reads' '
	: >before && : >after && : >out && : >err && : >statements &&
	find . -type f | sort >before &&
	cat >statements <<-\END &&
	DROP TABLE runs
	DELETE FROM runs
	UPDATE runs SET name = 1
	INSERT INTO params VALUES (1, 2, 3)
	CREATE TABLE x (y)
	CREATE TEMP TABLE x (y)
	CREATE TABLE x AS SELECT * FROM runs
	CREATE VIEW x AS SELECT 1
	CREATE VIRTUAL TABLE x USING fts5(y)
	ALTER TABLE runs RENAME TO x
	VACUUM INTO "stolen"
	VACUUM
	REINDEX
	ANALYZE
	ATTACH "stolen" AS x
	DETACH main
	BEGIN
	SAVEPOINT x
	PRAGMA query_only = 0
	PRAGMA journal_mode = DELETE
	PRAGMA temp_store_directory = "."
	PRAGMA writable_schema = 1
	SELECT load_extension("./x")
	SELECT load_extension(name) FROM runs
	EXPLAIN DELETE FROM runs
	END
	while read -r sql
	do
		test_expect_code 129 resutil query "$sql" >out 2>err &&
		test_must_be_empty out && grep "it may not\|SQL:" err || {
			echo "taken: $sql" && return 1
		}
	done <statements &&
	find . -type f | sort >after &&
	test_cmp before after &&
	resutil query "SELECT count(*) FROM runs" &&
	resutil query "PRAGMA table_info(runs)" >out && grep exit_code out &&
	resutil query "EXPLAIN QUERY PLAN SELECT * FROM runs" >out
'

test_expect_success '--tables tells what there is, and it is there' '
	resutil query --tables --format csv --no-header >tables &&
	cut -d, -f1 tables | sort -u >actual &&
	printf "%s\n" dependencies fields info metrics params results runs >expect &&
	test_cmp expect actual &&
	while IFS=, read -r table column rest
	do
		resutil query "SELECT $column FROM $table LIMIT 1" >/dev/null ||
		return 1
	done <tables &&
	test_expect_code 129 resutil query --tables "SELECT 1"
'

test_expect_success 'a record that cannot be read is said, and the rest is there' '
	mkdir results/aapfuz_20240704T192555_bad &&
	echo "a: [" >results/aapfuz_20240704T192555_bad/resutil-exp.yaml &&
	test_expect_code 3 resutil query --format csv --no-header \
		"SELECT count(*) FROM runs WHERE state IS NOT NULL
		AND state <> ${q}?${q}" >out 2>err &&
	echo 2 >expect && test_cmp expect out && grep aapfuz err &&
	rm -r results/aapfuz_20240704T192555_bad
'

test_expect_success 'nothing to ask about is no error' '
	mkdir empty && (
		cd empty && make_conf &&
		for table in runs params info results metrics fields dependencies
		do
			resutil query --json "SELECT * FROM $table" >out &&
			test_must_be_empty out || exit 1
		done
	)
'

test_expect_success 'what a store has is asked by --remote' '
	mkdir -p store/project && resutil send-pack $a $b >/dev/null &&
	printf "%s\n" "$a,0.1" "$b,auto" >expect &&
	for more in "" --no-refresh
	do
		resutil query --remote origin $more --format csv --no-header \
			"SELECT name, \"params.lr\" FROM runs ORDER BY 1" >actual &&
		test_cmp expect actual || return 1
	done &&
	test_expect_code 10 resutil query --remote nosuch "SELECT 1"
'

endless="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"

test_expect_success 'one that would run for ever has an end' '
	test_expect_code 128 resutil query --timeout 1 \
		"$endless SELECT count(*) FROM n" >out 2>err &&
	test_must_be_empty out && grep "not done after 1 s" err &&
	test_expect_code 128 resutil query --memory 4M \
		"$endless SELECT i FROM n ORDER BY i DESC" >out 2>err &&
	test_must_be_empty out && grep "more than 4.0 MiB of memory" err &&
	test_expect_code 128 resutil query --memory 8M \
		"SELECT length(randomblob(60000000))" 2>err &&
	grep "more than 8.0 MiB of memory" err &&
	test_expect_code 128 resutil query --memory 8M \
		"$endless SELECT median(i) FROM n" >out 2>err &&
	test_must_be_empty out && grep "more than 8.0 MiB of memory" err &&
	: "what has left a window takes none" &&
	resutil query --memory 4M --format csv --no-header "$endless,
		middle AS (SELECT median(i) OVER (ROWS 2 PRECEDING) AS m
		FROM (SELECT i FROM n LIMIT 300000))
		SELECT count(*), max(m) FROM middle" >out &&
	echo 300000,299999.0 >expect && test_cmp expect out &&
	: "nor do rows that wait for others take all there is" &&
	for form in table markdown latex
	do
		test_expect_code 128 resutil query --memory 4M --format $form \
			"$endless SELECT i FROM n" >out 2>err &&
		test_must_be_empty out &&
		test_grep "rows need more than 4.0 MiB of memory" err ||
		return 1
	done &&
	resutil query --memory 4M --format csv --no-header \
		"$endless SELECT i FROM n LIMIT 500000" >out &&
	test_line_count = 500000 out
'

cat >interrupt.py <<'END'
"""Asks, waits for the first rows, interrupts as a terminal does."""
import signal
import subprocess
import sys

child = subprocess.Popen(
    ["resutil", "query", "--format", "csv", sys.argv[1]],
    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
first = child.stdout.read(int(sys.argv[2]))[:2]
child.send_signal(signal.SIGINT)
rest, err = child.communicate()
print(first.decode().strip(), -child.returncode, rest[-1:] in (b"", b"\n"),
      err.decode().strip())
END

test_expect_success PYTHON 'Ctrl-C ends it by that signal, at the end of a row' '
	echo "i 2 True" >expect &&
	for sql in "$endless SELECT i FROM n" \
		"$endless, few(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM few
		LIMIT 20000) SELECT i FROM few UNION ALL SELECT count(i) FROM n"
	do
		: "after 64 KiB, which come first of the second" &&
		python3 interrupt.py "$sql" 65536 >actual &&
		sed "s/ *\$//" actual >actual.1 &&
		test_cmp expect actual.1 || return 1
	done
'

test_done
