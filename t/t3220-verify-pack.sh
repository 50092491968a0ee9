#!/bin/sh

test_description='verify-pack: good packs, and what is wrong with others'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test_lazy_prereq ZIP 'zip -v'

# change FILE OUT CODE: Python changes the bytes `d` of a pack
change () {
	python3 -c "
import sys, zipfile
d = bytearray(open(sys.argv[1], 'rb').read())
z = zipfile.ZipFile(sys.argv[1])
at = lambda name: z.getinfo(name).header_offset + 30 + len(name)
$3
open(sys.argv[2], 'wb').write(d)" "$1" "$2"
}

test_expect_success 'setup' '
	mkdir -p tree/d/empty && echo one >tree/one && : >tree/nothing &&
	ln -s one tree/link && seq 20000 >tree/d/numbers &&
	seq 3000000 >tree/d/long && head -c 3000000 /dev/urandom >tree/noise &&
	resutil pack-exp -o p.zip tree &&
	hash=$(resutil hash-experiment ./tree | cut -f 1)
'

test_expect_success 'a good pack has the hash of its directory' '
	printf "$hash\tp.zip\n" >want &&
	for jobs in 1 2 5
	do
		resutil verify-pack -j $jobs p.zip >out 2>err &&
		test_cmp want out && test_must_be_empty err || return 1
	done &&
	resutil verify-pack --quick p.zip >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	cat p.zip | resutil verify-pack - >out &&
	printf "$hash\t-\n" >want && test_cmp want out
'

test_expect_success 'the record counts apart' '
	make_conf project &&
	(cd project && resutil add --from ../tree x >name &&
	 resutil pack-exp -o ../e.zip "$(cat name)" &&
	 resutil hash-experiment "$(cat name)" | cut -f 1 >../hash) &&
	resutil verify-pack e.zip >out && printf "%s\te.zip\n" $(cat hash) >want &&
	test_cmp want out && test "$(cat hash)" = $hash
'

test_expect_success ZIP 'the same tree from another program, without directories' '
	mkdir -p two/d && echo 1 >two/d/f && (cd two && zip -qrD ../two.zip d) &&
	resutil verify-pack two.zip >out && cut -f 1 out >got &&
	resutil hash-experiment ./two | cut -f 1 >want && test_cmp want got
'

test_expect_success PYTHON 'every bad entry is named, in order' '
	change p.zip bad.zip "
