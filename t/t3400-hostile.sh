#!/bin/sh
test_description='hostile packs: names, links, kinds, limits'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-hostile.sh"
. "$TEST_DIRECTORY/lib-mount.sh"

test_expect_success 'setup: what is right is taken' '
	make_arena &&
	raw_zip <<-\END &&
	z = Zip()
	z.add("a", b"hello")
	z.add("dir/")
	z.add("dir/b", b"hello hello hello hello")
	z.link("link", b"dir/b")
	z.save("good.zip")
	END
	taken good.zip &&
	echo hello hello hello hello >expect &&
	{ cat unpacked/link && echo; } >actual &&
	test_cmp expect actual
'

test_expect_success 'no component is ..' '
	raw_zip <<-\END &&
	for i, name in enumerate(("..", "../a", "../../outside/secret",
	        "a/../b", "a/..", "a/b/../../../c", "a/../",
	        "../place/way-out/x")):
	    one(name)[0].save("dots-%d.zip" % i)
	END
	for i in 0 1 2 3 4 5 6 7
	do
		refused dots-$i.zip "its name holds a component" || return 1
	done
'

test_expect_success 'nor . or nothing' '
	raw_zip <<-\END &&
	for i, name in enumerate((".", "./a", "a/./b", "a/.", "./")):
	    one(name)[0].save("dot-%d.zip" % i)
	for i, name in enumerate(("a//b", "a//", "a///b")):
	    one(name)[0].save("empty-%d.zip" % i)
	one("")[0].save("nothing.zip")
	END
	for i in 0 1 2 3 4
	do
		refused dot-$i.zip "its name holds a component" || return 1
	done &&
	for i in 0 1 2
	do
		refused empty-$i.zip "its name holds " || return 1
	done &&
	refused nothing.zip "it has no name"
'

test_expect_success 'no path is absolute' '
	raw_zip <<-END &&
	for i, name in enumerate(("/", "/a", "//a", "/etc/passwd",
	        "$TRASH_DIRECTORY/arena/outside/secret")):
	    one(name)[0].save("abs-%d.zip" % i)
	END
	for i in 0 1 2 3 4
	do
		refused abs-$i.zip "its name begins with" || return 1
	done
'

test_expect_success 'no name holds a NUL' '
	raw_zip <<-\END &&
	one(b"a\0")[0].save("nul-0.zip")
	one(b"\0a")[0].save("nul-1.zip")
	one(b"good.txt\0/../../x")[0].save("nul-2.zip")
	# as a Unicode path, and behind one
	z, e = one("a")
	e.extras(unicode_path("a\0b", "a"))
	z.save("nul-3.zip")
	z, e = one(b"a\0")
	e.extras(unicode_path("a", b"a\0"))
	z.save("nul-4.zip")
	END
	for i in 0 1 2 3 4
	do
		refused nul-$i.zip "its name holds a NUL" || return 1
	done
'

test_expect_success 'a Unicode path is held to the same' '
	raw_zip <<-\END &&
	for i, name in enumerate(("../a", "/a", "a/../b", "a//b", "")):
	    z, e = one("x")
	    e.extras(unicode_path(name, "x"))
	    z.save("up-%d.zip" % i)
	z, e = one("x")
	e.extras(unicode_path(b"\xff", "x"))
	z.save("up-bytes.zip")
	z, e = one("x")
	e.extras(unicode_path("y", "x", version=2))
	z.save("up-version.zip")
	z, e = one("x")
	e.extras(extra(0x7075, b"\1\0"))
	z.save("up-short.zip")
	z, e = one("x")
	e.extras(unicode_path("x/", "x"))
	z.save("up-slash.zip")
	# bit 11, and another name beside
	z, e = one("x")
	e.flags = 0x800
	e.extras(unicode_path("y", "x"))
	z.save("up-two.zip")
	# in one header only
	z, e = one("x")
	e.local_extra = unicode_path("y", "x")
	z.save("up-local.zip")
	z, e = one("x")
	e.central_extra = unicode_path("y", "x")
	z.save("up-central.zip")
	END
	refused up-0.zip "its name holds a component" &&
	refused up-1.zip "its name begins with" &&
	refused up-2.zip "its name holds a component" &&
	refused up-3.zip "its name holds" &&
	refused up-4.zip "it has no name" &&
	refused up-bytes.zip "its Unicode path is not UTF-8" &&
	refused up-version.zip "its Unicode path is malformed" &&
	refused up-short.zip "its Unicode path is malformed" &&
	refused up-slash.zip "its name and its Unicode path disagree" &&
	refused up-two.zip "its name and its Unicode path differ" &&
	refused_local up-local.zip x \
		"its local header has another Unicode path" &&
	refused_local up-central.zip y \
		"its local header has another Unicode path"
