/*
 * The content of entries: whole, or by segments where the pack has restart
 * points, so that several threads can inflate one entry.
 */
#ifndef LIB_EXP_PACK_PACK_DATA_H
#define LIB_EXP_PACK_PACK_DATA_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-read.h"

/** Scratch of one thread: two buffers, up to 1 MiB each, and an inflater. */
struct pack_reader;

struct pack_reader *pack_reader_new(void);
void pack_reader_free(struct pack_reader *r);	/* NULL is fine */

/** Takes a piece of the content; offset: in the content. Pieces come in order
 *  and hold 256 KiB at most. Non-zero ends the reading with that code. */
typedef int (*pack_out_fn)(const unsigned char *buf, size_t len,
			   uint64_t offset, void *data);

/**
 * Checks the local header, then gives the content of one entry from first to
 * last byte, never more than e->size, and checks size and CRC.
 * Errors: ERR_CONTENT (not as promised), those of the source, what `out`
 * returned (then err is its).
 */
int pack_read_entry(const struct pack *p, const struct pack_entry *e,
		    struct pack_reader *r, pack_out_fn out, void *data,
		    struct strbuf *err);

/** The target of a link, added to `out`; it holds no NUL. */
int pack_read_link(const struct pack *p, const struct pack_entry *e,
		   struct pack_reader *r, struct strbuf *out,
		   struct strbuf *err);

/** Segments of an entry that can be read apart; 1 when there are no restart
 *  points. pack_open() has checked that the points lie within the entry. */
size_t pack_segments(const struct pack_entry *e);

/**
 * The same for one segment, `nr` below pack_segments(). Offsets are those in
 * the entry. *crc: of the segment; whoever reads all of them joins these by
 * pack_check_segments(). The local header is checked with segment 0.
 */
int pack_read_segment(const struct pack *p, const struct pack_entry *e,
		      size_t nr, struct pack_reader *r, uint32_t *crc,
		      pack_out_fn out, void *data, struct strbuf *err);
int pack_check_segments(const struct pack *p, const struct pack_entry *e,
			const uint32_t *crc, struct strbuf *err);

#endif
