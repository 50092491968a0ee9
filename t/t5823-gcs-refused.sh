#!/bin/sh

test_description='Cloud Storage: what is refused is said, with what to do'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-google.sh

one=aapfcd_20240704T111555_one
two=aapfcd_20240704T111556_two

# refused STATUS TEXT COMMAND...: one line on standard error, which says TEXT
refused () {
	refused_status=$1 refused_text=$2
	shift 2
	test_expect_code "$refused_status" "$@" >out 2>err &&
	test_line_count = 1 err && test_grep "$refused_text" err &&
	test_grep ! "$(cat key)" err && test $(wc -c <err) -lt 1000
}

# may PERMISSION...: what our account may do, and nothing else
may () {
	gcs_bucket lab $(printf "storage.%s " "$@")
}

# without PERMISSION: all that resutil needs but for this
without () {
	may $(printf "objects.%s\n" create delete get list | grep -v "$1")
}

# bucket NAME MEMBERS: one on which our account has its role
bucket () {
	google_admin bucket "{\"name\": \"$1\", $2, \"roles\":
		{\"$GOOGLE_ACCOUNT\": [\"storage.objectUser\"]}}"
}

grant="grant .$GOOGLE_ACCOUNT. the role"

test_expect_success 'setup' '
	start_gcs && gcs_conf lab && gcs_bucket lab &&
	sed -n "s/.*PRIVATE KEY-----.n\(.\{20\}\).*/\1/p" key.json >key &&
	test_line_count = 1 key && echo text >text &&
	KEY="key_file_path=$PWD/key.json" &&
	make_exp $one "state: done" && echo data >results/$one/file &&
	make_exp $two "state: done"
'

test_expect_success 'four permissions are all that it takes' '
	may objects.create objects.delete objects.get objects.list &&
	resutil test-store "gs://lab/x?api_root=$GCS_ROOT&$KEY" >tap &&
	resutil push -A && resutil list-remote >out && test_line_count = 2 out &&
	resutil comment $one other && resutil comment ${one%_*}_other one &&
	rm -r results && mkdir results && resutil pull -A &&
	resutil fsck --remote --read-data && resutil url one >url &&
	resutil rm -r -y two && resutil list-remote >out &&
	test_line_count = 1 out
'

test_expect_success 'the two roles of the Python Resutil have them' '
	gcs_bucket lab storage.objectUser storage.legacyBucketReader &&
	resutil put-object both text && resutil put-object both text &&
	resutil get-object both >got && test_cmp text got &&
	resutil list-objects both >got && test_line_count = 1 got &&
	resutil remove-object both
'

test_expect_success 'without list' '
	without list &&
	refused 11 "storage.objects.list access" resutil list-objects &&
	test_grep "$grant .Storage Object User. on the bucket .lab. (it has storage.objects.list)" \
		err &&
	resutil get-object project/$one.zip >got &&
	refused 11 "grant" resutil list-remote &&
	test_expect_code 11 resutil pull -A 2>err && test_grep "grant" err
'

test_expect_success 'without get' '
	without get &&
	refused 11 "storage.objects.get access" \
		resutil get-object project/$one.zip &&
	test_must_be_empty out &&
	test_grep "(it has storage.objects.get)" err &&
	refused 11 "storage.objects.get" resutil stat-remote $one &&
	rm -rf results/$one &&
	test_expect_code 11 resutil pull one 2>err &&
	test_grep "$grant .Storage Object User." err
'

test_expect_success 'without create' '
	without create && make_exp $two "state: done" &&
	refused 11 "storage.objects.create access" \
		resutil put-object --absent new text &&
	test_grep "$grant .Storage Object User." err &&
	test_expect_code 11 resutil push two 2>err &&
	test_grep "$grant" err && test_grep "objects.create" err &&
	resutil pull one && resutil list-remote >out &&
	echo $one >want && test_cmp want out
'

test_expect_success 'without delete' '
	without delete && resutil put-object --absent new text &&
	refused 11 "storage.objects.delete access" resutil put-object new text &&
	refused 11 "storage.objects.delete access" resutil remove-object new &&
	test_grep "(it has storage.objects.delete)" err &&
	resutil push two &&
	test_expect_code 11 resutil rm -r -y two 2>err &&
	test_grep "$grant .Storage Object User." err &&
	resutil get-object new >got && test_cmp text got
'

test_expect_success 'a large one is refused before its bytes are read' '
	without create && truncate -s 20M large &&
	refused 11 "storage.objects.create" \
		resutil put-object --absent large large &&
	test_grep "$grant" err
'

test_expect_success 'nothing at all: a bucket of somebody else' '
	google_admin bucket "{\"name\": \"theirs\"}" &&
	OTHER="gs://theirs?api_root=$GCS_ROOT&$KEY" &&
	refused 11 "or correct .backet_name." \
		resutil list-objects --remote "$OTHER" &&
	refused 11 "or correct .backet_name." \
		resutil put-object --absent --remote "$OTHER" x text
'

test_expect_success 'a bucket that is not there is no empty one' '
	NONE="gs://no-lab?api_root=$GCS_ROOT&$KEY" &&
	none="there is no bucket .no-lab.: make it, or correct .backet_name." &&
	refused 12 "$none" resutil list-objects --remote "$NONE" &&
	refused 12 "$none" resutil get-object --remote "$NONE" x &&
	refused 12 "$none" resutil put-object --remote "$NONE" x text &&
	refused 12 "$none" resutil put-object --remote "$NONE" --absent x text &&
	refused 12 "$none" resutil put-object --remote "$NONE" --absent x large &&
	refused 12 "$none" resutil remove-object --remote "$NONE" x &&
	refused 12 "$none" resutil remove-object --remote "$NONE" \
		--version=1 x &&
	refused 12 "$none" resutil list-remote --remote "$NONE" &&
	test_expect_code 12 resutil test-store "$NONE" >out 2>err &&
	test_grep "$none" err
'

test_expect_success 'what is not there in a bucket that is, is asked for once more alone' '
	gcs_bucket lab &&
	refused 10 "^resutil: no .nothing. in .gs://lab.$" \
		resutil get-object nothing &&
	refused 10 "no .nothing. in" resutil remove-object --version=1 nothing
'

test_expect_success 'many that are not there ask at most once whether the bucket is' '
	mkdir many && gcs_bucket fresh && (cd many && gcs_conf fresh) &&
	start_proxy "$GCS_ROOT" && google_trust "${PROXY#http://}" &&
	sed "s/backet_name/bucket_name/; s,api_root.*,api_root: $PROXY," \
		many/resutil-conf.yaml >conf &&
	cp conf many/resutil-conf.yaml &&
	for i in 1 2 3 4 5 6 7 8 9
	do
		(cd many && make_exp aapfcd_20240704T11155${i}_x) || return 1
	done &&
	proxy_rules && resutil -C many push -A &&
	test_requests = 0 "path.endswith(\"/o\") and method == \"GET\"" &&
	keys=$(resutil -C many list-objects --format="%(key)") &&
	resutil -C many remove-object $keys &&
	proxy_rules "{\"replace\": {\"No such object\": \"404\"}}" &&
	resutil -C many push -A &&
	test_requests = 1 "path.endswith(\"/o\") and method == \"GET\"" &&
	google_admin remove "{\"bucket\": \"fresh\"}" && proxy_rules &&
	refused 12 "correct .bucket_name." resutil -C many list-remote &&
	test_expect_code 12 resutil -C many push -A 2>err &&
	test_grep "there is no bucket .fresh." err
'

test_expect_success 'names that no bucket has, before anything is asked' '
	wc -l <"$GCS_LOG" >before &&
	for name in Lab la -lab lab- a..b 192.168.1.1 "lab x" gs://lab \
		"$(printf %064d 0)"
	do
		sed "s,backet_name: .*,backet_name: \"$name\"," \
			resutil-conf.yaml >conf &&
		mkdir -p bad && cp conf bad/resutil-conf.yaml &&
		test_must_fail resutil -C bad list-remote >out 2>err &&
		test_grep "bucket" err || return 1
	done && wc -l <"$GCS_LOG" >after && test_cmp before after
'

test_expect_success 'whoever asks pays' '
	bucket pays "\"requester_pays\": true" &&
	PAYS="gs://pays?api_root=$GCS_ROOT&$KEY" &&
	refused 11 "set .user_project. in storage_config" \
		resutil list-objects --remote "$PAYS" &&
	refused 11 "set .user_project. in storage_config" \
		resutil put-object --remote "$PAYS" x text &&
	PAYS="$PAYS&user_project=lab-project" &&
	resutil put-object --remote "$PAYS" x text &&
	resutil put-object --remote "$PAYS" x large &&
	resutil get-object --remote "$PAYS" x >got && cmp large got &&
	resutil list-objects --remote "$PAYS" >got && test_line_count = 1 got &&
	resutil remove-object --remote "$PAYS" x &&
	test_expect_code 129 resutil list-objects --remote "$PAYS%20x" 2>err &&
	test_grep "cannot be a project" err
'

test_expect_success 'nobody has paid' '
	bucket broke "\"billing\": false" &&
	refused 128 "has no billing account that is open: link one" \
		resutil list-objects --remote "gs://broke?api_root=$GCS_ROOT&$KEY"
'

test_expect_success 'what a policy keeps stays' '
	bucket kept "\"retention\": 3600" &&
	KEPT="gs://kept?api_root=$GCS_ROOT&$KEY" &&
	resutil put-object --remote "$KEPT" x text &&
	refused 128 "retentionPolicyNotMet.*the bucket keeps each object" \
		resutil remove-object --remote "$KEPT" x &&
	refused 128 "the bucket keeps each object" \
		resutil put-object --remote "$KEPT" x large &&
	resutil get-object --remote "$KEPT" x >got && test_cmp text got
'

test_expect_success 'anonymous: what all may read is read, and no more' '
	google_admin bucket "{\"name\": \"public\", \"roles\": {\"allUsers\":
		[\"storage.objectViewer\"], \"$GOOGLE_ACCOUNT\":
		[\"storage.objectUser\"]}}" &&
	resutil put-object --remote "gs://public?api_root=$GCS_ROOT&$KEY" \
		x text &&
	PUBLIC="gs://public?api_root=$GCS_ROOT&anonymous=1" &&
	resutil get-object --remote "$PUBLIC" x >got && test_cmp text got &&
	resutil list-objects --remote "$PUBLIC" >got &&
	test_line_count = 1 got &&
	refused 11 "nobody in particular asks" \
		resutil remove-object --remote "$PUBLIC" x &&
	refused 11 "nobody in particular asks" resutil list-objects \
		--remote "gs://lab?api_root=$GCS_ROOT&anonymous=1"
'

test_done
