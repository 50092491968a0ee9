#!/bin/sh

test_description='keys while they are used: renewed, refused, warned of

A real S3 server, and a service that hands out its keys for a few seconds.'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh
. "$TEST_DIRECTORY"/lib-metadata.sh

SQ=\'
NAME=aapfup_20240704T191555_large

# with_keys COMMAND...: those that the container hands out
with_keys () {
	env AWS_CONTAINER_CREDENTIALS_FULL_URI="$METADATA/container" "$@"
}

handed () {
	grep -c "\"handed\": \"" "$METADATA_LOG"
}

test_expect_success 'setup: servers, a large experiment' '
	start_radosgw && make_bucket bucket &&
	start_proxy "$S3_ENDPOINT" &&
	start_metadata &&
	KEY=$S3_KEY && SECRET=$S3_SECRET &&
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL &&
	bucket_conf "$PROXY" &&
	make_exp $NAME "id: \"$(test_id 1)\"" "revision: 1" "state: done" &&
	head -c 24000000 /dev/urandom >results/$NAME/data.bin &&
	make_exp aapfuq_20240704T191556 "id: \"$(test_id 2)\"" "revision: 1" \
		"state: done"
'

test_expect_success 'nobody has keys: where was looked, and what to read' '
	test_expect_code 11 resutil push -A >out 2>err &&
	echo "0 sent, 0 already there, 2 not done" >want &&
	test_cmp want out &&
	grep "no credentials for S3: AWS_ACCESS_KEY_ID is not set; no keys in .$PWD/.env.; no profile .default. in " err &&
	grep "see resutil-s3(7), CREDENTIALS" err &&
	grep -c "no credentials" err >nr &&
	echo 1 >want &&
	test_cmp want nr
'

test_expect_success 'keys are renewed in the middle of a large upload' '
	metadata_rules "{\"keys\": [\"$KEY\", \"$SECRET\"], \"seconds\": 2}" &&
	with_keys resutil push --limit-rate=6M $NAME &&
	test $(handed) -ge 2 &&
	test $(handed) -le 8 &&
	metadata_rules "{\"keys\": [\"$KEY\", \"$SECRET\"]}" &&
	with_keys resutil verify-pack --remote=origin $NAME &&
	echo 1 >want &&
	handed >got &&
	test_cmp want got
'

test_expect_success 'a URL holds no longer than the keys that sign it' '
	metadata_rules "{\"keys\": [\"$KEY\", \"$SECRET\"], \"seconds\": 900}" &&
	with_keys resutil url --expires 10m $NAME 2>err >out &&
	test_must_be_empty err &&
	with_keys resutil url --expires 1h $NAME 2>err >out &&
	grep "^resutil: warning: a URL holds no longer than the keys that sign it: until 20" err &&
	test_line_count = 1 err &&
	test_line_count = 1 out
'

test_expect_success 'the server says that they expired: others are asked for, once' '
	metadata_rules "{\"keys\": [\"$KEY\", \"$SECRET\"]}" &&
	proxy_rules "{\"nth\": 2, \"status\": 400, \"body\": \"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>\"}" &&
	with_keys resutil push -A &&
	handed >got &&
	test "$(cat got)" -ge 1 &&
	test "$(cat got)" -le 3 &&
	proxy_rules "{\"status\": 400, \"body\": \"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>\"}" &&
	metadata_rules "{\"keys\": [\"$KEY\", \"$SECRET\"]}" &&
	test_expect_code 11 with_keys resutil list-objects 2>err &&
	grep "The provided token has expired" err &&
	test $(handed) -le 3 &&
	proxy_rules "{\"path\": \"^$\"}"
'

test_expect_success 'keys that are wrong: from where they are is said' '
	test_expect_code 11 env AWS_ACCESS_KEY_ID=$KEY \
		AWS_SECRET_ACCESS_KEY=wrong resutil list-objects 2>err &&
	grep "SignatureDoesNotMatch" err &&
	grep "the environment" err &&
	test_expect_code 11 env AWS_ACCESS_KEY_ID=NOBODY \
		AWS_SECRET_ACCESS_KEY=wrong resutil push -A 2>err &&
	grep "InvalidAccessKeyId" err &&
	grep "the environment" err &&
	test_expect_code 11 env AWS_PROFILE=gone resutil push -A 2>err &&
	grep "no profile .gone. in " err
