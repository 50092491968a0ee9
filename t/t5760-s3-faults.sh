#!/bin/sh

test_description='store contract: s3, while the network and the server fail

Each kind of failure comes every so many requests, so that after some thousand
of them each kind of request has met each.'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

# schedule: numbers without a common divisor, so that they fall together rarely
schedule () {
	every="\"every\"" &&
	proxy_rules "{\"path\": \"resutil-test-[0-9a-f]*/$once/\", \"delay\": 0}" \
		"{$every: 29, \"status\": 503, \"body\": \"<Error>
		<Code>SlowDown</Code></Error>\"}" \
		"{$every: 31, \"status\": 500}" \
		"{$every: 37, \"reset_down\": 0}" \
		"{$every: 41, \"method\": \"PUT|POST\", \"reset_up\": 0}" \
		"{$every: 43, \"method\": \"PUT|POST\", \"reset_up\": 3}" \
		"{$every: 47, \"method\": \"PUT|POST|DELETE\", \"lose\": true}" \
		"{$every: 53, \"method\": \"GET\", \"short\": 1}" \
		"{$every: 59, \"method\": \"GET\", \"reset_down\": 70000}" \
		"{$every: 61, \"status\": 502, \"body\": \"<html>bad gateway\",
			\"fields\": {\"Content-Type\": \"text/html\"}}" \
		"{$every: 67, \"status\": 504, \"early\": true}" \
		"{$every: 71, \"close\": true}" \
		"{$every: 73, \"method\": \"PUT\", \"early\": true, \"status\": 408}" \
		"{\"nth\": [20, 400, 1200], \"status\": 429,
			\"fields\": {\"Retry-After\": \"1\"}}"
}

# What can be read once cannot be sent again, so nothing happens to it.
test_expect_success 'setup: a server behind a bad network' '
	mkdir dir && resutil test-store "dir:$PWD/dir" >plain &&
	once=$(sed -n "s/^ok \([0-9]*\) - a source that can be read once.*/\1/p" \
		plain) && test -n "$once" && start_radosgw && make_bucket lab &&
	start_proxy "$S3_ENDPOINT" && AWS_ENDPOINT_URL=$PROXY && schedule
'

STORE_URL=s3://lab/some/prefix
. "$TEST_DIRECTORY"/lib-transport.sh

test_expect_success 'each failure has happened' '
	count_requests "rule is not None" rule | sort -n | uniq >met &&
	seq 0 13 >want && test_cmp want met
'

test_done
