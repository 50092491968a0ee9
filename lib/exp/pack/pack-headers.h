/*
 * The records of a pack as bytes: local headers, descriptors, the central
 * directory and its end.
 * Source: resutilformat-pack(5); APPNOTE 4.3.7 to 4.3.16.
 */
#ifndef LIB_EXP_PACK_PACK_HEADERS_H
#define LIB_EXP_PACK_PACK_HEADERS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/* Up to this a file is one piece, with its sizes in the local header. */
#define PACK_SMALL_MAX (1u << 20)
/* From this on a local header has zip64 sizes: what comes out of so many bytes
 * may need them, and before it is known. */
#define PACK_ZIP64_FROM 0xf0000000u
#define PACK_RESTART_FROM (4u << 20)	/* longer files have points */
#define PACK_RESTART_BITS 22		/* of the smallest unit */
#define PACK_RESTART_MAX 8192		/* segments */

/* The most that pack_local_header() adds to a path. */
#define PACK_LOCAL_MAX (30 + 20 + 9)

/* What the headers of one entry say. */
struct pack_item {
	uint64_t offset;	/* of the local header */
	uint64_t size;
	uint64_t packed;	/* compressed size */
	int64_t mtime;
	uint32_t mode;
	uint32_t crc;
	bool deflated;
	bool is_long;		/* a descriptor follows the data */
	bool utf8;		/* the path is, and is not ASCII */
	bool left_out;		/* has no headers at all */
	uint32_t *restart;	/* compressed sizes of the segments but the
				 * last; NULL: none */
};

/** The binary logarithm of the unit of restart points; 0: a file of this
 *  size has none. */
unsigned pack_restart_bits(uint64_t size);
/** How many units there are in `size`. */
uint64_t restart_segments(uint64_t size, unsigned bits);

/** Bytes of the local header, the path and extra fields included. */
size_t pack_local_len(const struct pack_item *item, size_t path_len);
/** Writes them; a long file's sizes and CRC are zeros. */
void pack_local_header(unsigned char *out, const struct pack_item *item,
		       const char *path, size_t path_len);

/** At most 24 bytes; returns how many. */
size_t pack_descriptor(unsigned char *out, const struct pack_item *item);

/** Adds one record of the central directory. */
void pack_central_header(struct strbuf *out, const struct pack_item *item,
			 const char *path, size_t path_len);

/** Adds the end of the pack: zip64 records where needed, and the comment. */
void pack_end(struct strbuf *out, uint64_t entries, uint64_t offset,
	      uint64_t len, const struct strbuf *comment);

#endif
