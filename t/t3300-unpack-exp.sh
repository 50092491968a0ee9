#!/bin/sh

test_description='unpack-exp makes a directory that is whole, or none'
. ./test-lib.sh

# make_zip FILE: what its stdin, lines of Python, does to the zip `z`; also
# there: put(name, text, mode) with a Unix mode, and many(prefix, nr).
make_zip () {
	cat >lines.py &&
	python3 - "$1" <<-\EOF
	import sys, zipfile, os, random
	z = zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED)

	def put(name, text="", mode=0o100644):
	    info = zipfile.ZipInfo(name, (2024, 7, 4, 19, 15, 54))
	    info.create_system = 3
	    info.external_attr = mode << 16
	    info.compress_type = zipfile.ZIP_DEFLATED
	    z.writestr(info, text)

	def many(prefix, nr):
	    for i in range(nr):
	        put("%s%d" % (prefix, i), "content of %d\n" % i)

	exec(open("lines.py").read())
	z.close()
	EOF
}

# only NAME...: nothing else is here, hidden or not
only () {
	printf '%s\n' "$@" | sort >want &&
	ls -A | grep -v -e '^want$' -e '^got$' | sort >got &&
	test_cmp want got
}

test_expect_success PYTHON 'files, directories and links come back' '
	make_zip a.zip <<-\EOF &&
	put("dir/sub/file.txt", "hello\n" * 1000)
	put("run.sh", "#!/bin/sh\n", 0o100755)
	put("empty/", "", 0o40750)
	put("secret", "x", 0o100600)
	put("none", "")
	put("link", "dir/sub", 0o120777)
	put("dangling", "/no/where", 0o120777)
	EOF
	resutil unpack-exp a.zip >out &&
	test_must_be_empty out &&
	(cd a && find . -printf "%M %s %l %p\n" | grep -v -e "^d.* \.$" |
		sed "s/^\(d[^ ]*\) [0-9]*/\1 -/" | sort) >got &&
	cat >want <<-\EOF &&
	-rw------- 1  ./secret
	-rw-r--r-- 0  ./none
	-rw-r--r-- 6000  ./dir/sub/file.txt
	-rwxr-xr-x 10  ./run.sh
	drwxr-x--- -  ./empty
	drwxr-xr-x -  ./dir
	drwxr-xr-x -  ./dir/sub
	lrwxrwxrwx 7 dir/sub ./link
	lrwxrwxrwx 9 /no/where ./dangling
	EOF
	test_cmp want got &&
	test "$(grep -c "^hello$" a/dir/sub/file.txt)" = 1000
'

test_expect_success PYTHON 'times come back, also of directories and links' '
	for name in run.sh empty link
	do
		stat -c %Y a/$name || return 1
	done >got &&
	sort -u got >one &&
	TZ=UTC date -d "2024-07-04 19:15:54" +%s >want &&
	test_cmp want one
'

test_expect_success PYTHON 'the directory is new, and readable as others are' '
	test "$(stat -c %a a)" = 755 &&
	(umask 027 && resutil unpack-exp -C masked a.zip) &&
	test "$(stat -c %a masked)" = 750
'

test_expect_success PYTHON 'modes do not depend on the umask' '
	for mask in 077 000 027
	do
		(umask $mask && resutil unpack-exp -C m$mask a.zip) &&
		(cd m$mask && stat -c "%a %n" run.sh empty secret none) \
			>modes.$mask || return 1
	done &&
	test_cmp modes.000 modes.077 &&
	test_cmp modes.000 modes.027 &&
	test "$(stat -c %a m027/dir)" = 750
'

# Others than root could not even open the directory they have just made.
test_expect_success !NOT_ROOT,PYTHON 'nor on one that leaves no rights at all' '
	(umask 0777 && resutil unpack-exp -C m777 a.zip) &&
	chmod 755 m777 &&
	(cd m777 && stat -c "%a %n" run.sh empty secret none) >modes.777 &&
	test_cmp modes.000 modes.777 &&
	test "$(stat -c %a m777/dir)" = 0 &&
	chmod -R u+rwx m777
