#!/bin/sh

test_description='programs of votakvot run with its name and with ours'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

python_units test_readme.py

# build HOOK FROM TO: as pip asks the backend of the sources in FROM
build () {
	mkdir -p "$3" &&
	(
		cd "$2" &&
		PYTHONPATH=build_backend "$PYTHON" -c "import backend
print(backend.$1(\"$3\"))"
	)
}

test_expect_success PYTHON 'its distribution: a wheel, also from an sdist' '
	version=$("$PYTHON" -c "import resutil; print(resutil.__version__)") &&
	shim=$SOURCE_DIRECTORY/python/votakvot-shim &&
	build build_wheel "$shim" "$PWD/one" >name &&
	echo "votakvot-$version-py3-none-any.whl" >expect &&
	test_cmp expect name &&
	"$PYTHON" -m zipfile -e one/*.whl tree &&
	find tree/votakvot -name "*.py" | sort >actual &&
	printf "tree/votakvot/%s.py\n" __init__ core data >expect &&
	test_cmp expect actual &&
	test_grep "^Requires-Dist: resutil (==$version)" tree/*.dist-info/METADATA &&
	build build_sdist "$shim" "$PWD/two" &&
	tar -x -f two/*.tar.gz &&
	build build_wheel "$PWD/votakvot-$version" "$PWD/three" &&
	cmp one/*.whl three/*.whl
'

test_done
