#!/bin/sh

test_description='Drive: rclone reads what we wrote, and we what it wrote'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
unset RESUTIL_NO_REMOTE

# their_rclone OPTION...: with $base as its topmost folder (T:)
their_rclone () {
	RCLONE_CONFIG=/dev/null RCLONE_CONFIG_T_TYPE=drive \
	RCLONE_CONFIG_T_SERVICE_ACCOUNT_FILE="$keys/key.json" \
	RCLONE_CONFIG_T_ROOT_FOLDER_ID="$base" \
	HTTPS_PROXY=$GOOGLE_PROXY rclone --ca-cert "$GOOGLE_CA" \
		--retries 1 --drive-pacer-min-sleep 1ms \
		--drive-chunk-size 1Mi --drive-upload-cutoff 1Mi "$@"
}

# project DIR FOLDER: one whose store is there
project () {
	mkdir "$1" && (cd "$1" && drive_conf "$2" && mkdir results)
}

# store FOLDER: its URL
store () {
	echo "gdrive://$1?api_root=$DRIVE_ROOT&key_file_path=$keys/key.json"
}

odd_keys () {
	cat <<-\EOF
	a b+c=&d?e#f%g~h!i'j(k)l*m
	100%/%41/%zz/+
	日本語/é/𝄞.zip
	a:b;c@d$e,f"g"h<i>j^k`l{m}n|o[p]
	back\slash/it's \'
	- dash
	.hidden/..two/three...
	Upper/case
	upper/Case
	very/deep/ly/nest/ed/a/b/c/d/e/f/g/h/i/j
	EOF
}

test_expect_success 'setup: a Drive by its names, a project, large and small' '
	google_by_name start_drive && mkdir -p "$HOME/.config/resutil" &&
	printf "http:\n  ca-file: %s\n" "$GOOGLE_CA" \
		>"$HOME/.config/resutil/config.yaml" &&
	team=$(drive_shared team) && ours=$(drive_folder ours "$team") &&
	project p "$ours" && keys=$PWD/p && odd_keys >odd &&
	head -c 12000000 /dev/urandom >big &&
	(
		cd p && name=$(resutil add small) && echo hello >"results/$name/x" &&
		name=$(resutil add "é+& it'\''s") && cp ../big "results/$name/big" &&
		resutil push -A >../out
	) &&
	resutil -C p list-exps >names && test_line_count = 2 names &&
	sed "s/\$/.zip/" names >packs &&
	google_requests "/upload/.* 308" >pieces && test_line_count -gt 0 pieces
'

test_expect_success 'rclone finds our packs, and nothing besides' '
	base=$ours && their_rclone lsf -R --files-only T: >got &&
	sed "s,^,project/," packs | sort >want && sort got >sorted &&
	test_cmp want sorted && drive_tree "$ours" >tree &&
	test_line_count = 3 tree && test_grep ! trashed tree
'

test_expect_success 'by the way of a shared drive, too' '
	base= && their_rclone lsf --drive-team-drive "$team" T:ours/project |
	sort >got && sort packs >want && test_cmp want got
'

test_expect_success 'rclone reads our packs, which are zip files' '
	base=$ours && mkdir read && their_rclone copy T:project read &&
	while IFS= read -r name
	do
		/usr/bin/python3 -m zipfile -t "read/$name.zip" &&
		mkdir unpacked && unzip -q -d unpacked "read/$name.zip" &&
		diff -r "p/results/$name" unpacked && rm -r unpacked || return 1
	done <names &&
	their_rclone check read T:project
'

test_expect_success 'sizes that others see are those that we tell' '
	their_rclone lsf --format sp --separator " " T:project | sort >theirs &&
	resutil list-objects --remote "$(store "$ours")" \
		--format "%(size) %(key)" | sed "s, project/, ," | sort >got &&
	test_cmp theirs got
'

# The content of each is its key.
test_expect_success 'names of all characters: put by us, read by rclone' '
	base=$(drive_folder odd "$team") &&
	while IFS= read -r key
	do
		printf "%s" "$key" >content &&
		resutil put-object --remote "$(store "$base")" -- "$key" \
			content >/dev/null || return 1
	done <odd &&
	resutil list-objects --remote "$(store "$base")" --format "%(key)" -z |
	tr "\0" "\n" | sort >got && sort odd >want && test_cmp want got &&
	mkdir of.rclone && their_rclone copy T: of.rclone &&
	while IFS= read -r key
	do
		printf "%s" "$key" >want && cmp want "of.rclone/$key" || return 1
	done <odd
'

test_expect_success 'names of all characters: put by rclone, read by us' '
	base=$(drive_folder theirs "$team") && their_rclone copy of.rclone T: &&
	resutil list-objects --remote "$(store "$base")" --format "%(key)" -z |
	tr "\0" "\n" | sort >got && sort odd >want && test_cmp want got &&
	while IFS= read -r key
	do
		printf "%s" "$key" >want &&
		resutil get-object --remote "$(store "$base")" -- "$key" >got &&
		cmp want got || return 1
	done <odd
'

test_expect_success 'a store that was copied by rclone is pulled' '
	mkdir dir && resutil -C p remote add plain "dir:$PWD/dir" &&
	resutil -C p push -A --remote plain && ls dir/project >got &&
	test_line_count = 2 got &&
	base=$(drive_folder copied "$team") && their_rclone copy dir T: &&
	project q "$base" && resutil -C q pull -A && resutil -C q list-exps >got &&
	test_cmp names got &&
	while IFS= read -r name
	do
		diff -r "p/results/$name" "q/results/$name" || return 1
	done <names &&
	resutil -C q fsck --remote --read-data
'

test_expect_success 'what rclone renames, replaces and trashes we see so' '
	project r "$base" && one=$(head -n 1 packs) &&
	two=$(sed -n 2p packs) &&
	their_rclone moveto "T:project/$one" \
		T:project/aapfuq_20240704T191556_moved.zip &&
	resutil -C r list-remote >got && test_grep "^aapfuq_.*moved$" got &&
	test_line_count = 2 got &&
	cp "read/$one" other && their_rclone copyto other "T:project/$two" &&
	drive_tree "$base" >tree && grep -F "project/$two file" tree >line &&
	test_line_count = 1 line && grep " 2$" line &&
	resutil get-object --remote "$(store "$base")" "project/$two" >got &&
	cmp other got &&
	their_rclone delete "T:project/$two" && resutil -C r list-remote >got &&
	test_line_count = 1 got && drive_tree "$base" >tree &&
	test_grep "trashed$" tree
'

test_expect_success 'of files of one name we take the one that rclone keeps' '
	base=$(drive_folder twice "$team") && folder=$(drive_folder f "$base") &&
	echo old >old && echo newest >newest && echo older >older &&
	at="\"modifiedTime\": \"2024-01-01T00:00:00" &&
	drive_file "$folder" x old "$at.001Z\"" &&
	drive_file "$folder" x newest "$at.003Z\"" &&
	drive_file "$folder" x older "$at.002Z\"" &&
	resutil get-object --remote "$(store "$base")" f/x >got &&
	test_cmp newest got &&
	their_rclone dedupe --dedupe-mode newest T: && drive_tree "$base" >tree &&
	test $(grep -c "^twice/f/x file [0-9]* 1 trashed" tree) = 2 &&
	their_rclone cat T:f/x >got && test_cmp newest got &&
	resutil get-object --remote "$(store "$base")" f/x >got &&
	test_cmp newest got
'

test_expect_success 'in My Drive, with an account that may own files' '
	home=$(drive_folder home) && drive_share "$home" "$GOOGLE_ACCOUNT" writer &&
	drive_quota "$GOOGLE_ACCOUNT" null && project s "$home" && base=$home &&
	their_rclone copy read/ T:project --include "*.zip" &&
	resutil -C s pull -A && resutil -C s list-exps >got && test_cmp names got &&
	(
		cd s && name=$(resutil add mine) && echo mine >"results/$name/x" &&
		resutil push "$name" && echo "$name.zip" >../mine
	) &&
	their_rclone copy "T:project/$(cat mine)" . && unzip -p "$(cat mine)" x >got &&
	echo mine >want && test_cmp want got
'

test_done