'

test_expect_success PYTHON 'what has no mode is as new files are' '
	make_zip dos.zip <<-\EOF &&
	for name in "top.txt", "d/", "d/in.txt":
	    info = zipfile.ZipInfo(name)
	    info.create_system = 0
	    z.writestr(info, "" if name.endswith("/") else "x")
	EOF
	(umask 002 && resutil unpack-exp dos.zip) &&
	test "$(stat -c %a dos/top.txt dos/d dos/d/in.txt | tr "\n" " ")" = \
		"664 775 664 "
'

test_expect_success PYTHON 'set-id and sticky bits do not come back' '
	make_zip ids.zip <<-\EOF &&
	put("u", "x", 0o104755)
	put("g", "x", 0o102755)
	put("t/", "", 0o43777)
	EOF
	resutil unpack-exp ids.zip &&
	test "$(stat -c %a ids/u ids/g ids/t | tr "\n" " ")" = "755 755 777 "
'

test_expect_success PYTHON 'a directory that nobody may write comes back' '
	make_zip odd.zip <<-\EOF &&
	put("ro/sub/file", "x", 0o100444)
	put("ro/sub/", "", 0o40555)
	put("ro/", "", 0o40500)
	put("closed/", "", 0o40000)
	put("closed/file", "y", 0o100000)
	for i in range(9):
	    put("many/%d/" % i, "", 0o40111)
	EOF
	mkdir mine &&
	chmod 777 mine . &&
	test_when_finished "chmod -R u+rwX mine" &&
	as_user resutil unpack-exp -C mine/odd odd.zip &&
	test "$(stat -c %a mine/odd/ro mine/odd/ro/sub mine/odd/closed \
		mine/odd/many/3 | tr "\n" " ")" = "500 555 0 111 " &&
	test "$(stat -c %Y mine/odd/ro)" = "$(date -d "2024-07-04 19:15:54" +%s)"
'

test_expect_success PYTHON 'DIR may be there if it is empty; its mode stays' '
	mkdir -m 2710 there &&
	resutil unpack-exp -C there/ a.zip &&
	test "$(stat -c %a there)" = 2710 &&
	test_path_is_file there/run.sh &&
	mkdir -m 550 there2 &&
	resutil unpack-exp -C there2 a.zip &&
	test "$(stat -c %a there2)" = 550 &&
	chmod 755 there2
'

test_expect_success PYTHON 'a directory with something in it stays as it is' '
	mkdir taken &&
	echo mine >taken/.hidden &&
	test_expect_code 14 resutil unpack-exp -C taken a.zip 2>err &&
	echo "resutil: '\''taken'\'' is not empty" >want &&
	test_cmp want err &&
	test "$(ls -A taken)" = .hidden &&
	test "$(ls -Ad .*.tmp 2>/dev/null)" = ""
'

test_expect_success PYTHON 'so do a file, a link and the working directory' '
	echo text >file &&
	test_expect_code 14 resutil unpack-exp -C file a.zip &&
	test "$(cat file)" = text &&
	mkdir lead &&
	ln -s lead to-lead &&
	ln -s nowhere broken &&
	test_expect_code 14 resutil unpack-exp -C to-lead a.zip 2>err &&
	test_grep "symbolic link" err &&
	test_expect_code 14 resutil unpack-exp -C to-lead/ a.zip &&
	test_expect_code 14 resutil unpack-exp -C broken a.zip &&
	test_path_is_link to-lead &&
	test_path_is_link broken &&
	test_path_is_missing nowhere &&
	test_dir_is_empty lead &&
	(
		cd lead &&
		test_expect_code 14 resutil unpack-exp -C . ../a.zip 2>../err &&
		test_expect_code 14 resutil unpack-exp -C ../lead ../a.zip
	) &&
	test_grep "working directory" err &&
	test_dir_is_empty lead &&
	test_expect_code 14 resutil unpack-exp -C / a.zip &&
	test_expect_code 14 resutil unpack-exp -C lead/.. a.zip
