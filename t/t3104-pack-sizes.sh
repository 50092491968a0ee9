#!/bin/sh

test_description='pack-exp: files of any size, levels, many entries'
. ./test-lib.sh

# compare PACK DIR: zipfile reads in the one what is in the other
compare () {
	python3 "$TEST_DIRECTORY"/helper/pack-compare.py "$1" "$2"
}

test_expect_success 'setup: sizes about the borders' '
	mkdir sizes && : >sizes/0 && printf x >sizes/1 &&
	for size in 1048575 1048576 1048577 4194304 4194305 9000000
	do
		seq 1300000 | head -c $size >sizes/text-$size || return 1
	done &&
	head -c 1048576 /dev/urandom >sizes/random-1048576 &&
	head -c 5000000 /dev/urandom >sizes/random-5000000 &&
	head -c 9000000 /dev/zero >sizes/zeros
'

test_expect_success PYTHON 'each level: the same bytes, and what was packed' '
	for level in 0 1 3 6
	do
		resutil -c pack.level=$level pack-exp -j 1 -o one.zip sizes &&
		resutil pack-exp --level $level -j 3 -o more.zip sizes &&
		cmp one.zip more.zip &&
		python3 "$TEST_DIRECTORY"/helper/pack-restart.py one.zip >out &&
		compare one.zip sizes >out || return 1
	done
'

test_expect_success 'higher levels are smaller, 0 stores, 1 if none is given' '
	mkdir some && ln sizes/text-4194304 sizes/random-1048576 some &&
	for level in 0 1 6 9
	do
		resutil pack-exp --level $level -o s$level.zip some || return 1
	done &&
	test $(wc -c <s0.zip) -gt $(cat some/* | wc -c) &&
	test $(wc -c <s1.zip) -lt $(wc -c <s0.zip) &&
	test $(wc -c <s6.zip) -lt $(wc -c <s1.zip) &&
	test $(wc -c <s9.zip) -le $(wc -c <s6.zip) &&
	resutil pack-exp --level 1 -o l1.zip sizes &&
	resutil pack-exp -o default.zip sizes && cmp l1.zip default.zip
'

test_expect_success PYTHON 'restart points of files longer than 4 MiB' '
	python3 "$TEST_DIRECTORY"/helper/pack-restart.py l1.zip >out &&
	cat >want <<-\EOF &&
	random-5000000 4194304 2
	text-4194305 4194304 2
	text-9000000 4194304 3
	zeros 4194304 3
	EOF
	test_cmp want out
'

test_expect_success PYTHON 'up to 1 MiB the sizes are in the local header' '
	python3 - l1.zip >out <<-\EOF &&
	import struct, sys, zipfile
	raw = open(sys.argv[1], "rb").read()
	for i in zipfile.ZipFile(sys.argv[1]).infolist():
	    local = struct.unpack("<IHHHIIIIHH", raw[i.header_offset:][:30])
	    later = bool(i.flag_bits & 8)
	    assert later == (i.file_size > 1 << 20), i.filename
	    assert i.flag_bits == local[2] and i.extract_version == 20
	    assert local[5:8] == ((0, 0, 0) if later else
	                          (i.CRC, i.compress_size, i.file_size))
	    assert later <= (i.compress_type == 8)
	    assert i.compress_type == 8 or i.compress_size == i.file_size
	    print(i.filename, i.compress_type)
	EOF
	test_grep "^random-1048576 0$" out && test_grep "^random-5000000 8$" out &&
	test_grep "^text-1048576 8$" out && test_grep "^0 0$" out
'

test_expect_success PYTHON 'a file with holes is what is read from it' '
	mkdir sparse && truncate -s 30M sparse/hole &&
	printf end | dd of=sparse/hole bs=1M seek=29 conv=notrunc 2>err &&
	resutil pack-exp -o sparse.zip sparse && compare sparse.zip sparse >out &&
	test $(wc -c <sparse.zip) -lt 200000
'

test_expect_success PYTHON '70,000 entries' '
	# some disks take minutes to remove as many files
	roomy=$(mktemp -d /dev/shm/resutil-XXXXXX || mktemp -d) &&
	test_when_finished "rm -rf \"$roomy\"" &&
	python3 -c "
import sys
for n in range(70000):
    open(sys.argv[1] + \"/%05d\" % n, \"w\").close()
" "$roomy" &&
	resutil pack-exp --json -o many.zip "$roomy" >out &&
	test_grep "\"entries\":70000," out &&
	python3 -c "
import zipfile
names = zipfile.ZipFile(\"many.zip\").namelist()
assert names == [\"%05d\" % n for n in range(70000)]
"
'

test_expect_success 'many long files do not stay open all at once' '
	mkdir long && for nr in $(seq 200)
	do
		truncate -s 1048577 long/$nr || return 1
	done &&
	(ulimit -n 128 && resutil pack-exp -j 2 -o long.zip long)
'

test_done
