#!/bin/sh

test_description='where credentials for Google are looked for, and what is found

Logins of gcloud, the metadata server, identities of other providers, and acting
as a service account.
'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

HOME=$TRASH_DIRECTORY/home && export HOME
SCOPE=https://www.googleapis.com/auth/devstorage.read_write
CLOUD=https://www.googleapis.com/auth/cloud-platform
ROBOT=robot@lab-project.iam.gserviceaccount.com
AUDIENCE=//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x

tool () {
	google-tool --trusted="${GOOGLE#*://}" --base-dir="$PWD" "$@"
}

# got FIELD PATTERN: what the tool wrote
got () {
	cut -f"$1" out | grep -e "$2" || {
		cat out err >&4
		return 1
	}
}

# refused CODE [OPTION...]: no token, and none in what is said
refused () {
	test_code=$1 && shift &&
	test_expect_code "$test_code" tool "$@" token >out 2>err &&
	test_must_be_empty out &&
	! grep -e "ya29" -e "1//0" -e "subject-of-ours" -e "hunter2" err
}

# a_login FILE: of person@example.com, as gcloud writes it
a_login () {
	REFRESH=$(google_admin refresh_token "{\"email\": \"person@example.com\",
		\"client\": \"client-1\", \"scopes\": [\"$SCOPE\", \"$CLOUD\"]}" |
		sed -n 's/.*"refresh_token": "\(.*\)".*/\1/p') &&
	cat >"$1" <<-END
	{
	  "account": "",
	  "client_id": "client-1",
	  "client_secret": "hunter2-of-client-1",
	  "quota_project_id": "paying-project",
	  "refresh_token": "$REFRESH",
	  "token_uri": "$GOOGLE_TOKEN_URI",
	  "type": "authorized_user",
	  "universe_domain": "googleapis.com"
	}
	END
}

# external SOURCE [MEMBERS]: external.json
external () {
	cat >external.json <<-END
	{
	  "type": "external_account",
	  "audience": "$AUDIENCE",
	  "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
	  "token_url": "$GOOGLE/v1/token",
	  $2
	  "credential_source": $1
	}
	END
}

test_expect_success 'setup: tokens, a login, an identity provider' '
	mkdir -p home/.config &&
	start_google fake-token &&
	google_key key.json &&
	google_admin client "{\"id\": \"client-1\",
		\"secret\": \"hunter2-of-client-1\"}" &&
	a_login login.json &&
	google_admin subject "{\"audience\": \"$AUDIENCE\", \"token\":
		\"subject-of-ours\", \"principal\": \"pod@pool\"}" &&
	google_admin account "{\"email\": \"$ROBOT\",
		\"token_creator\": \"$GOOGLE_ACCOUNT\"}" &&
	google_admin account "{\"email\": \"$ROBOT\",
		\"token_creator\": \"pod@pool\"}" &&
	google_admin account "{\"email\": \"$ROBOT\",
		\"token_creator\": \"person@example.com\"}" &&
	test_new_server &&
	start_server "$test_server_dir/port" /usr/bin/python3 \
		"$TEST_DIRECTORY/helper/identity-provider.py" \
		"$test_server_dir/port" subject-of-ours hunter2-pass &&
	read -r port <"$test_server_dir/port" &&
	PROVIDER=http://127.0.0.1:$port
'

# ---- the order

test_expect_success 'nothing anywhere: where was looked' '
	refused 11 &&
	grep "no key_file_path in storage_config" err &&
	grep "GOOGLE_APPLICATION_CREDENTIALS is not set" err &&
	grep "no .*gcloud/application_default_credentials.json" err &&
	grep "NO_GCE_CHECK is true" err &&
	grep "resutil-google(7)" err
'

test_expect_success 'anonymous: nobody is asked, whatever is there' '
	: >"$GOOGLE_LOG" &&
	tool --anonymous --key-file=key.json token >out &&
	got 1 "^-$" && got 2 "nobody (anonymous)" && got 5 "^-$" &&
	test_must_be_empty "$GOOGLE_LOG"
'

test_expect_success 'GOOGLE_APPLICATION_CREDENTIALS, also without a key file' '
	GOOGLE_APPLICATION_CREDENTIALS=key.json tool token >out &&
	got 2 "GOOGLE_APPLICATION_CREDENTIALS, the file .$PWD/key.json." &&
	GOOGLE_APPLICATION_CREDENTIALS=key.json \
		tool --key-file=gone.json token >out &&
	got 3 "^$GOOGLE_ACCOUNT$" &&
	GOOGLE_APPLICATION_CREDENTIALS="" tool --key-file=key.json token >out &&
	GOOGLE_APPLICATION_CREDENTIALS=login.json \
		tool --key-file=key.json token >out &&
	got 2 "the key file"
