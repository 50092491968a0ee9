#!/bin/sh

test_description='init: a conf of Google Drive is saved when it is sound'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

# try_drive STATUS DIR FOLDER [WORD...]: init there, with a key; in ../out and
# ../err
try_drive () {
	try_status=$1 try_folder=$3 && mkdir -p "$2" && cd "$2" && shift 3 &&
	google_key key.json &&
	test_expect_code "$try_status" resutil init --storage-type=gdrive \
		-o api_root="$DRIVE_ROOT" -o base_folder_id="$try_folder" "$@" \
		>../out 2>../err &&
	test $try_status = 0 || test_path_is_missing resutil-conf.yaml
}

test_expect_success 'setup: a Drive' '
	start_drive && team=$(drive_shared team) && mine=$(drive_folder mine)
'

test_expect_success 'what it is connected with is told, and the conf is saved' '
	try_drive 0 bridges "$team" && cat >../want <<-EOF &&
	Connected to Google Drive
	  Base folder id: $team
	  Project dir: bridges
	  Key file: key.json ($GOOGLE_ACCOUNT)
	  Experiments: 0
	Initialized project .bridges. in resutil-conf.yaml
	EOF
	head -n 6 ../out | tr "\047" . >../got && test_cmp ../want ../got &&
	resutil add one >../name && resutil push one && resutil remote test --quick
'

test_expect_success 'the folder of the project is there, once, and empty else' '
	drive_tree "$team" | grep -v trashed | sed "s/ .*//" >tree &&
	printf "team/bridges\nteam/bridges/%s.zip\n" "$(cat name)" >want &&
	sort tree | grep bridges >got && sed "s,^team/,," want >want2 &&
	sed "s,^team/,," got >got2 && test_cmp want2 got2 &&
	google_requests "POST /drive/v3/files " >made && test_line_count = 1 made
'

test_expect_success 'the URL of the folder, as a browser shows it' '
	for url in "https://drive.google.com/drive/folders/$team" \
		"https://drive.google.com/drive/u/1/folders/$team?usp=sharing" \
		"drive.google.com/drive/folders/$team/" \
		"https://drive.google.com/drive/folders/$team?resourcekey=0-x&usp=drive_link"
	do
		rm -rf pasted && try_drive 0 pasted "$url" \
			--project-name=bridges &&
		test_grep "^  base_folder_id: $team$" resutil-conf.yaml &&
		test_grep "^  Experiments: 1$" ../out && cd .. || return 1
	done
'

test_expect_success 'what is no folder is told without a request' '
	google_requests >before &&
	for url in https://drive.google.com/file/d/1aBcDeFg/view \
		https://docs.google.com/spreadsheets/d/1aBcDeFg/edit \
		https://drive.google.com/drive/my-drive "1a b" a/b \
		https://example.org/drive/folders/1aBcDeFg
	do
		try_drive 129 nothing "$url" && cd .. || return 1
	done &&
	google_requests >after && test_cmp before after
'

test_expect_success 'not there, or not shared: with whom to share it' '
	try_drive 12 not-shared "$mine" &&
	test_grep "not shared with .$GOOGLE_ACCOUNT." ../err &&
	test_grep "man resutil-gdrive" ../err && cd .. &&
	try_drive 12 not-there 1AbCdEfGhIjKlMnOpQrStUvWxYz &&
	test_grep "no folder .1AbC" ../err
'

test_expect_success 'shared for reading alone' '
	drive_share "$mine" "$GOOGLE_ACCOUNT" reader &&
	try_drive 11 reader "$mine" &&
	test_grep "share .*$GOOGLE_ACCOUNT.*Editor" ../err &&
	test_grep "can be listed, and nothing else" ../err
'

test_expect_success 'on My Drive a service account has no room: both ways out' '
	drive_share "$mine" "$GOOGLE_ACCOUNT" writer &&
	try_drive 128 quota "$mine" &&
	test_grep "storageQuotaExceeded" ../err &&
	test_grep "shared drive" ../err && test_grep "resutil remote login" ../err
'

test_expect_success 'an old account that has some is fine' '
	drive_quota "$GOOGLE_ACCOUNT" null &&
	test_when_finished "drive_quota \"$GOOGLE_ACCOUNT\" 0" &&
	try_drive 0 old "$mine"
