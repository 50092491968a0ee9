#!/bin/sh

test_description='Cloud Storage: sessions of uploads that go wrong'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google-uploads.sh

PIECE="\"method\": \"PUT\", $SESSION"
BEGIN='"method": "POST", "path": "uploadType=resumable"'
ESC=$(printf '\033')

# begun NUMBER: so many sessions since the rules were set
begun () {
	test_requests = $1 'method == "POST" and
		args.get("uploadType") == ["resumable"] and status == 200'
}

# unknown: there is one session, of which nobody knows; it is ended
unknown () {
	sessions open >nr && echo 1 >want && test_cmp want nr &&
	google_admin sessions "{\"drop\": 404}" >/dev/null
}

# pushed: the rules are obeyed, and what is there is whole
pushed () {
	proxy_rules "$@" &&
	resutil send-pack $NAME >out 2>err && grep ^new out &&
	no_uploads && there && remove_there
}

# change_note EXPRESSION: of the state `s` in the note
change_note () {
	cat >change.py <<-\EOS &&
	import json, sys
	note = json.load(open(sys.argv[1]))
	s = json.loads(note["state"])
	exec(sys.argv[2])
	note["state"] = json.dumps(s)
	json.dump(note, open(sys.argv[1], "w"))
	EOS
	/usr/bin/python3 change.py $NOTE "$1"
}

# no_session FILE...: nothing of a session stands there
no_session () {
	google_admin sessions >sessions.json &&
	! grep -E "upload_id=[^<]|ADPycd" "$@"
}

test_expect_success 'setup: a bucket, a large experiment' '
	setup_uploads 10000000 &&
	drop="curl -qsS --noproxy \\\"*\\\" -o dropped $GOOGLE/_test/sessions -d"
'

for status in 404 410 499
do
	test_expect_success "a session that ends with $status is begun anew" '
		pushed "{$PIECE, \"nth\": 4, \"run\":
			\"$drop {\\\\\\\"drop\\\\\\\":$status}\"}" &&
		begun 2 &&
		test_requests = 1 "method == \"PUT\" and status == $status"
	'
done

test_expect_success 'so is one that the service has forgotten meanwhile' '
	push_and_die 3 && google_admin sessions "{\"drop\": 410}" &&
	pushed && begun 1 && test_grep ! resumed err
'

test_expect_success 'a service that forgets all of them is given up' '
	proxy_rules "{$PIECE, \"every\": 2, \"run\":
		\"$drop {\\\\\\\"drop\\\\\\\":410}\"}" &&
	test_expect_code 12 resutil send-pack --patience 0 $NAME 2>err &&
	test_grep "is no more" err && begun 3 && test_path_is_missing $NOTE
'

test_expect_success 'a part of each piece is kept: the rest is sent again' '
	google_admin modes "{\"session_keep\": 524288}" &&
	test_when_finished "google_admin modes \"{\\\"session_keep\\\": null}\"" &&
	pushed && begun 1 &&
	test_requests = 20 "method == \"PUT\" and \"upload_id\" in args"
'

