#!/bin/sh

test_description='programs of votakvot run with its name and with ours'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

python_units test_readme.py

test_done
