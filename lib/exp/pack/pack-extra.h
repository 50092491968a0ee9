/*
 * The extra fields of one header.
 * Source: APPNOTE 4.5; Info-ZIP's extrafld.txt; resutilformat-pack(5).
 *
 * What is wrong is told as a sentence without names, for the caller to put
 * pack and entry before it; NULL: all is well.
 */
#ifndef LIB_EXP_PACK_PACK_EXTRA_H
#define LIB_EXP_PACK_PACK_EXTRA_H

#include "lib/base/compat.h"

struct extra_field {
	const unsigned char *data;	/* NULL: it is not there */
	size_t len;
};

struct extra_fields {
	struct extra_field zip64;	/* 0x0001 */
	struct extra_field ntfs;	/* 0x000a */
	struct extra_field time;	/* 0x5455 */
	struct extra_field unicode;	/* 0x7075 */
	struct extra_field asi;		/* 0x756e: a Unix mode, and more */
	struct extra_field restart;	/* 0x5552 */
};

/** Finds the fields that are known, lent from `data`; the others are passed
 *  over, but they too fill their room and stand there once. */
const char *extra_read(struct extra_fields *x, const unsigned char *data,
		       size_t len);

/**
 * Puts the numbers of 64 bits in place of those that are at their maximum.
 * v: the nr 32-bit fields of the header, in the order of zip64.
 *
 * The field holds the needed numbers alone; or those of all fields from the
 * first on, where the needed ones come first (Go writes all three), so that
 * whoever looks for the needed ones alone reads the same. again[i] is then
 * the number that stands there for a v[i] without need; else it is v[i].
 */
const char *extra_zip64(const struct extra_field *x, uint64_t *v,
			uint64_t *again, size_t nr);

/** Last change, if there is one; *there says so. */
const char *extra_unix_time(const struct extra_field *x, int64_t *mtime,
			    bool *there);
const char *extra_ntfs_time(const struct extra_field *x, int64_t *mtime,
			    bool *there);

#endif
