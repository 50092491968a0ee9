#!/bin/sh

test_description='a week of a group that comes from the S3 utilities

A data set in a bucket, two machines with nothing but .env, models that are
trained and shared, a project that begins in the middle of it, a copy on a host
of their own; what others programs see is looked at each time.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

unset RESUTIL_NO_REMOTE

boto () {
	AWS_ACCESS_KEY_ID=$S3_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET \
		AWS_ENDPOINT_URL=$S3_ENDPOINT AWS_DEFAULT_REGION=$S3_REGION \
		/usr/bin/python3 "$TEST_DIRECTORY"/helper/s3-boto.py "$@"
}

test_expect_success 'setup: a bucket, a host, two machines' '
	start_radosgw && make_bucket lab && start_sshd &&
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL &&
	mkdir one two && cat >one/.env <<-EOF &&
	S3_BUCKET_NAME=lab
	AWS_ACCESS_KEY_ID=$S3_KEY
	AWS_SECRET_ACCESS_KEY=$S3_SECRET
	S3_ENDPOINT_URL=$S3_ENDPOINT
	EOF
	cp one/.env two/
'

test_expect_success 'Monday: a data set goes up, .env does not' '
	cd one && mkdir -p Data/train Data/test Data2 && i=0 &&
	while test $i -lt 30
	do
		echo "row $i" >Data/train/$i.csv && i=$((i + 1)) || return 1
	done &&
	echo test >Data/test/0.csv && echo draft >Data2/draft.csv &&
	resutil bucket --upload -n "*" >plan && test_grep ! "\.env" plan &&
	resutil bucket --upload "Data/*" >out &&
	test_grep "^31 uploaded, " out &&
	boto keys lab >keys && test_line_count = 31 keys &&
	test_grep ! "Data2" keys
'

test_expect_success 'Tuesday: the other machine takes the part that it wants' '
	cd two && resutil bucket --list Data/ >out &&
	printf "%s\n" Data/test/ Data/train/ >expect && test_cmp expect out &&
	resutil bucket --download "Data/train/[1-3]*.csv" >out &&
	ls Data/train >got && test_line_count = 23 got &&
	resutil bucket --download "Data/*" >out &&
	test_grep "^8 downloaded, 23 the same, " out &&
	diff -r ../one/Data Data
'

test_expect_success 'Wednesday: a model is found by half of its name, and asked for' '
	model=Model/Yelp/t5_model_12weeks_wise-sky-249_epoch_1419 &&
	mkdir -p one/$model && head -c 9000000 /dev/urandom >one/$model/model.bin &&
	echo "{}" >one/$model/config.json &&
	(cd one && resutil bucket -q --upload Model/) &&
	(cd two && TERM=dumb NO_COLOR=1 pty-run --raw --screen=../screen \
		--expect="Choose an action [delete (local), remove (S3), download, upload, exit]: " \
		--send="download\n" \
		resutil bucket --interactive "Model/*t5*wise*419*") &&
	test_grep "^Total: 0 files, 0 bytes" screen &&
	test_grep "^Total: 2 files, 9000003 bytes" screen &&
	test_grep "2 downloaded, 8.6 MiB" screen &&
	diff -r one/Model two/Model
'

test_expect_success 'Thursday: a project in the same bucket, its packs are left alone' '
	cd one && set -a && . ./.env && set +a &&
	resutil -q --no-interactive init --storage-type s3 --project-name runs &&
	resutil run -m try -- sh -c "cat Data/test/0.csv" >out &&
	boto keys lab runs/ >packs && test_line_count = 1 packs &&
	resutil bucket --find "*" >keys && test_grep ! "^runs/" keys &&
	test_line_count = 33 keys &&
	resutil bucket --remove -n "*" >plan && test_grep ! "runs/" plan &&
	resutil bucket --list >out &&
	printf "%s\n" Data/ Model/ runs/ >expect && test_cmp expect out
'

test_expect_success 'Friday: all of it on a host of their own, by two commands' '
	mkdir "$SSH_STORES/mirror" && mkdir all &&
	(cd two && resutil bucket -q --root ../all --download "*" &&
	 resutil bucket --root ../all --remote "$(ssh_url lab mirror)" \
		--upload "*" >../out) &&
	test_grep "^33 uploaded, " out &&
	diff -r one/Data "$SSH_STORES/mirror/Data" &&
	diff -r one/Model "$SSH_STORES/mirror/Model"
'

test_expect_success 'Saturday: the old data goes, the models stay' '
	cd two && resutil bucket --remove -y "Data/*" >out &&
	test_grep "^31 removed, " out && boto keys lab >keys &&
	test_line_count = 3 keys && test_path_is_file Data/test/0.csv &&
	resutil bucket --delete -y "Data/*" >out &&
	test_grep "^31 deleted, " out && test_path_is_missing Data &&
	resutil bucket --remote "$(ssh_url lab mirror)" --download "Data/*" \
		>out &&
	test_grep "^31 downloaded, " out && diff -r ../one/Data Data
'

test_done
