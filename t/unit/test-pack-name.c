#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-extra.h"
#include "lib/exp/pack/pack-name.h"
#include "lib/exp/pack/zip-format.h"
#include "lib/wrap/zstream.h"
#include "t/unit/unit.h"

static struct strbuf path = STRBUF_INIT;

static const char *read_name(const char *raw, size_t len, unsigned host,
			     unsigned flags, const struct extra_field *unicode)
{
	static const struct extra_field none;
	struct raw_name name = {
		(const unsigned char *)raw, len, host, flags
	};
	bool replaced;

	strbuf_reset(&path);
	return pack_name_read(&path, &name, unicode ? unicode : &none,
			      &replaced);
}

#define NAME(raw, host, flags) \
	read_name((raw), sizeof(raw) - 1, (host), (flags), NULL)

static void test_bytes(void)
{
	check(!NAME("caf\xe9", ZIP_HOST_UNIX, 0), "any bytes, from Unix");
	check_str(path.buf, "caf\xe9", "stay as they are");
	check(!NAME("caf\x82", ZIP_HOST_FAT, 0), "code page 437");
	check_str(path.buf, "caf\xc3\xa9", "becomes UTF-8");
	check(!NAME("\x80\xff", ZIP_HOST_NTFS, 0), "its ends");
	check_str(path.buf, "\xc3\x87\xc2\xa0", "are right");
	check(!NAME("caf\xc3\xa9", ZIP_HOST_FAT, ZIP_FLAG_UTF8), "bit 11");
	check_str(path.buf, "caf\xc3\xa9", "means UTF-8");
	check(NAME("caf\xe9", ZIP_HOST_UNIX, ZIP_FLAG_UTF8) != NULL,
	      "and nothing else");
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"/a", "a//b", "//", "/", ".", "..", "./a", "a/.", "a/./b",
		"a/..", "../a", "a/../b", "a//"
	};
	static const char *const good[] = {
		"...", ".a", "a.", "..a", "a..", "a/...", "-", "a b", "\x01",
		"C:", "~", "a\\b", "d/", ".d/", "d/.../"
	};
	char text[600];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		check(pack_name_check(bad[i], strlen(bad[i])) != NULL,
		      bad[i]);
	for (i = 0; i < ARRAY_SIZE(good); i++)
		check(!read_name(good[i], strlen(good[i]), ZIP_HOST_UNIX, 0,
				 NULL) && !strcmp(path.buf, good[i]),
		      "a name as it is");
	check(NAME("", ZIP_HOST_UNIX, 0) != NULL, "no name at all");
	check(NAME("a\0b", ZIP_HOST_UNIX, 0) != NULL, "NUL within");
	check(NAME("a\0", ZIP_HOST_UNIX, 0) != NULL, "NUL at the end");
	check(NAME("a\\b", ZIP_HOST_FAT, 0) != NULL &&
	      NAME("a\\b", ZIP_HOST_NTFS, ZIP_FLAG_UTF8) != NULL,
	      "a backslash where it separates");
	memset(text, 'x', sizeof(text));
	check(!pack_name_check(text, 255), "255 bytes");
	check(pack_name_check(text, 256) != NULL, "256 bytes");
	text[255] = '/';
	check(!pack_name_check(text, 511), "255 bytes twice");
	check(pack_name_check(text, 512) != NULL, "255 bytes and 256");
}

static void test_unicode(void)
{
	static const char raw[] = "caf?", good[] = "caf\xc3\xa9";
	unsigned char data[64] = { 1 };
	struct extra_field field = { data, 5 + sizeof(good) - 1 };

	zip_put32(data + 1, zcrc32(0, raw, 4));
	memcpy(data + 5, good, sizeof(good) - 1);
	check(!read_name(raw, 4, ZIP_HOST_FAT, 0, &field) &&
	      !strcmp(path.buf, good), "a Unicode path");
	check(!read_name("caff", 4, ZIP_HOST_FAT, 0, &field) &&
	      !strcmp(path.buf, "caff"), "of another name is passed over");
	check(read_name(raw, 4, ZIP_HOST_UNIX, ZIP_FLAG_UTF8, &field) != NULL,
	      "two names of different bytes");
	zip_put32(data + 1, zcrc32(0, good, 5));
	check(!read_name(good, 5, ZIP_HOST_UNIX, ZIP_FLAG_UTF8, &field),
	      "twice the same name");
	zip_put32(data + 1, zcrc32(0, "caf/", 4));
	check(read_name("caf/", 4, ZIP_HOST_UNIX, 0, &field) != NULL,
	      "a directory that becomes a file");
	zip_put32(data + 1, zcrc32(0, raw, 4));
	data[9] = 0xff;
	check(read_name(raw, 4, ZIP_HOST_UNIX, 0, &field) != NULL,
	      "not UTF-8");
	memcpy(data + 5, "../ab", 5);
	check(read_name(raw, 4, ZIP_HOST_UNIX, 0, &field) != NULL,
	      "a path that leads out");
	data[0] = 2;
	check(read_name(raw, 4, ZIP_HOST_UNIX, 0, &field) != NULL,
	      "another version");
	field.len = 4;
	check(read_name(raw, 4, ZIP_HOST_UNIX, 0, &field) != NULL, "short");
}

