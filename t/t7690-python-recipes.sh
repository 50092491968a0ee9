#!/bin/sh

test_description='the set-up recipes of the Python Resutil, step by step

Nothing says here that the servers are not Google'\''s: their names lead to the
fakes by a proxy. What is done in a browser is done by control.
'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
unset RESUTIL_NO_REMOTE

# by_name COMMAND...: as on any machine with a network
by_name () {
	(
		unset RESUTIL_CONFIG_COUNT NO_PROXY no_proxy &&
		HTTPS_PROXY=$GOOGLE_PROXY SSL_CERT_FILE=$GOOGLE_CA &&
		CURL_CA_BUNDLE=$GOOGLE_CA &&
		export HTTPS_PROXY SSL_CERT_FILE CURL_CA_BUNDLE && "$@"
	)
}

# download_key FILE: a key as the console gives it, with Google's own hosts
download_key () {
	google_key "$1" &&
	sed -i -e "s,\"token_uri\".*,\"token_uri\": \"https://oauth2.googleapis.com/token\"\\,," \
		-e "s,\"auth_uri\".*,\"auth_uri\": \"https://accounts.google.com/o/oauth2/auth\"\\,," \
		"$1" && test_grep ! 127.0.0.1 "$1"
}

# answer TYPE PROMPT ANSWER END: `resutil init`, answered as in the README
answer () {
	by_name pty-run --screen=screen --size=24x200 \
		--expect="Input project name ($(basename "$PWD")): " \
		--send="MyProj\r" \
		--expect="Input directory name to store results (results): " \
		--send="results\r" \
		--expect="Do you want to add .gitignore to results? [Y/n] " \
		--send="Y\r" --expect="Input storage_type (" \
		--expect=": " --send="$1\r" \
		--expect="Input key file_path (key.json): " \
		--send="key.json\r" \
		--expect="Do you want to add key.json to .gitignore? [Y/n] " \
		--send="Y\r" --expect="$2" --send="$3\r" --expect="$4" \
		resutil init
}

# The program of the README.
sample () {
	cat >sample.py <<-\END
	import resutil

	# Add decorator before the main function
	@resutil.main()
	def main_func(params):
	    ex_dir = params.ex_dir

	    with open(ex_dir + "/data.txt", "w") as f:
	        f.write("42\n")

	if __name__ == "__main__":
	    main_func()
	END
}

# run_sample COMMENT: with nobody at the terminal
run_sample () {
	(
		RESUTIL_NO_INTERACTIVE=1 RESUTIL_COMMENT=$1 &&
		PYTHONPATH=$(resutil --python-path) &&
		export RESUTIL_NO_INTERACTIVE RESUTIL_COMMENT PYTHONPATH &&
		by_name python3 sample.py >said 2>&1
	)
}

# ---- Google Cloud Storage ------------------------------------------------

test_expect_success '1-5: project, API, bucket, account, roles' '
	google_by_name start_gcs &&
	gcs_bucket resutil storage.objectUser storage.legacyBucketReader
'

test_expect_success PTY '6-7: key.json, and resutil init asks what it asked' '
	make_repo work && cd work && download_key key.json &&
	answer gcs "Input bucket name: " resutil "Initialized" &&
	test_grep "Connected to Google Cloud Storage" screen &&
	test_grep "Bucket name: resutil" screen &&
	test_grep "Project dir: MyProj" screen
'

test_expect_success PTY 'resutil-conf.yaml is the one of the README' '
	cd work && cat >want <<-\EOF &&
	project_name: MyProj
	results_dir: results
	storage_config:
	  backet_name: resutil
	  key_file_path: key.json
	storage_type: gcs
	EOF
	test_cmp want resutil-conf.yaml &&
	git check-ignore key.json && git check-ignore results/x
'

test_expect_success PTY,PYTHON 'the program runs, and its experiment is there' '
	cd work && sample && run_sample nice-comment &&
	by_name resutil list-remote >names &&
	test_grep "^[a-z]\{6\}_[0-9T]\{15\}_nice-comment$" names &&
	google_admin objects "{\"bucket\": \"resutil\"}" >objects &&
	test_grep "MyProj/$(cat names).zip" objects
'

test_expect_success PTY,PYTHON 'push, push --all, pull, list, add -d, comment, rm' '
	cd work && resutil add exp1 >one && resutil add exp2 >two &&
	by_name resutil push exp1 && by_name resutil push --all >out &&
	test_grep "1 sent.*2 already there" out &&
	resutil add "新しい実験" -d exp1 exp2 >three &&
	by_name resutil push "$(cat three)" >out && test_grep "1 sent" out &&
	by_name resutil list >out && test_line_count = 5 out &&
	by_name resutil comment exp1 first && by_name resutil rm -y exp2 &&
	by_name resutil list-remote >names && test_line_count = 3 names &&
	test_grep "_first$" names && test_grep "新しい実験$" names &&
	test_grep ! exp2 names
'

