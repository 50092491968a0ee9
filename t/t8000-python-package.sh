#!/bin/sh

test_description='the Python package: what it is made of, and its distribution'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh

package=$SOURCE_DIRECTORY/python

# So that what runs without packages is seen to.
test_expect_success PYTHON 'the plain interpreter finds no packages' '
	"$PLAIN_PYTHON" -c "import resutil" &&
	test_expect_code 1 "$PLAIN_PYTHON" -c "import yaml" &&
	test_expect_code 1 "$PLAIN_PYTHON" -c "import pandas"
'

test_expect_success PYTHON 'it is Python 3.8' '
	cat >check.py <<-\END &&
	import ast
	import sys

	for path in sys.argv[1:]:
	    with open(path, encoding="utf-8") as f:
	        ast.parse(f.read(), path, feature_version=(3, 8))
	END
	find "$package" -name "*.py" >files &&
	test -s files &&
	xargs "$PYTHON" check.py <files
'

# What the syntax does not show: names that came with a later Python.
test_expect_success PYTHON 'it uses nothing newer than Python 3.8' '
	cat >check.py <<-\END &&
	import ast
	import sys

	NEWER = {
	    "removeprefix", "removesuffix", "stdlib_module_names", "randbytes",
	    "waitstatus_to_exitcode", "to_thread", "is_relative_to",
	    "with_stem", "pidfd_open", "bit_count", "get_annotations",
	    "aclosing", "batched", "pairwise", "add_note", "exc_info_from",
	}
	KEYWORDS = {"ignore_cleanup_errors", "slots", "kw_only",
	            "usedforsecurity", "root_dir", "cancel_futures"}
	BUILTINS = {"list", "dict", "set", "tuple", "frozenset", "type"}
	for path in sys.argv[1:]:
	    with open(path, encoding="utf-8") as f:
	        tree = ast.parse(f.read(), path)
	    for node in ast.walk(tree):
	        # strings of annotations are never evaluated
	        for part in ("annotation", "returns"):
	            if getattr(node, part, None) is not None:
	                setattr(node, part, None)
	    for node in ast.walk(tree):
	        wrong = None
	        if isinstance(node, ast.Attribute) and node.attr in NEWER:
	            wrong = node.attr
	        elif isinstance(node, ast.keyword) and node.arg in KEYWORDS:
	            wrong = node.arg
	        elif (isinstance(node, ast.Subscript) and
	              isinstance(node.value, ast.Name) and
	              node.value.id in BUILTINS):
	            wrong = node.value.id + "[]"
	        if wrong:
	            line = getattr(node, "lineno", 0)
	            print(f"{path}:{line}: {wrong}")
	END
	find "$package/resutil" -name "*.py" >files &&
	xargs "$PYTHON" check.py <files >newer &&
	test_must_be_empty newer
'

test_expect_success PYTHON 'nothing is imported but the standard library' '
	cat >check.py <<-\END &&
	import ast
	import sys

	# told since Python 3.10
	if not hasattr(sys, "stdlib_module_names"):
	    sys.exit()
	known = set(sys.stdlib_module_names) | {"resutil", "pandas", "gevent"}
	for path in sys.argv[1:]:
	    with open(path, encoding="utf-8") as f:
	        tree = ast.parse(f.read(), path)
	    for node in ast.walk(tree):
	        names = []
	        if isinstance(node, ast.Import):
	            names = [alias.name for alias in node.names]
	        elif isinstance(node, ast.ImportFrom) and not node.level:
	            names = [node.module]
	        for name in names:
	            if name.split(".")[0] not in known:
	                print(f"{path}:{node.lineno}: {name}")
	END
	find "$package/resutil" -name "*.py" >files &&
	xargs "$PYTHON" check.py <files >foreign &&
	test_must_be_empty foreign
'

