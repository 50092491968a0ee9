/*
 * Which experiment here is the run of a tid, the text that `run --id` names it
 * by: found without reading all records, and begun by one process at a time.
 *
 * .resutil/tids/HASH is locked by whoever looks for the run of a tid in order
 * to begin it. Its text names the experiment: a hint, which is checked. What
 * no hint leads to is looked for in the records that changed since they were
 * looked at last, which a cache knows.
 */
#ifndef LIB_EXP_RECORD_TIDS_H
#define LIB_EXP_RECORD_TIDS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

#define TID_MAX_BYTES 1000

/** Whether `tid` may be one: 1 to 1000 bytes of UTF-8 without the shape of a
 *  secret, since it is never taken out of a record. ERR_USAGE says why not. */
int tid_check(const char *tid, struct strbuf *err);

/**
 * The experiment here whose record says `tid`: its name is added to `name`,
 * its record (normalized) given. Writes nothing but the cache.
 * Errors: ERR_NOT_FOUND (no sentence): there is none; ERR_CONFLICT: several,
 * and no hint says which; ERR_CONTENT: the hint's record cannot be read;
 * ERR_FAILED: results_dir cannot be read.
 */
int tid_find(const struct project *p, const char *tid, struct strbuf *name,
	     struct value **record, struct strbuf *err);

struct tid_lock;

/** Waits until nobody else begins a run of `tid`. Where a file system has no
 *  locks, nobody waits. */
int tid_lock(struct tid_lock **out, const struct project *p, const char *tid,
	     struct strbuf *err);
/** Makes `name` the hint. No sync, and a failure is none: it is found anyway.
 */
void tid_note(struct tid_lock *lock, const char *name);
/** NULL is fine. */
void tid_unlock(struct tid_lock **lock);

/** The name that the file of a hint at `path` holds, or an empty text. */
void tid_read_hint(const char *path, struct strbuf *name);
/** Removes the file of a hint unless somebody holds it or what it names is
 *  here. Returns 0, or -1 and errno. */
int tid_remove_hint(const struct project *p, const char *path);

#endif
