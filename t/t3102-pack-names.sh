#!/bin/sh

test_description='pack-exp: any name, and what is left out'
. ./test-lib.sh

test_lazy_prereq UNZIP 'unzip -v'
test_lazy_prereq UTF8_FS 'touch "$(printf "\377")"'

# compare PACK DIR: zipfile reads in the one what is in the other
compare () {
	python3 "$TEST_DIRECTORY"/helper/pack-compare.py "$1" "$2"
}

# same_bytes DIR: whatever the number of threads, a pipe or a file
same_bytes () {
	resutil pack-exp -j 1 -o one.zip "$1" 2>err &&
	for jobs in 2 3 8
	do
		resutil pack-exp -j $jobs -o more.zip "$1" 2>err &&
		cmp one.zip more.zip || return 1
	done &&
	{ resutil pack-exp "$1" 2>err || echo failed; } | cat >pipe.zip &&
	cmp one.zip pipe.zip
}

test_expect_success UTF8_FS,PYTHON 'any name that a file can have' '
	mkdir names && (
		cd names &&
		for name in "a b" "new
line" "back\\slash" "C:" "-o" "*" "\$x" "quo\"te" "tab	x" \
			"$(printf "caf\303\251")" "$(printf "caf\351")" \
			"$(printf "\1\33[31m")" "$(printf "%0255d" 7)"
		do
			echo "$name" >./"$name" && mkdir ./"$name.d" || exit 1
		done
	) 2>err
	rmdir names/*.d 2>err
	same_bytes names && compare one.zip names >out &&
	test $(cat out) -ge 13
'

test_expect_success UTF8_FS,PYTHON 'flag bit 11: UTF-8 that is not ASCII' '
	python3 - one.zip <<-\EOF
	import sys, zipfile
	for i in zipfile.ZipFile(sys.argv[1]).infolist():
	    raw = i.orig_filename
	    wanted = "\u00e9" in raw
	    assert bool(i.flag_bits & 0x800) == wanted, (raw, i.flag_bits)
	EOF
'

test_expect_success PYTHON 'a path longer than a system call takes' '
	python3 - <<-\EOF &&
	import os
	os.mkdir("deep")
	top = os.getcwd()
	os.chdir("deep")
	for n in range(25):
	    name = "%02d" % n + "d" * 198
	    os.mkdir(name)
	    os.chdir(name)
	    open("file", "w").write(str(n))
	os.symlink("file", "link")
	EOF
	same_bytes deep &&
	python3 - one.zip <<-\EOF
	import sys, zipfile
	z = zipfile.ZipFile(sys.argv[1])
	names = z.namelist()
	assert len(names) == 51 and max(map(len, names)) > 5000
	deepest = max(names, key=len)
	assert z.read(deepest) in (b"24", b"file")
	EOF
'

test_expect_success PYTHON 'FIFOs and sockets are left out and named' '
	mkdir kinds && echo x >kinds/x && mkfifo kinds/fifo &&
	python3 -c "
import socket
socket.socket(socket.AF_UNIX).bind(\"kinds/socket\")" &&
	resutil pack-exp --json -o kinds.zip kinds >out 2>err &&
	cat >want <<-\EOF &&
	resutil: warning: left out '\''fifo (FIFO)'\''
	resutil: warning: left out '\''socket (socket)'\''
	EOF
	test_cmp want err && compare kinds.zip kinds >count &&
	test_grep "\"skipped\":\[\"fifo (FIFO)\",\"socket (socket)\"\]" out
'

test_expect_success UNZIP 'leftovers of a writer of the record are no content' '
	mkdir -p left/sub && echo 1 >left/resutil-exp.yaml.12.3.tmp &&
	echo 2 >left/sub/resutil-exp.yaml.12.3.tmp &&
	resutil pack-exp -o left.zip left 2>err && test_must_be_empty err &&
	unzip -Z1 left.zip >out &&
	printf "%s\n" sub/ sub/resutil-exp.yaml.12.3.tmp >want &&
	test_cmp want out
'

test_done
