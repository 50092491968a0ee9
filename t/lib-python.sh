# The interpreters to test the Python package with. Sourced after test-lib.sh.
#
# $PYTHON		the one that the distribution's packages are for
# $PLAIN_PYTHON		one that finds no package beside its standard library
#
# Both find the package of these sources, and write no compiled files there.
# Prereqs: PYTHON, PANDAS, SKLEARN.

PYTHON=/usr/bin/python3
test -x "$PYTHON" || PYTHON=$(command -v python3) || PYTHON=python3
PLAIN_PYTHON=$TEST_TOP_DIRECTORY/plain/bin/python3
PYTHONPATH=$SOURCE_DIRECTORY/python
PYTHONDONTWRITEBYTECODE=1
export PYTHON PLAIN_PYTHON PYTHONPATH PYTHONDONTWRITEBYTECODE
unset PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS PYTHONINSPECT VIRTUAL_ENV

# Where there is no venv(1): what it starts itself finds packages, then.
"$PYTHON" -I -m venv --without-pip "$TEST_TOP_DIRECTORY/plain" 2>/dev/null || {
	mkdir -p "$TEST_TOP_DIRECTORY/plain/bin"
	printf '#!/bin/sh\nexec "%s" -S "$@"\n' "$PYTHON" >"$PLAIN_PYTHON"
	chmod +x "$PLAIN_PYTHON"
}

test_lazy_prereq PYTHON '"$PYTHON" -c "import sys
assert sys.version_info >= (3, 8)"'
test_lazy_prereq PANDAS '"$PYTHON" -c "import pandas"'
test_lazy_prereq SKLEARN '"$PYTHON" -c "import sklearn"'

# python_units FILE...: files of python/tests, under each interpreter.
python_units () {
	for python_file
	do
		test_expect_success PYTHON "$python_file: $PYTHON" "
			\"\$PYTHON\" -W error::ResourceWarning \
				\"\$SOURCE_DIRECTORY/python/tests/$python_file\" -v
		"
		test_expect_success PYTHON "$python_file: without packages" "
			\"\$PLAIN_PYTHON\" \
				\"\$SOURCE_DIRECTORY/python/tests/$python_file\" -v
		"
	done
}
