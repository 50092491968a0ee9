#!/bin/sh

test_description='calls of APIs of Google: tokens, limits, and what goes wrong'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-google.sh

ESC=$(printf '\033')
NAME=aapfup_20240704T191555_one
TOKEN=ya29.c.sesame-0123456789abcdefghijklmnopqrstuvwxyz

# answers STATUS TYPE BODY [FIELD VALUE]...: whatever is asked
answers () {
	cat >answer.py <<-\EOS &&
	import json, sys
	status, kind, body = sys.argv[1:4]
	more = dict(zip(sys.argv[4::2], sys.argv[5::2]))
	print(json.dumps({"status": int(status), "body": body,
	    "fields": dict(more, **{"Content-Type": kind})}))
	EOS
	proxy_rules "$(/usr/bin/python3 answer.py "$@")"
}

# limit STATUS REASON: such an error
limit () {
	printf '%s' "{\"error\": {\"code\": $1, \"message\": \"Slow down.\",
		\"errors\": [{\"domain\": \"usageLimits\", \"reason\": \"$2\",
		\"message\": \"Slow down.\"}]}}"
}

# refused STATUS TEXT: a listing ends so, with one line, which says TEXT and
# holds nothing that a terminal would follow
refused () {
	test_expect_code "$1" resutil -q list-remote >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep -F "$2" err && test_grep ! "$ESC" err &&
	test $(wc -c <err) -lt 1000
}

# tokens NUMBER: as many were asked for, since $from requests were made
tokens () {
	google_requests " /token" >asked && sed -n "$from,\$p" asked >new &&
	test_line_count = "$1" new
}

since_now () {
	google_requests " /token" >asked
	from=$(($(wc -l <asked) + 1))
}

test_expect_success 'setup: a bucket behind a proxy' '
	start_gcs && gcs_bucket lab && start_proxy "$GCS_ROOT" &&
	google_trust "${PROXY#http://}" && gcs_conf lab &&
	sed -i "s,^  api_root: .*,  api_root: $PROXY," resutil-conf.yaml &&
	make_exp $NAME "id: \"$(test_id 1)\"" "revision: 1" "state: done" &&
	head -c 20000000 /dev/urandom >results/$NAME/data.bin
'

test_expect_success 'a token that is refused is renewed once' '
	since_now && proxy_rules "{\"head\": \"authorization\", \"nth\": 3,
		\"status\": 401}" &&
	resutil send-pack $NAME && tokens 2 && resutil list-remote >out &&
	test_line_count = 1 out
'

test_expect_success 'so is one that expires in the middle of many calls' '
	mkdir away && cp resutil-conf.yaml key.json away && since_now &&
	proxy_rules "{\"nth\": 3, \"run_after\":
		\"curl -qsS --noproxy \\\"*\\\" -d {} $GOOGLE/_test/expire_tokens\"}" &&
	resutil -C away fetch-exp $NAME && tokens 2 &&
	test_requests -gt 0 "status == 401"
'

test_expect_success 'and so is the new one, once' '
	since_now && proxy_rules "{\"head\": \"authorization\", \"nth\": [1, 2],
		\"status\": 401}" &&
	resutil list-remote >out && test_line_count = 1 out && tokens 3
'

# What is renamed while a store is listed may be in the listing under no name.
test_expect_success 'a listing that misses a run is not believed' '
	mkdir other && cp resutil-conf.yaml key.json other &&
	old=$(resutil add seen) && resutil push $old && resutil -C other pull $old &&
	resutil -C other comment $old later && new=${old%_seen}_later &&
	hidden="\"nth\": 1, \"replace\": {\"_later[.]zip\": \"_later.zzz\"}" &&
	for what in $old -A
	do
		since_now && proxy_rules "{\"method\": \"GET\",
			\"path\": \"/o[?]\", $hidden}" &&
		test_must_fail resutil push $what 2>err &&
		test_grep "$old. is called .$new. in .origin." err &&
		test_requests = 2 "method == \"GET\" and path.endswith(\"/o\")" || return 1
	done &&
	proxy_rules && resutil list-remote >out && test_grep "$new" out &&
	test_grep ! "$old" out && rm -r results/$old &&
	resutil rm -y -r --force $new
