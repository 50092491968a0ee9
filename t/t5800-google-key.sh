#!/bin/sh

test_description='tokens for keys of service accounts

The token service is a server of ours that checks signature, audience, scope and
times as Google does; python3-google-auth proves it and is asked the same.
'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

HOME=$TRASH_DIRECTORY/home && export HOME
SCOPE=https://www.googleapis.com/auth/devstorage.read_write

# tool WORD...: with the key of this directory
tool () {
	$as google-tool --trusted="${GOOGLE#*://}" --base-dir="$PWD" \
		--key-file=key.json "$@"
}

# field N: of the line that tool wrote
field () {
	cut -f"$1" <out
}

# refused CODE PATTERN...: `tool token` fails so, and err says so
refused () {
	test_code=$1 && shift &&
	test_expect_code "$test_code" tool token >out 2>err &&
	test_must_be_empty out &&
	for test_pattern
	do
		grep -e "$test_pattern" err || return 1
	done &&
	no_secret err
}

# no_secret FILE...: nothing of the key, of a token or of what asks for one
no_secret () {
	! grep -e 'ya29' -e 'eyJ' -e 'PRIVATE KEY' -e 'assertion=' \
		-e "$(sed -n 5p "$TEST_TOP_DIRECTORY/google.key")" "$@"
}

# account_is ok|disabled|deleted
account_is () {
	google_admin account "{\"email\": \"$GOOGLE_ACCOUNT\",
		\"state\": \"$1\"}"
}

# edit_key PYTHON: k is the key
edit_key () {
	/usr/bin/python3 - "$1" <<-\END
	import json, sys
	k = json.load(open("key.json"))
	exec(sys.argv[1])
	json.dump(k, open("key.json", "w"), indent=2)
	END
}

test_expect_success 'setup: a token service and an account' '
	mkdir home &&
	start_google fake-token &&
	google_key key.json &&
	cp key.json good.json
'

test_expect_success 'a key gets a token, and says whose' '
	tool token >out &&
	field 1 | grep "^Bearer ya29" &&
	echo "the key file '\''$PWD/key.json'\''" >want &&
	field 2 >got && test_cmp want got &&
	test "$(field 3)" = "$GOOGLE_ACCOUNT" &&
	test "$(field 4)" = - &&
	test "$(field 5)" = service
'

test_expect_success 'one request is enough for a while, and for many threads' '
	: >"$GOOGLE_LOG" &&
	tool threads 16 >out &&
	test_line_count = 16 out &&
	sort -u out >one && test_line_count = 1 one &&
	google_requests /token >requests &&
	test_line_count = 1 requests
'

test_expect_success 'a token that is about to expire is renewed' '
	google_admin modes "{\"token_life\": 2}" &&
	tool --wait=2 token 2 >out &&
	google_admin modes "{\"token_life\": null}" &&
	cut -f1 out | sort -u >tokens &&
	test_line_count = 2 tokens
'

test_expect_success 'a token that is refused is changed for another' '
	tool refused >out &&
	sed -n 2p out >got && echo useful >want && test_cmp want got &&
	! test "$(sed -n 1p out)" = "$(sed -n 3p out | cut -f1)"
'

test_expect_success 'a key that was replaced while we run is used' '
	test_when_finished "cp good.json key.json" &&
	: >out && {
		tool --wait=2 refused >out 2>err &
		pid=$!
	} &&
	n=0 &&
	while test ! -s out && test $n -lt 200
	do
		n=$((n + 1)) && sleep 0.05
	done &&
	google_key key.json other@lab-project.iam.gserviceaccount.com &&
	wait $pid &&
	sed -n 3p out | cut -f3 >got &&
	echo other@lab-project.iam.gserviceaccount.com >want &&
	test_cmp want got
'

test_expect_success 'it signs as openssl does' '
	tool sign "some text" >got &&
	printf "some text" >data &&
	openssl dgst -sha256 -sign "$TEST_TOP_DIRECTORY/google.key" data |
	od -An -v -tx1 | tr -d " \n" >want && echo >>want &&
	test_cmp want got
'

test_expect_success 'python3-google-auth gets a token by the same key' '
	cat >theirs.py <<-\END &&
	import sys, urllib3
	from google.oauth2 import service_account
	from google.auth.transport.urllib3 import Request
	c = service_account.Credentials.from_service_account_file(
	    sys.argv[1], scopes=[sys.argv[2]])
	c.refresh(Request(urllib3.PoolManager()))
	print(c.token, c.service_account_email)
	END
	/usr/bin/python3 theirs.py key.json "$SCOPE" >theirs &&
	grep "^ya29.* $GOOGLE_ACCOUNT$" theirs
'

test_expect_success 'the two send the same, times and signatures apart' '
	/usr/bin/python3 "$TEST_DIRECTORY/helper/google-grants.py" key.json \
		"$SCOPE" google-tool --trusted=127.0.0.1 --base-dir="$PWD" \
		--key-file=key.json.mine token >both &&
	grep devstorage both
'

test_expect_success 'what a key holds besides is passed over' '
	test_when_finished "cp good.json key.json" &&
	edit_key "k[\"more\"] = {\"a\": [1, None]}" &&
	tool token >out
'

test_expect_success 'a key without a key id is fine' '
	test_when_finished "cp good.json key.json" &&
	edit_key "del k[\"private_key_id\"]" &&
	tool token >out
'

# ---- what cannot be used

test_expect_success 'a key file that is missing: where it should be, what else' '
	test_when_finished "cp good.json key.json" &&
	rm key.json &&
	refused 11 "there is no key file .$PWD/key.json. (key_file_path)" \
		"GOOGLE_APPLICATION_CREDENTIALS" "resutil remote login"
