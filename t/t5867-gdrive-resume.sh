#!/bin/sh

test_description='Drive: uploads gone on with after a death, and what stays of others'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google-uploads.sh

RESUTIL_TEST_GDRIVE_CLAIM=2000
export RESUTIL_TEST_GDRIVE_CLAIM

# A Drive in the place of the bucket.
sessions () {
	google_admin drive_sessions >sessions.json &&
	grep -o "\"state\": \"$1\"" sessions.json | wc -l
}

# files: of the name of the pack, a line each: object or its state, "trashed"
files () {
	google_admin drive_tree "{\"id\": \"$base\"}" | /usr/bin/python3 -c '
import json, sys
for f in json.load(sys.stdin)["files"]:
    if f["name"] == sys.argv[1]:
        print((f["properties"] or {}).get("resutil-state", "object") +
              " trashed" * f["trashed"])' "$NAME.zip" | sort
}

# one_file: there is one that is not in the trash, and it is the object
one_file () {
	files >there && grep -v trashed there >got && echo object >want &&
	test_cmp want got
}

test_expect_success 'setup: a shared drive, a large experiment' '
	start_drive && base=$(drive_shared lab) &&
	start_proxy "$DRIVE_ROOT" && google_trust "${PROXY#http://}" &&
	drive_conf "$base" && sed -i "s,^  api_root: .*,  api_root: $PROXY," \
		resutil-conf.yaml &&
	make_exp $NAME "id: \"$(test_id 1)\"" "revision: 1" "state: done" &&
	head -c 12000000 /dev/urandom >results/$NAME/data.bin &&
	RESUTIL_TEST_GOOGLE_PIECE=1048576 && export RESUTIL_TEST_GOOGLE_PIECE &&
	mkdir other && cp resutil-conf.yaml key.json other
'

test_expect_success 'a push that is killed leaves a note and nothing to see' '
	push_and_die 3 && test_path_is_file $NOTE &&
	test "$(stat -c %a $NOTE)" = 600 &&
	resutil list-remote >listed && test_must_be_empty listed &&
	files >there && test_must_be_empty there
'

test_expect_success 'the next one sends what is missing' '
	proxy_rules && resutil send-pack $NAME >out 2>err && grep "^new" out &&
	grep "resumed; [0-9.]* MiB of it had been sent before" err &&
	test $(sent) -le 9 && no_uploads && there && one_file &&
	resutil -C other fetch-exp $NAME &&
	cmp results/$NAME/data.bin other/results/$NAME/data.bin && remove_there
'

test_expect_success 'killed when all was sent: only the mark is taken away' '
	dies "{\"method\": \"PUT\", \"nth\": 12,
		\"run_after\": \"kill -9 \$(cat $PWD/pid)\"}" &&
	files >there && grep -v trashed there >got && echo pending >want &&
	test_cmp want got && test_path_is_file $NOTE && proxy_rules &&
	resutil list-remote >listed && test_must_be_empty listed &&
	resutil send-pack $NAME >out && grep ^new out && test $(sent) = 0 &&
	no_uploads && there && one_file && remove_there
'

test_expect_success 'killed before the mark went: likewise' '
	dies "{\"method\": \"PATCH\",
		\"run\": \"kill -9 \$(cat $PWD/pid)\", \"status\": 503}" &&
	proxy_rules && resutil send-pack $NAME >out && grep ^new out &&
	test $(sent) = 0 && no_uploads && there && one_file && remove_there
'

# With time enough the first PATCH takes the mark away; who is late marks anew.
test_expect_success 'killed when the mark had gone: it is there' '
	(
		RESUTIL_TEST_GDRIVE_CLAIM=120000 &&
		dies "{\"method\": \"PATCH\",
			\"run_after\": \"kill -9 \$(cat $PWD/pid)\"}"
	) &&
	one_file && proxy_rules &&
	resutil send-pack $NAME >out && grep ^same out && test $(sent) = 0 &&
	no_uploads && there && remove_there
'

test_expect_success 'somebody was faster meanwhile: told, nothing is left' '
	dies "{\"method\": \"PUT\", \"nth\": 12,
		\"run_after\": \"kill -9 \$(cat $PWD/pid)\"}" && proxy_rules &&
	mkdir third && cp resutil-conf.yaml key.json third &&
	(
		cd third &&
		make_exp $NAME "id: \"$(test_id 3)\"" "revision: 1" &&
		resutil send-pack $NAME
	) &&
	test_expect_code 14 resutil send-pack $NAME &&
	resutil -C third verify-pack --remote=origin $NAME && one_file
'

