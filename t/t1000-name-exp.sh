#!/bin/sh

test_description='name-exp: names as resutilformat-name(5) says'

. ./test-lib.sh

TZ=Asia/Tokyo
export TZ

test_expect_success 'the documented vectors' '
	cat >vectors <<-\END &&
	20240704T191555 aapfup
	20240511T174522 aakuqj
	20240606T135747 aamxrp
	20240101T000000 aaaaaa
	20240101T000059 aaaaaa
	20240101T000100 aaaaab
	20240101T002559 aaaaaz
	20240101T002600 aaaaba
	20240101T235959 aaacdj
	20240229T120000 aaewtk
	20241231T235959 abdzqt
	20250101T000000 abdzqu
	20260101T000000 achxee
	20260115T093000 acjbvm
	20300101T000000 agxpjc
	21000101T000000 djmhpo
	20231231T235959 aaaaaa
	20231231T235900 zzzzzz
	20200101T000000 zvkhvc
	END
	while read stamp prefix
	do
		echo "${prefix}_$stamp" >>expect &&
		resutil name-exp --at "$stamp" >>actual || return 1
	done <vectors &&
	test_cmp expect actual
'

test_expect_success 'the format page has the same vectors' '
	sed -n "s/^|\([0-9]*T[0-9]*\) |.*|\([a-z]*\)\$/\1 \2/p" \
		"$SOURCE_DIRECTORY/Documentation/resutilformat-name.adoc" \
		>page &&
	test_cmp vectors page
'

test_expect_success 'now is local time' '
	echo aapfup_20240704T191555 >expect &&
	RESUTIL_TEST_NOW=1720088155.999999 resutil name-exp >actual &&
	test_cmp expect actual &&
	echo aapezv_20240704T101555 >expect &&
	TZ=UTC RESUTIL_TEST_NOW=1720088155 resutil name-exp >actual &&
	test_cmp expect actual
'

test_expect_success 'the real clock gives a name, too' '
	before=$(date +%Y%m%dT%H%M%S) &&
	resutil name-exp >name &&
	after=$(date +%Y%m%dT%H%M%S) &&
	resutil name-exp --decode --stdin <name >decoded &&
	stamp=$(cut -f 2 decoded) &&
	printf "%s\n" "$before" "$stamp" "$after" >times &&
	sort times >sorted &&
	test_cmp sorted times &&
	echo "$stamp" | sed "s/\(....\)\(..\)\(..\)T\(..\)\(..\)../\1-\2-\3T\4:\5/" \
		>expect &&
	cut -f 1 decoded >actual &&
	test_cmp expect actual
'

test_expect_success 'a comment, with all that it may hold' '
	for comment in a_b " blanks " . .. ... -n @ "[bold]" "日本 a b" "%s" \
		"\$(x)" "a=b,c" "#" _
	do
		resutil name-exp --at 20240704T191555 --comment "$comment" \
			>actual &&
		printf "aapfup_20240704T191555_%s\n" "$comment" >expect &&
		test_cmp expect actual &&
		resutil name-exp --decode --stdin <actual >decoded &&
		printf "2024-07-04T19:15\t20240704T191555\t%s\n" "$comment" \
			>expect &&
		test_cmp expect decoded || return 1
	done
'

test_expect_success 'an empty comment is none' '
	resutil name-exp --at 20240704T191555 -m "" >actual &&
	echo aapfup_20240704T191555 >expect &&
	test_cmp expect actual
'

test_expect_success 'a comment that breaks a rule is refused with the reason' '
	for c in \\ / : "*" "?" \" "<" ">" "|"
	do
		test_expect_code 129 resutil name-exp -m "a${c}b" >out 2>err &&
		test_must_be_empty out &&
		test_line_count = 1 err &&
		test_grep -F "cannot hold '\''$c'\''" err || return 1
	done &&
	test_expect_code 129 resutil name-exp -m "a
