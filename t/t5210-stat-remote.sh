#!/bin/sh

test_description='stat-remote: which packs a store holds'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

one=aapfcd_20240704T111555_one
two=aapfcd_20240704T111556_two
old=aapfcd_20240704T111500
gone=aapfcd_20240704T111559_gone

store () {
	resutil pack-exp "$1" >"store/project/$1.zip"
}

requests () {
	rm -f all trace &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/all" "$@" >out
	requests_status=$?
	sed -n 's/.* store: \(list\|stat\|get\|read\) .*/\1/p' all |
	sort >trace
	return $requests_status
}

test_expect_success 'setup' '
	mkdir -p store/project && make_conf &&
	make_exp $one "id: $(test_id 1)" "revision: 3" "at:" \
		"  created: \"2024-07-04T11:15:55.000000+00:00\"" &&
	make_exp $two "id: $(test_id 2)" "at:" \
		"  created: \"2024-07-04T11:15:56.000000+00:00\"" &&
	make_exp $old && store $one && store $two && store $old &&
	rm -r results/$two results/$old
'

# line NAME: what the pack by that name says of itself
line () {
	resutil list-pack --info "store/project/$1.zip" >info &&
	for line_key in id revision tree record
	do
		sed -n "s/^$line_key	//p" info
	done | paste -s
}

test_expect_success 'what a line says' '
	resutil stat-remote $one >out && test_line_count = 1 out &&
	test "$(cut -f 1,2 out)" = "$(printf "%s\t%s" $one "$(stat -c %s store/project/$one.zip)")" &&
	line $one >want && cut -f 4- out >got && test_cmp want got &&
	resutil list-remote --format "%(version)" >versions &&
	cut -f 3 out >version && grep -xFf version versions
'

test_expect_success 'what is not known is -' '
	resutil stat-remote $old >out &&
	test "$(cut -f 4,5 out)" = "$(printf -- "-\t-")"
'

test_expect_success 'what is not there' '
	test_expect_code 10 resutil stat-remote $gone >out 2>err &&
	test_must_be_empty out &&
	grep "no experiment .$gone. in .origin." err &&
	test_expect_code 3 resutil stat-remote $gone $one >out &&
	test_line_count = 1 out
'

test_expect_success 'the order of the words, each name once' '
	resutil stat-remote $two $one $two two $old >out &&
	cut -f 1 out >names && printf "%s\n" $two $one $old >want &&
	test_cmp want names &&
	printf "%s\n" $old $one | resutil stat-remote --stdin $two >out &&
	cut -f 1 out >names && printf "%s\n" $two $old $one >want &&
	test_cmp want names &&
	printf "%s\0" $old $one | resutil stat-remote -z --stdin >out &&
	tr "\0" "\n" <out | cut -f 1 >names && printf "%s\n" $old $one >want &&
	test_cmp want names
'

test_expect_success 'EXP is what it means here, then there' '
	for word in one @ results/$one
	do
		resutil stat-remote "$word" >out &&
		test "$(cut -f 1 out)" = $one || return 1
	done &&
	for word in two origin/@
	do
		resutil stat-remote "$word" >out &&
		test "$(cut -f 1 out)" = $two || return 1
	done &&
	resutil stat-remote aapfcd_20240704T11150 >out &&
	test "$(cut -f 1 out)" = $old &&
	resutil stat-remote origin/@~1 >out && test "$(cut -f 1 out)" = $one &&
	resutil stat-remote origin/@~2 >out && test "$(cut -f 1 out)" = $old &&
	test_expect_code 10 resutil stat-remote origin/@~3 2>err &&
	grep "too far back" err &&
	test_expect_code 129 resutil stat-remote other/@ 2>err &&
	grep -e "--remote" err &&
	test_expect_code 10 resutil stat-remote nothing 2>err &&
	grep "nothing. in .origin." err
'

test_expect_success 'what could mean several there' '
	resutil stat-remote aapfcd_20240704T1115 >out && test $(cut -f 1 out) = $one &&
	rm -rf keep && mv results keep &&
	test_when_finished "mv keep results" &&
	test_expect_code 129 resutil stat-remote aapfcd_20240704T1115 2>err &&
	grep "ambiguous" err && grep "  $one" err && grep "  $two" err
'

test_expect_success 'the newest goes by the records, not by the names' '
	mv results keep && test_when_finished "rm -r results && mv keep results" &&
	late=aapfcd_20240704T030000_late &&
	make_exp $late "at:" "  created: \"2024-07-04T04:00:00.000000-10:00\"" &&
	store $late && rm -r results/* &&
	resutil stat-remote origin/@ >out &&
	rm store/project/$late.zip && test "$(cut -f 1 out)" = $late
'

test_expect_success 'known packs cost a request each, and no reading' '
	resutil stat-remote $one $two $old >want &&
	requests resutil stat-remote $one $two $old && test_cmp want out &&
	printf "stat\n%.0s" 1 2 3 >want && test_cmp want trace
'

test_expect_success 'of more than 32 names the store is listed' '
	{
		printf "%s\n" $one $two &&
		for i in 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 \
			27 28 29 30 31 32 33 34 35 36 37 38 39 40
		do
			echo aapfcd_20240704T1119$i || return 1
		done
	} >names &&
	test_expect_code 3 requests resutil stat-remote --stdin <names 2>err &&
	test_line_count = 31 err && test_line_count = 2 out &&
	echo list >want && test_cmp want trace
'

test_expect_success '--json' '
	resutil stat-remote --json $one $old >out && test_line_count = 2 out &&
	grep "^{\"name\":\"$one\",\"size\":[0-9]*,\"version\":\"[^\"]*\",\"id\":\"$(test_id 1)\",\"revision\":3," out &&
	grep "\"id\":null,\"revision\":null.*\"problem\":null," out
'

test_expect_success 'a bad pack' '
	echo "no zip" >store/project/$gone.zip &&
	test_when_finished "rm store/project/$gone.zip" &&
	test_expect_code 13 resutil stat-remote $gone >out 2>err &&
	printf "$gone\t7\n" >want && cut -f 1,2 out >got && test_cmp want got &&
	test "$(cut -f 4- out)" = "$(printf -- "-\t-\t-\t-")" &&
	grep "origin:$gone.: it is no zip" err &&
	test_expect_code 3 resutil stat-remote $gone $one
'

test_expect_success 'an unreachable store' '
	mv store away && test_when_finished "mv away store" &&
	test_expect_code 12 resutil stat-remote $one >out 2>err &&
	test_must_be_empty out && test_path_is_missing store
'

test_expect_success 'a store that is given by its URL has no ledger' '
	resutil stat-remote --remote "dir:$TRASH_DIRECTORY/store" $two >out &&
	test_line_count = 1 out && test_path_is_missing .resutil/remotes
'

test_expect_success 'no words' '
	test_expect_code 129 resutil stat-remote 2>err &&
	resutil stat-remote --stdin </dev/null >out && test_must_be_empty out
'

test_done
