#!/bin/sh
test_description='hostile packs that come from a store

t3400 to t3402 hold files against the commands that read a file. The same packs
as NAME.zip in a store: nothing of them gets into results, nothing is left
behind, what is beside them arrives.
'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-hostile.sh"
. "$TEST_DIRECTORY/lib-experiments.sh"

store=store/project
good=aapfup_20240704T191555

test_expect_success 'setup: a project, a store, something around them' '
	make_conf && mkdir -p $store results outside &&
	echo secret >outside/secret && chmod 640 outside/secret &&
	ln -s ../outside results/way-out &&
	raw_zip <<-\END &&
	ours([("a", b"hello")], b"resutil: 1\nstate: done\n").save("good.zip")
	END
	cp good.zip $store/$good.zip
'

# All that is not in the store, with content; times only of files.
state () {
	find . -name store -prune -o -path ./.resutil -prune -o \
		-path "./results/$good*" -prune -o -type f -path "./*/*" \
		-exec cksum {} + &&
	find results outside -path "results/$good*" -prune -o -printf "%p %m %l\n" |
	sort
}

# not_fetched NAME PHRASE: and the good one arrives.
not_fetched () {
	rm -rf results/$good && state >before &&
	test_expect_code 13 resutil pull $1 >out 2>err &&
	test_line_count = 1 err && test_grep -F -e "$2" err &&
	test_grep ! "[[:cntrl:]]" err && state >after &&
	test_cmp before after &&
	test_expect_code 3 resutil pull $1 $good >out 2>err &&
	test_line_count = 1 err && test_path_is_file results/$good/a &&
	state >after && test_cmp before after &&
	test_expect_code 13 resutil unpack-exp -C new $store/$1.zip 2>err &&
	test_path_is_missing new
}

# Each with a good comment, so that only the pack itself is bad.
test_expect_success 'setup: packs' '
	raw_zip <<-\END
	import itertools
	record = b"resutil: 1\nstate: done\n"
	numbers = itertools.count(100000)
	table = open("packs", "w")

	def case(phrase, *entries, change=None, raw=lambda data: data):
	    z = ours([("a", b"hello")], record)
	    for entry in entries:
	        z.add(*entry)
	    if change:
	        change(z)
	    name = "aapfuq_20240704T%06d" % next(numbers)
	    save("store/project/%s.zip" % name, raw(z.build()))
	    table.write("%s|%s\n" % (name, phrase))

	case("holds a component", ("../x", b"x"))
	case("holds a component", ("../../outside/secret", b"x"))
	case("begins with", ("/tmp/x", b"x"))
	case("holds a NUL", (b"b\0", b"x"))
	case("is a file or link, and also a directory",
	     ("l", b"../outside", LINK), ("l/secret", b"x"))
	case("is a file or link, and also a directory",
	     ("l", b"../../outside", LINK), ("l/", b"", DIR))
	case("twice", ("a", b"x"))
	case("neither a file nor", ("fifo", b"", 0o010644))
	def encrypted(z): z.entries[1].flags = 1
	def crc(z): z.entries[1].both(crc=lambda right: right ^ 1)
	def local(z): z.entries[1].local["size"] = 4
	def central(z): z.entries[1].central["size"] = 4
	def name(z): z.entries[1].local_name = b"b"
	case("encrypted", change=encrypted)
	case("a", change=crc)
	case("a", change=local)
	case("a", change=central)
	case("", raw=lambda data: b"MZ" * 500 + data)
	case("", raw=lambda data: data + b"behind")
	case("", raw=lambda data: data + data)
	def zip64(z): z.entries[1].central_extra = extra(0x0001, b"\1" * 8)
	case("", change=zip64)
	def bomb(z):
	    e = z.add("bomb", b"")
	    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
	    e.data = packer.compress(bytes(50 << 20)) + packer.flush()
	    e.method = 8
	    e.both(size=50 << 20, crc=zlib.crc32(bytes(50 << 20)))
	case("unpack.max-size", change=bomb)
	def liar(z):
	    bomb(z)
	    z.entries[-1].both(size=1000)
	case("bomb", change=liar)
	def many(z):
	    for i in range(2001):
	        z.add("%05d" % i, b"")
	case("unpack.max-entries", change=many)
	table.close()
	END
