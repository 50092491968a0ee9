#!/bin/sh

test_description='token services that are down, odd, or have another time

And secrets, which stand nowhere but in the files that hold them.
'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

HOME=$TRASH_DIRECTORY/home && export HOME

# tool WORD...: with the key of this directory
tool () {
	google-tool --trusted=127.0.0.1 --base-dir="$PWD" \
		--key-file=key.json "$@"
}

# wrong JSON-MEMBERS: the token service answers the next requests so
wrong () {
	google_admin errors "{\"errors\": [{\"method\": \"POST\",
		\"path\": \"/token\", $1}]}" >&4
}

no_secret () {
	! grep -r -e 'ya29\.' -e 'eyJhbGci' -e 'PRIVATE KEY' \
		-e 'subject-of-ours' -e '1//0[A-Za-z0-9_-]\{9\}' -e "$(sed -n 5p "$TEST_TOP_DIRECTORY/google.key")" "$@"
}

# refused CODE PATTERN [OPTION...]
refused () {
	test_code=$1 test_pattern=$2 && shift 2 &&
	test_expect_code "$test_code" tool "$@" token >out 2>err &&
	test_must_be_empty out && no_secret err &&
	grep -e "$test_pattern" err
}

test_expect_success 'setup: a token service, and one that is odd' '
	mkdir home &&
	start_google fake-token &&
	google_key key.json && cp key.json good.json &&
	test_new_server &&
	start_server "$test_server_dir/port" /usr/bin/python3 \
		"$TEST_DIRECTORY/helper/identity-provider.py" \
		"$test_server_dir/port" subject-of-ours x &&
	read -r port <"$test_server_dir/port" &&
	ODD=http://127.0.0.1:$port
'

# at URL: key.json has its tokens from there
at () {
	sed "s,\"token_uri\": .*,\"token_uri\": \"$1\"\,," good.json >key.json
}

test_expect_success 'down for a moment: asked again' '
	for how in "\"status\": 503" "\"status\": 500" "\"status\": 429" \
		"\"status\": 503, \"fields\": {\"Retry-After\": \"1\"}" \
		"\"status\": 400, \"body\": \"{\\\"error\\\": \\\"internal_failure\\\"}\"" \
		"\"status\": 400, \"body\": \"{\\\"error\\\": \\\"temporarily_unavailable\\\"}\""
	do
		wrong "$how" && : >"$GOOGLE_LOG" &&
		tool --patience=10 token >out &&
		google_requests /token >requests &&
		test_line_count = 2 requests || return 1
	done
'

test_expect_success 'down for longer than we are patient' '
	test_when_finished "google_admin errors \"{\\\"errors\\\": []}\"" &&
	wrong "\"status\": 503, \"times\": 1000" &&
	refused 12 "no token for the service account .$GOOGLE_ACCOUNT.*503" \
		--patience=1 &&
	wrong "\"status\": 400, \"times\": 1000,
		\"body\": \"{\\\"error\\\": \\\"server_error\\\"}\"" &&
	refused 12 "server_error.*tried again for 1 s" --patience=1
'

test_expect_success 'down when a token is to be renewed: the old one is gone on with' '
	test_when_finished "google_admin errors \"{\\\"errors\\\": []}\"; google_admin modes \"{\\\"token_life\\\": null}\"" &&
	google_admin modes "{\"token_life\": 8}" && : >"$GOOGLE_LOG" &&
	wrong "\"status\": 503, \"times\": 1000, \"after\": 1" &&
	tool --wait=5 --patience=0 token 2 >out &&
	cut -f1 out | sort -u >got && test_line_count = 1 got &&
	google_requests "/token.* 503"
'

test_expect_success 'nobody listens, or no such host' '
	test_when_finished "cp good.json key.json" &&
	at http://127.0.0.1:1/token &&
	refused 12 "127.0.0.1:1" --patience=0 &&
	at https://nobody.invalid/token &&
	refused 12 "nobody.invalid" --patience=0 --trusted=nobody.invalid
'

test_expect_success 'a page of the network instead of a token' '
	wrong "\"status\": 200, \"body\": \"<html>Log in to the hotel</html>\"" &&
	refused 12 "is no token service (it sent no JSON)" &&
	wrong "\"status\": 302, \"fields\": {\"Location\": \"https://x.example/\"},
		\"body\": \"\"" &&
	refused 11 "status 302, which is a redirection"
'