test_expect_success PTY,PYTHON 'a colleague follows the same recipe, and pulls' '
	make_repo team && cd team && download_key key.json &&
	answer gcs "Input bucket name: " resutil "Initialized" &&
	test_grep "Experiments: 3" screen &&
	by_name resutil pull nice-comment &&
	grep 42 results/*_nice-comment/data.txt &&
	by_name resutil pull --all --no-dependency --yes >out &&
	test_grep "2 fetched.*1 already here" out
'

test_expect_success PTY 'the role that the README names first is enough, too' '
	gcs_bucket other-lab storage.objectAdmin &&
	make_repo admin && cd admin && download_key key.json &&
	answer gcs "Input bucket name: " other-lab "Initialized" &&
	resutil add one >name && by_name resutil push one
'

test_expect_success PTY 'a step that was left out: told, asked again, not saved' '
	make_repo late && cd late &&
	download_key ../late.json &&
	google_admin bucket "{\"name\": \"not-shared\", \"roles\": {}}" >&4 &&
	test_expect_code 11 by_name pty-run --screen=screen --size=24x200 \
		--expect="(late): " --send="MyProj\r" --expect="(results): " \
		--send="\r" --expect="[Y/n] " --send="\r" \
		--expect=": " --send="gcs\r" --expect="(key.json): " \
		--send="\r" --expect="no key file" --expect="(key.json): " \
		--send="../late.json\r" --expect="bucket name: " \
		--send="gs://not-shared\r" --expect="is a URL" \
		--expect="bucket name: " --send="not-shared\r" \
		--expect="storage.objects.list" --expect="not saved" \
		resutil init && test_path_is_missing resutil-conf.yaml &&
	test_path_is_missing results
'

# ---- Google Drive --------------------------------------------------------

test_expect_success PTY '1-5 on Drive, with an account that has room' '
	google_by_name start_drive && base=$(drive_folder resutil) &&
	drive_quota "$GOOGLE_ACCOUNT" null &&
	drive_share "$base" "$GOOGLE_ACCOUNT" writer &&
	make_repo drive && cd drive && download_key key.json &&
	answer gdrive "Input folder id of base dir: " "$base" "Initialized" &&
	test_grep "Connected to Google Drive" screen &&
	test_grep "Base folder id: $base" screen && cat >want <<-EOF &&
	project_name: MyProj
	results_dir: results
	storage_config:
	  base_folder_id: $base
	  key_file_path: key.json
	storage_type: gdrive
	EOF
	test_cmp want resutil-conf.yaml
'

test_expect_success PTY,PYTHON 'the program runs, and its experiment is there' '
	cd drive && sample && run_sample nice-comment && drive_tree "$base" >tree &&
	grep "MyProj/[a-z]\{6\}_[0-9T]\{15\}_nice-comment.zip file" tree &&
	resutil add exp1 >one && by_name resutil push --all >out &&
	test_grep "1 sent.*1 already there" out &&
	by_name resutil comment exp1 first && by_name resutil rm -y first &&
	by_name resutil list-remote >names && test_line_count = 1 names
'

test_expect_success PTY,PYTHON 'a colleague pastes the URL of the folder' '
	make_repo drive-team && cd drive-team && download_key key.json &&
	answer gdrive "Input folder id of base dir: " \
		"https://drive.google.com/drive/u/0/folders/$base?usp=sharing" \
		"Initialized" && test_grep "Experiments: 1" screen &&
	by_name resutil pull --all --yes &&
	grep 42 results/*_nice-comment/data.txt
'

test_expect_success PTY 'an account of today has no room: both ways out are told' '
	drive_quota "$GOOGLE_ACCOUNT" 0 && make_repo today && cd today &&
	download_key key.json &&
	test_must_fail answer gdrive "Input folder id of base dir: " "$base" \
		"not saved" && test_path_is_missing resutil-conf.yaml &&
	tr -d "\n" <screen >told && test_grep "shared drive" told &&
	test_grep "resutil remote login" told
'

test_expect_success PTY,PYTHON 'the first way out: a shared drive' '
	cd today && team=$(drive_shared team) &&
	answer gdrive "Input folder id of base dir: " "$team" "Initialized" &&
	sample && run_sample nice-comment && drive_tree "$team" >tree &&
	grep "MyProj/.*_nice-comment.zip file" tree
'

test_expect_success 'the second way out: a login, as the page of Drive tells it' '
	make_repo mine && cd mine &&
	folders=https://drive.google.com/drive/folders &&
	google_admin client "{\"id\": \"lab-client\",
		\"secret\": \"s3cret\"}" >&4 &&
	google_admin person "{\"email\": \"owner@example.com\"}" >&4 &&
	(umask 077 && cat >client.json) <<-\EOF &&
	{"installed": {"client_id": "lab-client", "client_secret": "s3cret",
	 "project_id": "my-lab-1234", "redirect_uris": ["http://localhost"],
	 "auth_uri": "https://accounts.google.com/o/oauth2/auth",
	 "token_uri": "https://oauth2.googleapis.com/token"}}
	EOF
	write_script ../browser <<-EOF &&
	exec curl -q -sS -L -m 20 --proxy "$GOOGLE_PROXY" --noproxy 127.0.0.1 \
		--cacert "$GOOGLE_CA" "\$1" >"$TRASH_DIRECTORY/seen" 2>&1
	EOF
	resutil init --offline --storage-type=gdrive -o key_file_path=- \
		--project-name=MyProj -o base_folder_id="$folders/$base" &&
	BROWSER=$TRASH_DIRECTORY/browser by_name resutil remote login origin \
		--client client.json >out 2>err &&
	test_grep "owner@example.com" out && test_grep "holds 1 exp" out &&
	resutil add mine >name && by_name resutil push mine &&
	drive_tree "$base" >tree && test_grep "MyProj/.*_mine.zip file" tree &&
	by_name resutil remote logout origin &&
	test_expect_code 11 env NO_GCE_CHECK=true resutil remote test --quick 2>err
'

test_expect_success 'all of it by the names of Google' '
	test_grep "www.googleapis.com" "$GOOGLE_TUNNELS" &&
	test_grep "oauth2.googleapis.com" "$GOOGLE_TUNNELS"
'

test_done