static const char *fields(const char *data, size_t len)
{
	struct extra_fields x;

	return extra_read(&x, (const unsigned char *)data, len);
}

#define FIELDS(text) fields((text), sizeof(text) - 1)

static void test_fields(void)
{
	unsigned char many[4 * 2000];
	size_t i;

	check(!FIELDS(""), "no field");
	check(!FIELDS("\x01\x02\0\0\x03\x04\x01\0x"), "two fields");
	check(FIELDS("\x01\x02\0") && FIELDS("\x01\x02\x01\0") &&
	      FIELDS("\x01\x02\0\0\0"), "that do not fill their room");
	check(FIELDS("\x01\x02\0\0\x03\x02\0\0\x01\x02\0\0") != NULL,
	      "one twice");
	for (i = 0; i < 2000; i++) {
		zip_put16(many + 4 * i, (unsigned)(i + 0x100));
		zip_put16(many + 4 * i + 2, 0);
	}
	check(!fields((char *)many, sizeof(many)), "2000 fields");
	zip_put16(many + 4 * 1999, 0x100 + 1998);
	check(fields((char *)many, sizeof(many)) != NULL, "two alike of them");
}

/* v, the numbers in the field, and what becomes of v; 0: malformed */
static bool zip64(uint64_t *v, uint64_t *again, unsigned numbers)
{
	unsigned char data[64];
	struct extra_field x = { numbers ? data : NULL, 8 * numbers };
	unsigned i;

	for (i = 0; i < numbers; i++)
		zip_put64(data + 8 * i, 100 + i);
	return !extra_zip64(&x, v, again, 3);
}

static void test_zip64(void)
{
	const uint64_t max = ZIP_MAX32;
	uint64_t again[3];
	uint64_t all[] = { max, max, max }, size[] = { max, 7, 8 };
	uint64_t offset[] = { 6, 7, max }, none[] = { 6, 7, 8 };
	uint64_t first[] = { max, max, 8 }, ends[] = { max, 7, max };

	check(!zip64(all, again, 0) && !zip64(all, again, 2) &&
	      !zip64(all, again, 4), "as many numbers as needed");
	check(zip64(all, again, 3) && all[0] == 100 && all[2] == 102,
	      "in their order");
	check(zip64(offset, again, 1) && offset[2] == 100 && offset[0] == 6,
	      "only those that are needed");
	offset[2] = max;
	check(!zip64(offset, again, 3), "no others before these");
	check(zip64(ends, again, 2) && ends[0] == 100 && ends[2] == 101 &&
	      again[1] == 7, "first and last");
	check(zip64(size, again, 1) && size[0] == 100 && again[1] == 7,
	      "the first alone");
	check(zip64(first, again, 3) && first[1] == 101 && first[2] == 8 &&
	      again[2] == 102, "others behind these are told");
	check(zip64(none, again, 0) && again[0] == 6, "no need, no field");
}

static void test_times(void)
{
	unsigned char data[32] = { 1, 0xff, 0xff, 0xff, 0xff };
	struct extra_field x = { data, 5 };
	int64_t mtime = 0;
	bool there;

	check(!extra_unix_time(&x, &mtime, &there) && there && mtime == -1,
	      "a time before 1970");
	x.len = 9;
	check(extra_unix_time(&x, &mtime, &there) != NULL, "too long");
	data[0] = 3;
	check(!extra_unix_time(&x, &mtime, &there), "two times");
	x.len = 5;
	check(!extra_unix_time(&x, &mtime, &there), "one of two");
	data[0] = 2;
	check(!extra_unix_time(&x, &mtime, &there) && !there,
	      "only the last access");
	memset(data, 0, sizeof(data));
	x.len = 32;
	zip_put16(data + 4, 1);
	zip_put16(data + 6, 24);
	zip_put64(data + 8, 116444736000000000u + 10000000u);
	check(!extra_ntfs_time(&x, &mtime, &there) && there && mtime == 1,
	      "as NTFS counts");
	x.len = 31;
	check(extra_ntfs_time(&x, &mtime, &there) != NULL, "cut");
}

int main(void)
{
	test_bytes();
	test_refused();
	test_unicode();
	test_fields();
	test_zip64();
	test_times();
	strbuf_release(&path);
	return unit_done();
}
