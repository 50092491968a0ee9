#!/bin/sh

test_description='stores on Google Drive: the folder that is given'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

SQ="'"

# refused CODE TEXT COMMAND...: ends so, and TEXT is in its one line
refused () {
	test_code=$1 test_text=$2 && shift 2 &&
	test_expect_code $test_code "$@" >out 2>err &&
	test_must_be_empty out &&
	test_line_count = 1 err &&
	if ! grep -F -e "$test_text" err >&4
	then
		cat err >&4
		return 1
	fi
}

# folder_is ID: the conf has this one
folder_is () {
	drive_conf "$1"
}

test_expect_success 'setup: a folder that somebody shared, with an object' '
	start_drive &&
	base=$(drive_folder results) &&
	drive_share "$base" "$GOOGLE_ACCOUNT" writer &&
	project=$(drive_folder project "$base") &&
	echo one >one &&
	drive_file "$project" a.zip one >id &&
	folder_is "$base" &&
	resutil list-objects >list &&
	test_line_count = 1 list
'

for url in "https://drive.google.com/drive/folders/ID" \
	"https://drive.google.com/drive/folders/ID?usp=sharing" \
	"https://drive.google.com/drive/u/0/folders/ID" \
	"https://drive.google.com/drive/u/1/folders/ID?usp=drive_link"
do
	test_expect_success "a pasted URL is a folder: $url" '
		folder_is "${url%ID*}$base${url#*ID}" &&
		resutil list-objects >out &&
		test_cmp list out
	'
done

test_expect_success 'the folder is looked at once by a command' '
	folder_is "$base" &&
	: >"$DRIVE_LOG" &&
	resutil list-objects project/ >out &&
	google_counted "files/$base" 1
'

test_expect_success 'one that is not there is told with whom to share it' '
	folder_is 1AbCdEfGhIjKlMnOpQrStUvWxYz012345 &&
	whom="share the folder with that address as ${SQ}Editor$SQ" &&
	refused 12 "$whom" resutil list-objects &&
	refused 12 "shared with $SQ$GOOGLE_ACCOUNT$SQ" resutil list-objects x/ &&
	refused 12 "$whom" resutil get-object project/a.zip &&
	refused 12 "$whom" resutil put-object project/b.zip one &&
	refused 12 "$whom" resutil remove-object project/a.zip
'

test_expect_success 'one that nobody shared is as one that is not there' '
	private=$(drive_folder private) &&
	folder_is "$private" &&
	refused 12 "shared with $SQ$GOOGLE_ACCOUNT$SQ" resutil list-objects &&
	drive_share "$private" "$GOOGLE_ACCOUNT" reader &&
	resutil list-objects >out &&
	test_must_be_empty out
'

test_expect_success 'one in the trash is told' '
	drive=$(drive_shared lab) &&
	old=$(drive_folder "old $SQ things" "$drive") &&
	google_admin drive_trash "{\"id\": \"$old\"}" &&
	folder_is "$old" &&
	refused 12 "(${SQ}old $SQ things$SQ) is in the trash of Google Drive" \
		resutil list-objects &&
	google_admin drive_trash "{\"id\": \"$old\", \"trashed\": false}" &&
	resutil list-objects
'

test_expect_success 'a file is no folder' '
	folder_is "$(cat id)" &&
	refused 12 "(${SQ}a.zip$SQ) is a file and no folder" \
		resutil list-objects
'

test_expect_success 'a document of Google is no folder' '
	doc=$(drive_made drive_file "{\"parent\": \"$base\", \"name\":
		\"plan\", \"mimeType\":
		\"application/vnd.google-apps.document\"}") &&
	folder_is "$doc" &&
	refused 12 "(${SQ}plan$SQ) is a file and no folder" \
		resutil list-objects
'

test_expect_success 'a shortcut says what it leads to' '
	short=$(drive_made drive_file "{\"parent\": \"$base\", \"name\":
		\"short\", \"mimeType\":
		\"application/vnd.google-apps.shortcut\",
		\"shortcutDetails\": {\"targetId\": \"$project\"}}") &&
	folder_is "$short" &&
	refused 12 "give the id of what it leads to, $SQ$project$SQ" \
		resutil list-objects
