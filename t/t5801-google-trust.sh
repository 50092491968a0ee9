#!/bin/sh

test_description='what lets us in is shown to Google and to who is trusted

Key files and projects come from others, and name servers. A server of somebody
else must see nothing that was not meant for it, not even a request.
'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

HOME=$TRASH_DIRECTORY/home && export HOME

# tool WORD...: with the key of this directory, and nobody trusted
tool () {
	google-tool --base-dir="$PWD" --key-file=key.json "$@"
}

# asked_nobody: the server saw no request since `: >"$GOOGLE_LOG"`
asked_nobody () {
	test_must_be_empty "$GOOGLE_LOG"
}

test_expect_success 'setup: a token service that nobody trusts' '
	mkdir home &&
	start_google fake-token &&
	HOST=${GOOGLE#*://} &&
	unset RESUTIL_CONFIG_COUNT &&
	google_key key.json &&
	: >"$GOOGLE_LOG"
'

test_expect_success 'a key with a foreign token_uri is refused: host, file, what to do' '
	test_expect_code 129 tool token >out 2>err &&
	test_must_be_empty out &&
	grep "the token_uri in .$PWD/key.json. is at .$HOST., which is not" err &&
	grep "c google.trusted-hosts=$HOST" err &&
	asked_nobody
'

test_expect_success 'this machine is no exception, by whatever name' '
	for name in 127.0.0.1 localhost "[::1]"
	do
		sed "s,\"token_uri\": .*,\"token_uri\": \"http://$name:$GOOGLE_PORT/token\"\,," \
			key.json >other.json &&
		test_expect_code 129 google-tool --key-file="$PWD/other.json" \
			token 2>err &&
		grep "not Google" err || return 1
	done &&
	asked_nobody
'

test_expect_success 'trusted by host, or by host and port' '
	tool --trusted=127.0.0.1 token >out &&
	grep "Bearer ya29" out &&
	tool --trusted="$HOST" token >out &&
	grep "Bearer ya29" out &&
	test_expect_code 129 tool --trusted="127.0.0.1:1" token 2>err &&
	test_expect_code 129 tool --trusted="27.0.0.1" token 2>err &&
	test_expect_code 129 tool --trusted="localhost" token 2>err
'

# is CODE URL [OPTION...]
is () {
	test_code=$1 test_url=$2 && shift 2 &&
	test_expect_code "$test_code" google-tool "$@" trusted "$test_url" 2>err
}

test_expect_success 'the hosts of Google are its own, by TLS' '
	for url in https://oauth2.googleapis.com/token \
		https://www.googleapis.com/oauth2/v4/token \
		https://accounts.google.com/o/oauth2/token \
		https://sts.googleapis.com:443/v1/token \
		https://OAUTH2.googleapis.com
	do
		is 0 "$url" || return 1
	done &&
	is 129 http://oauth2.googleapis.com/token &&
	grep "without TLS" err &&
	is 0 http://oauth2.googleapis.com/token --trusted=oauth2.googleapis.com
'

test_expect_success 'what looks like them is not' '
	for url in https://googleapis.com.example.com/token \
		https://evilgoogleapis.com/ \
		https://oauth2.googleapis.com@example.com/ \
		https://example.com/oauth2.googleapis.com \
		https://example.com#.googleapis.com/ \
		https://example.com?.googleapis.com \
		"https://example.com\\.googleapis.com/" \
		https://example.com%2f.googleapis.com/ \
		https://google.com/ \
		"https://oauth2.googleapis.com\\@example.com/" \
		"https:/oauth2.googleapis.com" \
		file:///oauth2.googleapis.com \
		"https:// oauth2.googleapis.com" \
		"https://user:hunter2@example.com/" \
		oauth2.googleapis.com ""
	do
		is 129 "$url" && ! grep hunter2 err || return 1
	done
'

test_expect_success 'case and the usual port do not matter' '
	is 0 https://Gateway.Lab/x --trusted=gateway.lab &&
	is 0 https://gateway.lab:443/x --trusted=gateway.lab &&
	is 0 https://gateway.lab/x --trusted=gateway.lab:443 &&
	is 129 http://gateway.lab/x --trusted=gateway.lab:443 &&
	is 0 http://gateway.lab/x --trusted=gateway.lab:80 &&
	is 0 "https://[fe80::1]:9/x" --trusted="[fe80::1]:9" &&
	is 0 "https://[fe80::1]:9/x" --trusted="[fe80::1]" &&
	is 129 "https://[fe80::1]:9/x" --trusted="[fe80:"
'

test_expect_success 'an identity provider'\''s token is not read for a foreign token_url' '
	cat >external.json <<-END &&
	{"type": "external_account", "audience": "x",
	 "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
	 "token_url": "$GOOGLE/v1/token",
	 "credential_source": {"file": "$PWD/pipe"}}
	END
	mkfifo pipe &&
	: >"$GOOGLE_LOG" &&
	test_expect_code 129 google-tool --key-file="$PWD/external.json" \
		token 2>err &&
	grep "token_url in .*external.json. is at .$HOST." err &&
	asked_nobody
'

# ---- by resutil itself

test_expect_success 'setup: a project that trusts its own server' '
	start_gcs &&
	unset RESUTIL_CONFIG_COUNT &&
	HOST=${GCS_ROOT#*://} &&
	gcs_bucket lab &&
	gcs_conf lab &&
	cat >>resutil-conf.yaml <<-END &&
	google:
	  trusted-hosts: [$HOST]
	END
	: >"$GOOGLE_LOG"
'

test_expect_success 'what the project says of trust does not count' '
	test_expect_code 129 resutil list-remote 2>err &&
	grep "$HOST., which is not Google" err &&
	asked_nobody
'

test_expect_success '-c trusts for once' '
	resutil -c "google.trusted-hosts=$HOST" list-remote >out &&
	test_must_be_empty out &&
	resutil -c "google.trusted-hosts=a.example,$HOST" list-remote &&
	test_expect_code 129 resutil list-remote 2>err
'

test_expect_success 'the user'\''s file trusts for good: a list, or a text' '
	test_when_finished "rm -r \"$HOME/.config\"" &&
	mkdir -p "$HOME/.config/resutil" &&
	cat >"$HOME/.config/resutil/config.yaml" <<-END &&
	google:
	  trusted-hosts:
	  - gateway.example
	  - $HOST
	END
	resutil list-remote &&
	echo "google: {trusted-hosts: \"$HOST\"}" \
		>"$HOME/.config/resutil/config.yaml" &&
	resutil list-remote
'

test_expect_success 'what is no host is named' '
	test_expect_code 13 resutil \
		-c "google.trusted-hosts=http://x.example/" list-remote 2>err &&
	grep "google.trusted-hosts. has .http://x.example/." err &&
	test_expect_code 13 resutil -c "google.trusted-hosts=*" list-remote
'

test_done