test_expect_success 'what ends between granules is sent from there' '
	pushed "{$PIECE, \"nth\": 2, \"answer\":
		{\"Range\": \"bytes=0-1100000\"}}" && begun 1
'

test_expect_success 'what was acknowledged and is lost is begun anew' '
	pushed "{$PIECE, \"nth\": 4, \"answer\": {\"Range\": null}}" && begun 2
'

test_expect_success 'more than there is was not sent' '
	pushed "{$PIECE, \"nth\": 2, \"answer\":
		{\"Range\": \"bytes=0-99999999\"}}" && begun 2
'

for range in "bytes=5-9" "bytes=0-" "bytes=0-1x" "a" \
	"bytes=0-99999999999999999999999"
do
	test_expect_success "an answer says Range: $range" '
		proxy_rules "{$PIECE, \"nth\": 2, \"answer\":
			{\"Range\": \"$range\"}}" &&
		test_expect_code 13 resutil send-pack $NAME 2>err &&
		test_grep "does not say how far" err && no_uploads
	'
done

for status in 301 302 303 307 308
do
	test_expect_success "a redirection ($status) is not followed" '
		proxy_rules "{$PIECE, \"nth\": 3, \"status\": $status,
			\"fields\": {\"Location\":
			\"http://127.0.0.1:1/login?upload_id=ADPycd_sesame\"}}" &&
		test_expect_code 12 resutil send-pack --patience 1 $NAME 2>err &&
		test_grep "redirects to .http://127.0.0.1:1/login., which" err &&
		no_session err && test_path_is_file $NOTE &&
		pushed && grep "resumed; 2.0 MiB" err && begun 0
	'
done

test_expect_success 'a web page in between is no success' '
	proxy_rules "{$PIECE, \"nth\": 3, \"status\": 200, \"fields\":
		{\"Content-Type\": \"text/html\"}, \"body\":
		\"<html>Please log in$ESC[2J\"}" &&
	test_expect_code 12 resutil send-pack --patience 1 $NAME 2>err &&
	test_grep "a web page, not as Google does" err &&
	test_grep ! "$ESC" err && test_path_is_file $NOTE &&
	pushed && grep resumed err
'

test_expect_success 'a byte that was changed on its way: all is sent again' '
	pushed "{$PIECE, \"nth\": 4, \"corrupt_up\": 500000}" && begun 2
'

test_expect_success 'the service holds something else: it is taken away' '
	proxy_rules "{\"method\": \"PUT\", \"head\": \"x-goog-hash\",
		\"replace\": {\"\\\"crc32c\\\": *\\\"......\":
			\"\\\"crc32c\\\": \\\"AAAAAA\"}}" &&
	test_expect_code 13 resutil send-pack $NAME 2>err &&
	test_grep "other bytes of .* were taken away again" err &&
	resutil list-remote >listed && test_must_be_empty listed && no_uploads
'

test_expect_success 'a session somewhere else gets nothing' '
	start_proxy "$GCS_ROOT" && elsewhere=$PROXY log=$PROXY_LOG &&
	start_proxy "$GCS_ROOT" && google_trust "${PROXY#http://}" &&
	sed -i "s,^  api_root: .*,  api_root: $PROXY," resutil-conf.yaml &&
	proxy_rules "{$BEGIN, \"answer\": {\"Location\":
		\"$elsewhere/upload?upload_id=ADPycd_sesame\"}}" &&
	test_expect_code 13 resutil send-pack $NAME 2>err &&
	test_grep "not at the service that was asked" err &&
	no_session err && test_must_be_empty "$log" && unknown &&
	push_and_die 3 &&
	change_note "s[\"session\"] = \"$elsewhere/upload?upload_id=a\"" &&
	proxy_rules && resutil send-pack $NAME 2>err &&
	test_must_be_empty "$log" && begun 1 && there && remove_there &&
	unknown
'

for location in null '"upload?upload_id=a"' '"http://127.0.0.1:1/a b"' '""'
do
	test_expect_success "a session at $location" '
		proxy_rules "{$BEGIN, \"answer\": {\"Location\": $location}}" &&
		test_expect_code 13 resutil send-pack $NAME 2>err &&
		test_path_is_missing $NOTE && unknown
	'
done

test_expect_success 'who wants a token for a session gets one' '
	pushed "{$PIECE, \"head\": \"(?s)\\\\A(?!.*\\nauthorization:)\",
		\"status\": 401}" && begun 1 &&
	test_requests = 1 "method == \"PUT\" and status == 401"
'

test_expect_success 'a limit of rates is waited for' '
	pushed "{$PIECE, \"nth\": [2, 3, 7], \"status\": 403, \"body\":
		\"{\\\"error\\\": {\\\"code\\\": 403, \\\"message\\\": \\\"slow down\\\",
		\\\"errors\\\": [{\\\"reason\\\": \\\"rateLimitExceeded\\\"}]}}\"}" &&
	begun 1 && test_requests = 13 "method == \"PUT\""
'

test_expect_success 'somebody puts another run there meanwhile: a conflict' '
	mkdir third && cp resutil-conf.yaml key.json third &&
	sed -i "s,^  api_root: .*,  api_root: $GCS_ROOT," \
		third/resutil-conf.yaml &&
	(
		cd third &&
		make_exp $NAME "id: \"$(test_id 3)\"" "revision: 1"
	) &&
	proxy_rules "{\"method\": \"PUT\", \"head\": \"x-goog-hash\",
		\"run\": \"resutil -C $PWD/third send-pack $NAME >/dev/null\"}" &&
	test_expect_code 14 resutil send-pack $NAME 2>err &&
	no_uploads && resutil -C third verify-pack --remote=origin $NAME &&
	remove_there
'

for change in 's["crc32c"] = "00000000"' 's["bytes"] -= 1' \
	's["bytes"] += 1 << 40'
do
	test_expect_success "what was noted is something else: $change" '
		push_and_die 3 && change_note "$change" &&
		pushed && test_grep ! resumed err && begun 1
	'
done

for change in 's["version"] = 2' 's["key"] = "another"' 's["crc32c"] = 5' \
	's["bytes"] = -1' 'del s["session"]' 'del s["extra"]' \
	's["session"] = "x" * 9000' 's = []'
do
	test_expect_success "a note that says nothing: $change" '
		push_and_die 1 && change_note "$change" && proxy_rules &&
		resutil send-pack $NAME 2>err && test_grep ! resumed err &&
		begun 1 && unknown && test_path_is_missing $NOTE &&
		there && remove_there
	'
done

test_expect_success 'gc withdraws what nobody goes on with' '
	push_and_die 3 && rm -rf results/$NAME && proxy_rules &&
	resutil gc --remote --older-than=0 >out 2>err &&
	no_session out err && grep "removed origin:$KEY" out &&
	test_requests = 1 "method == \"DELETE\" and status == 499" &&
	no_uploads
'

test_done
