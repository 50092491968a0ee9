#!/bin/sh

test_description='stores on Google Drive: what is read'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

SQ="'"
store=
# new_base [ROLE]: another folder, and project in it
new_base () {
	base=$(drive_folder results) &&
	drive_share "$base" "$GOOGLE_ACCOUNT" "${1:-writer}" &&
	project=$(drive_folder project "$base") &&
	store="gdrive://$base?api_root=$DRIVE_ROOT&key_file_path=key.json"
}

get () {
	resutil get-object --remote "$store" "$@"
}

# owner_token: of who owns the folders
owner_token () {
	google_admin token "{\"email\": \"owner@example.com\", \"scopes\":
		[\"https://www.googleapis.com/auth/drive\"]}" |
	sed -n 's/.*"access_token": "\([^"]*\)".*/\1/p'
}

# replace ID FILE: somebody else puts another content there
replace () {
	curl -q -sS --noproxy "*" --fail-with-body -X PATCH \
		-H "Authorization: Bearer $(owner_token)" \
		-H "Content-Type: application/zip" --data-binary "@$2" \
		"$DRIVE_ROOT/upload/drive/v3/files/$1?uploadType=media" >&4
}

# held COMMAND...: in the background, until the request `it` is held
held () {
	"$@" >out 2>err &
	pid=$! &&
	google_wait it
}

# ended STATUS: what was held goes on, and ends so
ended () {
	google_release it &&
	status=0 && { wait $pid || status=$?; } &&
	test $status = "$1"
}

test_expect_success 'setup: a folder, two files' '
	start_drive &&
	google_key key.json &&
	new_base &&
	echo 0123456789 >a && echo 9876543210 >b &&
	a=$(drive_file "$project" a.zip a)
'

test_expect_success 'an object is one request, and a look' '
	: >"$DRIVE_LOG" &&
	get project/a.zip >got &&
	test_cmp a got &&
	google_counted "/revisions/" 1 &&
	# the base, the folder, the file
	google_counted "GET /drive/v3/files" 4
'

test_expect_success 'a range is asked for as one' '
	: >"$DRIVE_LOG" &&
	get --offset=3 --length=3 project/a.zip >got &&
	printf 345 >expect &&
	test_cmp expect got &&
	google_counted "/revisions/.* 206" 1
'

test_expect_success 'what was listed or looked at is read at once' '
	: >"$DRIVE_LOG" &&
	store-steps "$store" stat:project/a.zip again:project/a.zip \
		again:project/a.zip again:project/a.zip >out &&
	grep -c "  0123456789" out >n &&
	echo 3 >expect &&
	test_cmp expect n &&
	google_counted "/revisions/" 3 &&
	google_counted "files/$a 200" 0
'

test_expect_success 'what is replaced meanwhile is read as it was' '
	google_pause it "\"path\": \"/revisions/\"" &&
	held get project/a.zip &&
	replace "$a" b &&
	ended 0 &&
	test_cmp a out &&
	get project/a.zip >got &&
	test_cmp b got
'

# replaced_after STEP: another content, by somebody else; then STEP
replaced_after () {
	store-steps "$store" stat:project/a.zip "sh:curl -q -sS \
		--noproxy \"*\" -X PATCH -o /dev/null \
		-H \"Authorization: Bearer $(owner_token)\" \
		-H \"Content-Type: application/zip\" --data-binary @$1 \
		\"$DRIVE_ROOT/upload/drive/v3/files/$a?uploadType=media\"" \
		"$2" get:project/a.zip >out
}

test_expect_success 'a version that was seen a moment ago is read as it was' '
	replaced_after a again:project/a.zip &&
	test "$(sed -n "s/^  \([0-9]*\)$/\1/p" out | tr "\n" " ")" = \
		"9876543210 0123456789 "
'

test_expect_success 'where older revisions are not given the newest one is' '
	google_admin drive "{\"old_revisions\": false}" &&
	test_when_finished "google_admin drive \"{\\\"old_revisions\\\": true}\"" &&
	: >"$DRIVE_LOG" &&
	google_pause it "\"path\": \"/revisions/\"" &&
	held get project/a.zip &&
	replace "$a" b &&
	ended 0 &&
	test_cmp b out &&
	google_counted "/revisions/.* 200" 1
'

test_expect_success 'where they are not, a version of these is a conflict' '
	google_admin drive "{\"old_revisions\": false}" &&
	test_when_finished "google_admin drive \"{\\\"old_revisions\\\": true}\"" &&
	replaced_after b again:project/a.zip &&
	grep "failed 14: .*was changed by somebody else" out &&
	grep "  9876543210" out
'

# Nothing that was seen is believed from here on.
RESUTIL_TEST_GDRIVE_SEEN=0
export RESUTIL_TEST_GDRIVE_SEEN

test_expect_success 'a version costs a look' '
	: >"$DRIVE_LOG" &&
	store-steps "$store" stat:project/a.zip again:project/a.zip >out &&
	grep "  9876543210" out &&
	google_counted "files/$a 200" 1
'

test_expect_success 'a version that was replaced is a conflict' '
	replaced_after a again:project/a.zip &&
	grep "failed 14: .*was changed by somebody else" out &&
	grep "  0123456789" out
'

test_expect_success 'a version that went away is not found' '
	gone=$(drive_file "$project" gone.zip a) &&
	store-steps "$store" stat:project/gone.zip \
		"sh:curl -q -sS --noproxy \"*\" -o /dev/null --data-binary \
		{\\\"id\\\":\\\"$gone\\\"} $GOOGLE/_test/drive_trash" \
		again:project/gone.zip >out &&
	grep "failed 10: no ${SQ}project/gone.zip$SQ" out
'

test_expect_success 'and a conflict where another one has its name' '
	gone=$(drive_file "$project" gone.zip a) &&
	store-steps "$store" stat:project/gone.zip \
		"sh:curl -q -sS --noproxy \"*\" -o /dev/null --data-binary \
		{\\\"id\\\":\\\"$gone\\\"} $GOOGLE/_test/drive_trash &&
		curl -q -sS --noproxy \"*\" -o /dev/null --data-binary \
		{\\\"parent\\\":\\\"$project\\\",\\\"name\\\":\\\"gone.zip\\\",\\\"text\\\":\\\"x\\\"} \
		$GOOGLE/_test/drive_file" again:project/gone.zip >out &&
	grep "failed 14:" out
'

test_expect_success 'a file that was renamed is not what its key means' '
	moved=$(drive_file "$project" moved.zip a) &&
	store-steps "$store" stat:project/moved.zip \
		"sh:curl -q -sS --noproxy \"*\" -o /dev/null --data-binary \
		{\\\"id\\\":\\\"$moved\\\",\\\"name\\\":\\\"else.zip\\\"} \
		$GOOGLE/_test/drive_change" again:project/moved.zip >out &&
	grep "failed 10:" out
'

unset RESUTIL_TEST_GDRIVE_SEEN

test_expect_success 'what is damaged is noticed' '
	bad=$(drive_file "$project" bad.zip a) &&
	google_admin drive_change "{\"id\": \"$bad\", \"damage\": 4}" &&
	test_expect_code 13 get project/bad.zip >got 2>err &&
	grep "does not have the MD5 that it says" err
'

test_expect_success 'an empty file is read without asking for its bytes' '
	: >nothing &&
	drive_file "$project" empty.zip nothing &&
	: >"$DRIVE_LOG" &&
	get project/empty.zip >got &&
	test_must_be_empty got &&
	google_counted "alt=media\|/revisions/" 0
'

test_expect_success 'who may only view reads the file, and looks again' '
	new_base reader &&
	a=$(drive_file "$project" a.zip a) &&
	b=$(drive_file "$project" b.zip b) &&
	: >"$DRIVE_LOG" &&
	store-steps "$store" get:project/a.zip get:project/b.zip >out &&
	grep "  0123456789" out && grep "  9876543210" out &&
	# refused once, and not tried any more
	google_counted "/revisions/.* 403" 1 &&
	google_counted "/revisions/" 1 &&
	google_counted "files/$b 200" 2
'

test_expect_success 'what is replaced before that is a conflict' '
	google_pause it "\"path\": \"alt=media\", \"nth\": 2" &&
	held get project/a.zip &&
	replace "$a" b &&
	ended 14 &&
	grep "was changed by somebody else" err &&
	get project/a.zip >got &&
	test_cmp b got
'

test_expect_success 'what is replaced after that is a conflict, too' '
	google_pause it "\"path\": \"alt=media\", \"when\": \"after\"" &&
	held get project/b.zip &&
	replace "$b" a &&
	ended 14 &&
	grep "was changed by somebody else" err
'

# reason STATUS REASON: what the service says to the next readings
reason () {
	google_admin errors "{\"errors\": [{\"path\": \"alt=media\",
		\"status\": $1, \"reason\": \"$2\", \"times\": 9,
		\"message\": \"Words of the service.\"}]}" >&4
}

test_expect_success 'what was downloaded too often says so' '
	new_base &&
	drive_file "$project" a.zip a &&
	reason 403 downloadQuotaExceeded &&
	test_expect_code 128 get project/a.zip 2>err &&
	grep "it was downloaded too often" err
'

test_expect_success 'what viewers may not download says so' '
	reason 403 cannotDownloadFile &&
	test_expect_code 11 get project/a.zip 2>err &&
	grep "its owner does not let viewers download it" err &&
	google_admin errors "{\"errors\": []}"
'

test_expect_success 'what is called malware is got when its owner says so' '
	lab=$(drive_shared lab organizer) &&
	project=$(drive_folder project "$lab") &&
	a=$(drive_file "$project" a.zip a) &&
	google_admin drive_change "{\"id\": \"$a\", \"abusive\": true}" &&
	drive_conf "$lab" &&
	test_expect_code 11 resutil get-object project/a.zip 2>err &&
	grep "acknowledge_abuse: true" err &&
	: >"$DRIVE_LOG" &&
	drive_conf "$lab" "acknowledge_abuse: true" &&
	resutil get-object project/a.zip >got &&
	test_cmp a got &&
	google_counted "/revisions/.* 403" 1 &&
	google_counted "/revisions/.* 200" 1 &&
	drive_conf "$lab" "acknowledge_abuse: perhaps" &&
	test_expect_code 129 resutil get-object project/a.zip 2>err &&
	grep "acknowledge_abuse. is yes or no, not .perhaps." err
'

test_expect_success 'others do not get it, whatever they say' '
	drive_share "$lab" "$GOOGLE_ACCOUNT" writer &&
	drive_conf "$lab" "acknowledge_abuse: true" &&
	test_expect_code 11 resutil get-object project/a.zip 2>err &&
	grep "only to its owner" err &&
	! grep acknowledge_abuse err
'

test_expect_success 'a connection that breaks is gone on with' '
	new_base &&
	/usr/bin/python3 -c "
import sys
sys.stdout.buffer.write(bytes(i * 7 % 251 for i in range(3000000)))" >big &&
	big=$(drive_file "$project" big.zip big) &&
	start_proxy "$DRIVE_ROOT" &&
	google_trust "${PROXY#*://}" &&
	proxy_rules "{\"path\": \"/revisions/\", \"nth\": [1, 2],
		\"reset_down\": 1000000}" &&
	store="gdrive://$base?api_root=$PROXY&key_file_path=key.json" &&
	get project/big.zip >got &&
	cmp big got &&
	test_requests = 3 "\"/revisions/\" in path"
'

test_done
