#!/bin/sh

test_description='bucket on Cloud Storage, and rclone beside it'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-gcs-clients.sh
. "$TEST_DIRECTORY"/lib-interop.sh

test_expect_success 'setup: a bucket that rclone has filled' '
	start_gcs && gcs_bucket lab && google_key key.json &&
	key=$PWD/key.json && mkdir theirs && odd_keys >odd &&
	while read -r name
	do
		mkdir -p "theirs/Data/$(dirname -- "$name")" &&
		echo "$name" >"theirs/Data/$name" || return 1
	done <odd &&
	mkdir theirs/Data2 && echo no >theirs/Data2/c &&
	their_rclone copy theirs t:lab && gcs=$(store lab) && mkdir here
'

test_expect_success 'all that rclone put is found and fetched' '
	resutil bucket --remote "$gcs" --find "*" >actual &&
	test_line_count = 9 actual &&
	resutil bucket --remote "$gcs" --list >actual &&
	printf "%s\n" Data/ Data2/ >expect && test_cmp expect actual &&
	resutil bucket --remote "$gcs" --root here --download "Data/*" >out &&
	test_grep "^8 downloaded, " out && diff -r theirs/Data here/Data &&
	test_path_is_missing here/Data2 && test_grep "alt=media" "$GCS_LOG"
'

test_expect_success 'the listing asks for the beginning of the pattern alone' '
	: >"$GCS_LOG" &&
	resutil bucket --remote "$gcs" --find "Data2/*" >actual &&
	grep "\"query\":" "$GCS_LOG" | grep -v "/token\"" >asked &&
	test_line_count = 1 asked && test_grep "prefix=Data2%2F" asked
'

test_expect_success 'what rclone calls the same is the same, and moves nothing' '
	: >"$GCS_LOG" &&
	resutil bucket --remote "$gcs" --root here --upload Data/ >out &&
	echo "0 uploaded, 8 the same" >expect && test_cmp expect out &&
	google_requests . >asked && test_grep ! upload asked &&
	test_grep ! "alt=media" "$GCS_LOG" &&
	echo changed >"here/Data/- dash" && echo new >here/Data/new &&
	resutil bucket --remote "$gcs" --root here --upload Data/ >out &&
	test_grep "^2 uploaded, 7 the same, 12 B$" out &&
	their_rclone check --one-way here/Data t:lab/Data
'

test_expect_success 'remove leaves what rclone has besides' '
	resutil bucket --remote "$gcs" --remove -y "Data/*e*" >out &&
	their_rclone lsf -R --files-only t:lab >there &&
	test_grep "^Data2/c$" there && test_grep ! "Data/new" there &&
	test_path_is_file here/Data/new
'

test_expect_success 'the question has the name of the service' '
	TERM=dumb NO_COLOR=1 pty-run --raw --screen=screen \
		--expect="remove (Google Cloud Storage), download" \
		--send="exit\n" resutil bucket --remote "$gcs" \
		--interactive "Data2/"  &&
	test_grep "^Google Cloud Storage files matching pattern:" screen
'

test_done
