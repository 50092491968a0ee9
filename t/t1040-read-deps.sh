#!/bin/sh

test_description='read-deps: what experiments need, and all that those need'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

a=aaaaaa_20240101T000001_a
b=aaaaaa_20240101T000002_b
c=aaaaaa_20240101T000003_c
d=aaaaaa_20240101T000004_d
gone=aaaaaa_20240101T000009_gone

test_expect_success 'setup' '
	make_conf &&
	make_exp $a &&
	make_exp $b "dependency: [$a]" &&
	make_exp $c "dependency: [$a, $b]" &&
	make_exp $d "dependency: [$c, results/$a, $c]"
'

test_expect_success 'direct dependencies, each once, without a directory' '
	resutil read-deps $a >out &&
	test_must_be_empty out &&
	resutil read-deps $d >actual &&
	printf "%s\n" $c $a >expect &&
	test_cmp expect actual &&
	resutil read-deps $b $d >actual &&
	printf "%s\n" $a $c >expect &&
	test_cmp expect actual
'

test_expect_success 'the closure: dependencies first, each once' '
	resutil read-deps --closure $d >actual &&
	printf "%s\n" $a $b $c $d >expect &&
	test_cmp expect actual &&
	resutil read-deps --closure $b $d $a $b >actual &&
	test_cmp expect actual &&
	printf "%s\n" $d $a | resutil read-deps --closure --stdin >actual &&
	test_cmp expect actual &&
	printf "%s\0" $d | resutil read-deps -z --closure --stdin >actual &&
	tr "\n" "\000" <expect >expect-z &&
	test_cmp_bin expect-z actual
'

test_expect_success 'EXP arguments of every form' '
	resutil read-deps --closure c results/$b/x >actual &&
	printf "%s\n" $a $b $c >expect &&
	test_cmp expect actual
'

test_expect_success 'cycles end' '
	mkdir cycle &&
	make_conf cycle &&
	(
		cd cycle &&
		make_exp $a "dependency: [$c, $a]" &&
		make_exp $b "dependency: [$a]" &&
		make_exp $c "dependency: [$b]" &&
		resutil read-deps --closure $b >../out &&
		resutil read-deps $a >../own
	) &&
	sort out >actual &&
	printf "%s\n" $a $b $c >expect &&
	test_cmp expect actual &&
	test $b = "$(tail -n 1 out)" &&
	printf "%s\n" $c $a >expect &&
	test_cmp expect own
'

test_expect_success 'what is missing is named, the rest printed: 3' '
	mkdir missing &&
	make_conf missing &&
	(
		cd missing &&
		make_exp $a &&
		make_exp $b "dependency: [$gone, $a]" &&
		test_expect_code 3 resutil read-deps --closure $b >../actual \
			2>../err &&
		resutil read-deps $b >../direct
	) &&
	printf "%s\n" $a $b >expect &&
	test_cmp expect actual &&
	test_line_count = 1 err &&
	test_grep $gone err &&
	printf "%s\n" $gone $a >expect &&
	test_cmp expect direct
'

test_expect_success 'EXPs that are not here' '
	test_expect_code 10 resutil read-deps $gone 2>err &&
	test_line_count = 1 err &&
	test_expect_code 10 resutil read-deps --closure $gone nothing &&
	test_expect_code 3 resutil read-deps --closure $gone $b >actual 2>err &&
	printf "%s\n" $a $b >expect &&
	test_cmp expect actual &&
	test_expect_code 3 resutil read-deps $gone $b >actual &&
	echo $a >expect &&
	test_cmp expect actual
'

test_expect_success 'a dependency whose comment was changed since' '
	mkdir renamed &&
	make_conf renamed &&
	(
		cd renamed &&
		make_exp ${a}_new &&
		make_exp $b "dependency: [$a]" &&
		resutil read-deps $b &&
		resutil read-deps --closure $b
	) >actual &&
	printf "%s\n" ${a}_new ${a}_new $b >expect &&
	test_cmp expect actual
'

test_expect_success 'of several with one head, the id decides' '
	mkdir several &&
	make_conf several &&
	(
		cd several &&
		make_exp ${a}_x "id: $(test_id 1)" &&
		make_exp ${a}_y "id: $(test_id 2)" &&
		make_exp $b "dependency: [$a]" \
			"dependency_ids: {$a: $(test_id 2)}" &&
		make_exp $c "dependency: [$a]" &&
		resutil read-deps $b >../actual &&
		test_expect_code 14 resutil read-deps $c >../out 2>../err
	) &&
	echo ${a}_y >expect &&
	test_cmp expect actual &&
	test_must_be_empty out &&
	test_grep "^  ${a}_x\$" err &&
	test_grep "^  ${a}_y\$" err
'

