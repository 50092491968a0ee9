#!/bin/sh

test_description='servers of the tests: what they are said to do they do'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

# With keys, to the proxy; the status that came is in `status`, "none" without.
ask () {
	S3_ENDPOINT=$PROXY S3_KEY=$ODD_KEY S3_SECRET=$ODD_SECRET s3_ask "$@" \
		>body 2>said
	status=$(sed -n "1s/^\([0-9]*\) .*/\1/p" said)
	test -n "$status" || status=none
}

status_is () {
	test "$status" = "$1" && return 0
	echo >&4 "error: the status is $status, not $1"
	cat said >&4
	return 1
}

test_expect_success 'setup: a server that misbehaves, and a proxy' '
	start_odd_s3 && start_proxy "$ODD" &&
	export ODD_KEY ODD_SECRET && head -c 100000 /dev/urandom >data
'

test_expect_success 'without rules the proxy changes nothing' '
	ask -b data -H "x-amz-meta-a: b  c" PUT "/b/a b+c" && status_is 200 &&
	ask GET "/b/a b+c" && status_is 200 && cmp data body &&
	grep -x "x-amz-meta-a: b  c" said &&
	ask -H "range:bytes=10-19" GET "/b/a b+c" && status_is 206 &&
	test_line_count = 3 "$PROXY_LOG" &&
	test_requests = 1 "method == \"PUT\" and up == 100000" &&
	test_requests = 1 "range == \"bytes=10-19\" and down == 10" &&
	test_requests = 3 "unquote(path) == \"/b/a b+c\""
'

test_expect_success 'a rule answers for the server' '
	proxy_rules "{\"method\": \"GET\", \"nth\": 2, \"status\": 503,
		\"fields\": {\"Retry-After\": \"7\"}, \"body\": \"no\"}" &&
	ask GET /b/x && status_is 404 &&
	ask HEAD /b/x && status_is 404 &&
	ask GET /b/x && status_is 503 && grep "^retry-after: 7$" said &&
	printf no >want && test_cmp want body &&
	ask GET /b/x && status_is 404 &&
	test_requests = 1 "status == 503 and theirs == 0" &&
	proxy_rules "{\"every\": 2, \"status\": 500, \"early\": true}" &&
	ask -b data PUT /b/x && status_is 200 &&
	ask -b data PUT /b/y && status_is 500 &&
	ask -b data PUT /b/x && status_is 200 &&
	test_requests = 1 "status == 500 and up == 0"
'

test_expect_success 'a rule resets: before the server has it, or after' '
	proxy_rules "{\"method\": \"PUT\", \"reset_up\": 5000}" &&
	ask -b data PUT /b/lost && status_is none &&
	test_requests = 1 "method == \"PUT\" and up == 5000 and status == 0" &&
	proxy_rules && ask GET /b/lost && status_is 404 &&
	proxy_rules "{\"method\": \"PUT\", \"lose\": true}" &&
	ask -b data PUT /b/kept && status_is none &&
	test_requests = 1 "status == 0 and theirs == 200" &&
	proxy_rules && ask GET /b/kept && status_is 200 && cmp data body
'

test_expect_success 'a rule cuts and changes what comes back' '
	proxy_rules "{\"nth\": 1, \"reset_down\": 3000}" \
		"{\"nth\": 2, \"short\": 3000}" \
		"{\"nth\": 3, \"corrupt_down\": 99999}" \
		"{\"nth\": 4, \"answer\": {\"ETag\": null, \"X\": \"y\"}, \"code\": 203}" &&
	ask GET /b/kept && test_must_be_empty body && grep ResetError said &&
	ask GET /b/kept && test_must_be_empty body && grep IncompleteRead said &&
	ask GET /b/kept && status_is 200 && test_expect_code 1 cmp -s data body &&
	head -c 99999 data >a && head -c 99999 body >b && cmp a b &&
	ask GET /b/kept && status_is 203 && cmp data body &&
	grep "^x: y$" said && test_grep ! "^etag" said
'

test_expect_success 'a rule changes what is sent; the signature tells' '
	proxy_rules "{\"nth\": 1, \"corrupt_up\": 0}" &&
	ask -b data PUT /b/new && status_is 400 && grep ContentSHA256 body &&
	ask GET /b/new && status_is 404
'

test_expect_success 'a rule has others act in between' '
	proxy_rules "{\"run\": \"echo before >>$PWD/acts\",
		\"run_after\": \"echo after >>$PWD/acts\",
		\"replace\": {\"<Key>kept\": \"<Key>made up\"}}" &&
	ask GET "/b?list-type=2" && status_is 200 && grep "<Key>made up" body &&
	printf "before\nafter\n" >want && test_cmp want acts
'

