#!/bin/sh

test_description='record-runs: apart from the program that it records'

. ./test-lib.sh

# A program that is recorded: it has the two ends of the pipes as 8 and 9.
start_recorder () {
	rm -f to from &&
	mkfifo to from &&
	{ resutil record-runs "$@" <to >from & } &&
	exec 8>to 9<from
}

# ask_who: sets $recorder, the process that answers.
ask_who () {
	ask "{\"op\":\"hello\",\"protocol\":1}" >hello &&
	recorder=$(sed -n "s/.*\"recorder\":\([0-9]*\).*/\1/p" hello)
}

is_gone () {
	test_must_fail kill -0 "$recorder"
}

ask () {
	printf "%s\n" "$1" >&8 &&
	read -r answer <&9 &&
	printf "%s\n" "$answer"
}

trial="{\"op\":\"begin\",\"kind\":\"trial\",\"root\":\"t\",\"tid\":\"a\",\"providers\":[]}"

key_is () {
	resutil read-exp --key "$1" t/a >actual &&
	echo "$2" >expect &&
	test_cmp expect actual
}

test_expect_success '--detach: the child ends at once, the recorder goes on' '
	start_recorder --detach --pid=$$ &&
	wait $! &&
	ask_who &&
	test_grep "\"ok\":true" hello &&
	test "$recorder" != $! &&
	kill -0 "$recorder" &&
	exec 8>&- 9<&- &&
	test_wait_for 20 is_gone
'

test_expect_success 'the parent is the program, also of one that left it' '
	start_recorder --detach &&
	ask "$trial" >begin &&
	test_grep "\"run\":1" begin &&
	ask_who &&
	exec 8>&- 9<&- &&
	test_wait_for 20 is_gone &&
	key_is state lost
'

test_expect_success 'a run that lost its pipe is taken over, and ends well' '
	start_recorder --detach --pid=$$ &&
	ask "{\"op\":\"adopt\",\"dir\":\"$PWD/t/a\"}" >adopt &&
	test_grep "\"run\":1" adopt &&
	key_is state running &&
	test_must_fail resutil read-exp --key at.finished t/a &&
	ask "{\"op\":\"finish\",\"run\":1,\"state\":\"done\"}" >finish &&
	key_is state done &&
	ask "{\"op\":\"adopt\",\"dir\":\"$PWD/t/a\"}" >again &&
	test_grep "\"code\":14" again &&
	test_grep "has ended" again &&
	exec 8>&- 9<&-
'

test_done
