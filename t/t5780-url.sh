#!/bin/sh

test_description='url: URLs that read packs in a store'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

one=aapfcd_20240704T111555_one

test_expect_success 'setup' '
	mkdir store && make_conf && make_exp $one
'

test_expect_success 'a store that has no URLs says so, whatever is in it' '
	for word in $one one nobody @
	do
		test_expect_code 129 resutil url "$word" >out 2>err &&
		test_must_be_empty out && test_line_count = 1 err &&
		test_grep "^resutil: .dir:.*store. is a kind of store that gives no URLs" \
			err || return 1
	done
'

test_expect_success 'how long it may hold' '
	for time in 0 0s 8d 604801 169h 2w -1h 1.5h 1x h "" "1 h" 1h30m 1H \
		99999999999999999999d
	do
		test_expect_code 129 resutil url --expires "$time" one 2>err &&
		test_grep "no time that a URL can hold for" err || return 1
	done &&
	# these get as far as the store
	for time in 1 30s 10m 1h 7d 168h 1w 604800
	do
		test_expect_code 129 resutil url --expires "$time" one 2>err &&
		test_grep "gives no URLs" err || return 1
	done
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil url 2>err &&
	test_grep "which experiment?" err &&
	test_expect_code 10 resutil url --remote nobody one 2>err &&
	test_grep "no remote .nobody." err &&
	test_expect_code 128 resutil -C "$HOME" url one 2>err &&
	test_grep "resutil-conf.yaml" err
'

test_done