test_expect_success PYTHON 'lines have 79 columns, names have docstrings' '
	cat >check.py <<-\END &&
	import ast
	import sys

	KINDS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
	for path in sys.argv[1:]:
	    with open(path, encoding="utf-8") as f:
	        text = f.read()
	    for nr, line in enumerate(text.split("\n"), 1):
	        if len(line) > 79:
	            print(f"{path}:{nr}: {len(line)} columns")
	    tree = ast.parse(text, path)
	    if not ast.get_docstring(tree):
	        print(f"{path}: no docstring")
	    module = path.rsplit("/", 1)[1]
	    for node in tree.body:
	        if (isinstance(node, KINDS) and not node.name.startswith("_")
	                and not module.startswith("_")
	                and not ast.get_docstring(node)):
	            print(f"{path}:{node.lineno}: {node.name} has no docstring")
	END
	find "$package/resutil" -name "*.py" >files &&
	xargs "$PYTHON" check.py <files >findings &&
	test_must_be_empty findings
'

test_expect_success PYTHON 'its version is that of the program' '
	"$PYTHON" -c "import resutil; print(resutil.__version__)" >actual &&
	sed -n "s/^RELEASE = //p" "$SOURCE_DIRECTORY"/Makefile >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON 'an import loads no more than it must' '
	"$PYTHON" -c "
