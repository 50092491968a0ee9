#!/bin/sh

test_description='store contract: Drive, while network and service fail

Each kind of failure comes every so many requests, so that after some thousand
of them each kind of request has met each. Pieces of uploads are small.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
. "$TEST_DIRECTORY"/lib-google-luck.sh

RESUTIL_TEST_GOOGLE_PIECE=2097152
export RESUTIL_TEST_GOOGLE_PIECE

# What can be read once (200,000 bytes) cannot be sent again, so nothing happens
# to it.
test_expect_success 'setup: a shared drive behind a bad network' '
	start_drive && base=$(drive_shared lab) && google_key key.json &&
	start_proxy "$DRIVE_ROOT" && google_trust "${PROXY#http://}" &&
	bad_network "\"head\": \"content-length: 200[3-9]..\\\\s\""
'

STORE_URL="gdrive://$base?api_root=$PROXY&key_file_path=key.json"
. "$TEST_DIRECTORY"/lib-transport.sh

test_expect_success 'each failure has happened' '
	count_requests "rule is not None" rule | sort -n | uniq >met &&
	seq 0 16 >want && test_cmp want met
'

test_done
