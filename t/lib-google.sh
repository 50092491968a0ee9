# Servers that stand for Google's (helper/fake-gcs.py, fake-drive.py,
# fake-token.py), on free ports of the loopback interface; they end with the
# test file. Nobody packages any, so they are ours; other programs that speak
# with Google's prove them.
#
#	test_expect_success 'setup: a bucket' '
#		start_gcs && gcs_bucket lab && gcs_conf lab
#	'

. "$TEST_DIRECTORY"/lib-http.sh

for test_var in $(env | sed -n \
	's/^\(\(GOOGLE\|GCE\|GCLOUD\|CLOUDSDK\|STORAGE_EMULATOR\)_[A-Za-z0-9_]*\)=.*/\1/p')
do
	unset "$test_var"
done
# ... and nobody asks metadata.google.internal for tokens.
NO_GCE_CHECK=true
export NO_GCE_CHECK

GOOGLE_ACCOUNT=resutil-bot@lab-project.iam.gserviceaccount.com

# google_trust HOST...: google.trusted-hosts of this file, besides those that
# are trusted already.
google_trust () {
	for test_host
	do
		GOOGLE_TRUSTED=${GOOGLE_TRUSTED:+$GOOGLE_TRUSTED,}$test_host
	done
	RESUTIL_CONFIG_COUNT=1
	RESUTIL_CONFIG_KEY_0=google.trusted-hosts
	RESUTIL_CONFIG_VALUE_0=$GOOGLE_TRUSTED
	export RESUTIL_CONFIG_COUNT RESUTIL_CONFIG_KEY_0 RESUTIL_CONFIG_VALUE_0
}

# start_google FAKE [OPTION...]: helper/FAKE.py, whose host is trusted from
# here on. Sets GOOGLE (its URL), GOOGLE_PORT, GOOGLE_PID, GOOGLE_LOG, and
# GOOGLE_TOKEN_URI. google_admin speaks with the one that was started last.
start_google () {
	test_fake=$1 && shift && test_new_server &&
	GOOGLE_LOG=$test_server_dir/log && : >"$GOOGLE_LOG" &&
	start_server "$test_server_dir/port" /usr/bin/python3 \
		"$TEST_DIRECTORY/helper/$test_fake.py" --watch=$$ \
		--log="$GOOGLE_LOG" "$@" "$test_server_dir/port" &&
	GOOGLE_PID=$SERVER_PID &&
	read -r GOOGLE_PORT <"$test_server_dir/port" &&
	case "$*" in
	*--cert=*)	GOOGLE=https://localhost:$GOOGLE_PORT ;;
	*)		GOOGLE=http://127.0.0.1:$GOOGLE_PORT ;;
	esac &&
	GOOGLE_TOKEN_URI=$GOOGLE/token GOOGLE_BEARER= &&
	google_trust "${GOOGLE#*://}"
}

# start_gcs [OPTION...]: sets GCS_ROOT (what api_root is to be) and
# GCS_TOKEN_URI besides; GCS_LOG, GCS_PID, GCS_PORT.
start_gcs () {
	start_google fake-gcs "$@" &&
	GCS_ROOT=$GOOGLE GCS_TOKEN_URI=$GOOGLE_TOKEN_URI &&
	GCS_LOG=$GOOGLE_LOG GCS_PID=$GOOGLE_PID GCS_PORT=$GOOGLE_PORT
}

# google_admin NAME [JSON]: control of the fake, see control_NAME in
# helper/google_*.py and fake-*.py; prints the answer.
google_admin () {
	curl -q -sS --fail-with-body -k --noproxy "*" -X POST \
		--data-binary "${2:-{\}}" "$GOOGLE/_test/$1"
}

# google_ask CURL-OPTION... PATH: what the service says to our account with a
# token of all scopes, or the token GOOGLE_BEARER ("-": to nobody); the status
# is the last line.
google_ask () {
	for test_arg
	do
		shift
		case "$test_arg" in
		/*)	test_arg=$GOOGLE$test_arg ;;
		esac
		set -- "$@" "$test_arg"
	done &&
	: "${GOOGLE_BEARER:=$(google_token)}" &&
	if test "$GOOGLE_BEARER" != -
	then
		echo "header = \"Authorization: Bearer $GOOGLE_BEARER\""
	fi | curl -q -sS -k --noproxy "*" -K - -w '\n%{http_code}\n' "$@"
}

# google_token [ACCOUNT [SCOPE]]: an access token of it, for an hour.
google_token () {
	google_admin token "{\"email\": \"${1:-$GOOGLE_ACCOUNT}\"${2:+,
		\"scopes\": [\"https://www.googleapis.com/auth/$2\"]}}" |
	sed -n 's/.*"access_token": "\(.*\)".*/\1/p'
}

