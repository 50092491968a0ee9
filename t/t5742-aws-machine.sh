#!/bin/sh

test_description='who we are for S3: what the machine says

A service of our own answers as an instance and as the agent of a container.'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-metadata.sh

SQ=\'

# paths: of the requests since the rules were set.
paths () {
	/usr/bin/python3 -c '
import json, sys
for line in open(sys.argv[1]):
    line = json.loads(line)
    print(line["method"], line["path"], line["status"])
' "$METADATA_LOG"
}

ROLES=/latest/meta-data/iam/security-credentials

test_expect_success 'setup' '
	start_metadata
'

instance () {
	env -u AWS_EC2_METADATA_DISABLED \
		AWS_EC2_METADATA_SERVICE_ENDPOINT="$METADATA/" aws-tool "$@"
}

test_expect_success 'an instance: a token, its role, the keys' '
	metadata_rules "{\"seconds\": 7200}" &&
	instance keys 3 >out &&
	cut -f1-3,5 out | sort -u >got &&
	printf "ASIAMETA0001\tmetasecret/+0001\tmetatoken/+=0001\tthe role of this instance, '\''some-role'\''\n" >want &&
	test_cmp want got &&
	paths >got &&
	cat >want <<-EOF &&
	PUT /latest/api/token 200
	GET $ROLES/ 200
	GET $ROLES/some-role 200
	EOF
	test_cmp want got &&
	expires=$(sed -n 1p out | cut -f4) &&
	now=$(date +%s) &&
	test $expires -gt $((now + 7000)) &&
	test $expires -le $((now + 7200))
'

test_expect_success 'one request for many threads' '
	metadata_rules "{\"delay\": 0.1}" &&
	instance threads 32 >out &&
	test_line_count = 32 out &&
	sort -u out >got &&
	test_line_count = 1 got &&
	metadata_asked 3
'

test_expect_success 'keys are renewed before they expire' '
	metadata_rules "{\"seconds\": 2}" &&
	instance --wait=2 keys 3 >out &&
	cut -f1 out | sort -u >got &&
	test_line_count = 3 got &&
	metadata_asked 9
'

test_expect_success 'keys that never expire' '
	metadata_rules "{\"seconds\": \"never\"}" &&
	instance keys 2 >out &&
	test_line_count = 2 out &&
	metadata_asked 3 &&
	cut -f4 out | sort -u >got &&
	echo 0 >want &&
	test_cmp want got
'

test_expect_success 'while the service is down, what is held is used' '
	metadata_rules "{\"seconds\": 5}" &&
	rm -f out &&
	{
		{
			instance --wait=3 keys 3 >out 2>err
			echo $? >status
		} &
	} &&
	pid=$! &&
	tries=200 &&
	while ! test -s out && test $tries -gt 0
	do
		sleep 0.02 && tries=$((tries - 1))
	done &&
	metadata_rules "{\"status\": 404}" &&
	wait $pid &&
	test_line_count = 2 out &&
	sort -u out >got &&
	test_line_count = 1 got &&
	echo 11 >want &&
	test_cmp want status &&
	grep "no keys of an instance at" err
'

test_expect_success 'an instance in trouble hands out what has expired' '
	metadata_rules "{\"seconds\": -60}" &&
	instance keys 2 >out &&
	test_line_count = 2 out &&
	metadata_asked 3
'

test_expect_success 'a server that refuses them: others are asked for' '
	metadata_rules "{}" &&
	instance expired >out &&
	cut -f1 out >got &&
	sed -n 2p got >useful &&
	echo useful >want &&
	test_cmp want useful &&
	sort -u got >kinds &&
	test_line_count = 3 kinds &&
	metadata_asked 6
'

test_expect_success 'it is asked last, and not at all when that is said' '
	metadata_rules "{}" &&
	AWS_ACCESS_KEY_ID=AKI AWS_SECRET_ACCESS_KEY=x instance keys >out &&
	grep ^AKI out &&
	instance --anonymous keys &&
	test_expect_code 11 instance --profile=gone keys 2>err &&
	test_expect_code 11 env AWS_EC2_METADATA_SERVICE_ENDPOINT="$METADATA" \
		AWS_EC2_METADATA_DISABLED=TRUE aws-tool keys 2>err &&
	grep "AWS_EC2_METADATA_DISABLED is true" err &&
	metadata_asked 0
