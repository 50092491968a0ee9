#!/bin/sh

test_description='HTTP door: machines without its libraries; settings'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-http.sh

test_expect_success 'setup: a project with a store that is a server' '
	start_odd_s3 && make_project proj &&
	mkdir broken && : >broken/libcurl.so.4 &&
	mkdir no-xml && : >no-xml/libexpat.so.1 &&
	AWS_ACCESS_KEY_ID=$ODD_KEY AWS_SECRET_ACCESS_KEY=$ODD_SECRET &&
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY &&
	store="s3://bucket/some?endpoint_url=$ODD&region=us-east-1"
'

test_expect_success !SANITIZED 'without libcurl: one line, and what to install' '
	test_expect_code 128 env LD_LIBRARY_PATH="$PWD/broken" \
		resutil list-objects --remote "$store" >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep "cannot load .libcurl.so.4., .*install libcurl (Debian: libcurl4)" \
		err
'

test_expect_success !SANITIZED 'and stores in directories work' '
	(
		cd proj && name=$(resutil add mine) &&
		LD_LIBRARY_PATH="$PWD/../broken:$PWD/../no-xml" &&
		export LD_LIBRARY_PATH &&
		resutil push mine && resutil list-remote >out &&
		test_grep mine out &&
		resutil version --build-options >out &&
		test_grep "^libcurl: missing" out &&
		test_grep "^libexpat: missing" out
	)
'

test_expect_success !SANITIZED 'without expat' '
	test_expect_code 128 env LD_LIBRARY_PATH="$PWD/no-xml" \
		resutil list-objects --remote "$store" >out 2>err &&
	test_line_count = 1 err &&
	test_grep "cannot load .libexpat.so.1., .*install expat (Debian: libexpat1)" \
		err
'

test_expect_success 'settings that are none are said to be so' '
	for setting in http.stall-timeout=soon http.stall-timeout=0 \
		http.stall-timeout=3601 http.stall-timeout=-1 \
		transfer.limit-rate=fast
	do
		test_expect_code 13 resutil -c $setting list-objects \
			--remote "$store" 2>err &&
		test_grep "${setting%=*}" err && test_line_count = 1 err ||
		return 1
	done &&
	test_expect_code 129 resutil -c http.ca-file=nowhere.pem list-objects \
		--remote "$store" 2>err &&
	test_grep "$PWD/nowhere.pem. (http.ca-file)" err
'

test_expect_success 'http.ca-file: relative to whoever says it' '
	mkdir -p proj/certs "$HOME/certs" "$HOME/.config/resutil/certs" &&
	test_when_finished "rm \"$HOME/.config/resutil/config.yaml\"" &&
	(
		cd proj && cp resutil-conf.yaml before &&
		printf "http:\n  ca-file: certs/a.pem\n" >>resutil-conf.yaml &&
		mkdir -p sub && cd sub &&
		test_expect_code 129 resutil list-objects --remote "$store" \
			2>err &&
		test_grep "${PWD%/sub}/certs/a.pem. (http.ca-file)" err &&
		cd .. && mv before resutil-conf.yaml &&
		printf "http:\n  ca-file: certs/b.pem\n" \
			>"$HOME/.config/resutil/config.yaml" &&
		test_expect_code 129 resutil list-objects --remote "$store" \
			2>err &&
		test_grep "$HOME/.config/resutil/certs/b.pem. (http" err &&
		printf "http:\n  ca-file: ~/certs/c.pem\n" \
			>"$HOME/.config/resutil/config.yaml" &&
		test_expect_code 129 resutil list-objects --remote "$store" \
			2>err &&
		test_grep "$HOME/certs/c.pem. (http.ca-file)" err
	)
'

test_expect_success '--limit-rate that is none' '
	(
		cd proj &&
		for command in "push mine" "pull -A" "send-pack mine" \
			"fetch-exp --all"
		do
			test_expect_code 129 resutil $command --limit-rate=x \
				2>err &&
			test_grep "is no rate" err || exit 1
		done
	)
'

test_done
