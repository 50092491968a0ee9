#!/bin/sh

test_description='list-pack: what the directory of a pack says'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test_expect_success 'setup' '
	mkdir -p tree/d/empty && echo one >tree/one && : >tree/nothing &&
	ln -s one tree/link && seq 20000 >tree/d/numbers &&
	printf x >"tree/a${TAB:=$(printf "\t")}b" && chmod 700 tree/d &&
	chmod 755 tree/one && chmod 644 tree/nothing tree/d/numbers tree/a* &&
	chmod 755 tree/d/empty &&
	find tree -exec touch -h -d 2024-07-04T10:15:57Z {} + &&
	resutil pack-exp -o p.zip tree
'

test_expect_success 'a line for each entry' '
	resutil list-pack p.zip >out 2>err && test_must_be_empty err &&
	cut -f 1,2,5,6 out >short &&
	cat >want <<-\EOF &&
	100644	1	2024-07-04T10:15:57Z	"a\tb"
	040700	0	2024-07-04T10:15:57Z	d/
	040755	0	2024-07-04T10:15:57Z	d/empty/
	100644	108894	2024-07-04T10:15:57Z	d/numbers
	120777	3	2024-07-04T10:15:57Z	link
	100644	0	2024-07-04T10:15:57Z	nothing
	100755	4	2024-07-04T10:15:57Z	one
	EOF
	test_cmp want short
'

test_expect_success PYTHON 'sizes and CRC are those that zipfile finds' '
	resutil list-pack p.zip >out && cut -f 2-4 out >numbers &&
	python3 -c "
import zipfile
for i in zipfile.ZipFile(\"p.zip\").infolist():
    print(i.file_size, i.compress_size, \"%08x\" % i.CRC, sep=\"\t\")
" >want && test_cmp want numbers
'

test_expect_success '-z quotes nothing' '
	resutil list-pack -z p.zip >out && tr "\0" "\n" <out >lines &&
	test_line_count = 7 lines && head -n 1 lines | cut -f 6,7 >path &&
	printf "a\tb\n" >want && test_cmp want path
'

test_expect_success '--json and --format' '
	resutil list-pack --json p.zip >out && test_line_count = 7 out &&
	grep "\"mode\":\"120777\",\"size\":3,\"packed\":3,\"crc32\":\"7a6c86f1\",\"mtime\":\"2024-07-04T10:15:57Z\",\"path\":\"link\",\"method\":\"stored\",\"offset\":[0-9]*,\"segments\":1" out &&
	grep "\"path\":\"d/numbers\",\"method\":\"deflated\"" out &&
	resutil list-pack --format "%(path)=%(size)" p.zip >out &&
	grep -x "one=4" out &&
	resutil list-pack --format csv p.zip >out &&
	test "$(head -n 1 out | tr -d "\r")" = mode,size,packed,crc32,mtime,path &&
	test_expect_code 129 resutil list-pack --format "%(x)" p.zip 2>err &&
	grep "crc32" err
'

test_expect_success '--info tells what the comment says' '
	resutil list-pack --info p.zip >out &&
	hash=$(resutil hash-experiment ./tree | cut -f 1) &&
	printf "%s\t%s\n" version 1 tree $hash record - id - revision - \
		entries 7 bytes 108902 >want &&
	test_cmp want out &&
	resutil list-pack --info --json p.zip >out &&
	grep "^{\"version\":1,\"tree\":\"$hash\",\"record\":null,\"id\":null,\"revision\":null,\"entries\":7,\"bytes\":108902}\$" out &&
	test_expect_code 129 resutil list-pack --info --format csv p.zip
'

test_expect_success '--info of an experiment' '
	make_conf project &&
	(cd project && resutil add --from ../tree/d x >name &&
	 resutil pack-exp -o ../e.zip "$(cat name)") &&
	resutil list-pack --info e.zip >out &&
	id=$(cd project && resutil read-exp --key=id "$(cat name)") &&
	grep "^id	$id\$" out && grep "^revision	[1-9]" out &&
	record=$(sha256sum <project/results/$(cat project/name)/resutil-exp.yaml) &&
	grep "^record	${record%% *}\$" out &&
	resutil list-pack e.zip >out && head -n 1 out | grep "	resutil-exp.yaml$"
'

test_expect_success 'from a pipe, and from a file as the standard input' '
	resutil list-pack p.zip >want &&
	cat p.zip | resutil list-pack - >out && test_cmp want out &&
	resutil list-pack - <p.zip >out && test_cmp want out &&
	mkdir tmp && cat p.zip | TMPDIR=$PWD/tmp resutil list-pack - >out &&
	test_cmp want out && test -z "$(ls -A tmp)"
'

test_expect_success 'nothing can be spooled' '
	cat p.zip | test_expect_code 128 env TMPDIR="$PWD/gone" \
		resutil list-pack - 2>err && grep spool err &&
	cat p.zip | test_expect_code 13 resutil list-pack --max-size=1 \
		--max-entries=1 - 2>err && grep -e --max-entries err
'

test_expect_success 'what is no pack' '
	test_expect_code 10 resutil list-pack gone.zip 2>err && grep gone.zip err &&
	test_expect_code 128 resutil list-pack tree 2>err &&
	grep "no regular file" err &&
	mkfifo pipe && test_expect_code 128 resutil list-pack pipe 2>err &&
	: >empty && test_expect_code 13 resutil list-pack empty 2>err &&
	grep "no zip file" err &&
	head -c 200 p.zip >cut && test_expect_code 13 resutil list-pack cut >out 2>err &&
	grep "cut" err && test_must_be_empty out &&
	test_expect_code 129 resutil list-pack &&
	test_expect_code 129 resutil list-pack p.zip p.zip
'

test_expect_success 'limits: options before settings before what is built in' '
	test_expect_code 13 resutil list-pack --max-entries=6 p.zip 2>err &&
	grep "7 entries.*unpack.max-entries" err &&
	resutil list-pack --max-entries=7 p.zip >/dev/null &&
	test_expect_code 13 resutil list-pack --max-size=108901 p.zip 2>err &&
	grep "unpack.max-size" err &&
	resutil list-pack --max-size=108902 p.zip >/dev/null &&
	test_expect_code 13 resutil -c unpack.max-entries=3 list-pack p.zip &&
	test_expect_code 13 resutil -c unpack.max-size=100K list-pack p.zip &&
	resutil -c unpack.max-size=1K list-pack --max-size=1M p.zip >/dev/null &&
	resutil -c unpack.max-size=0 -c unpack.max-entries=0 list-pack p.zip &&
	resutil -c unpack.max-size=1 list-pack --no-max-size p.zip >/dev/null &&
	test_must_fail resutil -c unpack.max-size=much list-pack p.zip 2>err &&
	grep unpack.max-size err
'

test_expect_success 'a path does not reach the terminal raw' '
	mkdir odd && : >"odd/$(printf "\033[31mred")" &&
	resutil pack-exp -o odd.zip odd && resutil list-pack odd.zip >out &&
	grep -F "\"\\033[31mred\"" out
'

test_done
