#!/bin/sh

test_description='init: a conf of Google Cloud Storage is saved when it is sound'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

# init_gcs DIR WORD...: in a new directory with a key file, entered
init_gcs () {
	mkdir "$1" && cd "$1" && shift && google_key key.json &&
	resutil init --storage-type=gcs -o api_root="$GCS_ROOT" "$@" >out 2>err
}

# nothing_made: but what was there before
nothing_made () {
	test_path_is_missing resutil-conf.yaml &&
	test_path_is_missing results && test_path_is_missing .resutil &&
	test_path_is_missing .gitignore
}

# refused STATUS WORD...: init says no, and nothing is made
refused () {
	refused_status=$1 && shift &&
	test_expect_code "$refused_status" resutil init --storage-type=gcs \
		-o api_root="$GCS_ROOT" "$@" >../out 2>../err &&
	test_must_be_empty ../out && nothing_made
}

test_expect_success 'setup: a bucket with the two roles' '
	start_gcs && gcs_bucket lab
'

test_expect_success 'what it is connected with is told, and the conf is saved' '
	init_gcs bridges -o bucket_name=lab &&
	test_must_be_empty err && cat >want <<-EOF &&
	Connected to Google Cloud Storage
	  Bucket name: lab
	  Project dir: bridges
	  Key file: key.json ($GOOGLE_ACCOUNT)
	  Experiments: 0
	Initialized project .bridges. in resutil-conf.yaml
	Next:
	  resutil run -m COMMENT -- CMD...
	  resutil list
	EOF
	tr "\047" . <out >got && test_cmp want got &&
	cat >want <<-EOF &&
	project_name: bridges
	results_dir: results
	storage_config:
	  backet_name: lab
	  key_file_path: key.json
	  api_root: $GCS_ROOT
	storage_type: gcs
	EOF
	test_cmp want resutil-conf.yaml &&
	printf "%s\n" "# Resutil config file" key.json >want &&
	test_cmp want .gitignore
'

test_expect_success 'one token serves, and nothing is left in the bucket' '
	google_requests "POST /token" >tokens && test_line_count = 1 tokens &&
	google_requests DELETE >removed && test_line_count = 1 removed &&
	google_ask "/storage/v1/b/lab/o" >objects &&
	test_grep ! resutil-test objects
'

test_expect_success 'no trace of it holds a secret' '
	mkdir traced && cd traced && google_key key.json &&
	RESUTIL_TRACE=$PWD/../trace RESUTIL_TRACE_HTTP=$PWD/../http \
		resutil init --project-name=bridges --storage-type=gcs \
		-o api_root="$GCS_ROOT" -o bucket_name=lab >../out &&
	test_grep "test-store --access=bridges" ../trace &&
	test_grep "/storage/v1/b/lab/o" ../http &&
	test_grep ! "ya29\|PRIVATE KEY\|assertion=[^*<[]" ../trace &&
	test_grep ! "ya29\|PRIVATE KEY" ../http &&
	sed -n "s/.*\"private_key\": \"[^n]*n\(.\{40\}\).*/\1/p" key.json >part &&
	test -s part && test_grep ! -F "$(cat part)" ../trace &&
	test_grep ! -F "$(cat part)" ../http
'

test_expect_success 'the store works from here on' '
	cd bridges && resutil add one >name && resutil push one &&
	resutil init --force >out && test_grep "^  Experiments: 1$" out &&
	RESUTIL_QUIET= resutil -q init --force >out && test_must_be_empty out
'

test_expect_success '--force tries the store that the whole conf names' '
	cd bridges && cp resutil-conf.yaml before &&
	sed "s,backet_name: .*,&\\
  prefix: deep/er," before >resutil-conf.yaml &&
	resutil init --force >out && test_grep "^  Experiments: 0$" out &&
	google_requests "deep%2Fer%2Fbridges%2Fresutil-test-" >requests &&
	test -s requests && mv before resutil-conf.yaml
'

