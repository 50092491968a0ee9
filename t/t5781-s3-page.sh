#!/bin/sh

test_description='the examples of resutil-s3(7) do what the page says'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-examples.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

page=$SOURCE_DIRECTORY/Documentation/resutil-s3.adoc

test_expect_success 'setup: a server' '
	start_radosgw && make_bucket lab-results
'

test_expect_success PYTHON 'share through S3' '
	TZ=Asia/Tokyo && export TZ && test_set_now 1720088155 &&
	test_when_finished "TZ=UTC; unset RESUTIL_TEST_NOW" &&
	prepare_examples page && run_examples page "$page"
'

test_expect_success PYTHON 'a Python program sends its run' '
	mkdir python && cd python &&
	resutil -q init --storage-type=s3 -o bucket_name=lab-results &&
	cat >program.py <<-\EOF &&
	import resutil

	@resutil.main()
	def main_func(params):
	    with open(params.ex_dir + "/loss.txt", "w") as f:
	        f.write("0.5")
	    params.save_checkpoint()

	main_func()
	EOF
	(
		unset RESUTIL_NO_REMOTE && RESUTIL_NO_INTERACTIVE=1 &&
		RESUTIL_COMMENT=inside && PYTHONPATH=$(resutil --python-path) &&
		export RESUTIL_NO_INTERACTIVE RESUTIL_COMMENT PYTHONPATH &&
		python3 program.py >../said
	) &&
	resutil stat-remote inside && resutil rm -l -y inside &&
	resutil show "$(resutil list-remote):loss.txt" >../loss &&
	test "$(cat ../loss)" = 0.5
'

test_expect_success 'init saves no bucket that does not let us in' '
	test_expect_code 12 resutil init --storage-type=s3 \
		-o bucket_name=nobody-has-this no-bucket 2>err &&
	test_grep "nobody-has-this" err && test_path_is_missing no-bucket &&
	(
		unset AWS_SECRET_ACCESS_KEY AWS_ACCESS_KEY_ID &&
		test_expect_code 11 resutil init --storage-type=s3 \
			-o bucket_name=lab-results no-keys 2>err
	) &&
	test_grep "man resutil-s3" err && test_path_is_missing no-keys &&
	resutil init --storage-type=s3 -o bucket_name=lab-results \
		--project-name=project seen >out &&
	test_grep "^Connected to S3$" out &&
	test_grep "^  Bucket name: lab-results$" out &&
	test_grep "^  Experiments: [1-9]$" out
'

# block TEXT: the first block of the page that has it
block () {
	awk -v text="$1" '
		/^----$/ && !inside { inside = 1; kept = ""; next }
		/^----$/ {
			inside = 0
			if (index(kept, text)) { printf "%s", kept; exit }
			next
		}
		inside { kept = kept $0 "\n" }
	' "$page"
}

# by_env COMMAND...: nothing is known but what .env says
by_env () {
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_ENDPOINT_URL \
		-u AWS_REGION -u AWS_DEFAULT_REGION "$@"
}

test_expect_success 'the .env of the page is read as the page says' '
	mkdir env && cd env && block "own server" >.env &&
	sed -i "s,http://minio.lab:9000,$S3_ENDPOINT,
		s,=lab-results ,=bucket-of-env ,
		s,=.lab.\$,=$S3_KEY,
		s,=.a#b c.\$,=\"$S3_SECRET\"," .env &&
	make_bucket bucket-of-env &&
	by_env resutil -q init --storage-type=s3 &&
	test_grep "^  bucket_name: bucket-of-env$" resutil-conf.yaml &&
	test_grep "^  endpoint_url: $S3_ENDPOINT$" resutil-conf.yaml &&
	resutil add one >name && by_env resutil push one &&
	by_env resutil list-remote >out && test_cmp name out
'

test_expect_success 'a conf may leave all of it to .env' '
	cd env &&
	sed -i "/bucket_name/d; /endpoint_url/d; s/storage_config:/& {}/" \
		resutil-conf.yaml &&
	by_env resutil list-remote >out && test_cmp name out
'

