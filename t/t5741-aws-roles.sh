#!/bin/sh

test_description='who we are for S3: roles, programs that say keys

A service of our own answers for the Security Token Service, and checks
signatures as that does.'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-metadata.sh

SQ=\'
ROLE=arn:aws:iam::123456789012:role/path/r+1

# form NAME...: the members of the last form that was sent.
form () {
	/usr/bin/python3 -c '
import json, sys
for line in open(sys.argv[1]):
    form = json.loads(line)["form"]
for name in sys.argv[2:]:
    print(form.get(name, "-"))
' "$METADATA_LOG" "$@"
}

test_expect_success 'setup' '
	start_metadata &&
	AWS_ENDPOINT_URL_STS=$METADATA && export AWS_ENDPOINT_URL_STS &&
	mkdir "$HOME/.aws" &&
	cat >"$HOME/.aws/credentials" <<-EOF &&
	[source]
	aws_access_key_id = AKISOURCE
	aws_secret_access_key = source/secret+1
	[itself]
	aws_access_key_id = AKIITSELF
	aws_secret_access_key = itself
	role_arn = $ROLE
	source_profile = itself
	EOF
	cat >"$HOME/.aws/config" <<-EOF &&
	[profile role]
	role_arn = $ROLE
	source_profile = source
	role_session_name = my-session
	external_id = ext/1 2
	duration_seconds = 900
	region = eu-west-3
	[profile second]
	role_arn = arn:aws:iam::1:role/second
	source_profile = role
	[profile of-environment]
	role_arn = $ROLE
	credential_source = Environment
	[profile of-container]
	role_arn = $ROLE
	credential_source = EcsContainer
	[profile nowhere]
	role_arn = $ROLE
	[profile strange]
	role_arn = $ROLE
	credential_source = Elsewhere
	[profile device]
	role_arn = $ROLE
	source_profile = source
	mfa_serial = arn:aws:iam::1:mfa/x
	[profile round]
	role_arn = $ROLE
	source_profile = about
	[profile about]
	role_arn = $ROLE
	source_profile = round
	[profile browser]
	sso_session = x
	[profile token]
	role_arn = $ROLE
	web_identity_token_file = $PWD/token
	EOF
	chmod 600 "$HOME/.aws/credentials" &&
	SIGNERS="{\"AKISOURCE\": \"source/secret+1\", \"AKIITSELF\": \"itself\", \"AKIENV\": \"env\"}"
'

test_expect_success 'a role, with the keys of another profile' '
	metadata_rules "{\"signers\": $SIGNERS}" &&
	aws-tool --profile=role keys >out &&
	cut -f1-3,5 out >got &&
	printf "ASIAMETA0001\tmetasecret/+0001\tmetatoken/+=0001\tthe role ${SQ}$ROLE${SQ}\n" >want &&
	test_cmp want got &&
	metadata_asked 1 &&
	form Action RoleArn RoleSessionName ExternalId DurationSeconds >got &&
	printf "AssumeRole\n$ROLE\nmy-session\next/1 2\n900\n" >want &&
	test_cmp want got &&
	env -u AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL="$METADATA/" \
		aws-tool --profile=role keys >out &&
	grep ^ASIAMETA out &&
	metadata_asked 2
'

# Each answer's number is known before: this is the second to come.
test_expect_success 'a role by a role: the session token goes with it' '
	metadata_rules "{\"signers\": {\"AKISOURCE\": \"source/secret+1\", \"ASIAMETA0003\": \"metasecret/+0003\"}}" &&
	aws-tool --profile=second keys >out &&
	grep "^ASIAMETA0004" out &&
	metadata_asked 2 &&
	sed -n 2p "$METADATA_LOG" >second &&
	grep x-amz-security-token second &&
	form RoleArn RoleSessionName >got &&
	printf "arn:aws:iam::1:role/second\nresutil\n" >want &&
	test_cmp want got &&
	test_expect_code 11 aws-tool --profile=second keys 2>err &&
	grep "cannot take on the role .arn:aws:iam::1:role/second.: The signature is another (SignatureDoesNotMatch)" err
