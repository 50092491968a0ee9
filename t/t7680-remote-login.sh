#!/bin/sh

test_description='remote login and logout: a folder in My Drive, by a person

A service account owns no quota there, so what it puts is refused; a person who
logs in puts it in their own.
'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

HOME=$TRASH_DIRECTORY/home && export HOME
unset XDG_CONFIG_HOME DISPLAY WAYLAND_DISPLAY
BROWSER=$TRASH_DIRECTORY/browser && export BROWSER

no_secret () {
	! grep -r -e "ya29\." -e "1//0" -e "hunter2" "$@"
}

test_expect_success 'setup: a folder of a person, shared with the account' '
	mkdir home &&
	write_script browser <<-\END &&
	curl -q -sS --noproxy "*" -L -m 20 "$1" >/dev/null 2>&1
	END
	start_drive &&
	google_admin client "{\"id\": \"client-1\", \"secret\": \"hunter2\"}" &&
	google_admin person "{\"email\": \"owner@example.com\"}" &&
	cat >client.json <<-END &&
	{"installed": {"client_id": "client-1", "client_secret": "hunter2",
	 "auth_uri": "$GOOGLE/o/oauth2/auth", "token_uri": "$GOOGLE_TOKEN_URI"}}
	END
	FOLDER=$(drive_folder results) &&
	drive_share "$FOLDER" "$GOOGLE_ACCOUNT" writer &&
	drive_conf "$FOLDER" &&
	mkdir results && name=$(resutil add first) &&
	echo 1 >"results/$name/out" &&
	LOGIN=$(printf "gdrive://%s" "$FOLDER" | sha256sum | cut -c1-64) &&
	LOGIN=$HOME/.config/resutil/logins/$LOGIN.json
'

test_expect_success 'the key alone lists, but puts nothing: both ways out' '
	resutil remote test --quick &&
	test_expect_code 128 resutil push first 2>err &&
	grep "shared drive" err &&
	grep "resutil remote login" err
'

test_expect_success 'login -n: nothing happens' '
	: >"$GOOGLE_LOG" &&
	resutil remote login -n --client client.json >out &&
	echo "Would log in to origin, and keep that in $LOGIN" >want &&
	test_cmp want out &&
	test_path_is_missing "$LOGIN" &&
	test_must_be_empty "$GOOGLE_LOG"
'

test_expect_success 'login: who, where it is kept, and the store is tested' '
	resutil remote login --client client.json >out 2>err &&
	cat >want <<-END &&
	Logged in to origin as owner@example.com; that is kept in $LOGIN
	origin: gdrive://$FOLDER?api_root=$DRIVE_ROOT holds 0 experiments of '"'project'"'
	END
	test_cmp want out &&
	grep "A browser shows where to log in" err
'

test_expect_success 'now it is put, as the person' '
	resutil push first &&
	resutil remote test --quick >out && grep "holds 1 experiment" out &&
	grep "owner@example.com" "$GOOGLE_LOG"
'

test_expect_success 'each clone of this machine finds it, also without a key' '
	mkdir clone && grep -v key_file_path resutil-conf.yaml \
		>clone/resutil-conf.yaml &&
	resutil -C clone pull -A &&
	find clone/results -name out >found && test_line_count = 1 found
'

test_expect_success 'tokens expire in the middle, and nobody notices' '
	google_admin expire_tokens &&
	name=$(resutil add second) && echo 2 >"results/$name/out" &&
	resutil push second &&
	resutil remote test --quick >out && grep "holds 2 experiments" out
'

test_expect_success 'the person took it back: log in again' '
	google_admin refresh_token "{\"revoke\": true}" &&
	google_admin expire_tokens &&
	test_expect_code 11 resutil remote test --quick 2>err &&
	grep "login of .owner@example.com.*expired or revoked.*resutil remote login" err &&
	resutil remote login >out 2>err &&
	grep "holds 2 experiments" out
'

test_expect_success 'somebody who may not see the folder: logged in, and told so' '
	google_admin person "{\"email\": \"stranger@example.com\"}" &&
	test_expect_code 12 resutil remote login >out 2>err &&
	grep "Logged in to origin as stranger@example.com" out &&
	grep "stranger@example.com" err &&
	google_admin person "{\"email\": \"owner@example.com\"}" &&
	resutil remote login >out 2>err
'

test_expect_success '-q: nothing but what is needed' '
	resutil -q remote login >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	resutil -q remote login --no-browser --timeout 1 >out 2>err || : &&
	test_must_be_empty out && grep "warning: log in at http" err
'

# port_is_free: within some seconds
port_is_free () {
	n=0 &&
	while resutil remote login --no-browser --port $port --timeout 1 \
		>out 2>err; test $? = 14
	do
		n=$((n + 1)) && test $n -lt 100 && sleep 0.05 || return 1
	done &&
	grep "nobody came back" err
}

test_expect_success 'killed while it waits, it gives the port back' '
	port=$(/usr/bin/python3 -S "$TEST_DIRECTORY"/helper/free-port.py) &&
	for signal in TERM KILL
	do
		resutil remote login --no-browser --port $port >out 2>err &
		pid=$! &&
		test_when_finished "kill $pid 2>/dev/null || :" &&
		n=0 &&
		while ! grep "leads back to port $port" err && test $n -lt 100
		do
			n=$((n + 1)) && sleep 0.05
		done &&
		kill -$signal $pid && port_is_free || return 1
	done
'

test_expect_success 'logout: the key counts again' '
	resutil remote logout -n >out &&
	echo "Would log owner@example.com out of origin" >want &&
	test_cmp want out && test_path_is_file "$LOGIN" &&
	resutil remote logout >out &&
	echo "Logged owner@example.com out of origin" >want &&
	test_cmp want out && test_path_is_missing "$LOGIN" &&
	test_expect_code 10 resutil remote logout 2>err &&
	name=$(resutil add third) && echo 3 >"results/$name/out" &&
	test_expect_code 128 resutil push third
'

test_expect_success 'wrong usage' '
	for words in "login a b" "logout a b" "list --client x" "rm --port 1" \
		"logout --client x" "test --no-browser" "add --timeout 1 a dir:x" \
		"login --port 70000" "login --port x" "login --timeout 0x"
	do
		test_expect_code 129 resutil remote $words || return 1
	done &&
	for seconds in 0 3601
	do
		test_expect_code 129 resutil remote login \
			--timeout $seconds 2>err &&
		grep "timeout is 1 to 3600 seconds" err || return 1
	done &&
	test_expect_code 10 resutil remote login nobody 2>err &&
	grep "nobody" err
'

test_expect_success 'no secret lies in the project' '
	no_secret .resutil results resutil-conf.yaml clone/.resutil
'

test_done