test_expect_success PYTHON 'the policy and the rule of the page are JSON' '
	block "2012-10-17" >policy &&
	python3 -c "import json, sys; json.load(sys.stdin)" <policy &&
	block "put-bucket-lifecycle" >rule &&
	tr -d "\n" <rule | sed "s/.*configuration .\({.*}\).*/\1/" |
	python3 -c "import json, sys; json.load(sys.stdin)"
'

# forbid BUCKET ACTION...: all but these, also to its owner. (By name: what
# stands in NotAction is not looked at by the server that the tests have.)
forbid () {
	cat >forbid.py <<-\EOF &&
	import json, os, sys, boto3
	ALL = """ListBucket ListBucketVersions ListBucketMultipartUploads
	    GetBucketLocation GetBucketVersioning GetBucketAcl GetBucketPolicy
	    GetBucketCORS GetLifecycleConfiguration CreateBucket DeleteBucket
	    PutBucketAcl PutBucketVersioning PutLifecycleConfiguration
	    GetObject GetObjectVersion GetObjectAcl GetObjectTagging
	    PutObject PutObjectAcl PutObjectTagging PutObjectVersionAcl
	    DeleteObject DeleteObjectVersion DeleteObjectTagging
	    AbortMultipartUpload ListMultipartUploadParts RestoreObject"""
	bucket, allowed = sys.argv[1], sys.argv[2:]
	every = ["s3:" + word for word in ALL.split()]
	assert set(allowed) <= set(every), allowed
	arn = "arn:aws:s3:::" + bucket
	policy = {"Version": "2012-10-17", "Statement": [{
	    "Effect": "Deny", "Principal": "*",
	    "Action": [word for word in every if word not in allowed],
	    "Resource": [arn, arn + "/*"]}]}
	boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"]
	    ).put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
	EOF
	/usr/bin/python3 forbid.py "$@"
}

test_expect_success 'the permissions of the page are enough' '
	make_bucket limited && actions=$(
		grep -o "s3:[A-Z][A-Za-z]*" policy
	) &&
	resutil -q init --storage-type=s3 -o bucket_name=limited \
		--project-name=p limited && cd limited &&
	forbid limited $actions &&
	test_must_fail s3_ask GET "/limited?versioning" 2>../denied &&
	mkdir big && head -c 20000000 /dev/urandom >big/data &&
	resutil add small >../names && resutil add big --from big >>../names &&
	resutil push --all && resutil list-remote >../out &&
	test_line_count = 2 ../out &&
	resutil rm -l -y big && resutil pull big &&
	resutil url big >../url && curl -sSf -o ../big.zip "$(cat ../url)" &&
	resutil verify-pack ../big.zip &&
	resutil comment small tiny && resutil gc --remote &&
	resutil fsck --remote --read-data && resutil rm -r -y tiny &&
	resutil list-remote >../out && test_line_count = 1 ../out
'

test_expect_success 'without s3:DeleteObject all works but what removes' '
	cd limited &&
	forbid limited $(grep -o "s3:[A-Z][A-Za-z]*" ../policy |
		grep -v DeleteObject) &&
	resutil add kept >../name && resutil push kept &&
	resutil update-exp --set info.x=1 kept && resutil push kept &&
	test_expect_code 11 resutil -q rm -r -y kept 2>err &&
	test_grep "AccessDenied" err && test_line_count = 1 err &&
	resutil list-remote >../out && test_grep "_kept$" ../out &&
	resutil fsck --remote >../out &&
	forbid limited $(grep -o "s3:[A-Z][A-Za-z]*" ../policy) &&
	resutil rm -r -l -y kept
'

test_expect_success 'two of them are enough for who only reads' '
	cd limited &&
	forbid limited s3:ListBucket s3:GetObject &&
	resutil list-remote >../out && test_line_count = 1 ../out &&
	resutil clone "s3://limited/p" ../reader &&
	resutil -C ../reader pull big &&
	test_cmp big/data ../reader/results/*_big/data &&
	resutil add another >../name &&
	test_expect_code 11 resutil push another 2>err &&
	test_grep "AccessDenied" err && test_line_count = 1 err
'

test_done