import sys
before = set(sys.modules)
import resutil
print(*sorted(m for m in set(sys.modules) - before
              if m.startswith(\"resutil.\")), sep=\"\n\")
print(\"pandas\" in sys.modules)
	" >loaded &&
	cat >expect <<-\END &&
	resutil._flags
	resutil._program
	resutil._talk
	False
	END
	test_cmp expect loaded
'

test_expect_success PYTHON 'all names that it promises are there' '
	"$PYTHON" -c "
import resutil
for name in resutil.__all__:
    getattr(resutil, name)
try:
    resutil.nothing
except AttributeError:
    print(\"well\")
	" >out &&
	test_grep well out
'

test_expect_success PYTHON 'a missing program is told when something is recorded' '
	cat >use.py <<-\END &&
	import resutil

	@resutil.main()
	def main_func(params):
	    print("ran")

	main_func()
	END
	dirname "$PYTHON" >dir &&
	mkdir only &&
	ln -s "$PYTHON" only/python3 &&
	test_expect_code 1 env PATH="$PWD/only" python3 use.py >out 2>err &&
	test_must_be_empty out &&
	test_grep "resutil.*is not on PATH" err &&
	test_grep "make install" err &&
	test_grep RESUTIL_BIN err
'

test_expect_success PYTHON 'the Python tool of that name is not taken for it' '
	mkdir other &&
	write_script other/resutil <<-\END &&
	echo "usage: resutil [-h] {init,push,pull}" >&2
	exit 2
	END
	test_expect_code 1 env PATH="$PWD/other:$PATH" "$PYTHON" use.py \
		>out 2>err &&
	test_must_be_empty out &&
	test_grep "other/resutil. is not the program" err
'

test_expect_success PYTHON 'python -m resutil is the program' '
	"$PYTHON" -m resutil version >actual &&
	resutil version >expect &&
	test_cmp expect actual &&
	test_expect_code 129 "$PYTHON" -m resutil nonsense 2>err &&
	make_project words >/dev/null &&
	"$PYTHON" -m resutil -C words run --resutil_comment kept -- true &&
	resutil -C words list-exps >names &&
	test_grep "_kept$" names &&
	test_expect_code 127 env PATH="$PWD/only" python3 -m resutil version \
		2>err &&
	test_grep "^resutil: .*make install" err
'

# One environment for both ways to install: making it takes seconds.
pip=$TEST_TOP_DIRECTORY/pip
test_lazy_prereq PIP '
	"$PYTHON" -m venv "$pip" && "$pip"/bin/python -m pip --version
'

build () {
	"$PYTHON" -c "
import sys
sys.path.insert(0, \"$package/build_backend\")
import backend
print(backend.$1(\"$2\"))
"
}

test_expect_success PYTHON 'a wheel has the package, and the scripts' '
	mkdir wheel &&
	build build_wheel wheel >name &&
	"$PYTHON" -m zipfile -l "wheel/$(cat name)" >list &&
	test_grep "^resutil/__init__.py" list &&
	test_grep "^resutil/py.typed" list &&
	test_grep ! tests list &&
	test_grep ! pycache list &&
	"$PYTHON" -m zipfile -e "wheel/$(cat name)" unpacked &&
	test_grep "^resutil-ab = resutil.ab:main" \
		unpacked/resutil-*.dist-info/entry_points.txt &&
	test_grep "^votakvot-ab = resutil.ab:main" \
		unpacked/resutil-*.dist-info/entry_points.txt
'

test_expect_success PYTHON 'the record of the wheel names each file as it is' '
	cat >check.py <<-\END &&
	import base64, csv, glob, hashlib, os

	os.chdir("unpacked")
	with open(glob.glob("*.dist-info/RECORD")[0]) as f:
	    rows = {row[0]: row[1:] for row in csv.reader(f)}
	found = {os.path.relpath(os.path.join(top, name), ".")
	         for top, _, names in os.walk(".") for name in names}
	assert set(rows) == found, set(rows) ^ found
	for path, (digest, size) in rows.items():
	    if path.endswith("/RECORD"):
	        assert (digest, size) == ("", "")
	        continue
	    with open(path, "rb") as f:
	        data = f.read()
	    want = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
	    assert digest == "sha256=" + want.decode().rstrip("="), path
	    assert int(size) == len(data), path
	END
	"$PYTHON" check.py
'

test_expect_success PYTHON 'the same sources give the same bytes' '
	mkdir again &&
	build build_wheel again >name &&
	test_cmp_bin "wheel/$(cat name)" "again/$(cat name)" &&
	mkdir sdist1 sdist2 &&
	build build_sdist sdist1 >name &&
	build build_sdist sdist2 &&
	test_cmp_bin "sdist1/$(cat name)" "sdist2/$(cat name)"
'

test_expect_success PYTHON 'a wheel made from the sdist is the same one' '
	mkdir from-sdist fresh &&
	tar -xzf sdist1/resutil-*.tar.gz -C from-sdist &&
	ls from-sdist >top &&
	test_line_count = 1 top &&
	saved=$package &&
	package=$PWD/from-sdist/$(cat top) &&
	test_when_finished "package=$saved" &&
	build build_wheel fresh >name &&
	test_cmp_bin "wheel/$(cat name)" "fresh/$(cat name)"
'

test_expect_success PYTHON,PIP 'pip installs it without a network' '
	find "$package" -name __pycache__ -prune -o -print | sort >before &&
	env -u PYTHONPATH "$pip"/bin/python -m pip install -q --no-index \
		"$package" 2>err &&
	find "$package" -name __pycache__ -prune -o -print | sort >after &&
	test_cmp before after &&
	env -u PYTHONPATH "$pip"/bin/python \
		-c "import resutil; print(resutil.__file__)" >out &&
	test_grep "/pip/lib.*/site-packages/resutil/" out &&
	test_path_is_file "$pip"/bin/resutil-ab &&
	test_path_is_file "$pip"/bin/votakvot-ab &&
	test_path_is_missing "$pip"/bin/resutil
'

test_expect_success PYTHON,PIP 'pip installs it so that it can be edited' '
	env -u PYTHONPATH "$pip"/bin/python -m pip install -q --no-index \
		-e "$package" 2>err &&
	env -u PYTHONPATH "$pip"/bin/python \
		-c "import resutil; print(resutil.__file__)" >out &&
	echo "$package/resutil/__init__.py" >expect &&
	test_cmp expect out
'

python_units test_typed.py test_flags.py

test_done
