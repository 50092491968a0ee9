#include "lib/base/compat.h"
#include "lib/exp/pack/pack-headers.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/zip-format.h"

/* Version made by: Unix in the upper byte (4.4.2.2), 4.5 in the lower. */
#define MADE_BY (ZIP_HOST_UNIX << 8 | NEEDS_ZIP64)
#define NEEDS_DIRS 20		/* 4.4.3.2: directories, deflate */
#define NEEDS_ZIP64 45

#define ATTRIBUTE_DIR 0x10u	/* of MS-DOS */
#define TIME_LEN 9
#define TIME_HAS_MTIME 1

unsigned pack_restart_bits(uint64_t size)
{
	unsigned bits = PACK_RESTART_BITS;

	if (size <= PACK_RESTART_FROM)
		return 0;
	while (restart_segments(size, bits) > PACK_RESTART_MAX)
		bits++;
	/* What comes out of a longer segment may not fit the field. */
	return bits < 32 ? bits : 0;
}

uint64_t restart_segments(uint64_t size, unsigned bits)
{
	return (size >> bits) + !!(size & ((UINT64_C(1) << bits) - 1));
}

/*
 * Year, month and day of a day counted from 1970-01-01, for years from 1980
 * to 2107. gmtime_r(3) takes a lock that all threads would wait for.
 */
static void civil_date(unsigned days, unsigned *year, unsigned *month,
		       unsigned *day)
{
	/* Days from March on, so that the leap day is a year's last. */
	static const unsigned short before[] = {
		0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337
	};
	unsigned cycle, in_cycle, in_year, m = 11;

	days += 719468;			/* 0000-03-01 */
	cycle = days / 146097;		/* 400 years */
	in_cycle = days % 146097;
	*year = (in_cycle - in_cycle / 1460 + in_cycle / 36524 -
		 in_cycle / 146096) / 365;
	in_year = in_cycle - (*year * 365 + *year / 4 - *year / 100);
	*year += cycle * 400;
	while (in_year < before[m])
		m--;
	*day = in_year - before[m] + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year += *month <= 2;
}

/* 4.4.6: the date in the upper half. */
static uint32_t dos_time(int64_t mtime)
{
	const int64_t first = INT64_C(315532800);	/* 1980-01-01 */
	const int64_t end = INT64_C(4354819200);	/* 2108-01-01 */
	unsigned year, month, day, second;

	mtime = MAXIMUM(mtime, first);
	mtime = MINIMUM(mtime, end - 1);
	civil_date((unsigned)(mtime / 86400), &year, &month, &day);
	second = (unsigned)(mtime % 86400);
	return (uint32_t)(year - 1980) << 25 | month << 21 | day << 16 |
	       second / 3600 << 11 | second / 60 % 60 << 5 | second % 60 / 2;
}

static bool fits_time(int64_t mtime)
{
	return mtime >= INT32_MIN && mtime <= INT32_MAX;
}

static unsigned char *put_time(unsigned char *p, int64_t mtime)
{
	zip_put16(p, ZIP_EXTRA_TIME);
	zip_put16(p + 2, TIME_LEN - 4);
	p[4] = TIME_HAS_MTIME;
	zip_put32(p + 5, (uint32_t)mtime);
	return p + TIME_LEN;
}

static bool has_local_zip64(const struct pack_item *item)
{
	return item->is_long && item->size >= PACK_ZIP64_FROM;
}

static unsigned flags_of(const struct pack_item *item)
{
	return (item->is_long ? ZIP_FLAG_DESCRIPTOR : 0) |
	       (item->utf8 ? ZIP_FLAG_UTF8 : 0);
}

/* What local and central header begin with alike: from the version needed
 * to the CRC. */
static void put_common(unsigned char *p, const struct pack_item *item,
		       bool zip64, uint32_t crc)
{
	zip_put16(p, zip64 ? NEEDS_ZIP64 : NEEDS_DIRS);
	zip_put16(p + 2, flags_of(item));
	zip_put16(p + 4, item->deflated ? ZIP_DEFLATED : ZIP_STORED);
	zip_put32(p + 6, dos_time(item->mtime));
	zip_put32(p + 10, crc);
}

size_t pack_local_len(const struct pack_item *item, size_t path_len)
{
	return ZIP_LOCAL_LEN + path_len + (has_local_zip64(item) ? 20 : 0) +
	       (fits_time(item->mtime) ? TIME_LEN : 0);
}

void pack_local_header(unsigned char *out, const struct pack_item *item,
		       const char *path, size_t path_len)
{
	size_t extra_len = pack_local_len(item, path_len) - ZIP_LOCAL_LEN -
			   path_len;
	bool zip64 = has_local_zip64(item), later = item->is_long;
	unsigned char *p = out + ZIP_LOCAL_LEN + path_len;

	zip_put32(out, ZIP_LOCAL_SIG);
	put_common(out + 4, item, zip64, later ? 0 : item->crc);
	/* 4.4.8: with zip64 the fields are at their maximum. */
	zip_put32(out + 18, zip64 ? ZIP_MAX32 :
			    later ? 0 : (uint32_t)item->packed);
	zip_put32(out + 22, zip64 ? ZIP_MAX32 :
			    later ? 0 : (uint32_t)item->size);
	zip_put16(out + 26, (unsigned)path_len);
	zip_put16(out + 28, (unsigned)extra_len);
	memcpy(out + ZIP_LOCAL_LEN, path, path_len);
	if (zip64) {
		zip_put16(p, ZIP_EXTRA_ZIP64);
		zip_put16(p + 2, 16);
		memset(p + 4, 0, 16);
		p += 20;
	}
	if (fits_time(item->mtime))
		put_time(p, item->mtime);
}

