#!/bin/sh

test_description='login-store: a person lets us into a store, and takes that back

The browser is curl, which follows where it is led; the page of the token service
agrees at once, or does not.
'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

HOME=$TRASH_DIRECTORY/home && export HOME
unset XDG_CONFIG_HOME DISPLAY WAYLAND_DISPLAY
STORE=gdrive://1aBcDeFgHiJ
DRIVE=https://www.googleapis.com/auth/drive

# login WORD...: with the browser of this directory
login () {
	BROWSER="$PWD/browser" resutil login-store "$@"
}

no_secret () {
	! grep -e "ya29" -e "1//0" -e "hunter2" -e "4/0" "$@"
}

# refused CODE PATTERN WORD...: no login, and this is why
refused () {
	test_code=$1 test_pattern=$2 && shift 2 &&
	test_expect_code "$test_code" login "$@" >out 2>err &&
	test_must_be_empty out &&
	grep -e "$test_pattern" err &&
	no_secret err
}

test_expect_success 'setup: a client, a person, a browser' '
	mkdir home &&
	start_google fake-token &&
	google_admin client "{\"id\": \"client-1\", \"secret\": \"hunter2\"}" &&
	google_admin person "{\"email\": \"person@example.com\"}" &&
	cat >client.json <<-END &&
	{"installed": {"client_id": "client-1", "client_secret": "hunter2",
	 "auth_uri": "$GOOGLE/o/oauth2/auth", "project_id": "x",
	 "token_uri": "$GOOGLE_TOKEN_URI", "redirect_uris": ["http://localhost"]}}
	END
	write_script browser <<-\END &&
	echo "$1" >url &&
	curl -q -sS --noproxy "*" -L -m 20 "$1" >seen.new 2>&1
	mv seen.new seen
	END
	LOGIN=$(printf %s "$STORE" | sha256sum | cut -c1-64) &&
	LOGIN=$HOME/.config/resutil/logins/$LOGIN.json
'

test_expect_success 'a person logs in: who, and where it is kept' '
	login --client client.json $STORE >out 2>err &&
	printf "person@example.com\t%s\n" "$LOGIN" >want &&
	test_cmp want out &&
	grep "A browser shows where to log in" err &&
	no_secret out err
'

test_expect_success 'the file is for its owner alone, in a directory likewise' '
	test "$(stat -c %a "$LOGIN")" = 600 &&
	test "$(stat -c %a "$HOME/.config/resutil/logins")" = 700
'

test_expect_success 'it says what its page promises' '
	/usr/bin/python3 - "$LOGIN" <<-END
	import json, sys
	k = json.load(open(sys.argv[1]))
	assert k["refresh_token"].startswith("1//0")
	del k["refresh_token"]
	assert k == {"type": "authorized_user", "resutil": 1,
	    "store": "$STORE", "account": "person@example.com",
	    "client_id": "client-1", "client_secret": "hunter2",
	    "scopes": ["$DRIVE"], "token_uri": "$GOOGLE_TOKEN_URI",
	    "auth_uri": "$GOOGLE/o/oauth2/auth"}, k
	END
'

test_expect_success 'what is asked: PKCE, a state, a refresh token, this machine' '
	for part in "^$GOOGLE/o/oauth2/auth?client_id=client-1&" \
		"&redirect_uri=http%3A%2F%2F127.0.0.1%3A[0-9]*&" \
		"&response_type=code&" "&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fdrive%20openid%20email&" \
		"&access_type=offline&" "&state=[A-Za-z0-9_-]\{43\}&" \
		"&code_challenge=[A-Za-z0-9_-]\{43\}&" \
		"&code_challenge_method=S256$"
	do
		grep -e "$part" url || return 1
	done
'

test_expect_success 'what the person sees at the end' '
	n=0 &&
	while ! test -s seen && test $n -lt 100
	do
		n=$((n + 1)) && sleep 0.05
	done &&
	grep "resutil goes on in the terminal" seen
'