'

test_expect_success PYTHON 'DIR through a link, and a long name' '
	ln -s lead behind &&
	resutil unpack-exp -C behind/x a.zip &&
	test_path_is_file lead/x/run.sh &&
	long=$(printf "%0255d" 7) &&
	resutil unpack-exp -C "$long" a.zip &&
	test_path_is_file "$long/run.sh" &&
	resutil unpack-exp -C "$PWD/absolute" a.zip &&
	test_path_is_file absolute/run.sh
'

test_expect_success PYTHON 'the parent of DIR must be there' '
	test_expect_code 10 resutil unpack-exp -C gone/dir a.zip &&
	test_path_is_missing gone &&
	test_expect_code 10 resutil unpack-exp -C file/dir a.zip
'

test_expect_success PYTHON 'the directory is named as the pack is' '
	mkdir packs &&
	cp a.zip packs/named.zip &&
	resutil unpack-exp packs/named.zip &&
	test_path_is_file named/run.sh &&
	for name in a named.ZIP .zip ..zip ...zip
	do
		cp a.zip "packs/$name" &&
		test_expect_code 129 resutil unpack-exp "packs/$name" ||
		return 1
	done
'

test_expect_success PYTHON 'standard input: a file, and a pipe' '
	resutil unpack-exp -C in1 - <a.zip &&
	cat a.zip | resutil unpack-exp -C in2 - &&
	diff -r --no-dereference a in1 &&
	diff -r --no-dereference a in2 &&
	test_expect_code 129 resutil unpack-exp - <a.zip
'

test_expect_success PYTHON '--json tells what was unpacked' '
	resutil unpack-exp --json -C js a.zip >out &&
	cat >want <<-\EOF &&
	{"dir":"js","entries":7,"bytes":6027,"tree":null,"record":null,"id":null,"revision":null}
	EOF
	test_cmp want out
'

test_expect_success 'bad usage' '
	test_expect_code 129 resutil unpack-exp &&
	test_expect_code 129 resutil unpack-exp a.zip b.zip &&
	test_expect_code 129 resutil unpack-exp -j -1 a.zip &&
	test_expect_code 129 resutil unpack-exp -j 257 a.zip &&
	test_expect_code 129 resutil unpack-exp -C "" a.zip &&
	test_expect_code 10 resutil unpack-exp gone.zip &&
	test_path_is_missing gone
'

test_expect_success PYTHON 'any number of threads gives the same' '
	make_zip mix.zip <<-\EOF &&
	rng = random.Random(7)
	many("d/e/f/many-", 300)
	for i in range(4):
	    put("big-%d" % i, rng.randbytes(1500000 + i) + bytes(3000000))
	EOF
	for jobs in 1 2 3 8
	do
		resutil unpack-exp -j $jobs -C mix-$jobs mix.zip || return 1
	done &&
	python3 -c "import zipfile; zipfile.ZipFile(\"mix.zip\").extractall(\"py\")" &&
	for jobs in 1 2 3 8
	do
		diff -r py mix-$jobs || return 1
	done
'

