#!/bin/sh

test_description='Drive: the library that Google gives away for Node'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
unset RESUTIL_NO_REMOTE

# their_drive COMMAND...: see node/drive.js
their_drive () {
	HTTPS_PROXY=$GOOGLE_PROXY NODE_EXTRA_CA_CERTS=$GOOGLE_CA \
	node_client drive "$keys/key.json" "$@"
}

# project DIR FOLDER: one whose store is there
project () {
	mkdir "$1" && (cd "$1" && drive_conf "$2" && mkdir results)
}

test_expect_success 'setup: a Drive by its names, a project' '
	google_by_name start_drive && mkdir -p "$HOME/.config/resutil" &&
	printf "http:\n  ca-file: %s\n" "$GOOGLE_CA" \
		>"$HOME/.config/resutil/config.yaml" &&
	team=$(drive_shared team) && ours=$(drive_folder ours "$team") &&
	project p "$ours" && keys=$PWD/p && echo hello >hello &&
	head -c 700000 /dev/urandom >big
'

test_expect_success 'who it is: a token by a signed JWT' '
	their_drive about >got && echo "$GOOGLE_ACCOUNT true" >want &&
	test_cmp want got && google_requests "/oauth2/v4/token 200"
'

test_expect_success 'it makes files: in one request, and in pieces' '
	base=$(drive_folder base "$team") &&
	hello=$(their_drive put "$base" "it'\''s \\ one" hello) &&
	big=$(their_drive pieces "$base" big big 262144) &&
	their_drive list "$base" >got &&
	printf "big\t700000\t%s\nit'\''s \\\\ one\t6\t%s\n" \
		"$(md5sum <big | cut -c1-32)" "$(md5sum <hello | cut -c1-32)" >want &&
	test_cmp want got && their_drive get "$big" back && cmp big back &&
	their_drive list "$base" "name = '\''it\\'\''s \\\\ one'\''" >got &&
	test_line_count = 1 got && their_drive bytes "$hello" 1-2 >got &&
	echo "206 bytes 1-2/6 el" >want && test_cmp want got
'

test_expect_success 'it changes them: content, name, place, trash' '
	their_drive content "$hello" big && their_drive revisions "$hello" >got &&
	test_line_count = 2 got &&
	their_drive patch "$hello" \
		"{\"name\": \"two\", \"properties\": {\"a\": \"b\"}}" &&
	sub=$(their_drive folder "$base" sub) &&
	their_drive move "$hello" "$base" "$sub" &&
	their_drive copy "$hello" three >id &&
	their_drive patch "$big" "{\"trashed\": true}" &&
	drive_tree "$base" >got && cat >want <<-\END &&
	base/big file 700000 1 trashed
	base/sub folder 0 0
	base/sub/three file 700000 1
	base/sub/two file 700000 2
	END
	test_cmp want got
'

test_expect_success 'what it is refused it is told why' '
	their_drive refused delete "$big" >got &&
	their_drive refused get nothing out >>got &&
	their_drive refused bytes "$hello" 700000- >>got &&
	their_drive refused list no >>got &&
	their_drive refused list "$base" "name" >>got &&
	their_drive refused patch "$hello" "{\"size\": \"1\"}" >>got &&
	cat >want <<-\END && test_cmp want got
	403 insufficientFilePermissions
	404 notFound
	416 requestedRangeNotSatisfiable
	404 notFound
	400 invalid
	403 fieldNotWritable
	END
'

test_expect_success 'it reads what we pushed' '
	(
		cd p && name=$(resutil add "é large") &&
		head -c 9000000 /dev/urandom >"results/$name/big" &&
		resutil push "$name" && echo "$name" >../name
	) &&
	name=$(cat name) && folder=$(google_admin drive_tree |
		grep -B 1 "\"path\": \"ours/project\"" |
		sed -n "s/.*\"id\": \"\(.*\)\",/\1/p") &&
	their_drive list "$folder" >got && test_line_count = 1 got &&
	pack=$(google_admin drive_tree | grep -B 1 "\.zip\",$" |
		sed -n "s/.*\"id\": \"\(.*\)\",/\1/p" | head -n 1) &&
	their_drive get "$pack" pack.zip && mkdir unpacked &&
	unzip -q -d unpacked pack.zip && diff -r "p/results/$name" unpacked &&
	printf "%s.zip\t%s\t%s\n" "$name" "$(wc -c <pack.zip)" \
		"$(md5sum <pack.zip | cut -c1-32)" >want && test_cmp want got
'

test_expect_success 'we pull what it made, in one request or in pieces' '
	copy=$(drive_folder copy "$team") &&
	inside=$(their_drive folder "$copy" project) &&
	their_drive pieces "$inside" "$name.zip" pack.zip 4194304 &&
	project q "$copy" && resutil -C q pull -A &&
	diff -r "p/results/$name" "q/results/$name" &&
	their_drive put "$inside" notes.txt hello >id &&
	store="gdrive://$copy?api_root=$DRIVE_ROOT&key_file_path=$keys/key.json" &&
	resutil get-object --remote "$store" project/notes.txt >got &&
	test_cmp hello got
'

test_expect_success 'what it replaces, we see replaced; trashed, gone' '
	resutil list-objects --remote "$store" --format "%(version)" \
		project/notes.txt >before &&
	their_drive content "$(cat id)" big &&
	resutil list-objects --remote "$store" --format "%(version)" \
		project/notes.txt >after && ! cmp -s before after &&
	resutil get-object --remote "$store" project/notes.txt >got &&
	cmp big got && their_drive patch "$(cat id)" "{\"trashed\": true}" &&
	test_must_fail resutil get-object --remote "$store" project/notes.txt
'

test_done
