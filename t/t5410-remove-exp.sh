#!/bin/sh

test_description='remove-exp'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

store=$TRASH_DIRECTORY/store
objects=$store/project
gone=aapfcd_20240704T111555_gone

test_expect_success 'setup' '
	mkdir "$store" && make_conf && export RESUTIL_TEST_NOW=1720091755 &&
	one=$(resutil add one) && two=$(resutil add two) &&
	three=$(resutil add three) &&
	resutil list-exps | resutil send-pack --stdin >/dev/null
'

test_expect_success 'from the store, and nothing else' '
	resutil remove-exp $one >out 2>err && test_must_be_empty err &&
	printf "removed\t%s\n" $one >want && test_cmp want out &&
	test_path_is_missing "$objects"/$one.zip &&
	test_path_is_file "$objects"/$two.zip && test_path_is_dir results/$one
'

test_expect_success 'the ledger knows, so it counts as new again' '
	tail -n 1 .resutil/remotes/origin.log >got &&
	printf "drop\t%s\n" $one >want && test_cmp want got &&
	resutil send-pack one >out && grep "^new" out
'

test_expect_success 'here, and nothing else' '
	mkdir -p .resutil/partial && >.resutil/partial/$one &&
	resutil remove-exp -l $one >out &&
	printf "removed\t%s\n" $one >want && test_cmp want out &&
	test_path_is_missing results/$one &&
	test_path_is_missing .resutil/partial/$one &&
	test_path_is_file "$objects"/$one.zip
'

test_expect_success 'names come from standard input, each once, split by NUL with -z' '
	printf "%s\0" $two $one $two >names &&
	resutil remove-exp -z --stdin <names >out &&
	printf "removed\t%s\0removed\t%s\0" $one $two >want && test_cmp_bin want out
'

test_expect_success 'what is not there is missing, the rest is done' '
	resutil send-pack two >out &&
	test_expect_code 3 resutil remove-exp $gone $two >out 2>err &&
	printf "removed\t%s\n" $two >want && test_cmp want out &&
	test_grep "there is no experiment .$gone. in .origin." err &&
	test_expect_code 10 resutil remove-exp -l $gone &&
	test_expect_code 10 resutil remove-exp ../../x &&
	test_expect_code 10 resutil remove-exp _debug
'

test_expect_success 'a run of another user is only removed with --force' '
	theirs=aapfcd_20240704T111600_theirs &&
	make_exp $theirs "id: $(test_id 1)" "revision: 1" "user: somebody" &&
	resutil send-pack $theirs &&
	test_expect_code 14 resutil remove-exp $theirs >out 2>err &&
	test_must_be_empty out && test_grep "a run of .somebody.; --force" err &&
	test_path_is_file "$objects"/$theirs.zip &&
	resutil remove-exp --force $theirs && test_path_is_missing "$objects"/$theirs.zip
'

test_expect_success 'who has no owner is nobody'\''s' '
	bare=aapfcd_20240704T111700_bare && make_exp $bare &&
	(cd results/$bare && python3 -m zipfile -c "$objects"/$bare.zip resutil-exp.yaml) &&
	resutil remove-exp $bare && test_path_is_missing "$objects"/$bare.zip &&
	echo nothing >"$objects"/$bare.zip &&
	resutil remove-exp $bare && test_path_is_missing "$objects"/$bare.zip
'

test_expect_success '--version: that one or none' '
	resutil send-pack two && resutil stat-remote two >out && version=$(cut -f 3 out) &&
	test_expect_code 14 resutil remove-exp --version=1-2-3 $two 2>err &&
	test_grep "another version" err && test_path_is_file "$objects"/$two.zip &&
	resutil remove-exp --version=$version $two &&
	test_path_is_missing "$objects"/$two.zip
'

test_expect_success 'what is live here is only removed with --force' '
	live=aapfcd_20240704T111800_live &&
	make_exp $live "id: $(test_id 2)" "state: running" "host: elsewhere" &&
	test_expect_code 14 resutil remove-exp -l $live 2>err &&
	test_grep "running on elsewhere, and stays; --force" err &&
	test_path_is_dir results/$live && resutil remove-exp -l --force $live &&
	test_path_is_missing results/$live
'

test_expect_success 'what may still run is only removed from the store with --force' '
	for n in 1 2 3
	do
		make_exp ${live%_live}_on$n "id: $(test_id 1$n)" "state: running" \
			"host: elsewhere" && resutil send-pack ${live%_live}_on$n || return 1
	done &&
	rm -rf results/${live%_live}_on1 && resutil list-remote | grep _on >names &&
	test_line_count = 3 names &&
	test_expect_code 14 resutil remove-exp --stdin <names 2>err &&
	test $(grep -c "may still run; --force" err) = 3 &&
	resutil remove-exp --force --stdin <names >out && test_line_count = 3 out
'

test_expect_success 'a link in the place of an experiment goes, what it leads to stays' '
	mkdir far && echo x >far/x && ln -s ../far results/$gone &&
	resutil remove-exp -l $gone && test_path_is_missing results/$gone &&
	test_path_is_file far/x
'

test_expect_success 'many are removed by one listing' '
	for i in $(seq 10 49)
	do
		cp "$objects"/$three.zip "$objects"/aapfcd_20240704T1112${i}_x.zip || return 1
	done &&
	resutil list-remote | grep _x\$ >names && test_line_count = 40 names &&
	RESUTIL_TRACE=$PWD/trace resutil remove-exp --force --stdin <names >out &&
	test_line_count = 40 out && ! grep "store: stat" trace &&
	resutil list-remote >left && echo $three >want && test_cmp want left
'

test_expect_success 'usage' '
	test_expect_code 129 resutil remove-exp &&
	test_expect_code 129 resutil remove-exp -l --remote origin $three &&
	test_expect_code 129 resutil remove-exp --stdin $three &&
	test_expect_code 129 resutil remove-exp --version=1 $three $two &&
	test_expect_code 12 resutil remove-exp --patience 0 --remote dir:"$PWD"/nowhere $three
'

test_done
