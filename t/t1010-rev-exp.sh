#!/bin/sh

test_description='rev-exp: what an EXP argument means'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

one=aapfup_20240704T191555_first
two=aapfup_20240704T191556_second_try
old=aakuqj_20240511T174522
late=zzzzzz_20231231T235900_first

test_expect_success 'setup' '
	make_conf &&
	make_exp $one "at: {created: \"2024-07-04T19:15:55+09:00\"}" &&
	make_exp $two "at: {created: \"2024-07-04T19:15:56+09:00\"}" &&
	make_exp $old "at: {created: \"2024-05-11T17:45:22+09:00\"}" &&
	make_exp $late "at: {created: \"2023-12-31T23:59:00+09:00\"}" &&
	mkdir results/_debug results/other sub &&
	: >results/aamxrp_20240606T135747_a_file
'

test_expect_success 'an exact name' '
	resutil rev-exp $one $old >actual &&
	printf "%s\n" $one $old >expect &&
	test_cmp expect actual
'

test_expect_success 'a file with an experiment'\''s name is none' '
	test_expect_code 10 resutil rev-exp aamxrp_20240606T135747_a_file
'

test_expect_success 'paths into it' '
	(
		cd sub &&
		resutil rev-exp ../results/$one ../results/$one/ \
			../results/$one/not/there "$TRASH_DIRECTORY"/results/$one \
			./../results/./other/../$one//x
	) >actual &&
	printf "%s\n" $one $one $one $one $one >expect &&
	test_cmp expect actual &&
	(
		cd results/$one &&
		mkdir deep &&
		resutil rev-exp . ./x ../$two &&
		cd deep &&
		resutil rev-exp . .. ../../$two/y
	) >actual &&
	printf "%s\n" $one $one $two $one $one $two >expect &&
	test_cmp expect actual
'

test_expect_success 'paths through links' '
	ln -s results/$one/deep link &&
	ln -s "$TRASH_DIRECTORY"/results elsewhere &&
	resutil rev-exp link/x link/.. elsewhere/$two/y >actual &&
	printf "%s\n" $one $one $two >expect &&
	test_cmp expect actual
'

test_expect_success 'a link to a directory elsewhere is no experiment' '
	link=aamxrp_20240606T135747 &&
	test_when_finished "rm -rf results/$link big" &&
	mkdir big &&
	ln -s ../big results/$link &&
	for arg in aamxrp $link results/$link results/$link/x
	do
		test_expect_code 10 resutil rev-exp $arg || return 1
	done
'

test_expect_success 'a results directory that is a link' '
	mkdir linked real-results &&
	make_conf linked &&
	ln -s ../real-results linked/results &&
	(
		cd linked &&
		make_exp $old &&
		resutil rev-exp results/$old/x ../real-results/$old/y
	) >actual &&
	printf "%s\n" $old $old >expect &&
	test_cmp expect actual
'

test_expect_success 'paths that lead into none' '
	for path in results results/ . / ../ results/other/x /etc/passwd \
		results/$one/.. results/aaaaaa_20240101T000000/x origin/@
	do
		test_expect_code 10 resutil rev-exp "$path" >out 2>err &&
		test_must_be_empty out &&
		test_line_count = 1 err || return 1
	done
'

test_expect_success 'the latest, by at.created and not by name' '
	resutil rev-exp @ @~0 @~1 @~2 @~3 @~ >actual &&
	printf "%s\n" $two $two $one $old $late $one >expect &&
	test_cmp expect actual &&
	test_expect_code 10 resutil rev-exp @~4 2>err &&
	test_grep "there are 4 experiments" err &&
	test_expect_code 10 resutil rev-exp @~99999999999999999999999 2>err
'

test_expect_success 'at.created counts with its offset; equal: the last name' '
	test_when_finished "rm -r results/aaaaaa_20240101T000000*" &&
	make_exp aaaaaa_20240101T000000 \
		"at: {created: \"2024-07-04T11:00:00Z\"}" &&
	resutil rev-exp @ >actual &&
	echo aaaaaa_20240101T000000 >expect &&
	test_cmp expect actual &&
	make_exp aaaaaa_20240101T000000_b \
		"at: {created: \"2024-07-04T20:00:00+09:00\"}" &&
	resutil rev-exp @ >actual &&
	echo aaaaaa_20240101T000000_b >expect &&
	test_cmp expect actual
'

test_expect_success 'without a record that can be read, the name tells the time' '
	test_when_finished "rm -r results/agxpjc* results/aamxrp*" &&
	rm results/aamxrp_20240606T135747_a_file &&
	mkdir results/agxpjc_20300101T000000 results/aamxrp_20240606T135747 &&
	echo "{ malformed" >results/agxpjc_20300101T000000/resutil-exp.yaml &&
	resutil rev-exp @ @~3 >actual &&
	printf "%s\n" agxpjc_20300101T000000 aamxrp_20240606T135747 >expect &&
	test_cmp expect actual
'

test_expect_success 'the beginning of a name' '
	resutil rev-exp aak aapfup_20240704T191555 z >actual &&
	printf "%s\n" $old $one $late >expect &&
	test_cmp expect actual
'

test_expect_success 'a whole comment, also with a bar' '
	resutil rev-exp second_try >actual &&
	echo $two >expect &&
	test_cmp expect actual &&
	test_expect_code 10 resutil rev-exp second &&
	test_expect_code 10 resutil rev-exp try
