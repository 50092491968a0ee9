#!/bin/sh

test_description='show: what only a store has, by ranges of its pack'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

A=aapfup_20240704T191555_there

test_expect_success 'setup' '
	make_conf && mkdir store && test_set_now 1720088755 &&
	make_exp $A "id: $(test_id 1)" "revision: 3" "state: fail" \
		"exit_code: 3" "cmd: python3 train.py" \
		"params: {lr: 0.1}" "user: ann" "host: ant" "at:" \
		"  created: \"2024-07-04T19:15:55.000000+09:00\"" \
		"usage: {wall: 66.5}" &&
	mkdir -p results/$A/deep/er "results/$A/ odd" &&
	printf "hello\nworld\n" >results/$A/out.txt &&
	printf "%05000d" 0 >results/$A/deep/er/model &&
	printf "%0700000d" 0 >results/$A/deep/padding &&
	printf "a\0b\033[31m" >results/$A/raw &&
	: >"results/$A/tab	name" &&
	ln -s out.txt results/$A/link &&
	resutil show $A >page.here &&
	resutil show --json $A >json.here &&
	for path in "" deep deep/er/ "./deep//er" out.txt raw deep/er/model
	do
		resutil show "$A:$path" || return 1
	done >files.here &&
	resutil send-pack --force $A &&
	rm -r results/$A
'

test_expect_success 'the page is the same, and says who has it' '
	resutil show there >actual 2>err &&
	test_must_be_empty err &&
	sed "/^only in:/d" actual >page &&
	test_cmp page.here page &&
	test_grep "^only in:     origin$" actual &&
	resutil show origin/@ >again &&
	test_cmp actual again
'

test_expect_success '--json and --format are the same' '
	resutil show --json there >actual &&
	test_cmp json.here actual &&
	resutil show --format="%(exit_code) %(params.lr) %(duration)" there \
		>actual &&
	echo "3 0.1 66.5" >expect &&
	test_cmp expect actual
'

test_expect_success 'files and directories are the same' '
	for path in "" deep deep/er/ "./deep//er" out.txt raw deep/er/model
	do
		resutil show "there:$path" || return 1
	done >actual &&
	test_cmp_bin files.here actual &&
	resutil show -z there: >actual &&
	tr "\0" "\n" <actual >lines &&
	test_grep "^tab	name$" lines
'

test_expect_success 'only ranges are read, and nothing is kept' '
	size=$(wc -c <store/project/$A.zip) &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" resutil show there:out.txt \
		>actual &&
	printf "hello\nworld\n" >expect &&
	test_cmp expect actual &&
	sed -n "s/.*store: get .* -> \([0-9]*\) bytes.*/\1/p" trace >bytes &&
	test_line_count -gt 0 bytes &&
	awk "{ sum += \$1 } END { exit !(sum < 200000) }" bytes &&
	ls results >left && test_must_be_empty left
'

test_expect_success 'what is not there: 10' '
	test_expect_code 10 resutil show there:gone >out 2>err &&
	test_must_be_empty out &&
	test_grep "no .gone." err &&
	test_expect_code 10 resutil show there:out.txt/x &&
	test_expect_code 10 resutil show gone >out 2>err &&
	test_grep "no experiment .gone. here or in .origin." err &&
	test_expect_code 10 resutil show origin/@~1 &&
	test_expect_code 10 resutil show --remote=none gone 2>err &&
	test_grep none err
'

test_expect_success 'no path leads out of it, and no link is followed' '
	for path in ../x /etc/passwd deep/../../x ..
	do
		test_expect_code 129 resutil show "there:$path" 2>err &&
		test_grep "not a path inside" err || return 1
	done &&
	test_expect_code 128 resutil show there:link >out 2>err &&
	test_must_be_empty out &&
	test_grep "is a link" err
'

test_expect_success 'a store that is away: 12, and what is here is shown' '
	test_when_finished "mv away store; rm -r results/*_here" &&
	make_exp aapfuq_20240704T191600_here "state: done" &&
	mv store away &&
	test_expect_code 12 resutil show there >out 2>err &&
	test_must_be_empty out &&
	test_grep "no experiment .there. here.*; and no directory" err &&
	resutil show here >out &&
	test_expect_code 3 resutil show there here >out 2>err &&
	test_grep "^experiment .*_here$" out
'

test_expect_success 'here comes first, and no store is asked' '
	test_when_finished "rm -r results/$A" &&
	make_exp $A "state: done" &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace.here" resutil show \
		--format="%(state)" there >actual &&
	echo done >expect &&
	test_cmp expect actual &&
	test_grep ! "list-remote" trace.here
'

test_expect_success 'a bad pack is told, whatever it is: 13' '
	test_when_finished "rm store/project/*_bad.zip" &&
	echo nonsense >store/project/aapfuq_20240704T191601_bad.zip &&
	test_expect_code 13 resutil show bad >out 2>err &&
	test_must_be_empty out &&
	test_line_count = 1 err &&
	test_expect_code 13 resutil show bad:out.txt
'

test_expect_success PTY 'a terminal gets no raw bytes of a pack' '
	TERM=xterm RESUTIL_PAGER=cat pty-run --screen=screen --raw \
		resutil show there:raw &&
	! grep "$(printf "\033")\[31m" screen &&
	test_grep "x1b" screen
'

test_expect_success 'words that are ambiguous there are listed: 129' '
	make_exp aapfup_20240704T191555_other "id: $(test_id 2)" \
		"revision: 1" "state: done" &&
	resutil send-pack --force aapfup_20240704T191555_other &&
	rm -r results/*_other &&
	test_expect_code 129 resutil show aapfup 2>err &&
	test_grep "  aapfup_20240704T191555_other$" err &&
	test_grep "  $A$" err
'

test_done
