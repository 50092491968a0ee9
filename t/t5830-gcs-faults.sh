#!/bin/sh

test_description='store contract: Cloud Storage, while network and service fail

Each kind of failure comes every so many requests, so that after some thousand
of them each kind of request has met each. Pieces of uploads are small.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh

RESUTIL_TEST_GOOGLE_PIECE=1048576
export RESUTIL_TEST_GOOGLE_PIECE

limit='"{\"error\": {\"code\": 403, \"message\": \"slow down\", \"errors\":
	[{\"reason\": \"rateLimitExceeded\", \"domain\": \"usageLimits\"}]}}"'
expired='"{\"error\": {\"code\": 401, \"message\": \"Invalid Credentials\",
	\"errors\": [{\"reason\": \"authError\"}]}}"'

# schedule: numbers without a common divisor, so that they fall together rarely
schedule () {
	every="\"every\"" put="\"method\": \"PUT|POST\"" &&
	proxy_rules "{\"path\": \"resutil-test-[0-9a-f]*%2F($spared)%2F\", \"delay\": 0}" \
		"{$every: 29, \"status\": 503}" \
		"{$every: 31, \"status\": 500, \"body\": \"backend error\"}" \
		"{$every: 37, \"reset_down\": 0}" \
		"{$every: 41, $put, \"reset_up\": 0}" \
		"{$every: 43, $put, \"reset_up\": 300000}" \
		"{$every: 47, \"method\": \"PUT|POST|DELETE\", \"lose\": true}" \
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
		"{\"nth\": [20, 400, 1200], \"status\": 429,
			\"fields\": {\"Retry-After\": \"1\"}}"
}

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
	start_proxy "$GCS_ROOT" && google_trust "${PROXY#http://}" && schedule
'

STORE_URL="gs://lab/some/prefix?api_root=$PROXY&key_file_path=key.json"
. "$TEST_DIRECTORY"/lib-transport.sh

test_expect_success 'each failure has happened' '
	count_requests "rule is not None" rule | sort -n | uniq >met &&
	seq 0 16 >want && test_cmp want met
'

test_done
