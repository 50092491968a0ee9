#!/bin/sh

test_description='store contract: dir'
. ./test-lib.sh

mkdir "$TRASH_DIRECTORY/store"
STORE_URL="dir:$TRASH_DIRECTORY/store"
. "$TEST_DIRECTORY"/lib-transport.sh

test_expect_success 'nothing but the lock file is left in the directory' '
	echo store/.resutil-lock >want && find store -type f >files &&
	test_cmp want files && echo store >want &&
	find store -type d >directories && test_cmp want directories
'

test_done
