#!/bin/sh

test_description='update-index --remote: records of experiments that a store holds

They are listed once and read once for each version, and are reported without
being here.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test_set_now 4000000000

stat_of () {
	sed -n "s/^$1	//p" stats
}

asked () {
	resutil update-index --remote origin --stats >stats
}

test_expect_success 'setup' '
	mkdir store && make_conf &&
	for nr in 1 2 3
	do
		make_exp aapfup_20240704T19155${nr}_n$nr "id: $(test_id $nr)" \
			"revision: 1" "params: {nr: $nr, odd key: [a, b]}" \
			"state: done" "at: {created: \"2024-07-0${nr}T12:00:00+09:00\"}" ||
		return 1
	done &&
	resutil push -A
'

test_expect_success 'nothing is known before a store is asked' '
	test_expect_code 10 resutil report --remote origin --no-refresh 2>err &&
	test_grep "update-index --remote origin" err
'

test_expect_success 'each pack is read once' '
	asked && test "$(stat_of runs)" = 3 && test "$(stat_of read)" = 3 &&
	asked && test "$(stat_of runs)" = 3 && test "$(stat_of read)" = 0
'

test_expect_success 'what is only there is reported' '
	resutil report --columns "**" --sort name --json >here &&
	rm -r results/*_n2 &&
	resutil report --remote origin --columns "**" --sort name --json |
		sed "s/\"remote\":\"origin\",//" >there &&
	test_cmp here there &&
	resutil report --columns name --format csv >out &&
	test_line_count = 3 out
'

test_expect_success 'a new version is read again, what is gone is forgotten' '
	resutil update-exp aapfup_20240704T191553_n3 --set info.acc=0.5 &&
	resutil push -A &&
	rm store/project/*_n1.zip &&
	asked && test "$(stat_of runs)" = 2 && test "$(stat_of read)" = 1 &&
	resutil report --remote origin --columns name,info.acc --sort name \
		--format csv >out &&
	cat >expect <<-\END &&
	name,info.acc
	aapfup_20240704T191552_n2,
	aapfup_20240704T191553_n3,0.5
	END
	test_cmp expect out
'

test_expect_success 'a store that does not answer is shown as it was' '
	mv store away && >store &&
	test_must_fail resutil update-index --remote origin 2>err &&
	resutil report --remote origin --no-refresh --columns name,info.acc \
		--sort name --format csv >out &&
	test_cmp expect out &&
	rm store && mv away store
'

test_expect_success 'a pack that is none is a problem of one experiment' '
	echo "no zip" >store/project/aapfup_20240704T191554_bad.zip &&
	test_expect_code 3 resutil update-index --remote origin --stats \
		>stats 2>err &&
	test "$(stat_of runs)" = 3 &&
	test_grep "aapfup_20240704T191554_bad" err &&
	test_expect_code 3 resutil update-index --remote origin --stats \
		>stats 2>err &&
	test "$(stat_of read)" = 0 &&
	rm store/project/*_bad.zip
'

test_expect_success 'an index that is damaged is made anew' '
	asked &&
	echo "no database, but a good many words that say nothing at all" \
		>"$(stat_of path)" &&
	resutil update-index --remote origin --stats >stats 2>err &&
	test_grep "is damaged" err &&
	test "$(stat_of runs)" = 2 && test "$(stat_of read)" = 2
'

test_expect_success 'another store under the same name is another one' '
	mkdir -p other && cp -R store/project other/ &&
	sed "s|path: .*|path: $PWD/other|" resutil-conf.yaml >conf &&
	mv conf resutil-conf.yaml &&
	asked && test "$(stat_of runs)" = 2 && test "$(stat_of read)" = 2
'

test_expect_success 'a URL is a store, too' '
	resutil update-index --remote "dir:$PWD/store" --stats >stats &&
	test "$(stat_of runs)" = 2 &&
	test -f "$(stat_of path)"
'

test_expect_success 'no such remote' '
	test_expect_code 10 resutil update-index --remote none 2>err &&
	test_grep none err
'

test_done
