/*
 * What the files of the pack writer share; nobody else includes this.
 *
 *	pack-write.c	one pass over the tree, and what comes out of it
 *	pack-pipeline.c	pieces of work in their order: a ring of slots
 *	pack-file.c	the pieces: reading, hashing, compressing
 *	pack-headers.c	the records of the zip format
 *
 * Threads: the calling thread alone forms pieces, writes to the sink and
 * changes struct pack_run. A worker writes to the slot it was given, to the
 * items of the entries in it, and to its own struct pack_worker. A long file
 * is hashed beside that by a piece of work of its own, which reads it again, as
 * a rule from the page cache: one hash after another would take longer than
 * compressing does. That both read the same shows in the CRC.
 */
#ifndef LIB_EXP_PACK_PACK_INTERNAL_H
#define LIB_EXP_PACK_PACK_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/workers.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/pack/pack-headers.h"
#include "lib/exp/pack/pack-write.h"
#include "lib/exp/pack/tree-hash.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/zstream.h"

/*
 * Memory: each slot has room for a chunk before and after it is compressed,
 * each worker a compressor. More workers than this would wait for the one
 * thread that writes.
 */
#define PACK_WORKERS_MAX 24
#define PACK_SLOTS_MAX 32
#define PACK_BATCH_MAX 64	/* entries */
#define PACK_LONG_MAX 64	/* long files that are open */
#define PACK_AHEAD_MAX (1u << 30)	/* bytes of those that are hashed
					 * before they are packed */

/* Besides 0 and enum resutil_error: an entry is not what it was. */
#define PACK_CHANGED 1

/* What one worker keeps between pieces. */
struct pack_worker {
	struct zdeflate *deflate;
	struct digest *digest;
	const char *dir;	/* of the pass's paths: its first dir_len */
	size_t dir_len;		/* bytes are what dir_fd is open on */
	int dir_fd;		/* -1: none */
};

/* A file of several chunks, from its first chunk until its hash is known. */
struct pack_long {
	struct work work;	/* hashing */
	struct pack_run *run;
	struct pack_long *next;
	size_t entry;
	int fd;
	struct stat st;		/* when it was opened */
	bool fresh;		/* it had just been written then */
	uint64_t chunks;
	unsigned bits;		/* of pack_restart_bits() */
	bool known;		/* the cache had the hash */
	bool written;		/* all of it is in the sink */
	bool unchanged;		/* and it is what it was when it was opened */

	/* of the work; with a single worker, of that */
	struct digest *digest;
	uint32_t crc;
	int ret;		/* PACK_CHANGED, or ERR_FAILED and errno */
	int read_errno;
};

struct pack_slot {
	struct work work;
	struct pack_run *run;
	bool is_given;		/* to the workers */
	int ret;		/* PACK_CHANGED: `changed` has */
	size_t entry, changed;
	struct strbuf err;
	unsigned char *in;	/* ZSTREAM_DICT, then a chunk */
	unsigned char *out;
	size_t out_len, reserved;

	/* entries [entry, entry + nr): small ones */
	size_t nr;

	/* or a chunk of a long file */
	struct pack_long *file;
	uint64_t chunk;
	size_t len;
	uint32_t crc;
};

struct pack_run {
	const char *dir;
	const struct pack_options *options;
	const struct pack_sink *sink;
	struct pack_result *result;
	struct strvec excluded;	/* paths left out of a live experiment */

	struct workers *workers;
	struct pack_worker worker[PACK_WORKERS_MAX];
	struct pack_slot slot[PACK_SLOTS_MAX];
	size_t nr_slots;

	/* one pass */
	struct exp_tree tree;
	struct pack_item *item;
	unsigned char (*hash)[DIGEST_RAWSZ];	/* of each entry */
	struct strbuf pending;	/* output that is not in the sink yet */
	uint64_t offset;	/* output so far */
	uint64_t bytes_done;
	size_t given, taken;	/* pieces; the slot is that modulo nr_slots */
	size_t next_entry;
	size_t next_ahead;	/* first that is not opened ahead of its turn */
	struct pack_long *file;	/* being given out */
	uint64_t next_chunk;
	bool stop_giving;
	struct pack_long *files;	/* open ones, the oldest first */
	size_t nr_files;
	size_t changed;		/* the entry, after PACK_CHANGED */
	bool stop;		/* atomic: what is still to do is in vain */
};

/* pack-write.c */
int pack_emit(struct pack_run *run, const void *data, size_t len,
	      struct strbuf *err);
/* Notes what came of entry `i`, once its item is complete. */
void pack_entry_done(struct pack_run *run, size_t i);
/* id and revision of the record, which reads `text`. */
void pack_note_record(struct pack_run *run, const void *text, size_t len);

/* pack-pipeline.c */
void pack_slots_start(struct pack_run *run);
void pack_slots_release(struct pack_run *run);
/* All entries, into the sink. Whatever comes of it, nothing is under way and
 * no file is open after it. */
int pack_entries(struct pack_run *run, struct strbuf *err);

/* pack-file.c */
void pack_batch(struct work *work, unsigned worker);
void pack_chunk(struct work *work, unsigned worker);
/* Of a slot's output, in bytes: its size, and what a small entry may take. */
size_t pack_slot_out(void);
size_t pack_room(const struct exp_entry *e);
/* What the walk knows of an entry. */
void pack_item_init(struct pack_run *run, size_t i);
/* Opens entry `i`. fresh: it was written just now, so a further write may
 * leave no other time. PACK_CHANGED: it has gone or is no regular file. */
int pack_item_fd(struct pack_run *run, struct pack_worker *w, size_t i,
		 int *fd, struct stat *st, bool *fresh, struct strbuf *err);
/* Of a live run, when what was read had just been written: waits a moment, in
 * which a writer that was halfway goes on and is seen. */
void pack_let_age(const struct pack_run *run);
void pack_close_dir(struct pack_worker *w);
/* Whether what was opened may still be there, before what came since. */
bool pack_only_grew(const struct stat *before, const struct stat *after);
/* Whether a file's signature is the same. */
bool pack_same_stat(const struct stat *a, const struct stat *b);
/* Whether the first `len` bytes have that CRC still. buf: room for a chunk. */
bool pack_same_content(int fd, uint64_t len, uint32_t crc, unsigned char *buf);
void pack_pause(const char *point, const char *path);
/* All of a long file, for its hash. */
void pack_hash_long(struct work *work, unsigned worker);
/* ERR_FAILED: "cannot WHAT 'PATH'", with errno. */
int pack_fail_at(const struct pack_run *run, size_t i, const char *what,
		 struct strbuf *err);
void pack_add_path(struct strbuf *out, const struct pack_run *run, size_t i);

#endif
