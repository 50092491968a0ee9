#!/bin/sh

test_description='what is secret is written nowhere

Keys and tokens in no message, trace, list of processes, core dump or record,
nor in what is put into the store: all of it is searched.'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

SQ=\'
PYTHON3=/usr/bin/python3
NAME=aapfup_20240704T191555_large
TOKEN=FwoGZXIvYXdzESESAME0123456789abcdefghijklmnopqrstuvwxyzABCD+/=

see () {
	$PYTHON3 "$TEST_DIRECTORY/helper/see-processes.py" "$@"
}

# traced COMMAND...: both kinds of traces are written, beside what it says.
traced () {
	RESUTIL_TRACE=$PWD/logs/trace RESUTIL_TRACE_HTTP=$PWD/logs/http \
		"$@" >>logs/out 2>>logs/err
}

# no_secret PLACE...: nothing of what is secret is there, also not escaped. A
# signature that was taken out leaves its name.
cat >"$TEST_TOP_DIRECTORY/no-secret.py" <<\EOF
import base64, os, re, sys, urllib.parse
secrets = open(sys.argv[1]).read().split()
forms = [rb"Signature=(?!<redacted)[0-9a-f%]{8}"]
for secret in secrets:
    plain = secret.encode()
    for form in (plain, plain[6:], urllib.parse.quote(secret, "").encode(),
                 urllib.parse.quote(secret[6:]).encode(),
                 base64.b64encode(plain)[:-4]):
        forms.append(re.escape(form))
forms = re.compile(b"|".join(forms))
files = []
for top in sys.argv[2:]:
    if not os.path.lexists(top):
        sys.exit("there is no " + top)
    files += [top] if os.path.isfile(top) else [
        os.path.join(d, f) for d, _, fs in os.walk(top) for f in fs]
bad = []
for place in files:
    try:
        with open(place, "rb") as f:
            found = forms.search(f.read())
    except FileNotFoundError:  # of a process that has not ended
        continue
    if found:
        bad.append("%s: %s" % (place, found.group().decode()))
if bad or not files:
    sys.exit("%d files; %s" % (len(files), "; ".join(bad)))
EOF
no_secret () {
	$PYTHON3 "$TEST_TOP_DIRECTORY/no-secret.py" \
		"$TEST_TOP_DIRECTORY/secrets" "$@"
}

# key_file SECRET
key_file () {
	cat >keys.ini <<-END &&
	[default]
	aws_access_key_id = $KEY
	aws_secret_access_key = $1
	END
	chmod 600 keys.ini
}

died () {
	$PYTHON3 "$TEST_DIRECTORY"/helper/died.py "$@"
}

test_expect_success 'setup: a server, keys in a file, a large experiment' '
	start_radosgw && make_bucket bucket &&
	start_proxy "$S3_ENDPOINT" &&
	KEY=$S3_KEY && SECRET=$S3_SECRET &&
	WRONG=wrong/SESAME+0123456789abcdefghijklmnopq &&
	TOKEN=FwoGZXIvYXdzESESAME0123456789abcdefghijklmnopqrstuvwxyzAB+/== &&
	printf "%s\n" "$SECRET" "$WRONG" "$TOKEN" \
		>"$TEST_TOP_DIRECTORY/secrets" &&
	mkdir logs &&
	bucket_conf "$PROXY" "key_file_path: keys.ini" &&
	key_file "$SECRET" &&
	make_exp $NAME "id: \"$(test_id 1)\"" "revision: 1" "state: done" &&
	head -c 12000000 /dev/urandom >results/$NAME/data.bin &&
	make_exp aapfuq_20240704T191556 "id: \"$(test_id 2)\"" "revision: 1" \
		"state: done" &&
	unset S3_SECRET S3_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY &&
	unset AWS_ENDPOINT_URL
'

test_expect_success 'the search finds what is there' '
	echo "x $SECRET y" >found &&
	test_must_fail no_secret found 2>err &&
	grep "found: secret" err &&
	echo "$TOKEN" | sed "s/+/%2B/;s,/,%2F,;s/=/%3D/g" >found &&
	test_must_fail no_secret found &&
	echo "X-Amz-Signature=0123456789" >found &&
	test_must_fail no_secret found &&
	echo "X-Amz-Signature=<redacted>" >found &&
	no_secret found &&
	test_must_fail no_secret gone &&
	mkdir empty && test_must_fail no_secret empty &&
	rm -r empty found
