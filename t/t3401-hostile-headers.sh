#!/bin/sh
test_description='hostile packs: headers that lie, or disagree'
. ./test-lib.sh
. "$TEST_DIRECTORY/lib-hostile.sh"

test_expect_success 'setup' '
	make_arena
'

test_expect_success 'what is no zip at all' '
	: >empty.zip &&
	printf x >byte.zip &&
	printf "PK\005\006" >sig.zip &&
	printf "PK\005\006%021d" 0 >zeros.zip &&
	head -c 70000 /dev/zero >nul.zip &&
	for file in empty byte sig zeros nul
	do
		refused $file.zip "zip" || return 1
	done
'

test_expect_success 'a zip of nothing is taken' '
	raw_zip <<-\END &&
	save("none.zip", Zip().build())
	END
	taken none.zip && test_must_be_empty list && test_dir_is_empty unpacked
'

test_expect_success 'local header and directory disagree: each field' '
	raw_zip <<-\END &&
	for field in ("sig", "flags", "method", "time", "date", "crc",
	          "packed", "size", "name_len"):
	    for where, by in (("local", 1), ("central", 1), ("local", -1)):
	        z, e = one("abc", b"hello, hello, hello, hello")
	        e.flags = 2
	        getattr(e, where)[field] = \
	            lambda right: right + by * (4 if field in
	            ("flags", "time") else 8 if field == "method"
	            else 1)
	        if where == "central" and field in (
	                "sig", "packed", "name_len", "method",
	                "size", "crc"):
	            continue
	        if (field, by) in (("flags", -1), ("method", -1)):
	            continue
	        z.save("%s-%s%d.zip" % (where, field, by))
	z, e = one("abc")
	e.local_name = "abd"
	z.save("local-name.zip")
	z, e = one("abc")
	e.local_name = "ABC"
	z.save("local-case.zip")
	z, e = one("abc")
	e.local["sig"] = 0x02014b50
	z.save("local-central.zip")
	z, e = one("abc")
	e.local_extra = extra_time(1000000000)
	e.central_extra = extra_time(1000000001)
	z.save("local-ut.zip")
	END
	refused_local local-sig1.zip abc "no local header where it should" &&
	refused_local local-central.zip abc "no local header where it should" &&
	refused_local local-flags1.zip abc "its local header has other flags" &&
	refused_local central-flags1.zip abc \
		"its local header has other flags" &&
	refused_local local-method1.zip abc \
		"its local header has another method" &&
	for file in local-time1 central-time1 local-time-1 local-date1 \
		central-date1 local-date-1 local-ut
	do
		refused_local $file.zip abc \
			"its local header has another time" || return 1
	done &&
	refused_local local-crc1.zip abc "its local header has another CRC" &&
	refused_local local-crc-1.zip abc "its local header has another CRC" &&
	for file in local-size1 local-size-1 local-packed1 local-packed-1
	do
		refused_local $file.zip abc \
			"its local header has other sizes" || return 1
	done &&
	for file in local-name1 local-name-1 local-name local-case
	do
		test -f $file.zip || mv local-name_len${file#local-name}.zip \
			$file.zip
		refused_local $file.zip abc \
			"its local header has another name" || return 1
	done
'

test_expect_success 'the directory says what is not so: crc, sizes, method' '
	raw_zip <<-\END &&
	def case(name, **fields):
	    z, e = one("abc", b"hello, hello, hello, hello")
	    z.add("next", b"x" * 40)
	    e.both(**fields)
	    z.save(name + ".zip")
	case("crc", crc=lambda right: right ^ 0x80000000)
	case("size-more", size=lambda right: right + 1)
	case("size-less", size=lambda right: right - 1)
	case("packed-more", packed=lambda right: right + 1)
	case("packed-less", packed=lambda right: right - 1)
	case("stored", method=0)
	END
	refused_content crc.zip abc "its content has another CRC-32" &&
	refused_content size-more.zip abc "size" &&
	refused_content size-less.zip abc "size" &&
	refused_local packed-less.zip abc "bytes follow it that belong" &&
	refused packed-more.zip "it overlaps what follows it" &&
	refused stored.zip "it is stored, but its two sizes differ"
'

test_expect_success 'encrypted, patched, masked, and unknown flags' '
	raw_zip <<-\END &&
	for bit in range(16):
	    one("a", b"x" * 20, flags=1 << bit)[0].save(
	        "flag-%d.zip" % bit)
	END
	for bit in 0 6 13
	do
		refused flag-$bit.zip "it is encrypted" || return 1
	done &&
	refused flag-5.zip "it is a patch" &&
	for bit in 4 7 8 9 10 12 14 15
	do
		refused flag-$bit.zip "flags that resutil does not know" ||
		return 1
	done &&
	for bit in 1 2 11
	do
		taken flag-$bit.zip || return 1
	done &&
	# a descriptor is announced, and there is none
	refused flag-3.zip "overlaps what follows it"
'

test_expect_success 'methods other than 0 and 8' '
	raw_zip <<-\END &&
	for m in (1, 6, 7, 9, 12, 14, 93, 95, 98, 99, 256, 264, 65535):
	    z, e = one("a", b"x" * 20, method=m)
	    e.data = b"x" * 20
	    z.save("method-%d.zip" % m)
	END
	for method in 1 6 7 9 12 14 93 95 98 99 256 264 65535
	do
		refused method-$method.zip "a method other than deflate" ||
		return 1
	done
'

test_expect_success 'data descriptors that lie' '
	raw_zip <<-\END &&
	forms = ("32", "64", "32 bare", "64 bare")
	for i, form in enumerate(forms):
	    z = Zip()
	    z.add("a", b"hello, hello, hello", descriptor=form)
	    z.add("stored", b"stored", descriptor=form)
	    z.add("d/", descriptor=form)
	    z.save("desc-%d.zip" % i)
	    for field in ("crc", "packed", "size"):
	        z = Zip()
	        e = z.add("a", b"hello, hello, hello", descriptor=form)
	        e.desc[field] = lambda right: right ^ 1
	        z.save("desc-%d-%s.zip" % (i, field))
	    # local fields are zero or right, nothing else
	    z = Zip()
	    e = z.add("a", b"hello, hello, hello", descriptor=form)
	    e.local.update(size=20)
	    z.save("desc-%d-local.zip" % i)
	z, e = one("a", b"hello, hello, hello", descriptor="32")
	e.desc["sig"] = 0x08074b51
	z.save("desc-sig.zip")
	# one that is announced and missing, one that is there unannounced
	z = Zip()
	z.add("a", b"hello, hello, hello", flags=8)
	z.add("b")
	z.save("desc-none.zip")
	z, e = one("a", b"hello, hello, hello", descriptor="32")
	e.both(flags=0)
	e.local.update(crc=zlib.crc32(e.content), size=len(e.content),
	           packed=len(deflate(e.content)))
	z.save("desc-extra.zip")
	z, e = one("a", b"hello, hello, hello", descriptor="32")
	e.after = b"\0" * 4
	z.save("desc-between.zip")
	# bit 3 in one header alone
	z, e = one("a", b"hello, hello, hello", descriptor="32")
	e.local["flags"] = 0
	z.save("desc-local-flag.zip")
	END
	for i in 0 1 2 3
	do
		taken desc-$i.zip &&
		for field in crc packed size
		do
			refused_local desc-$i-$field.zip a \
				"its data descriptor disagrees" || return 1
		done &&
		refused_local desc-$i-local.zip a \
			"its local header has other sizes" || return 1
	done &&
	refused_local desc-sig.zip a "its data descriptor has no signature" &&
	refused desc-none.zip "it overlaps what follows it" &&
	refused_local desc-extra.zip a "bytes follow it that belong to" &&
	refused_local desc-between.zip a "its data descriptor disagrees" &&
	refused_local desc-local-flag.zip a "its local header has other flags"
'

test_expect_success 'extra fields that do not fill their room' '
	raw_zip <<-\END &&
	bad = (b"\1", b"\1\2\3", b"XY\1\0", b"XY\5\0abcd", b"XY\0\0Z",
	       b"XY\xff\xff" + b"a" * 100)
	for i, data in enumerate(bad):
	    z, e = one("a", central_extra=data)
	    z.save("extra-c%d.zip" % i)
	    z, e = one("a", local_extra=data)
	    z.save("extra-l%d.zip" % i)
	twice = extra(0x4242, b"x") + extra(0x4343, b"") + extra(0x4242, b"x")
	many = b"".join(extra(0x8000 + i, b"") for i in range(16000))
	for i, data in enumerate((twice, many + extra(0x8001, b""))):
	    one("a", central_extra=data)[0].save("twice-c%d.zip" % i)
	    one("a", local_extra=data)[0].save("twice-l%d.zip" % i)
	one("a", local_extra=many, central_extra=many)[0].save("many.zip")
	for i, data in enumerate((
	        extra(0x5455, b""), extra(0x5455, b"\1"),
	        extra(0x5455, b"\1abc"), extra(0x5455, b"\1abcdx"),
	        extra(0x5455, b"\0abcd"))):
	    one("a", central_extra=data)[0].save("ut-c%d.zip" % i)
	    one("a", local_extra=data)[0].save("ut-l%d.zip" % i)
	for i, data in enumerate((
	        b"", b"\0\0\0\0\1\0\x18", b"\0\0\0\0\1\0\x18\0" + b"x" *
	        23, b"\0\0\0\0\1\0\4\0abcd", b"\0\0\0\0" +
	        (b"\1\0\x18\0" + b"x" * 24) * 2)):
	    one("a", central_extra=extra(10, data))[0].save(
	        "ntfs-c%d.zip" % i)
	    one("a", local_extra=extra(10, data))[0].save(
	        "ntfs-l%d.zip" % i)
	END
	for i in 0 1 2 3 4 5
	do
		refused extra-c$i.zip "extra fields do not fill their room" &&
		refused_local extra-l$i.zip a \
			"extra fields do not fill their room" || return 1
	done &&
	for i in 0 1
	do
		refused twice-c$i.zip "an extra field stands there twice" &&
		refused_local twice-l$i.zip a \
			"an extra field stands there twice" || return 1
	done &&
	taken many.zip &&
	for i in 0 1 2 3 4
	do
		refused ut-c$i.zip "its time field is malformed" &&
		refused_local ut-l$i.zip a "its time field is malformed" &&
		refused ntfs-c$i.zip "its NTFS field is malformed" &&
		refused_local ntfs-l$i.zip a "its NTFS field is malformed" ||
		return 1
	done
'

test_expect_success 'zip64 fields that lie' '
	raw_zip <<-\END &&
	def case(name, fields, data, local=None):
	    z, e = one("a", b"hello")
	    e.central.update(fields)
	    e.central_extra = data
	    if local is not None:
	        e.local_extra = local
	        e.local.update(size=MAX32, packed=MAX32)
	    z.save("z64-%s.zip" % name)
	size, both = {"size": MAX32}, {"size": MAX32, "packed": MAX32}
	case("good", both, zip64(5, 5), zip64(5, 5))
	case("missing", size, b"")
	case("short", both, zip64(5))
	case("odd", size, extra(1, b"\5\0\0\0"))
	case("long", size, zip64(5, 5, 0, 0))
	case("needless", {}, zip64(5))
	case("empty", {}, zip64())
	case("disagree", size, zip64(5, 6))
	case("twice", size, zip64(5) + zip64(5))
	case("wrong", both, zip64(6, 6))
	case("huge", both, zip64(MAX64, MAX64))
	case("sign", both, zip64(1 << 63, 1 << 63))
	case("offset", {"offset": MAX32}, zip64(1))
	case("offset-far", {"offset": MAX32}, zip64(1 << 40))
	case("offset-huge", {"offset": MAX32}, zip64(MAX64))
	case("disk", dict(size, disk=MAX16), zip64(5) + b"")
	case("local-wrong", {}, b"", zip64(6, 6))
	case("local-short", {}, b"", zip64(5))
	case("local-none", {}, b"", b"")
	# right in 32 bits, and another value beside
	z, e = one("a", b"hello")
	e.local_extra = zip64(6, 6)
	z.save("z64-local-beside.zip")
	z, e = one("a", b"hello")
	e.local_extra = zip64(5, 5)
	z.save("z64-local-needless.zip")
	z, e = one("a", b"hello")
	e.local_extra = zip64(5, 5)
	e.local["size"] = 6
	z.save("z64-local-header.zip")
	END
	taken z64-good.zip && taken z64-local-needless.zip &&
	refused z64-missing.zip "its zip64 field is missing" &&
	for file in short odd long
	do
		refused z64-$file.zip "its zip64 field is malformed" || return 1
	done &&
	refused z64-needless.zip "a zip64 field without need" &&
	refused z64-empty.zip "a zip64 field without need" &&
	refused z64-disagree.zip "its zip64 field disagrees with its header" &&
	refused z64-twice.zip "an extra field stands there twice" &&
	refused z64-wrong.zip "it overlaps what follows it" &&
	for file in huge sign
	do
		test_expect_code 13 resutil list-pack z64-$file.zip >out 2>err &&
		is_clear "" &&
		not_unpacked 13 z64-$file.zip "" &&
		not_unpacked 13 z64-$file.zip "" --max-size=0 || return 1
	done &&
	refused z64-offset.zip "bytes before the first entry" &&
	refused z64-offset-far.zip "" && refused z64-offset-huge.zip "" &&
	refused z64-disk.zip "it lies on another disk" &&
	refused_local z64-local-wrong.zip a "its local header has other sizes" &&
	refused_local z64-local-beside.zip a \
		"its local header has other sizes" &&
	refused_local z64-local-header.zip a \
		"its local header has other sizes" &&
	refused_local z64-local-short.zip a "its zip64 field is malformed" &&
	refused_local z64-local-none.zip a "its zip64 field is missing"
'

test_expect_success 'end records that lie' '
	raw_zip <<-\END &&
	def case(name, **fields):
	    z = Zip()
	    z.add("a", b"hello"); z.add("b", b"hello")
	    z.end.update(fields)
	    z.save("end-%s.zip" % name)
	more, less = (lambda right: right + 1), (lambda right: right - 1)
	case("disk", disk=1)
	case("central-disk", central_disk=1)
	case("nr-more", nr=more, disk_nr=more)
	case("nr-less", nr=less, disk_nr=less)
	case("nr-none", nr=0, disk_nr=0)
	case("nr-many", nr=60000, disk_nr=60000)
	case("nr-differ", nr=more)
	case("nr-disk", disk_nr=less)
	case("size-more", size=more)
	case("size-less", size=less)
	case("size-none", size=0)
	case("size-huge", size=0xfffffffe)
	case("offset-more", offset=more)
	case("offset-less", offset=less)
	case("offset-none", offset=0)
	case("offset-huge", offset=0xfffffffe)
	case("both", offset=less, size=more)
	case("both-other", offset=more, size=less)
	case("comment", comment_len=1)
	case("nr-max", nr=MAX16, disk_nr=MAX16)
	case("size-max", size=MAX32)
	case("offset-max", offset=MAX32)
	END
	refused end-disk.zip "it is one of several disks" &&
	refused end-central-disk.zip "it is one of several disks" &&
	refused end-nr-more.zip "count of entries does not fit" &&
	refused end-nr-less.zip "number of entries" &&
	refused end-nr-none.zip "count of entries does not fit" &&
	refused end-nr-many.zip "count of entries does not fit" &&
	refused end-nr-differ.zip "its two counts of entries disagree" &&
	refused end-nr-disk.zip "its two counts of entries disagree" &&
	for file in size-more size-less size-none size-huge offset-more \
		offset-less offset-none offset-huge
	do
		refused end-$file.zip "directory does not lie where" ||
		return 1
	done &&
	refused end-both.zip "number of entries" &&
	refused end-both-other.zip "number of entries" &&
	refused end-comment.zip "may be cut" &&
	refused end-nr-max.zip "count of entries does not fit" &&
	for file in size-max offset-max
	do
		refused end-$file.zip "its zip64 record is missing" || return 1
	done
'

test_expect_success 'zip64 end records that lie' '
	raw_zip <<-\END &&
	def make():
	    z = Zip()
	    z.is_64 = True
	    z.add("a", b"hello"); z.add("b", b"hello")
	    return z
	make().save("e64-good.zip")
	z = make()
	z.end.update(nr=2, disk_nr=2, size=lambda right: right)
	z.save("e64-some.zip")
	def case(name, where, **fields):
	    z = make()
	    getattr(z, where).update(fields)
	    z.save("e64-%s.zip" % name)
	more = lambda right: right + 1
	case("sig", "end64", sig=0x06064b51)
	case("rest", "end64", rest=45)
	case("rest-huge", "end64", rest=MAX64)
	case("disk", "end64", disk=1)
	case("central-disk", "end64", central_disk=1)
	case("nr", "end64", nr=3, disk_nr=3)
	case("nr-differ", "end64", nr=3)
	case("nr-huge", "end64", nr=MAX64, disk_nr=MAX64)
	case("size", "end64", size=more)
	case("size-huge", "end64", size=MAX64)
	case("offset", "end64", offset=more)
	case("offset-huge", "end64", offset=MAX64)
	case("wrap", "end64", offset=lambda right: right + (1 << 63),
	     size=lambda right: right + (1 << 63))
	case("locator-offset", "locator", offset=more)
	case("locator-huge", "locator", offset=MAX64)
	case("locator-zero", "locator", offset=0)
	case("locator-disk", "locator", disk=1)
	case("locator-disks", "locator", disks=2)
	case("end-nr", "end", nr=1, disk_nr=1)
	case("end-size", "end", size=1)
	case("end-offset", "end", offset=0)
	z = make()
	z.end64_tail = b"\0" * 8
	z.save("e64-tail.zip")
	z = make()
	z.after_end64 = b"\0"
	z.save("e64-gap.zip")
	# another record, elsewhere: readers by the locator find that one
	z = make()
	fake = pack(END64, {"sig": 0x06064b50, "rest": 44, "nr": 0,
	            "disk_nr": 0, "size": 0, "offset": 0}, {})
	z.entries[0].content = fake
	z.entries[0].method = 0
	z.locator["offset"] = 31
	z.save("e64-elsewhere.zip")
	# a locator without its record
	z = Zip()
	z.add("a", b"hello")
	z.after_central = pack(LOCATOR, {"sig": 0x07064b50, "disks": 1}, {})
	z.save("e64-alone.zip")
	# none of its fields is needed, and it says something else
	z = make()
	z.end.update(nr=2, disk_nr=2, size=lambda right: 94,
	         offset=lambda right: 72)
	z.end64.update(nr=1, disk_nr=1)
	z.save("e64-other.zip")
	END
	taken e64-good.zip && taken e64-some.zip &&
	refused e64-sig.zip "zip64 record is not right before its locator" &&
	refused e64-gap.zip "zip64 record is not" &&
	refused e64-alone.zip "zip64 record is not" &&
	refused e64-elsewhere.zip "zip64 record is not where its locator" &&
	for file in rest rest-huge
	do
		refused e64-$file.zip "zip64 record has another length" ||
		return 1
	done &&
	refused e64-tail.zip "zip64 record" &&
	for file in disk central-disk locator-disk locator-disks
	do
		refused e64-$file.zip "it is one of several disks" || return 1
	done &&
	for file in nr-differ end-nr end-size end-offset other
	do
		refused e64-$file.zip "its zip64 record disagree" || return 1
	done &&
	refused e64-nr.zip "entries" &&
	for file in nr-huge size size-huge offset offset-huge wrap
	do
		refused e64-$file.zip "" || return 1
	done &&
	for file in locator-offset locator-huge locator-zero
	do
		refused e64-$file.zip "not where its locator" || return 1
	done
'

test_expect_success 'offsets of entries' '
	raw_zip <<-\END &&
	def case(name, change):
	    z = Zip()
	    a = z.add("a", b"hello"); b = z.add("b", b"hello")
	    change(z, a, b)
	    z.save("at-%s.zip" % name)
	def offset(value):
	    def change(z, a, b):
	        b.central["offset"] = value
	    return change
	case("same", offset(0))
	case("inside", offset(10))
	case("early", offset(lambda right: right - 1))
	case("late", offset(lambda right: right + 1))
	case("central", offset(lambda right: right + 36))
	case("end", offset(lambda right: 166))
	case("beyond", offset(0x7fffffff))
	case("far", offset(0xfffffffe))
	def first(z, a, b):
	    a.central["offset"] = 1
	case("first", first)
	END
	refused at-same.zip "it does not begin at a place of its own" &&
	refused at-inside.zip "it overlaps what follows it" &&
	refused at-early.zip "it overlaps what follows it" &&
	refused at-late.zip "it overlaps what follows it" &&
	refused at-central.zip "it does not begin at a place of its own" &&
	refused at-end.zip "it does not begin at a place of its own" &&
	refused at-beyond.zip "bytes follow it that belong to nothing" &&
	refused at-far.zip "bytes follow it that belong to nothing" &&
	refused at-first.zip "bytes before the first entry"
'

test_expect_success 'the same bytes for two entries: 42.zip, better bombs' '
	raw_zip <<-\END &&
	z = Zip()
	a = z.add("a", b"\0" * 100000)
	for i in range(50):
	    z.add("b%02d" % i, a.content, at=a)
	z.save("overlap.zip")
	# each local header quoted in the data before it, as stored blocks
	z = Zip()
	kernel = b"\0" * 100000
	inner = Entry("z", kernel)
	part = inner.local_part()
	names = ["z"]
	entries = [inner]
	for i in range(5):
	    e = Entry("y%d" % i, b"")
	    head = part[:30 + len(entries[0].name)]
	    e.content = head + entries[0].content
	    e.method = 8
	    e.data = struct.pack("<BHH", 0, len(head), len(head) ^ MAX16) \
	        + head + entries[0].packed()
	    part = e.local_part()[:30 + len(e.name)] + \
	        e.data[:5] + part
	    entries.insert(0, e)
	out = bytes(part)
	at = 0
	for e in entries:
	    e.offset = at
	    at += 30 + len(e.name) + 5
	central = b"".join(e.central_part() for e in entries)
	save("quoted.zip", out + central + pack(END, {
	    "sig": 0x06054b50, "nr": len(entries), "disk_nr": len(entries),
	    "size": len(central), "offset": len(out)}, {}))
	END
	# it is what it should be: Python reads it, or knows why it will not
	python3 - <<-\END &&
	import zipfile
	z = zipfile.ZipFile("quoted.zip")
	bad = z.testzip()
	if bad:
	    try:
	        z.read(bad)
	        raise AssertionError(bad)
	    except zipfile.BadZipFile as e:
	        assert "verlap" in str(e), e
	END
	refused overlap.zip "it does not begin at a place of its own" &&
	refused quoted.zip "it overlaps what follows it"
'

test_expect_success 'bytes that belong to nothing' '
	raw_zip <<-\END &&
	def make():
	    z = Zip()
	    a = z.add("a", b"hello"); b = z.add("b", b"hello")
	    return z, a, b
	def case(name, change):
	    z, a, b = make()
	    change(z, a, b)
	    z.save("junk-%s.zip" % name)
	def where(obj, attr, value):
	    return lambda z, a, b: setattr({"z": z, "a": a, "b": b}[obj],
	                       attr, value)
	case("before", where("z", "prefix", b"#!/bin/sh\nexit\n"))
	case("between", where("b", "before", b"x"))
	case("far-between", where("b", "before", b"x" * 70000))
	case("after", where("a", "after", b"x"))
	case("last", where("z", "before_central", b"x"))
	case("end", where("z", "after_central", b"x"))
	case("tail", where("z", "central_tail", b"x"))
	case("suffix", where("z", "suffix", b"x"))
	case("newline", where("z", "suffix", b"\n"))
	case("far-suffix", where("z", "suffix", b"\0" * 100000))
	# self-extracting: offsets are relative to the zip
	z, a, b = make()
	save("junk-sfx.zip", b"MZ" * 50 + z.build())
	# an entry that nobody lists
	z, a, b = make()
	z.order = [a]
	z.save("junk-hidden.zip")
	z, a, b = make()
	z.order = [b]
	z.save("junk-hidden-first.zip")
	# a signature and what follows it (4.3.13), as the last of the directory
	case("signature", where("z", "central_tail",
	            b"PK\5\5\3\0abc"))
	# "extra data" for decrypting, before the directory (4.3.11)
	case("decrypt", where("z", "before_central", b"PK\6\x08\0\0\0\0"))
	END
	refused junk-before.zip "bytes before the first entry" &&
	refused_local junk-between.zip a "bytes follow it that belong to" &&
	refused junk-far-between.zip "bytes follow it that belong to" &&
	refused_local junk-after.zip a "bytes follow it that belong to" &&
	refused_local junk-last.zip b "bytes follow it that belong to" &&
	refused junk-end.zip "right before the end records" &&
	refused junk-tail.zip "number of entries" &&
	refused junk-suffix.zip "may be cut" &&
	refused junk-newline.zip "may be cut" &&
	refused junk-far-suffix.zip "zip" &&
	refused junk-sfx.zip "directory does not lie where it says" &&
	refused_local junk-hidden.zip a "bytes follow it that belong to" &&
	refused junk-hidden-first.zip "bytes before the first entry" &&
	refused junk-signature.zip "number of entries" &&
	refused_local junk-decrypt.zip b "bytes follow it that belong to"
'

test_expect_success 'comments that hold another end' '
	raw_zip <<-\END &&
	z, e = one("a", b"hello")
	right = z.build()
	other, e = one("b", b"evil!")
	end = right[-22:]
	# an end record that reaches to the end too, at several places
	def tail(comment):
	    return right[:-2] + struct.pack("<H", len(comment)) + comment
	save("two-0.zip", tail(end))
	save("two-1.zip", tail(b"x" * 100 + end))
	save("two-2.zip", tail(end[:-2] + b"\3\0abc"))
	# a whole zip in the comment
	save("two-3.zip", tail(other.build()))
	# one that ends elsewhere is no end: programs that look for the last
	# signature find it all the same
	save("two-4.zip", tail(end[:-2] + b"\5\0abc"))
	save("two-5.zip", tail(end + b"x"))
	# a beginning of one is enough for some
	save("two-7.zip", tail(b"PK\5\6"))
	save("two-8.zip", tail(b"x" * 70 + b"PK\5\6" + b"x" * 17))
	# two zips, one after the other
	save("two-6.zip", right + other.build())
	save("fine.zip", tail(b"a comment with PK and PK\5 in it"))
	save("long.zip", tail(b"x" * 65535))
	# one whose end record would lie in the data
	z, e = one("a", b"", method=0)
	e.content = end[:-2] + b"\xff\xff"
	z.save("data.zip")
	END
	for i in 0 1 2 3
	do
		refused two-$i.zip "there are two ends of a zip in it" ||
		return 1
	done &&
	refused two-4.zip "" && refused two-5.zip "" && refused two-6.zip "" &&
	for i in 7 8
	do
		refused two-$i.zip "its comment holds what programs take for" ||
		return 1
	done &&
	taken fine.zip && taken long.zip && taken data.zip
'

test_expect_success 'counts of 65,535 and more' '
	raw_zip <<-\END &&
	def many(n, is_64):
	    z = Zip()
	    z.is_64 = is_64
	    for i in range(n):
	        z.add("%d" % i, b"")
	    return z
	many(65535, True).save("nr-65535.zip")
	many(65536, True).save("nr-65536.zip")
	many(65536, False).save("nr-0.zip")
	many(65535, False).save("nr-max.zip")
	END
	resutil list-pack nr-65535.zip >list && test_line_count = 65535 list &&
	resutil list-pack nr-65536.zip >list && test_line_count = 65536 list &&
	refused nr-0.zip "count of entries does not fit" &&
	resutil list-pack nr-max.zip >list && test_line_count = 65535 list
'

test_done
