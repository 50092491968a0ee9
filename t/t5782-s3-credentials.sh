#!/bin/sh

test_description='S3: keys that are missing, wrong or in danger, as a user meets them'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

one=aapfcd_20240704T111555_one
two=aapfcd_20240704T111556_two

# nobody COMMAND...: nothing in the environment says who we are
nobody () {
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$@"
}

# one_line TEXT: what was said
one_line () {
	test_line_count = 1 err && test_grep "$1" err &&
	test_grep ! "$S3_SECRET" err
}

# key_file FILE [ID SECRET]
key_file () {
	printf "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n" \
		"${2:-$S3_KEY}" "${3:-$S3_SECRET}" >"$1" && chmod 600 "$1"
}

test_expect_success 'setup' '
	start_radosgw && make_bucket lab && make_repo project && cd project &&
	resutil -q init --storage-type=s3 -o bucket_name=lab \
		-o endpoint_url="$S3_ENDPOINT" --project-name=p &&
	resutil remote add mine "s3://lab?endpoint_url=$S3_ENDPOINT" \
		-o key_file_path=keys/mine &&
	mkdir keys && key_file keys/mine &&
	make_exp $one && make_exp $two && resutil push one
'

test_expect_success 'no keys: where was looked, and nothing is lost' '
	cd project &&
	for command in list-remote "push two" "pull two" "url one" \
		"remote test --quick" "rm -r -y one" "comment one uno"
	do
		test_expect_code 11 nobody resutil -q $command >out 2>err &&
		one_line "no credentials for S3: AWS_ACCESS_KEY_ID is not set" &&
		test_grep "/.env" err && test_grep "/.aws/credentials" err &&
		test_grep "resutil-s3(7)" err || return 1
	done &&
	test_path_is_dir results/$one && test_path_is_dir results/$two &&
	echo $one >want && resutil list-remote >out && test_cmp want out
'

test_expect_success 'list shows what is here, all the same' '
	cd project && test_expect_code 11 nobody resutil list >out 2>err &&
	test_grep "$one" out && one_line "no credentials"
'

test_expect_success 'wrong keys: the reason, and where they came from' '
	cd project &&
	test_expect_code 11 env AWS_ACCESS_KEY_ID=AKINOBODY resutil -q push two \
		2>err &&
	one_line "InvalidAccessKeyId.*keys of the environment); are they of" &&
	test_expect_code 11 env AWS_SECRET_ACCESS_KEY=sesame resutil -q push \
		two 2>err &&
	one_line "SignatureDoesNotMatch.*keys of the environment" &&
	test_grep ! sesame err &&
	key_file keys/mine "$S3_KEY" sesame &&
	test_expect_code 11 resutil -q push --remote mine two 2>err &&
	one_line "SignatureDoesNotMatch.*keys/mine" && test_grep ! sesame err &&
	key_file keys/mine && nobody resutil list-remote --remote mine >out &&
	test_cmp want out
'

test_expect_success 'a permission that is missing: 403, with the key' '
	cd project &&
	cat >../deny.py <<-\EOF &&
	import boto3, json, os
	s3 = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"])
	s3.put_bucket_policy(Bucket="lab", Policy=json.dumps({
	    "Version": "2012-10-17", "Statement": [{
	        "Effect": "Deny", "Principal": "*", "Action": ["s3:PutObject"],
	        "Resource": ["arn:aws:s3:::lab/*"]}]}))
	EOF
	/usr/bin/python3 ../deny.py &&
	test_expect_code 11 resutil -q push two 2>err &&
	one_line "AccessDenied.*keys of the environment); they lack a perm" &&
	test_grep "cannot put .p/$two.zip. in .s3://lab" err &&
	resutil pull one && s3_ask DELETE "/lab?policy" 2>../said &&
	resutil list-remote >out && test_cmp want out
'

