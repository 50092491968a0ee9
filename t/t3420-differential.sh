#!/bin/sh
test_description='thousands of archives: readers that take one agree on it

RESUTIL_TEST_ARCHIVES=N makes more of them, RESUTIL_TEST_SEED=N others.'
archives=${RESUTIL_TEST_ARCHIVES:-4000} seed=${RESUTIL_TEST_SEED:-1}
. ./test-lib.sh

test "$(python3 -c "print(1)" 2>/dev/null)" = 1 ||
test_skip_all "python3 is missing"
test_lazy_prereq UNZIP 'unzip -v'
test_lazy_prereq BSDTAR 'bsdtar --version'

differential () {
	python3 "$TEST_DIRECTORY/helper/zip-differential.py" "$@" \
		"$TEST_DIRECTORY"/fixtures/zip/*.zip own.zip >found 2>&1 || {
		cat found
		return 1
	}
	cat found
}

# at_least N WORDS: the number after these words.
at_least () {
	test "$(sed -n "s/^.*$2 \([0-9]*\).*/\1/p" found)" -ge "$1"
}

test_expect_success 'setup' '
	mkdir -p exp/d scratch &&
	echo "id: x" >exp/resutil-exp.yaml && seq 300 >exp/d/numbers &&
	: >exp/none && ln -s d exp/link &&
	resutil pack-exp -o own.zip ./exp
'

test_expect_success 'ours, zipfile, unzip and bsdtar' '
	differential "$seed" "$archives" 150 scratch &&
	at_least $(($archives / 10)) "ours takes"
'

test_expect_success UNZIP 'unzip took most of a sample' '
	at_least 130 "unzip agrees on"
'

test_expect_success BSDTAR 'bsdtar took most of a sample' '
	at_least 130 "bsdtar agrees on"
'

test_expect_success 'what is only a little spoilt is not just refused' '
	for why in "CRC-32" "overlaps" "there twice" "other sizes" \
		"another name" "does not lie where" "other flags"
	do
		test_grep "ours refuses: .*$why" found || return 1
	done
'

test_expect_success 'a reader that reads something else is found out' '
	real=$(command -v pack-probe) &&
	mkdir lies && write_script lies/pack-probe <<-END &&
	"$real" | sed "s/^\(.[0-9]*.[0-9]*.\)[0-9a-f]\{6\}/\1c0ffee/"
	END
	! PATH="$TRASH_DIRECTORY/lies:$PATH" \
		differential 1 40 0 scratch &&
	test_grep DISAGREE found
'

test_done