# google_requests [PATTERN]: method, path and status of each request so far,
# where the path has PATTERN (of grep).
google_requests () {
	sed -n 's/^{"method": "\([A-Z]*\)", "path": "\([^"]*\)".*"status": \([0-9]*\),.*/\1 \2 \3/p' \
		"$GOOGLE_LOG" | grep -e "${1:-.}"
}

# node_client SCRIPT ARGUMENT...: node/SCRIPT.js, a client that Google makes
node_client () {
	test_script=$1 && shift &&
	node "$TEST_DIRECTORY/node/$test_script.js" "$@"
}

# google_counted PATTERN NUMBER: so many requests had that in their lines.
google_counted () {
	google_requests "$1" >counted
	test_line_count = "$2" counted
}

# A key takes a while to be made, so a file has one.
test_google_key () {
	test -e "$TEST_TOP_DIRECTORY/google.key" && return
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
		-out "$TEST_TOP_DIRECTORY/google.key" 2>/dev/null &&
	openssl pkey -in "$TEST_TOP_DIRECTORY/google.key" -pubout \
		-out "$TEST_TOP_DIRECTORY/google.pub"
}

# lines_of_json FILE: a text of JSON with these lines
lines_of_json () {
	awk '{ printf "%s\\n", $0 }' "$1"
}

# google_key FILE [ACCOUNT]: a key file of a service account that the fake
# knows.
google_key () {
	test_email=${2:-$GOOGLE_ACCOUNT} &&
	test_google_key &&
	google_admin account "{\"email\": \"$test_email\", \"key_id\":
		\"0123456789abcdef0123456789abcdef01234567\", \"public_key\":
		\"$(lines_of_json "$TEST_TOP_DIRECTORY/google.pub")\"}" >&4 &&
	(
		umask 077 && cat >"$1" <<-END
		{
		  "type": "service_account",
		  "project_id": "lab-project",
		  "private_key_id": "0123456789abcdef0123456789abcdef01234567",
		  "private_key": "$(lines_of_json "$TEST_TOP_DIRECTORY/google.key")",
		  "client_email": "$test_email",
		  "client_id": "123456789012345678901",
		  "auth_uri": "$GOOGLE/o/oauth2/auth",
		  "token_uri": "$GOOGLE_TOKEN_URI",
		  "universe_domain": "googleapis.com"
		}
		END
	)
}

