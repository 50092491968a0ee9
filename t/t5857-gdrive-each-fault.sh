#!/bin/sh

test_description='reading from Google Drive: each request fails in each way

A proxy spoils one request of a command, then the next one, and so on to the
last. The command does what it always does, and nothing else is left there.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
. "$TEST_DIRECTORY"/lib-google-luck.sh

list_all () {
	resutil list-objects --remote "$full" >listed &&
	cut -f3 listed | sort >names &&
	test_cmp all names
}

get_one () {
	resutil get-object --remote "$full" p/big.zip >got &&
	cmp big got
}

view_one () {
	resutil get-object --remote "$viewed" big.zip >got &&
	cmp big got
}

test_expect_success 'setup: a shared drive behind a proxy, files of others' '
	shared_drive_behind_proxy &&
	echo one >one &&
	/usr/bin/python3 -c "
import sys
sys.stdout.buffer.write(bytes(i * 7 % 251 for i in range(300000)))" >big &&
	new_base && full=$store &&
	p=$(drive_folder p "$base") && q=$(drive_folder q "$p") &&
	for n in 1 2 3 4 5
	do
		drive_file "$p" $n.zip one || return 1
	done &&
	drive_file "$q" d.zip one && drive_file "$p" big.zip big &&
	printf "p/%s.zip\n" 1 2 3 4 5 big q/d >all &&
	RESUTIL_TEST_GDRIVE_PAGE=3 && export RESUTIL_TEST_GDRIVE_PAGE &&
	view=$(drive_folder view) &&
	drive_share "$view" "$GOOGLE_ACCOUNT" reader &&
	drive_file "$view" big.zip big &&
	viewed="gdrive://$view?api_root=$PROXY&key_file_path=key.json"
'

for fault in '"status": 503' '"reset_down": 0' '"short": 1' '"lose": true' \
	"\"status\": 403, \"body\": $LIMIT" "\"status\": 401, \"body\": $EXPIRED" \
	'"status": 429, "fields": {"Retry-After": "0"}'
do
	case $fault in
	*"$LIMIT") name='"status": 403, too many requests' ;;
	*"$EXPIRED") name='"status": 401, a token that expired' ;;
	*) name=$fault ;;
	esac
	test_expect_success "a listing: $name" '
		each_request "$fault" list_all
	'
	test_expect_success "an object that is read: $name" '
		each_request "$fault" get_one
	'
	test_expect_success "one that may only be viewed: $name" '
		each_request "$fault" view_one
	'
done

test_expect_success 'bytes that end early are gone on with' '
	each_request "\"reset_down\": 100000" get_one &&
	each_request "\"short\": 200000" get_one
'

test_expect_success 'a byte that is another one: never given as good' '
	corrupt_one () {
		resutil get-object --remote "$full" p/big.zip >got 2>err
		status=$?
		{ test $status = 13 && ! cmp -s big got; } ||
		{ test $status = 0 && cmp big got; }
	} &&
	proxy_rules "{\"path\": \"/revisions/\", \"corrupt_down\": 100000}" &&
	corrupt_one &&
	test $status = 13 &&
	grep "does not have the MD5" err
'

test_done
