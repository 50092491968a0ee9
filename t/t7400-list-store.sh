#!/bin/sh

test_description='list: what is here and what the store has'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

A=aaaaaa_20240101T000001_here
B=aaaaaa_20240101T000002_both
C=aaaaaa_20240101T000003_there

# at SECOND: the record's moment
at () {
	printf "at:\n  created: \"2024-01-01T00:00:%02d.000000+00:00\"\n" "$1"
	printf "  started: \"2024-01-01T00:00:%02d.000000+00:00\"\n" "$1"
	printf "  finished: \"2024-01-01T00:00:%02d.500000+00:00\"\n" $(($1 + 1))
}

places () {
	resutil list --format="%(comment) %(local) %(remote)" "$@"
}

test_expect_success 'setup: one here, one on both sides, one there' '
	make_conf && mkdir store && test_set_now 1704067400 &&
	make_exp $A "id: $(test_id 1)" "revision: 1" "state: done" \
		"user: $(id -un)" "$(at 1)" &&
	make_exp $B "id: $(test_id 2)" "revision: 1" "state: done" \
		"user: ann" "$(at 2)" &&
	make_exp $C "id: $(test_id 3)" "revision: 1" "state: fail" \
		"user: bob" "host: far.example.org" "$(at 3)" &&
	resutil push $B $C &&
	rm -r results/$C
'

test_expect_success 'the table says where each is' '
	user=$(id -un) &&
	resutil list >actual 2>err &&
	cat >expect <<-END &&
	local | remote | name                         | date             | state | duration | user
	  *   |        | aaaaaa_20240101T000001_here  | 2024-01-01 00:00 | done  |    1.5 s | $user
	  *   |   *    | aaaaaa_20240101T000002_both  | 2024-01-01 00:00 | done  |    1.5 s | ann
	      |   *    | aaaaaa_20240101T000003_there | 2024-01-01 00:00 | fail  |    1.5 s | bob
	END
	test_cmp expect actual &&
	test_must_be_empty err
'

test_expect_success '--json says what is known of what is only there' '
	resutil list --json --state=fail >actual &&
	test_line_count = 1 actual &&
	test_grep "\"local\":false,\"remote\":true,\"name\":\"$C\"" actual &&
	test_grep "\"id\":\"$(test_id 3)\"" actual &&
	test_grep "\"host\":\"far.example.org\"" actual &&
	test_grep "\"duration\":1.5" actual &&
	resutil list --format=csv --state=fail | tr -d "\r" >actual &&
	sed 1d actual >row &&
	echo "false,true,$C,2024-01-01T00:00:03.000000+00:00,fail,1.5,bob" \
		>expect &&
	test_cmp expect row
'

test_expect_success 'the options choose among both sides' '
	places -n 1 >actual &&
	echo "there false true" >expect &&
	test_cmp expect actual &&
	places --mine >actual &&
	echo "here true false" >expect &&
	test_cmp expect actual &&
	places --since=2024-01-01T00:00:02Z --state=done >actual &&
	echo "both true true" >expect &&
	test_cmp expect actual
'

# opening a store is no request
test_expect_success 'a second look reads no pack again' '
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" resutil list >/dev/null &&
	grep "store: [^o]" trace >requests &&
	test_line_count = 1 requests &&
	test_grep "store: list" requests
'

test_expect_success 'a store that is away: as last seen, and how long ago' '
	places >expect &&
	test_when_finished "mv away store" &&
	mv store away &&
	(
		test_set_now 1704074600 &&
		places >actual 2>err
	) &&
	test_cmp expect actual &&
	test_line_count = 1 err &&
	test_grep "no directory .*/store.*; shown as seen .* ago" err &&
	places --offline >actual 2>err &&
	test_cmp expect actual &&
	test_grep "origin. is shown as seen" err &&
	resutil -c list.timeout=0 list --format="%(remote)" >actual 2>err &&
	test_grep "origin. is shown as seen" err &&
	resutil -q list --offline >actual 2>err &&
	test_must_be_empty err
'

test_expect_success '--offline asks nothing' '
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace.offline" \
		resutil list --offline >/dev/null 2>&1 &&
	test_grep "list-remote.*--cached" trace.offline &&
	test_grep ! "store: [^o]" trace.offline
'

test_expect_success 'a store that nobody knows: what is here, and a hint' '
	test_when_finished "mv away store" &&
	mv store away &&
	(
		XDG_CACHE_HOME=$TRASH_DIRECTORY/empty &&
		export XDG_CACHE_HOME &&
		places >actual 2>err &&
		places --offline >offline 2>err.offline
	) &&
	printf "%s true \n" here both >expect &&
	test_cmp expect actual &&
	test_cmp expect offline &&
	test_grep "what it holds is not known" err &&
	test_grep "not known yet" err.offline &&
	XDG_CACHE_HOME=$TRASH_DIRECTORY/empty resutil list >actual 2>err &&
	test_grep "^  \*   |   ?    | $A" actual
'

# resutil-pack is where list-remote lives: one that never answers.
hanging () {
	mkdir -p hanging &&
	cat >hanging/resutil-pack <<-END &&
	#!/bin/sh
	case "\$*" in
	*--cached*)
		exec "$real/resutil-pack" "\$@"
	esac
	echo \$\$ >"$TRASH_DIRECTORY/pid"
	$1
	END
	chmod +x hanging/resutil-pack
}

