#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-headers.h"
#include "lib/exp/pack/zip-format.h"
#include "t/unit/unit.h"

#define GIB (UINT64_C(1) << 30)

static const struct {
	const char *what;
	int64_t mtime;
	unsigned date[6];	/* as DOS has it, seconds even */
	bool extra;
} times[] = {
	{ "1970", 0, { 1980, 1, 1, 0, 0, 0 }, true },
	{ "before 1970", -1, { 1980, 1, 1, 0, 0, 0 }, true },
	{ "before 1901", -5000000000, { 1980, 1, 1, 0, 0, 0 }, false },
	{ "the last moment of 1979", 315532799,
	  { 1980, 1, 1, 0, 0, 0 }, true },
	{ "the first of 1980", 315532800, { 1980, 1, 1, 0, 0, 0 }, true },
	{ "odd seconds", 1720091755, { 2024, 7, 4, 11, 15, 54 }, true },
	{ "a leap day", 1709251199, { 2024, 2, 29, 23, 59, 58 }, true },
	{ "the day after", 1709251200, { 2024, 3, 1, 0, 0, 0 }, true },
	{ "no leap day", 1677628799, { 2023, 2, 28, 23, 59, 58 }, true },
	{ "2000", 951868799, { 2000, 2, 29, 23, 59, 58 }, true },
	{ "the end of a year", 1735689599,
	  { 2024, 12, 31, 23, 59, 58 }, true },
	{ "the last of 32 bits", 2147483647,
	  { 2038, 1, 19, 3, 14, 6 }, true },
	{ "the first after", 2147483648u, { 2038, 1, 19, 3, 14, 8 }, false },
	{ "2100 has no leap day", 4107542400,
	  { 2100, 3, 1, 0, 0, 0 }, false },
	{ "the end of 2107", 4354819199,
	  { 2107, 12, 31, 23, 59, 58 }, false },
	{ "2108", 4354819200, { 2107, 12, 31, 23, 59, 58 }, false },
	{ "far away", INT64_MAX, { 2107, 12, 31, 23, 59, 58 }, false },
	{ "long ago", INT64_MIN, { 1980, 1, 1, 0, 0, 0 }, false },
};

static void test_times(void)
{
	unsigned char out[ZIP_LOCAL_LEN + 1 + PACK_LOCAL_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		struct pack_item item = { .mode = S_IFREG | 0644,
					  .mtime = times[i].mtime };
		const unsigned *d = times[i].date;
		uint32_t want = (d[0] - 1980) << 25 | d[1] << 21 | d[2] << 16 |
				d[3] << 11 | d[4] << 5 | d[5] / 2;

		pack_local_header(out, &item, "x", 1);
		check(zip_get32(out + 10) == want &&
		      zip_get16(out + 28) == (times[i].extra ? 9 : 0) &&
		      (!times[i].extra ||
		       (int32_t)zip_get32(out + 36) == times[i].mtime),
		      times[i].what);
	}
}

/* Sizes, and offset where it is large, are in the extra field in this order. */
static void check_central(const char *what, const struct pack_item *item,
			  unsigned version, size_t nr, const uint64_t *want)
{
	struct strbuf out = STRBUF_INIT;
	const unsigned char *p, *extra;
	bool good;
	size_t i;

	pack_central_header(&out, item, "name", 4);
	p = (const unsigned char *)out.buf;
	extra = p + ZIP_CENTRAL_LEN + 4;
	good = zip_get32(p) == ZIP_CENTRAL_SIG && zip_get16(p + 6) == version &&
	       out.len == ZIP_CENTRAL_LEN + 4u + zip_get16(p + 30);
	if (nr)
		good = good && zip_get16(extra) == ZIP_EXTRA_ZIP64 &&
		       zip_get16(extra + 2) == 8 * nr;
	else
		good = good && zip_get16(extra) == ZIP_EXTRA_TIME;
	for (i = 0; good && i < nr; i++)
		good = zip_get64(extra + 4 + 8 * i) == want[i];
	check(good, what);
	strbuf_release(&out);
}

static void test_zip64(void)
{
	struct pack_item item = { .mode = S_IFREG | 0644, .size = 5,
				  .packed = 5 };
	uint64_t want[3] = { 0 };

	check_central("all small", &item, 20, 0, want);
	item.offset = want[0] = UINT64_C(0xffffffff);
	check_central("an offset at the maximum", &item, 45, 1, want);
	item.offset--;
	check_central("one below it", &item, 20, 0, want);

	item.is_long = item.deflated = true;
	item.size = want[0] = 5 * GIB;
	item.packed = GIB;
	item.restart = (uint32_t[8192]){ 0 };
	check_central("a large size", &item, 45, 1, want);
	item.packed = want[1] = 4 * GIB;
	item.offset = want[2] = 6 * GIB;
	check_central("all large", &item, 45, 3, want);
	item.size = PACK_ZIP64_FROM;
	item.packed = item.offset = 1;
	check_central("zip64 in the local header alone", &item, 45, 0, want);
}

