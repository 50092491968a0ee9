#!/bin/sh

test_description='two clones and a bucket: nothing that was said to be done is lost

What t9120 does with a directory: random afternoons of two people, commands that
die, a bucket that is not there for a while (t/helper/random-sharing.py).
RESUTIL_TEST_SEEDS says how many seeds are tried, from RESUTIL_TEST_SEED on.
'
seeds=${RESUTIL_TEST_SEEDS:-2} first=${RESUTIL_TEST_SEED:-1}
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
unset RESUTIL_NO_REMOTE

# share ROOT NAME [PROGRAM]
share () {
	root=$1 name=$2 seed=$first last=$((first + seeds - 1)) &&
	shift 2 &&
	while test "$seed" -le "$last"
	do
		gcs_bucket "$name-$seed" &&
		/usr/bin/python3 "$TEST_DIRECTORY/helper/random-sharing.py" \
			--gcs="$GOOGLE,$root,$PWD/key.json,$name-$seed" \
			"$seed" 40 "scratch-$name-$seed" "$@" || {
			echo "RESUTIL_TEST_SEED=$seed"
			return 1
		}
		seed=$((seed + 1))
	done
}

test_expect_success 'setup' '
	start_gcs && google_key key.json &&
	start_proxy "$GCS_ROOT" && google_trust "${PROXY#http://}"
'

test_expect_success "$seeds afternoons of two people" '
	share "$GCS_ROOT" good
'

test_expect_success FAULTS "$seeds bad ones" '
	share "$GCS_ROOT" bad "$FAULTY_DIRECTORY/resutil"
'

test_expect_success "$seeds on a line that fails" '
	proxy_rules "{\"every\": 11, \"lose\": true}" \
		"{\"every\": 13, \"status\": 503}" \
		"{\"every\": 17, \"reset_up\": 0}" \
		"{\"every\": 19, \"method\": \"GET\", \"short\": 20}" \
		"{\"every\": 23, \"close\": true}" &&
	share "$PROXY" line
'

test_done
