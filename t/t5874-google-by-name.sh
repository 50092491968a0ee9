#!/bin/sh

test_description='stores at Google with nothing but what people have there

No place, no trusted host: names of Google are asked for, which a proxy leads to
the servers of the tests.
'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
unset RESUTIL_NO_REMOTE XDG_CONFIG_HOME DISPLAY WAYLAND_DISPLAY

# by_name START: its names, and no other way to it
by_name () {
	google_by_name "$1" && export HTTPS_PROXY="$GOOGLE_PROXY" &&
	unset RESUTIL_CONFIG_COUNT &&
	mkdir -p "$HOME/.config/resutil" &&
	printf "http:\n  ca-file: %s\n" "$GOOGLE_CA" \
		>"$HOME/.config/resutil/config.yaml" &&
	GOOGLE_TOKEN_URI=https://oauth2.googleapis.com/token
}

# asked NAME...: these were asked for since the last time, and no others
asked () {
	printf "%s.com:443\n" "$@" | sort >want.names &&
	sort -u "$GOOGLE_TUNNELS" >names && : >"$GOOGLE_TUNNELS" &&
	test_cmp want.names names
}

# shared DIR OTHER: what one clone pushes the other one pulls
shared () {
	(
		cd "$1" && name=$(resutil add "by name") &&
		head -c 9000000 /dev/urandom >"results/$name/big" &&
		resutil push -A && echo "$name" >../name
	) &&
	resutil -C "$2" pull -A &&
	diff -r "$1/results/$(cat name)" "$2/results/$(cat name)"
}

test_expect_success 'Drive: a key file and a folder that is shared' '
	by_name start_drive && team=$(drive_shared team) &&
	base=$(drive_folder base "$team") && : >"$GOOGLE_TUNNELS" &&
	for clone in a b
	do
		mkdir $clone && (
			cd $clone && google_key key.json &&
			resutil --no-interactive init --project-name project \
				--storage-type gdrive -o key_file_path=key.json \
				-o base_folder_id="$base"
		) || return 1
	done &&
	shared a b && asked oauth2.googleapis www.googleapis &&
	test_grep ! "api_root\|localhost" a/resutil-conf.yaml &&
	google_requests "/upload/.* 308" >pieces && test_line_count -gt 0 pieces
'

test_expect_success 'Drive: a person logs in, and owns what they push' '
	google_admin client "{\"id\": \"client-1\", \"secret\": \"hunter2\"}" &&
	google_admin person "{\"email\": \"owner@example.com\"}" &&
	cat >client.json <<-END &&
	{"installed": {"client_id": "client-1", "client_secret": "hunter2",
	 "auth_uri": "https://accounts.google.com/o/oauth2/auth",
	 "token_uri": "https://oauth2.googleapis.com/token",
	 "redirect_uris": ["http://localhost"], "project_id": "x"}}
	END
	write_script browser <<-\END &&
	curl -q -sS --noproxy 127.0.0.1 --cacert "$GOOGLE_CA" -L -m 20 \
		"$1" >seen 2>&1
	END
	mine=$(drive_folder mine) && mkdir c d && : >"$GOOGLE_TUNNELS" &&
	export GOOGLE_CA &&
	for clone in c d
	do
		(
			cd $clone &&
			resutil --no-interactive init --offline \
				--project-name project --storage-type gdrive \
				-o base_folder_id="$mine"
		) || return 1
	done &&
	BROWSER="$PWD/browser" resutil -C c login-store \
		--client "$PWD/client.json" origin >who && test_grep "^owner@example.com" who &&
	shared c d && asked accounts.google oauth2.googleapis www.googleapis &&
	google_ask "/drive/v3/files?q=%27$mine%27+in+parents" >answer &&
	test_grep "^404$" answer &&
	google_admin drive_tree "{\"id\": \"$mine\"}" >tree &&
	test $(grep -c "owner\": \"owner@example.com" tree) = 2
'

test_expect_success 'Drive: who logged out is told to log in' '
	resutil -C c login-store --logout origin &&
	google_requests "/revoke 200" &&
	test_must_fail resutil -C d list-remote 2>err &&
	test_grep "remote login" err
'

test_expect_success 'Cloud Storage: a key file and a bucket' '
	by_name start_gcs && gcs_bucket lab && : >"$GOOGLE_TUNNELS" &&
	for clone in e f
	do
		mkdir $clone && (
			cd $clone && google_key key.json &&
			resutil --no-interactive init --project-name project \
				--storage-type gcs -o key_file_path=key.json \
				-o backet_name=lab
		) || return 1
	done &&
	shared e f && asked oauth2.googleapis storage.googleapis &&
	test_grep ! "api_root\|localhost" e/resutil-conf.yaml
'

test_expect_success 'Cloud Storage: a URL for somebody who has a browser' '
	url=$(resutil -C e url "$(cat name)") &&
	case "$url" in
	https://storage.googleapis.com/lab/*) ;;
	*)	echo "$url" >&4 && false ;;
	esac &&
	curl -q -sS --cacert "$GOOGLE_CA" "$url" >got.zip &&
	unzip -p got.zip big >got && cmp "e/results/$(cat name)/big" got
'

test_done
