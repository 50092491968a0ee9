#!/bin/sh

test_description='status: what was not pushed, and what has grown since'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

A=aaaaaa_20240101T000001_one
B=aaaaaa_20240101T000002_two
C=aaaaaa_20240101T000003_three

unpushed () {
	resutil status >out &&
	{ grep -e pushed -e grown out || :; } >actual
}

test_expect_success 'setup' '
	make_conf && mkdir store &&
	for i in 1 2 3
	do
		name=$(eval echo \$$(echo $i | tr 123 ABC)) &&
		make_exp $name "id: $(test_id $i)" "revision: 1" \
			"state: done" || return 1
	done
'

test_expect_success 'nothing was pushed yet' '
	unpushed &&
	echo "3 not pushed ('\''resutil push -A'\'' sends them)" >expect &&
	test_cmp expect actual &&
	resutil status --porcelain >out &&
	test_grep "^not_pushed	3$" out &&
	test_grep "^grown	0$" out
'

test_expect_success 'what was pushed, and what has grown since' '
	resutil push $A $B &&
	resutil update-exp --set info.x=1 $A &&
	unpushed &&
	echo "1 not pushed, 1 grown ('\''resutil push -A'\'' sends them)" \
		>expect &&
	test_cmp expect actual &&
	resutil status --json >out &&
	test_grep "\"not_pushed\":1,\"grown\":1" out
'

test_expect_success 'no store is asked' '
	test_when_finished "mv away store" &&
	mv store away &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" resutil status >actual 2>err &&
	test_must_be_empty err &&
	test_grep "1 not pushed, 1 grown" actual &&
	test_grep ! "store: " trace
'

test_expect_success 'when all is there it says nothing' '
	resutil push -A &&
	unpushed &&
	test_must_be_empty actual
'

test_expect_success 'what is only grown, and only missing' '
	resutil update-exp --set info.x=1 $B &&
	unpushed &&
	echo "1 grown ('\''resutil push -A'\'' sends them)" >expect &&
	test_cmp expect actual &&
	resutil push -A && resutil rm -r -y $C &&
	unpushed &&
	echo "1 not pushed ('\''resutil push -A'\'' sends them)" >expect &&
	test_cmp expect actual
'

test_done
