#!/bin/sh

test_description='putting on Google Drive: each request fails in each way

A proxy spoils one request of a command, then the next one, and so on to the
last. The command does what it always does, and nothing else is left there.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
. "$TEST_DIRECTORY"/lib-google-luck.sh

# tree_is LINE...: this is below the base, but for what is in the trash
tree_is () {
	drive_tree "$base" | sed -e "/ trashed$/d" -e "s|^results/||" >out &&
	printf "%s\n" "$@" >want &&
	test_cmp want out
}

put_one () {
	new_base &&
	resutil put-object --remote "$store" p/q/a.zip one &&
	tree_is "p folder 0 0" "p/q folder 0 0" "p/q/a.zip file 4 1" &&
	google_admin drive_tree "{\"id\": \"$base\"}" >tree &&
	/usr/bin/python3 -c "import json
files = json.load(open(\"tree\"))[\"files\"]
assert not any(f[\"properties\"] for f in files if not f[\"trashed\"])"
}

test_expect_success 'setup: a shared drive behind a proxy' '
	shared_drive_behind_proxy &&
	echo one >one
'

for fault in '"status": 503' '"lose": true' \
	"\"status\": 403, \"body\": $LIMIT"
do
	case $fault in
	*"$LIMIT") name='"status": 403, too many requests' ;;
	*) name=$fault ;;
	esac
	test_expect_success "an object that is put into new folders: $name" '
		each_request "$fault" put_one
	'
done

test_expect_success 'a token that expired is renewed at the first request' '
	proxy_rules "{\"nth\": 1, \"status\": 401, \"body\": $EXPIRED}" &&
	put_one &&
	test_requests = 1 "rule == 0"
'

test_done