test_expect_success 'a key file in its own folder, DIR elsewhere' '
	mkdir -p else/where/keys && google_key else/where/keys/my.json &&
	resutil init --storage-type=gcs -o api_root="$GCS_ROOT" \
		-o bucket_name=lab -o key_file_path=keys/my.json \
		--project-name=bridges else/where >out &&
	test_grep "^  Key file: keys/my.json (resutil-bot@" out &&
	test_grep "^  Experiments: 1$" out &&
	resutil -C else/where list-remote >out && test_line_count = 1 out &&
	google_key outside.json &&
	resutil init --storage-type=gcs -o api_root="$GCS_ROOT" \
		-o bucket_name=lab -o key_file_path=../outside.json new >out &&
	resutil -C new remote test --quick
'

test_expect_success 'a key file in the home directory' '
	mkdir -p "$HOME"/keys at-home && google_key "$HOME"/keys/lab.json &&
	cd at-home && resutil init --storage-type=gcs \
		-o api_root="$GCS_ROOT" -o bucket_name=lab \
		-o key_file_path="~/keys/lab.json" >../out &&
	test_grep "key_file_path: .*~/keys/lab.json" resutil-conf.yaml &&
	test_path_is_missing .gitignore && resutil remote test --quick &&
	resutil remote add again "gs://lab?api_root=$GCS_ROOT" \
		-o key_file_path="~/keys/lab.json" && resutil remote test --quick again
'

test_expect_success 'no such bucket: said, and nothing is made' '
	mkdir no-bucket && cd no-bucket && google_key key.json &&
	refused 12 -o bucket_name=nobody-has-this &&
	test_grep "bucket .nobody-has-this." ../err &&
	test_grep "not saved.*man resutil-gcs" ../err
'

test_expect_success 'and the answers are not lost' '
	cd no-bucket && sed -n "s/^  resutil init/resutil init/p" ../err >again &&
	test_line_count = 1 again && sh -e ./again >../out &&
	test_grep "^  backet_name: nobody-has-this$" resutil-conf.yaml &&
	test_grep "^  resutil remote test --quick$" ../out &&
	test_expect_code 12 resutil remote test --quick
'

test_expect_success 'a role that only reads: said by the permission, with a way out' '
	gcs_bucket read-only storage.objectViewer &&
	mkdir read-only && cd read-only && google_key key.json &&
	refused 11 -o bucket_name=read-only &&
	test_grep "storage.objects.create" ../err &&
	test_grep "Storage Object User" ../err &&
	test_grep "can be listed, and nothing else" ../err
'

test_expect_success 'a role that cannot remove' '
	gcs_bucket no-delete storage.objectViewer storage.objectCreator &&
	mkdir no-delete && cd no-delete && google_key key.json &&
	refused 11 -o bucket_name=no-delete &&
	test_grep "storage.objects.delete" ../err
'

test_expect_success 'no role at all' '
	gcs_bucket secret-lab storage.legacyBucketReader &&
	google_admin bucket "{\"name\": \"others\", \"roles\": {}}" >&4 &&
	mkdir no-role && cd no-role && google_key key.json &&
	refused 11 -o bucket_name=others &&
	test_grep "storage.objects.list" ../err &&
	test_grep "$GOOGLE_ACCOUNT" ../err && test_grep ! "BEGIN" ../err
'

test_expect_success 'Storage Object Admin alone is enough' '
	gcs_bucket admin storage.objectAdmin &&
	init_gcs admin -o bucket_name=admin &&
	test_grep "^  Experiments: 0$" out &&
	resutil add one >../name && resutil push one && resutil fsck --remote
'

test_expect_success 'a deleted account' '
	mkdir deleted && cd deleted &&
	google_key key.json gone@lab-project.iam.gserviceaccount.com &&
	google_admin account "{\"email\": \"gone@lab-project.iam.gserviceaccount.com\",
		\"state\": \"deleted\"}" >&4 &&
	refused 11 -o bucket_name=lab && test_grep "account not found" ../err
'

