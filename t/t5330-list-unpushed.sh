#!/bin/sh

test_description='list-unpushed: what the ledger does not know the store to have'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

one=aapfcd_20240704T111555_one
two=aapfcd_20240704T111556_two
zeros=$(printf '%064d' 0)

# note LINE...: a ledger with these lines, fields split by blanks
note () {
	mkdir -p .resutil/remotes &&
	echo "resutil-ledger 1" >.resutil/remotes/origin.log &&
	for note_line
	do
		echo "$note_line" | tr ' ' '\t'
	done >>.resutil/remotes/origin.log
}

record_hash () {
	sha256sum <"results/$1/resutil-exp.yaml" | cut -d ' ' -f 1
}

test_expect_success 'setup' '
	make_conf && make_exp $one "revision: 1" && make_exp $two
'

test_expect_success 'without a ledger nothing was pushed' '
	resutil list-unpushed >out &&
	printf "not-pushed\t%s\n" $one $two >want && test_cmp want out &&
	test_path_is_missing .resutil/remotes
'

test_expect_success 'what was sent as it is, is not listed' '
	note "done $one $(test_id 1) 1 $zeros $(record_hash $one) v1" &&
	resutil list-unpushed >out &&
	printf "not-pushed\t%s\n" $two >want && test_cmp want out
'

test_expect_success 'a changed record has grown' '
	echo "revision: 2" >>results/$two/resutil-exp.yaml &&
	note "done $one - 0 $zeros $(record_hash $one) v1" \
		"done $two - 0 $zeros $(record_hash $two) v1" &&
	resutil list-unpushed >out && test_must_be_empty out &&
	echo "tags: [x]" >>results/$two/resutil-exp.yaml &&
	resutil list-unpushed >out &&
	printf "grown\t%s\n" $two >want && test_cmp want out
'

test_expect_success 'an upload that only began is none; what was dropped is gone' '
	note "intent $one - 0 $zeros $(record_hash $one)" \
		"done $two - 0 $zeros $(record_hash $two) v1" &&
	resutil list-unpushed >out &&
	printf "not-pushed\t%s\n" $one >want && test_cmp want out &&
	note "done $one - 0 $zeros $(record_hash $one) v1" "drop $one" \
		"done $two - 0 $zeros $(record_hash $two) v1" &&
	resutil list-unpushed >out && test_cmp want out
'

test_expect_success 'where no record was noted there is nothing to compare' '
	note "done $one - 0 $zeros - v1" "done $two - 0 - - v1" &&
	resutil list-unpushed >out && test_must_be_empty out
'

test_expect_success 'a record that cannot be read has grown' '
	note "done $one - 0 $zeros $zeros v1" "done $two - 0 $zeros - v1" &&
	mv results/$one/resutil-exp.yaml saved &&
	test_when_finished "mv saved results/$one/resutil-exp.yaml" &&
	resutil list-unpushed >out 2>err &&
	printf "grown\t%s\n" $one >want && test_cmp want out &&
	test_must_be_empty err
'

test_expect_success 'what is only partly here is never pushed' '
	note "done $one - 0 $zeros - v1" &&
	mkdir -p .resutil/partial && >.resutil/partial/$two &&
	resutil list-unpushed >out && test_must_be_empty out &&
	rm -r .resutil/partial
'

test_expect_success '_debug is no experiment, and each remote has its ledger' '
	note "done $one - 0 $zeros - v1" "done $two - 0 $zeros - v1" &&
	mkdir results/_debug &&
	cp results/$one/resutil-exp.yaml results/_debug/resutil-exp.yaml &&
	cat >>resutil-conf.yaml <<-END &&
	remotes:
	  other:
	    type: dir
	    config:
	      path: $TRASH_DIRECTORY/other
	END
	resutil list-unpushed >out && test_must_be_empty out &&
	resutil list-unpushed --remote=other -z >raw && tr "\0" "\n" <raw >out &&
	printf "not-pushed\t%s\n" $one $two >want && test_cmp want out
'

test_expect_success 'a remote that is none, a URL, a later ledger, wrong usage' '
	test_expect_code 10 resutil list-unpushed --remote nobody 2>err &&
	test_line_count = 1 err && test_grep nobody err &&
	test_must_fail resutil list-unpushed --remote "dir:$PWD/x" 2>err &&
	test_line_count = 1 err &&
	test_expect_code 129 resutil list-unpushed word 2>err &&
	echo "resutil-ledger 2" >.resutil/remotes/origin.log &&
	test_must_fail resutil list-unpushed >out 2>err &&
	test_line_count = 1 err && test_must_be_empty out
'

test_done
