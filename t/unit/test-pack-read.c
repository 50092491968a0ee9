#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-data.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/pack/zip-format.h"
#include "lib/wrap/zstream.h"
#include "t/unit/unit.h"

/* ---- zips by hand ------------------------------------------------------- */

struct member {
	const char *name;
	const char *content;
	unsigned mode;		/* 0: made where there are none */
	unsigned descriptor;	/* 0, 12, 16, 20 or 24 */
};

static struct strbuf zip = STRBUF_INIT, directory = STRBUF_INIT;
static size_t members;

static void add16(struct strbuf *out, unsigned v)
{
	unsigned char b[2];

	zip_put16(b, v);
	strbuf_add(out, b, 2);
}

static void add32(struct strbuf *out, uint32_t v)
{
	add16(out, v & 0xffff);
	add16(out, v >> 16);
}

static void add64(struct strbuf *out, uint64_t v)
{
	add32(out, (uint32_t)v);
	add32(out, (uint32_t)(v >> 32));
}

/* What both headers have, from "version needed" to the length of the extra
 * field. */
static void add_common(struct strbuf *out, unsigned flags, unsigned method,
		       uint32_t crc, uint32_t packed, uint32_t size,
		       size_t name_len, size_t extra_len)
{
	add16(out, 20);
	add16(out, flags);
	add16(out, method);
	add32(out, 0x58e47a00);		/* 2024-07-04 15:16:00 */
	add32(out, crc);
	add32(out, packed);
	add32(out, size);
	add16(out, (unsigned)name_len);
	add16(out, (unsigned)extra_len);
}

static void add_raw(const char *name, unsigned mode, unsigned method,
		    const void *packed, size_t packed_len, size_t size,
		    uint32_t crc, unsigned descriptor, const void *extra,
		    size_t extra_len)
{
	unsigned flags = descriptor ? ZIP_FLAG_DESCRIPTOR : 0;
	uint32_t offset = (uint32_t)zip.len;

	add32(&zip, ZIP_LOCAL_SIG);
	add_common(&zip, flags, method, flags ? 0 : crc,
		   flags ? 0 : (uint32_t)packed_len,
		   flags ? 0 : (uint32_t)size, strlen(name), 0);
	strbuf_addstr(&zip, name);
	strbuf_add(&zip, packed, packed_len);
	if (descriptor == 16 || descriptor == 24)
		add32(&zip, ZIP_DESC_SIG);
	if (descriptor)
		add32(&zip, crc);
	if (descriptor == 20 || descriptor == 24) {
		add64(&zip, packed_len);
		add64(&zip, size);
	} else if (descriptor) {
		add32(&zip, (uint32_t)packed_len);
		add32(&zip, (uint32_t)size);
	}

	add32(&directory, ZIP_CENTRAL_SIG);
	add16(&directory, mode ? 0x032d : 0x002d);
	add_common(&directory, flags, method, crc, (uint32_t)packed_len,
		   (uint32_t)size, strlen(name), extra_len);
	add16(&directory, 0);
	add32(&directory, 0);
	add32(&directory, mode << 16);
	add32(&directory, offset);
	strbuf_addstr(&directory, name);
	strbuf_add(&directory, extra, extra_len);
	members++;
}

static void begin(void)
{
	strbuf_reset(&zip);
	strbuf_reset(&directory);
	members = 0;
}

static void add(const struct member *m)
{
	size_t len = strlen(m->content);

	add_raw(m->name, m->mode, ZIP_STORED, m->content, len, len,
		zcrc32(0, m->content, len), m->descriptor, "", 0);
}

static void end(bool zip64, const char *comment)
{
	uint64_t central = zip.len, records;

	strbuf_addbuf(&zip, &directory);
	records = zip.len;
	if (zip64) {
		add32(&zip, ZIP_END64_SIG);
		add64(&zip, ZIP_END64_LEN - 12);
		add32(&zip, 0x002d002d);
		add64(&zip, 0);
		add64(&zip, members);
		add64(&zip, members);
		add64(&zip, records - central);
		add64(&zip, central);
		add32(&zip, ZIP_LOCATOR_SIG);
		add32(&zip, 0);
		add64(&zip, records);
		add32(&zip, 1);
	}
	add32(&zip, ZIP_END_SIG);
	add32(&zip, 0);
	add16(&zip, (unsigned)members);
	add16(&zip, (unsigned)members);
	add32(&zip, (uint32_t)(records - central));
	add32(&zip, zip64 ? ZIP_MAX32 : (uint32_t)central);
	add16(&zip, (unsigned)strlen(comment));
	strbuf_addstr(&zip, comment);
}