test_expect_success '--force goes on: the content of that file is replaced' '
	resutil send-pack --force $NAME && one_file && there && no_uploads &&
	remove_there
'

test_expect_success 'what was sent is in the trash by now: begun anew' '
	dies "{\"method\": \"PUT\", \"nth\": 12,
		\"run_after\": \"kill -9 \$(cat $PWD/pid)\"}" && proxy_rules &&
	google_admin drive_tree "{\"id\": \"$base\"}" >tree &&
	id=$(/usr/bin/python3 -c "
import json
print([f[\"id\"] for f in json.load(open(\"tree\"))[\"files\"]
       if f[\"name\"] == \"$NAME.zip\" and not f[\"trashed\"]][0])") &&
	google_admin drive_trash "{\"id\": \"$id\"}" >&4 &&
	resutil send-pack $NAME >out && grep ^new out && test $(sent) = 12 &&
	no_uploads && there && one_file && remove_there
'

test_expect_success 'the session has ended (410): begun anew' '
	push_and_die 3 && google_admin drive_sessions "{\"drop\": 410}" >&4 &&
	proxy_rules && resutil send-pack $NAME >out 2>err && grep ^new out &&
	test $(sent) = 12 && no_uploads && there && one_file && remove_there
'

test_expect_success 'gc withdraws an upload that nobody wants any more' '
	dies "{\"method\": \"PUT\", \"nth\": 12,
		\"run_after\": \"kill -9 \$(cat $PWD/pid)\"}" && proxy_rules &&
	mv results/$NAME away && resutil gc --remote --older-than=0 >out &&
	test_path_is_missing $NOTE && files >there &&
	test_grep ! "pending$" there && mv away results/$NAME
'

# put_and_die KEY: one of which nobody has a note
put_and_die () {
	proxy_rules "{\"method\": \"PATCH\",
		\"run\": \"kill -9 \$(cat $PWD/pid)\", \"status\": 503}" &&
	echo text >small &&
	test_expect_code 137 sh -c "echo \$\$ >pid
		exec resutil put-object --absent $1 small" && rm pid &&
	test_wait_for 20 is_quiet && proxy_rules
}

now () {
	echo $(($(date +%s) + $1))
}

test_expect_success 'a pending file is a rest after a day, and no sooner' '
	put_and_die project/$NAME.zip && files >there && grep "^pending$" there &&
	resutil check-store >found && test_must_be_empty found &&
	RESUTIL_TEST_NOW=$(now 86000) resutil check-store --prune \
		--older-than=0 >found && test_must_be_empty found &&
	RESUTIL_TEST_NOW=$(now 86800) resutil check-store >found &&
	printf "leftover\tupload-rest\topen\tproject/$NAME.zip\n" >want &&
	cut -f 1-4 found >got && test_cmp want got &&
	RESUTIL_TEST_NOW=$(now 86800) resutil gc --remote --older-than=0 >out &&
	test_grep "$NAME" out && files >there && test_grep ! "pending$" there
'

test_expect_success 'so is a pending folder in which nothing is' '
	project=$(google_admin drive_tree "{\"id\": \"$base\"}" |
		sed -n "s/.*\"parent\": \"\(.*\)\",/\1/p" | sort | uniq -c |
		sort -rn | sed -n "1s/.* //p") &&
	google_admin drive_folder "{\"name\": \"half\", \"parent\": \"$project\",
		\"properties\": {\"resutil-state\": \"pending\"}}" >&4 &&
	RESUTIL_TEST_NOW=$(now 86800) resutil check-store --prune \
		--older-than=0 >found && cut -f 1-4 found >got &&
	printf "leftover\tupload-rest\tremoved\tproject/half\n" >want &&
	test_cmp want got
'

test_expect_success 'so are folders of a test that died, without files' '
	drive_folder resutil-test-0123abcd "$base" >id &&
	drive_folder 7 $(cat id) >inner && drive_folder resutil-test-x "$base" &&
	drive_folder resutil-test-4567abcd "$base" >used &&
	echo text >file && drive_file $(cat used) file file &&
	resutil check-store --prune --older-than=0 >found &&
	test_must_be_empty found &&
	RESUTIL_TEST_NOW=$(now 4000) resutil check-store --prune \
		--older-than=0 >found && cut -f 1-4 found >got &&
	printf "leftover\tupload-rest\tremoved\tresutil-test-0123abcd\n" >want &&
	grep removed got >removed && test_cmp want removed &&
	drive_tree "$base" >tree && grep -v trashed tree >kept &&
	test_grep "^resutil-test-4567abcd/file" kept &&
	test_grep "^resutil-test-x folder" kept
'

test_done