'

test_expect_success 'a role with its own keys, and with those of the environment' '
	metadata_rules "{\"signers\": $SIGNERS}" &&
	aws-tool --profile=itself keys >out &&
	grep "^ASIAMETA" out &&
	AWS_ACCESS_KEY_ID=AKIENV AWS_SECRET_ACCESS_KEY=env \
		aws-tool --profile=of-environment keys >out &&
	grep "^ASIAMETA" out &&
	test_expect_code 11 aws-tool --profile=of-environment keys 2>err &&
	grep "the credential_source .Environment. has no keys: AWS_ACCESS_KEY_ID is not set" err
'

test_expect_success 'what a profile cannot say, or we not do' '
	test_expect_code 13 aws-tool --profile=nowhere keys 2>err &&
	grep "has a role_arn but neither source_profile nor credential_source" err &&
	test_expect_code 13 aws-tool --profile=strange keys 2>err &&
	grep "a credential_source is Environment, EcsContainer or" err &&
	test_expect_code 11 aws-tool --profile=device keys 2>err &&
	grep "wants a code of a device (mfa_serial)" err &&
	test_expect_code 13 aws-tool --profile=round keys 2>err &&
	grep "profiles refer to each other by source_profile" err &&
	test_expect_code 11 aws-tool --profile=browser keys 2>err &&
	grep "credential_process = aws configure export-credentials --profile browser" err
'

test_expect_success 'the token service refuses, is busy, is gone, is none' '
	metadata_rules "{\"signers\": {}}" &&
	test_expect_code 11 aws-tool --profile=role keys 2>err &&
	grep "cannot take on the role .$ROLE.: The signature is another (SignatureDoesNotMatch)" err &&
	metadata_rules "{\"status\": 503}" &&
	test_expect_code 12 aws-tool --profile=role keys 2>err &&
	grep "cannot take on the role .$ROLE.: status 503" err &&
	test_expect_code 12 env AWS_ENDPOINT_URL_STS=http://127.0.0.1:9 \
		aws-tool --profile=role keys 2>err &&
	grep "cannot ask for the role .$ROLE.: " err &&
	metadata_rules "{\"signers\": $SIGNERS, \"body\": \"<html>no\"}" &&
	test_expect_code 13 aws-tool --profile=role keys 2>err &&
	grep "answers no XML" err &&
	metadata_rules "{\"signers\": $SIGNERS, \"body\": \"<a><Credentials><AccessKeyId>x</AccessKeyId></Credentials></a>\"}" &&
	test_expect_code 13 aws-tool --profile=role keys 2>err &&
	grep "answers without keys" err
'

test_expect_success 'web identity: of the environment and of a profile' '
	metadata_rules "{\"web_token\": \"header.body.sesame\"}" &&
	echo header.body.sesame >token &&
	(
		AWS_WEB_IDENTITY_TOKEN_FILE=$PWD/token &&
		AWS_ROLE_ARN=$ROLE AWS_ROLE_SESSION_NAME=pod-1 &&
		export AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN &&
		export AWS_ROLE_SESSION_NAME &&
		aws-tool keys >out &&
		grep "the role .$ROLE." out &&
		form Action RoleArn RoleSessionName >got &&
		printf "AssumeRoleWithWebIdentity\n$ROLE\npod-1\n" >want &&
		test_cmp want got &&
		unset AWS_ROLE_ARN &&
		test_expect_code 11 aws-tool keys 2>err &&
		grep "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not" err
	) &&
	aws-tool --profile=token keys >out &&
	grep "the role .$ROLE." out &&
	! grep -i authorization "$METADATA_LOG" &&
	echo another.sesame >token &&
	test_expect_code 11 aws-tool --profile=token keys 2>err &&
	grep "The token is not for us (InvalidIdentityToken)" err &&
	! grep sesame err &&
	: >token &&
	test_expect_code 11 aws-tool --profile=token keys 2>err &&
	grep "holds no token" err &&
	rm token &&
	test_expect_code 11 aws-tool --profile=token keys 2>err &&
	grep "by web identity: .*$PWD/token" err