'

test_expect_success 'no fourth one is asked for' '
	since_now && answers 401 application/json "{\"error\": {\"code\": 401,
		\"message\": \"Invalid Credentials\", \"errors\":
		[{\"reason\": \"authError\"}]}}" &&
	refused 11 "authError: Invalid Credentials (with a token of" &&
	test_grep "key.json" err && tokens 3
'

for reason in rateLimitExceeded userRateLimitExceeded
do
	test_expect_success "403 $reason is waited for" '
		limit 403 $reason >body &&
		answers 403 application/json "$(cat body)" &&
		sed -i "s/{\"status\"/{\"nth\": [1, 2, 3], \"status\"/" \
			"$PROXY_RULES" &&
		resutil list-remote >out 2>err && test_line_count = 1 out &&
		test_must_be_empty err &&
		test_requests -gt 3 True
	'

	test_expect_success "... and not for ever" '
		limit 403 $reason >body &&
		answers 403 application/json "$(cat body)" &&
		test_expect_code 12 resutil send-pack --patience 1 $NAME 2>err &&
		test_grep "$reason: Slow down (tried again for 1 s)" err &&
		test_requests -gt 3 True
	'
done

test_expect_success 'the newer form of a limit, and its Retry-After' '
	answers 403 application/json "{\"error\": {\"code\": 403, \"message\":
		\"Quota exceeded\", \"status\": \"PERMISSION_DENIED\", \"details\":
		[{\"@type\": \"a\"}, {\"reason\": \"RATE_LIMIT_EXCEEDED\"}]}}" \
		Retry-After 1 &&
	sed -i "s/{\"status\"/{\"nth\": 1, \"status\"/" "$PROXY_RULES" &&
	resutil list-remote >out && test_line_count = 1 out &&
	count_requests True time >times && test_line_count -gt 1 times &&
	awk "NR == 1 { t = \$1 } NR == 2 { exit !(\$1 - t > 0.95) }" times
'

test_expect_success 'one that lasts for too long is not waited for' '
	limit 403 rateLimitExceeded >body &&
	answers 403 application/json "$(cat body)" Retry-After 3600 &&
	test_expect_code 12 resutil list-remote >out 2>err &&
	test_grep "Slow down" err && test_requests = 1 True
'

test_expect_success 'another quota is no matter of waiting' '
	limit 403 dailyLimitExceeded >body &&
	answers 403 application/json "$(cat body)" &&
	test_expect_code 128 resutil list-remote 2>err &&
	test_grep "dailyLimitExceeded: Slow down; .* used up" err &&
	test_requests = 1 True
'

test_expect_success 'a reason without a name' '
	answers 400 application/json "{\"error\": {\"code\": 400,
		\"message\": \"Bad.\", \"status\": \"INVALID_ARGUMENT\"}}" &&
	refused 128 "INVALID_ARGUMENT: Bad"
'

test_expect_success 'an error of OAuth' '
	answers 400 application/json "{\"error\": \"invalid_scope\",
		\"error_description\": \"No such scope.\"}" &&
	refused 128 "invalid_scope: No such scope"
'

test_expect_success 'plain text that is said to be HTML' '
	answers 403 "text/html; charset=UTF-8" "Not today, please." &&
	refused 11 "status 403: Not today, please (with a token of"
'

test_expect_success 'nothing at all' '
	answers 403 text/plain "" && refused 11 "status 403 (with a token of"
'

for status in 200 302 400 403 404 407
do
	test_expect_success "a web page with status $status is not of Google" '
		answers $status text/html "
			<!DOCTYPE html><title>Log in$ESC[2J</title>" &&
		refused 12 "is '\''api_root'\'' right, and no proxy in between"
	'
done

test_expect_success 'a page of a service that is down is waited for' '
	answers 503 text/html "<html>down" &&
	sed -i "s/{\"status\"/{\"nth\": [1, 2], \"status\"/" "$PROXY_RULES" &&
	resutil list-remote >out && test_line_count = 1 out
'

for body in "{" "[]" "{}" "{\"error\": []}" "{\"error\": null}" \
	"{\"error\": {\"errors\": 5, \"details\": {}}}" \
	"{\"error\": {\"message\": 5}}"
do
	test_expect_success "a refusal with the body $body" '
		answers 403 application/json "$body" &&
		refused 12 "something that is no answer of an API"
	'
done

for body in "{" "[" "nonsense" "{\"a\": 1, \"a\": 2}"
do
	test_expect_success "a success with the body $body" '
		answers 200 application/json "$body" &&
		refused 13 "cannot list"
	'
done

test_expect_success 'words of the service are escaped and bounded' '
	long=$(printf "%01000d" 0 | sed "s/0/\\\\u00e9/g") &&
	answers 403 application/json "{\"error\": {\"code\": 403, \"message\":
		\"\\u001b[31mred\\nline \\u202e $long\", \"errors\":
		[{\"reason\": \"bad reason \\u001b\"}]}}" &&
	refused 11 "status 403: \\x1b[31mred\\x0aline" &&
	iconv -f UTF-8 -t UTF-8 err >/dev/null
'

test_expect_success 'a body without end is not read' '
	head -c 200000 /dev/zero | tr "\\0" "x" >long &&
	cat >rule.py <<-\EOS &&
	import json
	print(json.dumps({"status": 403, "body": open("long").read()}))
	EOS
	proxy_rules "$(/usr/bin/python3 rule.py)" &&
	refused 12 "no answer of an API"
'

test_expect_success 'a redirection is not followed' '
	answers 307 text/plain "" Location "http://127.0.0.1:1/b?upload_id=sesame" &&
	refused 12 "it redirects to '\''http://127.0.0.1:1/b'\'', which is not" &&
	test_grep ! sesame err
'

test_expect_success 'a clock that is wrong is told of' '
	answers 401 application/json "{\"error\": {\"code\": 401, \"message\":
		\"Invalid Credentials\"}}" Date "Thu, 01 Jan 2015 00:00:00 GMT" &&
	test_expect_code 11 resutil list-remote 2>err &&
	test_grep "clock of this machine is [0-9]* seconds ahead of that of" err &&
	test_grep "seconds ahead of the service.s: set it" err
'

test_expect_success 'what lets us in is repeated nowhere' '
	token_proxy=$PROXY && start_proxy "$GCS_ROOT" &&
	google_trust "${PROXY#http://}" &&
	cp key.json key.old && test_when_finished "mv key.old key.json" &&
	sed -i "s,\"token_uri\": .*,\"token_uri\": \"$PROXY/token\"\,," key.json &&
	proxy_rules "{\"status\": 200, \"body\": \"{\\\"access_token\\\":
		\\\"$TOKEN\\\", \\\"token_type\\\": \\\"Bearer\\\",
		\\\"expires_in\\\": 3600}\"}" &&
	PROXY=$token_proxy && PROXY_RULES=${PROXY_RULES%/*}/../server2/rules &&
	answers 403 application/json "{\"error\": {\"code\": 403, \"message\":
		\"We do not like Bearer $TOKEN\"}}" &&
	RESUTIL_TRACE=$PWD/trace RESUTIL_TRACE_HTTP=$PWD/http \
		test_expect_code 11 resutil list-remote 2>err &&
	test_grep "We do not like Bearer .redacted." err &&
	test_grep "403" http && test_grep ! sesame err &&
	test_grep ! sesame trace && test_grep ! sesame http
'

test_expect_success 'no trace holds the session of an upload' '
	cp key.json other.json && rm -f http trace &&
	proxy_rules && resutil remove-exp --force --remote=origin $NAME &&
	RESUTIL_TRACE=$PWD/trace RESUTIL_TRACE_HTTP=$PWD/http \
		resutil send-pack $NAME &&
	test_grep "PUT .*/upload/storage/v1/b/lab/o?<redacted>, 8388608" http &&
	test_grep ! ADPycd http && test_grep ! ADPycd trace
'

test_done
