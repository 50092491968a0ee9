#include "lib/base/compat.h"
#include "lib/exp/pack/pack-extra.h"

#include "lib/exp/pack/zip-format.h"

/* Seconds from 1601-01-01, where NTFS begins to count, to 1970. */
#define NTFS_EPOCH 11644473600

/* A file of 196 KiB must not cost 16,000 * 16,000 comparisons. */
#define COMPARED_MAX 16

static bool is_twice(unsigned id, const unsigned char *data, size_t end,
		     unsigned char *seen)
{
	size_t at;

	if (seen) {
		bool twice = seen[id >> 3] >> (id & 7) & 1;

		seen[id >> 3] |= (unsigned char)(1u << (id & 7));
		return twice;
	}
	for (at = 0; at < end; at += 4 + zip_get16(data + at + 2))
		if (zip_get16(data + at) == id)
			return true;
	return false;
}

static void note(struct extra_fields *x, unsigned id,
		 const unsigned char *data, size_t len)
{
	struct extra_field *field;

	switch (id) {
	case ZIP_EXTRA_ZIP64:
		field = &x->zip64;
		break;
	case ZIP_EXTRA_NTFS:
		field = &x->ntfs;
		break;
	case ZIP_EXTRA_TIME:
		field = &x->time;
		break;
	case ZIP_EXTRA_UNICODE_PATH:
		field = &x->unicode;
		break;
	case ZIP_EXTRA_ASI:
		field = &x->asi;
		break;
	case ZIP_EXTRA_RESTART:
		field = &x->restart;
		break;
	default:
		return;
	}
	field->data = data;
	field->len = len;
}

static const char *walk(struct extra_fields *x, const unsigned char *data,
			size_t len, unsigned char *seen, size_t *nr)
{
	size_t at = 0, size;

	*nr = 0;
	while (at < len) {
		if (len - at < 4)
			return "its extra fields do not fill their room";
		size = zip_get16(data + at + 2);
		if (size > len - at - 4)
			return "its extra fields do not fill their room";
		if ((seen || *nr < COMPARED_MAX) &&
		    is_twice(zip_get16(data + at), data, at, seen))
			return "an extra field stands there twice";
		note(x, zip_get16(data + at), data + at + 4, size);
		at += 4 + size;
		++*nr;
	}
	return NULL;
}

const char *extra_read(struct extra_fields *x, const unsigned char *data,
		       size_t len)
{
	const char *why;
	size_t nr;

	memset(x, 0, sizeof(*x));
	why = walk(x, data, len, NULL, &nr);
	if (!why && nr > COMPARED_MAX) {
		unsigned char seen[(ZIP_MAX16 + 1) / 8] = { 0 };

		why = walk(x, data, len, seen, &nr);
	}
	return why;
}

const char *extra_zip64(const struct extra_field *x, uint64_t *v,
			uint64_t *again, size_t nr)
{
	size_t i, first = nr, needed = 0, at = 0;
	bool all;

	for (i = 0; i < nr; i++) {
		again[i] = v[i];
		if (v[i] == ZIP_MAX32)
			needed++;
		else if (first == nr)
			first = i;
	}
	if (!x->data)
		return needed ? "its zip64 field is missing" : NULL;

	/* first: of those without need; the needed ones come before it */
	all = x->len > 8 * needed && needed <= first;
	if (x->len % 8 || x->len < 8 * needed || x->len > 8 * nr ||
	    (x->len > 8 * needed && !all))
		return "its zip64 field is malformed";
	for (i = 0; i < nr && at < x->len; i++) {
		if (v[i] != ZIP_MAX32 && !all)
			continue;
		again[i] = zip_get64(x->data + at);
		if (v[i] == ZIP_MAX32)
			v[i] = again[i];
		at += 8;
	}
	return NULL;
}

/*
 * Central headers name access and creation in the flags as local ones do, but
 * most writers put only the first time there.
 */
const char *extra_unix_time(const struct extra_field *x, int64_t *mtime,
			    bool *there)
{
	unsigned flags;
	size_t times;

	*there = false;
	if (!x->data)
		return NULL;
	if (!x->len)
		return "its time field is malformed";
	flags = x->data[0];
	times = (flags & 1) + (flags >> 1 & 1) + (flags >> 2 & 1);
	if (x->len != 1 + 4 * (size_t)(flags & 1) && x->len != 1 + 4 * times)
		return "its time field is malformed";
	if (flags & 1) {
		*mtime = (int32_t)zip_get32(x->data + 1);
		*there = true;
	}
	return NULL;
}

const char *extra_ntfs_time(const struct extra_field *x, int64_t *mtime,
			    bool *there)
{
	size_t at = 4, size;

	*there = false;
	if (!x->data)
		return NULL;
	if (x->len < 4)
		return "its NTFS field is malformed";
	while (at < x->len) {
		if (x->len - at < 4)
			return "its NTFS field is malformed";
		size = zip_get16(x->data + at + 2);
		if (size > x->len - at - 4)
			return "its NTFS field is malformed";
		if (zip_get16(x->data + at) == 1) {
			if (size != 24 || *there)
				return "its NTFS field is malformed";
			*mtime = (int64_t)(zip_get64(x->data + at + 4) /
					   10000000) - NTFS_EPOCH;
			*there = true;
		}
		at += 4 + size;
	}
	return NULL;
}
