#!/bin/sh

test_description='Drive: several files of one name, several folders of one name'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-drive-claims.sh

# add_run COMMENT: a run here; sets name
add_run () {
	name=$(resutil add "$1") && echo "$1" >results/$name/text &&
	resutil -q push "$name"
}

# findings [OPTION...]: LEVEL ID STATE WHERE of each
findings () {
	status=0 &&
	resutil check-store "$@" >found 2>err || status=$? &&
	cat found err >&4 && cut -f 1-4 found >got
}

test_expect_success 'setup: a shared drive with two experiments' '
	start_drive && base=$(drive_shared lab) && drive_conf "$base" &&
	mkdir results && add_run one && one=$name && add_run two && two=$name &&
	google_admin drive_tree "{\"id\": \"$base\"}" >tree &&
	project=$(/usr/bin/python3 -c "
import json
print([f[\"id\"] for f in json.load(open(\"tree\"))[\"files\"]
       if f[\"name\"] == \"project\"][0])") && test -n "$project" &&
	resutil get-object project/$one.zip >one.zip &&
	resutil get-object project/$two.zip >two.zip
'

test_expect_success 'a store as it should be has no such findings' '
	findings && test $status = 0 && test_must_be_empty got &&
	resutil fsck --remote
'

test_expect_success 'the same bytes twice: a warning, and --repair removes one' '
	drive_file "$project" $one.zip one.zip \
		"\"modifiedTime\": \"2024-01-01T00:00:00Z\"" >id &&
	findings && test $status = 1 &&
	printf "warning\tduplicate-object\topen\tproject/$one.zip\n" >want &&
	test_cmp want got && test_grep "which has the same bytes" found &&
	test_grep "2024-01-01T00:00:00Z.*$(cat id)\." found &&
	findings --repair -n && sed "s/open/would/" want >would &&
	test_cmp would got && files_of $one.zip >files &&
	test_line_count = 2 files &&
	findings --repair && sed "s/open/mended/" want >mended &&
	test_cmp mended got && files_of $one.zip >files &&
	test_line_count = 1 files && test_grep ! "$(cat id)" files &&
	findings && test_must_be_empty got
'

test_expect_success 'other bytes: an error, and nobody guesses' '
	drive_file "$project" $one.zip two.zip \
		"\"modifiedTime\": \"2024-01-01T00:00:00Z\"" >id &&
	findings --repair && test $status = 1 &&
	printf "error\tduplicate-object\topen\tproject/$one.zip\n" >want &&
	test_cmp want got && files_of $one.zip >files &&
	test_line_count = 2 files &&
	resutil get-object project/$one.zip >got && cmp one.zip got &&
	test_expect_code 1 resutil fsck --remote >out &&
	test_grep "remove-object --version=" out
'

test_expect_success 'what is told removes the hidden one alone' '
	sed -n "s/.* by .\(resutil remove-object .*\).\$/\1/p" out >command &&
	test_line_count = 1 command && sh -e ./command &&
	files_of $one.zip >files &&
	test_line_count = 1 files && test_grep ! "$(cat id)" files &&
	resutil get-object project/$one.zip >got && cmp one.zip got &&
	resutil fsck --remote
'

test_expect_success 'the newest one counts, everywhere' '
	drive_file "$project" $one.zip two.zip \
		"\"modifiedTime\": \"2100-01-01T00:00:00Z\"" >id &&
	resutil get-object project/$one.zip >got && cmp two.zip got &&
	resutil list-objects project/$one >out && test_line_count = 1 out &&
	test_grep "$(cat id)" out &&
	findings && test_grep "2100-01-01T00:00:00Z .*counts, and hides" found
'

test_expect_success 'a pending file is none of them' '
	drive_file "$project" $two.zip one.zip \
		"\"properties\": {\"resutil-state\": \"pending\"}" &&
	findings && test_grep ! "$two" got &&
	resutil get-object project/$two.zip >got && cmp two.zip got
'

test_expect_success 'a removal takes those along that the object hides' '
	resutil remove-object project/$one.zip &&
	files_of $one.zip >files && test_must_be_empty files &&
	test_expect_code 10 resutil get-object project/$one.zip 2>err &&
	# to the trash, all of them
	drive_tree "$base" >tree && test_line_count -ge 2 tree &&
	test "$(grep -c "$one.zip .*trashed" tree)" -ge 2
'

test_expect_success 'a rename takes them along, too' '
	resutil -q push -A && drive_file "$project" $one.zip two.zip \
		"\"modifiedTime\": \"2024-01-01T00:00:00Z\"" &&
	resutil comment "$one" other &&
	files_of $one.zip >files && test_must_be_empty files &&
	new=${one%_one}_other && files_of $new.zip >files &&
	test_line_count = 2 files && resutil get-object project/$new.zip >got &&
	cmp one.zip got && one=$new
'

test_expect_success 'two folders of one name are one, and told' '
	resutil remove-object project/$one.zip &&
	second=$(drive_folder project "$base") &&
	drive_file "$second" $one.zip one.zip && findings &&
	test $status = 1 &&
	printf "warning\tduplicate-folder\topen\tproject/\n" >want &&
	grep "folder" got >folders && test_cmp want folders &&
	test_grep "2 folders of that name ($project, $second)" found &&
	resutil list-remote >out && test_grep "$one" out
'

test_expect_success 'one file in each of them hides the other' '
	drive_file "$project" $one.zip one.zip &&
	findings && test_grep "duplicate-object.*$one" got &&
	findings --repair && files_of $one.zip >files &&
	test_line_count = 1 files
'

test_done
