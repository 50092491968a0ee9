#!/bin/sh

test_description='Drive: several machines at one name, some of which are killed'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-drive-claims.sh

# Who watches a dead one waits no longer.
RESUTIL_TEST_GDRIVE_CLAIM=1500
export RESUTIL_TEST_GDRIVE_CLAIM

races () {
	/usr/bin/python3 "$TEST_DIRECTORY"/helper/drive-races.py "$GOOGLE" \
		"$base" "$@" >said || { cat said >&4; return 1; }
	cat said >&4
}

test_expect_success 'setup: a shared drive, three machines of three projects' '
	start_drive && claim_accounts a b c
'

test_expect_success '50 races: at most one wins, and what was done is there' '
	races "${RESUTIL_TEST_SEED:-$$}" 50 a b c
'

test_expect_success 'the same where listings lag behind, in order' '
	google_admin drive "{\"lag\": 4}" >&4 &&
	races "lag-${RESUTIL_TEST_SEED:-$$}" 10 a b c
'

test_done