'

test_expect_success 'a link that leads nowhere is a key file that is missing' '
	test_when_finished "rm key.json && cp good.json key.json" &&
	rm key.json && ln -s nowhere key.json &&
	refused 11 "^resutil: there is no key file .$PWD/key.json. "
'

test_expect_success 'a directory is no key file' '
	test_when_finished "rm -r key.json && cp good.json key.json" &&
	rm key.json && mkdir key.json &&
	refused 11 "$PWD/key.json"
'

test_expect_success AS_USER 'a key file that we may not read' '
	test_when_finished "chmod 600 key.json; as=" &&
	chmod 0 key.json && as=as_user &&
	refused 11 "key.json.*Permission denied"
'

test_expect_success 'a key file that everybody may read is told, and used' '
	test_when_finished "chmod 600 key.json" &&
	chmod 644 key.json &&
	tool token >out 2>err &&
	grep "^resutil: warning: .*can be read by everybody: run chmod 600" err
'

test_expect_success 'what is no JSON, or no object, or too large' '
	test_when_finished "cp good.json key.json" &&
	for text in "" "{" "[]" "\"x\"" "null" "key: yaml" \
		"{\"type\": \"service_account\", \"type\": \"x\"}"
	do
		printf "%s" "$text" >key.json &&
		refused 13 "no key file" || return 1
	done &&
	head -c 300000 /dev/zero >key.json &&
	refused 13 "key.json"
'

test_expect_success 'a key in the middle of being copied' '
	test_when_finished "cp good.json key.json" &&
	size=$(wc -c <good.json) &&
	for part in 10 50 90
	do
		head -c $((size * part / 100)) good.json >key.json &&
		refused 13 "no key file" || return 1
	done
'

test_expect_success 'a key of type P12: another one is asked for' '
	test_when_finished "cp good.json key.json" &&
	printf "\060\202\011\161\002\001" >key.json &&
	refused 13 "type P12; make one of type JSON"
'

test_expect_success 'the file of an OAuth client is no key: what it is for' '
	test_when_finished "cp good.json key.json" &&
	printf "%s" "{\"installed\": {\"client_id\": \"x\"}}" >key.json &&
	refused 13 "file of an OAuth client" "resutil remote login.*--client"
'

test_expect_success 'other types are named, and those that are known' '
	test_when_finished "cp good.json key.json" &&
	edit_key "k[\"type\"] = \"gdch_service_account\"" &&
	refused 13 "of the type .gdch_service_account." "authorized_user" &&
	cp good.json key.json &&
	edit_key "k[\"type\"] = \"a\\x1b[31m\" * 50" &&
	refused 13 "x1b" &&
	esc=$(printf "\033") && ! grep "$esc" err &&
	cp good.json key.json &&
	edit_key "del k[\"type\"]" &&
	refused 13 "no .type."
'

test_expect_success 'members that are missing, empty or of another kind' '
	test_when_finished "cp good.json key.json" &&
	for name in client_email private_key
	do
		for value in None 1 "[]" "\"\"" "\"a\\0b\""
		do
			cp good.json key.json &&
			edit_key "k[\"$name\"] = $value" &&
			refused 13 "lacks .$name." || return 1
		done
	done
'

test_expect_success 'a private key that is none, or has a pass phrase' '
	test_when_finished "cp good.json key.json" &&
	edit_key "k[\"private_key\"] = k[\"private_key\"][:400]" &&
	refused 13 "private_key in .$PWD/key.json.: this is no private RSA key" &&
	openssl pkcs8 -topk8 -passout pass:x -out sealed.pem \
		-in "$TEST_TOP_DIRECTORY/google.key" &&
	edit_key "k[\"private_key\"] = open(\"sealed.pem\").read()" &&
	refused 13 "without a pass phrase" </dev/null
'

# ---- what the token service refuses

test_expect_success 'the key was taken away from the account' '
	test_when_finished "google_key key.json" &&
	google_admin account "{\"email\": \"$GOOGLE_ACCOUNT\", \"remove_key\":
		\"0123456789abcdef0123456789abcdef01234567\"}" &&
	refused 11 "Invalid JWT Signature (invalid_grant)" \
		"$GOOGLE_ACCOUNT" "make a new one"
'

test_expect_success 'the account was deleted, or disabled' '
	test_when_finished "account_is ok" &&
	account_is deleted &&
	refused 11 "$GOOGLE_ACCOUNT.*account not found" &&
	account_is disabled &&
	refused 11 "$GOOGLE_ACCOUNT.*account disabled"
'

test_expect_success 'the account is deleted while we are at it' '
	test_when_finished "account_is ok" &&
	: >out && {
		tool --wait=2 refused >out 2>err &
		pid=$!
	} &&
	n=0 &&
	while test ! -s out && test $n -lt 200
	do
		n=$((n + 1)) && sleep 0.05
	done &&
	account_is deleted &&
	test_expect_code 11 wait $pid &&
	grep "account not found" err && no_secret err &&
	sed 1d out >got && echo useful >want && test_cmp want got
'

test_expect_success 'an account that nobody knows' '
	test_when_finished "cp good.json key.json" &&
	edit_key "k[\"client_email\"] = \"nobody@example.com\"" &&
	refused 11 "nobody@example.com.*account not found"
'

test_expect_success 'a scope that there is not' '
	test_expect_code 11 tool --scope=https://example.com/x token 2>err &&
	grep "invalid_scope" err
'

test_done