'

test_expect_success 'bit 11 without UTF-8, \\ where it separates' '
	raw_zip <<-\END &&
	for i, name in enumerate((b"a\xff", b"\xc0\xaf", b"\xed\xa0\x80",
	        b"\xf4\x90\x80\x80", b"a\x80")):
	    z, e = one(name)
	    e.flags = 0x800
	    z.save("utf8-%d.zip" % i)
	for host in (FAT, NTFS, 6, 7, 14):
	    one("..\\x", host=host)[0].save("back-%d.zip" % host)
	# where code page 437 is read it must not turn up either
	z, e = one(b"x\x81", host=FAT)
	e.extras(unicode_path("a\\b", b"x\x81"))
	z.save("back-up.zip")
	END
	for i in 0 1 2 3 4
	do
		refused utf8-$i.zip "its name is not UTF-8" || return 1
	done &&
	for i in 0 6 7 10 14 up
	do
		refused back-$i.zip "which may separate directories" ||
		return 1
	done
'

test_expect_success 'long components and paths' '
	raw_zip <<-\END &&
	one("a" * 256)[0].save("long-0.zip")
	one("x/" + "a" * 256 + "/y")[0].save("long-1.zip")
	one("x/" + "\u00e9" * 128)[0].save("long-2.zip")
	# a path that no 16 bits can tell
	z, e = one("a/" * 35000 + "b")
	e.both(name_len=70001 & MAX16)
	z.save("long-3.zip")
	# 5,000 levels are a path, if a strange one; a directory for each of
	# 32,767 has a gigabyte of names
	one("a/" * 5000 + "b")[0].save("deep.zip")
	one("a/" * 32767 + "b")[0].save("implied.zip")
	one("a" * 255)[0].save("fits.zip")
	END
	for i in 0 1 2
	do
		refused long-$i.zip "more than 255 bytes" || return 1
	done &&
	test_expect_code 13 resutil list-pack long-3.zip >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	refused implied.zip "more than 64 MiB together" &&
	taken fits.zip && taken deep.zip
'

test_expect_success 'no name stands twice' '
	raw_zip <<-\END &&
	z = Zip()
	z.add("a", b"1"); z.add("b"); z.add("a", b"2")
	z.save("twice-0.zip")
	z = Zip()
	z.add("d/"); z.add("d/")
	z.save("twice-1.zip")
	z = Zip()
	z.link("a", b"b"); z.link("a", b"c")
	z.save("twice-2.zip")
	# one name, written in two ways
	z = Zip()
	z.add("\u00fc", host=UNIX, flags=0x800)
	z.add(b"\x81", host=FAT)
	z.save("twice-3.zip")
	z = Zip()
	z.add("\u00fc")
	z.add("x").extras(unicode_path("\u00fc", "x"))
	z.save("twice-4.zip")
	END
	for i in 0 1 2 3 4
	do
		refused twice-$i.zip "it is there twice" || return 1
	done
'

