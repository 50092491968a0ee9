/*
 * Reading packs, strictly. A pack is hostile until it is checked: every byte
 * of the file belongs to exactly one part of it, and nothing that two readers
 * could understand differently is taken.
 * Source: resutilformat-pack(5), "READING".
 */
#ifndef LIB_EXP_PACK_PACK_READ_H
#define LIB_EXP_PACK_PACK_READ_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/exp/pack/pack-source.h"

#define PACK_MAX_SIZE_DEFAULT ((uint64_t)1 << 40)
#define PACK_MAX_ENTRIES_DEFAULT 4000000u

struct pack_limits {
	uint64_t max_size;	/* of all content together; 0: none */
	uint64_t max_entries;	/* with implied directories; 0: none */
};

struct pack_entry {
	const char *path;	/* checked: relative, no "", "." or "..", no
				 * NUL; of a directory with '/' at its end */
	uint32_t path_len;
	uint32_t mode;		/* S_IFREG, S_IFDIR or S_IFLNK, and 0777 */
	uint64_t size;		/* of the content */
	uint64_t packed;	/* of the compressed content */
	uint64_t offset;	/* of the local header */
	uint64_t limit;		/* where the next part begins */
	int64_t mtime;		/* seconds since 1970 */
	uint32_t crc;
	uint32_t dos_time;	/* date << 16 | time, as in the headers */
	const unsigned char *name;	/* raw, as in the headers; often path */
	uint16_t name_len;
	uint16_t flags;
	uint8_t method;		/* ZIP_STORED or ZIP_DEFLATED */
	bool mode_unknown;	/* written where there are no modes: it is that
				 * of a new file, 0644, or directory, 0755 */
	bool unix_time;		/* mtime stands in a 0x5455 field */
	bool unicode_path;	/* path stands in a 0x7075 field */
	uint8_t unit_log2;	/* restart points: bytes between, 0: none */
	uint32_t nr_points;	/* a size for each segment but the last */
	const unsigned char *points;	/* 32 bits little-endian each */
};

struct pack {
	struct pack_source *source;	/* owned */
	struct pack_info info;
	struct pack_entry *entry;	/* in the directory's order */
	size_t nr;
	uint64_t implied;	/* directories that have no entry */
	uint32_t *by_path;	/* positions, in byte order of paths */
	uint64_t size;		/* of all content */
	uint64_t central;	/* offset of the central directory */
	void *arena;		/* private */
};

/**
 * Reads and checks the end records and the central directory. Takes `source`,
 * also when it fails. Reads the last 64 KiB, and more only for a longer
 * directory. Memory: 200 bytes and the path for each entry.
 * limits: NULL: none.
 * Errors: ERR_CONTENT for whatever is not as resutilformat-pack(5) says, with
 * the entry's name (quoted) and what is wrong; beyond the limits: ERR_CONTENT
 * with the key to raise; those of the source.
 */
int pack_open(struct pack **out, struct pack_source *source,
	      const struct pack_limits *limits, struct strbuf *err);
void pack_close(struct pack *p);	/* NULL is fine */

/** By its path, of a directory with or without '/'; NULL. A directory that is
 *  only implied by others has no entry. */
const struct pack_entry *pack_find(const struct pack *p, const char *path);

/** Whether entries lie below the directory `path` (without '/'). */
bool pack_has_below(const struct pack *p, const char *path);

/**
 * Calls fn for each path of the tree in byte order, also for directories that
 * others only imply; e is NULL for these, and `path` is not ended by a NUL.
 * pos: in by_path; of an implied directory, that of the first entry in it.
 * Non-zero ends the walk with that code.
 */
typedef int (*pack_walk_fn)(const char *path, uint32_t len,
			    const struct pack_entry *e, size_t pos,
			    void *data);
int pack_walk(const struct pack *p, pack_walk_fn fn, void *data);

/** Checks the local header of an entry, and the descriptor behind its data,
 *  against the central directory: together they end at e->limit. Thread-safe.
 */
int pack_check_local(const struct pack *p, const struct pack_entry *e,
		     struct strbuf *err);

/** "a bad entry": `code` with "'PACK': 'PATH': " before the sentence. */
int pack_entry_fail(const struct pack *p, const struct pack_entry *e, int code,
		    struct strbuf *err, const char *fmt, ...)
	PRINTF_LIKE(5, 6);

#endif
