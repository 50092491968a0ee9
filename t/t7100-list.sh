#!/bin/sh

test_description='list: the experiments here, the latest last'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test_expect_success 'without a project there is nothing to list' '
	test_expect_code 128 resutil list >out 2>err &&
	test_must_be_empty out &&
	test_grep "resutil init" err
'

test_expect_success 'an empty project has an empty list' '
	make_conf && mkdir store &&
	resutil list >out &&
	test_must_be_empty out &&
	resutil list --json >out &&
	test_must_be_empty out
'

test_expect_success PTY 'a person is told how to begin' '
	pty-run --raw resutil list >screen &&
	test_grep "^No experiments yet; .resutil run " screen &&
	pty-run --raw --screen=screen --out=out resutil list &&
	test_must_be_empty screen && test_must_be_empty out
'

test_expect_success 'the table goes by the time of creation, not by name' '
	make_exp aapfup_20240704T191555_late "state: done" "at:" \
		"  created: \"2024-07-04T19:15:55.000000+09:00\"" \
		"usage: {wall: 1.25}" &&
	make_exp zzzzzz_20231231T235900_early "state: fail" "exit_code: 3" \
		"user: ann" "at:" "  created: \"2023-12-31T23:59:00.000000+09:00\"" \
		"  started: \"2023-12-31T23:59:00.000000+09:00\"" \
		"  finished: \"2024-01-01T02:04:00.500000+09:00\"" &&
	make_exp aapfup_20240704T191550 "state: added" "at:" \
		"  created: \"2024-07-04T19:15:50.000000+09:00\"" &&
	resutil list >actual &&
	cat >expect <<-\END &&
	local | remote | name                         | date             | state | duration | user
	  *   |        | zzzzzz_20231231T235900_early | 2023-12-31 23:59 | fail  | 2 h 05 m | ann
	  *   |        | aapfup_20240704T191550       | 2024-07-04 19:15 | added |          |
	  *   |        | aapfup_20240704T191555_late  | 2024-07-04 19:15 | done  |    1.2 s |
	END
	test_cmp expect actual
'

# A line that wraps is no row. The name has the date in it.
test_expect_success PTY 'a narrow terminal goes without some columns' '
	pty-run --raw --size=24x90 resutil list >actual &&
	test_cmp expect actual &&
	pty-run --raw --size=24x89 resutil list >actual &&
	cat >narrow <<-\END &&
	local | remote | name                         | state | duration | user
	  *   |        | zzzzzz_20231231T235900_early | fail  | 2 h 05 m | ann
	  *   |        | aapfup_20240704T191550       | added |          |
	  *   |        | aapfup_20240704T191555_late  | done  |    1.2 s |
	END
	test_cmp narrow actual &&
	pty-run --raw --size=24x70 resutil list >actual &&
	sed "s/ |[^|]*$//; s/ *$//" narrow >narrower && test_cmp narrower actual &&
	pty-run --raw --size=24x20 resutil list >actual &&
	sed "s/ |[^|]*$//; s/ *$//" narrower >narrowest && test_cmp narrowest actual &&
	pty-run --raw --size=24x20 resutil list --format=table >actual &&
	test_cmp expect actual &&
	COLUMNS=20 resutil list >actual &&
	test_cmp expect actual
'

test_expect_success 'the latest are chosen, and shown in the same order' '
	resutil list -n 2 --format="%(name)" >actual &&
	cat >expect <<-\END &&
	aapfup_20240704T191550
	aapfup_20240704T191555_late
	END
	test_cmp expect actual &&
	resutil list -2 --format="%(name)" >actual &&
	test_cmp expect actual &&
	resutil log -1 --format="%(name)" >actual &&
	echo aapfup_20240704T191555_late >expect &&
	test_cmp expect actual &&
	test_expect_code 129 resutil list -2x 2>err &&
	test_grep "unknown option .-2." err &&
	test_expect_code 129 resutil list -99999999999 2>err &&
	test_grep "not a whole number" err &&
	test_expect_code 129 resutil status -2 2>err &&
	resutil list -n 0 >actual &&
	test_must_be_empty actual
'

test_expect_success 'states are chosen, one or several' '
	resutil list --state=fail --format="%(comment)" >actual &&
	echo early >expect &&
	test_cmp expect actual &&
	resutil list --state done --state fail --format="%(comment)" >actual &&
	printf "early\nlate\n" >expect &&
	test_cmp expect actual &&
	resutil list -n 1 --state=added --state=fail --format="%(state)" \
		>actual &&
	echo added >expect &&
	test_cmp expect actual
'

test_expect_success 'a state that there is not is wrong usage' '
	test_expect_code 129 resutil list --state=good >out 2>err &&
	test_must_be_empty out &&
	test_grep "there is no state .good." err &&
	test_grep "^usage: resutil list" err
'

test_expect_success 'a date is the first moment that is shown' '
	resutil list --since=2024-07-04T19:15:55+09:00 --format="%(comment)" \
		>actual &&
	echo late >expect &&
	test_cmp expect actual &&
	(
		test_set_now 1720088155 &&
		resutil list --since="5 seconds ago" --format="%(name)" >actual
	) &&
	test_line_count = 2 actual &&
	test_expect_code 129 resutil list --since=someday 2>err &&
	test_grep "someday" err
'

test_expect_success PYTHON '--json has all fields, and null for what is not there' '
	resutil list --json --state=fail >actual &&
	test_line_count = 1 actual &&
	python3 - >out <<-\END &&
	import json
	row = json.load(open("actual"))
	print(row["name"], row["exit_code"], row["duration"], row["id"])
	print(row["date"])
	END
	cat >expect <<-\END &&
	zzzzzz_20231231T235900_early 3 7500.5 None
	2023-12-31T23:59:00.000000+09:00
	END
	test_cmp expect out