'

test_expect_success 'GOOGLE_APPLICATION_CREDENTIALS that names nothing' '
	test_expect_code 11 env GOOGLE_APPLICATION_CREDENTIALS=gone.json \
		google-tool token 2>err &&
	grep "GOOGLE_APPLICATION_CREDENTIALS names .$PWD/gone.json." err &&
	test_expect_code 11 env GOOGLE_APPLICATION_CREDENTIALS=gone.json \
		google-tool --key-file=gone-too.json token 2>err &&
	grep "gone.json" err
'

test_expect_success 'the file of gcloud' '
	test_when_finished "rm -r home/.config/gcloud" &&
	mkdir home/.config/gcloud &&
	cp login.json home/.config/gcloud/application_default_credentials.json &&
	tool token >out &&
	got 2 "gcloud.s file .$HOME/.config/gcloud/" &&
	got 4 "^paying-project$" && got 5 "^-$" &&
	GOOGLE_APPLICATION_CREDENTIALS=key.json tool token >out &&
	got 3 "^$GOOGLE_ACCOUNT$" &&
	mkdir -p elsewhere &&
	cp key.json elsewhere/application_default_credentials.json &&
	CLOUDSDK_CONFIG=$PWD/elsewhere tool token >out &&
	got 3 "^$GOOGLE_ACCOUNT$"
'

test_expect_success 'GOOGLE_CLOUD_QUOTA_PROJECT comes before what a file says' '
	GOOGLE_CLOUD_QUOTA_PROJECT=mine tool --key-file=login.json token >out &&
	got 4 "^mine$"
'

# ---- logins

test_expect_success 'a login gets tokens until it is revoked' '
	test_when_finished "a_login login.json" &&
	tool --key-file=login.json token >out &&
	got 1 "^Bearer ya29" &&
	google_admin refresh_token "{\"revoke\": true}" &&
	refused 11 --key-file=login.json &&
	grep "Token has been expired or revoked (invalid_grant); log in again with .gcloud auth application-default login" err
'

test_expect_success 'a client that is not known, or has another secret' '
	sed "s/hunter2-of-client-1/hunter2-of-other/" login.json >bad.json &&
	refused 11 --key-file=bad.json &&
	grep "invalid_client" err &&
	sed "s/\"client-1\"/\"client-2\"/" login.json >bad.json &&
	refused 11 --key-file=bad.json &&
	grep "The OAuth client was not found" err
'

test_expect_success 'a login without one of its members' '
	for name in client_id client_secret refresh_token
	do
		grep -v "\"$name\"" login.json >bad.json &&
		refused 13 --key-file=bad.json &&
		grep "lacks .$name." err || return 1
	done
'

test_expect_success 'a login cannot sign' '
	test_expect_code 129 tool --key-file=login.json sign x 2>err &&
	grep "cannot sign URLs; a key file of a service account can" err
'

# ---- the machine

