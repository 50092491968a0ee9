#!/bin/sh

test_description='report: groups and orders of random runs are what Python makes of them'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test "$(python3 -c "print(1)" 2>/dev/null)" = 1 ||
test_skip_all "python3 is missing"

: "${RESUTIL_TEST_SEED:=1}" "${RESUTIL_TEST_SEEDS:=8}"

oracle () {
	python3 "$TEST_DIRECTORY/helper/report-oracle.py" "$@"
}

check_seed () {
	rm -rf results &&
	stats=$(oracle make $1) &&
	resutil report --group-by a,b --columns x --stats "$stats" --json \
		>groups &&
	resutil report --columns "name,params.[abx]" --sort=-x,b,name --json \
		>sorted &&
	resutil report --columns "name,params.[abx]" --sort=-x,b --json >all &&
	resutil report --columns "name,params.[abx]" --sort=-x,b --json \
		-n $(($1 * 11 % 62)) >some &&
	head -n $(($1 * 11 % 62)) all >first &&
	test_cmp first some &&
	oracle check $1 || {
		echo "seed $1"
		return 1
	}
}

test_expect_success 'random runs' '
	make_conf &&
	seed=$RESUTIL_TEST_SEED last=$((seed + RESUTIL_TEST_SEEDS)) &&
	while test $seed -lt $last
	do
		check_seed $seed || return 1
		seed=$((seed + 1))
	done
'

test_done
