#!/bin/sh

test_description='S3 over TLS and HTTP/2, authorities of our own, proxies'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

# names ENDPOINT [ARG...]: what is in the bucket, asked once
names () {
	names_at=$1 && shift &&
	resutil "$@" list-remote --timeout 20 \
		--remote "s3://lab?endpoint_url=$names_at" >out 2>err
}

# refused PATTERN: one line, which says so and does not go on to explain
refused () {
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep "^resutil: " err && test_grep "$1" err
}

# user_file CA: the user's settings name it
user_file=$HOME/.config/resutil/config.yaml
user_file () {
	mkdir -p "$HOME/.config/resutil" &&
	printf "http:\n  ca-file: %s\n" "$1" >"$user_file"
}

one=aapfcd_20240704T111555_one

test_expect_success 'setup: a server behind TLS, with certificates' '
	start_radosgw && make_bucket lab && unset AWS_ENDPOINT_URL &&
	resutil --no-interactive init --offline --project-name proj \
		--storage-type s3 -o bucket_name=lab >/dev/null &&
	make_ca ca && make_ca other && ca=$PWD/ca &&
	make_cert "$ca" good \
		DNS:localhost,DNS:s3.inside.test,IP:127.0.0.1 &&
	make_cert "$ca" elsewhere DNS:elsewhere.test &&
	make_cert "$ca" old DNS:localhost,IP:127.0.0.1 \
		-enddate 20200101000000Z &&
	make_cert "$ca" early DNS:localhost,IP:127.0.0.1 \
		-startdate 20490101000000Z -enddate 20490201000000Z &&
	start_proxy "$S3_ENDPOINT" && plain=$PROXY &&
	start_nginx "$ca/good.pem" "$plain" &&
	mkdir one && echo hello >one/file && (cd one && zip -qr ../one.zip .) &&
	resutil put-object --remote "s3://lab?endpoint_url=$S3_ENDPOINT" \
		"proj/$one.zip" one.zip
'

test_expect_success 'an authority by http.ca-file' '
	names "$NGINX" -c http.ca-file="$ca/ca.pem" && test_must_be_empty err &&
	echo $one >want && test_cmp want out &&
	names "$NGINX" -c http.ca-file=ca/ca.pem && test_cmp want out &&
	user_file "~/ca.pem" && cp ca/ca.pem "$HOME" &&
	test_when_finished "rm \"$user_file\"" &&
	names "$NGINX" && test_cmp want out
'

test_expect_success 'an authority by the environment' '
	for name in SSL_CERT_FILE CURL_CA_BUNDLE
	do
		(
			export "$name=$ca/ca.pem" &&
			names "$NGINX" && test_cmp want out
		) || return 1
	done
'

test_expect_success 'http.ca-file is instead of the environment' '
	(
		SSL_CERT_FILE=$ca/ca.pem && export SSL_CERT_FILE &&
		test_expect_code 12 names "$NGINX" \
			-c http.ca-file="$PWD/other/ca.pem" &&
		refused "cannot trust .https://localhost:$NGINX_PORT"
	)
'

test_expect_success 'an unknown authority is not believed' '
	test_expect_code 12 names "$NGINX" &&
	refused "cannot trust .*http\.ca-file"
'

for word in old:expired early:"not yet valid" elsewhere:"name"
do
	test_expect_success "a certificate that is no good: ${word%%:*}" '
		start_proxy --cert="$ca/${word%%:*}.pem" "$S3_ENDPOINT" &&
		test_expect_code 12 names "$PROXY" \
			-c http.ca-file="$ca/ca.pem" &&
		refused "cannot trust .*${word#*:}" &&
		test_requests = 0 True &&
		stop_process $PROXY_PID
	'
done

test_expect_success 'a file of certificates that is none' '
	test_expect_code 129 names "$NGINX" -c http.ca-file="$PWD/gone" &&
	refused "gone.*http\.ca-file\|http\.ca-file.*gone" &&
	echo nonsense >nonsense &&
	test_must_fail names "$NGINX" -c http.ca-file="$PWD/nonsense" &&
	refused nonsense
'

test_expect_success 'a server that speaks no TLS, and one that speaks nothing else' '
	test_expect_code 12 names "https://127.0.0.1:$S3_PORT" &&
	refused "127\.0\.0\.1:$S3_PORT" &&
	test_must_fail names "http://localhost:$NGINX_PORT" && refused "localhost"
'

