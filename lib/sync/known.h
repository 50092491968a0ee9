/*
 * What is known of the experiments of a store, by the versions of their
 * objects, so that nothing is read twice. A cache: a file below the project's
 * cache directory; whatever is wrong with it, it is as if it were not there.
 *
 * The file is text. Its first lines are "resutil-known 1" and, split by TAB,
 * "store", the store's URL and the prefix there (quoted as paths are); then
 * a line for each experiment, in byte order of names, its fields split by TAB:
 *
 *	NAME SIZE VERSION MODIFIED LEVEL FORMAT ID REVISION TREE RECORD SUMMARY
 *
 * LEVEL: 0 listed, 1 info, 2 record. FORMAT: version of the pack's comment.
 * ID to RECORD as in the ledger. SUMMARY: JSON, or empty. The file's time is
 * when the store was last asked for all; 1970: never. It is rebuilt at any
 * time, so another way of writing it gets another number, and needs no page.
 */
#ifndef LIB_SYNC_KNOWN_H
#define LIB_SYNC_KNOWN_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/exp/conf/project.h"

/* Of a longer one it is only known that it is there. */
#define KNOWN_SUMMARY_MAX (64u << 10)

struct known;

struct known_exp {
	const char *name;
	uint64_t size;
	const char *version;
	int64_t modified;
	unsigned level;			/* enum known_level */
	struct pack_info info;
	const char *summary;		/* JSON; "" below KNOWN_RECORD */
};

/** file: below "remotes/" there; url, prefix: of another store nothing is
 *  known. Never fails: without a place for caches nothing is kept. */
struct known *known_open(const struct project *p, const char *file,
			 const char *url, const char *prefix);

/* All that follows is thread-safe, but for known_each(). */

/** What is known of this version; false: nothing. Texts are lent until the
 *  end. */
bool known_find(struct known *k, const char *name, const char *version,
		struct known_exp *out);
/** Copies it, in the place of what was known of the name. One with a version
 *  that cannot be one is not kept. */
void known_put(struct known *k, const struct known_exp *e);
void known_forget(struct known *k, const char *name);

/** A listing begins: whatever is neither found (known_find()) nor put before
 *  it ends has gone. seen: when the store said so. */
void known_listing_begin(struct known *k);
void known_listing_end(struct known *k, int64_t seen);
/** 0: never. */
int64_t known_seen(const struct known *k);

/** All of them, in no order. */
void known_each(struct known *k,
		void (*fn)(const struct known_exp *e, void *data), void *data);

/** Writes it, as a whole, when something has changed. */
void known_save(struct known *k);
/** Saves and frees it. NULL is fine. */
void known_close(struct known *k);

/** Reads one line (which is cut up); for known.c, tests and fuzzing. */
bool known_read_line(struct known_exp *out, char *line);
/** The reverse, with LF. */
void known_write_line(struct strbuf *out, const struct known_exp *e);

#endif
