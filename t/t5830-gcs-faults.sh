#!/bin/sh

test_description='store contract: Cloud Storage, while network and service fail

Each kind of failure comes every so many requests, so that after some thousand
of them each kind of request has met each. Pieces of uploads are small.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
. "$TEST_DIRECTORY"/lib-google-luck.sh

RESUTIL_TEST_GOOGLE_PIECE=1048576
export RESUTIL_TEST_GOOGLE_PIECE

# spare SENTENCE: adds the number of a clause to those that nothing happens to
spare () {
	nr=$(sed -n "s/^ok \([0-9]*\) - $1.*/\1/p" plain) && test -n "$nr" &&
	spared=${spared:+$spared|}$nr
}

# What can be read once cannot be sent again; and after a request to remove
# without an answer nobody knows who has removed it.
test_expect_success 'setup: a bucket behind a bad network' '
	mkdir dir && resutil test-store "dir:$PWD/dir" >plain &&
	spare "a source that can be read once" &&
	spare "a version is removed, and no other" &&
	start_gcs && gcs_bucket lab && google_key key.json &&
	start_proxy "$GCS_ROOT" && google_trust "${PROXY#http://}" &&
	bad_network "\"path\": \"resutil-test-[0-9a-f]*%2F($spared)%2F\""
'

STORE_URL="gs://lab/some/prefix?api_root=$PROXY&key_file_path=key.json"
. "$TEST_DIRECTORY"/lib-transport.sh

test_expect_success 'each failure has happened' '
	count_requests "rule is not None" rule | sort -n | uniq >met &&
	seq 0 16 >want && test_cmp want met
'

test_done
