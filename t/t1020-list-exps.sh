#!/bin/sh

test_description='list-exps: the experiments here'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test_expect_success 'a project without results has no experiments' '
	make_conf &&
	resutil list-exps >out &&
	test_must_be_empty out &&
	test_path_is_missing results
'

test_expect_success 'directories with names are listed, in byte order' '
	make_exp aapfup_20240704T191555_b &&
	make_exp aapfup_20240704T191555 &&
	make_exp aakuqj_20240511T174522_Z &&
	make_exp "aakuqj_20240511T174522_a b" &&
	make_exp zzzzzz_20231231T235900_日本 &&
	mkdir results/_debug results/other results/.hidden \
		results/.aapfup_20240704T191555.1.tmp \
		results/aapfup_20241304T191555 results/AAPFUP_20240704T191555 &&
	: >results/aamxrp_20240606T135747 &&
	ln -s nowhere results/aamxrp_20240606T135748 &&
	mkdir big &&
	ln -s ../big results/aamxrp_20240606T135749 &&
	resutil list-exps >actual &&
	cat >expect <<-\END &&
	aakuqj_20240511T174522_Z
	aakuqj_20240511T174522_a b
	aapfup_20240704T191555
	aapfup_20240704T191555_b
	zzzzzz_20231231T235900_日本
	END
	test_cmp expect actual
'

test_expect_success '-z and --path' '
	tr "\n" "\000" <expect >expect-z &&
	resutil list-exps -z >actual &&
	test_cmp_bin expect-z actual &&
	sed "s|^|$TRASH_DIRECTORY/results/|" expect >expect-path &&
	mkdir sub &&
	(cd sub && resutil list-exps --path) >actual &&
	test_cmp expect-path actual
'

test_expect_success '--by-time goes by the records' '
	mkdir timed &&
	make_conf timed &&
	(
		cd timed &&
		make_exp aaaaaa_20240101T000000_3 \
			"at: {created: \"2026-01-03T00:00:00+00:00\"}" &&
		make_exp aaaaaa_20240101T000000_1 \
			"at: {created: \"2026-01-03T01:00:00+02:00\"}" &&
		make_exp zzzzzz_20231231T235900_2 \
			"at: {created: \"2026-01-02T23:30:00.5Z\"}" &&
		make_exp achxee_20260101T000000_0 &&
		resutil list-exps --by-time
	) >actual &&
	printf "%s\n" achxee_20260101T000000_0 aaaaaa_20240101T000000_1 \
		zzzzzz_20231231T235900_2 aaaaaa_20240101T000000_3 >expect &&
	test_cmp expect actual
'

test_expect_success 'many records, read by several threads, in order' '
	mkdir many &&
	make_conf many &&
	(
		cd many &&
		i=0 &&
		while test $i -lt 600
		do
			# the later its name, the earlier its record
			name=$(printf "aaaaaa_20240101T00%02d%02d" \
				$((i / 60)) $((i % 60))) &&
			make_exp $name "at: {created: \"@$((9000 - i))\"}" \
				"created: $i" &&
			echo $name >>../names || exit 1
			i=$((i + 1))
		done
	) &&
	for record in many/results/*/resutil-exp.yaml
	do
		i=$(sed -n "s/^created: //p" "$record") &&
		t=$((9000 - i)) &&
		printf "resutil: 1\nat:\n  created: \"1970-01-01T%02d:%02d:%02dZ\"\n" \
			$((t / 3600)) $((t / 60 % 60)) $((t % 60)) >"$record" ||
		return 1
	done &&
	(cd many && resutil list-exps --by-time) >actual &&
	sort -r names >expect &&
	test_cmp expect actual
'

test_expect_success 'a results directory that is a file' '
	mkdir broken &&
	make_conf broken &&
	: >broken/results &&
	(
		cd broken &&
		test_must_fail resutil list-exps >out 2>err &&
		test_must_be_empty out &&
		test_line_count = 1 err &&
		test_grep results err
	)
'

test_expect_success AS_USER 'a results directory that may not be read' '
	mkdir closed &&
	make_conf closed &&
	mkdir closed/results &&
	chmod 000 closed/results &&
	test_when_finished "chmod 755 closed/results" &&
	(
		cd closed &&
		test_expect_code 128 as_user resutil list-exps 2>../err
	) &&
	test_grep results err
'

test_expect_success 'output that cannot be written is an error' '
	if test_have_prereq DEV_FULL
	then
		test_expect_code 128 resutil list-exps >/dev/full
	fi
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil list-exps aapfup
'

test_done
