#!/bin/sh

test_description='remote copy: from one store to another, in words'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh

test_expect_success 'setup: a store, and another one' '
	mkdir "$store" b && make_conf && resutil remote add b dir:b &&
	export RESUTIL_TEST_NOW=1720091755 &&
	base=$(resutil add base) &&
	RESUTIL_TEST_NOW=1720091756 &&
	top=$(resutil add top -d base) &&
	RESUTIL_TEST_NOW=1720091757 &&
	alone=$(resutil add alone) &&
	resutil push -A && : >"$objects"/notes.txt
'

test_expect_success 'an EXP, as the store knows it, and what it needs' '
	resutil rm -l -y top base alone &&
	resutil remote copy -n origin b top >out &&
	cat >want <<-EOF &&
	Would copy $base
	Would copy $top
	2 to copy (N), 0 already there
	EOF
	sed "s/ ([^)]*)/ (N)/" out | sort >told && sort want >sorted &&
	test_cmp sorted told &&
	resutil remote copy origin b top >out &&
	grep "^Copied $base$" out && grep "^2 copied" out &&
	resutil remote copy --no-dependency origin b top >out &&
	echo "0 copied, 1 already there" >want && test_cmp want out &&
	test_path_is_missing results/$top
'

test_expect_success 'nobody is asked where nobody is there' '
	test_expect_code 129 resutil remote copy origin b 2>err &&
	test_grep "name an EXP, or say --all" err &&
	resutil remote copy -y origin b >out &&
	grep "^Would copy $alone$" out && grep "^Copied $alone$" out
'

test_expect_success 'all of them, the other way by a URL, as JSON' '
	mkdir c && resutil remote copy --all b "dir:$PWD/c" >out 2>err &&
	grep "^3 copied" out &&
	resutil remote copy --all --json origin dir:c >json 2>err &&
	test_line_count = 3 json && grep "\"same\"" json &&
	test_grep "1 object of .project. in .origin. is no experiment" err &&
	test_path_is_missing c/project/notes.txt &&
	resutil -q remote copy --all origin dir:c >out && test_must_be_empty out
'

test_expect_success 'what fails is told, and by the status' '
	test_expect_code 10 resutil remote copy origin b nosuch >out 2>err &&
	test_grep "nosuch" err && grep "1 not done" out &&
	test_expect_code 10 resutil remote copy origin nowhere --all 2>err &&
	test_grep "no remote .nowhere." err &&
	test_expect_code 12 resutil remote copy origin dir:gone --all 2>err &&
	test_expect_code 129 resutil remote copy origin "dir:$store" --all 2>err &&
	test_grep "same store" err &&
	printf junk >b/project/$alone.zip &&
	test_expect_code 3 resutil remote copy origin b --all >out 2>err &&
	test_grep "force replaces it" err && grep "1 not done" out &&
	resutil remote copy --force origin b alone >out &&
	grep "^Copied $alone, which has grown$" out
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil remote copy 2>err &&
	test_expect_code 129 resutil remote copy origin 2>err &&
	test_expect_code 129 resutil remote copy origin b -A top 2>err &&
	test_expect_code 129 resutil remote copy --quick origin b -A 2>err &&
	test_grep "only test takes --quick" err &&
	test_expect_code 129 resutil remote test --force 2>err &&
	test_grep "only copy takes" err &&
	test_expect_code 129 resutil remote copy -j x origin b -A 2>err &&
	test_expect_code 129 resutil remote copy --limit-rate=fast origin b -A \
		2>err && test_grep "no rate" err
'

test_expect_success 'it is copy-pack' '
	RESUTIL_TRACE="$PWD/trace" resutil remote copy -j 3 --limit-rate=1GiB \
		origin b top >out &&
	test_grep "copy-pack --from=origin --to=b --jobs=3 --limit-rate=1GiB -- top" trace
'

test_done
