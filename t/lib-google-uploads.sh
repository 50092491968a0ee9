# Resumable uploads into a fake of Google's, through a proxy that kills and
# counts.

. "$TEST_DIRECTORY"/lib-killed-uploads.sh
. "$TEST_DIRECTORY"/lib-google.sh

# Requests about the bytes of an upload.
SESSION='"path": "upload_id="'

# setup_uploads BYTES: a bucket behind a proxy, and a project with the
# experiment NAME of these; pieces are of a MiB.
setup_uploads () {
	start_gcs && gcs_bucket lab &&
	start_proxy "$GCS_ROOT" && google_trust "${PROXY#http://}" &&
	gcs_conf lab && sed -i "s,^  api_root: .*,  api_root: $PROXY," \
		resutil-conf.yaml &&
	make_exp $NAME "id: \"$(test_id 1)\"" "revision: 1" "state: done" &&
	head -c "$1" /dev/urandom >results/$NAME/data.bin &&
	RESUTIL_TEST_GOOGLE_PIECE=1048576 && export RESUTIL_TEST_GOOGLE_PIECE
}

# sessions STATE: how many uploads are in it: open, done, gone
sessions () {
	google_admin sessions >sessions.json &&
	grep -o "\"state\": \"$1\"" sessions.json | wc -l
}

# held: bytes that the service has of those that are open
held () {
	google_admin sessions >sessions.json &&
	/usr/bin/python3 -c "
import json, sys
print(sum(s[\"size\"] for s in json.load(sys.stdin)[\"sessions\"]
	  if s[\"state\"] == \"open\"))" <sessions.json
}

# no_uploads: neither there nor noted here
no_uploads () {
	test_path_is_missing $NOTE &&
	sessions open >nr && echo 0 >want && test_cmp want nr
}

# sent: pieces that the service has got since the rules were set
sent () {
	count_requests 'method == "PUT" and "upload_id" in args and up > 0 and
		status in (200, 308)'
}

# push_and_die N [OPTION...]: is killed when the service has got the Nth piece
push_and_die () {
	push_and_die_nth=$1 && shift &&
	dies "{\"method\": \"PUT\", $SESSION, \"nth\": $push_and_die_nth,
		\"run_after\": \"kill -9 \$(cat $PWD/pid)\"}" "$@"
}
