#!/bin/sh

test_description='the door to deflate: which engines are in, zlib in their place

What streams are made and read is held by t/unit/test-zstream.c and
t/unit/test-inflate.c. RESUTIL_TEST_ZSTREAM=zlib makes zlib do everything, as
in a build without the other libraries; the same must hold then.'

. ./test-lib.sh

unit="$BUILD_DIRECTORY"/unit

test_expect_success 'the build says what compresses' '
	resutil version --build-options >out &&
	sed -n "s/^deflate: //p" out >engines &&
	test_line_count = 1 engines &&
	grep -E "^(ISA-L, )?(libdeflate, )?zlib$" engines
'

# What the program is linked with is what it says.
test_expect_success !SANITIZED 'and says so rightly' '
	readelf -d "$BUILD_DIRECTORY"/libexec/resutil-pack >dynamic &&
	for pair in ISA-L:libisal libdeflate:libdeflate
	do
		said=0 linked=0 &&
		if grep "${pair%%:*}" engines; then said=1; fi &&
		if grep "${pair#*:}\." dynamic; then linked=1; fi &&
		test $said = $linked || return 1
	done
'

for test in zstream inflate
do
	test_expect_success "with zlib alone: test-$test" '
		RESUTIL_TEST_ZSTREAM=zlib "$unit"/test-'$test' >out &&
		grep "^ok" out &&
		test_must_fail grep "^not ok" out
	'
done

test_expect_success 'the hook is asked for by its one word' '
	RESUTIL_TEST_ZSTREAM=other "$unit"/test-inflate >out &&
	test_must_fail grep "^not ok" out
'

# Only what zlib leaves out can tell it from the others: not the content.
test_expect_success PYTHON 'both ways, a reader of its own agrees' '
	cat >data.py <<-\END &&
	import random
	random.seed(3)
	text = b"".join(b"step %d loss %.6f\n" % (i, random.random())
	                for i in range(120000))
	open("data", "wb").write(text + random.randbytes(700000))
	END
	python3 data.py &&
	cat >read.py <<-\END &&
	import sys, zlib
	d = zlib.decompressobj(-15)
	data = d.decompress(open(sys.argv[1], "rb").read())
	assert d.eof and not d.unused_data
	assert data == open("data", "rb").read()
	END
	for level in 0 1 3 6
	do
		"$BUILD_DIRECTORY"/helper/zstream-tool $level <data >own &&
		RESUTIL_TEST_ZSTREAM=zlib \
			"$BUILD_DIRECTORY"/helper/zstream-tool $level \
			<data >plain &&
		python3 read.py own &&
		python3 read.py plain || return 1
	done
'

test_expect_success 'the hook changes who does it' '
	if grep , engines
	then
		test_must_fail cmp own plain
	else
		cmp own plain
	fi
'

test_done
