#!/bin/sh

test_description='log: experiments, newest first'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

A=aapfup_20240704T191555_first
B=aapfuq_20240704T191600_second
C=aapfur_20240704T191700

test_expect_success 'setup' '
	make_conf && test_set_now 1720088755 &&
	make_exp $A "state: done" "cmd: python3 train.py" \
		"git:" "  commit_hash: 23e445a48d4c51ca8d5052476a410736c6855b49" \
		"  branch: main" "  uncommited_files: [train.py]" \
		"at:" "  created: \"2024-07-04T19:15:55.000000+09:00\"" \
		"usage: {wall: 66.488}" "user: ann" "host: ant" &&
	make_exp $B "state: fail" "signal: SIGKILL" \
		"cmd: sh -c \"x y\"" "dependency: [$A]" \
		"error: \"no memory\\nmore\"" \
		"at:" "  created: \"2024-07-04T19:16:00.000000+09:00\"" &&
	make_exp $C "state: added" "user: bob" \
		"at:" "  created: \"2024-07-04T19:17:00.000000+09:00\""
'

test_expect_success 'the log is like that of git' '
	resutil log >actual &&
	cat >expect <<-\END &&
	experiment aapfur_20240704T191700
	State:   added
	Date:    2024-07-04 19:17, 9 minutes ago
	By:      bob

	experiment aapfuq_20240704T191600_second
	State:   fail, SIGKILL
	Date:    2024-07-04 19:16, 10 minutes ago
	Needs:   aapfup_20240704T191555_first
	Error:   no memory

	    sh -c "x y"

	experiment aapfup_20240704T191555_first
	State:   done, 1 m 06 s
	Date:    2024-07-04 19:15, 10 minutes ago
	By:      ann on ant
	Commit:  23e445a48d4c51ca8d5052476a410736c6855b49 on main, 1 changed file

	    python3 train.py
	END
	test_cmp expect actual
'

test_expect_success '--oneline and -n' '
	resutil log --oneline >actual &&
	cat >expect <<-END &&
	$C (added)
	$B (fail, SIGKILL) sh -c "x y"
	$A (done, 1 m 06 s) python3 train.py
	END
	test_cmp expect actual &&
	resutil log -n1 --oneline >actual &&
	head -n 1 expect >one &&
	test_cmp one actual
'

test_expect_success '--since and --until bound it, both ends included' '
	resutil log --since=2024-07-04T10:16:00Z --until=2024-07-04T10:16:00Z \
		--format="%(name)" >actual &&
	echo $B >expect &&
	test_cmp expect actual &&
	resutil log --until="10 minutes ago" --format="%(name)" >actual &&
	echo $A >expect &&
	test_cmp expect actual &&
	resutil log --until=yesterday >actual &&
	test_must_be_empty actual &&
	resutil log -n 1 --until=2024-07-04T10:16:59Z --format="%(name)" \
		>actual &&
	echo $B >expect &&
	test_cmp expect actual &&
	test_expect_code 129 resutil log --until=someday 2>err &&
	test_grep "someday" err
'

test_expect_success 'given experiments are shown once, by time' '
	resutil log --format="%(name)" first @ $A >actual &&
	printf "%s\n" $C $A >expect &&
	test_cmp expect actual &&
	test_expect_code 3 resutil log --format="%(name)" none first \
		>actual 2>err &&
	echo $A >expect &&
	test_cmp expect actual &&
	test_grep none err &&
	test_expect_code 10 resutil log none >actual 2>err &&
	test_must_be_empty actual
'

test_expect_success PYTHON '--json has the fields of list, but for where it is' '
	resutil log --json -n 1 >logged &&
	resutil list --offline --json -n 1 >listed &&
	python3 - <<-\END
	import json
	logged, listed = json.load(open("logged")), json.load(open("listed"))
	assert listed.pop("local") is True and listed.pop("remote") is None
	assert logged == listed, (logged, listed)
	END
'

test_expect_success 'an unreadable record stays in its place' '
	test_when_finished "rm -r results/aapfuq_20240704T191630_bad" &&
	make_exp aapfuq_20240704T191630_bad "state: [" &&
	TZ=Asia/Tokyo test_expect_code 3 resutil log --oneline >actual 2>err &&
	sed -n 2p actual >bad &&
	echo "aapfuq_20240704T191630_bad (?)" >expect &&
	test_cmp expect bad &&
	test_line_count = 4 actual &&
	test_grep "aapfuq_20240704T191630_bad/resutil-exp.yaml" err
'

test_expect_success 'nothing in a record reaches the terminal raw' '
	test_when_finished "rm -r results/aapfus*" &&
	make_exp aapfus_20240704T191800 "state: fail" "error: \"\\e[31m\"" \
		"cmd: \"\\e]0;title\\a\"" "user: \"\\e[1m\"" \
		"git: {commit_hash: \"\\e[2J\", branch: \"\\e[3J\"}" \
		"dependency: [\"\\e[4J\"]" &&
	resutil log >actual &&
	resutil log --oneline >>actual &&
	! grep "$(printf "\033")" actual
'

test_expect_success PTY 'a terminal gets colour and a pager' '
	write_script page <<-\EOF &&
	echo "begin" && cat && echo "end"
	EOF
	TERM=xterm RESUTIL_PAGER=./page pty-run --screen=screen --raw \
		resutil log -n 1 &&
	tr -d "\r" <screen >seen &&
	head -n 1 seen >first && echo begin >expect && test_cmp expect first &&
	tail -n 1 seen >last && echo end >expect && test_cmp expect last &&
	test_grep "$(printf "\033\\[33m")$C" seen &&
	TERM=xterm RESUTIL_PAGER= pty-run --screen=screen --raw \
		resutil -c color.ui=never log -n 1 &&
	! grep "$(printf "\033")" screen
'

test_done
