#!/bin/sh

test_description='rename-exp'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh

head=aapfcd_20240704T111555

test_expect_success 'setup' '
	mkdir "$store" && make_conf && export RESUTIL_TEST_NOW=1720091755 &&
	one=$(resutil add one) && two=$(resutil add two) && echo a >results/$one/a &&
	resutil list-exps | resutil send-pack --stdin >/dev/null &&
	new=${one%_one}_new
'

test_expect_success 'here, and nothing in it changes' '
	hash_of $one >want &&
	resutil rename-exp -l $one $new >out 2>err && test_must_be_empty err &&
	printf "renamed\t%s\t%s\n" $one $new >told && test_cmp told out &&
	test_path_is_missing results/$one &&
	hash_of $new >got &&
	test_cmp want got && test_path_is_file "$objects"/$one.zip
'

test_expect_success 'in the store, and the ledger follows' '
	cp "$objects"/$one.zip old.zip &&
	resutil rename-exp $one $new >out && test_cmp told out &&
	test_path_is_missing "$objects"/$one.zip && cmp old.zip "$objects"/$new.zip &&
	resutil send-pack $new >out && grep ^same out &&
	resutil update-exp --set info.x=1 $new &&
	resutil send-pack $new >out && grep ^grown out
'

test_expect_success 'a name that is taken is a conflict' '
	test_expect_code 14 resutil rename-exp -l $new $two 2>err &&
	test_grep "$two.* is here already" err &&
	test_expect_code 14 resutil rename-exp $new $two 2>err &&
	test_grep "there is an experiment .$two. in .origin. already" err &&
	>results/${one%_one}_file &&
	test_expect_code 14 resutil rename-exp -l $new ${one%_one}_file &&
	test_path_is_dir results/$new && test_path_is_file "$objects"/$new.zip
'

test_expect_success 'what was cut off in the store is finished, and no more' '
	cut=$(resutil add cut) && done=${cut%_cut}_done &&
	resutil send-pack $cut >/dev/null &&
	ln "$objects"/$cut.zip "$objects"/$done.zip &&
	resutil rename-exp $cut $done && test_path_is_missing "$objects"/$cut.zip &&
	cp "$objects"/$done.zip "$objects"/$cut.zip &&
	resutil rename-exp $cut $done && test_path_is_missing "$objects"/$cut.zip &&
	resutil rename-exp -l $cut $done && resutil send-pack $done >out &&
	grep ^same out && cp "$objects"/$done.zip "$objects"/$cut.zip &&
	resutil update-exp --set info.x=1 $done && resutil send-pack $done >out &&
	grep ^grown out && test_expect_code 14 resutil rename-exp $cut $done 2>err &&
	test_grep "there is an experiment .$done. in .origin. already" err &&
	test_path_is_file "$objects"/$cut.zip && rm "$objects"/$cut.zip
'

test_expect_success 'what is not there' '
	test_expect_code 10 resutil rename-exp -l $one ${one%_one}_y &&
	test_expect_code 10 resutil rename-exp $one ${one%_one}_y &&
	test_expect_code 12 resutil rename-exp --patience 0 --remote dir:"$PWD"/nowhere \
		$one ${one%_one}_y
'

test_expect_success 'what runs is not renamed' '
	live=aapfcd_20240704T111800_live &&
	make_exp $live "id: $(test_id 2)" "state: running" "host: elsewhere" &&
	test_expect_code 14 resutil rename-exp -l $live ${live%_live}_x 2>err &&
	test_grep "running on elsewhere, and stays" err && test_path_is_dir results/$live
'

test_expect_success 'what is here in part still is' '
	mkdir -p .resutil/partial && >.resutil/partial/$two &&
	resutil rename-exp -l $two ${two%_two}_part &&
	test_path_is_missing .resutil/partial/$two &&
	test_path_is_file .resutil/partial/${two%_two}_part
'

test_expect_success 'usage' '
	test_expect_code 129 resutil rename-exp -l $new &&
	test_expect_code 129 resutil rename-exp -l $new $new &&
	test_expect_code 129 resutil rename-exp -l $new ../x 2>err &&
	test_grep "no name" err &&
	test_expect_code 129 resutil rename-exp -l --remote origin $new $one
'

test_done
