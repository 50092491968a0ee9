#!/bin/sh

test_description='the start-up budget: what the programs are linked with

A library costs time in every start, so resutil has only those that recording
needs; what else a command wants stands in a program under libexec/ or is
opened when it is first used.'

. ./test-lib.sh

# Names of the libraries of a program, one a line, without the versions.
needed () {
	readelf -d "$1" >dynamic &&
	sed -n 's/.*(NEEDED).*\[\([^]]*\)\.so.*\].*/\1/p' dynamic | sort
}

test_expect_success !SANITIZED 'resutil has libc, libyaml and jansson only' '
	needed "$BUILD_DIRECTORY/resutil" >actual &&
	cat >expect <<-\END &&
	libc
	libjansson
	libyaml-0
	END
	test_cmp expect actual
'

test_expect_success !SANITIZED 'resutil-edit has libedit besides' '
	needed "$BUILD_DIRECTORY/libexec/resutil-edit" >actual &&
	grep -x libedit actual &&
	grep -v -x -e libedit actual >rest &&
	test_must_fail grep -v -x -e libc -e libjansson -e libyaml-0 rest
'

test_expect_success !SANITIZED 'resutil-index has those, SQLite and libm' '
	needed "$BUILD_DIRECTORY/libexec/resutil-index" >actual &&
	grep -v -x -e libsqlite3 -e libm -e libisal -e libdeflate -e libz \
		actual >rest &&
	test_must_fail grep -v -x -e libc -e libjansson -e libyaml-0 rest
'

test_expect_success !SANITIZED 'resutil-pack has the deflate libraries besides' '
	needed "$BUILD_DIRECTORY/libexec/resutil-pack" >actual &&
	grep -v -x -e libisal -e libdeflate -e libz actual >rest &&
	test_must_fail grep -v -x -e libc -e libjansson -e libyaml-0 rest
'

test_expect_success 'libcrypto is opened at the first hash, not at the start' '
	needed "$BUILD_DIRECTORY/resutil" >actual &&
	test_must_fail grep libcrypto actual
'

# A store in a directory is reached without them.
test_expect_success !SANITIZED 'so are libcurl and expat, at the first request' '
	needed "$BUILD_DIRECTORY/libexec/resutil-pack" >actual &&
	test_must_fail grep -e libcurl -e libexpat actual &&
	mkdir store &&
	LD_DEBUG=files LD_DEBUG_OUTPUT=loaded-dir \
		resutil list-objects --remote "dir:$PWD/store" >out &&
	cat loaded-dir.* >all &&
	test_must_fail grep -e libcurl -e libexpat all
'

# The loader says what it maps, libraries that others pull in included.
test_expect_success !SANITIZED 'nothing else is loaded to print the version' '
	LD_DEBUG=files LD_DEBUG_OUTPUT=loaded resutil version >out &&
	cat loaded.* >all &&
	sed -n "s/.*calling init: .*\/\(lib[a-z]*\)[-.][^/]*$/\1/p" all |
		sort -u >actual &&
	cat >expect <<-\END &&
	libc
	libjansson
	libyaml
	END
	test_cmp expect actual
'

test_done
