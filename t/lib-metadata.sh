# A service that hands out keys (helper/metadata-server.py).
. "$TEST_DIRECTORY"/lib-http.sh

# start_metadata: sets METADATA (its URL), METADATA_RULES and METADATA_LOG.
start_metadata () {
	test_new_server &&
	METADATA_RULES=$test_server_dir/rules &&
	METADATA_LOG=$test_server_dir/log &&
	start_server "$test_server_dir/port" /usr/bin/python3 \
		"$TEST_DIRECTORY/helper/metadata-server.py" \
		"$test_server_dir/port" "$METADATA_RULES" "$METADATA_LOG" &&
	METADATA=http://127.0.0.1:$(cat "$test_server_dir/port")
}

# metadata_rules JSON: from now on; the log begins anew.
metadata_rules () {
	echo "$1" >"$METADATA_RULES.new" &&
	mv "$METADATA_RULES.new" "$METADATA_RULES" &&
	: >"$METADATA_LOG"
}

# metadata_asked NR: so many requests since then.
metadata_asked () {
	test_line_count = "$1" "$METADATA_LOG"
}