size_t pack_descriptor(unsigned char *out, const struct pack_item *item)
{
	zip_put32(out, ZIP_DESC_SIG);
	zip_put32(out + 4, item->crc);
	if (has_local_zip64(item)) {
		zip_put64(out + 8, item->packed);
		zip_put64(out + 16, item->size);
		return 24;
	}
	zip_put32(out + 8, (uint32_t)item->packed);
	zip_put32(out + 12, (uint32_t)item->size);
	return 16;
}

/* 4.5.3: those that do not fit, in this order. Returns their bytes. */
static size_t put_zip64(unsigned char *p, const struct pack_item *item)
{
	const uint64_t field[] = { item->size, item->packed, item->offset };
	size_t i, len = 0;

	for (i = 0; i < ARRAY_SIZE(field); i++)
		if (field[i] >= ZIP_MAX32) {
			zip_put64(p + 4 + len, field[i]);
			len += 8;
		}
	if (!len)
		return 0;
	zip_put16(p, ZIP_EXTRA_ZIP64);
	zip_put16(p + 2, (unsigned)len);
	return len + 4;
}

static void add_restart(struct strbuf *out, const struct pack_item *item)
{
	unsigned bits = pack_restart_bits(item->size);
	size_t i, nr = (size_t)restart_segments(item->size, bits) - 1;
	unsigned char field[8];

	zip_put16(field, ZIP_EXTRA_RESTART);
	zip_put16(field + 2, (unsigned)(4 + 4 * nr));
	field[4] = 1;
	field[5] = (unsigned char)bits;
	zip_put16(field + 6, 0);
	strbuf_add(out, field, sizeof(field));
	for (i = 0; i < nr; i++) {
		zip_put32(field, item->restart[i]);
		strbuf_add(out, field, 4);
	}
}

static uint32_t clamp32(uint64_t v)
{
	return v < ZIP_MAX32 ? (uint32_t)v : ZIP_MAX32;
}

void pack_central_header(struct strbuf *out, const struct pack_item *item,
			 const char *path, size_t path_len)
{
	unsigned char fixed[ZIP_CENTRAL_LEN], extra[28 + TIME_LEN];
	size_t zip64_len = put_zip64(extra, item), start = out->len;
	unsigned char *extra_end = extra + zip64_len;

	if (fits_time(item->mtime))
		extra_end = put_time(extra_end, item->mtime);

	memset(fixed, 0, sizeof(fixed));
	zip_put32(fixed, ZIP_CENTRAL_SIG);
	zip_put16(fixed + 4, MADE_BY);
	put_common(fixed + 6, item, zip64_len || has_local_zip64(item),
		   item->crc);
	zip_put32(fixed + 20, clamp32(item->packed));
	zip_put32(fixed + 24, clamp32(item->size));
	zip_put16(fixed + 28, (unsigned)path_len);
	zip_put32(fixed + 38, (item->mode & (S_IFMT | 0777)) << 16 |
			      (S_ISDIR(item->mode) ? ATTRIBUTE_DIR : 0));
	zip_put32(fixed + 42, clamp32(item->offset));
	strbuf_add(out, fixed, sizeof(fixed));
	strbuf_add(out, path, path_len);
	strbuf_add(out, extra, (size_t)(extra_end - extra));
	if (item->restart)
		add_restart(out, item);
	zip_put16((unsigned char *)out->buf + start + 30,
		  (unsigned)(out->len - start - sizeof(fixed) - path_len));
}

/* 4.3.14 and 4.3.15 */
static void add_end64(struct strbuf *out, uint64_t entries, uint64_t offset,
		      uint64_t len)
{
	unsigned char end[ZIP_END64_LEN + ZIP_LOCATOR_LEN] = { 0 };
	unsigned char *locator = end + ZIP_END64_LEN;

	zip_put32(end, ZIP_END64_SIG);
	zip_put64(end + 4, ZIP_END64_LEN - 12);
	zip_put16(end + 12, MADE_BY);
	zip_put16(end + 14, NEEDS_ZIP64);
	zip_put64(end + 24, entries);
	zip_put64(end + 32, entries);
	zip_put64(end + 40, len);
	zip_put64(end + 48, offset);
	zip_put32(locator, ZIP_LOCATOR_SIG);
	zip_put64(locator + 8, offset + len);
	zip_put32(locator + 16, 1);
	strbuf_add(out, end, sizeof(end));
}

void pack_end(struct strbuf *out, uint64_t entries, uint64_t offset,
	      uint64_t len, const struct strbuf *comment)
{
	unsigned char end[ZIP_END_LEN] = { 0 };
	unsigned count = (unsigned)MINIMUM(entries, ZIP_MAX16);

	if (entries >= ZIP_MAX16 || offset >= ZIP_MAX32 || len >= ZIP_MAX32)
		add_end64(out, entries, offset, len);
	zip_put32(end, ZIP_END_SIG);
	zip_put16(end + 8, count);
	zip_put16(end + 10, count);
	zip_put32(end + 12, clamp32(len));
	zip_put32(end + 16, clamp32(offset));
	zip_put16(end + 20, (unsigned)comment->len);
	strbuf_add(out, end, sizeof(end));
	strbuf_addbuf(out, comment);
}
