#!/bin/sh

test_description='stores on Google Drive: which files are objects'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

store=
# names [PREFIX]: the keys that are listed, sorted
names () {
	resutil list-objects --remote "$store" ${1+"$1"} >listed &&
	cut -f3- listed | sort
}

# listed NAME...: those below project/ are these
listed () {
	names project/ >out &&
	printf "project/%s\n" "$@" | sort >expect &&
	test_cmp expect out
}

# new_base: another folder, and project in it
new_base () {
	base=$(drive_folder results) &&
	drive_share "$base" "$GOOGLE_ACCOUNT" writer &&
	project=$(drive_folder project "$base") &&
	store="gdrive://$base?api_root=$DRIVE_ROOT&key_file_path=key.json"
}

# steps STEP...: with one handle
steps () {
	store-steps "$store" "$@"
}

# at TIME: members for drive_file
at () {
	printf '"modifiedTime": "%s", "createdTime": "%s"' "$1" "$1"
}

test_expect_success 'setup: a folder' '
	start_drive &&
	google_key key.json &&
	echo one >one && echo other >other &&
	new_base
'

test_expect_success 'a project without a folder has no objects' '
	names nothing/ >out &&
	test_must_be_empty out &&
	test_expect_code 10 resutil get-object --remote "$store" nothing/a &&
	names nothing/at/all >out &&
	test_must_be_empty out
'

test_expect_success 'more than a hundred files are listed, page by page' '
	google_admin drive_fill "{\"parent\": \"$project\", \"name\":
		\"run-%04d.zip\", \"count\": 1234}" &&
	: >"$DRIVE_LOG" &&
	names project/ >out &&
	test_line_count = 1234 out &&
	# the folder, and two pages of a thousand
	google_counted "GET /drive/v3/files 200" 3 &&
	grep -c "pageSize=1000" "$DRIVE_LOG" >pages &&
	echo 3 >expect &&
	test_cmp expect pages
'

test_expect_success 'a service that gives small and empty pages is followed' '
	new_base &&
	for n in 1 2 3 4 5 6 7
	do
		drive_file "$project" $n.zip one || return 1
	done &&
	google_admin drive "{\"page_max\": 2, \"empty_pages\": 3}" &&
	listed 1.zip 2.zip 3.zip 4.zip 5.zip 6.zip 7.zip &&
	google_admin drive "{\"page_max\": 1000}"
'

test_expect_success 'a page that fails is asked for again' '
	google_admin errors "{\"errors\": [{\"path\": \"pageToken\",
		\"status\": 503, \"reason\": \"backendError\",
		\"message\": \"m\", \"times\": 2}]}" &&
	RESUTIL_TEST_GDRIVE_PAGE=3 && export RESUTIL_TEST_GDRIVE_PAGE &&
	test_when_finished "unset RESUTIL_TEST_GDRIVE_PAGE" &&
	listed 1.zip 2.zip 3.zip 4.zip 5.zip 6.zip 7.zip
'

test_expect_success 'a token of a page that expired has it begun anew' '
	google_admin errors "{\"errors\": [{\"path\": \"pageToken\",
		\"status\": 400, \"reason\": \"invalid\",
		\"message\": \"Invalid Value\", \"after\": 1}]}" &&
	RESUTIL_TEST_GDRIVE_PAGE=2 && export RESUTIL_TEST_GDRIVE_PAGE &&
	test_when_finished "unset RESUTIL_TEST_GDRIVE_PAGE" &&
	listed 1.zip 2.zip 3.zip 4.zip 5.zip 6.zip 7.zip
'

test_expect_success 'a listing that leaves something out is not believed' '
	google_admin errors "{\"errors\": [{\"path\": \"/drive/v3/files\\\\?\",
		\"status\": 200, \"after\": 1, \"body\":
		\"{\\\"files\\\": [], \\\"incompleteSearch\\\": true}\"}]}" &&
	listed 1.zip 2.zip 3.zip 4.zip 5.zip 6.zip 7.zip
'

test_expect_success 'a listing that goes round in circles ends' '
	google_admin errors "{\"errors\": [{\"path\": \"/drive/v3/files\\\\?\",
		\"status\": 200, \"after\": 1, \"times\": 9, \"body\":
		\"{\\\"files\\\": [], \\\"nextPageToken\\\": \\\"t\\\"}\"}]}" &&
	test_expect_code 13 resutil list-objects --remote "$store" \
		project/ 2>err &&
	grep "goes on, and not where" err &&
	google_admin errors "{\"errors\": []}"
'

test_expect_success 'an answer that is no listing is refused' '
	google_admin errors "{\"errors\": [{\"path\": \"/drive/v3/files\\\\?\",
		\"status\": 200, \"after\": 1, \"body\":
		\"{\\\"kind\\\": \\\"x\\\"}\"}]}" &&
	test_expect_code 13 resutil list-objects --remote "$store" \
		project/ 2>err &&
	grep "no listing" err