'

test_expect_success 'a file, and a folder in the trash' '
	echo x >file && file=$(drive_file "$team" file.txt file) &&
	try_drive 12 a-file "$file" && test_grep "file" ../err && cd .. &&
	gone=$(drive_folder gone "$team") &&
	google_admin drive_trash "{\"id\": \"$gone\"}" >&4 &&
	try_drive 12 trashed "$gone" && test_grep "trash" ../err
'

test_expect_success 'clone names the projects that are there' '
	google_key key.json &&
	test_expect_code 10 resutil clone -o key_file_path=key.json \
		"gdrive://$team/bridge?api_root=$DRIVE_ROOT" 2>err &&
	test_grep "there may be some of: .*.bridges." err &&
	test_path_is_missing bridge &&
	test_expect_code 129 resutil clone -o key_file_path=key.json \
		"https://drive.google.com/drive/folders/$team" 2>err &&
	test_grep "gdrive://$team/PROJECT" err &&
	GOOGLE_APPLICATION_CREDENTIALS=$PWD/key.json resutil clone \
		-o key_file_path=- \
		"gdrive://$team/bridges?api_root=$DRIVE_ROOT" no-key &&
	test_grep ! key_file_path no-key/resutil-conf.yaml
'

test_expect_success 'a Contributor of a shared drive cannot remove' '
	some=$(drive_shared contributors writer) &&
	try_drive 11 contributor "$some" &&
	test_grep "Content manager" ../err
'

test_expect_success 'name with a quote, and what a query could take for one' '
	try_drive 0 quoted "$team" --project-name="Kai'\''s (\"or\") a" &&
	resutil add one >../name && resutil push one &&
	resutil remote test --quick >../out && test_grep "holds 1" ../out
'

test_expect_success 'the answers come back as they were given' '
	name="Kai'\''s (\"or\") \$x" && mkdir odd && cd odd &&
	google_key "a key.json" &&
	test_expect_code 12 resutil init --storage-type=gdrive \
		-o api_root="$DRIVE_ROOT" -o base_folder_id=1AbCdEfGhIjKlMn \
		-o key_file_path="a key.json" --project-name="$name" \
		--no-gitignore --no-gitignore-key 2>../err &&
	sed -n "s/^  resutil init/resutil init/p" ../err >../again &&
	sh -e ../again >../out && test_path_is_missing .gitignore &&
	test_path_is_missing results/.gitignore &&
	resutil config --trusted >&4 && resutil list-exps &&
	test_grep "key_file_path: a key.json" resutil-conf.yaml &&
	python3 - "$name" <<-\END
	import sys
	text = open("resutil-conf.yaml").read().splitlines()[0]
	assert sys.argv[1].replace("\x27", "") in text.replace("\x27", ""), text
	END
'

test_expect_success 'killed while it tries the store: nothing is made here' '
	google_pause look "\"method\": \"PATCH\", \"body\": \"trashed\"" &&
	mkdir killed && cd killed && google_key key.json &&
	{ resutil init --storage-type=gdrive -o api_root="$DRIVE_ROOT" \
		-o base_folder_id="$team" --project-name=bridges >../out \
		2>../err & } && pid=$! && google_wait look && kill -9 $pid &&
	test_expect_code 137 wait $pid; google_release look &&
	ls -A >../got && echo key.json >../want && test_cmp ../want ../got &&
	resutil init --storage-type=gdrive -o api_root="$DRIVE_ROOT" \
		-o base_folder_id="$team" --project-name=bridges >../out &&
	test_grep "^  Experiments: 1$" ../out
'

test_expect_success 'the API is not enabled: where to do that' '
	google_admin errors "{\"errors\": [{\"path\": \"/drive/v3/.*\",
		\"times\": 9, \"status\": 403, \"reason\": \"accessNotConfigured\",
		\"message\": \"Google Drive API has not been used in project 1\"}]}" \
		>&4 &&
	test_when_finished "google_admin errors \"{\\\"errors\\\": []}\"" &&
	try_drive 11 no-api "$team" &&
	test_grep "enable the Google Drive API" ../err
'

test_done