test_expect_success 'a session that has expired' '
	cd project && start_odd_s3 &&
	odd_modes "{\"expired\": \"$ODD_KEY\"}" &&
	test_expect_code 11 env AWS_SESSION_TOKEN=token-of-yesterday \
		resutil -q push two --remote "s3://lab?endpoint_url=$ODD" 2>err &&
	one_line "ExpiredToken.*keys of the environment); get new ones" &&
	test_grep ! yesterday err
'

test_expect_success 'a key file that others can read is used, and warned of' '
	cd project && chmod 644 keys/mine &&
	nobody resutil list-remote --remote mine >out 2>err &&
	test_cmp want out && one_line "keys/mine" && test_grep "chmod 600" err &&
	chmod 600 keys/mine &&
	nobody resutil list-remote --remote mine >out 2>err &&
	test_must_be_empty err
'

test_expect_success 'so is .env' '
	cd project &&
	printf "AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n" "$S3_KEY" \
		"$S3_SECRET" >.env && chmod 604 .env &&
	nobody resutil push two >out 2>err && one_line "/.env" &&
	resutil rm -r -y two && make_exp $two && chmod 600 .env &&
	nobody resutil list-remote >out 2>err && test_must_be_empty err
'

test_expect_success 'with a URL, that of the working directory' '
	mkdir -p elsewhere && cp -p project/.env elsewhere/.env &&
	cd elsewhere &&
	nobody resutil list-objects --remote "s3://lab?endpoint_url=$S3_ENDPOINT" \
		>out && test_grep "p/$one.zip$" out
'

test_expect_success 'neither is captured as code, nor packed, nor recorded' '
	cd project && : >new.py && git status --porcelain -uall >status &&
	test_grep "keys/mine" status && test_grep ".env" status &&
	resutil run -m code --push -- sh -c "cat .env >/dev/null" \
		2>err &&
	test_path_is_file results/*_code/uncommited_files/new.py &&
	test_path_is_missing results/*_code/uncommited_files/keys/mine &&
	test_path_is_missing results/*_code/uncommited_files/.env &&
	test_must_fail grep -rF "$S3_SECRET" results .resutil "$HOME" &&
	resutil url code >url && curl -sSf -o pack.zip "$(cat url)" &&
	resutil unpack-exp -C unpacked pack.zip &&
	test_must_fail grep -rF "$S3_SECRET" unpacked
'

test_expect_success 'what is exported is not in a trace either' '
	cd project &&
	RESUTIL_TRACE="$TRASH_DIRECTORY/trace" \
		RESUTIL_TRACE_HTTP="$TRASH_DIRECTORY/trace-http" \
		resutil -v push two >out 2>err &&
	test_grep "store: put" ../trace && test -s ../trace-http &&
	test_must_fail grep -F "$S3_SECRET" ../trace ../trace-http out err &&
	test_must_fail grep "Signature=[0-9a-f]" ../trace ../trace-http
'

test_expect_success 'a bucket for everybody is read without keys' '
	cd project && cat >../public.py <<-\EOF &&
	import boto3, json, os
	s3 = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"])
	s3.put_bucket_policy(Bucket="lab", Policy=json.dumps({
	    "Version": "2012-10-17", "Statement": [{
	        "Effect": "Allow", "Principal": "*",
	        "Action": ["s3:ListBucket", "s3:GetObject"],
	        "Resource": ["arn:aws:s3:::lab", "arn:aws:s3:::lab/*"]}]}))
	EOF
	/usr/bin/python3 ../public.py && cd .. &&
	nobody resutil clone \
		"s3://lab/p?endpoint_url=$S3_ENDPOINT&anonymous=true" reader &&
	cd reader && test_grep "^  anonymous: true$" resutil-conf.yaml &&
	nobody resutil url --json $one >url &&
	test_grep "\"expires\":null" url && nobody resutil url $one >url &&
	curl -sSf -o pack.zip "$(cat url)" && resutil verify-pack pack.zip &&
	nobody resutil pull $one && resutil add mine >name &&
	test_expect_code 11 nobody resutil -q push mine 2>err &&
	one_line "AccessDenied.*not signed); give credentials"
'

test_done
