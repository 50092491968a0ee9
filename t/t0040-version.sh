#!/bin/sh

test_description='version'

. ./test-lib.sh

release=$(sed -n 's/^RELEASE = //p' "$SOURCE_DIRECTORY"/Makefile)
version=$(sh "$SOURCE_DIRECTORY"/tools/version "$release")

test_expect_success 'version, --version: the one of the build' '
	test -n "$version" &&
	echo "resutil version $version" >expect &&
	resutil version >actual &&
	test_cmp expect actual &&
	resutil --version >actual &&
	test_cmp expect actual
'

test_expect_success '--build-options: how it was built, with what' '
	resutil version --build-options >out &&
	head -n 1 out >first &&
	test_cmp expect first &&
	test_grep "^compiler: [a-z]* [0-9]" out &&
	test_grep "^libyaml: [0-9][0-9.]*$" out &&
	test_grep "^jansson: [0-9][0-9.]*$" out &&
	test_grep -E "^libcrypto: ([0-9][0-9.]*|missing)$" out &&
	test_grep -E "^libcurl: ([0-9][0-9.]*|missing)$" out &&
	test_grep -E "^libexpat: ([0-9][0-9.]*|missing)$" out &&
	test_grep -E "^static: (true|false)$" out &&
	test_grep "^libexec: $BUILD_DIRECTORY/libexec$" out &&
	test_grep -E "^deflate: (ISA-L, )?(libdeflate, )?zlib$" out &&
	test_grep "^resutil-edit: there$" out
'

test_expect_success 'it tells a build for tests' '
	if grep -q RESUTIL_TEST_FAULT "$BUILD_DIRECTORY/resutil"
	then
		test_grep "^fault_points: true$" out
	else
		test_grep "^fault_points: false$" out
	fi &&
	if test_have_prereq SANITIZED
	then
		test_grep "^sanitizer: address$" out
	else
		test_grep "^sanitizer: none$" out
	fi
'

test_expect_success 'a program that is missing is said to be so' '
	mkdir -p alone/libexec &&
	cp "$BUILD_DIRECTORY"/resutil alone/ &&
	alone/resutil version --build-options >out &&
	test_grep "^resutil-edit: missing$" out &&
	test_grep "^libexec: $PWD/alone/libexec$" out
'

test_expect_success PYTHON '--json' '
	resutil version --json >actual &&
	echo "{\"version\":\"$version\"}" >expect &&
	test_cmp expect actual &&
	resutil version --json --build-options >json &&
	python3 -c "
import json
v = json.load(open(\"json\"))
o = v[\"build_options\"]
assert v[\"version\"] == \"$version\"
assert o[\"libraries\"][\"jansson\"][0].isdigit()
assert isinstance(o[\"fault_points\"], bool)
assert o[\"deflate\"].split(\", \")[-1] == \"zlib\"
assert o[\"programs\"][\"resutil-edit\"] == \"there\"
assert set(o[\"programs\"].values()) == {\"there\"}
"
'

test_expect_success 'arguments are refused' '
	test_expect_code 129 resutil version list 2>err &&
	test_grep "unexpected argument .list." err
'

test_done