'

test_expect_success 'csv, tsv, -z' '
	resutil list --format=csv --state=done | tr -d "\r" >actual &&
	cat >expect <<-\END &&
	local,remote,name,date,state,duration,user
	true,false,aapfup_20240704T191555_late,2024-07-04T19:15:55.000000+09:00,done,1.25,
	END
	test_cmp expect actual &&
	resutil list --format=tsv --state=done >actual &&
	tr , "\t" <expect >expect.tsv &&
	test_cmp expect.tsv actual &&
	resutil list -z --state=done >actual &&
	sed 1d expect.tsv | tr "\n" "\0" >expect.z &&
	test_cmp_bin expect.z actual
'

test_expect_success 'an unknown field names those that there are' '
	test_expect_code 129 resutil list --format="%(nmae)" 2>err &&
	test_grep "no field .nmae.; there are local, remote, name, date, state" err &&
	test_expect_code 129 resutil list --format=xml 2>err &&
	test_grep "unknown format .xml." err &&
	test_expect_code 129 resutil list --json --format=csv 2>err &&
	test_expect_code 129 resutil list something 2>err
'

test_expect_success 'a record that cannot be read has its row, and a warning' '
	test_when_finished "rm -r results/aapfup_20240704T191557_bad" &&
	make_exp aapfup_20240704T191557_bad "state: [" &&
	test_expect_code 3 resutil list --format="%(state) %(comment)" >out \
		2>err &&
	tail -n 1 out >actual &&
	echo "? bad" >expect &&
	test_cmp expect actual &&
	test_line_count = 4 out &&
	test_grep "aapfup_20240704T191557_bad/resutil-exp.yaml.*line" err &&
	resutil list --state=done >out
'

test_expect_success 'a directory without a record counts as unreadable' '
	test_when_finished "rmdir results/aapfup_20240704T191558" &&
	mkdir results/aapfup_20240704T191558 &&
	test_expect_code 3 resutil list --format="%(state) %(name)" >out 2>err &&
	test_grep "^? aapfup_20240704T191558$" out
'

test_expect_success 'wide characters are aligned, hostile ones are tamed' '
	test_when_finished "rm -r results/aapfuq*" &&
	make_exp aapfuq_20240704T191600_日本 "state: \"\\e[31mdone\"" "at:" \
		"  created: \"2024-07-04T19:16:00.000000+09:00\"" &&
	test_might_fail resutil list >out 2>err &&
	test_grep "aapfuq_20240704T191600_日本  *| 2024-07-04 19:16" out &&
	! grep "$(printf "\033")" out &&
	! grep "$(printf "\033")" err
'

test_expect_success 'a run that has no recorder here is lost' '
	test_when_finished "rm -r results/aapfuq*" &&
	make_exp aapfuq_20240704T191601_gone "state: running" \
		"id: $(test_id 1)" "host: $(uname -n)" &&
	make_exp aapfuq_20240704T191602_far "state: running" \
		"id: $(test_id 2)" "host: far.example.org" &&
	resutil list --format="%(state)" --since=2024-07-04T10:16:01Z >actual &&
	printf "lost\nrunning on far.example.org\n" >expect &&
	test_cmp expect actual &&
	resutil list --state=running --format="%(comment)" >actual &&
	echo far >expect &&
	test_cmp expect actual
'

test_expect_success PTY 'a terminal gets a bold header' '
	TERM=xterm pty-run --screen=screen --raw resutil list -n 1 &&
	tr -d "\r" <screen >seen &&
	head -n 1 seen >head &&
	test_grep "$(printf "\033\\[1m")local" head &&
	sed 1d seen >row &&
	! grep "$(printf "\033")" row &&
	NO_COLOR=1 TERM=xterm pty-run --screen=screen --raw \
		resutil list -n 1 &&
	! grep "$(printf "\033")" screen
'

test_expect_success 'a table that cannot be written is a failure' '
	test -c /dev/full &&
	test_expect_code 128 resutil list >/dev/full 2>err &&
	test_grep "standard output" err
'

test_expect_success 'a thousand records are listed' '
	mkdir many && cd many && make_conf && mkdir results &&
	i=1000 &&
	while test $i -lt 2000
	do
		name=aapfup_20240704T19$(printf %04d $((i % 60 + i / 60 % 60 * 100)))_x$i &&
		mkdir results/$name &&
		printf "state: done\nat:\n  created: \"2024-07-04T19:15:%02d.%06dZ\"\n" \
			5 $((i * 7919 % 1000000)) \
			>results/$name/resutil-exp.yaml || return 1
		i=$((i + 1))
	done &&
	resutil list --format="%(date) %(state)" >actual &&
	test_line_count = 1000 actual &&
	sort actual >sorted &&
	test_cmp sorted actual
'

test_expect_success 'output that fails is told of once' '
	for args in list "list --json" log "log --json" "list --format=csv"
	do
		test_expect_code 128 resutil $args >/dev/full 2>err &&
		test_line_count = 1 err &&
		test_expect_code 128 resutil $args >&- 2>err &&
		test_line_count = 1 err || return 1
	done
'

test_expect_success 'a results_dir that is no directory is named' '
	mkdir odd && make_conf odd &&
	(
		cd odd &&
		: >results &&
		test_expect_code 128 resutil list 2>err &&
		test_line_count = 1 err &&
		test_grep "results_dir .*/results. is not a directory" err &&
		rm results && ln -s nowhere results &&
		test_expect_code 128 resutil list 2>err &&
		test_line_count = 1 err &&
		test_grep "is a link that leads nowhere" err &&
		mkdir nowhere && resutil list
	)
'

test_done