/* ---- what the reader says ----------------------------------------------- */

static struct strbuf said = STRBUF_INIT;

static int nothing(const unsigned char *buf UNUSED, size_t len UNUSED,
		   uint64_t offset UNUSED, void *data UNUSED)
{
	return 0;
}

/* Opens and reads all; 0 or the code, with the sentence in `said`. */
static int read_all(const struct pack_limits *limits)
{
	struct pack_reader *r;
	struct pack *p;
	size_t i;
	int ret;

	strbuf_reset(&said);
	ret = pack_open(&p, pack_source_memory(zip.buf, zip.len), limits,
			&said);
	if (ret)
		return ret;
	r = pack_reader_new();
	for (i = 0; i < p->nr && !ret; i++)
		ret = pack_read_entry(p, &p->entry[i], r, nothing, NULL,
				      &said);
	pack_reader_free(r);
	pack_close(p);
	return ret;
}

static bool refused(const char *why)
{
	int ret = read_all(NULL);
	bool good = ret == ERR_CONTENT && strstr(said.buf, why);

	if (!good)
		printf("# %d '%s', not '%s'\n", ret, said.buf, why);
	return good;
}

static bool taken(void)
{
	int ret = read_all(NULL);

	if (ret)
		printf("# %s\n", said.buf);
	return !ret;
}

static bool try_names(const char *const *names, const char *why)
{
	begin();
	for (; *names; names++) {
		struct member m = { *names, "", 0100644, 0 };

		if ((*names)[strlen(*names) - 1] == '/')
			m.mode = 0040755;
		add(&m);
	}
	end(false, "");
	return why ? refused(why) : taken();
}

#define NAMES(why, ...) \
	try_names((const char *const []){ __VA_ARGS__, NULL }, (why))

/* ---- tests --------------------------------------------------------------- */

/* "a", "ab/a", "ab/ab/a" ... */
static bool deep_chain(void)
{
	struct strbuf name = STRBUF_INIT;
	bool good;
	int i;

	begin();
	strbuf_addch(&name, 'a');
	for (i = 0; i < 1000; i++) {
		const struct member m = { name.buf, "", 0100644, 0 };

		add(&m);
		strbuf_insert(&name, 0, "ab/", 3);
	}
	end(false, "");
	good = taken();
	strbuf_release(&name);
	return good;
}

static void test_elsewhere(void)
{
	const struct member m = { "f", "content", 0, 0 };
	char *external;

	begin();
	add(&m);
	external = directory.buf + 38;
	external[3] = (char)0xa0;
	end(false, "");
	check(refused("programs think differently"), "a link from FAT");
	begin();
	add(&m);
	external[3] = (char)0x81;
	end(false, "");
	check(taken(), "a file's mode from FAT");
	begin();
	add(&m);
	external[0] = 0x10;
	end(false, "");
	check(refused("a directory without '/'"), "a directory from FAT");
	begin();
	add(&m);
	external[0] = 0x08;
	end(false, "");
	check(refused("label"), "a volume label");
}

static void test_tree(void)
{
	static const char also[] = "and also a directory";

	check(NAMES("there twice", "a", "b", "a"), "a name twice");
	check(NAMES("there twice", "d/", "d/"), "a directory twice");
	check(NAMES(also, "a", "a/b"), "a file with a path below it");
	check(NAMES(also, "a/b", "a.txt", "a!", "a"), "given after it");
	check(NAMES(also, "a", "a/"), "a file and a directory");
	check(NAMES(also, "x/a", "x/a.b", "x/a-b/c", "x/a/b/c"),
	      "others between them");
	check(NAMES(also, "a", "aa", "aaa", "aa/b"), "one of several");
	check(NAMES(NULL, "a", "a.txt", "a-/b", "a0/", "ab"),
	      "names that begin alike");
	check(NAMES(NULL, "b/", "a/c", "a/b/c", "a/", "b/c"), "any order");
	check(deep_chain(), "each a beginning of the next, in deeper places");
	check(NAMES("\"a/\\001\"", "a/\001", "a/\001"),
	      "a control character is quoted");
}

