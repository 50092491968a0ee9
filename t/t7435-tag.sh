#!/bin/sh

test_description='tag: a name that moves, in the record, and is an EXP'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

one=aaaaaa_20240101T000001_one
two=aaaaaa_20240101T000002_two
three=bbbbbb_20240101T000003_best

# tags_of NAME: what the record says, or "none"
tags_of () {
	resutil read-exp --json --key tags "$1" 2>/dev/null || echo none
}

# means WORD NAME
means () {
	echo "$2" >expect-means &&
	resutil rev-exp "$1" >actual-means &&
	test_cmp expect-means actual-means
}

test_expect_success 'setup' '
	make_conf &&
	mkdir store &&
	make_exp $one "id: $(test_id 1)" "revision: 1" "state: done" &&
	make_exp $two "id: $(test_id 2)" "revision: 1" "state: done" &&
	make_exp $three "id: $(test_id 3)" "revision: 1" "state: done"
'

test_expect_success 'without any there is nothing to list' '
	resutil tag >actual &&
	test_must_be_empty actual &&
	resutil tag --json >actual &&
	test_must_be_empty actual
'

test_expect_success 'a tag stands in the record, whose revision rises' '
	resutil tag winner one >actual &&
	echo "Tagged $one as winner" >expect &&
	test_cmp expect actual &&
	echo "[\"winner\"]" >expect &&
	tags_of $one >actual &&
	test_cmp expect actual &&
	test "$(resutil read-exp --key revision $one)" = 2
'

test_expect_success 'it moves, and the other one keeps its other tags' '
	resutil tag zebra one &&
	resutil tag apple one &&
	echo "[\"apple\",\"winner\",\"zebra\"]" >expect &&
	tags_of $one >actual &&
	test_cmp expect actual &&
	cat >expect <<-END &&
	Tagged $two as winner
	Took winner from $one
	END
	resutil tag winner two >actual &&
	test_cmp expect actual &&
	echo "[\"apple\",\"zebra\"]" >expect &&
	tags_of $one >actual &&
	test_cmp expect actual &&
	echo "[\"winner\"]" >expect &&
	tags_of $two >actual &&
	test_cmp expect actual
'

test_expect_success 'given again to who has it, nothing changes' '
	cp results/$two/resutil-exp.yaml before &&
	resutil tag winner two &&
	test_cmp before results/$two/resutil-exp.yaml
'

test_expect_success 'the list is by tag, and takes patterns' '
	cat >expect <<-END &&
	apple   $one
	winner  $two
	zebra   $one
	END
	resutil tag >actual &&
	test_cmp expect actual &&
	resutil tag -l "w*" apple >actual &&
	grep -v zebra expect >less &&
	test_cmp less actual &&
	echo "{\"tag\":\"winner\",\"name\":\"$two\"}" >expect &&
	resutil tag --json "w*" >actual &&
	test_cmp expect actual
'

test_expect_success 'it is an EXP, before a comment and the beginning of a name' '
	means winner $two &&
	means best $three &&
	resutil tag best one &&
	means best $one &&
	resutil tag bbb one &&
	means bbb $one &&
	means bbbb $three &&
	resutil tag -d best bbb &&
	means best $three &&
	means bbb $three
'

test_expect_success '-n says what would change' '
	cp -R results before-results &&
	cat >expect <<-END &&
	Would tag $three as winner
	Would take winner from $two
	END
	resutil tag -n winner best >actual &&
	test_cmp expect actual &&
	echo "Would take zebra from $one" >expect &&
	resutil tag -n -d zebra >actual &&
	test_cmp expect actual &&
	diff -r before-results results
'

test_expect_success '-d takes it away; the last one leaves no key' '
	echo "Took winner from $two" >expect &&
	resutil tag -d winner >actual &&
	test_cmp expect actual &&
	! grep tags results/$two/resutil-exp.yaml &&
	test_expect_code 10 resutil tag -d winner nobody zebra 2>err >actual &&
	grep -c "no experiment here has the tag" err >count &&
	echo 2 >expect &&
	test_cmp expect count &&
	echo "Took zebra from $one" >expect &&
	test_cmp expect actual
'

test_expect_success 'what several have names none, and is moved by force' '
	resutil update-exp --json --from - $one <<-\END &&
	{"tags": ["baseline"]}
	END
	resutil update-exp --json --from - $two <<-\END &&
	{"tags": ["baseline", "other"]}
	END
	test_expect_code 129 resutil rev-exp baseline 2>err &&
	test_grep "is a tag of several experiments here" err &&
	test_grep "^  $one" err &&
	test_grep "^  $two" err &&
	test_expect_code 14 resutil tag baseline best 2>err &&
	test_grep "tag of 2 experiments" err &&
	test_expect_code 14 resutil tag -d baseline 2>err &&
	test "$(tags_of $three)" = none &&
	resutil tag --force baseline best &&
	means baseline $three &&
	test "$(tags_of $one)" = none &&
	test "$(tags_of $two)" = "[\"other\"]"
'

