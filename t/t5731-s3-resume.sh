#!/bin/sh

test_description='uploads in parts: gone on with after a death'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-uploads.sh

test_expect_success 'setup: a server, a large experiment' '
	setup_uploads 42000000
'

test_expect_success 'a push that is killed leaves a note and nothing to see' '
	push_and_die 3 &&
	test_path_is_file $NOTE &&
	test "$(stat -c %a $NOTE)" = 600 &&
	resutil list-remote >listed &&
	test_must_be_empty listed &&
	uploads >left &&
	test_line_count = 1 left &&
	grep "^$KEY " left
'

test_expect_success 'the next one sends what is missing' '
	read -r key id <left &&
	held=$(parts "$id") &&
	test "$held" -ge 3 &&
	proxy_rules &&
	resutil send-pack $NAME >out 2>err &&
	grep "^new" out &&
	grep "resumed; [0-9.]* MiB of it had been sent before" err &&
	test $(sent) = $((9 - held)) &&
	no_uploads &&
	there
'

test_expect_success 'what comes back is what was sent' '
	mkdir other && cp resutil-conf.yaml other &&
	resutil -C other fetch-exp $NAME &&
	cmp results/$NAME/data.bin other/results/$NAME/data.bin &&
	remove_there
'

test_expect_success 'killed when all was sent: nothing is left to do' '
	dies "{\"method\": \"POST\", \"path\": \"uploadId=\",
		\"run_after\": \"kill -9 \$(cat $PWD/pid)\"}" &&
	test_path_is_file $NOTE &&
	proxy_rules &&
	resutil send-pack $NAME >out && grep ^same out &&
	test $(sent) = 0 &&
	no_uploads &&
	there &&
	remove_there
'

test_expect_success 'killed before the last step: all is held' '
	dies "{\"method\": \"POST\", \"path\": \"uploadId=\",
		\"run\": \"kill -9 \$(cat $PWD/pid)\", \"status\": 503}" &&
	proxy_rules &&
	RESUTIL_TEST_S3_PAGE=2 resutil send-pack $NAME >out 2>err &&
	grep ^new out && grep "resumed; 40" err &&
	test $(sent) = 0 &&
	test_requests = 5 "method == \"GET\" and \"uploadId\" in args" &&
	there &&
	remove_there
'

test_expect_success PTY 'what is shown is what the server has got' '
	proxy_rules "{\"method\": \"PUT\", \"path\": \"partNumber=[1-4]&\",
			\"delay\": 0.7}" \
		"{\"method\": \"PUT\", \"path\": \"partNumber=\",
			\"delay\": 0.4}" &&
	pty-run --out=out resutil send-pack $NAME >drawn 2>&1 &&
	tr "\r" "\n" <drawn >lines &&
	grep "Sending: ([1-5][0-9]%), [0-9.]* MiB" lines &&
	grep "Sending: (100%), 40.1 MiB" lines &&
	remove_there
'

test_expect_success 'somebody has put another run there: --force goes on' '
	push_and_die 3 &&
	mkdir third && cp resutil-conf.yaml third &&
	(
		cd third &&
		make_exp $NAME "id: \"$(test_id 3)\"" "revision: 1" &&
		resutil send-pack $NAME
	) &&
	proxy_rules &&
	test_expect_code 14 resutil send-pack $NAME &&
	test_path_is_file $NOTE &&
	uploads >left && test_line_count = 1 left &&
	resutil send-pack --force $NAME 2>err && grep resumed err &&
	test $(sent) -lt 9 && no_uploads && there &&
	remove_there
'

test_expect_success 'Ctrl-C leaves the same as a death' '
	proxy_rules "{\"method\": \"PUT\", \"path\": \"partNumber\", \"nth\": 3,
		\"run_after\": \"kill -INT \$(cat $PWD/pid)\"}" \
		"{\"method\": \"PUT\", \"path\": \"partNumber\",
		\"from\": 7, \"stall_up\": 0}" &&
	test_expect_code 130 sh -c "echo \$\$ >pid; exec resutil send-pack $NAME" &&
	test_wait_for 20 is_quiet &&
	ls -A .resutil/uploads/origin >files &&
	printf "%s\n" .lock $NAME.json >want && test_cmp want files &&
	proxy_rules &&
	resutil send-pack $NAME 2>err && grep resumed err &&
	test $(sent) -lt 9 && there &&
	remove_there
'

test_expect_success 'the network goes away: what was sent is kept' '
	proxy_rules "{\"method\": \"PUT\", \"path\": \"partNumber=[5-9]\",
		\"reset_up\": 1000}" &&
	test_expect_code 12 resutil send-pack --patience 1 $NAME 2>err &&
	grep "$KEY" err &&
	test_path_is_file $NOTE &&
	uploads >left && test_line_count = 1 left &&
	proxy_rules &&
	resutil send-pack $NAME 2>err && grep resumed err &&
	test $(sent) = 5 && there &&
	remove_there
'

test_expect_success 'the keys expire: what was sent is kept' '
	proxy_rules "{\"method\": \"PUT\", \"path\": \"partNumber=[5-9]\",
		\"status\": 403, \"body\":
		\"<Error><Code>ExpiredToken</Code><Message>too late</Message></Error>\"}" &&
	test_expect_code 11 resutil send-pack $NAME 2>err &&
	grep "ExpiredToken: too late" err &&
	test_path_is_file $NOTE &&
	proxy_rules &&
	resutil send-pack $NAME 2>err && grep resumed err &&
	test $(sent) = 5 && there &&
	remove_there
'

test_done
