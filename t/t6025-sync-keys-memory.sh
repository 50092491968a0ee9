#!/bin/sh

test_description='sync-keys: the memory does not grow with the keys

30,000 of them on each side; a million with RESUTIL_TEST_EXPENSIVE=1.
'
many=30000
test -z "${RESUTIL_TEST_EXPENSIVE:-}" || many=1000000
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-memory.sh

limit=64000000

# make DIR: `many` empty files with long names in it
make () {
	python3 - "$1" $many <<-\END
	import os, sys
	top, many = sys.argv[1], int(sys.argv[2])
	for i in range(many):
	    if i % 1000 == 0:
	        at = "%s/part-%06d/with/a/directory/or/two" % (top, i)
	        os.makedirs(at)
	    open("%s/a-name-that-is-as-long-as-names-of-frames-are-%09d.png" %
	         (at, i), "w").close()
	END
}

count () {
	cut -f1 out | sort | uniq -c | sed "s/^ *//" >counts &&
	printf "%s\n" "$@" >want && test_cmp want counts
}

test_expect_success "setup: $many keys" '
	mkdir store empty && make store
'

test_expect_success 'keys there alone' '
	bounded $limit resutil sync-keys --remote dir:store --root empty \
		--compare "*" && count "$many there"
'

test_expect_success 'keys on both sides, which are compared' '
	bounded $limit resutil sync-keys --remote dir:store --root store \
		--compare "*" && count "$many same"
'

test_expect_success 'as JSON, and named on the standard input' '
	find store -name "*5.png" | sed "s,^store/,," >names &&
	bounded $limit sh -c "resutil sync-keys --remote dir:store --json -n \
		--root store --delete --stdin \"*\" <names" &&
	test_line_count = $((many / 10)) out
'

test_expect_success 'downloads, and files that are deleted' '
	bounded $limit resutil sync-keys --remote dir:store --root empty \
		--download "part-*00/*" && count "$many downloaded" &&
	bounded $limit resutil sync-keys --root empty --delete "*" &&
	count "$many deleted" && test_dir_is_empty empty
'

test_expect_success 'removals' '
	bounded $limit resutil sync-keys --remote dir:store --remove "*" &&
	count "$many removed" && find store -name "*.png" >left &&
	test_must_be_empty left
'

test_done