# gcs_bucket NAME [ROLE...]: a bucket on which our account has these roles;
# none named: the two that resutil is said to need.
gcs_bucket () {
	test_bucket=$1 && shift &&
	test $# -gt 0 || set -- storage.objectUser storage.legacyBucketReader
	test_roles= &&
	for test_role
	do
		test_roles="$test_roles${test_roles:+, }\"$test_role\"" ||
		return 1
	done &&
	google_admin bucket "{\"name\": \"$test_bucket\", \"roles\":
		{\"$GOOGLE_ACCOUNT\": [$test_roles]}}" >&4
}

# gcs_conf BUCKET [LINE...]: resutil-conf.yaml of the project `project` in that
# bucket, and its key.json; LINEs of storage_config besides.
gcs_conf () {
	google_key key.json &&
	cat >resutil-conf.yaml <<-END &&
	project_name: project
	results_dir: results
	storage_type: gcs
	storage_config:
	  backet_name: $1
	  key_file_path: key.json
	  api_root: $GCS_ROOT
	END
	shift &&
	for test_line
	do
		echo "  $test_line" || return 1
	done >>resutil-conf.yaml
}

# start_drive [OPTION...]: Drive and tokens. Sets DRIVE_ROOT (what api_root is
# to be) and DRIVE_TOKEN_URI; DRIVE_LOG, DRIVE_PID, DRIVE_PORT.
start_drive () {
	start_google fake-drive "$@" &&
	DRIVE_ROOT=$GOOGLE DRIVE_TOKEN_URI=$GOOGLE_TOKEN_URI &&
	DRIVE_LOG=$GOOGLE_LOG DRIVE_PID=$GOOGLE_PID DRIVE_PORT=$GOOGLE_PORT &&
	GOOGLE_BEARER=$(google_token "$GOOGLE_ACCOUNT" drive)
}

# drive_made CONTROL JSON: prints the id of what control makes.
drive_made () {
	google_admin "$1" "$2" >"$test_server_dir/made" || {
		cat "$test_server_dir/made" >&4
		return 1
	}
	sed -n 's/.*"id": "\([^"]*\)".*/\1/p' "$test_server_dir/made"
}

# drive_folder NAME [PARENT]: a folder of owner@example.com, who owns all that
# is put there by control; without PARENT in My Drive. Prints its id. Nobody
# else sees it before drive_share.
drive_folder () {
	drive_made drive_folder "{\"name\": \"$1\", \"parent\": \"$2\"}"
}

# drive_shared NAME [ROLE]: a shared drive, where our account is a member with
# this role (fileOrganizer: "Content manager"; writer: "Contributor"). Prints
# its id, which is that of its topmost folder, too.
drive_shared () {
	test_drive=$(drive_made drive_shared "{\"name\": \"$1\"}") &&
	drive_share "$test_drive" "$GOOGLE_ACCOUNT" "${2:-fileOrganizer}" &&
	echo "$test_drive"
}

# drive_share ID EMAIL ROLE: "none" takes away what was given.
drive_share () {
	google_admin drive_share "{\"id\": \"$1\", \"email\": \"$2\",
		\"role\": \"$3\"}" >&4
}

# drive_file PARENT NAME FILE [MEMBERS]: a file as somebody else put it there,
# owned by who owns the folder; MEMBERS of JSON: '"modifiedTime": "...Z"'.
# Prints its id.
drive_file () {
	drive_made drive_file "{\"parent\": \"$1\", \"name\": \"$2\",
		\"path\": \"$(pwd)/$3\"${4:+, $4}}"
}

# drive_quota EMAIL BYTES: what it may own; null: all that it wants. A service
# account may own nothing unless this says so.
drive_quota () {
	google_admin drive_quota "{\"email\": \"$1\", \"limit\": $2}" >&4
}

# drive_tree [ID]: what is below a folder (all there is), a line each: path
# from the topmost folder, kind (file, folder), bytes, revisions, "trashed".
drive_tree () {
	google_admin drive_tree "{${1:+\"id\": \"$1\"}}" |
	/usr/bin/python3 -c '
import json, sys
for f in (f for f in json.load(sys.stdin)["files"] if f["path"]):
    print(f["path"], "folder" if f["folder"] else "file", f["size"],
          f["revisions"], *["trashed"] * f["trashed"])'
}

# drive_conf ID [LINE...]: resutil-conf.yaml of the project `project` below that
# folder, and its key.json; LINEs of storage_config besides.
drive_conf () {
	google_key key.json &&
	cat >resutil-conf.yaml <<-END &&
	project_name: project
	results_dir: results
	storage_type: gdrive
	storage_config:
	  base_folder_id: $1
	  key_file_path: key.json
	  api_root: $DRIVE_ROOT
	END
	shift &&
	for test_line
	do
		echo "  $test_line" || return 1
	done >>resutil-conf.yaml
}

# google_pause NAME JSON-MEMBERS: the fake Drive holds a request, so that tests
# put those of two clients in order: google_pause a '"method": "PATCH"'. See
# helper/google_pause.py.
google_pause () {
	google_admin pause "{\"name\": \"$1\"${2:+, $2}}" >&4
}

# google_wait NAME: until it is held
google_wait () {
	google_admin wait "{\"name\": \"$1\"}" >&4
}

# google_release NAME: it goes on
google_release () {
	google_admin release "{\"name\": \"$1\"}" >&4
}

# google_by_name START...: what START (start_drive) starts, with TLS and a
# certificate for names of Google's, and a proxy through which these names lead
# to it: for programs that can be told nothing else. Sets GOOGLE_CA (a file of
# the authority) and GOOGLE_PROXY; GOOGLE_TUNNELS says which were asked for.
google_by_name () {
	GOOGLE_CA=$TEST_TOP_DIRECTORY/google-ca/ca.pem
	if ! test -e "$GOOGLE_CA"
	then
		make_ca "${GOOGLE_CA%/*}" &&
		make_cert "${GOOGLE_CA%/*}" google "DNS:localhost,$(
			printf "DNS:%s.googleapis.com," www oauth2 storage \
				iamcredentials sts)DNS:accounts.google.com"
	fi &&
	"$@" --cert="${GOOGLE_CA%/*}/google.pem" &&
	test_new_server && GOOGLE_TUNNELS=$test_server_dir/tunnels &&
	: >"$GOOGLE_TUNNELS" &&
	start_server "$test_server_dir/port" /usr/bin/python3 -S \
		"$TEST_DIRECTORY"/helper/connect-proxy.py --watch=$$ \
		--log="$GOOGLE_TUNNELS" "$test_server_dir/port" \
		"$GOOGLE_PORT" &&
	read -r test_port <"$test_server_dir/port" &&
	GOOGLE_PROXY=http://127.0.0.1:$test_port
}

# each_request FAULT COMMAND...: the command, once for each request that it
# makes through the last proxy, with that one spoilt: '"status": 503'.
each_request () {
	test_fault=$1 test_request=0 && shift &&
	while test_request=$((test_request + 1))
	do
		proxy_rules "{\"nth\": $test_request, $test_fault}" &&
		"$@" || {
			echo >&4 "error: request $test_request: $test_fault"
			return 1
		}
		# A request behind the last one is spoilt by nobody.
		test "$(count_requests "rule == 0")" -gt 0 || break
		test $test_request -lt 50 || return 1
	done &&
	test $test_request -gt 3
}
