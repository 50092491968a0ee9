/*
 * Where the bytes of a pack come from: anything that gives ranges.
 */
#ifndef LIB_EXP_PACK_PACK_SOURCE_H
#define LIB_EXP_PACK_PACK_SOURCE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct pack_range {
	uint64_t offset, len;
};

struct pack_source {
	const char *name;	/* for messages */
	uint64_t size;
	/* Reads exactly `len` bytes at `offset`; thread-safe. Callers stay
	 * within size; less is ERR_CONTENT (the source shrank). */
	int (*read)(struct pack_source *s, void *buf, size_t len,
		    uint64_t offset, struct strbuf *err);
	void (*release)(struct pack_source *s);	/* frees it */

	/*
	 * Optional, both or none: who reads much says before what it will be.
	 * expect: ranges in the order in which they are begun, each read by
	 * one thread from its first to its last byte (but headers and what is
	 * in between may be read at any time). Ends what was expected before;
	 * not while others read. done: nobody reads of range[nr] any more.
	 */
	void (*expect)(struct pack_source *s, const struct pack_range *range,
		       size_t nr);
	void (*done)(struct pack_source *s, size_t nr);
};

/** The same for any source; one that does not care is not told. */
void pack_source_expect(struct pack_source *s, const struct pack_range *range,
			size_t nr);
void pack_source_done(struct pack_source *s, size_t nr);

/**
 * A file by its path. "-" is stdin: a regular file there is read in place from
 * its first byte, anything else is first spooled to a file without a name in
 * `spool_dir` (NULL: $TMPDIR or /tmp); max_spool: more bytes are refused (0: no
 * limit).
 * Errors: ERR_NOT_FOUND; ERR_FAILED (unreadable, no regular file, no room);
 * ERR_CONTENT (more than max_spool).
 */
int pack_source_open(struct pack_source **out, const char *path,
		     const char *spool_dir, uint64_t max_spool,
		     struct strbuf *err);

/** Bytes in memory (lent), for tests and fuzzing. */
struct pack_source *pack_source_memory(const void *data, size_t len);

#endif