test_expect_success 'a file or link is no directory, in either order' '
	raw_zip <<-\END &&
	n = 0
	def case(*entries):
	    global n
	    for order in (entries, entries[::-1]):
	        z = Zip()
	        for name, mode in order:
	            z.add(name, b"" if name[-1] == "/" else
	                  b"../outside", mode, method=0)
	        z.save("both-%d.zip" % n)
	        n += 1
	case(("x", LINK), ("x/secret", FILE))
	case(("x", LINK), ("x/", DIR))
	case(("x", LINK), ("x/y/z", FILE))
	case(("x", LINK), ("x/y", LINK))
	case(("a/x", LINK), ("a/x/dir/keep", FILE))
	case(("x", FILE), ("x/y", FILE))
	case(("x", FILE), ("x/", DIR))
	# others sort in between
	case(("x", LINK), ("x!", FILE), ("x-", FILE), ("x/y", FILE))
	case(("x", LINK), ("x.", FILE), ("x./y", FILE), ("x/y", FILE))
	case(("x", LINK), ("x!/a", FILE), ("x!/b/c", FILE), ("x/y", FILE))
	assert n == 20
	END
	for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
	do
		refused both-$i.zip "is a file or link, and also a directory" ||
		return 1
	done
'

test_expect_success 'names that only begin alike are fine, however many' '
	raw_zip <<-\END &&
	z = Zip()
	for i in range(300):
	    z.add("ab/" * i + "a", b"%d" % i)
	z.save("alike.zip")
	z = Zip()
	for i in range(1, 256):
	    z.add("a" * i, b"")
	z.add("a" * 255 + "/")
	z.save("alike-bad.zip")
	END
	taken alike.zip &&
	echo 299 >expect &&
	{ cat "unpacked/$(printf "ab/%.0s" $(seq 299))a" && echo; } >actual &&
	test_cmp expect actual &&
	refused alike-bad.zip "also a directory"
'

test_expect_success 'links lead where they like, but nothing goes through' '
	raw_zip <<-END &&
	z = Zip()
	z.link("a-out", b"../../outside")
	z.link("b-abs", b"$TRASH_DIRECTORY/arena/outside")
	z.link("c-self", b"c-self")
	z.link("d-up", b"..")
	z.link("z-top", b"/")
	z.add("file", b"x")
	z.save("links.zip")
	END
	arena_state >arena.before &&
	taken links.zip && untouched &&
	test "$(readlink unpacked/a-out)" = ../../outside &&
	test "$(readlink unpacked/c-self)" = c-self &&
	test "$(readlink unpacked/z-top)" = /
'

test_expect_success 'targets of links: empty, with NUL, too long' '
	raw_zip <<-\END &&
	z, e = one("a", b"", LINK, method=0)
	z.save("target-0.zip")
	z, e = one("a", b"x" * 4096, LINK, method=0)
	z.save("target-1.zip")
	z, e = one("a", b"x" * 5000, LINK, method=8)
	z.save("target-2.zip")
	z, e = one("a", b"ok\0../../x", LINK, method=0)
	z.save("target-nul.zip")
	z, e = one("a", b"x/" * 2047 + b"y", LINK, method=0)
	z.save("target-fits.zip")
	END
	for i in 0 1 2
	do
		refused target-$i.zip "it is a link with a target of" ||
		return 1
	done &&
	test_expect_code 13 resutil verify-pack target-nul.zip >out 2>err &&
	is_clear "target" &&
	not_unpacked 13 target-nul.zip "target" &&
	taken target-fits.zip &&
	test "$(readlink unpacked/a | wc -c)" = 4096
'

test_expect_success 'no devices, FIFOs, sockets, nor kinds that are none' '
	raw_zip <<-\END &&
	for kind in (0o010000, 0o020000, 0o060000, 0o140000, 0o160000,
	         0o170000, 0o030000, 0o110000):
	    one("a", b"", kind | 0o644)[0].save("kind-%o.zip" % kind)
	END
	for kind in 10000 20000 60000 140000 160000 170000 30000 110000
	do
		refused kind-$kind.zip "neither a file nor a directory nor" ||
		return 1
	done
'