test_expect_success 'nobody there' '
	mkdir nobody && cd nobody && google_key key.json &&
	port=$(free_port) && google_trust "127.0.0.1:$port" &&
	(GCS_ROOT=http://127.0.0.1:$port && refused 12 -o bucket_name=lab) &&
	test_grep "annot connect.* for 5 s" ../err
'

# ---- key files -----------------------------------------------------------

test_expect_success 'a key file that is not there' '
	mkdir no-key && cd no-key &&
	refused 10 -o bucket_name=lab &&
	test_grep "no key file .key.json.; put it there" ../err &&
	test_line_count = 1 ../err
'

test_expect_success 'what is no key file is told at once, and by what it is' '
	mkdir kinds && cd kinds && google_key good.json &&
	: >empty.json && echo "{" >cut.json && echo "[]" >list.json &&
	echo "{\"a\": 1}" >other.json && echo "\"x\"" >text.json &&
	echo "{\"installed\": {\"client_id\": \"x\"}}" >client.json &&
	echo "{\"type\": \"gdch_service_account\"}" >gdch.json &&
	echo "{\"type\": 7}" >seven.json &&
	echo "{\"type\": \"external_account\"}" >federated.json &&
	echo "{\"type\": \"authorized_user\"}" >user.json &&
	echo "{\"type\": \"impersonated_service_account\",
		\"service_account_impersonation_url\": \"https://x\"}" >acting.json &&
	printf "\060\202\012\000\002\001" >key.p12 && mkdir dir.json &&
	sed "/client_email/d" good.json >no-email.json &&
	sed "s/\"private_key\".*/\"private_key\": \"\",/" good.json >no-key.json &&
	head -c 2000000 /dev/zero >big.json &&
	for file in *.json *.p12
	do
		test $file != good.json || continue
		refused 13 -o bucket_name=lab -o key_file_path=$file &&
		test_grep "$file" ../err && test_line_count = 1 ../err &&
		test_grep ! "BEGIN" ../err || return 1
		refused 13 --offline -o bucket_name=lab \
			-o key_file_path=$file || return 1
	done &&
	refused 13 -o bucket_name=lab -o key_file_path=client.json &&
	test_grep "OAuth client.*remote login" ../err &&
	refused 13 -o bucket_name=lab -o key_file_path=key.p12 &&
	test_grep "P12" ../err &&
	refused 13 -o bucket_name=lab -o key_file_path=gdch.json &&
	test_grep "gdch_service_account.*type JSON" ../err &&
	refused 13 -o bucket_name=lab -o key_file_path=no-email.json &&
	test_grep "lacks .client_email." ../err
'

test_expect_success AS_USER 'one that cannot be read' '
	mkdir locked && cd locked && google_key key.json && chmod 000 key.json &&
	chmod 777 . && test_expect_code 128 as_user resutil init \
		--storage-type=gcs -o api_root="$GCS_ROOT" \
		-o bucket_name=lab 2>../err &&
	test_grep "key.json.*denied" ../err && nothing_made
'

test_expect_success 'credentials of Google'\''s own tools need no key file' '
	mkdir adc && google_key adc.json && cd adc &&
	(
		GOOGLE_APPLICATION_CREDENTIALS=$PWD/../adc.json &&
		export GOOGLE_APPLICATION_CREDENTIALS &&
		resutil init --storage-type=gcs -o api_root="$GCS_ROOT" \
			-o bucket_name=lab >../out && resutil remote test --quick
	) &&
	test_grep ! "Key file" ../out &&
	test_grep ! key_file_path resutil-conf.yaml &&
	test_path_is_missing .gitignore &&
	mkdir -p "$HOME"/.config/gcloud ../gcloud && cd ../gcloud &&
	test_when_finished "rm -r \"$HOME\"/.config/gcloud" &&
	cp ../adc.json \
		"$HOME"/.config/gcloud/application_default_credentials.json &&
	resutil init --storage-type=gcs -o api_root="$GCS_ROOT" \
		-o bucket_name=lab >../out && test_grep ! "Key file" ../out
'

test_expect_success '-o key_file_path=- is none; a key file can be taken out' '
	cd bridges && test_must_fail resutil init --force \
		-o key_file_path=- 2>../err &&
	test_grep "^  key_file_path: key.json$" resutil-conf.yaml &&
	GOOGLE_APPLICATION_CREDENTIALS=$PWD/key.json resutil init --force \
		-o key_file_path=- >../out &&
	test_grep ! key_file_path resutil-conf.yaml &&
	test_grep "^  backet_name: lab$" resutil-conf.yaml &&
	cp resutil-conf.yaml ../adc.yaml &&
	GOOGLE_APPLICATION_CREDENTIALS=$PWD/key.json resutil init --force \
		>../out && test_cmp ../adc.yaml resutil-conf.yaml &&
	resutil init --force -o key_file_path=key.json >../out &&
	test_grep "^  key_file_path: key.json$" resutil-conf.yaml
'

test_expect_success 'anybody may read: no key is asked for' '
	google_admin bucket "{\"name\": \"public\", \"roles\": {\"allUsers\":
		[\"storage.objectViewer\", \"storage.legacyBucketReader\"]}}" >&4 &&
	mkdir public && cd public &&
	test_expect_code 11 resutil init --storage-type=gcs \
		-o api_root="$GCS_ROOT" -o bucket_name=public \
		-o anonymous=yes >../out 2>../err && nothing_made &&
	test_grep "can be listed, and nothing else" ../err &&
	resutil init --offline --storage-type=gcs -o api_root="$GCS_ROOT" \
		-o bucket_name=public -o anonymous=yes >../out &&
	test_grep "^  anonymous: true$" resutil-conf.yaml &&
	cp resutil-conf.yaml ../anonymous.yaml &&
	resutil init --offline --force >../out &&
	test_cmp ../anonymous.yaml resutil-conf.yaml &&
	test_grep ! key_file_path resutil-conf.yaml &&
	resutil remote test --quick >../out && test_grep "holds 0" ../out
'

test_expect_success 'an emulator is spoken with by nobody' '
	google_admin bucket "{\"name\": \"emulated\", \"roles\": {\"allUsers\":
		[\"storage.objectUser\"]}}" >&4 &&
	mkdir emulated && cd emulated &&
	STORAGE_EMULATOR_HOST=$GCS_ROOT resutil init --storage-type=gcs \
		-o bucket_name=emulated >../out &&
	test_grep ! key_file_path resutil-conf.yaml &&
	STORAGE_EMULATOR_HOST=127.0.0.1:$GCS_PORT resutil remote test --quick
'

test_expect_success 'remote add looks at a key file that is there' '
	cd bridges && echo "{}" >other.json &&
	cp resutil-conf.yaml before &&
	test_expect_code 13 resutil remote add two gs://lab \
		-o key_file_path=other.json 2>../err &&
	test_grep "other.json.*no key" ../err &&
	test_cmp before resutil-conf.yaml &&
	resutil remote add two "gs://lab?api_root=$GCS_ROOT" \
		-o key_file_path=comes-later.json &&
	test_expect_code 11 resutil remote test --quick two 2>../err &&
	test_grep "comes-later.json" ../err && resutil remote rm two
'

# ---- hosts ---------------------------------------------------------------

test_expect_success 'a key is sent to no strange host unasked' '
	mkdir strange && cd strange && google_key key.json &&
	google_requests >../before &&
	(
		unset RESUTIL_CONFIG_COUNT &&
		refused 129 -o bucket_name=lab && cp ../err ../api &&
		GCS_ROOT=https://storage.googleapis.com &&
		refused 129 -o bucket_name=lab
	) &&
	test_grep "api_root is at .127.0.0.1:$GCS_PORT." ../api &&
	test_grep "google.trusted-hosts=127.0.0.1:$GCS_PORT" ../api &&
	test_grep "key file .key.json. has tokens made by" ../err &&
	google_requests >../after && test_cmp ../before ../after
'

test_expect_success 'nor by a file that acts as another one' '
	cd strange && cat >acting.json <<-\EOF &&
	{ "type": "impersonated_service_account",
	  "service_account_impersonation_url":
	    "https://iamcredentials.googleapis.com/v1/x:generateAccessToken",
	  "source_credentials": { "type": "authorized_user", "client_id": "x",
	    "client_secret": "y", "refresh_token": "hunter2",
	    "token_uri": "https://tokens.example.org/token" } }
	EOF
	refused 129 -o bucket_name=lab -o key_file_path=acting.json &&
	test_grep "made by .tokens.example.org." ../err &&
	test_grep ! hunter2 ../err
'

test_expect_success PTY 'a person says whether to trust it, once' '
	mkdir asked && cd asked && google_key key.json &&
	unset RESUTIL_CONFIG_COUNT &&
	test_when_finished "RESUTIL_CONFIG_COUNT=1 &&
		export RESUTIL_CONFIG_COUNT" &&
	test_expect_code 129 pty-run --screen=screen --size=24x200 \
		--expect="api_root is at 127.0.0.1:$GCS_PORT, which is not" \
		--expect="Trust it? [y/N] " --send="\r" \
		--expect="not Google" resutil init --storage-type=gcs \
		--project-name=p --results-dir=r --gitignore --gitignore-key \
		-o api_root="$GCS_ROOT" -o bucket_name=lab \
		-o key_file_path=key.json && nothing_made &&
	test_path_is_missing "$HOME"/.config/resutil/config.yaml &&
	pty-run --screen=screen --size=24x200 \
		--expect="Trust it? [y/N] " --send="y\r" \
		--expect="Connecting to Google Cloud Storage" \
		--expect="Initialized" resutil init --storage-type=gcs \
		--project-name=p --results-dir=r --gitignore --gitignore-key \
		-o api_root="$GCS_ROOT" -o bucket_name=lab \
		-o key_file_path=key.json &&
	test_when_finished "rm -r \"$HOME\"/.config/resutil" &&
	test_grep "127.0.0.1:$GCS_PORT" "$HOME"/.config/resutil/config.yaml &&
	resutil remote test --quick
'

test_expect_success PTY 'what else the user configured stays as it is' '
	cd asked && unset RESUTIL_CONFIG_COUNT &&
	test_when_finished "RESUTIL_CONFIG_COUNT=1 &&
		export RESUTIL_CONFIG_COUNT" &&
	mkdir -p "$HOME"/.config/resutil "$HOME"/dotfiles &&
	test_when_finished "rm -r \"$HOME\"/.config/resutil" &&
	cat >"$HOME"/dotfiles/resutil.yaml <<-\EOF &&
	# mine
	google:
	  trusted-hosts: [tokens.lab]  # ours
	run: {prompt: no}
	EOF
	chmod 600 "$HOME"/dotfiles/resutil.yaml &&
	ln -s ../../dotfiles/resutil.yaml "$HOME"/.config/resutil/config.yaml &&
	pty-run --screen=screen --size=24x200 \
		--expect="Trust it? [y/N] " --send="y\r" \
		--expect="Added" resutil remote add more \
		"gs://lab?api_root=$GCS_ROOT" -o key_file_path=key.json &&
	test -L "$HOME"/.config/resutil/config.yaml &&
	stat -c %a "$HOME"/dotfiles/resutil.yaml >mode && echo 600 >want &&
	test_cmp want mode && cat >want <<-EOF &&
	# mine
	google:
	  trusted-hosts:
	  - tokens.lab
	  - "127.0.0.1:$GCS_PORT"  # ours
	run: {prompt: no}
	EOF
	test_cmp want "$HOME"/dotfiles/resutil.yaml && resutil remote test --quick more
'

test_expect_success PTY 'clone asks, too' '
	unset RESUTIL_CONFIG_COUNT && google_key key.json &&
	test_when_finished "RESUTIL_CONFIG_COUNT=1 &&
		export RESUTIL_CONFIG_COUNT" &&
	test_expect_code 129 resutil clone -o key_file_path=key.json \
		"gs://lab/bridges?api_root=$GCS_ROOT" cloned 2>err &&
	test_grep "not Google" err && test_path_is_missing cloned &&
	pty-run --screen=screen --size=24x200 \
		--expect="Trust it? [y/N] " --send="y\r" \
		--expect="Cloned project" resutil clone \
		-o key_file_path=key.json \
		"gs://lab/bridges?api_root=$GCS_ROOT" cloned &&
	test_when_finished "rm -r \"$HOME\"/.config/resutil" &&
	resutil -C cloned list-remote >names && test_line_count = 1 names
'

test_expect_success 'a conf of somebody else cannot say whom to trust' '
	mkdir taken && cd taken && google_key key.json &&
	unset RESUTIL_CONFIG_COUNT &&
	test_when_finished "RESUTIL_CONFIG_COUNT=1 &&
		export RESUTIL_CONFIG_COUNT" &&
	gcs_conf lab && cat >>resutil-conf.yaml <<-EOF &&
	google:
	  trusted-hosts: ["127.0.0.1:$GCS_PORT"]
	EOF
	google_requests >../before &&
	test_expect_code 129 resutil remote test --quick 2>../err &&
	test_expect_code 129 resutil init --force 2>../err &&
	test_grep "not Google" ../err && google_requests >../after &&
	test_cmp ../before ../after
'

test_done
