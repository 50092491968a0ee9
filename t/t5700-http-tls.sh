#!/bin/sh

test_description='HTTP door: certificates, HTTP/2, connections'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-http.sh

# How many connections the trace tells of.
connections () {
	grep -c "(connected)" "$1"
}

test_expect_success 'setup: an authority, and a server with TLS' '
	make_ca ca && make_ca other &&
	make_cert ca localhost DNS:localhost,IP:127.0.0.1 &&
	make_cert ca elsewhere DNS:elsewhere.example &&
	make_cert ca old DNS:localhost -enddate 20200101000000Z &&
	start_nginx "$PWD/ca/localhost.pem" && echo hello >"$NGINX_FILES/file"
'

test_expect_success 'a certificate of nobody that is known: not tried again' '
	test_expect_code 12 http-ask --patience=60 --repeat "$NGINX/file" 2>err &&
	test_grep "cannot trust .$NGINX.: .*certificate" err &&
	test_grep "http.ca-file" err
'

test_expect_success 'http.ca-file, and what the environment names' '
	http-ask --show --repeat --ca=ca/ca.pem "$NGINX/file" >out &&
	test_grep "^200 HTTP/2 1 try, 6 bytes" out && test_grep "^hello" out &&
	CURL_CA_BUNDLE=$PWD/ca/ca.pem http-ask "$NGINX/file" >out &&
	SSL_CERT_FILE=$PWD/ca/ca.pem http-ask "$NGINX/file" >out &&
	CURL_CA_BUNDLE=$PWD/ca/ca.pem SSL_CERT_FILE=$PWD/nowhere \
		http-ask "$NGINX/file" >out &&
	mkdir hashed && cp ca/ca.pem hashed/ && openssl rehash hashed &&
	SSL_CERT_DIR=$PWD/hashed http-ask "$NGINX/file" >out
'

test_expect_success 'http.ca-file goes before the environment' '
	SSL_CERT_FILE=$PWD/ca/ca.pem SSL_CERT_DIR=$PWD/hashed \
		test_expect_code 12 http-ask --ca=other/ca.pem "$NGINX/file" \
		2>err &&
	test_grep "cannot trust" err
'

test_expect_success 'a file that is missing, or holds none' '
	test_expect_code 129 http-ask --ca=nowhere.pem "$NGINX/file" 2>err &&
	test_grep "nowhere.pem. (http.ca-file): No such file" err &&
	test_expect_code 129 env SSL_CERT_FILE="$PWD/nowhere.pem" \
		http-ask "$NGINX/file" 2>err &&
	test_grep "$PWD/nowhere.pem. (SSL_CERT_FILE)" err &&
	echo nothing >empty.pem &&
	test_expect_code 129 http-ask --ca=empty.pem "$NGINX/file" 2>err &&
	test_grep "empty.pem. (http.ca-file)" err &&
	# without TLS it is not looked at
	SSL_CERT_FILE=$PWD/nowhere.pem http-ask "$NGINX_SINK/file" >out
'

test_expect_success 'small requests share one connection' '
	RESUTIL_TRACE_HTTP=$PWD/trace http-ask --ca=ca/ca.pem --repeat \
		-j 16 -n 10 "$NGINX/file" >out &&
	test_line_count = 160 out &&
	test_must_fail grep -v "^200 HTTP/2 1 try, 6 bytes" out &&
	test "$(connections trace)" = 1
'

test_expect_success 'what cannot be sent again has one of its own' '
	http-ask --ca=ca/ca.pem -X PUT -d x "$NGINX/one" >out &&
	test_grep "^201 HTTP/1.1 1 try" out
'

test_expect_success 'large ones have their own, and use them again' '
	rm trace &&
	RESUTIL_TRACE_HTTP=$PWD/trace http-ask --ca=ca/ca.pem -j 4 -n 5 \
		-X PUT -s 300000 "$NGINX/up" >out &&
	test_line_count = 20 out &&
	test_must_fail grep -v "^20[14] HTTP/1.1 1 try" out &&
	test "$(connections trace)" -le 4 &&
	rm trace &&
	RESUTIL_TRACE_HTTP=$PWD/trace http-ask --ca=ca/ca.pem -j 4 -n 5 \
		--stream "$NGINX/up" >out &&
	test_line_count = 20 out &&
	test_must_fail grep -v "^200 HTTP/1.1 1 try, 300000 bytes" out &&
	test "$(connections trace)" -le 4
'

test_expect_success 'bodies of unknown length' '
	http-ask --ca=ca/ca.pem -X PUT -s 700000 --chunked "$NGINX/many" >out &&
	http-ask --ca=ca/ca.pem "$NGINX/many" >out &&
	test_grep "700000 bytes" out
'

test_expect_success 'a certificate for another host, and one that has ended' '
	start_nginx "$PWD/ca/elsewhere.pem" &&
	test_expect_code 12 http-ask --ca=ca/ca.pem "$NGINX/" 2>err &&
	test_grep "cannot trust" err &&
	start_nginx "$PWD/ca/old.pem" &&
	test_expect_code 12 http-ask --ca=ca/ca.pem "$NGINX/" 2>err &&
	test_grep "cannot trust .*expired" err
'

test_expect_success 'what speaks no TLS' '
	test_expect_code 12 http-ask --ca=ca/ca.pem --repeat --patience=60 \
		"https://${NGINX_SINK#http://}/" 2>err &&
	test_grep "does not speak TLS" err
'

test_expect_success 'a server that ends connections that are used' '
	NGINX_REQUESTS=40 && start_nginx "$PWD/ca/localhost.pem" &&
	http-ask --ca=ca/ca.pem -j 16 -n 30 -X PUT -d x "$NGINX/a" >out &&
	test_line_count = 480 out &&
	http-ask --ca=ca/ca.pem -j 16 -n 30 -X PUT -d x --repeat \
		--patience=60 "$NGINX/a" >out &&
	test_line_count = 480 out && test_grep HTTP/2 out
'

test_done
