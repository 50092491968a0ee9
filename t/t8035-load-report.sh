#!/bin/sh

test_description='Python: trials and reports of trees and stores'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

python_units test_report.py test_load.py

test_done
