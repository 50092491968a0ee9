#!/bin/sh

test_description='the Drive of the tests: it refuses what the service refuses'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

files=/drive/v3/files
folder_type=application/vnd.google-apps.folder
wide=supportsAllDrives=true

# ask METHOD PATH [JSON]: the answer in `said`, what it says is wrong in
# `reason`, its status in `status`.
ask () {
	ask_method=$1 ask_path=$2 &&
	set -- ${3:+-H "Content-Type: application/json" --data-binary "$3"} &&
	google_ask -g -X "$ask_method" -D fields -o said "$@" "$ask_path" \
		>answer && status=$(tail -n 1 answer) &&
	reason=$(sed -n 's/.*"reason": "\(.*\)".*/\1/p' said)
}

# Who asks with the token of another account, or with other scopes.
as () {
	GOOGLE_BEARER=$(google_token "$1" "${2:-drive}")
}

# refused STATUS REASON METHOD PATH [JSON]
refused () {
	want="$1 $2" && shift 2 && ask "$@" || return 1
	test "$status $reason" = "$want" && return
	echo >&4 "error: $status $reason, not $want: $*"
	cat said >&4
	return 1
}

# taken METHOD PATH [JSON]
taken () {
	ask "$@" || return 1
	case "$status" in 20[0-9]) return ;; esac
	echo >&4 "error: $status: $*"
	cat said >&4
	return 1
}

# id: of what the last answer tells
id () {
	sed -n 's/^  "id": "\(.*\)",*$/\1/p' said
}

# found QUERY [PARAMETER...]: names that a query finds, sorted, in one line
found () {
	q=$1 && shift &&
	set -- -G --data-urlencode "q=$q" --data "$wide" \
		--data includeItemsFromAllDrives=true "$@" &&
	google_ask "$@" $files >answer &&
	sed -n 's/.*"name": "\(.*\)",*$/\1/p' answer | sort | tr '\n' ' ' |
	sed 's/ $//'
}

# new PARENT NAME [JSON-MEMBERS]: a file without bytes; its id in `new`
new () {
	taken POST "$files?$wide" \
		"{\"name\": \"$2\", \"parents\": [\"$1\"]${3:+, $3}}" &&
	new=$(id)
}

# session QUERY [JSON]: begins one; its address in `session`
session () {
	taken POST "/upload$files?uploadType=resumable&$1" "$2" &&
	session=$(sed -n 's/\r$//; s/^Location: //p' fields)
}

# piece CURL-OPTION...: to it, without a token
piece () {
	curl -q -sS --noproxy "*" -D fields -o said -w '%{http_code}\n' "$@" \
		"$session"
}

test_expect_success 'setup: a Drive' '
	start_drive && bearer=$GOOGLE_BEARER &&
	team=$(drive_shared team) && other=$(drive_folder other) &&
	home=$(drive_folder home) &&
	drive_share "$home" "$GOOGLE_ACCOUNT" writer
'

test_expect_success 'who shows no token, a bad or an old one stays outside' '
	test_when_finished "GOOGLE_BEARER=$bearer" &&
	GOOGLE_BEARER=- && refused 403 forbidden GET $files &&
	GOOGLE_BEARER=nonsense && refused 401 authError GET $files &&
	test_grep -i "^www-authenticate: Bearer" fields &&
	GOOGLE_BEARER=$(google_admin token "{\"email\": \"$GOOGLE_ACCOUNT\",
		\"seconds\": 0}" | sed -n "s/.*token\": \"\(.*\)\".*/\1/p") &&
	refused 401 authError GET $files
'

test_expect_success 'a token is for what its scopes say' '
	test_when_finished "GOOGLE_BEARER=$bearer" &&
	new "$team" scoped && scoped=$new &&
	as "$GOOGLE_ACCOUNT" devstorage.read_write &&
	refused 403 insufficientPermissions GET "$files" &&
	as "$GOOGLE_ACCOUNT" drive.readonly &&
	taken GET "$files/$scoped?alt=media" &&
	refused 403 insufficientPermissions DELETE "$files/$scoped?$wide" &&
	refused 403 insufficientPermissions \
		POST "/upload$files?uploadType=media" "{}" &&
	theirs=$(drive_file "$home" theirs answer) &&
	as "$GOOGLE_ACCOUNT" drive.file && taken GET "$files/$scoped?$wide" &&
	refused 404 notFound GET "$files/$theirs"
