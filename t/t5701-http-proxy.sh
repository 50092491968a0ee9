#!/bin/sh

test_description='HTTP door: proxies of the environment'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-http.sh

test_expect_success 'setup: servers, and a proxy' '
	make_ca ca && make_cert ca localhost DNS:localhost,IP:127.0.0.1 &&
	start_nginx "$PWD/ca/localhost.pem" && echo hello >"$NGINX_FILES/file" &&
	start_proxy "$NGINX_SINK"
'

test_expect_success 'http_proxy is asked for what has no TLS' '
	http_proxy=$PROXY http-ask "http://far.example/file" >out &&
	test_grep "^200 HTTP/1.1 1 try, 6 bytes" out &&
	test_requests = 1 "method == \"GET\""
'

test_expect_success 'HTTP_PROXY too, but where a request may have set it' '
	proxy_rules &&
	HTTP_PROXY=$PROXY http-ask "http://far.example/file" >out &&
	test_requests = 1 True && proxy_rules &&
	REQUEST_METHOD=GET HTTP_PROXY=$PROXY http-ask "$NGINX_SINK/file" \
		>out &&
	test_requests = 0 True
'

test_expect_success 'NO_PROXY' '
	NO_PROXY=127.0.0.1 http_proxy=$PROXY http-ask "$NGINX_SINK/file" >out &&
	NO_PROXY=127.0.0.1 HTTP_PROXY=$PROXY http-ask "$NGINX_SINK/file" >out &&
	test_requests = 0 True
'

test_expect_success 'nor is a proxy asked about the local link' '
	http_proxy=$PROXY http-ask --local "$NGINX_SINK/file" >out &&
	test_requests = 0 True
'

test_expect_success 'HTTPS_PROXY: a tunnel, in which the server is checked' '
	start_proxy "https://127.0.0.1:$NGINX_PORT" &&
	test_when_finished "sed s/^/#/ \"$PROXY_LOG\"" &&
	HTTPS_PROXY=$PROXY http-ask --repeat --ca=ca/ca.pem "$NGINX/file" >out &&
	test_grep "^200 HTTP/2 1 try, 6 bytes" out &&
	test_requests = 1 "method == \"CONNECT\"" &&
	test_expect_code 12 env HTTPS_PROXY="$PROXY" http-ask "$NGINX/file" \
		2>err &&
	test_grep "cannot trust" err
'

test_expect_success 'a proxy that refuses: said, and not tried again' '
	proxy_rules "{\"method\": \"CONNECT\", \"status\": 403}" &&
	test_expect_code 12 env HTTPS_PROXY="$PROXY" \
		http-ask --ca=ca/ca.pem --patience=60 --repeat "$NGINX/file" \
		2>err &&
	test_grep "the proxy refuses the way to .$NGINX. with status 403" err &&
	test_grep "HTTPS_PROXY" err &&
	test_requests = 1 "method == \"CONNECT\""
'

test_expect_success 'one that is busy is asked again' '
	proxy_rules "{\"method\": \"CONNECT\", \"times\": 2, \"status\": 503}" &&
	HTTPS_PROXY=$PROXY http-ask --ca=ca/ca.pem --patience=60 -X PUT -d x \
		"$NGINX/other" >out &&
	test_grep "^201 HTTP/1.1 3 tries" out
'

test_expect_success 'a proxy that is not there' '
	port=$(free_port) &&
	test_expect_code 12 env HTTPS_PROXY="http://127.0.0.1:$port" \
		http-ask --ca=ca/ca.pem "$NGINX/file" 2>err &&
	test_grep "cannot connect to .$NGINX.: .*$port" err &&
	test_expect_code 12 env HTTPS_PROXY="http://no-such-host.invalid:1" \
		http-ask --ca=ca/ca.pem "$NGINX/file" 2>err &&
	test_grep "the proxy on the way" err && test_grep HTTPS_PROXY err
'

test_expect_success 'its password is in no sentence and no trace' '
	proxy_rules "{\"method\": \"CONNECT\", \"status\": 407}" &&
	test_expect_code 12 env RESUTIL_TRACE_HTTP="$PWD/trace" \
		HTTPS_PROXY="http://me:sesame42@127.0.0.1:$PROXY_PORT" \
		http-ask --ca=ca/ca.pem "$NGINX/file" 2>err &&
	test_grep "status 407" err &&
	test_must_fail grep -e sesame42 -e "Proxy-Auth" err trace &&
	for proxy in "http://me:sesame42@[::1" "odd://me:sesame42@localhost:1" \
		"http://me:sesame42@localhost:999999"
	do
		test_expect_code 12 env RESUTIL_TRACE_HTTP="$PWD/trace" \
			HTTPS_PROXY="$proxy" http-ask --ca=ca/ca.pem \
			--patience=60 --repeat "$NGINX/file" 2>err &&
		test_grep "has a URL that is none; see HTTPS_PROXY" err &&
		test_must_fail grep -e sesame42 -e "tried again" err trace ||
		return 1
	done
'

test_expect_success 'a proxy that speaks TLS is checked as well' '
	start_proxy --cert="$PWD/ca/localhost.pem" \
		"https://127.0.0.1:$NGINX_PORT" &&
	HTTPS_PROXY=https://localhost:$PROXY_PORT http-ask --ca=ca/ca.pem \
		"$NGINX/file" >out &&
	test_grep "^200 HTTP/1.1 1 try, 6 bytes" out &&
	test_requests = 1 "method == \"CONNECT\"" &&
	make_ca other &&
	test_expect_code 12 env HTTPS_PROXY="https://localhost:$PROXY_PORT" \
		http-ask --ca=other/ca.pem --patience=60 --repeat \
		"$NGINX/file" 2>err &&
	test_grep "cannot trust" err
'

test_done
