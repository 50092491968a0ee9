#!/bin/sh

test_description='cat-pack: files of a pack, without unpacking it'
. ./test-lib.sh

test_lazy_prereq ZIP 'zip -v'

test_expect_success 'setup' '
	mkdir -p tree/d && echo one >tree/one && : >tree/nothing &&
	ln -s /etc/passwd tree/link && seq 20000 >tree/d/numbers &&
	seq 1500000 >tree/d/long && printf "a\0b\033[1m\377" >tree/bytes &&
	resutil pack-exp -o p.zip tree
'

test_expect_success 'files of every size, as they are' '
	for file in one nothing d/numbers d/long bytes
	do
		resutil cat-pack p.zip $file >out 2>err &&
		test_must_be_empty err && cmp tree/$file out || return 1
	done &&
	resutil cat-pack p.zip one d/numbers one >out &&
	cat tree/one tree/d/numbers tree/one >want && cmp want out
'

test_expect_success 'the long one has restart points' '
	resutil list-pack --format "%(path) %(segments)" p.zip >out &&
	grep "^d/long [2-9]" out
'

test_expect_success 'a link is its target' '
	resutil cat-pack p.zip link >out &&
	printf /etc/passwd >want && cmp want out
'

test_expect_success 'from a pipe' '
	cat p.zip | resutil cat-pack - d/long >out && cmp tree/d/long out
'

test_expect_success 'a directory has no content' '
	test_expect_code 129 resutil cat-pack p.zip d >out 2>err &&
	test_must_be_empty out && grep "is a directory" err &&
	test_expect_code 129 resutil cat-pack p.zip d/
'

test_expect_success ZIP 'also one that is only implied' '
	(cd tree && zip -qrD ../no-dirs.zip d) &&
	test_expect_code 129 resutil cat-pack no-dirs.zip d 2>err &&
	grep "is a directory" err &&
	test_expect_code 129 resutil cat-pack no-dirs.zip d/
'

test_expect_success 'what is not there' '
	test_expect_code 10 resutil cat-pack p.zip two >out 2>err &&
	test_must_be_empty out && grep "no .two. in .p.zip." err &&
	test_expect_code 3 resutil cat-pack p.zip two one >out &&
	cmp tree/one out &&
	test_expect_code 10 resutil cat-pack p.zip one/ &&
	test_expect_code 10 resutil cat-pack p.zip ./one &&
	test_expect_code 10 resutil cat-pack gone.zip one &&
	test_expect_code 129 resutil cat-pack p.zip
'

test_expect_success PYTHON 'nothing of a small file is printed before it is good' '
	python3 -c "
d = bytearray(open(\"p.zip\", \"rb\").read())
d[d.index(b\"one\\n\")] ^= 1
open(\"bad.zip\", \"wb\").write(d)" &&
	test_expect_code 13 resutil cat-pack bad.zip one >out 2>err &&
	test_must_be_empty out && grep "bad.zip.*one.*CRC-32" err &&
	resutil cat-pack bad.zip d/numbers >out && cmp tree/d/numbers out
'

test_expect_success PYTHON 'a long file that is bad ends with 13, not with more' '
	python3 -c "
import zipfile
d = bytearray(open(\"p.zip\", \"rb\").read())
i = zipfile.ZipFile(\"p.zip\").getinfo(\"d/long\")
d[i.header_offset + 30 + i.compress_size // 2] ^= 0x10
open(\"bad.zip\", \"wb\").write(d)" &&
	test_expect_code 13 resutil cat-pack bad.zip d/long >out 2>err &&
	grep "bad.zip.*d/long" err &&
	test $(wc -c <out) -le $(wc -c <tree/d/long) &&
	test_expect_code 0 resutil cat-pack bad.zip one
'

test_expect_success 'a store is asked for a project, which must be there' '
	mkdir -p outside/store &&
	for command in "cat-pack x one" "list-pack x" "verify-pack x"
	do
		(
			cd outside &&
			test_expect_code 10 resutil $command \
				--remote="dir:$PWD/store" 2>err &&
			grep "from within a project" err
		) || return 1
	done
'

test_expect_success PTY 'a terminal gets no escape sequences' '
	pty-run resutil cat-pack p.zip bytes >out 2>err </dev/null &&
	grep -F "\\x1b[1m" out && ! grep "$(printf "\033")" out
'

test_expect_success 'a full device is told' '
	test_must_fail resutil cat-pack p.zip d/long >/dev/full 2>err &&
	grep "standard output" err
'

test_done
