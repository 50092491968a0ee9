#!/bin/sh

test_description='report: experiments that are only in a store, and an index that nobody refreshes'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

TZ=Asia/Tokyo
export TZ
test_set_now 1720088155
q="'"

test_expect_success 'setup: three in the store, one of them here, one only here' '
	make_conf && mkdir store &&
	for n in 1 2 3 4
	do
		make_exp aapfup_20240704T19150$n "id: $(test_id $n)" \
			"revision: 1" "state: $(test $n = 2 && echo fail ||
				echo done)" "params: {n: $n}" \
			"at: {created: \"2024-07-04T19:15:0$n.000000+09:00\"}" \
			"info: {acc: 0.$n}" || return 1
	done &&
	printf "%s\n" at,loss 2024-07-04T19:15:05.000000+09:00,1.5 \
		>results/aapfup_20240704T191502/metrics-0001.csv &&
	resutil push aapfup_20240704T191501 aapfup_20240704T191502 \
		aapfup_20240704T191503 &&
	rm -r results/aapfup_20240704T191501 results/aapfup_20240704T191502
'

# remote_report OPTION...: n and state of each
remote_report () {
	resutil report --columns n,state --format=csv --no-header "$@"
}

test_expect_success 'those of the store are reported, and only these' '
	remote_report --remote origin >actual &&
	printf "%s\n" 1,done 2,fail 3,done >expect &&
	test_cmp expect actual &&
	remote_report >actual &&
	printf "%s\n" 3,done 4,done >expect &&
	test_cmp expect actual &&
	test_path_is_missing results/aapfup_20240704T191501
'

test_expect_success 'measurements are not read there, which is said' '
	resutil report --remote origin --columns n,metrics.loss.last \
		--format=csv --no-header >actual 2>err &&
	printf "%s\n" 1, 2, 3, >expect && test_cmp expect actual &&
	echo "resutil: warning: of a store no measurements are known, so" \
		"no run has a field ${q}metrics.loss.last${q}" >expect &&
	test_cmp expect err
'

test_expect_success 'expressions, order and groups hold there, too' '
	remote_report --remote origin --where "acc > 0.1" --sort=-n >actual &&
	printf "%s\n" 3,done 2,fail >expect &&
	test_cmp expect actual &&
	resutil report --remote origin --group-by state --columns acc \
		--stats count --format=csv --no-header >actual &&
	printf "%s\n" done,2,2 fail,1,1 >expect &&
	test_cmp expect actual
'

test_expect_success 'a store that is away is shown as it was' '
	mv store away &&
	remote_report --remote origin >actual 2>err &&
	printf "%s\n" 1,done 2,fail 3,done >expect &&
	test_cmp expect actual &&
	test_grep "origin" err &&
	remote_report --remote origin --no-refresh >actual 2>err &&
	test_cmp expect actual &&
	test_must_be_empty err &&
	test_expect_code 12 resutil report --remote dir:never >out 2>err &&
	test_must_be_empty out &&
	mv away store
'

test_expect_success 'what is new there is seen, what is gone is not' '
	resutil push aapfup_20240704T191504 &&
	rm store/project/aapfup_20240704T191502.zip &&
	remote_report --remote origin --no-refresh >actual &&
	test_cmp expect actual &&
	remote_report --remote origin >actual &&
	printf "%s\n" 1,done 3,done 4,done >expect &&
	test_cmp expect actual
'

test_expect_success 'there is no such remote' '
	test_expect_code 10 resutil report --remote nowhere >out 2>err &&
	test_must_be_empty out &&
	test_grep nowhere err
'

# What has only just been written is not kept: it might change unseen.
test_expect_success 'without a refresh nobody looks' '
	test_set_now $(($(date +%s) + 3600)) &&
	remote_report >actual &&
	printf "%s\n" 3,done 4,done >expect &&
	test_cmp expect actual &&
	sed "s/state: done/state: fail/" \
		results/aapfup_20240704T191504/resutil-exp.yaml >changed &&
	mv changed results/aapfup_20240704T191504/resutil-exp.yaml &&
	remote_report --no-refresh >actual &&
	test_cmp expect actual &&
	remote_report >actual &&
	printf "%s\n" 3,done 4,fail >expect &&
	test_cmp expect actual &&
	remote_report --no-refresh >actual &&
	test_cmp expect actual
'

test_done