'

test_expect_success 'fields: what is unknown is refused before it is done' '
	taken GET "$files/$home?fields=id,name,capabilities(canTrash)" &&
	test_line_count = 7 said && test_grep "canTrash" said &&
	refused 400 invalidParameter GET "$files/$home?fields=title" &&
	refused 400 invalidParameter GET "$files/$home?fields=id(" &&
	refused 400 invalidParameter GET "$files?fields=files(id,titel)" &&
	refused 400 invalidParameter POST "$files?$wide&fields=nmae" \
		"{\"name\": \"never\", \"parents\": [\"$team\"]}" &&
	test -z "$(found "name = '\''never'\''")" &&
	refused 400 required GET /drive/v3/about &&
	taken GET "$files/$home" && test_line_count = 6 said
'

test_expect_success 'what the service does not know is refused' '
	refused 400 invalidParameter GET "$files/$home?supportAllDrives=true" &&
	refused 400 badRequest POST "$files?$wide" "{\"title\": \"x\"}" &&
	refused 400 parseError POST "$files?$wide" "{\"title\": " &&
	ask GET "/drive/v2/files" && test "$status" = 404 &&
	ask PUT "$files/$home" "{}" &&
	test "$status" = 405
'

test_expect_success 'setup: names to look for' '
	taken POST "$files?$wide" "{\"name\": \"names\", \"parents\":
		[\"$team\"], \"mimeType\": \"$folder_type\"}" && names=$(id) &&
	new "$names" "it'\''s" && new "$names" "back\\\\slash" &&
	new "$names" Upper && new "$names" upper &&
	new "$names" "run one.zip" "\"properties\": {\"k\": \"it'\''s\"}" &&
	new "$names" two && two=$new &&
	taken PATCH "$files/$two?$wide" "{\"trashed\": true}"
'

# in_names QUERY WANTED
in_names () {
	got=$(found "'$names' in parents and $1") && test "$got" = "$2" && return
	echo >&4 "error: '$got', not '$2': $1"
	cat answer >&4
	return 1
}

test_expect_success 'a query finds what it says' '
	in_names "name = '\''it\\'\''s'\''" "it'\''s" &&
	in_names "name = '\''back\\\\slash'\''" "back\\\\slash" &&
	in_names "name = '\''UPPER'\''" "Upper upper" &&
	in_names "name contains '\''one'\''" "run one.zip" &&
	in_names "name contains '\''ne'\''" "" &&
	in_names "trashed = true" two &&
	in_names "not trashed = true and name != '\''upper'\''" \
		"back\\\\slash it'\''s run one.zip" &&
	in_names "(name = '\''two'\'' or name = '\''upper'\'') and trashed=false" \
		"Upper upper" &&
	in_names "properties has { key='\''k'\'' and value='\''it\\'\''s'\'' }" \
		"run one.zip" &&
	in_names "modifiedTime > '\''2100-01-01T00:00:00'\''" "" &&
	in_names "mimeType = '\''$folder_type'\''" "" &&
	in_names "'\''$GOOGLE_ACCOUNT'\'' in owners" ""
'

test_expect_success '"and" and "or" go from left to right' '
	got=$(found "name = '\''two'\'' or name = '\''upper'\'' and trashed = true") &&
	test "$got" = two
'

test_expect_success 'a query that is not one is refused' '
	for q in "name" "name = '\''it'\''s'\''" "name = '\''a\\b'\''" \
		"title = '\''x'\''" "id = '\''x'\''" "name > '\''x'\''" \
		"trashed = '\''true'\''" "parents in '\''$names'\''" \
		"(trashed = true" "trashed = true and" "name = \"x\"" \
		"modifiedTime > '\''yesterday'\''" "name == '\''x'\''" \
		"'\''$names'\'' in folders"
	do
		google_ask -G --data-urlencode "q=$q" $files >answer &&
		test_grep "^400$" answer && test_grep "Invalid Value" answer ||
		return 1
	done
'

test_expect_success 'who may not see a folder may not ask for what is in it' '
	google_ask -G --data-urlencode "q='\''$other'\'' in parents" \
		$files >answer && test_grep "^404$" answer &&
	test_grep "File not found: \\.\"" answer &&
	refused 404 notFound GET "$files/$other"
'

test_expect_success 'pages: their size, and tokens that go with a question' '
	refused 400 invalidParameter GET "$files?pageSize=0" &&
	refused 400 invalidParameter GET "$files?pageSize=1001" &&
	refused 400 invalidParameter GET "$files?pageSize=x" &&
	refused 400 invalid GET "$files?orderBy=size" &&
	refused 400 invalid GET "$files?pageToken=nonsense" &&
	all="includeItemsFromAllDrives=true&$wide&pageSize=2&q=%27$names%27+in+parents" &&
	taken GET "$files?$all" && cat said >first &&
	token=$(sed -n "s/.*PageToken\": \"\(.*\)\".*/\1/p" said) &&
	refused 400 invalid GET "$files?$all+and+trashed=true&pageToken=$token" &&
	taken GET "$files?$all&pageToken=$token" && cat said >second &&
	token=$(sed -n "s/.*PageToken\": \"\(.*\)\".*/\1/p" said) &&
	taken GET "$files?$all&pageToken=$token" && test_grep ! PageToken said &&
	cat first second said | grep "\"id\"" | sort -u >ids &&
	test_line_count = 6 ids &&
	taken GET "$files?$all" && google_admin drive \
		"{\"drop_page_tokens\": true}" >/dev/null &&
	token=$(sed -n "s/.*PageToken\": \"\(.*\)\".*/\1/p" said) &&
	refused 400 invalid GET "$files?$all&pageToken=$token"
'

test_expect_success 'a page may be empty, and not the last one' '
	google_admin drive "{\"empty_pages\": 1, \"page_max\": 4}" >/dev/null &&
	taken GET "$files?$all" && test_grep PageToken said &&
	test_grep ! "\"id\"" said &&
	token=$(sed -n "s/.*PageToken\": \"\(.*\)\".*/\1/p" said) &&
	taken GET "$files?$all&pageToken=$token" && grep -c "\"id\"" said >n &&
	echo 2 >want && test_cmp want n &&
	google_admin drive "{\"page_max\": 1000}" >/dev/null
'

test_expect_success 'shared drives are for those who say that they know them' '
	refused 404 notFound GET "$files/$names" &&
	taken GET "$files/$names?$wide" &&
	refused 404 notFound POST $files \
		"{\"name\": \"x\", \"parents\": [\"$names\"]}" &&
	taken GET "$files?q=%27$names%27+in+parents&$wide" &&
	test_grep ! "\"id\"" said &&
	refused 403 teamDrivesNotSupported \
		GET "$files?includeItemsFromAllDrives=true" &&
	refused 403 teamDriveIdRequiresTeamDriveCorpora \
		GET "$files?driveId=$team&$wide&includeItemsFromAllDrives=true" &&
	refused 403 teamDrivesParameterRequired \
		GET "$files?driveId=$team&$wide&corpora=drive" &&
	taken GET "$files?driveId=$team&$wide&corpora=drive&includeItemsFromAllDrives=true" &&
	taken GET "/drive/v3/drives" && test_grep "$team" said &&
	refused 404 notFound GET "/drive/v3/drives/$names"
'

test_expect_success 'setup: an account for each role' '
	google_admin drive_shared "{\"name\": \"roles\"}" >said &&
	roles=$(id) && drive_share "$roles" owner@example.com organizer &&
	drive_share "$home" owner@example.com none &&
	for role in reader commenter writer fileOrganizer organizer
	do
		drive_share "$roles" $role@example.com $role || return 1
	done &&
	sub=$(drive_folder sub "$roles") && echo one >one
'

# may WHO DOES...: of create, content, rename, move, trash, delete, which are
# allowed in a shared drive
may () {
	test_when_finished "GOOGLE_BEARER=$bearer" &&
	it=$(drive_file "$roles" it one) && as "$1@example.com" && did= &&
	ask POST "$files?$wide" \
		"{\"name\": \"made\", \"parents\": [\"$roles\"]}" &&
	did="$did $status create" &&
	google_ask -X PATCH --data-binary two \
		"/upload$files/$it?uploadType=media&$wide" >answer &&
	did="$did $(tail -n 1 answer) content" &&
	ask GET "$files/$it/revisions" && did="$did $status revisions" &&
	ask PATCH "$files/$it?$wide" "{\"name\": \"renamed\"}" &&
	did="$did $status rename" &&
	ask PATCH "$files/$it?$wide&addParents=$sub&removeParents=$roles" "{}" &&
	did="$did $status move" &&
	ask PATCH "$files/$it?$wide" "{\"trashed\": true}" &&
	did="$did $status trash" &&
	ask PATCH "$files/$it?$wide" "{\"trashed\": false}" &&
	ask DELETE "$files/$it?$wide" && did="$did $status delete" &&
	did=$(echo "$did" | sed "s/ 40[0-9] [a-z]*//g; s/ 20[0-9]//g") &&
	shift && test "$did" = "${*:+ $*}" && return
	echo >&4 "error:$did, not $*"
	return 1
}

test_expect_success 'roles in a shared drive' '
	may reader && may commenter && may writer create content revisions rename &&
	may fileOrganizer create content revisions rename move trash &&
	may organizer create content revisions rename move trash delete
'

test_expect_success 'in My Drive the owner trashes and deletes, writers write' '
	test_when_finished "GOOGLE_BEARER=$bearer" &&
	mine=$(drive_file "$home" mine one) && as reader@example.com &&
	refused 404 notFound GET "$files/$mine" &&
	drive_share "$home" reader@example.com reader &&
	taken GET "$files/$mine?alt=media" && test_cmp one said &&
	refused 403 insufficientFilePermissions \
		PATCH "$files/$mine" "{\"name\": \"x\"}" &&
	refused 403 insufficientParentPermissions \
		POST $files "{\"parents\": [\"$home\"]}" &&
	GOOGLE_BEARER=$bearer && taken PATCH "$files/$mine" "{\"name\": \"x\"}" &&
	refused 403 insufficientFilePermissions \
		PATCH "$files/$mine" "{\"trashed\": true}" &&
	refused 403 insufficientFilePermissions DELETE "$files/$mine" &&
	as owner@example.com &&
	taken PATCH "$files/$mine" "{\"trashed\": true}" &&
	GOOGLE_BEARER=$bearer && refused 404 notFound GET "$files/$mine"
'

test_expect_success 'ids are used once, and only those that were handed out' '
	taken GET "$files/generateIds?count=3" &&
	sed -n "s/^    \"\(.*\)\",*$/\1/p" said >ids && test_line_count = 3 ids &&
	read -r one_id <ids && new "$team" a "\"id\": \"$one_id\"" &&
	test "$new" = "$one_id" &&
	refused 409 fileIdInUse POST "$files?$wide" \
		"{\"id\": \"$one_id\", \"parents\": [\"$team\"]}" &&
	refused 400 fileIdNotUsable POST "$files?$wide" \
		"{\"id\": \"1of-our-own\", \"parents\": [\"$team\"]}" &&
	next_id=$(sed -n 2p ids) &&
	refused 400 fileIdNotUsable POST "$files?$wide" \
		"{\"id\": \"$next_id\", \"parents\": [\"$team\"],
		\"mimeType\": \"application/vnd.google-apps.document\"}" &&
	taken POST "$files?$wide" "{\"id\": \"$next_id\",
		\"parents\": [\"$team\"], \"mimeType\": \"$folder_type\"}" &&
	refused 400 invalidParameter GET "$files/generateIds?count=1001"
'

test_expect_success 'properties: 30 of 124 bytes; null takes one away' '
	new "$team" props && props=$new &&
	many=$(for i in $(seq 30); do printf "\"k$i\": \"v\","; done) &&
	taken PATCH "$files/$props?$wide" "{\"properties\": {${many%,}}}" &&
	refused 400 badRequest PATCH "$files/$props?$wide" \
		"{\"properties\": {\"k31\": \"v\"}}" &&
	taken PATCH "$files/$props?$wide" \
		"{\"properties\": {\"k30\": null, \"k31\": \"v\"}}" &&
	long=$(printf %0122d 0) &&
	taken PATCH "$files/$props?$wide" \
		"{\"properties\": {\"k1\": \"$long\"}}" &&
	refused 400 badRequest PATCH "$files/$props?$wide" \
		"{\"properties\": {\"k1\": \"${long}0\"}}" &&
	refused 400 badRequest PATCH "$files/$props?$wide" \
		"{\"properties\": {\"kk\": \"é$(printf %0121d 0)\"}}" &&
	refused 400 invalid PATCH "$files/$props?$wide" \
		"{\"properties\": {\"k1\": 1}}"
'

test_expect_success 'appProperties are seen by the project that wrote them' '
	test_when_finished "GOOGLE_BEARER=$bearer" &&
	taken PATCH "$files/$props?$wide" "{\"appProperties\": {\"a\": \"b\"},
		\"properties\": {\"k2\": \"open\"}}" &&
	q="appProperties has { key='\''a'\'' and value='\''b'\'' }" &&
	test "$(found "$q")" = props &&
	drive_share "$team" bot@else.iam.gserviceaccount.com writer &&
	as bot@else.iam.gserviceaccount.com &&
	taken GET "$files/$props?$wide&fields=*" && test_grep open said &&
	test_grep ! appProperties said && test -z "$(found "$q")"
'

test_expect_success 'some fields are not written so' '
	refused 403 fieldNotWritable PATCH "$files/$props?$wide" \
		"{\"parents\": [\"$names\"]}" &&
	refused 403 fieldNotWritable PATCH "$files/$props?$wide" \
		"{\"createdTime\": \"2020-01-01T00:00:00Z\"}" &&
	refused 403 fieldNotWritable PATCH "$files/$props?$wide" \
		"{\"md5Checksum\": \"00\"}" &&
	refused 403 fieldNotWritable POST "$files?$wide" "{\"size\": \"1\"}" &&
	refused 400 invalid PATCH "$files/$props?$wide" \
		"{\"modifiedTime\": \"yesterday\"}"
'

test_expect_success 'a file has one parent, and that is a folder above it' '
	refused 403 cannotAddParent POST "$files?$wide" \
		"{\"parents\": [\"$team\", \"$names\"]}" &&
	refused 403 teamDrivesParentLimit \
		PATCH "$files/$props?$wide&addParents=$names" "{}" &&
	refused 403 parentNotAFolder POST "$files?$wide" \
		"{\"parents\": [\"$props\"]}" &&
	refused 404 notFound POST "$files?$wide" "{\"parents\": [\"no\"]}" &&
	taken POST "$files?$wide" "{\"name\": \"below\", \"parents\":
		[\"$names\"], \"mimeType\": \"$folder_type\"}" && below=$(id) &&
	refused 400 badRequest PATCH \
		"$files/$names?$wide&addParents=$below&removeParents=$team" "{}" &&
	taken PATCH "$files/$props?$wide&addParents=$below&removeParents=$team" \
		"{}" && drive_tree "$team" >tree &&
	grep "^names/below/props file 0 1$" tree
'

test_expect_success 'a service account owns no bytes, but may change them' '
	refused 403 storageQuotaExceeded POST $files \
		"{\"name\": \"x\", \"parents\": [\"$home\"]}" &&
	test_grep "shared drives" said &&
	taken POST $files "{\"name\": \"x\", \"parents\": [\"$home\"],
		\"mimeType\": \"$folder_type\"}" &&
	refused 403 storageQuotaExceeded \
		POST "/upload$files?uploadType=resumable" \
		"{\"name\": \"x\", \"parents\": [\"$home\"]}" &&
	theirs=$(drive_file "$home" quota one) &&
	refused 403 storageQuotaExceeded POST "$files/$theirs/copy" "{}" &&
	google_ask -X PATCH --data-binary longer \
		"/upload$files/$theirs?uploadType=media" >answer &&
	test_grep "^200$" answer && taken GET "$files/$theirs?fields=owners,size" &&
	test_grep owner@example.com said && test_grep "\"6\"" said
'

test_expect_success 'quota of people' '
	test_when_finished "GOOGLE_BEARER=$bearer" &&
	as full@example.com && drive_quota full@example.com 10 &&
	google_ask --data-binary 123456789 "/upload$files?uploadType=media" \
		>answer && test_grep "^200$" answer &&
	refused 403 storageQuotaExceeded POST \
		"/upload$files?uploadType=media" "{\"more\": 1}" &&
	taken GET "/drive/v3/about?fields=storageQuota" &&
	test_grep "\"usage\": \"9\"" said && test_grep "\"limit\": \"10\"" said
'

# multipart BODY: as printf's %b takes it
multipart () {
	printf %b "$1" >body &&
	google_ask -H "Content-Type: multipart/related; boundary=b" \
		-o said --data-binary @body \
		"/upload$files?uploadType=multipart&$wide" >answer &&
	status=$(tail -n 1 answer)
}

test_expect_success 'multipart: two parts, the first is JSON' '
	json="Content-Type: application/json" &&
	meta="{\"name\": \"parts\", \"parents\": [\"$team\"]}" &&
	multipart "--b\r\n$json\r\n\r\n$meta\r\n--b\r\n\r\nx\r\ny\r\n--b--\r\n" &&
	test "$status" = 200 &&
	taken GET "$files/$(id)?alt=media" && printf "x\r\ny" >want &&
	test_cmp_bin want said &&
	multipart "--b\n$json\n\n$meta\n--b\nContent-Type: a/b\n\nx\n--b--\n" &&
	test "$status" = 200 && test_grep a/b said &&
	multipart "--b\r\n$json\r\n\r\n$meta\r\n--b\r\n\r\nx" &&
	test "$status" = 400 &&
	multipart "--b\r\n\r\n$meta\r\n--b\r\n\r\nx\r\n--b--" &&
	test "$status" = 400 &&
	multipart "--b\r\n$json\r\n\r\n$meta\r\n--b--" && test "$status" = 400 &&
	refused 400 badRequest POST "/upload$files" "{}" &&
	refused 400 badRequest POST "/upload$files?uploadType=odd" "{}"
'

test_expect_success 'a session takes pieces one behind the other' '
	session "$wide&fields=name,size" "{\"name\": \"s\", \"parents\": [\"$team\"]}" &&
	head -c 262144 /dev/urandom >g && echo rest >r && cat g r >want &&
	piece -X PUT -H "Content-Range: bytes */*" --data-binary "" >got &&
	echo 308 >308 && test_cmp 308 got && test_grep ! -i "^range" fields &&
	piece -X PUT -H "Content-Range: bytes 0-4/*" --data-binary @r >got &&
	echo 400 >400 && test_cmp 400 got &&
	piece -X PUT -H "Content-Range: bytes 9-262152/*" --data-binary @g >got &&
	test_grep "50[03]" got && test_grep "exceeds already uploaded" said &&
	piece -X PUT -H "Content-Range: bytes 0-9/*" --data-binary @g >got &&
	test_cmp 400 got &&
	piece -X PUT -H "Content-Range: 0-262143" --data-binary @g >got &&
	test_cmp 400 got &&
	piece -X POST -H "Content-Range: bytes 0-262143/*" --data-binary @g >got &&
	test_cmp 308 got && test_grep -i "^range: bytes=0-262143" fields &&
	drive_tree "$team" >tree && test_grep ! "^s " tree &&
	piece -X PUT -H "Content-Range: bytes 262144-262148/262149" \
		--data-binary @r >got && echo 200 >200 && test_cmp 200 got &&
	test_grep "\"262149\"" said &&
	piece -X PUT -H "Content-Range: bytes */262149" --data-binary "" >got &&
	test_cmp 200 got && drive_tree "$team" >tree &&
	test $(grep -c "^s file 262149 1$" tree) = 1
'

test_expect_success 'sessions end: given up, or by the service' '
	session "$wide" "{\"name\": \"s2\", \"parents\": [\"$team\"]}" &&
	piece -X DELETE >got && echo 499 >want && test_cmp want got &&
	piece -X PUT --data-binary x >got && test_cmp want got &&
	session "$wide" "{\"name\": \"s2\", \"parents\": [\"$team\"]}" &&
	google_admin drive_sessions "{\"drop\": 410}" >/dev/null &&
	piece -X PUT --data-binary x >got && echo 410 >want &&
	test_cmp want got && drive_tree "$team" >tree && test_grep ! "^s2" tree &&
	session=${session%????}none && piece -X PUT --data-binary x >got &&
	echo 404 >want && test_cmp want got
'

test_expect_success 'at the end of a session all rules hold once more' '
	taken GET "$files/generateIds?count=1" &&
	taken_id=$(sed -n "s/^    \"\(.*\)\"$/\1/p" said) &&
	session "$wide" "{\"id\": \"$taken_id\", \"parents\": [\"$team\"]}" &&
	new "$team" first "\"id\": \"$taken_id\"" &&
	piece -X PUT --data-binary x >got && echo 409 >want &&
	test_cmp want got && session "$wide" "{\"parents\": [\"$below\"]}" &&
	google_admin drive_delete "{\"id\": \"$below\"}" >/dev/null &&
	piece -X PUT --data-binary x >got && echo 404 >want && test_cmp want got
'

test_expect_success 'ranges, and revisions that keep what was' '
	new "$team" content && content=$new &&
	taken GET "$files/$content?fields=headRevisionId,modifiedTime&$wide" &&
	test_grep "\"modifiedTime\": \"....-..-..T..:..:..\....Z\"" said &&
	cp said before && printf 0123456789 >digits &&
	google_ask -X PATCH --data-binary @digits \
		"/upload$files/$content?uploadType=media&$wide" >answer &&
	taken GET "$files/$content?fields=headRevisionId,modifiedTime&$wide" &&
	! cmp -s before said && cp said before &&
	taken PATCH "$files/$content?$wide" "{\"properties\": {\"a\": \"b\"}}" &&
	taken GET "$files/$content?fields=headRevisionId&$wide" &&
	grep headRevisionId said | tr -d , >is && grep -F -f is before &&
	google_ask -H "Range: bytes=2-4" "$files/$content?alt=media" >answer &&
	printf "234\n206\n" >want && test_cmp want answer &&
	google_ask -H "Range: bytes=-2" "$files/$content?alt=media" >answer &&
	printf "89\n206\n" >want && test_cmp want answer &&
	google_ask -H "Range: bytes=10-" "$files/$content?alt=media" >answer &&
	test_grep "^416$" answer &&
	taken GET "$files/$content/revisions?fields=revisions/id" &&
	sed -n "s/.*\"id\": \"\(.*\)\"/\1/p" said >ids &&
	test_line_count = 2 ids && read -r old <ids &&
	taken GET "$files/$content/revisions/$old?alt=media" &&
	test_must_be_empty said &&
	refused 404 notFound GET "$files/$content/revisions/no" &&
	refused 403 fileNotDownloadable GET "$files/$names?alt=media"
'

test_expect_success 'what is taken for malware, its organizers get' '
	test_when_finished "GOOGLE_BEARER=$bearer" &&
	google_admin drive_change "{\"id\": \"$content\", \"abusive\": true}" &&
	ack="alt=media&acknowledgeAbuse=true" &&
	refused 403 cannotDownloadAbusiveFile GET "$files/$content?alt=media" &&
	refused 403 cannotDownloadAbusiveFile GET "$files/$content?$ack" &&
	drive_share "$team" boss@example.com organizer && as boss@example.com &&
	refused 403 cannotDownloadAbusiveFile GET "$files/$content?alt=media" &&
	taken GET "$files/$content?$ack"
'

test_expect_success 'in the trash is what is below; deleted is all of it' '
	test_when_finished "GOOGLE_BEARER=$bearer" &&
	deep=$(drive_folder deep "$roles") && deeper=$(drive_folder er "$deep") &&
	it=$(drive_file "$deeper" it one) && as organizer@example.com &&
	taken PATCH "$files/$deep?$wide" "{\"trashed\": true}" &&
	taken GET "$files/$it?fields=trashed,explicitlyTrashed&$wide" &&
	test_grep "\"trashed\": true" said &&
	test_grep "\"explicitlyTrashed\": false" said &&
	taken DELETE "$files/trash?driveId=$roles" &&
	refused 404 notFound GET "$files/$it?$wide" &&
	drive_tree "$roles" >tree && test_grep ! "^deep" tree &&
	refused 403 insufficientFilePermissions DELETE "$files/$roles?$wide"
'

test_expect_success 'listings lag behind when they are told to' '
	google_admin drive "{\"lag\": 2}" >/dev/null &&
	new "$names" late && late=$new && taken GET "$files/$late?$wide" &&
	in_names "name = '\''late'\''" "" && in_names "name = '\''late'\''" "" &&
	in_names "name = '\''late'\''" late &&
	taken PATCH "$files/$late?$wide" "{\"name\": \"later\"}" &&
	in_names "name = '\''late'\''" late &&
	google_admin drive "{\"lag\": 0}" >/dev/null &&
	in_names "name = '\''late'\''" "" && in_names "name = '\''later'\''" later
'

test_expect_success 'a request is held until the test lets it go' '
	google_pause stop "\"method\": \"PATCH\", \"body\": \"held\",
		\"nth\": 2, \"when\": \"after\"" &&
	taken PATCH "$files/$late?$wide" "{\"description\": \"held 1\"}" &&
	{
		google_ask -X PATCH -H "Content-Type: application/json" \
			--data "{\"name\": \"held 2\"}" \
			"$files/$late?$wide" >held 2>&1 &
		asked=$!
	} && google_wait stop && taken GET "$files/$late?$wide" &&
	test_grep "held 2" said && test_must_be_empty held &&
	google_release stop && wait $asked && test_grep "^200$" held
'

test_expect_success 'rate limits, by number and on order' '
	google_admin modes "{\"drive_rate\": 1}" >/dev/null &&
	ask GET "$files/$late?$wide" &&
	refused 403 userRateLimitExceeded GET "$files/$late?$wide" &&
	google_admin modes "{\"drive_rate\": null}" >/dev/null &&
	google_admin errors "{\"errors\": [{\"status\": 429, \"times\": 1,
		\"reason\": \"rateLimitExceeded\"}]}" &&
	refused 429 rateLimitExceeded GET "$files/$late?$wide" &&
	taken GET "$files/$late?$wide"
'

test_expect_success 'a proxy leads by names of Google, and by no others' '
	google_by_name start_drive &&
	through="--proxy $GOOGLE_PROXY --cacert $GOOGLE_CA" &&
	curl -q -sS $through https://www.googleapis.com/drive/v3/about >answer &&
	test_grep "unregistered callers" answer &&
	test_expect_code 56 curl -q -sS $through https://example.com/ &&
	test_expect_code 56 curl -q -sS $through https://google.com.test/ &&
	curl -q -sS -o answer -w "%{http_code}\n" $through \
		http://www.googleapis.com/ >status && echo 405 >want &&
	test_cmp want status && echo www.googleapis.com:443 >want &&
	test_cmp want "$GOOGLE_TUNNELS"
'

test_done