'

test_expect_success 'work that is done: traces, messages, caches' '
	traced resutil push -A &&
	traced resutil fsck &&
	traced resutil list --remote=origin &&
	traced resutil list-objects &&
	traced resutil show $NAME:data.bin &&
	traced resutil rm -ly $NAME &&
	traced resutil show $NAME &&
	traced resutil cat-pack $NAME resutil-exp.yaml &&
	traced resutil pull $NAME &&
	grep "PUT $PROXY/bucket/project/$NAME.zip" logs/http &&
	grep -i "authorization: <redacted>" logs/http &&
	grep "run: resutil send-pack" logs/trace &&
	no_secret logs .resutil results "$HOME" "$TMPDIR" "$PROXY_LOG"
'

test_expect_success 'and what the store holds of it' '
	mkdir store &&
	for object in $(resutil list-objects | cut -f3)
	do
		resutil get-object "$object" >store/$(basename $object) ||
		return 1
	done &&
	test_path_is_file store/$NAME.zip &&
	no_secret store
'

test_expect_success 'the processes, while they work' '
	see seen sh -c "
		resutil push --limit-rate=16M -A &&
		resutil rm -ry $NAME &&
		resutil push --limit-rate=16M -A &&
		resutil rm -ly $NAME &&
		resutil pull --limit-rate=16M $NAME
	" &&
	grep "cmdline resutil send-pack" seen &&
	grep "cmdline resutil fetch-exp" seen &&
	grep "environ HOME=" seen &&
	no_secret seen
'

test_expect_success 'keys of the environment go to no command line' '
	mv keys.ini no-keys && test_when_finished "mv no-keys keys.ini" &&
	sed "/key_file_path/d" resutil-conf.yaml >conf &&
	cp resutil-conf.yaml before &&
	test_when_finished "mv before resutil-conf.yaml" &&
	mv conf resutil-conf.yaml &&
	AWS_ACCESS_KEY_ID=$KEY AWS_SECRET_ACCESS_KEY=$SECRET \
		see seen sh -c "
		resutil rm -ry $NAME &&
		resutil push --limit-rate=16M -A &&
		resutil list --remote=origin
	" &&
	grep ^cmdline seen >cmdlines &&
	grep "send-pack" cmdlines &&
	no_secret cmdlines &&
	AWS_ACCESS_KEY_ID=$KEY AWS_SECRET_ACCESS_KEY=$SECRET \
		traced resutil push -A &&
	no_secret logs .resutil results
'

test_expect_success 'keys of .env' '
	mv keys.ini no-keys && test_when_finished "mv no-keys keys.ini" &&
	sed "/key_file_path/d" resutil-conf.yaml >conf &&
	cp resutil-conf.yaml before &&
	test_when_finished "mv before resutil-conf.yaml; rm .env" &&
	mv conf resutil-conf.yaml &&
	printf "AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=\"%s\"\n" \
		"$KEY" "$SECRET" >.env &&
	chmod 600 .env &&
	see seen resutil rm -ry $NAME &&
	RESUTIL_TRACE=$PWD/logs/trace RESUTIL_TRACE_HTTP=$PWD/logs/http \
		see seen2 resutil push --limit-rate=16M -A &&
	no_secret seen seen2 logs .resutil results
'

test_expect_success 'keys that are refused' '
	key_file "$WRONG" &&
	test_when_finished "key_file \"$SECRET\"" &&
	test_expect_code 11 traced resutil list-objects &&
	test_expect_code 11 traced resutil push -A &&
	test_expect_code 11 traced resutil rm -ry $NAME &&
	grep "< 403 " logs/http &&
	printf "[default]\naws_access_key_id=%s\nbad %s\n" "$KEY" "$WRONG" \
		>keys.ini &&
	test_expect_code 13 traced resutil list-objects &&
	no_secret logs .resutil
'