test_expect_success 'names and kinds agree on what is a directory' '
	raw_zip <<-\END &&
	one("d/", b"", FILE)[0].save("slash-0.zip")
	one("d/", b"target", LINK, method=0)[0].save("slash-1.zip")
	one("d", b"", DIR)[0].save("slash-2.zip")
	one("d", b"hello", DIR)[0].save("slash-3.zip")
	one("d/", b"hello", DIR, method=0)[0].save("slash-4.zip")
	# where there are no modes
	z, e = one("d", b"", host=FAT)
	e.central["external"] = 0x10
	z.save("slash-5.zip")
	one("d/", b"hello", DIR, host=FAT)[0].save("slash-6.zip")
	END
	refused slash-0.zip "has the name of a directory, and is none" &&
	refused slash-1.zip "has the name of a directory, and is none" &&
	refused slash-2.zip "a directory without" &&
	refused slash-3.zip "a directory without" &&
	refused slash-4.zip "a directory with content" &&
	refused slash-5.zip "a directory without" &&
	refused slash-6.zip "a directory with content"
'

test_expect_success 'nor kinds in places where only some programs look' '
	raw_zip <<-\END &&
	# modes where there are none: unzip and libarchive take them
	for host in (FAT, NTFS):
	    for mode in (LINK, DIR, 0o010644):
	        z, e = one("a", b"../outside", host=host)
	        e.central["external"] = mode << 16
	        z.save("else-%d-%o.zip" % (host, mode))
	z, e = one("a/", b"", host=FAT)
	e.central["external"] = FILE << 16
	z.save("else-slash.zip")
	# ASi Unix, and the label of a disk
	asi = struct.pack("<HIHH", LINK, 10, 0, 0) + b"../outside"
	z, e = one("a", b"", host=FAT)
	e.extras(extra(0x756e, struct.pack("<I", zlib.crc32(asi)) + asi))
	z.save("else-asi.zip")
	z, e = one("a", b"", host=FAT)
	e.central["external"] = 8
	z.save("else-label.zip")
	END
	for file in 0-120777 0-40755 0-10644 10-120777 10-40755 10-10644 \
		slash asi
	do
		refused else-$file.zip "programs think differently" || return 1
	done &&
	refused else-label.zip "it is the label of a disk"
'

test_expect_success 'set-id and sticky bits are not restored' '
	raw_zip <<-\END &&
	z = Zip()
	z.add("file", b"x", 0o107755)
	z.add("dir/", b"", 0o047777)
	z.save("suid.zip")
	END
	taken suid.zip &&
	test_grep "^100755	" list && test_grep "^040777	" list &&
	ls -ld unpacked/file unpacked/dir >modes &&
	test_grep "^-rwxr-xr-x" modes && test_grep "^drwxrwxrwx" modes
'

test_expect_success 'other odd names are unpacked byte for byte, shown quoted' '
	raw_zip <<-\END &&
	odd = [b"back\\slash", b"..\\..\\up", b"C:", b"C:\\x", b"tab\there",
	       b"nl\nhere", b"cr\rhere", b"\x1b[31mred\x1b]0;title\x07",
	       b"\xff\xfe", b"\xc0\xae\xc0\xae", b" ", b"-rf", b"\"q\"",
	       b"del\x7f", b"...", b"..a", b"a..", b"~",
	       b"$(x)", b"%s", b"CON", b"a.", b"*", b"d\xc3\xa9j\xc3\xa0"]
	z = Zip()
	for name in odd:
	    z.add(name, b"<" + name + b">")
	z.add(b"deep\n\x1b[2J/")
	z.add(b"deep\n\x1b[2J/\x1b[2J", b"<>")
	z.save("odd.zip")
	save("names", b"".join(b"./%s\0" % n for n in sorted(odd)))
	END
	taken odd.zip &&
	tr -d "\n\t" <list >shown &&
	test_grep ! "[[:cntrl:]]" shown &&
	test_grep -F "\"\\033[31mred\\033]0;title\\a\"" shown &&
	test_grep -F "\"back\\\\slash\"" shown &&
	test_grep -F "\"\\377\\376\"" shown &&
	(cd unpacked && find . -type f -print0 | sort -z) >found &&
	python3 -S -E - <<-\END
	import os
	names = [n[2:] for n in open("names", "rb").read().split(b"\0")[:-1]]
	top = sorted(os.listdir(b"unpacked"))
	assert top == sorted(names + [b"deep\n\x1b[2J"]), top
	for name in names:
	    text = open(b"unpacked/" + name, "rb").read()
	    assert text == b"<" + name + b">", (name, text)
	END