test_expect_success 'the store is let into by it, before any key' '
	google_key key.json &&
	google-tool --trusted="${GOOGLE#*://}" --store=$STORE \
		--base-dir="$PWD" --key-file=key.json token >out &&
	grep "the login in .$LOGIN." out &&
	cut -f3 out >got && echo person@example.com >want && test_cmp want got &&
	google-tool --trusted="${GOOGLE#*://}" --store=gdrive://other \
		--base-dir="$PWD" --key-file=key.json token >out &&
	grep "the key file" out
'

test_expect_success 'google-auth reads the file, and gets a token by it' '
	cat >theirs.py <<-\END &&
	import json, sys, urllib3
	from google.oauth2.credentials import Credentials
	from google.auth.transport.urllib3 import Request
	k = json.load(open(sys.argv[1]))
	c = Credentials(None, refresh_token=k["refresh_token"],
	    token_uri=k["token_uri"], client_id=k["client_id"],
	    client_secret=k["client_secret"])
	c.refresh(Request(urllib3.PoolManager()))
	print(c.token[:4])
	END
	/usr/bin/python3 theirs.py "$LOGIN" >got &&
	echo ya29 >want && test_cmp want got
'

test_expect_success 'again, with the client of the last time, as who it was' '
	cp "$LOGIN" before &&
	login $STORE >out &&
	test_must_fail test_cmp_bin before "$LOGIN" &&
	grep "&login_hint=person%40example.com&" url
'

test_expect_success '-n asks nobody' '
	cp "$LOGIN" before && : >"$GOOGLE_LOG" &&
	login -n $STORE >out &&
	printf "person@example.com\t%s\n" "$LOGIN" >want &&
	test_cmp want out &&
	test_cmp_bin before "$LOGIN" &&
	test_must_be_empty "$GOOGLE_LOG"
'

test_expect_success 'the person says no' '
	test_when_finished "google_admin person \
		\"{\\\"email\\\": \\\"person@example.com\\\"}\"" &&
	google_admin person "{\"email\": \"person@example.com\",
		\"denies\": true}" &&
	cp "$LOGIN" before &&
	refused 11 "refused in the browser (access_denied)" $STORE &&
	test_cmp_bin before "$LOGIN" &&
	google_admin person "{\"email\": \"person@example.com\",
		\"unchecked\": [\"$DRIVE\"]}" &&
	refused 11 "leave the hook at it" $STORE &&
	test_cmp_bin before "$LOGIN"
'

test_expect_success 'another store, another login' '
	login --client client.json gs://lab-results >out 2>err &&
	grep "person@example.com" out &&
	grep "devstorage.read_write" url &&
	test "$(ls "$HOME/.config/resutil/logins" | wc -l)" = 2
'

test_expect_success 'a client that nobody knows, or with a wrong secret' '
	sed "s/hunter2/hunter3/" client.json >bad.json &&
	refused 11 "Unauthorized (invalid_client)" --client bad.json $STORE
'

test_expect_success 'nobody comes back' '
	write_script idle </dev/null &&
	test_expect_code 12 env BROWSER="$PWD/idle" resutil login-store \
		--timeout 1 $STORE >out 2>err &&
	grep "nobody came back within 1 seconds" err
'

# ask_port PATH [CURL-OPTION...]: the status that waits at $port answer with
ask_port () {
	test_path=$1 && shift &&
	curl -q -sS --noproxy "*" -m 10 -o answer -w "%{http_code}\n" "$@" \
		"http://127.0.0.1:$port$test_path"
}

# hold_connections PORT NR: that many, on which nothing is said, until the file
# `holding` is gone
hold_connections () {
	/usr/bin/python3 - "$1" "$2" <<-\END &
	import os, socket, sys, time
	held = [socket.create_connection(("127.0.0.1", int(sys.argv[1])))
	        for _ in range(int(sys.argv[2]))]
	open("holding", "w").close()
	for _ in range(400):
	    if not os.path.exists("holding"):
	        break
	    time.sleep(0.05)
	END
	test_atexit "stop_process $!"
	n=0
	while ! test -e holding && test $n -lt 200
	do
		n=$((n + 1)) && sleep 0.05
	done
	test -e holding
}