test_expect_success 'what can be no tag is refused by name' '
	for bad in "" @ @~1 -x .hidden "a/b" "a:b" aaaaaa_2024 _debug "$(printf "a\nb")"
	do
		test_expect_code 129 resutil tag -- "$bad" one 2>err ||
			return 1
	done &&
	long=$(printf "%0101d" 0) &&
	test_expect_code 129 resutil tag $long one 2>err &&
	test_grep "at most 100 characters" err &&
	resutil tag ${long%0} one &&
	resutil tag -d ${long%0} &&
	resutil tag "größer als 0.9, 実験" one &&
	means "größer als 0.9, 実験" $one &&
	resutil tag -d "größer als 0.9, 実験" &&
	test_expect_code 129 resutil tag winner 2>err &&
	test_expect_code 129 resutil tag -d 2>err &&
	test_expect_code 129 resutil tag -d --json winner 2>err &&
	test_expect_code 10 resutil tag winner nobody 2>err &&
	test_must_fail resutil rev-exp winner
'

test_expect_success 'a record that cannot be read has no tag, and hinders none' '
	mkdir results/cccccc_20240101T000004 &&
	echo "tags: [x" >results/cccccc_20240101T000004/resutil-exp.yaml &&
	resutil tag winner one &&
	means winner $one &&
	rm -r results/cccccc_20240101T000004
'

test_expect_success 'it travels: pushed, looked for in the store, pulled' '
	resutil push -A &&
	rm -r results/$one &&
	test_expect_code 10 resutil rev-exp winner &&
	resutil show winner >actual &&
	test_grep "$one" actual &&
	resutil stat-remote winner >actual &&
	test_grep "$one" actual &&
	resutil pull winner &&
	means winner $one
'

# Each command that takes an EXP; those that change it leave the tag.
test_expect_success 'it is an EXP for each command' '
	echo data >results/$one/data && resutil tag champion one &&
	while read -r command
	do
		resutil $command >actual 2>err </dev/null || {
			echo "$command: $(cat err)" >&2
			return 1
		}
	done <<-\END &&
	show champion
	show champion:data
	log champion
	diff champion two
	graph champion
	add next -d champion
	run --no-push -m run -d champion -- true
	inform --exp champion a=1
	meter --exp champion x=1
	attach --exp champion --as more resutil-conf.yaml
	metrics champion
	plot champion
	checkpoint --exp champion
	push champion
	pull champion
	read-exp champion
	update-exp --set info.b=2 champion
	hash-experiment champion
	pack-exp -o champion.zip champion
	list-pack champion
	cat-pack champion data
	verify-pack champion
	read-deps champion
	send-pack champion
	stat-remote champion
	tag other champion
	comment champion first
	rm -n champion
	END
	new=${one%_one}_first && means champion $new && means other $new &&
	resutil read-deps next >actual && echo $new >expect &&
	test_cmp expect actual && resutil comment champion one &&
	means champion $one && resutil tag -d other champion &&
	test_expect_code 10 resutil rev-exp champion
'

test_expect_success 'it goes where the record goes: a clone, a pack, another store' '
	resutil tag winner one && resutil push -A && mkdir other &&
	resutil clone --all "dir:$PWD/store/project" cloned &&
	resutil -C cloned rev-exp winner >actual && echo $one >expect &&
	test_cmp expect actual && resutil pack-exp -o one.zip winner &&
	resutil unpack-exp one.zip -C unpacked &&
	resutil read-exp --json --key tags unpacked >actual &&
	echo "[\"winner\"]" >expect && test_cmp expect actual &&
	resutil remote add other dir:other/project &&
	resutil remote copy origin other winner &&
	resutil stat-remote --remote=other winner >actual &&
	test_grep "^$one" actual && resutil -C cloned tag winner two &&
	resutil -C cloned push -A && resutil pull -A &&
	test "$(resutil -C cloned rev-exp winner)" = $two && means winner $two &&
	resutil tag winner one
'

test_expect_success 'a tag that several have in the store' '
	resutil update-exp --json --from - $two <<-\END &&
	{"tags": ["both"]}
	END
	resutil update-exp --json --from - $three <<-\END &&
	{"tags": ["both"]}
	END
	resutil push -A &&
	rm -r results/$two results/$three &&
	test_expect_code 129 resutil show both 2>err &&
	test_grep "several experiments in .origin." err &&
	test_expect_code 129 resutil stat-remote both 2>err &&
	test_grep "several experiments in .origin." err &&
	test_expect_code 129 resutil pull both 2>err &&
	test_grep "several experiments in .origin." err &&
	test_expect_code 10 resutil pull nothing 2>err &&
	test_grep "no experiment .nothing. here or in .origin." err &&
	resutil pull two best
'

test_expect_success 'those who move one tag at once leave it on one run' '
	for i in 1 2 3 4 5 6
	do
		for exp in $one $two $three
		do
			resutil tag race $exp >/dev/null 2>>err-race &
		done
	done &&
	wait &&
	resutil tag -l race >actual &&
	test_line_count = 1 actual &&
	test_must_be_empty err-race
'

test_expect_success 'a running experiment can be tagged from within' '
	resutil run --no-push -- sh -c "resutil tag now \"\$RESUTIL_EX_NAME\"" >/dev/null &&
	resutil rev-exp now >actual &&
	resutil rev-exp @ >expect &&
	test_cmp expect actual &&
	test "$(resutil read-exp --key state now)" = done
'

test_done