test_expect_success 'a store that hangs is waited for, but not for ever' '
	real=$(dirname "$(command -v resutil)")/libexec &&
	test_path_is_file "$real/resutil-pack" &&
	places >expect &&
	for way in "kill -STOP \$\$" "exec sleep 1000" "trap \"\" TERM ALRM
		while :; do sleep 1; done"
	do
		hanging "$way" &&
		rm -f pid &&
		before=$(date +%s) &&
		RESUTIL_EXEC_PATH=$TRASH_DIRECTORY/hanging timeout 60 \
			resutil -c list.timeout=1 list \
			--format="%(comment) %(local) %(remote)" \
			>actual 2>err &&
		after=$(date +%s) &&
		test $((after - before)) -lt 30 &&
		test_cmp expect actual &&
		test_grep "origin. did not answer within 1 s; shown as seen" err &&
		test_wait_for 20 test_must_fail kill -0 $(cat pid) ||
		return 1
	done
'

test_expect_success 'a store that refuses: what is here, and exit 11' '
	real=$(dirname "$(command -v resutil)")/libexec &&
	hanging "echo \"resutil: you may not\" >&2; exit 11" &&
	test_expect_code 11 env RESUTIL_EXEC_PATH=$TRASH_DIRECTORY/hanging \
		resutil list --format="%(comment) %(local) %(remote)" \
		>actual 2>err &&
	printf "%s true \n" here both >expect &&
	test_cmp expect actual &&
	echo "resutil: you may not" >expect &&
	test_cmp expect err
'

test_expect_success 'an answer that breaks off is no list' '
	real=$(dirname "$(command -v resutil)")/libexec &&
	hanging "printf \"{\\\"name\\\":\"" &&
	test_expect_code 13 env RESUTIL_EXEC_PATH=$TRASH_DIRECTORY/hanging \
		resutil list --format="%(comment)" >actual 2>err &&
	printf "here\nboth\n" >expect &&
	test_cmp expect actual &&
	test_grep "ended within a line" err
'

test_expect_success 'wrong remotes and times' '
	test_expect_code 10 resutil list --remote=none >out 2>err &&
	test_grep none err &&
	test_line_count = 3 out &&
	test_expect_code 13 resutil -c list.timeout=soon list 2>err &&
	test_grep "list.timeout" err &&
	test_expect_code 13 resutil -c list.timeout=-1 list &&
	test_expect_code 13 resutil -c list.timeout=4000 list
'

test_expect_success 'another remote, also by its URL' '
	mkdir other &&
	resutil send-pack --remote="dir:$TRASH_DIRECTORY/other" $A &&
	places --remote="dir:$TRASH_DIRECTORY/other" >actual &&
	printf "%s\n" "here true true" "both true false" >expect &&
	test_cmp expect actual &&
	resutil remote add second "dir:$TRASH_DIRECTORY/other" &&
	places --remote=second >actual &&
	test_cmp expect actual
'

test_expect_success 'a run that only the store has may go on over there' '
	test_when_finished "rm store/project/*_on.zip" &&
	make_exp aaaaaa_20240101T000004_on "id: $(test_id 4)" "revision: 1" \
		"state: running" "host: $(uname -n)" "$(at 4)" &&
	resutil send-pack --force aaaaaa_20240101T000004_on &&
	rm -r results/aaaaaa_20240101T000004_on &&
	resutil list -n 1 --format="%(state)" >actual &&
	echo "running on $(uname -n)" >expect &&
	test_cmp expect actual
'

test_expect_success 'garbage in a store and hostile names are no rows' '
	test_when_finished "rm -rf store/project/*x1b* store/project/x* \
		store/project/aaaaaa_20240101T000009*" &&
	: >"store/project/x.zip" &&
	: >"store/project/$(printf "aaaaaa_20240101T000009_\033[31m.zip")" &&
	: >"store/project/aaaaaa_20240101T000009_a?b.zip" &&
	mkdir "store/project/aaaaaa_20240101T000009_dir.zip" &&
	resutil list >out 2>err &&
	test_line_count = 4 out &&
	! grep "$(printf "\033")" out err
'

test_expect_success 'a pack that cannot be read has its row, and a warning' '
	test_when_finished "rm store/project/*_bad.zip" &&
	echo nonsense >store/project/aaaaaa_20240101T000008_bad.zip &&
	resutil list --format="%(comment) %(state)" \
		>out 2>err &&
	tail -n 1 out >actual &&
	echo "bad ?" >expect &&
	test_cmp expect actual &&
	test_grep "aaaaaa_20240101T000008_bad. in the store cannot be read" err &&
	test_line_count = 1 err
'

test_expect_success 'many of them are warned of by four lines' '
	test_when_finished "rm store/project/*_bad.zip" &&
	for i in 1 2 3 4 5 6 7
	do
		echo nonsense >store/project/aaaaaa_20240101T00000${i}_bad.zip ||
		return 1
	done &&
	resutil list >out 2>err && grep -c _bad out >count && echo 7 >want &&
	test_cmp want count && test_line_count = 4 err &&
	test_grep "4 more" err && resutil list --json >json 2>/dev/null &&
	grep -c _bad json >count && test_cmp want count
'

test_expect_success 'what a record in a store says is tamed' '
	test_when_finished "rm store/project/*_esc.zip" &&
	make_exp aaaaaa_20240101T000005_esc "id: $(test_id 5)" "revision: 1" \
		"state: \"\\e[31mdone\"" "user: \"\\e]0;x\\a\"" "$(at 5)" &&
	resutil send-pack --force aaaaaa_20240101T000005_esc &&
	rm -r results/aaaaaa_20240101T000005_esc &&
	test_might_fail resutil list >out 2>err &&
	test_grep "aaaaaa_20240101T000005_esc" out &&
	! grep "$(printf "\033")" out err
'

test_done