test_expect_success 'HTTP/2 is spoken where the server does' '
	(
		RESUTIL_TRACE_HTTP=$PWD/trace && export RESUTIL_TRACE_HTTP &&
		names "$NGINX" -c http.ca-file="$ca/ca.pem" &&
		names "$S3_ENDPOINT"
	) &&
	grep "HTTP/2" trace && grep "HTTP/1.1" trace &&
	grep "\" 2[0-9]* .*HTTP/2\|HTTP/2.0\" 200" "$(dirname \
		"$NGINX_FILES")/access"
'

test_expect_success 'large and small objects over TLS, with their checksums' '
	NGINX_STORE="s3://lab?endpoint_url=$NGINX" &&
	user_file "$ca/ca.pem" &&
	head -c 20000000 /dev/urandom >large && head -c 100000 large >small &&
	for file in large small
	do
		resutil put-object --remote "$NGINX_STORE" $file $file >/dev/null &&
		resutil get-object --remote "$NGINX_STORE" $file >got &&
		cmp $file got &&
		s3_ask GET /lab/$file >got 2>/dev/null && cmp $file got || return 1
	done
'

test_expect_success 'HTTPS_PROXY: the name is found there, TLS is our own' '
	start_proxy "http://127.0.0.1:$NGINX_PORT" &&
	for name in HTTPS_PROXY https_proxy
	do
		proxy_rules &&
		(
			export "$name=$PROXY" &&
			names "https://s3.inside.test" && test_cmp want out
		) &&
		test_requests -ge 1 "method == \"CONNECT\" and
			path == \"s3.inside.test:443\"" || return 1
	done
'

test_expect_success 'NO_PROXY: not for these' '
	for name in NO_PROXY no_proxy
	do
		proxy_rules &&
		(
			HTTPS_PROXY=$PROXY && export HTTPS_PROXY &&
			export "$name=localhost,127.0.0.1" &&
			names "$NGINX" && test_cmp want out
		) &&
		test_requests = 0 True || return 1
	done
'

test_expect_success 'a proxy that wants a password gets it, and we tell nobody' '
	proxy_rules "{\"method\": \"CONNECT\", \"status\": 407, \"from\": 1}" &&
	(
		HTTPS_PROXY=http://user:hush%21@127.0.0.1:$PROXY_PORT &&
		export HTTPS_PROXY && RESUTIL_TRACE_HTTP=$PWD/trace.proxy &&
		export RESUTIL_TRACE_HTTP &&
		test_expect_code 12 names "https://s3.inside.test"
	) &&
	refused "proxy.*407" && test_grep ! "hush" err &&
	test_grep ! "hush" trace.proxy &&
	proxy_rules "{\"head\": \"^proxy-authorization: basic dXNlcjpodXNoIQ==\",
		\"delay\": 0}" \
		"{\"method\": \"CONNECT\", \"status\": 407}" &&
	(
		HTTPS_PROXY=http://user:hush%21@127.0.0.1:$PROXY_PORT &&
		export HTTPS_PROXY && names "https://s3.inside.test"
	) && test_cmp want out
'

test_expect_success 'a proxy that refuses, and one that is not there' '
	proxy_rules "{\"method\": \"CONNECT\", \"status\": 403}" &&
	(
		HTTPS_PROXY=$PROXY && export HTTPS_PROXY &&
		test_expect_code 12 names "https://s3.inside.test"
	) &&
	refused "proxy refuses the way to .https://s3.inside.test.* 403" &&
	(
		HTTPS_PROXY=http://127.0.0.1:$(free_port) &&
		export HTTPS_PROXY &&
		test_expect_code 12 names "https://s3.inside.test"
	) &&
	refused "cannot connect to .https://s3\.inside\.test"
'

test_expect_success 'HTTP_PROXY: for plain HTTP' '
	stop_process $PROXY_PID && start_proxy "$S3_ENDPOINT" &&
	for name in HTTP_PROXY http_proxy
	do
		proxy_rules &&
		(
			export "$name=$PROXY" &&
			names "http://s3.inside.test" && test_cmp want out
		) &&
		test_requests -ge 1 "path == \"/lab\" and status == 200" ||
		return 1
	done &&
	# a field of a request may say this to a CGI script
	proxy_rules &&
	(
		HTTP_PROXY=$PROXY REQUEST_METHOD=GET &&
		export HTTP_PROXY REQUEST_METHOD && names "$S3_ENDPOINT"
	) &&
	test_cmp want out && test_requests = 0 True
'

test_done