d[at(\"one\") + 9] ^= 1
d[at(\"d/numbers\") + 50] ^= 1
d[at(\"link\") + 9] ^= 1" &&
	for jobs in 1 3
	do
		test_expect_code 13 resutil verify-pack -j $jobs bad.zip \
			>out 2>err &&
		test_must_be_empty out && test_line_count = 3 err &&
		sed -n 1p err | grep "bad.zip.: .d/numbers.: " &&
		sed -n 2p err | grep "bad.zip.: .link.: " &&
		sed -n 3p err | grep "bad.zip.: .one.: .*CRC-32" || return 1
	done &&
	resutil verify-pack --quick bad.zip &&
	test_expect_code 13 resutil verify-pack --json bad.zip >out 2>/dev/null &&
	grep "\"good\":false,\"tree\":null,\"entries\":8,.*\"problems\":\[.*d/numbers.*link.*one.*\]" out
'

test_expect_success PYTHON 'a segment of a long file' '
	change p.zip bad.zip "
i = z.getinfo(\"d/long\")
d[i.header_offset + i.compress_size * 4 // 5] ^= 1" &&
	for jobs in 1 4
	do
		test_expect_code 13 resutil verify-pack -j $jobs bad.zip \
			>out 2>err &&
		test_line_count = 1 err && grep "d/long" err || return 1
	done
'

test_expect_success PYTHON '--quick finds headers that disagree' '
	change p.zip bad.zip "d[z.getinfo(\"one\").header_offset + 14] ^= 1" &&
	test_expect_code 13 resutil verify-pack --quick bad.zip 2>err &&
	grep "one.*local header has another CRC" err &&
	test_expect_code 13 resutil verify-pack bad.zip 2>full &&
	test_cmp err full &&
	change p.zip bad.zip "
i = z.getinfo(\"noise\")
d[at(\"noise\") + 9 + i.compress_size + 4] ^= 1" &&
	test_expect_code 13 resutil verify-pack --quick bad.zip 2>err &&
	grep "noise.*descriptor disagrees" err
'

test_expect_success PYTHON 'hashes that differ' '
	change p.zip bad.zip "
i = d.rindex(b\"tree=\") + 5
d[i] = ord(\"1\") if d[i] == ord(\"0\") else ord(\"0\")" &&
	test_expect_code 13 resutil verify-pack bad.zip >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	grep "not those of its tree hash" err &&
	change e.zip bad.zip "
i = d.rindex(b\"record=\") + 7
d[i] = ord(\"1\") if d[i] == ord(\"0\") else ord(\"0\")" &&
	test_expect_code 13 resutil verify-pack bad.zip 2>err &&
	grep "not the record of its hash" err &&
	change e.zip bad.zip "d[d.rindex(b\"record=\")] = ord(\"R\")" &&
	test_expect_code 13 resutil verify-pack bad.zip 2>err &&
	grep "does not name the hash of its record" err &&
	change e.zip bad.zip "d[d.rindex(b\"resutil-pack 1\") + 13] = ord(\"2\")" &&
	test_expect_code 13 resutil verify-pack bad.zip 2>err &&
	grep "newer" err
'

test_expect_success 'a pack that was cut anywhere' '
	size=$(wc -c <p.zip) &&
	for part in 1 21 100 $((size / 2)) $((size - 100)) $((size - 1))
	do
		head -c $part p.zip >cut.zip &&
		test_expect_code 13 resutil verify-pack cut.zip >out 2>err &&
		test_must_be_empty out && test_line_count = 1 err || return 1
	done
'

test_expect_success PYTHON 'a link whose target holds a NUL' '
	python3 -c "
import zipfile
z = zipfile.ZipFile(\"nul.zip\", \"w\")
i = zipfile.ZipInfo(\"link\")
i.create_system, i.external_attr = 3, 0o120777 << 16
z.writestr(i, b\"a\\0b\")
z.close()" &&
	test_expect_code 13 resutil verify-pack nul.zip 2>err && grep NUL err
'

test_expect_success 'several packs' '
	cp p.zip q.zip && head -c 100 p.zip >cut.zip &&
	test_expect_code 3 resutil verify-pack p.zip cut.zip q.zip >out 2>err &&
	printf "$hash\t%s\n" p.zip q.zip >want && test_cmp want out &&
	test_line_count = 1 err &&
	resutil verify-pack -z p.zip q.zip >out && tr "\0" "\n" <out >lines &&
	test_cmp want lines &&
	test_expect_code 13 resutil verify-pack cut.zip cut.zip &&
	test_expect_code 3 resutil verify-pack gone.zip cut.zip &&
	test_expect_code 10 resutil verify-pack gone.zip &&
	test_expect_code 129 resutil verify-pack &&
	test_expect_code 129 resutil verify-pack -j -1 p.zip
'

test_expect_success '--json of good ones' '
	resutil verify-pack --json p.zip >out &&
	grep "^{\"file\":\"p.zip\",\"good\":true,\"tree\":\"$hash\",\"entries\":8,\"bytes\":[0-9]*,\"problems\":\[\]}\$" out &&
	resutil verify-pack --quick --json p.zip >out &&
	grep "\"good\":true,\"tree\":null" out
'

test_expect_success 'limits' '
	test_expect_code 13 resutil verify-pack --max-entries=7 p.zip 2>err &&
	grep unpack.max-entries err &&
	test_expect_code 13 resutil -c unpack.max-size=1M verify-pack p.zip 2>err &&
	grep unpack.max-size err
'

test_done