'

test_expect_success 'what is wrong with an odd name is said without it raw' '
	raw_zip <<-\END &&
	one(b"\x1b[31m/../\x07")[0].save("esc-0.zip")
	one(b"\x1b]0;x\x07\r\n/")[1].both(method=12)
	z, e = one(b"\x1b]0;x\x07\r\nresutil: all is well", b"x" * 20)
	e.both(crc=7)
	z.save("esc-1.zip")
	z = Zip()
	z.add(b"\x1b[2J\n"); z.add(b"\x1b[2J\n")
	z.save("esc-2.zip")
	END
	refused esc-0.zip "\"\\033[31m/../\\a\": its name holds" &&
	test_expect_code 13 resutil verify-pack esc-1.zip >out 2>err &&
	is_clear "\\033]0;x" && test_grep CRC err &&
	not_unpacked 13 esc-1.zip "\\033]0;x" &&
	refused esc-2.zip "\"\\033[2J\\n\": it is there twice"
'

test_expect_success 'more bytes or entries than the limits are refused' '
	raw_zip <<-\END &&
	z = Zip()
	for i in range(100):
	    z.add("%02d" % i, b"x" * 100)
	z.save("many.zip")
	END
	not_unpacked 13 many.zip "unpack.max-entries" --max-entries=99 &&
	not_unpacked 13 many.zip "unpack.max-size" --max-size=9999 &&
	test_expect_code 0 resutil unpack-exp -C fits --max-entries=100 \
		--max-size=10000 many.zip
'

test_expect_success 'a bomb that says so is refused by its size' '
	raw_zip <<-\END &&
	z = Zip()
	# 1 GiB of zeros in 1 MiB
	block = deflate(b"\0" * (1 << 20))
	packer = zlib.compressobj(9, zlib.DEFLATED, -15)
	data, crc, zeros = [], 0, bytes(1 << 20)
	for i in range(1 << 10):
	    data.append(packer.compress(zeros))
	    crc = zlib.crc32(zeros, crc)
	data.append(packer.flush())
	e = z.add("bomb", b"")
	e.data, e.method = b"".join(data), 8
	e.both(size=1 << 30, crc=crc)
	z.save("bomb.zip")
	END
	not_unpacked 13 bomb.zip "unpack.max-size" --max-size=100m &&
	not_unpacked 13 bomb.zip "unpack.max-size" --max-size=1073741823
'

test_expect_success 'one that does not is refused when it is more than said' '
	raw_zip <<-\END &&
	big, small = b"\0" * 5000000, b"\0" * 2000
	for name, say in (("less-0", 1000), ("less-1", 4999999),
	          ("less-2", 1 << 20), ("less-3", 0)):
	    z, e = one("a", big)
	    e.both(size=say, crc=zlib.crc32(big[:say]))
	    z.save(name + ".zip")
	for name, say in (("more-0", 2001), ("more-1", 1000000),
	                  ("more-2", 2000000)):
	    z, e = one("a", small, method=8)
	    e.data = deflate(small, 0)
	    e.both(size=say, crc=zlib.crc32(small))
	    z.save(name + ".zip")
	# more than deflate could
	z, e = one("a", small, method=8)
	e.both(size=1 << 31)
	z.save("more-3.zip")
	END
	for i in 0 1 2 3
	do
		refused_late less-$i.zip a size || return 1
	done &&
	for i in 0 1
	do
		refused_content more-$i.zip a size || return 1
	done &&
	refused_late more-2.zip a "it gives less than its size" &&
	refused more-3.zip "its size is more than deflate can make of its data"