static void test_finding(void)
{
	static const struct member all[] = {
		{ "z", "1", 0100644, 0 }, { "d/x/f", "22", 0100600, 0 },
		{ "d/", "", 0040700, 0 }, { "d.txt", "333", 0100755, 0 },
		{ "l", "z", 0120777, 0 }, { "old", "", 0, 0 }
	};
	const struct pack_entry *e;
	struct pack *p;
	size_t i;

	begin();
	for (i = 0; i < ARRAY_SIZE(all); i++)
		add(&all[i]);
	end(false, "any comment");
	check(!pack_open(&p, pack_source_memory(zip.buf, zip.len), NULL,
			 NULL), "opened");
	check(p->nr == 6 && p->size == 7 && p->implied == 1 &&
	      !p->info.version, "counted");
	check(pack_find(p, "z") == &p->entry[0] &&
	      pack_find(p, "d/x/f") == &p->entry[1] &&
	      pack_find(p, "d") == &p->entry[2] &&
	      pack_find(p, "d/") == &p->entry[2] &&
	      pack_find(p, "l") == &p->entry[4], "found");
	check(!pack_find(p, "") && !pack_find(p, "d/x") &&
	      !pack_find(p, "d/x/") && !pack_find(p, "zz") &&
	      !pack_find(p, "d/x/f/") && !pack_find(p, "a"), "not found");
	check(pack_has_below(p, "d") && pack_has_below(p, "d/x") &&
	      !pack_has_below(p, "z") && !pack_has_below(p, "d/x/f") &&
	      !pack_has_below(p, "a") && !pack_has_below(p, "zz"),
	      "what lies below");
	e = &p->entry[5];
	check(e->mode_unknown && e->mode == 0100644, "the mode of new files");
	check(p->entry[4].mode == 0120777 && !p->entry[4].mode_unknown,
	      "the mode of a link");
	check(p->entry[0].limit == p->entry[1].offset &&
	      p->entry[5].limit == p->central, "parts follow each other");
	pack_close(p);
}

static void test_descriptors(void)
{
	static const unsigned forms[] = { 12, 16, 20, 24 };
	struct member m = { "f", "content", 0100644, 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		m.descriptor = forms[i];
		begin();
		add(&m);
		add(&m);
		directory.buf[47 + 46] = zip.buf[zip.len / 2 + 30] = 'g';
		end(i & 1, "");
		check(taken(), "a descriptor of one of four forms");
		zip.buf[30 + 1 + 7 + (forms[i] % 8 ? 0 : 4)] ^= 1;
		check(refused("descriptor disagrees"), "with another CRC");
	}
}

/* Where the headers of an entry "f" with the content "content" are. */
enum { CENTRAL = 30 + 1 + 7, END = CENTRAL + 46 + 1 };

/* One byte of that zip changed, and what is said then. */
static const struct {
	size_t at;
	unsigned char with;
	const char *why;
} changes[] = {
	{ 0, 'p', "no local header" },
	{ 6, 2, "other flags" },
	{ 8, 8, "another method" },
	{ 10, 1, "another time" },
	{ 14, 1, "another CRC" },
	{ 18, 1, "other sizes" },
	{ 22, 1, "other sizes" },
	{ 26, 2, "another name" },
	{ 28, 1, "overlaps" },
	{ 30, 'g', "another name" },
	{ 31, 'K', "another CRC-32" },
	{ CENTRAL, 'p', "another number of entries" },
	{ CENTRAL + 8, 1, "encrypted" },
	{ CENTRAL + 8, 0x40, "encrypted" },
	{ CENTRAL + 9, 0x20, "encrypted" },
	{ CENTRAL + 8, 0x20, "a patch" },
	{ CENTRAL + 8, 0x10, "flags that resutil does not know" },
	{ CENTRAL + 8, 8, "overlaps" },
	{ CENTRAL + 10, 12, "a method other than" },
	{ CENTRAL + 20, 6, "its two sizes differ" },
	{ CENTRAL + 24, 8, "its two sizes differ" },
	{ CENTRAL + 28, 2, "ends within an entry" },
	{ CENTRAL + 28, 0, "no name" },
	{ CENTRAL + 30, 1, "ends within an entry" },
	{ CENTRAL + 32, 1, "ends within an entry" },
	{ CENTRAL + 34, 1, "another disk" },
	{ CENTRAL + 41, 0x10, "neither a file" },
	{ CENTRAL + 41, 0x40, "a directory without '/'" },
	{ CENTRAL + 42, 1, "before the first" },
	{ CENTRAL + 46, '/', "begins with '/'" },
	{ CENTRAL + 46, '.', "'.' or '..'" },
	{ END, 'p', "cut" },
	{ END + 4, 1, "several disks" },
	{ END + 6, 1, "several disks" },
	{ END + 8, 2, "two counts" },
	{ END + 12, 0, "central directory" },
	{ END + 16, 1, "central directory does not lie" },
	{ END + 20, 1, "reaches to the end" },
};