'

test_expect_success 'an ambiguous word lists what it could mean' '
	test_expect_code 129 resutil rev-exp aapfup >out 2>err &&
	test_must_be_empty out &&
	cat >expect <<-END &&
	resutil: '\''aapfup'\'' is ambiguous; it could mean
	  $one
	  $two
	END
	test_cmp expect err &&
	test_expect_code 129 resutil rev-exp first 2>err &&
	test_grep "^  $one\$" err &&
	test_grep "^  $late\$" err &&
	test_line_count = 3 err
'

test_expect_success 'of very many candidates twenty are listed' '
	mkdir many &&
	make_conf many &&
	(
		cd many &&
		for i in 1 2 3
		do
			for j in 0 1 2 3 4 5 6 7 8 9
			do
				mkdir -p results/aaaaaa_202401${i}1T00000$j ||
				exit 1
			done
		done &&
		test_expect_code 129 resutil rev-exp aaaaaa 2>../err
	) &&
	test_line_count = 22 err &&
	test_grep "and 10 more" err
'

test_expect_success 'a comment that is the beginning of names' '
	test_when_finished "rm -r results/aaaaab*" &&
	make_exp aaaaab_20240101T000100_aap &&
	resutil rev-exp aap >actual &&
	echo aaaaab_20240101T000100_aap >expect &&
	test_cmp expect actual
'

test_expect_success 'an exact name that begins another one' '
	test_when_finished "rm -r results/${old}_more" &&
	make_exp ${old}_more &&
	resutil rev-exp $old >actual &&
	echo $old >expect &&
	test_cmp expect actual
'

test_expect_success '_debug by its exact name or a path only' '
	resutil rev-exp _debug results/_debug/x >actual &&
	printf "_debug\n_debug\n" >expect &&
	test_cmp expect actual &&
	test_expect_code 10 resutil rev-exp _deb
'

test_expect_success 'hostile words are refused, and shown without harm' '
	for word in .. ../.. ../../etc/passwd "results/../../x" \
		"$(printf "\033]0;x\007")" "$(printf "\377\376")" "a
b" "$one/../../.." "results/$(printf "\033[31m")/x"
	do
		test_expect_code 10 resutil rev-exp -- "$word" >out 2>err &&
		test_must_be_empty out &&
		test_line_count = 1 err &&
		test_grep ! "$(printf "\033")" err || return 1
	done &&
	test_expect_code 129 resutil rev-exp "" 2>err &&
	test_grep empty err
'

test_expect_success 'very long words' '
	long=$(printf "%0100000d" 0) &&
	test_expect_code 10 resutil rev-exp "$long" 2>err &&
	test_expect_code 10 resutil rev-exp "results/$long/x" 2>err
'

test_expect_success 'some fail: 3, and the others are printed' '
	test_expect_code 3 resutil rev-exp $one nothing $two >out 2>err &&
	printf "%s\n" $one $two >expect &&
	test_cmp expect out &&
	test_line_count = 1 err &&
	test_expect_code 3 resutil rev-exp nothing aapfup 2>err &&
	test_expect_code 10 resutil rev-exp nothing nowhere 2>err &&
	test_line_count = 2 err
'

test_expect_success '--stdin, -z and --path' '
	printf "aak\n@\n" | resutil rev-exp --stdin $one >actual &&
	printf "%s\n" $one $old $two >expect &&
	test_cmp expect actual &&
	printf "aak\0@\0" | resutil rev-exp --stdin -z >out &&
	printf "%s\0" $old $two >expect &&
	test_cmp_bin expect out &&
	resutil rev-exp --path @ >actual &&
	echo "$TRASH_DIRECTORY/results/$two" >expect &&
	test_cmp expect actual
'

test_expect_success '--path quotes what would break a line' '
	dir=$(printf "new\nline") &&
	mkdir "$dir" &&
	make_conf "$dir" &&
	(
		cd "$dir" &&
		make_exp $old &&
		resutil rev-exp --path @ >../actual &&
		resutil rev-exp -z --path @ >../raw
	) &&
	printf "%s\n" "\"$TRASH_DIRECTORY/new\\nline/results/$old\"" >expect &&
	test_cmp expect actual &&
	printf "%s\0" "$TRASH_DIRECTORY/$dir/results/$old" >expect &&
	test_cmp_bin expect raw
'

test_expect_success '--verify takes exactly one' '
	resutil rev-exp --verify @ &&
	test_expect_code 129 resutil rev-exp --verify &&
	test_expect_code 129 resutil rev-exp --verify @ @~1 &&
	test_expect_code 129 resutil rev-exp --verify --stdin </dev/null &&
	test_expect_code 129 resutil rev-exp --verify "" &&
	test_expect_code 129 resutil rev-exp
'

test_expect_success 'nothing here yet' '
	mkdir new &&
	make_conf new &&
	(
		cd new &&
		test_expect_code 10 resutil rev-exp @ 2>../err &&
		test_expect_code 10 resutil rev-exp $one
	) &&
	test_grep "no experiments in" err &&
	test_path_is_missing new/results
'

test_expect_success 'without a project' '
	mkdir "$TEST_TOP_DIRECTORY/outside" &&
	(
		cd "$TEST_TOP_DIRECTORY/outside" &&
		test_expect_code 128 resutil rev-exp @ 2>err &&
		test_line_count = 1 err
	)
'

test_done
