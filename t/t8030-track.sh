#!/bin/sh

test_description='Python: track, run, inform, attach, as votakvot has them'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

python_units test_values.py test_binding.py test_attach.py test_track.py

test_done