'

test_expect_success 'names of folders do nothing to a terminal' '
	odd=$(drive_made drive_file "{\"parent\": \"$base\", \"name\":
		\"a\\u001b[31mb\"}") &&
	folder_is "$odd" &&
	test_expect_code 12 resutil list-objects 2>err &&
	grep "is a file" err &&
	LC_ALL=C tr -d "\n -~" <err >rest &&
	test_must_be_empty rest
'

test_expect_success 'a shared drive itself may be the folder' '
	top=$(drive_folder project "$drive") &&
	drive_file "$top" x.zip one &&
	folder_is "$drive" &&
	resutil list-objects project/ >out &&
	cut -f3 out >names &&
	echo project/x.zip >expect &&
	test_cmp expect names
'

test_expect_success 'so may a folder in it' '
	folder_is "$top" &&
	resutil list-objects >out &&
	cut -f3 out >names &&
	echo x.zip >expect &&
	test_cmp expect names
'

test_expect_success 'of a shared drive one folder alone may be shared' '
	others=$(drive_made drive_shared "{\"name\": \"of others\"}") &&
	part=$(drive_folder part "$others") &&
	drive_share "$part" "$GOOGLE_ACCOUNT" writer &&
	folder_is "$part" &&
	resutil put-object project/a.zip one &&
	resutil get-object project/a.zip >got &&
	test_cmp one got &&
	: >"$DRIVE_LOG" &&
	resutil list-objects >out &&
	test_line_count = 1 out &&
	# no member is refused once
	google_counted "files 404" 1
'

test_expect_success 'root is the folder that holds all of an account' '
	folder_is root &&
	drive_quota "$GOOGLE_ACCOUNT" null &&
	resutil put-object project/a.zip one &&
	resutil get-object project/a.zip >got &&
	test_cmp one got
'

test_expect_success 'who may only view reads, and is told how to write' '
	view=$(drive_folder view) &&
	drive_share "$view" "$GOOGLE_ACCOUNT" reader &&
	inner=$(drive_folder project "$view") &&
	drive_file "$inner" a.zip one &&
	folder_is "$view" &&
	resutil get-object project/a.zip >got &&
	test_cmp one got &&
	advice="share the folder with $SQ$GOOGLE_ACCOUNT$SQ as ${SQ}Editor" &&
	refused 11 "$advice" resutil put-object project/b.zip one &&
	refused 11 "$advice" resutil put-object other/b.zip one
'

# reason STATUS REASON: what the service says to the next request
reason () {
	google_admin errors "{\"errors\": [{\"path\": \"/drive/v3/\",
		\"status\": $1, \"reason\": \"$2\", \"message\":
		\"Words of the service.\"}]}" >&4
}

test_expect_success 'an API that is not enabled says where to do that' '
	folder_is "$base" &&
	reason 403 accessNotConfigured &&
	refused 11 "cloud.google.com/apis/library/drive.googleapis.com" \
		resutil list-objects &&
	grep -F "Words of the service" err
'

test_expect_success 'a token of another scope is told' '
	reason 403 insufficientPermissions &&
	refused 11 "the token is not for Google Drive" resutil list-objects
'

test_expect_success 'a domain that lets no apps in is told' '
	reason 403 domainPolicy &&
	refused 11 "administrators of the domain" resutil list-objects
'

test_expect_success 'base_folder_id is needed, and is an id or a URL' '
	folder_is "$base" &&
	sed -i /base_folder_id/d resutil-conf.yaml &&
	test_expect_code 13 resutil list-objects 2>err &&
	grep base_folder_id err &&
	folder_is "no id" &&
	test_expect_code 129 resutil list-objects 2>err &&
	folder_is "https://example.com/drive/folders/$base" &&
	test_expect_code 129 resutil list-objects 2>err
'

test_expect_success 'a host that is not trusted sees no token' '
	folder_is "$base" &&
	: >"$DRIVE_LOG" &&
	test_expect_code 129 env RESUTIL_CONFIG_COUNT=0 \
		resutil list-objects 2>err &&
	grep google.trusted-hosts err &&
	test_must_be_empty "$DRIVE_LOG"
'

test_done
