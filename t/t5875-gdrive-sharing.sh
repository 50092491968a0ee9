#!/bin/sh

test_description='two clones and a Drive: nothing that was said to be done is lost

What t9120 does with a directory: random afternoons of two people, commands that
die, a folder that is shared no more for a while (t/helper/random-sharing.py).
RESUTIL_TEST_SEEDS says how many seeds are tried, from RESUTIL_TEST_SEED on.
'
seeds=${RESUTIL_TEST_SEEDS:-2} first=${RESUTIL_TEST_SEED:-1}
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-google.sh
unset RESUTIL_NO_REMOTE

# Who watches a dead one waits no longer.
RESUTIL_TEST_GDRIVE_CLAIM=1000
export RESUTIL_TEST_GDRIVE_CLAIM

share () {
	seed=$first last=$((first + seeds - 1)) &&
	while test "$seed" -le "$last"
	do
		folder=$(drive_folder "seed-$seed" "$team") &&
		drive_share "$folder" "$GOOGLE_ACCOUNT" fileOrganizer &&
		/usr/bin/python3 "$TEST_DIRECTORY/helper/random-sharing.py" \
			--drive="$GOOGLE,$DRIVE_ROOT,$PWD/key.json,$folder" \
			"$seed" "$steps" "scratch-$seed" "$@" || {
			echo "RESUTIL_TEST_SEED=$seed"
			return 1
		}
		seed=$((seed + 1))
	done
}

test_expect_success 'setup: a shared drive, where we are shared folders of' '
	start_drive && google_key key.json &&
	team=$(drive_made drive_shared "{\"name\": \"team\"}")
'

test_expect_success "$seeds afternoons of two people" '
	steps=60 && share
'

test_expect_success FAULTS "$seeds bad ones" '
	steps=40 && share "$FAULTY_DIRECTORY/resutil"
'

test_expect_success "$seeds where listings lag behind" '
	google_admin drive "{\"lag\": 2}" && steps=40 && share
'

test_done
