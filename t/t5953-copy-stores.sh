#!/bin/sh

test_description='copy-pack: from each kind of store to another, and back'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh
. "$TEST_DIRECTORY"/lib-google.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

# hop FROM TO: all of it; then both say the same, and TO is sound
hop () {
	resutil copy-pack --from=$1 --to=$2 --all >out 2>err || {
		cat out err
		return 1
	}
	cut -f 1 out | sort | uniq -c | awk '{ print $2, $1 }' >told &&
	echo "new 5" >want && test_cmp want told &&
	resutil list-remote --long --remote=$1 | cut -f 1,2,4- >one &&
	resutil list-remote --long --remote=$2 | cut -f 1,2,4- >two &&
	test_cmp one two && test_line_count = 5 two &&
	resutil fsck --remote=$2 --read-data >found 2>&1 || {
		cat found
		return 1
	}
	resutil copy-pack --from=$1 --to=$2 --all >out &&
	cut -f 1 out | sort | uniq -c | awk '{ print $2, $1 }' >told &&
	echo "same 5" >want && test_cmp want told &&
	find .resutil/copies -type f >left && test_must_be_empty left
}

test_expect_success 'setup: one store of each kind' '
	start_radosgw && make_bucket ice && start_gcs && gcs_bucket snow &&
	gcs_conf snow && mv key.json gcs.json && mkdir a z && make_conf &&
	sed -i "s|path: .*|path: a|" resutil-conf.yaml &&
	resutil remote add gcs gs://snow -o api_root="$GCS_ROOT" \
		-o key_file_path=gcs.json &&
	start_drive && team=$(drive_shared team) && google_key drive.json &&
	resutil remote add drive gdrive://$team -o api_root="$DRIVE_ROOT" \
		-o key_file_path=drive.json &&
	resutil remote add s3 "s3://ice?endpoint_url=$S3_ENDPOINT" &&
	start_sshd && ssh_shared && mkdir "$SSH_STORES"/rain &&
	resutil remote add ssh "$(ssh_url lab rain)" &&
	resutil remote add z dir:z
'

test_expect_success 'setup: runs, large and small, and one of another tool' '
	for nr in 1 2 3 4
	do
		make_exp aapfup_20240704T19155${nr}_run$nr \
			"id: \"$(test_id $nr)\"" "revision: 1" "state: done" ||
		return 1
	done &&
	head -c 12000000 /dev/urandom >results/aapfup_20240704T191551_run1/big &&
	: >results/aapfup_20240704T191552_run2/empty &&
	resutil list-exps | resutil send-pack --stdin &&
	mkdir py && echo "cmd: python x.py" >py/resutil-exp.yaml && (
		cd py && python3 -m zipfile -c \
		../a/project/aapfup_20240704T191555_py.zip resutil-exp.yaml
	)
'

test_expect_success 'a directory to S3' '
	hop origin s3
'

test_expect_success 'S3 to Google Cloud Storage' '
	hop s3 gcs
'

test_expect_success 'Google Cloud Storage to a host by ssh' '
	hop gcs ssh
'

test_expect_success 'a host by ssh to Google Drive' '
	hop ssh drive
'

test_expect_success 'Google Drive to a directory: the same bytes' '
	hop drive z && diff -r a/project z/project
'

test_expect_success 'what is put there says what resutil puts' '
	key=project/aapfup_20240704T191553_run3.zip &&
	s3_ask GET "/ice/$key" 2>fields >/dev/null &&
	test_grep -i "^x-amz-meta-resutil-tree: [0-9a-f]*" fields &&
	s3_ask GET "/ice/project/aapfup_20240704T191555_py.zip" 2>fields \
		>/dev/null && test_grep ! -i "x-amz-meta" fields
'

test_expect_success 'a damaged pack in S3 goes nowhere, by its checksum' '
	resutil get-object --remote=s3 $key >bad && printf X |
	dd of=bad bs=1 seek=100 conv=notrunc 2>/dev/null &&
	resutil put-object --remote=s3 $key bad && rm z/$key &&
	test_expect_code 13 resutil copy-pack --from=s3 --to=z run3 2>err &&
	test_path_is_missing z/$key
'

test_done