b" 2>err &&
	test_grep U+000A err &&
	test_expect_code 129 resutil name-exp -m "$(printf "\033[31m")" 2>err &&
	test_grep U+001B err &&
	test_expect_code 129 resutil name-exp -m "$(printf "\302\205")" 2>err &&
	test_grep U+0085 err &&
	test_expect_code 129 resutil name-exp -m "$(printf "ab\377")" 2>err &&
	test_grep "UTF-8, and byte 3" err
'

test_expect_success '200 characters and 230 bytes are the limits' '
	a100=$(printf "%0100d" 0) &&
	resutil name-exp -m "$a100$a100" &&
	test_expect_code 129 resutil name-exp -m "$a100${a100}x" 2>err &&
	test_grep "at most 200 characters, and this one has 201" err &&
	a93=$(printf "%093d" 0) &&
	e=é &&
	resutil name-exp -m "$a100$a93$e$e$e$e$e$e$e" >name &&
	test 231 = "$(wc -c <name | tr -d " ")" &&
	a92=${a93%0} &&
	test_expect_code 129 resutil name-exp \
		-m "$a100$a92$e$e$e$e$e$e$e$e" 2>err &&
	test_grep "at most 207 bytes, and this one has 208" err
'

test_expect_success '--at takes what the calendar has' '
	resutil name-exp --at 20240229T000000 &&
	resutil name-exp --at 20000229T235959 &&
	for at in 20230229T000000 21000229T000000 20241301T000000 \
		20240100T000000 20240431T000000 20240704T240000 \
		20240704T006000 20240704T000060 2024-07-04 20240704 "" \
		20240704T1915550 20240704t191555
	do
		test_expect_code 129 resutil name-exp --at "$at" >out 2>err &&
		test_must_be_empty out &&
		test_grep "is no time" err || return 1
	done
'

test_expect_success '--decode takes names from words and from standard input' '
	printf "zzzzzz_20231231T235900_a_b\n" |
	resutil name-exp --decode aapfup_20240704T191555 --stdin >actual &&
	printf "%s\t%s\t%s\n" 2024-07-04T19:15 20240704T191555 "" \
		2611-05-08T20:15 20231231T235900 a_b >expect &&
	test_cmp expect actual
'

test_expect_success '-z reads and writes NUL' '
	printf "aapfup_20240704T191555_x\0aakuqj_20240511T174522\0" |
	resutil name-exp --decode --stdin -z >out &&
	tr "\000" "\n" <out >actual &&
	printf "%s\t%s\t%s\n" 2024-07-04T19:15 20240704T191555 x \
		2024-05-11T17:45 20240511T174522 "" >expect &&
	test_cmp expect actual &&
	resutil name-exp -z --at 20240704T191555 >out &&
	printf "aapfup_20240704T191555\0" >expect &&
	test_cmp_bin expect out
'

test_expect_success 'a name of an early version, with one bar at its end' '
	resutil name-exp --decode aapfup_20240704T191555_ >actual &&
	printf "2024-07-04T19:15\t20240704T191555\t\n" >expect &&
	test_cmp expect actual
'

test_expect_success 'what is no name is named, and the rest decoded' '
	test_expect_code 3 resutil name-exp --decode _debug \
		aapfup_20240704T191555 ../aapfup_20240704T191555 \
		aapfup_20241304T191555 >out 2>err &&
	test_line_count = 1 out &&
	test_line_count = 3 err &&
	test_grep _debug err &&
	test_expect_code 129 resutil name-exp --decode _debug x >out 2>err &&
	test_must_be_empty out
'

test_expect_success 'no escape sequence gets through' '
	test_expect_code 129 resutil name-exp --decode "$(printf "\033[31m")" \
		2>err &&
	test_grep ! "$(printf "\033")" err
'

test_expect_success 'a NUL in a line is an error' '
	printf "aapfup_20240704T191555\0x\n" >in &&
	test_expect_code 13 resutil name-exp --decode --stdin <in >out 2>err &&
	test_grep -e -z err &&
	test_must_be_empty out
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil name-exp word &&
	test_expect_code 129 resutil name-exp --stdin </dev/null &&
	test_expect_code 129 resutil name-exp --decode &&
	test_expect_code 129 resutil name-exp --decode --at 20240704T191555 x &&
	test_expect_code 129 resutil name-exp --decode -m a x &&
	test_expect_code 129 resutil name-exp --no-such-option
'

test_done