'

test_expect_success 'what is in the trash is not there' '
	new_base &&
	drive_file "$project" a.zip one &&
	gone=$(drive_file "$project" gone.zip one) &&
	google_admin drive_trash "{\"id\": \"$gone\"}" &&
	inner=$(drive_folder inner "$project") &&
	drive_file "$inner" b.zip one &&
	google_admin drive_trash "{\"id\": \"$inner\"}" &&
	listed a.zip &&
	test_expect_code 10 resutil get-object --remote "$store" \
		project/gone.zip &&
	test_expect_code 10 resutil get-object --remote "$store" \
		project/inner/b.zip
'

test_expect_success 'shortcuts and documents of Google are no objects' '
	target=$(drive_file "$base" target one) &&
	google_admin drive_file "{\"parent\": \"$project\", \"name\":
		\"link.zip\", \"mimeType\":
		\"application/vnd.google-apps.shortcut\",
		\"shortcutDetails\": {\"targetId\": \"$target\"}}" &&
	google_admin drive_file "{\"parent\": \"$project\", \"name\":
		\"doc.zip\", \"mimeType\":
		\"application/vnd.google-apps.document\"}" &&
	listed a.zip &&
	test_expect_code 10 resutil get-object --remote "$store" \
		project/link.zip &&
	test_expect_code 10 resutil get-object --remote "$store" \
		project/doc.zip
'

test_expect_success 'names that no key can have are passed over' '
	for name in "a/b" "." ".." "/" "\\u0000" "x\\u0000y" ""
	do
		drive_file "$project" "$name" one || return 1
	done &&
	odd=$(drive_folder "c/d" "$project") &&
	drive_file "$odd" e.zip one &&
	listed a.zip Untitled &&
	test_expect_code 10 resutil get-object --remote "$store" \
		project/a/b &&
	test_expect_code 10 resutil get-object --remote "$store" \
		project/c/d/e.zip
'

test_expect_success 'names with quotes and backslashes are what they are' '
	new_base &&
	odd=$(drive_folder "it'\''s \\\\ mine" "$base") &&
	drive_file "$odd" "a'\'' or name != '\''b.zip" one &&
	drive_file "$odd" "b\\\\" other &&
	printf "%s\n" "it'\''s \\ mine/a'\'' or name != '\''b.zip" \
		"it'\''s \\ mine/b\\" >expect &&
	resutil list-objects -z --remote "$store" "it'\''s \\ mine/" >raw &&
	tr "\0" "\n" <raw | cut -f3- | sort >out &&
	test_cmp expect out &&
	resutil get-object --remote "$store" \
		"it'\''s \\ mine/a'\'' or name != '\''b.zip" >got &&
	test_cmp one got &&
	resutil get-object --remote "$store" "it'\''s \\ mine/b\\" >got &&
	test_cmp other got
'

test_expect_success 'names that differ in case are two' '
	new_base &&
	drive_file "$project" a.zip one &&
	drive_file "$project" A.zip other &&
	upper=$(drive_folder Project "$base") &&
	drive_file "$upper" b.zip one &&
	listed A.zip a.zip &&
	resutil get-object --remote "$store" project/a.zip >got &&
	test_cmp one got &&
	resutil get-object --remote "$store" project/A.zip >got &&
	test_cmp other got &&
	test_expect_code 10 resutil get-object --remote "$store" \
		project/b.zip &&
	test_expect_code 10 resutil get-object --remote "$store" \
		PROJECT/b.zip
'

test_expect_success 'a folder of that name elsewhere is another one' '
	new_base &&
	elsewhere=$(drive_folder other) &&
	drive_share "$elsewhere" "$GOOGLE_ACCOUNT" writer &&
	wrong=$(drive_folder project "$elsewhere") &&
	drive_file "$wrong" wrong.zip one &&
	drive_file "$project" right.zip one &&
	listed right.zip
'

test_expect_success 'folders of one name are one folder' '
	new_base &&
	second=$(drive_folder project "$base") &&
	deep=$(drive_folder deep "$project") &&
	deep2=$(drive_folder deep "$second") &&
	drive_file "$project" a.zip one &&
	drive_file "$second" b.zip other &&
	drive_file "$deep" c.zip one &&
	drive_file "$deep2" d.zip other &&
	listed a.zip b.zip deep/c.zip deep/d.zip &&
	resutil get-object --remote "$store" project/b.zip >got &&
	test_cmp other got &&
	resutil get-object --remote "$store" project/deep/d.zip >got &&
	test_cmp other got &&
	steps level:project/ >out &&
	sed -n "s/^  \(.*\) [0-9]*$/\1/p" out | sort >got &&
	printf "project/%s\n" a.zip b.zip deep/ >expect &&
	test_cmp expect got
