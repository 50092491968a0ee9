#!/bin/sh
test_description='hostile packs: content, restart points, comments, cuts'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-hostile.sh"

test_expect_success 'setup' '
	make_arena
'

test_expect_success 'wrong content, deflated and stored, short and long' '
	raw_zip <<-\END &&
	for name, content in (("short", b"hello, " * 100),
	              ("long", bytes(range(256)) * 5000)):
	    for method in (0, 8):
	        z, e = one("a", content, method=method)
	        e.both(crc=lambda right: right ^ 1)
	        z.save("crc-%s-%d.zip" % (name, method))
	        z, e = one("a", content, method=method)
	        e.right()
	        data = bytearray(e.packed())
	        data[len(data) // 2] ^= 0x10
	        e.data = bytes(data)
	        z.save("flip-%s-%d.zip" % (name, method))
	END
	for kind in crc flip
	do
		for name in short long
		do
			for method in 0 8
			do
				resutil list-pack $kind-$name-$method.zip \
					>out 2>err &&
				test_expect_code 13 resutil verify-pack \
					$kind-$name-$method.zip >out 2>err &&
				is_clear "a" &&
				not_unpacked 13 $kind-$name-$method.zip "" ||
				return 1
			done || return 1
		done || return 1
	done &&
	refused_content crc-short-0.zip a "its content has another CRC-32" &&
	refused_content crc-short-8.zip a "its content has another CRC-32" &&
	refused_content flip-short-0.zip a "its content has another CRC-32"
'

# In one piece, and behind more than is read at once.
test_expect_success 'deflate streams that are none' '
	raw_zip <<-\END &&
	text = b"hello, hello, hello"
	fixed = (1, 1), (1, 2)
	end = "0000000"
	a = literal(97)
	bad = [
	    ("cut", deflate(text)[:-1], len(text)),
	    ("cut-more", deflate(text)[:-3], len(text)),
	    ("empty", b"", 0),
	    ("behind", deflate(text) + b"\0", len(text)),
	    ("behind-stream", deflate(text) + deflate(b""), len(text)),
	    ("type", bits((1, 1), (3, 2), (0, 21)), 0),
	    ("nlen", struct.pack("<BHH", 1, 5, 5) + b"hello", 5),
	    ("nlen-0", struct.pack("<BHH", 1, 5, 0xfffb) + b"hello", 5),
	    ("stored-cut", struct.pack("<BHH", 1, 9, MAX16 ^ 9) +
	     b"hello", 5),
	    ("distance", bits(*fixed, a, "0000001", "00001", end), 4),
	    ("distance-30", bits(*fixed, a, "0000001", "11110", end), 4),
	    ("length-286", bits(*fixed, a, "11000110", "00000", end), 4),
	    ("no-end", bits(*fixed, a, a, a, a, a), 5),
	    # dynamic codes: too many, too few, no end of block, a repeat
	    # of nothing, repeats beyond the last
	    ("dynamic-over", bits((1, 1), (2, 2), (0, 5), (0, 5), (15, 4),
	     *[(1, 3)] * 19), 0),
	    ("dynamic-none", bits((1, 1), (2, 2), (0, 5), (0, 5), (15, 4),
	     *[(0, 3)] * 19), 0),
	    ("dynamic-repeat", bits((1, 1), (2, 2), (0, 5), (0, 5), (0, 4),
	     (1, 3), (1, 3), (0, 3), (0, 3), "0", (3, 2), (0, 64)), 0),
	    ("dynamic-286", bits((1, 1), (2, 2), (31, 5), (31, 5), (15, 4),
	     *[(1, 3)] * 19), 0),
	]
	z = zlib.compressobj(6, zlib.DEFLATED, -15)
	pad = bytes(range(256)) * 5000
	head = z.compress(pad) + z.flush(zlib.Z_FULL_FLUSH)
	for name, data, size in bad:
	    z, e = one("a", text[:size], method=8)
	    e.data = data
	    z.save("inflate-%s.zip" % name)
	    z, e = one("a", pad + text[:size], method=8)
	    e.data = head + data
	    z.save("inflate-%s-long.zip" % name)
	save("names", "\n".join(n for n, d, s in bad).encode() + b"\n")
	END
	while read -r name
	do
		refused_content inflate-$name.zip a "" || return 1
		# there are megabytes of it before it turns out to be bad
		refused_late inflate-$name-long.zip a "" || return 1
	done <names
'

test_expect_success 'streams in odd forms are read' '
	raw_zip <<-\END &&
	z = Zip()
	# nothing, in many blocks; each kind of block; stored blocks of nothing
	nothing = struct.pack("<BHH", 0, 0, MAX16)
	e = z.add("a", b"hello", method=8)
	e.data = nothing * 1000 + deflate(b"hello", 0)
	e = z.add("b", b"aaaa", method=8)
	e.data = bits((1, 1), (1, 2), literal(97), "0000001", "00000",
	          "0000000")
	e = z.add("c", b"", method=8)
	e.data = deflate(b"")
	z.add("d/", b"", method=8, data=deflate(b""), descriptor="32")
	z.add("e", bytes(3000000), method=8, data=nothing * 300000 +
	      deflate(bytes(3000000)))
	z.save("odd.zip")
	END
	taken odd.zip &&
	test "$(cat unpacked/a unpacked/b unpacked/c)" = helloaaaa &&
	test "$(wc -c <unpacked/e)" = 3000000
'

test_expect_success 'restart points that lie' '
	raw_zip <<-\END &&
	M = 1 << 20
	pieces = [bytes([65 + i]) * 1000 + bytes(4 * M - 1000)
	      for i in range(3)]
	pieces.append(b"the end")
	content = b"".join(pieces)
	stream, sizes = segments(pieces)
	def case(name, data=None, points=None, stream=stream, content=content,
	     method=8):
	    z, e = one("a", content, method=method)
	    e.data = stream
	    e.central_extra = restart(sizes) if data is None else data
	    z.save("restart-%s.zip" % name)
	case("good")
	case("foreign-local")
	case("version", restart(sizes, version=2))
	case("version-0", restart(sizes, version=0))
	case("unit-21", restart(sizes, log2=21))
	case("unit-23", restart(sizes, log2=23))
	case("unit-63", restart(sizes, log2=63))
	case("unit-64", restart(sizes, log2=64))
	case("unit-255", restart(sizes, log2=255))
	case("reserved", restart(sizes, zero=1))
	case("fewer", restart(sizes[:-1]))
	case("more", restart(sizes + [7]))
	case("none", restart([]))
	case("odd", extra(0x5552, restart(sizes)[4:-1]))
	case("short", extra(0x5552, b"\1\x16"))
	case("void", extra(0x5552, b""))
	case("beyond", restart([sizes[0], sizes[1], len(stream)]))
	case("beyond-32", restart([MAX32] * 3))
	case("all", restart([sizes[0], sizes[1],
	             len(stream) - sizes[0] - sizes[1]]))
	case("zero", restart([0, sizes[0] + sizes[1], sizes[2]]))
	for by in (1, 5, -1, -5, 100):
	    case("shift%d" % by, restart([sizes[0] + by, sizes[1] - by,
	                      sizes[2]]))
	# the join is there, but not after as much
	a = [pieces[0][:-1], pieces[0][-1:] + pieces[1], pieces[2], pieces[3]]
	stream2, sizes2 = segments(a)
	case("early", restart(sizes2), stream=stream2)
	# what follows refers to what was before
	z = zlib.compressobj(6, zlib.DEFLATED, -15)
	noise = b"".join(hashlib.sha256(b"%d" % i).digest()
	         for i in range(1000))
	content2 = bytes(4 * M - 32000) + noise + noise + b"x" * M
	first = z.compress(content2[:4 * M]) + z.flush(zlib.Z_SYNC_FLUSH)
	rest = z.compress(content2[4 * M:]) + z.flush()
	case("window", restart([len(first)]), stream=first + rest,
	     content=content2)
	# each segment a whole stream: others would stop after the first
	parts = [deflate(p) for p in pieces]
	case("streams", restart([len(p) for p in parts[:-1]]),
	     stream=b"".join(parts))
	# a segment with a final block, and one without end
	z = zlib.compressobj(6, zlib.DEFLATED, -15)
	case("no-end", stream=segments(pieces + [b""])[0][:-2])
	case("stored", stream=content, method=0)
	case("small", restart([5]), content=b"x" * 100,
	     stream=deflate(b"x" * 100))
	# a block that goes on across the point
	half = deflate(bytes(4 * M) + b"y" * 100, 0)
	case("across", restart([len(half) - 50]), stream=half,
	     content=bytes(4 * M) + b"y" * 100)
	END
	taken restart-good.zip &&
	for file in version version-0 unit-21 unit-63 unit-64 unit-255 \
		reserved none odd short void stored
	do
		refused restart-$file.zip "its restart points are malformed" ||
		return 1
	done &&
	for file in unit-23 fewer more small
	do
		refused restart-$file.zip "its restart points do not fit" ||
		return 1
	done &&
	for file in beyond beyond-32 all
	do
		refused restart-$file.zip "restart points do not lie in" ||
		return 1
	done &&
	for file in zero shift1 shift5 shift-1 shift-5 shift100 early window \
		streams no-end across
	do
		for jobs in 1 4
		do
			test_expect_code 13 resutil verify-pack -j $jobs \
				restart-$file.zip >out 2>err && is_clear "" &&
			not_unpacked 13 restart-$file.zip "" -j $jobs ||
			return 1
		done || return 1
	done
'

test_expect_success 'our comment is whole, or the pack is refused' '
	raw_zip <<-\END &&
	def case(name, comment):
	    z = ours([("a", b"hello")])
	    z.comment = comment(z.comment) if callable(comment) else comment
	    z.save("comment-%s.zip" % name)
	good = lambda c: c
	case("good", good)
	case("unknown", lambda c: c + b" colour=green x y=")
	for i, f in enumerate((
	        b"resutil-pack ", b"resutil-pack 1", b"resutil-pack 1 ",
	        b"resutil-pack x", b"resutil-pack 1x",
	        lambda c: c + b" ", lambda c: c + b"\n",
	        lambda c: c + b"\0", lambda c: c + b" \xff",
	        lambda c: c + b"  x=y", lambda c: c[:-1],
	        lambda c: c + b"0", lambda c: c[:-1] + b"g",
	        lambda c: c.replace(b" tree", b"  tree"),
	        lambda c: c.replace(b" tree", b"\ttree"),
	        lambda c: c + c[14:],
	        lambda c: c + b" record=", lambda c: c + b" record=12",
	        lambda c: c + b" id=nonsense",
	        lambda c: c + b" revision=-1",
	        lambda c: c + b" revision=18446744073709551616")):
	    case("bad-%d" % i, f)
	for version in (b"2", b"10", b"99999"):
	    case("future-%d" % int(version), lambda c: c.replace(
	        b"pack 1", b"pack " + version))
	# another word begins alike
	case("other", b"resutil-packs are fine")
	END
	taken comment-good.zip && taken comment-unknown.zip &&
	taken comment-other.zip &&
	i=0 && while test $i -le 20
	do
		refused comment-bad-$i.zip "the archive comment is malformed" ||
		return 1
		i=$(($i + 1))
	done &&
	for version in 2 10 99999
	do
		refused comment-future-$version.zip \
			"its format version is $version, this resutil knows 1; a newer one is needed" ||
		return 1
	done
'

test_expect_success 'another tree or record than the comment says' '
	raw_zip <<-\END &&
	tree = [("a", b"hello"), ("d/", b""), ("d/run", b"x", 0o100755),
	    ("link", b"d/run", LINK)]
	record = b"resutil: 1\n"
	ours(tree, record).save("tree-good.zip")
	def case(name, change, record=record):
	    z = ours(tree, record)
	    change(z)
	    z.save("tree-%s.zip" % name)
	def content(z): z.entries[1].content = b"jello"
	def mode(z): z.entries[1].mode = 0o100755
	def name(z): z.entries[1].name = b"b"
	def gone(z): del z.entries[1]
	def more(z): z.add("z", b"")
	def kind(z):
	    z.entries[4].mode = FILE
	def target(z): z.entries[4].content = b"d/rum"
	def written(z): z.entries[0].content = b"resutil: 2\n"
	def lost(z): del z.entries[0]
	case("content", content); case("mode", mode); case("name", name)
	case("gone", gone); case("more", more); case("kind", kind)
	case("target", target)
	case("record", written); case("lost", lost)
	ours(tree, record, tree="0" * 64).save("tree-zero.zip")
	ours(tree, record, record="0" * 64).save("tree-record-zero.zip")
	ours(tree, None, record="0" * 64).save("tree-no-record.zip")
	END
	taken tree-good.zip &&
	for file in content mode name gone more kind target zero
	do
		resutil list-pack tree-$file.zip >out 2>err &&
		test_expect_code 13 resutil verify-pack tree-$file.zip \
			>out 2>err && is_clear "tree hash" &&
		not_unpacked 13 tree-$file.zip "tree hash" || return 1
	done &&
	for file in record lost record-zero no-record
	do
		resutil list-pack tree-$file.zip >out 2>err || :
		test_expect_code 13 resutil verify-pack tree-$file.zip \
			>out 2>err && is_clear "record" &&
		not_unpacked 13 tree-$file.zip "record" || return 1
	done
'

test_expect_success 'a record that the comment does not know' '
	raw_zip <<-\END &&
	ours([("a", b"hello")], b"resutil: 1\n", record=None).save(
	    "unknown-record.zip")
	END
	test_might_fail resutil verify-pack unknown-record.zip >out 2>err
'

test_expect_success 'setup: a small pack of our own' '
	mkdir -p exp/d &&
	echo "a small file that is deflated, deflated, deflated" >exp/a &&
	printf x >exp/d/b && ln -s d/b exp/link && chmod 755 exp/d/b &&
	find exp -exec touch -h -d 2024-07-04T19:15:54 {} + &&
	resutil pack-exp -o small.zip ./exp &&
	taken small.zip
'

test_expect_success 'cut at each byte it is refused' '
	size=$(wc -c <small.zip) &&
	python3 -S -E - <<-\END >cuts &&
	import struct, sys
	data = open("small.zip", "rb").read()
	for n in range(len(data)):
	    sys.stdout.buffer.write(struct.pack("<I", n) + data[:n])
	END
	pack-probe <cuts >found &&
	grep -c "^refused" found >count &&
	echo $(($size)) >expect && test_cmp expect count &&
	test_grep ! "^ok" found &&
	for n in 0 1 30 100 $(($size - 23)) $(($size - 22)) $(($size - 1))
	do
		head -c $n small.zip >cut.zip &&
		refused cut.zip "" || return 1
		test_expect_code 13 resutil unpack-exp -C arena/place/new - \
			<cut.zip >out 2>err && is_clear "" && untouched ||
		return 1
	done
'

# "data": bits behind the end of a deflate stream, in its last byte.
# "comment": of another program, then, and whose tree is not known.
test_expect_success 'with any bit flipped: refused, or the same content' '
	python3 -S -E "$TEST_DIRECTORY/helper/pack-flips.py" make small.zip \
		>flips &&
	pack-probe <flips >found &&
	python3 -S -E "$TEST_DIRECTORY/helper/pack-flips.py" judge small.zip \
		<found >harmless &&
	cat >expect <<-\END &&
	central external
	central extra flags
	central extra id
	central host
	central internal
	central made_by
	central needed
	comment
	data
	local extra flags
	local extra id
	local needed
	END
	test_cmp expect harmless
'

test_expect_success 'with any byte lost, doubled or zero: the same' '
	python3 -S -E - <<-\END >edits &&
	import struct, sys
	data = open("small.zip", "rb").read()
	for i in range(len(data)):
	    for new in (data[:i] + data[i + 1:],
	            data[:i] + data[i:i + 1] + data[i:],
	            data[:i] + b"\0" + data[i:]):
	        sys.stdout.buffer.write(struct.pack("<I", len(new)) +
	                    new)
	END
	pack-probe <edits >found &&
	test_grep ! "^ok" found
'

test_done
