# Clients of Cloud Storage that others wrote: what Google makes for JavaScript
# (their_node), Google's library for tokens in Python (their_python), and rclone
# (their_rclone; the remotes are t: and, for nobody, a:). All go to the server
# that start_gcs started, with the key file $key, and ask for nothing but what
# stands here.

. "$TEST_DIRECTORY"/lib-google.sh

their_node () {
	node_client gcs "$GCS_ROOT" "$key" "$@"
}

# ... where it believes that it speaks with Google
their_node_there () {
	http_proxy=$GCS_ROOT node_client gcs http://storage.googleapis.com \
		"$key" "$@"
}

their_python () {
	/usr/bin/python3 "$TEST_DIRECTORY/helper/google-client.py" "$key" \
		"$GCS_ROOT" "$@"
}

their_rclone () {
	RCLONE_CONFIG=/dev/null \
	RCLONE_CONFIG_T_TYPE="google cloud storage" \
	RCLONE_CONFIG_T_ENDPOINT="$GCS_ROOT/storage/v1/" \
	RCLONE_CONFIG_T_SERVICE_ACCOUNT_FILE="$key" \
	RCLONE_CONFIG_T_BUCKET_POLICY_ONLY=true \
	RCLONE_CONFIG_A_TYPE="google cloud storage" \
	RCLONE_CONFIG_A_ENDPOINT="$GCS_ROOT/storage/v1/" \
	RCLONE_CONFIG_A_ANONYMOUS=true \
	rclone --retries 1 --low-level-retries 1 "$@"
}

# store BUCKET[/PREFIX]: its URL for --remote
store () {
	echo "gs://$1?api_root=$GCS_ROOT&key_file_path=$key"
}