test_expect_success 'a refusal without words, or with odd ones' '
	wrong "\"status\": 403, \"body\": \"\"" &&
	refused 11 "status 403" &&
	wrong "\"status\": 400, \"body\": \"{\\\"error\\\": {\\\"code\\\": 400, \\\"message\\\": \\\"API words.\\\", \\\"status\\\": \\\"INVALID_ARGUMENT\\\"}}\"" &&
	refused 11 "API words (INVALID_ARGUMENT)" &&
	wrong "\"status\": 400, \"body\": \"{\\\"error\\\": \\\"x\\\\u001b[31m\\\\n\\\", \\\"error_description\\\": \\\"a\\\\u0007b\\\\u202e\\\"}\"" &&
	refused 11 "no token" &&
	esc=$(printf "\\033") && bell=$(printf "\\007") &&
	! grep -e "$esc" -e "$bell" err && test_line_count = 1 err &&
	long=$(printf "%05000d" 0) &&
	wrong "\"status\": 400, \"body\": \"{\\\"error\\\": \\\"$long\\\", \\\"error_description\\\": \\\"$long\\\"}\"" &&
	refused 11 "00000" &&
	test "$(wc -c <err)" -lt 1000
'

# answered JSON: a token is asked for, and this is the answer
answered () {
	answer=$(printf %s "$1" | sed "s/{/%7b/g; s/}/%7d/g; s/\"/%22/g; s/ /%20/g; s/,/%2c/g; s/\\\\/%5c/g") &&
	at "$ODD/answer/$answer"
}

test_expect_success 'answers that hold no token' '
	test_when_finished "cp good.json key.json" &&
	answered "[]" && refused 12 "is no token service" &&
	for answer in "{}" "{\"access_token\": 7}" "{\"access_token\": \"\"}" \
		"{\"access_token\": \"a\\nb: c\"}" "{\"access_token\": \"a b\"}" \
		"{\"access_token\": \"\\u00e9\"}" "{\"access_token\": null}" \
		"{\"access_token\": \"a\", \"token_type\": \"mac\"}" \
		"{\"access_token\": \"a\", \"expires_in\": 0}" \
		"{\"access_token\": \"a\", \"expires_in\": -5}" \
		"{\"access_token\": \"a\", \"expires_in\": \"soon\"}"
	do
		answered "$answer" && refused 13 "token" || return 1
	done
'

test_expect_success 'answers that hold one, written otherwise' '
	test_when_finished "cp good.json key.json" &&
	for answer in "{\"access_token\": \"abc\"}" \
		"{\"access_token\": \"abc\", \"token_type\": \"bearer\"}" \
		"{\"access_token\": \"abc\", \"expires_in\": \"3599\"}" \
		"{\"access_token\": \"abc\", \"expires_in\": 9223372036854775807}" \
		"{\"access_token\": \"abc\", \"expires_in\": null, \"id_token\": {}}"
	do
		answered "$answer" &&
		tool threads 4 >out &&
		cut -f1 out | sort -u >got &&
		echo "Bearer abc" >want && test_cmp want got || return 1
	done
'

test_expect_success 'a refusal that repeats what it was sent' '
	test_when_finished "cp good.json key.json" &&
	at "$ODD/echo" &&
	refused 11 "redacted" &&
	cat >login.json <<-END &&
	{"type": "authorized_user", "client_id": "client-1",
	 "client_secret": "GOCSPX-subject-of-ours", "refresh_token":
	 "1//0abcdefghijklmnopqrstuvwxyz0123456789", "token_uri": "$ODD/echo"}
	END
	test_expect_code 11 google-tool --trusted=127.0.0.1 \
		--key-file="$PWD/login.json" token 2>err &&
	grep "redacted.*redacted" err && no_secret err
'

test_expect_success 'a client of its own, and a project to bill, at a token_url' '
	echo subject-of-ours >subject &&
	cat >external.json <<-END &&
	{"type": "external_account", "audience": "//iam/x", "token_url": "$ODD/echo",
	 "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
	 "client_id": "me", "client_secret": "subject-of-ours-too",
	 "workforce_pool_user_project": "billed-1",
	 "credential_source": {"file": "$PWD/subject"}}
	END
	test_expect_code 11 google-tool --trusted=127.0.0.1 \
		--key-file="$PWD/external.json" token 2>err &&
	grep "userProject.*billed-1" err && grep "Basic .redacted" err &&
	basic=$(printf "me:subject-of-ours-too" | base64) &&
	! grep "$basic" err && no_secret err
'

# ---- clocks

test_expect_success 'a clock that is a little off does not matter' '
	test_when_finished "google_admin time \"{\\\"skew\\\": 0}\"" &&
	for skew in 200 -200
	do
		google_admin time "{\"skew\": $skew}" &&
		tool token >out 2>err && test_must_be_empty err || return 1
	done
'

