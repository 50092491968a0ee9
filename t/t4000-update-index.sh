#!/bin/sh

test_description='update-index: the index of experiments here'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

# What is older than two seconds is kept, so now is long after the files were
# made.
test_set_now 4000000000

# stat_of WORD: of the last --stats.
stat_of () {
	sed -n "s/^$1	//p" stats
}

# indexed WORD VALUE...: what --stats has to say.
indexed () {
	resutil update-index --stats >stats &&
	while test $# -gt 0
	do
		test "$(stat_of "$1")" = "$2" || {
			echo "$1 is $(stat_of "$1"), not $2" && return 1
		}
		shift 2
	done
}

test_expect_success 'setup' '
	make_conf &&
	index="$(resutil update-index --stats | sed -n "s/^path	//p")" &&
	test -f "$index"
'

test_expect_success 'a project without results has no runs' '
	indexed runs 0 read 0 problems 0
'

test_expect_success 'each run is read once' '
	make_exp aapfup_20240704T191555_one "params: {lr: 0.5}" &&
	make_exp aapfup_20240704T191556_two "params: {lr: 0.25}" &&
	indexed runs 2 read 2 &&
	indexed runs 2 read 0
'

test_expect_success 'without options it says nothing' '
	resutil update-index >out 2>err &&
	test_must_be_empty out &&
	test_must_be_empty err
'

test_expect_success '--json says the same' '
	resutil update-index --json >out &&
	printf "{\"runs\":2,\"read\":0,\"problems\":0,\"fields\":%s,%s\n" \
		"$(stat_of fields)" \
		"\"bytes\":$(stat_of bytes),\"path\":\"$index\"}" >expect &&
	test_cmp expect out
'

test_expect_success 'what is new, changed or gone is seen' '
	make_exp aapfup_20240704T191557_three "params: {lr: 1}" &&
	echo "tags: [seen]" \
		>>results/aapfup_20240704T191555_one/resutil-exp.yaml &&
	rm -r results/aapfup_20240704T191556_two &&
	indexed runs 2 read 2 &&
	indexed runs 2 read 0 &&
	resutil report --columns name,params.lr,tags --sort name \
		--format csv >out &&
	cat >expect <<-\END &&
	name,params.lr,tags
	aapfup_20240704T191555_one,0.5,"[""seen""]"
	aapfup_20240704T191557_three,1,
	END
	test_cmp expect out
'

test_expect_success 'a record of the same length, put in its place, is seen' '
	sed "s/0\.5/0.7/" results/aapfup_20240704T191555_one/resutil-exp.yaml \
		>new &&
	cat new >results/aapfup_20240704T191555_one/resutil-exp.yaml &&
	indexed runs 2 read 1
'

test_expect_success 'a time that was set back hides no change' '
	record=results/aapfup_20240704T191555_one/resutil-exp.yaml &&
	cp -p $record old && before=$(stat -c %z $record) &&
	sed "s/0\.7/0.9/" old >new &&
	: "the clock of a file system may stand still for 10 ms" &&
	while test "$(stat -c %z $record)" = "$before"
	do
		cat new >$record && touch -r old $record || return 1
	done &&
	test "$(stat -c "%y %s" $record)" = "$(stat -c "%y %s" old)" &&
	indexed runs 2 read 1 &&
	resutil report --columns params.lr --no-header --format csv \
		--where "comment = one" >out &&
	echo 0.9 >expect && test_cmp expect out
'

test_expect_success 'so are measurements, which no record tells of' '
	dir=results/aapfup_20240704T191557_three &&
	printf "at,loss\n1,0.5\n" >$dir/metrics-0000.csv &&
	indexed runs 2 read 1 &&
	printf "2,0.25\n" >>$dir/metrics-0000.csv &&
	indexed runs 2 read 1 &&
	resutil report --columns metrics.loss.last --no-header --where \
		"name = aapfup_20240704T191557_three" --format csv >out &&
	echo 0.25 >expect &&
	test_cmp expect out
'

test_expect_success 'a record that cannot be read is a problem, not the end' '
	dir=results/aapfup_20240704T191558_bad &&
	mkdir $dir && echo "{" >$dir/resutil-exp.yaml &&
	test_expect_code 3 resutil update-index --stats >stats 2>err &&
	test "$(stat_of problems)" = 1 &&
	test_grep "$dir" err &&
	: "also when it comes from the index" &&
	test_expect_code 3 resutil update-index --stats >stats 2>err &&
	test "$(stat_of read)" = 0 &&
	test_grep "$dir" err &&
	rm -r $dir
'

test_expect_success 'a directory without a record is one, too' '
	dir=results/aapfup_20240704T191558_empty &&
	mkdir $dir &&
	test_expect_code 3 resutil update-index 2>err &&
	test_grep "$dir" err &&
	make_exp aapfup_20240704T191558_empty &&
	indexed runs 3 read 1 problems 0 &&
	rm -r $dir
'

test_expect_success 'what is no experiment is none' '
	mkdir results/other results/_debug results/.hidden &&
	ln -s aapfup_20240704T191555_one results/aapfup_20240704T191559_link &&
	>results/aapfup_20240704T191559_file &&
	indexed runs 2
'

test_expect_success '--rebuild reads all again' '
	resutil update-index --rebuild --stats >stats &&
	test "$(stat_of read)" = 2 &&
	indexed read 0
'

test_expect_success 'a run that has just changed is read again the next time' '
	test_set_now 1720088155 &&
	resutil update-index --rebuild &&
	indexed runs 2 read 2 &&
	indexed runs 2 read 2 &&
	: "for two seconds, in which a file system may give the same time" &&
	newest=$({ stat -c %Y results/*_one results/*_three &&
		stat -c "%Y %Z" results/*_one/* results/*_three/*; } |
		tr " " "\n" | sort -n | tail -n 1) &&
	test_set_now $((newest + 2)) && resutil update-index --rebuild &&
	indexed runs 2 && test "$(stat_of read)" -gt 0 &&
	test_set_now $((newest + 3)) && resutil update-index --rebuild &&
	indexed runs 2 read 0 &&
	test_set_now 4000000000
'

test_expect_success 'times without a zone follow the zone of the reader' '
	dir=results/aapfup_20240704T191555_one &&
	printf "name: x\nat: {created: \"2024-07-04 12:00:00\"}\n" \
		>$dir/resutil-exp.yaml &&
	for zone in UTC Asia/Tokyo UTC
	do
		TZ=$zone resutil report --columns at.created --no-header \
			--format csv --where "comment = one" || return 1
	done >out &&
	cat >expect <<-\END &&
	2024-07-04T12:00:00.000000+00:00
	2024-07-04T12:00:00.000000+09:00
	2024-07-04T12:00:00.000000+00:00
	END
	test_cmp expect out
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil update-index name 2>err &&
	test_grep "too much" err &&
	test_expect_code 129 resutil update-index --stats --json 2>err &&
	test_grep "exclude" err
'

test_done