'

test_expect_success 'a pending folder is not there' '
	half=$(drive_made drive_folder "{\"name\": \"project\", \"parent\":
		\"$base\", \"properties\": {\"resutil-state\": \"pending\"}}") &&
	drive_file "$half" never.zip one &&
	listed a.zip b.zip deep/c.zip deep/d.zip
'

test_expect_success 'of files of one name the newest is the object' '
	new_base &&
	drive_file "$project" a.zip one "$(at 2024-07-01T00:00:00.000Z)" &&
	drive_file "$project" a.zip other "$(at 2024-07-01T00:00:00.001Z)" &&
	drive_file "$project" a.zip one "$(at 2024-06-30T00:00:00.999Z)" &&
	drive_file "$project" b.zip one &&
	listed a.zip b.zip &&
	resutil get-object --remote "$store" project/a.zip >got &&
	test_cmp other got &&
	steps stat:project/a.zip all:project/ >out &&
	cat >expect <<-\END &&
	stat:project/a.zip
	  project/a.zip 6
	all:project/
	  project/a.zip 6
	  project/a.zip 4
	  project/a.zip 4
	  project/b.zip 4
	END
	test_cmp expect out
'

test_expect_success 'so it is in several folders, and on several pages' '
	new_base &&
	second=$(drive_folder project "$base") &&
	for n in 1 2 3 4 5
	do
		drive_file "$project" a.zip one \
			"$(at 2024-07-01T00:00:0$n.000Z)" || return 1
	done &&
	drive_file "$second" a.zip other "$(at 2024-07-02T00:00:00.000Z)" &&
	RESUTIL_TEST_GDRIVE_PAGE=1 && export RESUTIL_TEST_GDRIVE_PAGE &&
	test_when_finished "unset RESUTIL_TEST_GDRIVE_PAGE" &&
	listed a.zip &&
	resutil get-object --remote "$store" project/a.zip >got &&
	test_cmp other got
'

test_expect_success 'of the same time the larger id is the object' '
	new_base &&
	first=$(drive_file "$project" a.zip one \
		"$(at 2024-07-01T00:00:00.000Z)") &&
	second=$(drive_file "$project" a.zip one \
		"$(at 2024-07-01T00:00:00.000Z)") &&
	printf "%s\n" "$first" "$second" | LC_ALL=C sort | tail -n 1 >expect &&
	resutil list-objects --remote "$store" project/ >out &&
	cut -f2 out | cut -d. -f1 >got &&
	test_cmp expect got
'

test_expect_success 'what is pending is neither listed nor found' '
	new_base &&
	drive_file "$project" a.zip one "$(at 2024-07-01T00:00:00.000Z)" &&
	drive_file "$project" a.zip other \
		"\"properties\": {\"resutil-state\": \"pending\"}" &&
	drive_file "$project" b.zip other \
		"\"properties\": {\"resutil-state\": \"waiting\"}" &&
	listed a.zip &&
	resutil get-object --remote "$store" project/a.zip >got &&
	test_cmp one got &&
	test_expect_code 10 resutil get-object --remote "$store" \
		project/b.zip &&
	steps all:project/ >out &&
	test_line_count = 2 out
'

test_expect_success 'what other programs keep in properties is no metadata' '
	new_base &&
	drive_file "$project" a.zip one "\"properties\": {
		\"resutil-tree\": \"12ab\", \"Other App\": \"x\",
		\"odd\": \"\\u00e9\", \"a-name-of-more-than-twenty\": \"y\"}" &&
	listed a.zip
'

test_expect_success 'a file and a folder may have one name' '
	new_base &&
	drive_file "$project" a one &&
	inner=$(drive_folder a "$project") &&
	drive_file "$inner" b other &&
	listed a a/b &&
	resutil get-object --remote "$store" project/a/b >got &&
	test_cmp other got
'

test_expect_success 'all of a store is listed, level by level' '
	new_base &&
	drive_file "$base" top one &&
	a=$(drive_folder a "$project") &&
	b=$(drive_folder b "$a") &&
	c=$(drive_folder c "$project") &&
	drive_file "$b" deep one &&
	drive_file "$c" other one &&
	names >out &&
	printf "%s\n" project/a/b/deep project/c/other top >expect &&
	test_cmp expect out &&
	names project/a >out &&
	echo project/a/b/deep >expect &&
	test_cmp expect out &&
	steps level: level:p level:project/ >out &&
	cat >expect <<-\END &&
	level:
	  top 4
	  project/ 0
	level:p
	  project/ 0
	level:project/
	  project/a/ 0
	  project/c/ 0
	END
	test_cmp expect out
'

test_done