'

test_expect_success 'none of them is fetched' '
	cat >>resutil-conf.yaml <<-\END &&
	unpack:
	  max-size: 10M
	  max-entries: 2000
	END
	while IFS="|" read -r name phrase
	do
		not_fetched "$name" "$phrase" || {
			echo "$name $phrase" && cat err
			return 1
		}
	done <packs
'

test_expect_success 'nor looked into' '
	while IFS="|" read -r name phrase
	do
		case $phrase in
		unpack.*) continue ;;
		esac
		test_expect_code 13 resutil verify-pack $name >out 2>err &&
		test_line_count = 1 err && test_grep ! "[[:cntrl:]]" err ||
		return 1
	done <packs &&
	test_expect_code 13 resutil cat-pack aapfuq_20240704T100001 \
		../../outside/secret >out && test_must_be_empty out
'

test_expect_success 'pull -A fetches the rest and names each' '
	rm -rf results/$good && state >before &&
	test_expect_code 3 resutil pull -A >out 2>err &&
	test_path_is_file results/$good/a &&
	test_line_count = $(wc -l <packs) err &&
	while IFS="|" read -r name phrase
	do
		test_grep "$name" err || return 1
	done <packs &&
	state >after && test_cmp before after
'

test_expect_success 'a zip that holds itself, and so on, is a file' '
	raw_zip <<-\END &&
	inner = open("good.zip", "rb").read()
	for i in range(20):
	    z = ours([("in.zip", inner)], b"resutil: 1\nstate: done\n")
	    z.save("nested.zip")
	    inner = open("nested.zip", "rb").read()
	END
	name=aapfur_20240704T191755 && cp nested.zip $store/$name.zip &&
	resutil pull $name && ls results/$name >actual &&
	printf "%s\n" in.zip resutil-exp.yaml >expect && test_cmp expect actual
'

test_expect_success 'setup: a small pack, cut at each byte' '
	rm -rf $store results && mkdir $store results &&
	python3 -S -E - <<-\END
	data = open("good.zip", "rb").read()
	names = open("cuts", "w")
	for n in range(len(data)):
	    name = "aapfus_20240704T%02d%02d%02d" % (n // 3600, n // 60 % 60, n % 60)
	    with open("store/project/%s.zip" % name, "wb") as out:
	        out.write(data[:n])
	    names.write(name + "\n")
	END
'

test_expect_success 'cut at each byte it is not fetched' '
	cp good.zip $store/$good.zip &&
	test_expect_code 3 resutil pull -A >out 2>err &&
	ls -A results >actual && echo $good >expect && test_cmp expect actual &&
	cut -d "'\''" -f 2 err | sed "s/^origin://" | sort >named &&
	test_cmp cuts named
'

test_expect_success 'nor read by any other command' '
	test_expect_code 13 resutil verify-pack $(cat cuts) >out 2>err &&
	test_line_count = $(wc -l <cuts) err && ! grep "	ok" out &&
	while read -r name
	do
		file=$store/$name.zip &&
		test_expect_code 13 resutil list-pack $file >out 2>err &&
		test_must_be_empty out && test_line_count = 1 err &&
		test_expect_code 13 resutil cat-pack $file a >out 2>err &&
		test_must_be_empty out && test_line_count = 1 err &&
		test_expect_code 13 resutil unpack-exp -C new $file >out 2>err &&
		test_must_be_empty out && test_line_count = 1 err &&
		test_path_is_missing new || return 1
	done <cuts
'

test_done
