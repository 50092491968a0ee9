# One object of 12 MB that is put into radosgw in three parts, through a proxy
# that spoils and counts.

. "$TEST_DIRECTORY"/lib-radosgw.sh

PART='method == "PUT" and "partNumber" in args'
COMPLETE='method == "POST" and "uploadId" in args'
ABORT='method == "DELETE" and "uploadId" in args'

put () {
	resutil put-object --remote="$STORE" p/big big >version 2>err
}

# The object is there, whole, and nothing else.
is_put () {
	resutil get-object --remote="$STORE" p/big >got &&
	cmp big got &&
	is_clean
}

is_clean () {
	s3_ask GET "/bucket?uploads=" 2>/dev/null >left &&
	! grep "<Upload>" left
}

is_absent () {
	test_expect_code 10 resutil get-object --remote="$STORE" p/big &&
	is_clean
}

# Takes it away; nothing of an upload may be left.
start_again () {
	resutil remove-object --remote="$STORE" p/big 2>/dev/null
	is_absent
}

# rule METHOD PATH WHAT: for proxy_rules
rule () {
	printf '{"method": "%s", "path": "%s", %s}' "$1" "$2" "$3"
}

# setup_big: the server; the bucket is $STORE, and the file `big` what is put.
setup_big () {
	start_radosgw && make_bucket bucket &&
	start_proxy "$S3_ENDPOINT" &&
	STORE="s3://bucket?endpoint_url=$PROXY" &&
	RESUTIL_TEST_S3_PART=5242880 && export RESUTIL_TEST_S3_PART &&
	head -c 12000000 /dev/urandom >big
}
