#!/bin/sh

test_description='HTTP door: servers and lines that fail'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-http.sh

test_expect_success 'setup: a server behind a proxy that spoils' '
	make_ca ca && make_cert ca localhost DNS:localhost &&
	start_nginx "$PWD/ca/localhost.pem" && start_proxy "$NGINX_SINK" &&
	head -c 3000000 /dev/zero >"$NGINX_FILES/big" &&
	echo hello >"$NGINX_FILES/file"
'

for status in 408 429 500 502 503 504
do
	test_expect_success "after $status what is safe is sent again" '
		proxy_rules "{\"nth\": [1, 2], \"status\": $status}" &&
		http-ask --repeat --patience=60 "$PROXY/file" >out &&
		test_grep "^200 HTTP/1.1 3 tries, 6 bytes" out
	'
done

for status in 400 401 403 404 405 409 411 412 416 501 505
do
	test_expect_success "after $status nothing is" '
		proxy_rules "{\"status\": $status}" &&
		test_must_fail http-ask --repeat --patience=60 "$PROXY/file" \
			>out &&
		test_grep "^$status HTTP/1.1 1 try" out &&
		test_requests = 1 True
	'
done

test_expect_success 'what is not safe is sent once, whatever comes' '
	for rule in "\"status\": 500" "\"status\": 503" "\"lose\": true" \
		"\"reset_up\": 10"
	do
		proxy_rules "{$rule}" &&
		test_must_fail http-ask --patience=60 -X PUT -d 0123456789abcdef \
			"$PROXY/up" >out 2>err &&
		test_requests = 1 True || return 1
	done
'

test_expect_success 'but when no byte of it went out' '
	port=$(free_port) &&
	test_expect_code 12 http-ask --patience=1 -X PUT -d x \
		"http://127.0.0.1:$port/" 2>err &&
	test_grep "(tried again for 1 s)" err
'

test_expect_success 'Retry-After, in seconds and as a date' '
	proxy_rules "{\"nth\": 1, \"status\": 503, \"fields\": {
		\"Retry-After\": \"1\"}}" &&
	before=$(date +%s) &&
	http-ask --repeat --patience=60 "$PROXY/file" >out &&
	test $(($(date +%s) - before)) -ge 1 &&
	test_grep "2 tries" out &&
	when=$(TZ=UTC date -d "+3 seconds" "+%a, %d %b %Y %H:%M:%S GMT") &&
	proxy_rules "{\"nth\": 1, \"status\": 429, \"fields\": {
		\"Retry-After\": \"$when\"}}" &&
	before=$(date +%s) &&
	http-ask --patience=60 -X PUT -d x "$PROXY/up" >out &&
	test $(($(date +%s) - before)) -ge 2 &&
	test_grep "2 tries" out
'

test_expect_success 'one that asks for an hour is not waited for' '
	proxy_rules "{\"status\": 503, \"fields\": {\"Retry-After\": \"3600\"}}" &&
	test_expect_code 12 http-ask --repeat --patience=60 "$PROXY/file" >out &&
	test_grep "^503 .* 1 try.*, gave up" out
'

test_expect_success 'resets, lost answers, bodies that are cut: again' '
	for rule in "\"lose\": true" "\"reset_down\": 0" "\"short\": 3" \
		"\"reset_down\": 3"
	do
		proxy_rules "{\"nth\": 1, $rule}" &&
		http-ask --repeat --patience=60 "$PROXY/file" >out &&
		test_grep "^200 .* 6 bytes" out &&
		test_requests = 2 True || return 1
	done &&
	for rule in "\"lose\": true" "\"reset_up\": 300000"
	do
		proxy_rules "{\"nth\": 1, $rule}" &&
		http-ask --repeat --patience=60 -X PUT -s 1000000 "$PROXY/up" \
			>out &&
		test_requests = 2 True &&
		test $(wc -c <"$NGINX_FILES/up") = 1000000 || return 1
	done
'

test_expect_success 'who has the beginning of a body is told, not begun anew' '
	proxy_rules "{\"nth\": 1, \"short\": 1000000}" &&
	test_must_fail http-ask --repeat --patience=60 --stream "$PROXY/big" \
		2>err &&
	test_grep "the connection to .$PROXY. failed" err &&
	test_requests = 1 True
'

test_expect_success 'a server that stalls: before, in and behind the body' '
	for rule in "\"stall_down\": 0" "\"stall_down\": 3"
	do
		proxy_rules "{\"nth\": 1, $rule}" &&
		http-ask --repeat --patience=60 --stall=1 "$PROXY/file" >out &&
		test_grep "^200 HTTP/1.1 2 tries" out || return 1
	done &&
	proxy_rules "{\"nth\": 1, \"stall_up\": 100000}" &&
	http-ask --repeat --patience=60 --stall=1 -X PUT -s 30000000 \
		"$PROXY/up" >out &&
	test_grep "2 tries" out
'

test_expect_success 'connections that were closed meanwhile' '
	proxy_rules "{\"close\": true}" &&
	http-ask --repeat --patience=60 -n 20 "$PROXY/file" >out &&
	test_line_count = 20 out &&
	test_must_fail grep -v "^200 .* 6 bytes" out
'

test_expect_success 'patience that ends is said' '
	proxy_rules "{\"reset_down\": 0}" &&
	test_expect_code 12 http-ask --repeat --patience=1 "$PROXY/file" 2>err &&
	test_grep "(tried again for 1 s)" err &&
	proxy_rules "{\"status\": 500}" &&
	test_expect_code 12 http-ask --repeat --patience=1 "$PROXY/file" >out &&
	test_grep "gave up" out
'

test_expect_success 'an answer while the body is still being sent' '
	proxy_rules "{\"status\": 403, \"early\": true}" &&
	test_expect_code 11 http-ask -X PUT -s 30000000 "$PROXY/up" >out &&
	test_grep "^403" out
'

test_done
