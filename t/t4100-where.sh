#!/bin/sh

test_description='expressions: what holds for which runs

The parts are tested in t/unit/test-where.c. Here, random expressions are
compared with what a program in Python says of the same runs, and commands are
asked what they make of them.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

TZ=Asia/Tokyo
export TZ
test_set_now 1720088155

: "${RESUTIL_TEST_SEED:=1}" "${RESUTIL_TEST_SEEDS:=3}"

check_seed () {
	rm -rf results expressions &&
	python3 "$TEST_DIRECTORY/helper/where-oracle.py" $1 80 &&
	while IFS="$(printf "\t")" read -r text names
	do
		resutil report --no-header --columns name --where "$text" \
			>out 2>err &&
		echo $(sort out) >actual &&
		echo $names >expect &&
		test_cmp expect actual || {
			echo "seed $1: $text"
			return 1
		}
	done <expressions
}

test_expect_success 'setup' '
	make_conf
'

test_expect_success PYTHON 'random expressions say what Python says' '
	seed=$RESUTIL_TEST_SEED last=$((seed + RESUTIL_TEST_SEEDS)) &&
	while test $seed -lt $last
	do
		check_seed $seed || return 1
		seed=$((seed + 1))
	done
'

test_done
