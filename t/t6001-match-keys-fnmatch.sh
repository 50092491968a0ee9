#!/bin/sh

test_description='patterns over keys against fnmatch of Python

Where the meaning is the same: no "/" at the end, no "./" at the beginning.
t/helper/random-keys.py makes the same lists each time. RESUTIL_TEST_EXPENSIVE=1
tries more of them.'
expensive=${RESUTIL_TEST_EXPENSIVE:-}
. ./test-lib.sh

test_lazy_prereq EXPENSIVE 'test -n "$expensive"'

# agree SEED OPTION...: many patterns over many keys
agree () {
	seed=$1 &&
	shift &&
	python3 "$TEST_DIRECTORY"/helper/random-keys.py "$seed" cases "$@" &&
	while IFS= read -r nr
	do
		pattern=$(cat "cases/$nr.pattern"; echo x) &&
		pattern=${pattern%x} &&
		resutil match-keys --packs -z -- "$pattern" <cases/keys \
			>"cases/$nr.out" 2>/dev/null &&
		cmp "cases/$nr.want" "cases/$nr.out" || {
			echo "pattern: $pattern"
			return 1
		}
	done <cases/numbers &&
	rm -r cases
}

test_expect_success 'stars, characters and sets over ASCII' '
	agree 1 ascii
'

test_expect_success 'the same over UTF-8' '
	agree 2 utf8
'

test_expect_success 'the same over bytes that are no UTF-8' '
	agree 3 bytes
'

test_expect_success 'patterns made from keys, so that many match' '
	agree 4 ascii mutate && agree 5 bytes mutate
'

test_expect_success EXPENSIVE 'a thousand patterns of each kind' '
	for kind in ascii utf8 bytes
	do
		agree 6 $kind many && agree 7 $kind mutate many || return 1
	done
'

test_done
