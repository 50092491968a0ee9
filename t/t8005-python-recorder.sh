#!/bin/sh

test_description='the Python package: the client of the recorder'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

python_units test_recorder.py

test_done