test_expect_success 'the metadata server gives tokens, scopes asked for' '
	unset NO_GCE_CHECK &&
	GCE_METADATA_HOST=${GOOGLE#*://} && export GCE_METADATA_HOST &&
	google_admin metadata "{\"email\": \"$ROBOT\", \"scopes\": [\"$CLOUD\"]}" &&
	: >"$GOOGLE_LOG" &&
	tool token >out &&
	got 1 "^Bearer ya29" && got 2 "metadata server of this machine" &&
	got 3 "^$ROBOT$" && got 5 "^service$" &&
	grep "default/token.*devstorage" "$GOOGLE_LOG"
'

test_expect_success 'a metadata server that is odd' '
	test_when_finished "google_admin errors \"{\\\"errors\\\": []}\"" &&
	for what in "503,12" "403,11" "200,13"
	do
		google_admin errors "{\"errors\": [{\"method\": \"GET\",
			\"path\": \"/computeMetadata\", \"times\": 100,
			\"status\": ${what%,*}, \"body\": \"no\",
			\"fields\": {\"Metadata-Flavor\": \"Google\"}}]}" &&
		refused "${what#*,}" --patience=0 || return 1
	done
'

test_expect_success 'a machine without an account' '
	google_admin metadata "{}" &&
	refused 11 &&
	grep "no service account is attached to this machine" err
'

test_expect_success 'what answers there is not Google' '
	GCE_METADATA_HOST=${PROVIDER#*://} &&
	refused 11 &&
	grep "no metadata server of Google (what answers there is not" err &&
	GCE_METADATA_HOST="127.0.0.1:1" &&
	refused 11 &&
	grep "no metadata server of Google" err &&
	GCE_METADATA_HOST="x/y" &&
	refused 11 &&
	grep "GCE_METADATA_HOST is no host" err &&
	unset GCE_METADATA_HOST &&
	NO_GCE_CHECK=true && export NO_GCE_CHECK
'

# ---- other providers

test_expect_success 'a token out of a file is changed for one of Google' '
	printf "subject-of-ours\n" >subject &&
	external "{\"file\": \"$PWD/subject\"}" &&
	tool --key-file=external.json token >out &&
	got 1 "^Bearer ya29" && got 3 "^-$" && got 5 "^service$"
'

test_expect_success 'a field of JSON in a file' '
	printf "%s" "{\"id\": 1, \"t\": \"subject-of-ours\"}" >subject.json &&
	external "{\"file\": \"$PWD/subject.json\", \"format\": {\"type\":
		\"json\", \"subject_token_field_name\": \"t\"}}" &&
	tool --key-file=external.json token >out &&
	sed -i "s/\"t\"/\"u\"/" external.json &&
	refused 11 --key-file=external.json &&
	grep "subject.json. holds no token of an identity provider" err
'

test_expect_success 'a file that is something else is sent nowhere' '
	cp "$TEST_TOP_DIRECTORY/google.key" subject &&
	external "{\"file\": \"$PWD/subject\"}" &&
	: >"$GOOGLE_LOG" &&
	refused 11 --key-file=external.json &&
	test_must_be_empty "$GOOGLE_LOG" &&
	rm subject &&
	refused 11 --key-file=external.json &&
	grep "cannot read the token of an identity provider" err
'

test_expect_success 'a token from a URL, with header fields' '
	for kind in "token,\"format\": {\"type\": \"text\"}" \
		"json,\"format\": {\"type\": \"json\", \"subject_token_field_name\": \"value\"}"
	do
		external "{\"url\": \"$PROVIDER/${kind%%,*}\", ${kind#*,},
			\"headers\": {\"X-Pass\": \"hunter2-pass\"}}" &&
		tool --trusted="${PROVIDER#*://}" --key-file=external.json \
			token >out && got 1 "^Bearer ya29" || return 1
	done
'

test_expect_success 'a URL without TLS is asked when its host is trusted' '
	refused 129 --key-file=external.json &&
	grep "url of credential_source in .*${PROVIDER#*://}" err
'

test_expect_success 'an identity provider that gives no token' '
	for what in empty,11 html,11 large,11 down,12 moved,11 gone,11
	do
		external "{\"url\": \"$PROVIDER/${what%,*}\",
			\"headers\": {\"X-Pass\": \"hunter2-pass\"}}" &&
		refused "${what#*,}" --patience=0 \
			--trusted="${PROVIDER#*://}" \
			--key-file=external.json || return 1
	done &&
	external "{\"url\": \"$PROVIDER/token\"}" &&
	refused 11 --trusted="${PROVIDER#*://}" --key-file=external.json &&
	grep "status 403" err
'

test_expect_success 'header fields that are none' '
	for headers in "[]" "{\"A\": 1}" "{\"A\": \"x\\r\\nB: y\"}" \
		"{\"A: x\": \"y\"}" "{\"\": \"y\"}"
	do
		external "{\"url\": \"$PROVIDER/token\", \"headers\": $headers}" &&
		refused 13 --trusted="${PROVIDER#*://}" \
			--key-file=external.json || return 1
	done
'

test_expect_success 'a token that the service does not take' '
	echo other >subject &&
	external "{\"file\": \"$PWD/subject\"}" &&
	refused 11 --key-file=external.json &&
	grep "rejected by the attribute condition (invalid_grant)" err
'

test_expect_success 'programs, certificates and AWS are not asked' '
	for source in "{\"executable\": {\"command\": \"touch ran\"}}" \
		"{\"certificate\": {}}" "{\"environment_id\": \"aws1\",
		\"url\": \"http://169.254.169.254/latest\"}" "{}" "null" "7"
	do
		external "$source" &&
		refused 11 --key-file=external.json &&
		grep "neither a file nor a url" err || return 1
	done &&
	test_path_is_missing ran
'

# ---- acting as a service account

test_expect_success 'another identity acts as a service account' '
	echo subject-of-ours >subject &&
	external "{\"file\": \"$PWD/subject\"}" \
		"\"service_account_impersonation_url\": \"$GOOGLE/v1/projects/-/serviceAccounts/$ROBOT:generateAccessToken\",
		\"service_account_impersonation\": {\"token_lifetime_seconds\": 1800}," &&
	tool --key-file=external.json token >out &&
	got 3 "^$ROBOT$" && got 1 "^Bearer ya29" &&
	cp external.json acting.json &&
	sed "s/1800/59/" acting.json >bad.json &&
	refused 13 --key-file=bad.json &&
	grep "token_lifetime_seconds in .* is not from 600 to 43200" err
'

# impersonated SOURCE [ACCOUNT]: impersonated.json
impersonated () {
	cat >impersonated.json <<-END
	{
	  "type": "impersonated_service_account",
	  "service_account_impersonation_url":
	  "$GOOGLE/v1/projects/-/serviceAccounts/${2:-$ROBOT}:generateAccessToken",
	  "delegates": [],
	  "source_credentials": $(cat "$1")
	}
	END
}

test_expect_success 'a login, and a key, act as a service account' '
	for source in login.json key.json
	do
		impersonated $source &&
		tool --key-file=impersonated.json token >out &&
		got 3 "^$ROBOT$" && got 1 "^Bearer ya29" || return 1
	done
'

test_expect_success 'who may not act as it: the role is named' '
	impersonated key.json other@lab-project.iam.gserviceaccount.com &&
	refused 11 --key-file=impersonated.json &&
	grep "cannot act as the service account .other@lab.*iam.serviceAccounts.getAccessToken" err &&
	grep "Service Account Token Creator" err
'

test_expect_success 'one that acts as another that acts as another' '
	impersonated key.json && cp impersonated.json inner.json &&
	impersonated inner.json &&
	refused 13 --key-file=impersonated.json &&
	grep "delegates" err
'

test_expect_success 'an impersonation at a host that is not trusted' '
	impersonated key.json &&
	sed "s,http://127.0.0.1:[0-9]*/v1,https://iam.example/v1," \
		impersonated.json >bad.json &&
	refused 129 --key-file=bad.json &&
	grep "service_account_impersonation_url in .*iam.example" err &&
	sed "s,:generateAccessToken,:other," impersonated.json >bad.json &&
	refused 13 --key-file=bad.json &&
	grep "does not end in" err
'

test_expect_success 'answers of the IAM credentials API that hold nothing' '
	impersonated key.json &&
	for answer in "no" "{}" "{\\\"accessToken\\\": \\\"a b\\\", \\\"expireTime\\\": \\\"2124-07-04T10:15:55Z\\\"}" \
		"{\\\"accessToken\\\": \\\"a\\\", \\\"expireTime\\\": \\\"soon\\\"}"
	do
		google_admin errors "{\"errors\": [{\"method\": \"POST\", \"path\":
			\":\", \"status\": 200, \"body\": \"$answer\"}]}" &&
		refused 13 --key-file=impersonated.json || return 1
	done &&
	for answer in "no" "{}" "{\\\"signedBlob\\\": \\\"!\\\"}"
	do
		google_admin errors "{\"errors\": [{\"method\": \"POST\", \"path\":
			\":signBlob\", \"status\": 200, \"body\": \"$answer\"}]}" &&
		test_expect_code 13 tool --key-file=impersonated.json \
			sign x >out 2>err && test_must_be_empty out || return 1
	done
'

# verified ACCOUNT: the signature in `out` is of its key (the fake knows it)
verified () {
	google_admin verify "{\"email\": \"$1\", \"data\": \"some text\",
		\"signature\": \"$(cat out)\"}" >answer &&
	grep "\"good\": true" answer
}

test_expect_success 'who acts as a service account has it sign' '
	impersonated key.json &&
	tool --key-file=impersonated.json sign "some text" >out &&
	verified "$ROBOT" &&
	tool --key-file=acting.json sign "some text" >out &&
	verified "$ROBOT" &&
	external "{\"file\": \"$PWD/subject\"}" &&
	test_expect_code 129 tool --key-file=external.json sign x 2>err &&
	grep "acts as no service account" err &&
	test_expect_code 129 tool --anonymous sign x 2>err
'

test_done