test_expect_success 'another run under the right name is none' '
	mkdir other &&
	make_conf other &&
	(
		cd other &&
		make_exp $a "id: $(test_id 1)" &&
		make_exp $b "dependency: [$a]" \
			"dependency_ids: {$a: $(test_id 2)}" &&
		test_expect_code 14 resutil read-deps $b 2>../err &&
		test_expect_code 14 resutil read-deps --closure $b >../out &&
		test_grep $(test_id 2) ../err &&
		make_exp ${a}_renamed "id: $(test_id 2)" &&
		resutil read-deps --closure $b >../actual
	) &&
	test_must_be_empty out &&
	printf "%s\n" ${a}_renamed $b >expect &&
	test_cmp expect actual
'

test_expect_success 'one without an id is taken by its name' '
	mkdir without &&
	make_conf without &&
	(
		cd without &&
		make_exp $a &&
		make_exp ${c}_was_c &&
		make_exp $b "dependency: [$a, $c]" \
			"dependency_ids: {$a: $(test_id 1), $c: $(test_id 2)}" &&
		resutil read-deps $b
	) >actual &&
	printf "%s\n" $a ${c}_was_c >expect &&
	test_cmp expect actual
'

test_expect_success 'one of another id is not guessed by its head' '
	mkdir strange &&
	make_conf strange &&
	(
		cd strange &&
		make_exp ${a}_x "id: $(test_id 1)" &&
		make_exp $b "dependency: [$a]" \
			"dependency_ids: {$a: $(test_id 2)}" &&
		resutil read-deps $b >../actual &&
		test_expect_code 3 resutil read-deps --closure $b
	) &&
	echo $a >expect &&
	test_cmp expect actual
'

test_expect_success 'nobody needs itself by its head' '
	mkdir itself &&
	make_conf itself &&
	(
		cd itself &&
		make_exp ${b}_x "dependency: [${b}_y]" &&
		resutil read-deps ${b}_x
	) >actual &&
	echo ${b}_y >expect &&
	test_cmp expect actual
'

test_expect_success 'what is no name is told, never used as a path' '
	mkdir hostile hostile/aside &&
	make_conf hostile &&
	(
		cd hostile &&
		make_exp $a &&
		make_exp $b "dependency: [\"../../aside\", exp1, _debug, $a, \
\"\\e[31m\", \"a\\nb\"]" &&
		mkdir results/_debug &&
		test_expect_code 3 resutil read-deps $b >../actual 2>../err &&
		test_expect_code 3 resutil read-deps --closure $b \
			>../closure 2>../err2
	) &&
	echo $a >expect &&
	test_cmp expect actual &&
	test_grep ! "$(printf "\033")" err &&
	test_grep exp1 err &&
	test_grep "\.\./\.\./aside" err &&
	printf "%s\n" $a $b >expect &&
	test_cmp expect closure &&
	test_grep _debug err2
'

test_expect_success 'a record that is malformed or missing' '
	mkdir bad &&
	make_conf bad &&
	(
		cd bad &&
		mkdir -p results/$a &&
		make_exp $b "dependency: [$a]" &&
		make_exp $c "dependency: [" &&
		test_expect_code 13 resutil read-deps $c 2>../err &&
		test_expect_code 10 resutil read-deps $a &&
		test_expect_code 10 resutil read-deps --closure $b >../out &&
		test_expect_code 13 resutil read-deps --closure $c >>../out &&
		test_expect_code 3 resutil read-deps $b $c >../actual
	) &&
	test_must_be_empty out &&
	test_grep "line" err &&
	echo $a >expect &&
	test_cmp expect actual
'

test_expect_success 'records of the Python Resutil' '
	mkdir python &&
	make_conf python &&
	mkdir -p python/results/$a python/results/$b &&
	cat >python/results/$a/resutil-exp.yaml <<-END &&
	args: main.py
	dependency: []
	git:
	  commit_hash: null
	  uncommited_files: []
	result_dir: results/$a
	END
	cat >python/results/$b/resutil-exp.yaml <<-END &&
	args: main.py results/$a
	dependency:
	- results/$a
	git:
	  commit_hash: null
	  uncommited_files: []
	result_dir: results/$b
	END
	(cd python && resutil read-deps --closure $b) >actual &&
	printf "%s\n" $a $b >expect &&
	test_cmp expect actual
'

test_expect_success 'a chain as long as there are experiments' '
	mkdir long &&
	make_conf long &&
	(
		cd long &&
		i=0 before= &&
		while test $i -lt 1500
		do
			name=$(printf "aaaaaa_20240101T00%02d%02d" \
				$((i / 60)) $((i % 60))) &&
			mkdir -p results/$name &&
			echo "dependency: [$before]" \
				>results/$name/resutil-exp.yaml &&
			echo $name >>../expect-long || exit 1
			before=$name
			i=$((i + 1))
		done &&
		(ulimit -s 512 2>/dev/null; resutil read-deps --closure $before)
	) >actual &&
	test_cmp expect-long actual
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil read-deps &&
	test_expect_code 129 resutil read-deps --closure
'

test_done