'

test_expect_success 'sizes whose sum is beyond 64 bits are refused' '
	raw_zip <<-\END &&
	z = Zip()
	for name in "ab":
	    e = z.add(name, b"x" * 20)
	    e.central.update(size=MAX32)
	    e.central_extra = zip64((1 << 63) + 5)
	z.save("sum.zip")
	z = Zip()
	for name in "ab":
	    e = z.add(name, b"")
	    e.central.update(size=MAX32, packed=MAX32)
	    e.central_extra = zip64((1 << 63) + 5, (1 << 63) + 5)
	z.save("sum-stored.zip")
	z = Zip()
	for name in "ab":
	    e = z.add(name, b"")
	    e.central.update(size=MAX32, packed=MAX32)
	    e.central_extra = zip64(MAX64, MAX64)
	z.save("most.zip")
	END
	for file in sum sum-stored most
	do
		not_unpacked 13 $file.zip "" || return 1
	done &&
	not_unpacked 13 sum.zip "more than deflate can make" --max-size=0 &&
	for file in sum-stored most
	do
		not_unpacked 13 $file.zip "its sizes have no sum" \
			--max-size=0 --max-entries=0 &&
		test_expect_code 13 resutil verify-pack $file.zip >out 2>err &&
		is_clear "" || return 1
	done
'

test_expect_success 'a zip in a zip is a file' '
	raw_zip <<-\END &&
	inner = Zip()
	inner.add("../evil", b"x" * 100)
	data = inner.build()
	for i in range(10):
	    z = Zip()
	    z.add("nested.zip", data, method=i % 2 * 8)
	    z.add("again.zip", data, method=8)
	    data = z.build()
	save("nested.zip", data)
	END
	taken nested.zip &&
	(cd unpacked && find . | sort) >actual &&
	printf "%s\n" . ./again.zip ./nested.zip >expect &&
	test_cmp expect actual
'

test_expect_success CASE_FOLDING 'names that are one where case is folded' '
	raw_zip <<-\END &&
	def case(name, *entries):
	    z = Zip()
	    for name_of, target in entries:
	        if target:
	            z.link(name_of, target)
	        else:
	            z.add(name_of, b"" if name_of[-1] == "/" else b"x")
	    z.save("fold-%s.zip" % name)
	out = b"../outside"
	case("files", ("file", None), ("FILE", None))
	case("dirs", ("dir/", None), ("DIR/", None), ("DIR/x", None))
	case("implied", ("Dir/a", None), ("dir/b", None))
	case("links", ("a", out), ("A", out))
	case("link-dir", ("dir/x", None), ("DIR", out))
	case("through", ("link", out), ("LINK/secret", None))
	case("file-dir", ("x", None), ("X/y", None))
	case("fine", ("A/a", None), ("b/A", None))
	END
	test_when_finished "umount folded" &&
	mount_folding &&
	mkdir folded/outside && echo secret >folded/outside/secret &&
	for name in files dirs implied links link-dir through file-dir
	do
		test_expect_code 14 resutil unpack-exp -C folded/place/new \
			fold-$name.zip >out 2>err &&
		is_clear "and another entry have one name" &&
		test_dir_is_empty folded/place &&
		test "$(ls folded/outside)" = secret &&
		test "$(cat folded/outside/secret)" = secret || return 1
	done &&
	resutil unpack-exp -C folded/place/new fold-fine.zip
'

test_expect_success 'what is there already is not touched' '
	mkdir -p arena/place/full && echo mine >arena/place/full/file &&
	ln -s ../outside arena/place/link &&
	echo file >arena/place/file &&
	arena_state >arena.before &&
	for target in full link file way-out
	do
		test_expect_code 14 resutil unpack-exp -C arena/place/$target \
			good.zip >out 2>err &&
		is_clear "$target" && untouched || return 1
	done
'

test_done