test_expect_success 'what somebody else sends there does not count' '
	port=$(/usr/bin/python3 -S "$TEST_DIRECTORY/helper/free-port.py") &&
	rm -f out err && : >err &&
	{
		resutil login-store --no-browser --port $port --timeout 20 \
			$STORE >out 2>err &
		pid=$!
	} &&
	test_when_finished "kill $pid 2>/dev/null; :" &&
	n=0 &&
	while ! grep "http" err && test $n -lt 100
	do
		n=$((n + 1)) && sleep 0.05
	done &&
	hold_connections $port 20 &&
	for path in / /favicon.ico "/x?state=1&code=2"
	do
		test "$(ask_port "$path")" = 404 || return 1
	done &&
	test "$(ask_port "/?state=1&code=2")" = 400 &&
	grep "not the answer" answer &&
	state=$(sed -n "s/.*&state=\([^&]*\)&.*/\1/p" err) &&
	test "$(ask_port "/?state=$state&code=2" -H "Host: evil.example")" = 400 &&
	test "$(ask_port "/?state=$state&code=2" -X POST)" = 404 &&
	test "$(ask_port "/?state=${state}x&code=2")" = 400 &&
	printf "X: " >large &&
	head -c 40000 /dev/zero | tr "\\0" x >>large &&
	{ ask_port "/?state=$state&code=2" -H @large || :; } &&
	kill -0 $pid &&
	sh ./browser "$(sed -n "s/^  \(http.*\)/\1/p" err)" &&
	wait $pid &&
	rm holding &&
	grep "person@example.com" out
'

test_expect_success 'a code of somebody else is refused by the service' '
	port=$(/usr/bin/python3 -S "$TEST_DIRECTORY/helper/free-port.py") &&
	rm -f out err && : >err &&
	{
		resutil login-store --no-browser --port $port --timeout 20 \
			$STORE >out 2>err &
		pid=$!
	} &&
	test_when_finished "kill $pid 2>/dev/null; :" &&
	n=0 &&
	while ! grep "http" err && test $n -lt 100
	do
		n=$((n + 1)) && sleep 0.05
	done &&
	state=$(sed -n "s/.*&state=\([^&]*\)&.*/\1/p" err) &&
	test "$(ask_port "/?state=$state&code=4/0other")" = 200 &&
	test_expect_code 11 wait $pid &&
	grep "Malformed auth code" err && no_secret err
'

test_expect_success 'a port that is in use' '
	port=${GOOGLE_PORT} &&
	refused 14 "cannot listen at port $port" --port $port $STORE
'

test_expect_success 'files that are no client' '
	echo "{\"web\": {}}" >bad.json &&
	refused 13 "type .Desktop app." --client bad.json $STORE &&
	refused 13 "no file of an OAuth client" --client key.json $STORE &&
	echo "{\"installed\": {\"client_id\": \"x\"}}" >bad.json &&
	refused 13 "lacks .client_secret." --client bad.json $STORE &&
	echo "{" >bad.json &&
	refused 13 "no JSON object" --client bad.json $STORE &&
	refused 10 "gone.json" --client gone.json $STORE &&
	rm "$LOGIN" &&
	refused 129 "needs --client" $STORE
'

test_expect_success 'a client of a host that nobody trusts is not used' '
	: >"$GOOGLE_LOG" &&
	test_expect_code 129 env -u RESUTIL_CONFIG_COUNT BROWSER="$PWD/browser" \
		resutil login-store --client client.json $STORE 2>err &&
	grep "auth_uri of the client is at .${GOOGLE#*://}., which is not" err &&
	test_must_be_empty "$GOOGLE_LOG"
'

test_expect_success 'stores without logins' '
	refused 129 "stores of type .s3. have no logins" s3://bucket &&
	refused 129 "stores of type .dir. have no logins" dir:x
'

