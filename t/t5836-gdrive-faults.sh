#!/bin/sh

test_description='store contract: Drive, while network and service fail

Each kind of failure comes every so many requests, so that after some thousand
of them each kind of request has met each. Pieces of uploads are small.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

RESUTIL_TEST_GOOGLE_PIECE=2097152
export RESUTIL_TEST_GOOGLE_PIECE

limit='"{\"error\": {\"code\": 403, \"message\": \"slow down\", \"errors\":
	[{\"reason\": \"rateLimitExceeded\", \"domain\": \"usageLimits\"}]}}"'
expired='"{\"error\": {\"code\": 401, \"message\": \"Invalid Credentials\",
	\"errors\": [{\"reason\": \"authError\"}]}}"'

# schedule: numbers without a common divisor, so that they fall together rarely
schedule () {
	every="\"every\"" put="\"method\": \"PUT|POST|PATCH\"" &&
	proxy_rules "{\"head\": \"content-length: 200[3-9]..\\\\s\", \"delay\": 0}" \
		"{$every: 29, \"status\": 503}" \
		"{$every: 31, \"status\": 500, \"body\": \"backend error\"}" \
		"{$every: 37, \"reset_down\": 0}" \
		"{$every: 41, $put, \"reset_up\": 0}" \
		"{$every: 43, $put, \"reset_up\": 300000}" \
		"{$every: 47, \"method\": \"PUT|POST|PATCH|DELETE\", \"lose\": true}" \
		"{$every: 53, \"method\": \"GET\", \"short\": 1}" \
		"{$every: 59, \"method\": \"GET\", \"reset_down\": 70000}" \
		"{$every: 61, \"status\": 502, \"body\": \"<html>bad gateway\",
			\"fields\": {\"Content-Type\": \"text/html\"}}" \
		"{$every: 67, \"status\": 504, \"early\": true}" \
		"{$every: 71, \"close\": true}" \
		"{$every: 73, $put, \"early\": true, \"status\": 408}" \
		"{$every: 79, \"status\": 403, \"body\": $limit}" \
		"{$every: 83, \"head\": \"authorization\", \"status\": 401,
			\"body\": $expired}" \
		"{$every: 89, \"method\": \"POST\", \"corrupt_up\": 200000}" \
		"{\"nth\": [20, 1200], \"status\": 429,
			\"fields\": {\"Retry-After\": \"1\"}}"
}

# What can be read once (200,000 bytes) cannot be sent again, so nothing happens
# to it.
test_expect_success 'setup: a shared drive behind a bad network' '
	start_drive && base=$(drive_shared lab) && google_key key.json &&
	start_proxy "$DRIVE_ROOT" && google_trust "${PROXY#http://}" && schedule
'

STORE_URL="gdrive://$base?api_root=$PROXY&key_file_path=key.json"
. "$TEST_DIRECTORY"/lib-transport.sh

test_expect_success 'each failure has happened' '
	count_requests "rule is not None" rule | sort -n | uniq >met &&
	seq 0 16 >want && test_cmp want met
'

test_done
