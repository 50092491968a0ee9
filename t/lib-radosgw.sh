# A real S3 server for tests: radosgw from Debian's packages, on a free port of
# the loopback interface. It takes a second or two to start, so a file starts
# it once:
#
#	test_expect_success 'setup: a server' '
#		start_radosgw && make_bucket bucket
#	'
#
# It ends with the test file, however that ends. What it said lies beside the
# scratch directory, and stays when a test failed. Where it cannot be started
# the test fails: that is a failed set-up.

. "$TEST_DIRECTORY"/lib-http.sh

test_radosgw_nr=0

# start_radosgw [LINE...]: a server with these lines in its settings. Sets and
# exports S3_ENDPOINT, S3_PORT, S3_KEY, S3_SECRET, S3_REGION, and what S3
# clients read: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
# AWS_DEFAULT_REGION, AWS_ENDPOINT_URL. S3_SERVER is its process, S3_DIR its
# directory. A second call starts another one.
start_radosgw () {
	test_radosgw_nr=$((test_radosgw_nr + 1))
	S3_DIR=$TEST_TOP_DIRECTORY/radosgw$test_radosgw_nr
	mkdir "$S3_DIR" || return 1
	/usr/bin/python3 "$TEST_DIRECTORY"/helper/radosgw.py "$S3_DIR" $$ \
		"$@" >"$S3_DIR/said" 2>&1 </dev/null 3>&- 4>&- 5>&- 6>&- &
	S3_SERVER=$!
	test_atexit "stop_process $S3_SERVER"
	while ! test -e "$S3_DIR/ready"
	do
		if test -e "$S3_DIR/failed" ||
			! kill -0 $S3_SERVER 2>/dev/null
		then
			echo >&4 "error: radosgw cannot be started:" \
				"see $S3_DIR; make test-deps installs it"
			cat "$S3_DIR/failed" "$S3_DIR/said" >&4
			return 1
		fi
		sleep 0.05
	done
	. "$S3_DIR/ready"
	AWS_ACCESS_KEY_ID=$S3_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET
	AWS_REGION=$S3_REGION AWS_DEFAULT_REGION=$S3_REGION
	AWS_ENDPOINT_URL=$S3_ENDPOINT
	export S3_ENDPOINT S3_PORT S3_KEY S3_SECRET S3_REGION
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
	export AWS_DEFAULT_REGION AWS_ENDPOINT_URL
}

# s3_ask [-H NAME:VALUE]... [-b FILE] METHOD PATH[?QUERY]: a signed request of
# nobody's client; the body to stdout, status and fields to stderr. Fails when
# the status is not 2xx.
s3_ask () {
	/usr/bin/python3 -S "$TEST_DIRECTORY"/helper/s3-ask.py "$@"
}

# make_bucket NAME...
make_bucket () {
	for test_bucket
	do
		s3_ask PUT "/$test_bucket" >&4 2>&1 || return 1
	done
}

# bucket_conf ENDPOINT [LINE...]: resutil-conf.yaml of the project `project`, in
# the bucket `bucket`; LINEs of storage_config besides.
bucket_conf () {
	cat >resutil-conf.yaml <<-END &&
	project_name: project
	results_dir: results
	storage_type: s3
	storage_config:
	  bucket_name: bucket
	  endpoint_url: $1
	END
	shift &&
	for bucket_line
	do
		echo "  $bucket_line" || return 1
	done >>resutil-conf.yaml
}
