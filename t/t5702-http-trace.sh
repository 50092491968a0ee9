#!/bin/sh

test_description='HTTP door: RESUTIL_TRACE_HTTP, and what it does not tell'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-http.sh

secret=hUsh7Kx2Qw9ZpL4mN8vB3cD6fG1jR5tY

test_expect_success 'setup: a server behind a proxy' '
	make_ca ca && make_cert ca localhost DNS:localhost &&
	start_nginx "$PWD/ca/localhost.pem" && echo hello >"$NGINX_FILES/file" &&
	start_proxy "$NGINX_SINK"
'

test_expect_success 'requests and answers, a line each, and their fields' '
	RESUTIL_TRACE_HTTP=$PWD/trace http-ask -H "X-Mine: of the test" \
		"$PROXY/file?a=b" >out &&
	test_grep "^[0-9:.]* lib/wrap/http-trace.c:[0-9]* #1 > GET $PROXY/file?a=b$" \
		trace &&
	test_grep "#1 > X-Mine: of the test$" trace &&
	test_grep "#1 < 200 HTTP/1.1 after [0-9.]* ms, from port [0-9]* (connected)$" \
		trace &&
	test_grep "#1 < content-length: 6$" trace
'

test_expect_success '1, 2, a descriptor; nothing on standard output' '
	http-ask "$PROXY/file" >plain &&
	RESUTIL_TRACE_HTTP=1 http-ask "$PROXY/file" >out 2>err &&
	test_cmp plain out && test_grep "#1 > GET" err &&
	RESUTIL_TRACE_HTTP=2 http-ask "$PROXY/file" >out 2>err &&
	test_cmp plain out && test_grep "#1 > GET" err &&
	RESUTIL_TRACE_HTTP=7 http-ask "$PROXY/file" >out 2>err 7>seven &&
	test_cmp plain out && test_must_be_empty err &&
	test_grep "#1 > GET" seven &&
	RESUTIL_TRACE_HTTP=0 http-ask "$PROXY/file" >out 2>err &&
	test_must_be_empty err &&
	# the trace of commands is another
	RESUTIL_TRACE=1 http-ask "$PROXY/file" >out 2>err &&
	test_must_fail grep "#1" err
'

test_expect_success 'lengths of bodies, and tries' '
	rm trace && proxy_rules "{\"nth\": [1, 2], \"status\": 503,
		\"fields\": {\"Retry-After\": \"0\"}, \"body\": \"busy here\"}" &&
	RESUTIL_TRACE_HTTP=$PWD/trace http-ask --repeat --patience=60 -X PUT \
		-s 1000 "$PROXY/up" >out &&
	grep -c "#1 > PUT $PROXY/up, 1000 bytes$" trace >nr &&
	echo 3 >expect && test_cmp expect nr &&
	test_grep "#1 < 503 " trace && test_grep "#1 < busy here" trace &&
	rm trace &&
	RESUTIL_TRACE_HTTP=$PWD/trace http-ask -X PUT -s 1000 --chunked \
		"$PROXY/up" >out &&
	test_grep "#1 > PUT $PROXY/up, in chunks$" trace
'

test_expect_success 'what went wrong is told' '
	rm trace && proxy_rules "{\"nth\": 1, \"reset_down\": 0}" &&
	RESUTIL_TRACE_HTTP=$PWD/trace http-ask --repeat --patience=60 \
		"$PROXY/file" >out &&
	test_grep "#1 ! the connection to .$PROXY. failed: " trace
'

test_expect_success 'secret fields, parameters and answers are not' '
	rm trace && proxy_rules "{\"answer\": {
		\"Set-Cookie\": \"sid=$secret\",
		\"Location\": \"$PROXY/x?X-Amz-Signature=$secret&y=1\",
		\"X-Auth-Token\": \"$secret\"}}" &&
	RESUTIL_TRACE_HTTP=$PWD/trace http-ask \
		-H "Authorization: Bearer $secret" -H "Cookie: a=$secret" \
		-H "X-Amz-Security-Token: $secret" -H "X-Api-Key: $secret" \
		"$PROXY/file?X-Amz-Signature=$secret&X-Amz-Expires=60&x%2damz%2dcredential=$secret&X-Amz-Security-Token=$secret&sig=$secret" \
		>out &&
	test_must_fail grep $secret trace &&
	test_grep "#1 > Authorization: <redacted>$" trace &&
	test_grep "?X-Amz-Signature=<redacted>&X-Amz-Expires=60&x%2damz%2dcredential=<redacted>&X-Amz-Security-Token=<redacted>&sig=<redacted>$" trace &&
	test_grep "#1 < set-cookie: <redacted>$" trace &&
	test_grep "#1 < location: $PROXY/x?X-Amz-Signature=<redacted>&y=1$" trace
'

test_expect_success 'nor is what its caller calls secret' '
	rm trace && proxy_rules "{\"path\": \"keys\", \"status\": 400,
		\"fields\": {\"X-Thing\": \"$secret\"}, \"body\": \"$secret\"}" &&
	test_expect_code 128 env RESUTIL_TRACE_HTTP="$PWD/trace" http-ask \
		--secret-query --secret-answer "$PROXY/keys?code=$secret" >out &&
	test_must_fail grep $secret trace &&
	test_grep "#1 > GET $PROXY/keys?<redacted>$" trace &&
	test_grep "#1 < 400 " trace
'

test_expect_success 'nor what a store sends back of a signature' '
	rm trace && proxy_rules "{\"status\": 403, \"body\":
		\"<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>$secret</AWSAccessKeyId><CanonicalRequest>GET x-amz-security-token:$secret</CanonicalRequest></Error>\"}" &&
	test_expect_code 11 env RESUTIL_TRACE_HTTP="$PWD/trace" http-ask \
		"$PROXY/file" >out &&
	test_grep "<Code>SignatureDoesNotMatch</Code>" trace &&
	test_must_fail grep $secret trace
'

test_expect_success 'a password in a URL is in no sentence and no trace' '
	rm trace && port=$(free_port) &&
	test_expect_code 12 env RESUTIL_TRACE_HTTP="$PWD/trace" http-ask \
		"http://me:$secret@127.0.0.1:$port/x?token=$secret" 2>err &&
	test_must_fail grep $secret err trace
'

test_expect_success 'what a server says is harmless on a terminal' '
	rm trace && proxy_rules "{\"status\": 500,
		\"body\": \"\\u001b[31mred\\u0007\"}" &&
	test_expect_code 12 env RESUTIL_TRACE_HTTP="$PWD/trace" http-ask \
		--repeat "$PROXY/file" >out &&
	test_grep red trace &&
	test_must_fail grep "$(printf "[\\033\\007]")" trace
'

test_done
