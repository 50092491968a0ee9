#!/bin/sh

test_description='Drive: what is put, replaced, removed and renamed'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-drive-claims.sh

# property ID NAME: its value, or "-"
raw () {
	google_admin drive_tree "{\"id\": \"$base\"}" | /usr/bin/python3 -c '
import json, sys
for f in json.load(sys.stdin)["files"]:
    if f["name"] == sys.argv[1]:
        print(f["trashed"], f["mime"], f["size"], f["revisions"],
              json.dumps(f["properties"] or {}, sort_keys=True),
              json.dumps(f["app_properties"] or {}))' "$1"
}

test_expect_success 'setup: a shared drive' '
	start_drive && claim_accounts a && echo one >one && echo two >two &&
	: >nothing && head -c 8388607 /dev/zero >just-small &&
	head -c 8388608 /dev/zero >just-large &&
	head -c 9000001 /dev/urandom >large
'

test_expect_success 'a small one takes five requests' '
	at a put-object --absent first one &&
	at a put-object --absent small one &&
	id=$(files_of small | cut -d" " -f4) &&
	# what was asked since the last token
	cat >want <<-EOF &&
	POST /token 200
	GET /drive/v3/files/$base 200
	GET /drive/v3/files/generateIds 200
	POST /upload/drive/v3/files 200
	GET /drive/v3/files 200
	PATCH /drive/v3/files/ID 200
	GET /drive/v3/files 200
	EOF
	asked () {
		google_requests | sed "s/$id/ID/" |
		awk "/POST .token/ { n = 0 } { line[n++] = \$0 }
			END { for (i = 0; i < n; i++) print line[i] }" >got &&
		cmp -s want got
	} &&
	{ test_wait_for 20 asked || test_cmp want got; }
'

test_expect_success 'its file is whole, and has no mark' '
	one_object small one && raw small >got &&
	echo "False application/octet-stream 4 1 {} {}" >want &&
	test_cmp want got
'

test_expect_success 'sizes around what one request takes' '
	for file in nothing just-small just-large large
	do
		at a put-object --absent "size $file" $file &&
		one_object "size $file" $file &&
		at a get-object "size $file" >got && cmp $file got ||
		return 1
	done &&
	google_requests /upload >got && grep -c "^PUT" got
'

test_expect_success 'names that want to be escaped' '
	for key in "it'\''s" "back\\slash" "a/b c/d\"e" "plus+and&=%" "日本"
	do
		at a put-object --absent "$key" one &&
		at a get-object "$key" >got && test_cmp one got &&
		test_expect_code 14 at a put-object --absent "$key" two 2>err &&
		at a put-object "$key" two && at a get-object "$key" >got &&
		test_cmp two got && at a remove-object "$key" || return 1
	done
'

test_expect_success 'replacing keeps the file, and makes a revision' '
	at a put-object --absent kept one >version && files_of kept >before &&
	at a put-object --version=$(cat version) kept two >second &&
	at a put-object --version=$(cat second) kept large >third &&
	at a put-object kept one && files_of kept >after &&
	cut -d" " -f4 before >want && cut -d" " -f4 after >got &&
	test_cmp want got && echo 4 >want && cut -d" " -f3 after >got &&
	test_cmp want got && one_object kept one
'

test_expect_success 'one that is not the expected version is left alone' '
	test_expect_code 14 at a put-object --version=$(cat second) kept two \
		2>err && test_grep "changed by somebody else" err &&
	test_expect_code 14 at a put-object --version=x.y none two 2>err &&
	test_expect_code 14 at a put-object --version=nonsense kept two 2>err &&
	one_object kept one && files_of none >got && test_must_be_empty got
'

test_expect_success 'a removal of another version is none' '
	test_expect_code 14 at a remove-object --version=$(cat second) kept \
		2>err && one_object kept one
'

test_expect_success 'what is removed is in the trash' '
	at a remove-object kept && raw kept >got && test_grep "^True" got &&
	test_expect_code 10 at a get-object kept 2>err &&
	test_expect_code 10 at a remove-object --version=x.y kept 2>err
'

test_expect_success 'somebody replaces it while it is removed: it comes back' '
	version=$(at a put-object --absent back one) &&
	google_pause back "\"method\": \"PATCH\", \"body\": \"trashed\"" &&
	begin a remove-object --version=$version back && google_wait back &&
	files_of back >files && read -r _ _ _ id <files &&
	google_ask -X PATCH --data-binary @two \
		"/upload/drive/v3/files/$id?uploadType=media&supportsAllDrives=true" >&4 &&
	google_release back && end a && statuses 14 a && one_object back two
'

test_expect_success 'bytes that are damaged on their way are sent again' '
	start_proxy "$DRIVE_ROOT" && google_trust "${PROXY#http://}" &&
	sed "s|$DRIVE_ROOT|$PROXY|" a.url >p.url &&
	tr -d "\\n" <large >damaged &&
	proxy_rules "{\"method\": \"POST\", \"path\": \"^/upload/\",
		\"nth\": [1], \"corrupt_up\": 3000}" &&
	head -c 100000 large >some && at p put-object --absent some some &&
	one_object some some && test_requests = 1 "rule == 0" &&
	proxy_rules "{\"method\": \"PUT\", \"nth\": [1], \"corrupt_up\": 3000}" &&
	at p put-object --absent damaged damaged && one_object damaged damaged
'

test_expect_success 'damage of a new content is told, and the old one is back' '
	version=$(at a put-object --absent spoilt one) &&
	proxy_rules "{\"method\": \"PATCH\", \"path\": \"^/upload/\",
		\"nth\": [1], \"corrupt_up\": 3000}" &&
	test_expect_code 13 at p put-object --version=$version spoilt some \
		2>err && test_grep "other bytes" err && one_object spoilt one
'

test_expect_success 'a lost answer is no second file, and no second revision' '
	proxy_rules "{\"method\": \"POST\", \"path\": \"^/upload/\",
		\"nth\": [1], \"lose\": true}" \
		"{\"method\": \"PATCH\", \"nth\": [1], \"lose\": true}" &&
	at p put-object --absent lost one && one_object lost one &&
	files_of lost >files && read -r _ _ revisions _ <files &&
	test "$revisions" = 1 &&
	version=$(at a list-objects lost | cut -f 2) &&
	proxy_rules "{\"method\": \"PATCH\", \"path\": \"^/upload/\",
		\"nth\": [1], \"lose\": true}" &&
	at p put-object --version=$version lost two && one_object lost two &&
	files_of lost >files && read -r _ _ revisions _ <files &&
	test "$revisions" = 2
'

test_done