test_expect_success '--logout takes it back, everywhere, and removes the file' '
	login --client client.json $STORE >out 2>err &&
	cp "$LOGIN" copy.json &&
	resutil login-store --logout -n $STORE >out &&
	test_path_is_file "$LOGIN" &&
	resutil login-store --logout $STORE >out &&
	printf "person@example.com\t%s\n" "$LOGIN" >want &&
	test_cmp want out &&
	test_path_is_missing "$LOGIN" &&
	test_expect_code 11 google-tool --trusted="${GOOGLE#*://}" \
		--key-file="$PWD/copy.json" token 2>err &&
	grep "revoked.*; log in again with .resutil remote login" err &&
	test_expect_code 10 resutil login-store --logout $STORE 2>err &&
	grep "nobody is logged in to .$STORE." err
'

test_expect_success '--logout of what was taken back already' '
	login --client client.json $STORE >out 2>err &&
	google_admin refresh_token "{\"revoke\": true}" &&
	resutil login-store --logout $STORE >out &&
	test_path_is_missing "$LOGIN"
'

test_expect_success '--logout removes the file also when Google does not take it back' '
	login --client client.json $STORE >out 2>err &&
	google_admin errors "{\"errors\": [{\"method\": \"POST\",
		\"path\": \"/revoke\", \"status\": 403, \"body\": \"\"}]}" &&
	test_expect_code 11 resutil login-store --logout $STORE >out 2>err &&
	grep "$LOGIN" out &&
	grep "not taken back at Google: status 403.*myaccount.google.com" err &&
	test_path_is_missing "$LOGIN"
'

test_expect_success 'a file of a later version is refused' '
	login --client client.json $STORE >out 2>err &&
	sed -i "s/\"resutil\":1/\"resutil\":2/" "$LOGIN" &&
	test_expect_code 13 google-tool --trusted="${GOOGLE#*://}" \
		--store=$STORE token 2>err &&
	grep "written by a later version" err
'

test_expect_success 'the file of the page is one' '
	cp "$TEST_DIRECTORY/fixtures/login/login.json" . &&
	id=gdrive://1aB_-9dEfGhIjKlMnOpQrStUvWxYz0123 &&
	name=$(printf %s "$id" | sha256sum | cut -c1-64) &&
	cp login.json "$HOME/.config/resutil/logins/$name.json" &&
	resutil login-store --logout -n $id >out &&
	cut -f1 out >got && echo person@example.com >want && test_cmp want got
'

# whole FILE: a login, whose refresh token gets a token
whole () {
	test "$(stat -c %a "$1")" = 600 &&
	google-tool --trusted="${GOOGLE#*://}" --key-file="$1" token >/dev/null
}

test_expect_success FAULTS 'a login that cannot be kept leaves the one before whole' '
	login --client client.json $STORE >out 2>err &&
	with_faults RESUTIL_TEST_FAULT_LOG="$PWD/points" \
		BROWSER="$PWD/browser" resutil login-store $STORE >out 2>err &&
	grep "^rename.*logins" points && grep "^sync.*logins" points &&
	for kind in open write sync rename
	do
		nr=$(grep -c "^$kind	" points) && n=0 &&
		while test $((n += 1)) -le $nr
		do
			for action in ENOSPC kill kill-after
			do
				with_faults RESUTIL_TEST_FAULT=$kind:$n:$action \
					BROWSER="$PWD/browser" resutil \
					login-store $STORE >out 2>err
				whole "$LOGIN" && no_secret out err || return 1
			done
		done || return 1
	done &&
	rm "$HOME"/.config/resutil/logins/*.tmp
'

test_expect_success 'no secret stands in a trace, or in words of processes' '
	RESUTIL_TRACE=$PWD/trace RESUTIL_TRACE_HTTP=$PWD/trace \
		login --client client.json $STORE >out 2>err &&
	RESUTIL_TRACE=$PWD/trace RESUTIL_TRACE_HTTP=$PWD/trace \
		resutil login-store --logout $STORE >out 2>>err &&
	grep "POST $GOOGLE/token" trace &&
	grep "POST $GOOGLE/revoke" trace &&
	no_secret trace err
'

test_done
