#!/bin/sh

test_description='what the pages of Google say that is permitted is enough

PERMISSIONS of resutil-gcs(7), and who is what on Drive.
'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

# roles ROLE...: those of our account on the bucket
roles () {
	gcs_bucket lab "$@"
}

test_expect_success 'setup: two experiments in a bucket, one of them large' '
	start_gcs && roles storage.objectUser storage.legacyBucketReader &&
	mkdir p && cd p && gcs_conf lab && mkdir big &&
	head -c 20000000 /dev/urandom >big/data &&
	resutil add small >../names && resutil add big --from big >>../names &&
	resutil push --all && resutil list-remote >../out &&
	test_line_count = 2 ../out
'

test_expect_success 'the two roles are enough for all that is done' '
	cd p && resutil rm -l -y big && resutil pull big &&
	test_cmp big/data results/*_big/data &&
	resutil update-exp --set info.x=1 big && resutil push big &&
	resutil comment small tiny && resutil show tiny &&
	resutil gc --remote && resutil fsck --remote --read-data &&
	resutil url big >url && curl -q -sSf --noproxy "*" -o big.zip "$(cat url)" &&
	resutil verify-pack big.zip && resutil rm -r -y tiny &&
	resutil list-remote >../out && test_line_count = 1 ../out
'

test_expect_success 'Storage Object Viewer: list, show, pull, clone' '
	roles storage.objectViewer && cp p/key.json . &&
	resutil clone -o key_file_path=key.json \
		"gs://lab/project?api_root=$GCS_ROOT" reader &&
	cd reader && resutil list >../out && resutil show big:data >../got &&
	test_cmp ../p/big/data ../got && resutil pull big &&
	resutil fsck --remote --read-data && resutil add mine >../name &&
	test_expect_code 11 resutil push mine 2>../err &&
	test_grep "storage.objects.create" ../err &&
	test_expect_code 11 resutil rm -r -y big 2>../err &&
	test_grep "storage.objects.delete" ../err
'

test_expect_success 'with Storage Object Creator: push what is new' '
	roles storage.objectViewer storage.objectCreator &&
	cd p && resutil add new >../name && resutil add more --from big &&
	resutil push new more && resutil update-exp --set info.x=2 new &&
	test_expect_code 11 resutil push new 2>../err &&
	test_grep "storage.objects.delete" ../err && test_line_count = 1 ../err &&
	resutil list-remote >../out && test_line_count = 3 ../out
'

test_expect_success 'Drive: an Editor of My Drive, and who only sees' '
	start_drive && base=$(drive_folder results) &&
	drive_quota "$GOOGLE_ACCOUNT" null &&
	drive_share "$base" "$GOOGLE_ACCOUNT" writer && mkdir d && cd d &&
	drive_conf "$base" && cp -r ../p/big . && resutil add small >../name &&
	resutil add big --from big && resutil push --all &&
	resutil update-exp --set info.x=1 big && resutil push big &&
	resutil comment small tiny && resutil rm -r -y tiny &&
	resutil fsck --remote --read-data && resutil gc --remote &&
	reader=reader@lab-project.iam.gserviceaccount.com &&
	google_key ../reader.json "$reader" &&
	drive_share "$base" "$reader" reader && cd .. &&
	resutil clone -o key_file_path=reader.json \
		"gdrive://$base/project?api_root=$DRIVE_ROOT" looks &&
	cd looks && resutil pull big && test_cmp ../p/big/data results/*_big/data &&
	resutil add mine >../name &&
	test_expect_code 11 resutil push mine 2>../err &&
	test_grep "share .*$reader.*Editor" ../err
'

test_expect_success 'Drive: a Content manager of a shared drive' '
	team=$(drive_shared team) && mkdir s && cd s && drive_conf "$team" &&
	resutil add small >../name && resutil push small &&
	resutil update-exp --set info.x=1 small && resutil push small &&
	resutil comment small tiny && resutil rm -r -y tiny &&
	resutil fsck --remote && resutil gc --remote
'

test_done
