# Uploads in parts into radosgw, through a proxy that kills and counts.

. "$TEST_DIRECTORY"/lib-killed-uploads.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

PART='method == "PUT" and "partNumber" in args'

# setup_uploads BYTES: the server, and a project with the experiment NAME of
# these; parts are as small as S3 takes them.
setup_uploads () {
	start_radosgw && make_bucket bucket &&
	start_proxy "$S3_ENDPOINT" &&
	bucket_conf "$PROXY" &&
	make_exp $NAME "id: \"$(test_id 1)\"" "revision: 1" "state: done" &&
	head -c "$1" /dev/urandom >results/$NAME/data.bin &&
	RESUTIL_TEST_S3_PART=5242880 && export RESUTIL_TEST_S3_PART
}

# What the server holds of uploads that are not done: "KEY ID", a line each.
uploads () {
	s3_ask GET "/bucket?uploads=" 2>/dev/null >uploads.xml &&
	tr '<' '\n' <uploads.xml |
	awk -F '>' '$1 == "Key" { key = $2 }
		$1 == "UploadId" { print key, $2 }'
}

# no_uploads: neither there nor noted here
no_uploads () {
	test_path_is_missing $NOTE &&
	uploads >left &&
	test_must_be_empty left
}

# parts ID: how many of an upload the server holds
parts () {
	s3_ask GET "/bucket/$KEY?uploadId=$1" 2>/dev/null >parts.xml &&
	grep -o "<PartNumber>" parts.xml | wc -l
}

# How many parts the server has got since the rules were set.
sent () {
	count_requests "$PART and status == 200"
}

# push_and_die N [OPTION...]: is killed when the server has got the Nth part,
# while three more may be under way; the others never arrive
push_and_die () {
	push_and_die_nth=$1 && shift &&
	dies "{\"method\": \"PUT\", \"path\": \"partNumber\",
		\"nth\": $push_and_die_nth,
		\"run_after\": \"kill -9 \$(cat $PWD/pid)\"},
		{\"method\": \"PUT\", \"path\": \"partNumber\",
		\"from\": $((push_and_die_nth + 4)), \"stall_up\": 0}" "$@"
}