'

test_expect_success 'web identity: the file is read again for new keys' '
	metadata_rules "{\"web_token\": \"one\", \"seconds\": 2}" &&
	echo one >token &&
	rm -f out &&
	(
		AWS_WEB_IDENTITY_TOKEN_FILE=$PWD/token AWS_ROLE_ARN=$ROLE &&
		export AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN &&
		aws-tool --wait=2 keys 2 >out &
		pid=$! &&
		tries=200 &&
		while ! test -s out && test $tries -gt 0
		do
			sleep 0.02 && tries=$((tries - 1))
		done &&
		echo two >token.new && mv token.new token &&
		metadata_rules "{\"web_token\": \"two\"}" &&
		wait $pid
	) &&
	cut -f1 out | sort -u >got &&
	test_line_count = 2 got &&
	metadata_asked 1
'

test_expect_success 'a region that leads elsewhere gets no token' '
	echo one >token &&
	test_expect_code 129 env -u AWS_ENDPOINT_URL_STS \
		AWS_REGION="x@127.0.0.1:9/" AWS_ROLE_ARN=$ROLE \
		AWS_WEB_IDENTITY_TOKEN_FILE="$PWD/token" \
		aws-tool keys 2>err &&
	grep "AWS_REGION.* is none" err
'

# process JSON: the profile "program" says it, by a program with blanks in its
# name.
process () {
	echo "$1" >says &&
	cat >>"$HOME/.aws/config" <<-EOF
	[profile program]
	credential_process = "$PWD/a program" ${2-}
	EOF
}

test_expect_success 'a program says keys; no shell is run' '
	cat >"a program" <<-EOF &&
	#!/bin/sh
	printf "%s\n" "\$@" >"$PWD/words"
	cat "$PWD/says"
	EOF
	chmod +x "a program" &&
	process "{\"Version\": 1, \"AccessKeyId\": \"AKIPROG\", \"SecretAccessKey\": \"prog\", \"SessionToken\": \"tok\", \"Expiration\": \"2100-01-01T00:00:00Z\"}" \
		"one ${SQ}two words${SQ} \$HOME ; touch x # no comment" &&
	aws-tool --profile=program keys >out &&
	printf "AKIPROG\tprog\ttok\t4102444800\tthe credential_process of profile ${SQ}program${SQ}\n" >want &&
	test_cmp want out &&
	cat >want <<-\EOF &&
	one
	two words
	$HOME
	;
	touch
	x
	#
	no
	comment
	EOF
	test_cmp want words
'

test_expect_success 'a program that fails, is missing, says something else' '
	process "" &&
	test_expect_code 13 aws-tool --profile=program keys 2>err &&
	grep "the credential_process of profile .program., answered no JSON object" err &&
	process "{\"AccessKeyId\": \"AKI\"}" &&
	test_expect_code 13 aws-tool --profile=program keys 2>err &&
	grep "answered without keys" err &&
	process "{\"AccessKeyId\": \"AKI\", \"SecretAccessKey\": \"se\nsame\"}" &&
	test_expect_code 13 aws-tool --profile=program keys 2>err &&
	! grep same err &&
	process "{\"AccessKeyId\": \"AKI\", \"SecretAccessKey\": \"s\", \"Expiration\": \"soon\"}" &&
	test_expect_code 13 aws-tool --profile=program keys 2>err &&
	grep "says no time at which the keys expire" err &&
	printf "#!/bin/sh\nexit 3\n" >"a program" &&
	test_expect_code 11 aws-tool --profile=program keys 2>err &&
	grep "ended with status 3" err &&
	printf "#!/bin/sh\nyes\n" >"a program" &&
	test_expect_code 11 aws-tool --profile=program keys 2>err &&
	rm "a program" &&
	test_expect_code 11 aws-tool --profile=program keys 2>err &&
	grep "a program" err &&
	process x "${SQ}open" &&
	test_expect_code 13 aws-tool --profile=program keys 2>err &&
	grep "cannot be split into words" err
'

test_done