'

test_expect_success 'no instance, or one that is odd: no keys' '
	metadata_rules "{\"role\": null}" &&
	test_expect_code 11 instance keys 2>err &&
	grep "(the instance has no role)" err &&
	metadata_rules "{\"status\": 404}" &&
	test_expect_code 11 instance keys 2>err &&
	grep "(no instance of EC2 answers)" err &&
	metadata_rules "{\"status\": 500}" &&
	test_expect_code 11 instance keys 2>err &&
	metadata_rules "{\"body\": \"<html>log in here</html>\"}" &&
	test_expect_code 11 instance keys 2>err &&
	metadata_rules "{\"body\": \"abc\", \"role\": \"abc\", \"v1\": true}" &&
	test_expect_code 11 instance keys 2>err &&
	grep "answered no JSON object" err &&
	metadata_rules "{\"body\": \"\"}" &&
	test_expect_code 11 instance keys 2>err &&
	test_expect_code 11 env -u AWS_EC2_METADATA_DISABLED \
		AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9 \
		aws-tool keys 2>err &&
	grep "no keys of an instance at .http://127.0.0.1:9." err
'

test_expect_success 'the name of a role is no path' '
	metadata_rules "{\"role\": \"../../a/b?c#d\"}" &&
	instance keys >out &&
	paths >got &&
	grep "$ROLES/..%2F..%2Fa%2Fb%3Fc%23d 200" got
'

