#!/bin/sh

test_description='Cloud Storage: uploads gone on with after a death'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google-uploads.sh

test_expect_success 'setup: a bucket, a large experiment' '
	setup_uploads 22000000
'

test_expect_success 'a push that is killed leaves a note and nothing to see' '
	push_and_die 3 &&
	test_path_is_file $NOTE &&
	test "$(stat -c %a $NOTE)" = 600 &&
	resutil list-remote >listed &&
	test_must_be_empty listed &&
	sessions open >nr && echo 1 >want && test_cmp want nr
'

test_expect_success 'the next one sends what is missing' '
	held >bytes && held=$(($(cat bytes) / 1048576)) && test $held -ge 3 &&
	proxy_rules &&
	resutil send-pack $NAME >out 2>err &&
	grep "^new" out &&
	grep "resumed; [0-9.]* MiB of it had been sent before" err &&
	test $(sent) = $((21 - held)) &&
	test_requests = 1 "method == \"PUT\" and up == 0" &&
	no_uploads && there
'

test_expect_success 'what comes back is what was sent' '
	mkdir other && cp resutil-conf.yaml key.json other &&
	resutil -C other fetch-exp $NAME &&
	cmp results/$NAME/data.bin other/results/$NAME/data.bin &&
	remove_there
'

test_expect_success 'killed when all was sent: nothing is left to do' '
	dies "{\"method\": \"PUT\", \"head\": \"x-goog-hash\",
		\"run_after\": \"kill -9 \$(cat $PWD/pid)\"}" &&
	test_path_is_file $NOTE &&
	proxy_rules &&
	resutil send-pack $NAME >out && grep ^same out &&
	test $(sent) = 0 &&
	no_uploads && there && remove_there
'

# Another machine has removed it before this one looks.
test_expect_success 'a session that is done says nothing of what is there' '
	dies "{\"method\": \"PUT\", \"head\": \"x-goog-hash\",
		\"run_after\": \"kill -9 \$(cat $PWD/pid)\"}" &&
	there && resutil -C other remove-exp --force --remote=origin $NAME &&
	test_path_is_file $NOTE && proxy_rules &&
	resutil send-pack $NAME >out 2>err && grep ^new out &&
	test $(sent) = 21 && there && no_uploads && remove_there
'

test_expect_success 'killed before the last piece: all but that is held' '
	dies "{\"method\": \"PUT\", \"head\": \"x-goog-hash\",
		\"run\": \"kill -9 \$(cat $PWD/pid)\", \"status\": 503}" &&
	proxy_rules &&
	resutil send-pack $NAME >out 2>err &&
	grep ^new out && grep "resumed; 2[01]" err &&
	test $(sent) = 1 &&
	no_uploads && there && remove_there
'

test_expect_success 'killed before the first piece' '
	dies "{\"method\": \"PUT\", $SESSION,
		\"run\": \"kill -9 \$(cat $PWD/pid)\", \"status\": 503}" &&
	test_path_is_file $NOTE && proxy_rules &&
	resutil send-pack $NAME 2>err &&
	test $(sent) = 21 &&
	test_requests = 0 "\"uploadType\" in args and
		args[\"uploadType\"] == [\"resumable\"] and method == \"POST\"" &&
	no_uploads && there && remove_there
'

test_expect_success 'a piece that was cut: its granules count' '
	dies "{\"method\": \"PUT\", $SESSION, \"nth\": 3, \"reset_up\": 700000},
		{\"method\": \"PUT\", $SESSION, \"nth\": 4,
		\"run\": \"kill -9 \$(cat $PWD/pid)\", \"status\": 503}" &&
	held >bytes && echo $((2 * 1048576 + 2 * 262144)) >want &&
	test_cmp want bytes &&
	proxy_rules && resutil send-pack $NAME 2>err &&
	grep "resumed; 2.5 MiB" err &&
	no_uploads && there && remove_there
'

test_expect_success 'somebody has put another run there: --force begins anew' '
	push_and_die 3 &&
	mkdir third && cp resutil-conf.yaml key.json third &&
	(
		cd third &&
		make_exp $NAME "id: \"$(test_id 3)\"" "revision: 1" &&
		resutil send-pack $NAME
	) &&
	proxy_rules &&
	test_expect_code 14 resutil send-pack $NAME &&
	resutil send-pack --force $NAME 2>err && ! grep resumed err &&
	test $(sent) = 21 && no_uploads && there && remove_there
'

test_expect_success 'Ctrl-C leaves the same as a death' '
	proxy_rules "{\"method\": \"PUT\", $SESSION, \"nth\": 3,
		\"run_after\": \"kill -INT \$(cat $PWD/pid)\"}" \
		"{\"method\": \"PUT\", $SESSION, \"from\": 5, \"stall_up\": 0}" &&
	test_expect_code 130 sh -c "echo \$\$ >pid; exec resutil send-pack $NAME" &&
	test_wait_for 20 is_quiet &&
	ls -A .resutil/uploads/origin >files &&
	printf "%s\n" .lock $NAME.json >want && test_cmp want files &&
	proxy_rules &&
	resutil send-pack $NAME 2>err && grep resumed err &&
	test $(sent) -lt 20 && there && remove_there
'

test_expect_success 'the network goes away: what was sent is kept' '
	proxy_rules "{\"method\": \"PUT\", $SESSION, \"from\": 5,
		\"reset_up\": 0}" &&
	test_expect_code 12 resutil send-pack --patience 1 $NAME 2>err &&
	grep "$KEY" err && test_path_is_file $NOTE &&
	sessions open >nr && echo 1 >want && test_cmp want nr &&
	proxy_rules &&
	resutil send-pack $NAME 2>err && grep resumed err &&
	test $(sent) = 17 && no_uploads && there && remove_there
'

test_expect_success 'a refusal on the way: what was sent is kept' '
	proxy_rules "{\"method\": \"PUT\", $SESSION, \"from\": 5,
		\"status\": 403, \"body\": \"{\\\"error\\\": {\\\"code\\\": 403,
		\\\"message\\\": \\\"too late\\\", \\\"errors\\\":
		[{\\\"reason\\\": \\\"forbidden\\\"}]}}\"}" &&
	test_expect_code 11 resutil send-pack $NAME 2>err &&
	grep "forbidden: too late" err && test_path_is_file $NOTE &&
	proxy_rules &&
	resutil send-pack $NAME 2>err && grep resumed err &&
	test $(sent) = 17 && no_uploads && there && remove_there
'

test_done
