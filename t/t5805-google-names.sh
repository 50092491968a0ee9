#!/bin/sh

test_description='the services of Google by their own names

Nobody is trusted by a setting here: what no file names is where Google has it,
and a proxy leads these names to a server of ours, by TLS.
'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

HOME=$TRASH_DIRECTORY/home && export HOME
unset XDG_CONFIG_HOME DISPLAY WAYLAND_DISPLAY
ROBOT=robot@lab-project.iam.gserviceaccount.com
SCOPE=https://www.googleapis.com/auth/devstorage.read_write

test_expect_success 'setup: tokens by their own names, and nobody trusted' '
	mkdir home &&
	google_by_name start_google fake-token &&
	unset RESUTIL_CONFIG_COUNT &&
	HTTPS_PROXY=$GOOGLE_PROXY SSL_CERT_FILE=$GOOGLE_CA &&
	export HTTPS_PROXY SSL_CERT_FILE &&
	google_key full.json && grep -v "\"token_uri\"" full.json >key.json
'

# asked NAME...: for these hosts the proxy was asked since `: >"$GOOGLE_TUNNELS"`
asked () {
	for test_name
	do
		grep -F "$test_name" "$GOOGLE_TUNNELS" || return 1
	done
}

test_expect_success 'a key file without a token_uri' '
	google-tool --key-file="$PWD/key.json" token >out &&
	grep "Bearer ya29" out &&
	asked oauth2.googleapis.com
'

test_expect_success 'the token_uri of older key files' '
	for uri in https://accounts.google.com/o/oauth2/token \
		https://www.googleapis.com/oauth2/v4/token
	do
		: >"$GOOGLE_TUNNELS" &&
		sed "s,\"token_uri\": .*,\"token_uri\": \"$uri\"\,," full.json \
			>old.json &&
		google-tool --key-file="$PWD/old.json" token >out &&
		grep "Bearer ya29" out &&
		host=${uri#https://} && asked "${host%%/*}" || return 1
	done
'

test_expect_success 'a certificate of somebody else is not believed' '
	test_expect_code 12 env -u SSL_CERT_FILE google-tool --patience=0 \
		--key-file="$PWD/key.json" token 2>err &&
	grep "cannot trust .https://oauth2.googleapis.com" err
'

test_expect_success 'a login of gcloud, without a token_uri' '
	google_admin client "{\"id\": \"client-1\", \"secret\": \"s\"}" &&
	refresh=$(google_admin refresh_token "{\"email\": \"p@example.com\",
		\"client\": \"client-1\", \"scopes\": [\"$SCOPE\"]}" |
		sed -n "s/.*\"refresh_token\": \"\(.*\)\".*/\1/p") &&
	mkdir -p home/.config/gcloud &&
	cat >home/.config/gcloud/application_default_credentials.json <<-END &&
	{"type": "authorized_user", "client_id": "client-1",
	 "client_secret": "s", "refresh_token": "$refresh"}
	END
	google-tool token >out &&
	grep "Bearer ya29" out
'

test_expect_success 'a login by a client file that names nothing' '
	google_admin person "{\"email\": \"person@example.com\"}" &&
	echo "{\"installed\": {\"client_id\": \"client-1\",
		\"client_secret\": \"s\"}}" >client.json &&
	write_script browser <<-\END &&
	curl -q -sS --noproxy 127.0.0.1 -L -m 20 --cacert "$SSL_CERT_FILE" "$1"
	END
	: >"$GOOGLE_TUNNELS" &&
	BROWSER=$PWD/browser resutil login-store --client client.json \
		gdrive://1aBcDeF >out 2>err &&
	grep "^person@example.com" out &&
	asked accounts.google.com oauth2.googleapis.com &&
	resutil login-store --logout gdrive://1aBcDeF
'

test_expect_success 'identities of others, and acting as an account' '
	audience=//iam.googleapis.com/x &&
	google_admin subject "{\"audience\": \"$audience\", \"token\": \"sub\",
		\"principal\": \"pod@pool\"}" &&
	google_admin account "{\"email\": \"$ROBOT\",
		\"token_creator\": \"pod@pool\"}" &&
	echo sub >subject &&
	cat >external.json <<-END &&
	{"type": "external_account", "audience": "$audience",
	 "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
	 "token_url": "https://sts.googleapis.com/v1/token",
	 "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/$ROBOT:generateAccessToken",
	 "credential_source": {"file": "$PWD/subject"}}
	END
	: >"$GOOGLE_TUNNELS" &&
	google-tool --key-file="$PWD/external.json" token >out &&
	grep "Bearer ya29.*$ROBOT" out &&
	asked sts.googleapis.com iamcredentials.googleapis.com
'

test_expect_success 'a machine of GCE has its account sign; no proxy is asked for it' '
	google_admin account "{\"email\": \"$ROBOT\",
		\"token_creator\": \"$ROBOT\"}" &&
	token=$(google_token $ROBOT cloud-platform) &&
	test_new_server &&
	start_server "$test_server_dir/port" /usr/bin/python3 \
		"$TEST_DIRECTORY/helper/identity-provider.py" \
		"$test_server_dir/port" "$token" "$ROBOT" &&
	read -r port <"$test_server_dir/port" &&
	rm -r home/.config/gcloud &&
	unset NO_GCE_CHECK && GCE_METADATA_HOST=127.0.0.1:$port &&
	export GCE_METADATA_HOST &&
	HTTP_PROXY=http://127.0.0.1:1 http_proxy=http://127.0.0.1:1 \
		google-tool sign "some text" >out &&
	google_admin verify "{\"email\": \"$ROBOT\", \"data\": \"some text\",
		\"signature\": \"$(cat out)\"}" >answer &&
	grep "\"good\": true" answer &&
	google-tool token >out && grep "metadata server.*$ROBOT" out
'

test_expect_success 'a machine whose account may not sign: the role is named' '
	token=$(google_token other@lab-project.iam.gserviceaccount.com \
		cloud-platform) &&
	test_new_server &&
	start_server "$test_server_dir/port" /usr/bin/python3 \
		"$TEST_DIRECTORY/helper/identity-provider.py" \
		"$test_server_dir/port" "$token" "$ROBOT" &&
	read -r port <"$test_server_dir/port" &&
	GCE_METADATA_HOST=127.0.0.1:$port &&
	test_expect_code 11 google-tool sign x 2>err &&
	grep "signBlob.*Service Account Token Creator" err
'

test_done
