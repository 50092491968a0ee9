#!/bin/sh

test_description='bucket on a shared drive of Google, where folders are things'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

bucket () {
	resutil bucket --remote "$store" --root here "$@"
}

test_expect_success 'setup: a folder with what somebody else has put there' '
	start_drive && google_key key.json && mkdir here &&
	base=$(drive_shared results) &&
	data=$(drive_folder Data "$base") &&
	google_admin drive_fill "{\"parent\": \"$data\", \"name\":
		\"part %d.csv\", \"count\": 12}" &&
	store="gdrive://$base?api_root=$DRIVE_ROOT&key_file_path=key.json"
'

test_expect_success 'files are found in folders, and fetched once' '
	bucket --list >actual && echo Data/ >expect &&
	test_cmp expect actual &&
	bucket --find "Data/*.csv" >actual && test_line_count = 12 actual &&
	bucket --download Data/ >out && test_grep "^12 downloaded, " out &&
	ls here/Data >got && test_line_count = 12 got &&
	bucket --download Data/ >out &&
	echo "0 downloaded, 12 the same" >expect && test_cmp expect out
'

test_expect_success 'uploads make folders, replace what differs, and are found' '
	mkdir -p "here/New dir/sub" && echo new >"here/New dir/sub/é+&%" &&
	echo changed >"here/Data/part 1.csv" &&
	bucket --upload "*" >out && test_grep "^2 uploaded, 11 the same, " out &&
	bucket --find "N*" >actual && echo "New dir/sub/é+&%" >expect &&
	test_cmp expect actual &&
	rm -r here && mkdir here && bucket --download -q "*" &&
	echo changed >expect && test_cmp expect "here/Data/part 1.csv" &&
	echo new >expect && test_cmp expect "here/New dir/sub/é+&%" &&
	drive_tree "$base" >tree && test_grep "New dir/sub/é+&%" tree
'

test_expect_success 'removing is what was meant' '
	bucket --remove -y "Data/part 1*" >out &&
	test_grep "^[34] removed, " out &&
	bucket --find "Data/*" >actual && test_grep ! "part 1" actual &&
	test_grep "part 2.csv" actual
'

test_done