static void test_changes(void)
{
	const struct member m = { "f", "content", 0100644, 0 };
	size_t i;

	begin();
	add(&m);
	end(false, "");
	check(zip.len == END + 22 && taken(), "a zip of one file");
	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		char old = zip.buf[changes[i].at];

		zip.buf[changes[i].at] = (char)changes[i].with;
		check(refused(changes[i].why), changes[i].why);
		zip.buf[changes[i].at] = old;
	}
	strbuf_addch(&zip, '\0');
	check(refused("reaches to the end"), "a byte behind the end");
	strbuf_setlen(&zip, zip.len - 2);
	check(refused("cut"), "a byte less");
	strbuf_reset(&zip);
	check(refused("no zip file"), "nothing at all");
}

static void test_ends(void)
{
	const struct member m = { "f", "content", 0100644, 0 };
	char hidden[] = "....PK\5\6..................", *sig = hidden + 4;
	size_t i;

	begin();
	end(false, "");
	check(taken(), "no entry");
	begin();
	end(true, "with a comment");
	check(taken(), "no entry, zip64");
	begin();
	add(&m);
	end(true, "x");
	check(taken(), "zip64 records");
	for (i = 4; i < 56; i++) {
		char *at = zip.buf + zip.len - 1 - 22 - 20 - 56 + i;

		if (i >= 12 && i < 16)
			continue;	/* versions, which say nothing */
		*at ^= 1;
		check(read_all(NULL) == ERR_CONTENT, "a lie in zip64");
		*at ^= 1;
	}
	begin();
	add(&m);
	end(false, hidden);
	check(refused("reaches to the end"), "a signature in the comment");
	memset(sig + 4, 'x', strlen(sig + 4));
	zip.buf[zip.len - 2] = zip.buf[zip.len - 1] = '\0';
	check(refused("two ends") || refused("reaches"),
	      "a second end in the comment");
}

static void test_limits(void)
{
	const struct pack_limits size = { 13, 0 }, entries = { 0, 2 };
	const struct pack_limits enough = { 14, 3 };
	const struct member a = { "a", "content", 0100644, 0 };
	const struct member b = { "d/b", "content", 0100644, 0 };

	begin();
	add(&a);
	add(&b);
	end(false, "");
	check(!read_all(&enough), "14 bytes, 2 entries, 1 directory");
	check(read_all(&size) == ERR_CONTENT &&
	      strstr(said.buf, "unpack.max-size"), "too many bytes");
	check(read_all(&entries) == ERR_CONTENT &&
	      strstr(said.buf, "unpack.max-entries"),
	      "too many entries, with those that are implied");
}

/* ---- restart points ------------------------------------------------------ */

#define UNIT ((size_t)4 << 20)

static unsigned char *content;
static size_t content_len;

/* Segments of UNIT, each of chunks, as the writer makes them. dict: the first
 * chunk of the second segment refers to what is before it. */
static void add_segments(struct strbuf *packed, size_t *first, bool dict)
{
	struct zdeflate *z = zdeflate_new(1);
	unsigned char *out = xmalloc(zdeflate_bound(ZSTREAM_CHUNK));
	size_t at, len;

	for (at = 0; at < content_len; at += len) {
		bool use = at && (dict || at % UNIT);
		size_t got;

		len = MINIMUM(content_len - at, (size_t)ZSTREAM_CHUNK);
		if (at == UNIT)
			*first = packed->len;
		got = zdeflate_chunk(z, content + at, use ? ZSTREAM_DICT : 0,
				     len, at + len == content_len, out);
		strbuf_add(packed, out, got);
	}
	free(out);
	zdeflate_free(z);
}