test_expect_success 'a clock that is wrong: the one of the service is followed' '
	test_when_finished "google_admin time \"{\\\"skew\\\": 0}\"" &&
	google_admin time "{\"skew\": 7200}" &&
	tool token >out 2>err &&
	grep "warning: the clock of this machine is 7[0-9]* seconds behind that of Google" err &&
	google_admin time "{\"skew\": -86400}" &&
	tool token >out 2>err &&
	grep "864[0-9]* seconds ahead of" err
'

test_expect_success 'it is found out once' '
	test_when_finished "google_admin time \"{\\\"skew\\\": 0}\"; google_admin modes \"{\\\"token_life\\\": null}\"" &&
	google_admin time "{\"skew\": 7200}" &&
	google_admin modes "{\"token_life\": 2}" && : >"$GOOGLE_LOG" &&
	tool --wait=2 token 2 >out 2>err &&
	grep -c "followed for now" err >got && echo 1 >want && test_cmp want got &&
	google_requests "/token" | cut -d" " -f3 >got &&
	printf "%s\n" 400 200 200 >want && test_cmp want got
'

test_expect_success 'a clock that is wrong and a key that is: both are told' '
	test_when_finished "google_key key.json; google_admin time \"{\\\"skew\\\": 0}\"" &&
	google_admin account "{\"email\": \"$GOOGLE_ACCOUNT\", \"remove_key\":
		\"0123456789abcdef0123456789abcdef01234567\"}" &&
	google_admin time "{\"skew\": 7200}" &&
	refused 11 "Invalid JWT Signature" && ! grep "followed" err
'

# ---- secrets

test_expect_success 'setup: a bucket, and what is put there' '
	start_gcs && gcs_bucket lab && gcs_conf lab &&
	name=$(resutil add first) && echo 1 >"results/$name/out" &&
	head -c 300000 /dev/urandom >"results/$name/large"
'

test_expect_success 'no trace has a token, a key, or what asks for one' '
	RESUTIL_TRACE=$PWD/trace RESUTIL_TRACE_HTTP=$PWD/trace-http \
		resutil push first >out 2>err &&
	RESUTIL_TRACE=$PWD/trace RESUTIL_TRACE_HTTP=$PWD/trace-http \
		resutil remote test --quick >>out 2>>err &&
	RESUTIL_TRACE=1 RESUTIL_TRACE_HTTP=1 resutil list-remote >>out 2>>err &&
	grep "POST .*/token" trace-http &&
	grep "authorization: <redacted>" trace-http -i &&
	no_secret trace trace-http out err
'

test_expect_success 'nor has what is kept of the project' '
	test_path_is_dir .resutil &&
	no_secret .resutil results resutil-conf.yaml
'

test_expect_success 'nor a refusal of the store, or a trace of it' '
	google_admin errors "{\"errors\": [{\"method\": \"GET\", \"path\": \"/storage\",
		\"times\": 9, \"status\": 401, \"reason\": \"authError\",
		\"message\": \"Invalid Credentials\"}]}" &&
	test_expect_code 11 env RESUTIL_TRACE=1 RESUTIL_TRACE_HTTP=1 \
		resutil remote test --quick >out 2>err &&
	no_secret out err &&
	google_admin errors "{\"errors\": []}"
'

test_expect_success 'nor the words and the environment of processes' '
	name=$(resutil add second) && echo 2 >"results/$name/out" &&
	/usr/bin/python3 "$TEST_DIRECTORY/helper/see-processes.py" seen \
		resutil push second &&
	grep send-pack seen &&
	no_secret seen
'

died () {
	/usr/bin/python3 "$TEST_DIRECTORY"/helper/died.py "$@"
}

test_expect_success !SANITIZED 'the process that has a token leaves no core dump' '
	mkdir crash &&
	(
		cd crash &&
		died google-tool --anonymous crash &&
		died google-tool --trusted=127.0.0.1 \
			--key-file="$TRASH_DIRECTORY/key.json" crash >../with
	) &&
	sed -n "\$p" with >got &&
	echo "signal 11 no dump" >want &&
	test_cmp want got &&
	! grep -r "PRIVATE KEY" crash
'

test_expect_success 'a key that git does not ignore is in no snapshot of the code' '
	make_repo repo && cp key.json repo/key.json &&
	cp key.json repo/notes.txt &&
	(
		cd repo &&
		resutil --no-interactive init --project-name project \
			--storage-type dir -o path="$TRASH_DIRECTORY/dir.store" &&
		rm -f .gitignore &&
		GOOGLE_APPLICATION_CREDENTIALS=$PWD/key.json \
			resutil run -m one -- sh -c "echo key.json" &&
		no_secret results .resutil
	)
'

test_done