# What AWS answers to a signature that is another: with all that was signed.
test_expect_success 'an answer that says all that was signed' '
	cat >body <<-END &&
	<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match</Message><AWSAccessKeyId>$KEY</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256&#10;20261121T171641Z</StringToSign><SignatureProvided>0123</SignatureProvided><CanonicalRequest>GET&#10;/&#10;&#10;x-amz-security-token:$TOKEN&#10;&#10;host</CanonicalRequest><RequestId>1</RequestId></Error>
	END
	body=$($PYTHON3 -c "import json; print(json.dumps(open(\"body\").read()))") &&
	mv keys.ini no-keys && test_when_finished "mv no-keys keys.ini" &&
	sed "/key_file_path/d" resutil-conf.yaml >conf &&
	cp resutil-conf.yaml before &&
	test_when_finished "mv before resutil-conf.yaml" &&
	mv conf resutil-conf.yaml &&
	(
		AWS_ACCESS_KEY_ID=$KEY AWS_SECRET_ACCESS_KEY=$SECRET &&
		AWS_SESSION_TOKEN=$TOKEN &&
		export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY &&
		export AWS_SESSION_TOKEN &&
		proxy_rules "{\"status\": 403, \"body\": $body}" &&
		test_expect_code 11 traced resutil list-objects &&
		test_expect_code 11 traced resutil push -A &&
		grep -i "signature we calculated does not match" logs/err &&
		proxy_rules "{\"status\": 400, \"body\": \"<Error><Code>ExpiredToken</Code><Message>The provided token has expired: $TOKEN</Message><Token-0>$TOKEN</Token-0></Error>\"}" &&
		test_expect_code 11 traced resutil list-objects
	) &&
	proxy_rules "{\"path\": \"^$\"}" &&
	no_secret logs .resutil
'

test_expect_success 'URLs that are signed' '
	RESUTIL_TRACE=$PWD/logs/trace RESUTIL_TRACE_HTTP=$PWD/logs/http \
		resutil url $NAME >url 2>>logs/err &&
	grep "X-Amz-Signature=" url &&
	no_secret logs .resutil &&
	curl -s -o pack "$(cat url)" &&
	resutil get-object project/$NAME.zip >want &&
	test_cmp want pack
'

test_expect_success 'records of runs that were given such things' '
	(
		unset RESUTIL_NO_REMOTE &&
		AWS_SECRET_ACCESS_KEY=$SECRET AWS_SESSION_TOKEN=$TOKEN &&
		AWS_ACCESS_KEY_ID=$KEY &&
		export AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN &&
		export AWS_ACCESS_KEY_ID &&
		traced resutil run -m secrets -- sh -c true - \
			--url "$(cat url)" \
			--aws-secret-access-key "$SECRET" \
			"AWS_SESSION_TOKEN=$TOKEN" \
			"aws_secret_access_key=$SECRET" \
			--session-token="$TOKEN" \
			"the key is $SECRET, the token is $TOKEN"
	) &&
	resutil list --json >runs &&
	grep secrets runs &&
	no_secret runs logs results .resutil
'

# The one who sends, and the one who waits for it, with what it was given.
test_expect_success !SANITIZED 'a crash while it sends: no core dump' '
	mv keys.ini no-keys && test_when_finished "mv no-keys keys.ini" &&
	sed "/key_file_path/d" resutil-conf.yaml >conf &&
	cp resutil-conf.yaml before &&
	test_when_finished "mv before resutil-conf.yaml" &&
	mv conf resutil-conf.yaml &&
	for command in send-pack push
	do
		name=aapfur_20240704T191557_$command &&
		make_exp $name "id: \"$(test_id 9)\"" "revision: 1" \
			"state: done" &&
		cp results/$NAME/data.bin results/$name/ &&
		(
			AWS_ACCESS_KEY_ID=$KEY AWS_SECRET_ACCESS_KEY=$SECRET &&
			export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY &&
			proxy_rules "{\"method\": \"PUT\", \"path\": \"partNumber\",
			\"run\": \"kill -SEGV \$(cat $PWD/pid); sleep 0.2\"}" &&
			died sh -c "echo \$\$ >pid
				exec resutil $command $name" >status
		) &&
		echo "signal 11 no dump" >want &&
		test_cmp want status || return 1
	done &&
	proxy_rules "{\"path\": \"^$\"}" &&
	find . -name "core*" >dumps &&
	test_must_be_empty dumps &&
	no_secret .resutil results
'

test_done