'

test_expect_success 'a key file: missing, malformed, read by everybody' '
	test_when_finished "bucket_conf $PROXY" &&
	bucket_conf "$PROXY" "key_file_path: keys.ini" &&
	test_expect_code 11 resutil push -A 2>err &&
	grep "the key file that .key_file_path. names: .*$PWD/keys.ini" err &&
	echo sesame >keys.ini &&
	test_expect_code 13 resutil push -A 2>err &&
	grep "$PWD/keys.ini., line 1: no section and no NAME = VALUE" err &&
	! grep sesame err &&
	cat >keys.ini <<-END &&
	[default]
	aws_access_key_id = $KEY
	aws_secret_access_key = $SECRET
	END
	chmod 604 keys.ini &&
	resutil push -A >out 2>err &&
	grep "the keys in .$PWD/keys.ini. can be read by everybody: run chmod 600 on it" err >told &&
	test_line_count = 1 told &&
	grep "^resutil: warning: " told &&
	chmod 600 keys.ini &&
	resutil push -A >out 2>err &&
	! grep everybody err
'

test_expect_success '.env gives all: keys, bucket, endpoint' '
	test_when_finished "bucket_conf $PROXY; rm .env" &&
	cat >.env <<-END &&
	# the lab${SQ}s own
	export S3_ENDPOINT_URL="$PROXY"   # in the cellar
	S3_BUCKET_NAME=${SQ}bucket${SQ}
	AWS_ACCESS_KEY_ID=$KEY
	AWS_SECRET_ACCESS_KEY="$SECRET"
	AWS_DEFAULT_REGION=$S3_REGION
	END
	chmod 600 .env &&
	cat >resutil-conf.yaml <<-\END &&
	project_name: project
	results_dir: results
	storage_type: s3
	storage_config: {}
	END
	env -u AWS_REGION -u AWS_DEFAULT_REGION resutil list-objects >out &&
	test_line_count = 2 out &&
	chmod 644 .env &&
	resutil list-objects 2>err &&
	grep "the keys in .$PWD/.env. can be read by everybody" err
'

test_expect_success 'a bucket that anybody may read, without keys' '
	test_when_finished "bucket_conf $PROXY" &&
	bucket_conf "$PROXY" "anonymous: true" &&
	test_expect_code 11 resutil list-objects 2>err &&
	! grep Signature err &&
	for place in /bucket /bucket/project/$NAME.zip
	do
		AWS_ACCESS_KEY_ID=$KEY AWS_SECRET_ACCESS_KEY=$SECRET \
			s3_ask -H "x-amz-acl:public-read" PUT "$place?acl=" ||
		return 1
	done &&
	resutil list-objects >out &&
	test_line_count = 2 out &&
	resutil url $NAME >out &&
	echo "$PROXY/bucket/project/$NAME.zip" >want &&
	test_cmp want out
'

test_expect_success AS_USER 'a user who is not root: with keys, nobody looks into it' '
	mkdir user && cp -r results user/ && cp resutil-conf.yaml user/ &&
	if test "$(id -u)" = 0
	then
		chown -R nobody user
	fi &&
	(
		cd user &&
		HOME=$PWD && export HOME &&
		AWS_ACCESS_KEY_ID=$KEY AWS_SECRET_ACCESS_KEY=$SECRET &&
		export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY &&
		TMPDIR=$PWD && export TMPDIR &&
		as_user resutil rm -ry $NAME &&
		as_user resutil push -A &&
		as_user resutil rm -ly $NAME &&
		as_user resutil pull $NAME &&
		as_user resutil fsck &&
		test_cmp ../results/$NAME/data.bin results/$NAME/data.bin
	)
'

test_done