static void test_long(void)
{
	unsigned char out[ZIP_LOCAL_LEN + 1 + PACK_LOCAL_MAX], end[24];
	struct pack_item item = { .mode = S_IFREG | 0644, .is_long = true,
				  .deflated = true, .crc = 7, .packed = 9 };

	item.size = PACK_ZIP64_FROM - 1;
	pack_local_header(out, &item, "x", 1);
	check(zip_get16(out + 4) == 20 && zip_get16(out + 6) == 8 &&
	      !zip_get32(out + 14) && !zip_get32(out + 18) &&
	      !zip_get32(out + 22) && zip_get16(out + 28) == 9 &&
	      pack_local_len(&item, 1) == 30 + 1 + 9,
	      "a long file's local header has zeros");
	check(pack_descriptor(end, &item) == 16 && zip_get32(end + 4) == 7 &&
	      zip_get32(end + 8) == 9 &&
	      zip_get32(end + 12) == PACK_ZIP64_FROM - 1,
	      "the descriptor that follows");

	item.size = PACK_ZIP64_FROM;
	pack_local_header(out, &item, "x", 1);
	check(zip_get16(out + 4) == 45 && zip_get32(out + 18) == ZIP_MAX32 &&
	      zip_get32(out + 22) == ZIP_MAX32 &&
	      zip_get16(out + 31) == ZIP_EXTRA_ZIP64 &&
	      zip_get16(out + 33) == 16 && !zip_get64(out + 35) &&
	      !zip_get64(out + 43) && zip_get16(out + 51) == ZIP_EXTRA_TIME &&
	      pack_local_len(&item, 1) == 30 + 1 + 20 + 9,
	      "and from 0xF0000000 bytes on");
	check(pack_descriptor(end, &item) == 24 && zip_get64(end + 8) == 9 &&
	      zip_get64(end + 16) == PACK_ZIP64_FROM, "with the long one");
}

static void test_restart(void)
{
	check(!pack_restart_bits(4 << 20), "4 MiB has no restart points");
	check(pack_restart_bits((4 << 20) + 1) == 22 &&
	      restart_segments((4 << 20) + 1, 22) == 2, "one byte more has");
	check(pack_restart_bits(32 * GIB) == 22 &&
	      restart_segments(32 * GIB, 22) == 8192, "8,192 segments");
	check(pack_restart_bits(32 * GIB + 1) == 23 &&
	      restart_segments(32 * GIB + 1, 23) == 4097,
	      "one byte more: the unit is the next power");
	check(pack_restart_bits(16384 * GIB) == 31 &&
	      !pack_restart_bits(16384 * GIB + 1), "none beyond 16 TiB");
}

static void check_end(const char *what, uint64_t entries, uint64_t offset,
		      uint64_t len, bool zip64)
{
	struct strbuf out = STRBUF_INIT, comment = STRBUF_INIT;
	const unsigned char *p, *end;
	bool good;

	strbuf_addstr(&comment, "words");
	pack_end(&out, entries, offset, len, &comment);
	p = (const unsigned char *)out.buf;
	end = p + (zip64 ? ZIP_END64_LEN + ZIP_LOCATOR_LEN : 0);
	good = out.len == (size_t)(end - p) + ZIP_END_LEN + 5 &&
	       zip_get32(end) == ZIP_END_SIG &&
	       zip_get16(end + 8) == MINIMUM(entries, ZIP_MAX16) &&
	       zip_get16(end + 10) == MINIMUM(entries, ZIP_MAX16) &&
	       zip_get32(end + 12) == MINIMUM(len, ZIP_MAX32) &&
	       zip_get32(end + 16) == MINIMUM(offset, ZIP_MAX32) &&
	       zip_get16(end + 20) == 5 && !memcmp(end + 22, "words", 5);
	if (zip64)
		good = good && zip_get32(p) == ZIP_END64_SIG &&
		       zip_get64(p + 4) == 44 && zip_get64(p + 24) == entries &&
		       zip_get64(p + 32) == entries &&
		       zip_get64(p + 40) == len &&
		       zip_get64(p + 48) == offset &&
		       zip_get32(p + 56) == ZIP_LOCATOR_SIG &&
		       zip_get64(p + 64) == offset + len &&
		       zip_get32(p + 72) == 1;
	check(good, what);
	strbuf_release(&comment);
	strbuf_release(&out);
}

static void test_end(void)
{
	check_end("nothing", 0, 0, 0, false);
	check_end("65,534 entries", 65534, 1000, 1000, false);
	check_end("65,535 entries", 65535, 1000, 1000, true);
	check_end("a directory behind 4 GiB", 1, ZIP_MAX32, 50, true);
	check_end("right before them", 1, ZIP_MAX32 - 1, 50, false);
	check_end("a directory of 5 GiB", 70000, 6 * GIB, 5 * GIB, true);
}

int main(void)
{
	test_times();
	test_zip64();
	test_long();
	test_restart();
	test_end();
	return unit_done();
}