test_expect_success PYTHON 'runs of zeros are holes' '
	make_zip holes.zip <<-\EOF &&
	put("zeros", bytes(50000000))
	put("few", bytes(30000000) + b"x" + bytes(20000001))
	EOF
	resutil unpack-exp holes.zip &&
	test "$(stat -c %s holes/zeros)" = 50000000 &&
	test "$(stat -c %s holes/few)" = 50000002 &&
	test "$(du -k holes | cut -f1)" -lt 1000 &&
	python3 -c "if True:
		assert open(\"holes/few\", \"rb\").read() == \
			bytes(30000000) + b\"x\" + bytes(20000001)
		assert not any(open(\"holes/zeros\", \"rb\").read())
	"
'

test_expect_success PYTHON 'directories that go a thousand deep' '
	make_zip deep.zip <<-\EOF &&
	put("d/" * 1000 + "file", "at the bottom")
	put("long-name-of-a-directory-" * 8 + "/x", "y")
	put(("n" * 200 + "/") * 40 + "end", "beyond 4096 bytes")
	EOF
	resutil unpack-exp deep.zip &&
	find deep -name file >got &&
	test_line_count = 1 got &&
	(cd deep && find n* -name end -size 17c -printf "%f\n") >got &&
	echo end >want &&
	test_cmp want got &&
	rm -rf deep
'

test_expect_success PYTHON 'nothing below comes from what is beside it' '
	mkdir outside &&
	echo safe >outside/file &&
	make_zip names.zip <<-\EOF &&
	put("a", "../outside", 0o120777)
	put("a.d/file", "x")
	put("b -> c", "x")
	put("-n", "x")
	put("\n", "x")
	EOF
	resutil unpack-exp names.zip &&
	test_path_is_link names/a &&
	test "$(cat outside/file)" = safe &&
	test "$(ls outside)" = file
'

test_expect_success PYTHON 'our own packs: hashes are compared' '
	resutil pack-exp -o own.zip mix-1 &&
	resutil unpack-exp --json -C own own.zip >out &&
	diff -r mix-1 own &&
	resutil hash-experiment own >hash &&
	grep "\"tree\":\"$(cut -f1 hash)\"" out &&
	python3 - <<-\EOF &&
	pack = open("own.zip", "rb").read()
	at = pack.rindex(b"tree=") + 5
	digit = b"1" if pack[at:at + 1] == b"0" else b"0"
	open("lie.zip", "wb").write(pack[:at] + digit + pack[at + 1:])
	EOF
	test_expect_code 13 resutil unpack-exp lie.zip 2>err &&
	test_grep "tree hash" err &&
	test_path_is_missing lie &&
	test "$(ls -Ad .*.tmp 2>/dev/null)" = ""
'

test_expect_success PYTHON 'and so is that of the record' '
	mkdir rec &&
	printf "resutil: 1\nname: x\n" >rec/resutil-exp.yaml &&
	echo x >rec/file &&
	resutil pack-exp -o rec.zip rec &&
	resutil unpack-exp --json -C rec2 rec.zip >out &&
	grep "\"record\":\"$(sha256sum <rec/resutil-exp.yaml | cut -c1-64)\"" \
		out &&
	python3 - <<-\EOF &&
	pack = open("rec.zip", "rb").read()
	at = pack.rindex(b"record=") + 7
	digit = b"1" if pack[at:at + 1] == b"0" else b"0"
	open("lie.zip", "wb").write(pack[:at] + digit + pack[at + 1:])
	EOF
	test_expect_code 13 resutil unpack-exp lie.zip 2>err &&
	test_grep record err &&
	test_path_is_missing lie
'

test_expect_success PYTHON 'restart points: the same with any number of threads' '
	mkdir seg &&
	python3 - <<-\EOF &&
	import random
	rng = random.Random(3)
	words = [rng.randbytes(7) for _ in range(500)]
	for name, size in ("one", 9 << 20), ("two", (4 << 20) + 1), \
			("three", 4 << 20), ("four", (12 << 20) - 1):
	    out = bytearray()
	    while len(out) < size:
	        out += rng.choice(words) * 20
	    open("seg/" + name, "wb").write(out[:size])
	EOF
	resutil pack-exp -o seg.zip seg &&
	for jobs in 1 2 5
	do
		resutil unpack-exp -j $jobs -C seg-$jobs seg.zip &&
		diff -r seg seg-$jobs || return 1
	done
'

test_done