test_expect_success 'what answers without a token is not asked so' '
	metadata_rules "{\"v1\": true}" &&
	instance keys &&
	/usr/bin/python3 -c "
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
assert all(\"x-aws-ec2-metadata-token\" in l[\"fields\"]
           for l in lines if l[\"method\"] == \"GET\")
" "$METADATA_LOG"
'

container () {
	env AWS_CONTAINER_CREDENTIALS_FULL_URI="$METADATA/container?x=1" "$@"
}

test_expect_success 'a container: its keys, with and without a token' '
	metadata_rules "{}" &&
	container aws-tool keys >out &&
	grep "^ASIAMETA.*the container.s credentials service" out &&
	metadata_rules "{\"token\": \"Bearer sesame\"}" &&
	test_expect_code 11 container aws-tool keys 2>err &&
	grep "it answers with status 401" err &&
	container env AWS_CONTAINER_AUTHORIZATION_TOKEN="Bearer sesame" \
		aws-tool keys >out &&
	grep ^ASIAMETA out &&
	printf "Bearer sesame\n" >token &&
	container env AWS_CONTAINER_AUTHORIZATION_TOKEN=wrong \
		AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$PWD/token" \
		aws-tool keys >out &&
	grep ^ASIAMETA out &&
	printf "Bearer ses\r\nX: y\n" >token &&
	test_expect_code 11 container env \
		AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$PWD/token" \
		aws-tool keys 2>err &&
	grep "a line end is in it" err &&
	! grep ses err &&
	test_expect_code 11 container env \
		AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$PWD/gone" \
		aws-tool keys 2>err &&
	grep "$PWD/gone" err
'

# Each is taken away when it was seen to be the first.
test_expect_success 'the order of all places' '
	metadata_rules "{\"web_token\": \"web\"}" &&
	mkdir place "$HOME/.aws" &&
	for name in default named
	do
		printf "[%s]\naws_access_key_id=%s\naws_secret_access_key=s\n" \
			$name AKI$name || return 1
	done >"$HOME/.aws/credentials" &&
	printf "[default]\naws_access_key_id=AKIFILE\naws_secret_access_key=s\n" \
		>place/keys &&
	printf "AWS_ACCESS_KEY_ID=AKIDOTENV\nAWS_SECRET_ACCESS_KEY=s\n" \
		>place/.env &&
	echo web >web &&
	cat >order.sh <<-\EOF &&
	said () {
		aws-tool --base-dir="$PWD/place" "$@" keys 2>/dev/null |
		sed "s/	.*	/	/"
	}
	said --anonymous --key-file=keys
	said --key-file=keys
	said --profile=named
	said
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	said
	rm place/.env
	said
	unset AWS_WEB_IDENTITY_TOKEN_FILE
	said
	rm "$HOME/.aws/credentials"
	said
	unset AWS_CONTAINER_CREDENTIALS_FULL_URI
	said
	EOF
	env -u AWS_EC2_METADATA_DISABLED \
		AWS_EC2_METADATA_SERVICE_ENDPOINT="$METADATA" \
		AWS_CONTAINER_CREDENTIALS_FULL_URI="$METADATA/container" \
		AWS_ENDPOINT_URL_STS="$METADATA" AWS_ROLE_ARN=arn:of:role \
		AWS_WEB_IDENTITY_TOKEN_FILE="$PWD/web" \
		AWS_ACCESS_KEY_ID=AKIENV AWS_SECRET_ACCESS_KEY=s \
		sh ./order.sh >out &&
	sed "s,$TEST_TOP_DIRECTORY,TOP,; s/ASIAMETA[0-9]*/ASIA/" out |
		tr -d "$SQ" >got &&
	cat >want <<-\EOF &&
	anonymous	nobody (anonymous)
	AKIFILE	section default of TOP/trash/place/keys
	AKInamed	section named of TOP/home/.aws/credentials
	AKIENV	the environment
	AKIDOTENV	TOP/trash/place/.env
	ASIA	the role arn:of:role
	AKIdefault	section default of TOP/home/.aws/credentials
	ASIA	the containers credentials service
	ASIA	the role of this instance, some-role
	EOF
	test_cmp want got
'

test_expect_success 'a container: keys are sent for to nobody else over http' '
	for url in http://example.org/x http://127.0.0.1.example.org/ \
		http://127.0.0.1@example.org/ http://[::2]/ \
		http://169.254.169.254/ http://0127.0.0.1/ \
		http://2130706433/ "http://127.0.0.1\\@example.org/" \
		ftp://127.0.0.1/ file:///etc/passwd "http://" "http://127.0.0.1 x"
	do
		test_expect_code 11 env \
			AWS_CONTAINER_CREDENTIALS_FULL_URI="$url" \
			AWS_CONTAINER_AUTHORIZATION_TOKEN=sesame \
			aws-tool keys 2>err &&
		grep "names a place that is not asked for keys" err || return 1
	done &&
	test_expect_code 11 env \
		AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=@example.org/ \
		aws-tool keys 2>err &&
	grep "does not begin with ./." err
'

test_expect_success 'a container: an answer that is none' '
	metadata_rules "{\"body\": \"{}\"}" &&
	test_expect_code 13 container aws-tool keys 2>err &&
	grep "answered without keys" err &&
	metadata_rules "{\"body\": \"[1]\"}" &&
	test_expect_code 13 container aws-tool keys 2>err &&
	metadata_rules "{\"status\": 503}" &&
	test_expect_code 12 container aws-tool keys 2>err &&
	test_expect_code 12 env \
		AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:9/ \
		aws-tool keys 2>err
'

test_expect_success 'neither proxies nor traces see any of it' '
	metadata_rules "{\"token\": \"sesame\"}" &&
	(
		http_proxy=http://127.0.0.1:9 && export http_proxy &&
		RESUTIL_TRACE=$PWD/trace && export RESUTIL_TRACE &&
		RESUTIL_TRACE_HTTP=$PWD/trace-http &&
		export RESUTIL_TRACE_HTTP &&
		container env AWS_CONTAINER_AUTHORIZATION_TOKEN=sesame \
			aws-tool keys >out &&
		instance keys >>out
	) &&
	test_line_count = 2 out &&
	grep "GET $METADATA/container" trace-http &&
	! grep -r -e sesame -e metasecret -e metatoken -e imds-token trace-http &&
	{ ! test -e trace || ! grep -e sesame -e metasecret trace; }
'

test_expect_success 'a service that accepts and says nothing does not hold us up' '
	metadata_rules "{\"delay\": 20}" &&
	begin=$(date +%s) &&
	test_expect_code 11 instance keys 2>err &&
	test $(($(date +%s) - begin)) -lt 10
'

test_done