static void make_segments(const struct strbuf *packed, size_t first)
{
	unsigned char extra[12] = { 0x52, 0x55, 8, 0, 1, 22, 0, 0 };

	zip_put32(extra + 8, (uint32_t)first);
	begin();
	add_raw("f", 0100644, ZIP_DEFLATED, packed->buf, packed->len,
		content_len, zcrc32(0, content, content_len), 16, extra,
		sizeof(extra));
	end(false, "");
}

static int compare(const unsigned char *buf, size_t len, uint64_t offset,
		   void *data)
{
	uint64_t *next = data;
	bool good = offset == *next && offset + len <= content_len &&
		    !memcmp(buf, content + offset, len);

	*next += len;
	return good ? 0 : ERR_FAILED;
}

static void test_apart(void)
{
	struct pack_reader *r = pack_reader_new();
	const struct pack_entry *e;
	uint64_t next[2] = { UNIT, 0 };
	uint32_t crc[2];
	struct pack *p;

	if (pack_open(&p, pack_source_memory(zip.buf, zip.len), NULL, NULL)) {
		check(false, "opened");
		return;
	}
	e = &p->entry[0];
	check(pack_segments(e) == 2, "two segments");
	check(!pack_read_segment(p, e, 1, r, &crc[1], compare, &next[0],
				 NULL) && next[0] == content_len,
	      "the second alone");
	check(!pack_read_segment(p, e, 0, r, &crc[0], compare, &next[1],
				 NULL) && next[1] == UNIT, "the first alone");
	check(!pack_check_segments(p, e, crc, NULL), "both have the CRC");
	crc[0] ^= 1;
	check(pack_check_segments(p, e, crc, NULL) == ERR_CONTENT,
	      "another has not");
	next[0] = 0;
	check(!pack_read_entry(p, e, r, compare, &next[0], NULL) &&
	      next[0] == content_len, "both in one go");
	pack_close(p);
	pack_reader_free(r);
}

static void test_segments(void)
{
	static const char moved[] = "restart point is not where";
	struct strbuf packed = STRBUF_INIT;
	unsigned char *field;
	uint32_t seed = 1;
	size_t i, first = 0;

	content_len = UNIT + 300000;
	content = xmalloc(content_len);
	for (i = 0; i < content_len; i++) {
		/* words of eight letters, of which many come again */
		if (i % 8 == 0)
			seed = seed * 1103515245 + 12345;
		content[i] = (unsigned char)('a' + (seed >> 20) % 97 % 16 +
					     i % 8);
	}
	add_segments(&packed, &first, false);
	make_segments(&packed, first);
	test_apart();

	make_segments(&packed, first - 5);
	check(read_all(NULL) == ERR_CONTENT, "a point before the join");
	make_segments(&packed, first + 1);
	check(read_all(NULL) == ERR_CONTENT, "a point behind the join");
	make_segments(&packed, packed.len);
	check(refused("do not lie in its data"), "a point at the end");
	make_segments(&packed, first);
	field = (unsigned char *)zip.buf + zip.len - 22 - 12;
	field[4] = 2;
	check(refused("malformed"), "another version");
	field[4] = 1;
	field[5] = 23;
	check(refused("fit its size"), "another unit");
	field[5] = 21;
	check(refused("malformed"), "a unit that is too small");

	/* good for who reads from the start, and only for him */
	memcpy(content + UNIT, content + UNIT - 30000, 30000);
	strbuf_reset(&packed);
	add_segments(&packed, &first, true);
	make_segments(&packed, first);
	check(refused("damaged") || refused(moved),
	      "a segment that refers to the one before it");
	free(content);
	strbuf_release(&packed);
}

int main(void)
{
	test_tree();
	test_elsewhere();
	test_finding();
	test_descriptors();
	test_changes();
	test_ends();
	test_limits();
	test_segments();
	strbuf_release(&zip);
	strbuf_release(&directory);
	strbuf_release(&said);
	return unit_done();
}