test_expect_success 'it is what HTTP_PROXY may name' '
	proxy_rules &&
	cat >ask.py <<-\END &&
	import sys, urllib.request
	print(urllib.request.urlopen(sys.argv[1]).status)
	END
	odd_modes "{\"public\": true}" &&
	http_proxy=$PROXY /usr/bin/python3 ask.py http://no.such.host/b/kept >out &&
	test_requests = 1 "path == \"/b/kept\" and status == 200" &&
	odd_modes "{}"
'

test_expect_success 'the odd server refuses what is not signed right' '
	proxy_rules &&
	S3_REGION=eu-west-9 ask GET /b/kept && status_is 200 &&
	ODD_SECRET=other ask GET /b/kept && status_is 403 &&
	grep SignatureDoesNotMatch body &&
	ODD_KEY=other ask GET /b/kept && status_is 403 &&
	grep InvalidAccessKeyId body
'

test_expect_success 'the odd server is as odd as it is told' '
	odd_modes "{\"region\": \"eu-west-1\"}" &&
	ask GET /b/kept && status_is 400 && grep "<Region>eu-west-1<" body &&
	S3_REGION=eu-west-1 ask GET /b/kept && status_is 200 &&
	odd_modes "{\"conditions\": \"501\"}" &&
	ask -H "if-none-match:*" -b data PUT /b/kept && status_is 501 &&
	odd_modes "{\"conditions\": \"ignore\"}" &&
	ask -H "if-none-match:*" -b data PUT /b/kept && status_is 200 &&
	odd_modes "{}" &&
	ask -H "if-none-match:*" -b data PUT /b/kept && status_is 412 &&
	odd_modes "{\"skew\": 3600}" &&
	ask GET /b/kept && status_is 403 && grep RequestTimeTooSkewed body &&
	odd_modes "{\"slow\": 2}" &&
	ask GET /b/kept && status_is 503 && ask GET /b/kept && status_is 503 &&
	ask GET /b/kept && status_is 200 &&
	odd_modes "{\"etag\": \"none\"}" &&
	ask GET /b/kept && status_is 200 && test_grep ! "^etag" said
'

test_expect_success 'the odd server lists a million keys in pages' '
	odd_modes "{\"many\": 1000000}" &&
	ask GET "/b?list-type=2&continuation-token=999500" && status_is 200 &&
	test "$(grep -o "<Key>" body | wc -l)" = 500 &&
	grep "<IsTruncated>false" body &&
	ask GET "/b?list-type=2" && test "$(grep -o "<Key>" body | wc -l)" = 1000
'

test_expect_success 'radosgw is there, in several at once, and goes' '
	start_radosgw && first=$S3_ENDPOINT first_pid=$S3_SERVER &&
	make_bucket one && start_radosgw "rgw dns name = s3.localhost" &&
	test "$first" != "$S3_ENDPOINT" &&
	test_expect_code 1 s3_ask GET /one >out 2>err && grep "^404" err &&
	S3_ENDPOINT=$first && s3_ask GET /one >out 2>err &&
	stop_process $first_pid $S3_SERVER &&
	test_expect_code 1 s3_ask GET /one >out 2>err && grep refused err
'

test_expect_success 'what cannot be started fails the test' '
	mkdir bin && for program in cat mkdir sleep
	do
		ln -s "$(command -v $program)" bin/$program || return 1
	done &&
	(PATH=$PWD/bin && test_must_fail start_radosgw 4>says) &&
	grep "cannot be started" says && grep "monmaptool" says
'

test_expect_success 'nothing is left when a test is killed' '
	mkdir inner && cat >inner/t.sh <<-\END &&
	test_description="killed"
	. ./test-lib.sh
	. "$TEST_DIRECTORY"/lib-radosgw.sh
	start_radosgw && start_proxy "$S3_ENDPOINT" &&
	make_ca ca && make_cert ca c DNS:localhost &&
	start_nginx "$PWD/ca/c.pem" &&
	echo "$S3_PORT $PROXY_PORT $NGINX_PORT" >"$PORTS.new" &&
	mv "$PORTS.new" "$PORTS"
	kill -KILL $$
	END
	cat >closed.py <<-\END &&
	import socket, sys
	for port in sys.argv[1:]:
	    with socket.socket() as s:
	        if s.connect_ex(("127.0.0.1", int(port))) == 0:
	            sys.exit(1)
	END
	here=$PWD &&
	(
		cd "$TEST_DIRECTORY" &&
		PORTS=$here/ports sh "$here/inner/t.sh" \
			--root="$here/inner" --build="$BUILD_DIRECTORY"
	) >out 2>err
	read -r a b c <ports && test_wait_for 20 /usr/bin/python3 closed.py $a $b $c
'

test_done
