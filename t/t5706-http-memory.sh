#!/bin/sh

test_description='HTTP door: memory, rate and waits'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-http.sh

test_expect_success 'setup: a server' '
	make_ca ca && make_cert ca localhost DNS:localhost &&
	start_nginx "$PWD/ca/localhost.pem" && start_proxy "$NGINX_SINK" &&
	head -c 3000000 /dev/zero >"$NGINX_FILES/big"
'

test_expect_success !SANITIZED 'what streams takes no memory, whatever its size' '
	truncate -s 300000000 "$NGINX_FILES/huge" &&
	max-rss rss http-ask --stream -j 8 "$NGINX_SINK/huge" >out &&
	test_line_count = 8 out && test $(cat rss) -lt 40000 &&
	max-rss rss http-ask -X PUT -s 300000000 -j 2 "$NGINX_SINK/huge2" \
		>out &&
	test_line_count = 2 out && test $(cat rss) -lt 40000 &&
	rm "$NGINX_FILES/huge" "$NGINX_FILES/huge2"
'

test_expect_success 'a rate holds for all of them together' '
	proxy_rules &&
	before=$(date +%s%N) &&
	http-ask --rate=3000000 --stream -j 2 "$PROXY/big?x" >out &&
	took=$((($(date +%s%N) - before) / 1000000)) &&
	echo "took $took ms" &&
	test $took -ge 1700 && test $took -lt 20000
'

test_expect_success 'a long Retry-After is told, once' '
	proxy_rules "{\"nth\": [1, 2, 3, 4], \"status\": 503, \"fields\": {
		\"Retry-After\": \"4\"}}" &&
	http-ask --repeat --patience=60 -j 4 "$PROXY/big" >out 2>err &&
	test_line_count = 1 err &&
	test_grep "warning: .$PROXY. is busy (status 503) and asks to wait for 4 seconds" \
		err &&
	test_must_fail grep -v "^200 HTTP/1.1 2 tries" out
'

test_done
