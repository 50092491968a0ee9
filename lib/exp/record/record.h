/*
 * resutil-exp.yaml: the record of one experiment, as a value tree with the
 * keys of resutilformat-exp(5). Unknown keys are kept.
 */
#ifndef LIB_EXP_RECORD_RECORD_H
#define LIB_EXP_RECORD_RECORD_H

#include "lib/base/compat.h"
#include "lib/base/arena.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

#define RECORD_FILE "resutil-exp.yaml"
#define RECORD_FORMAT 1
#define RECORD_MAX_BYTES (32u << 20)

/**
 * A new record: resutil, id (random UUID 4; RESUTIL_TEST_ID fixes it),
 * revision 1, name, cmd, args, argv, cwd, params, dependency [], result_dir,
 * at.created, state, host, user; in the order of the format page.
 * argv NULL: none (add). cwd NULL: the working directory.
 */
struct value *record_new(const struct project *p, const char *name,
			 const char *const *argv, const char *cwd,
			 const char *state, const struct moment *created);

/** Sets name and result_dir (after a clash, or a rename). */
void record_set_name(struct value *record, const struct project *p,
		     const char *name);

/** Appends a dependency (bare name) and its id (NULL: unknown; what is no id
 *  is left out), once. */
void record_add_dependency(struct value *record, const char *name,
			   const char *id);

void record_set_moment(struct value *record, const char *path,
		       const struct moment *m);

/**
 * Reads `dir`/resutil-exp.yaml, also as the Python Resutil (any version) and,
 * when that is missing, votakvot.yaml wrote it; brought to one shape:
 * `dependency` bare names, `cmd` and `argv` filled from what there is, `git`
 * keys; what is unknown stays. A record newer than RECORD_FORMAT is read as
 * far as understood.
 * Errors: ERR_NOT_FOUND (no record), ERR_CONTENT (malformed; line, column).
 */
int record_read(struct value **out, const char *dir, struct strbuf *err);

/** As written, without bringing it to one shape. */
int record_read_raw(struct value **out, const char *dir, struct strbuf *err);

/** One file ("-": stdin), as written; with `json` it must be JSON. */
int record_read_file(struct value **out, const char *path, bool json,
		     struct strbuf *err);

/** Parses text (also JSON, for write-exp --json). */
int record_parse(struct value **out, const char *text, size_t len,
		 const char *name, struct strbuf *err);

/**
 * What record_parse() and record_normalize() make of a text, several times as
 * fast, where it is written as this version writes records. All of it is lent
 * from the arena: it is neither changed nor freed. NULL: do these two.
 */
const struct value *record_lend(struct arena *arena, const char *text,
				size_t len);

/** Brings a parsed record to one shape, as record_read() does; foreign YAML
 *  tags are dropped. */
void record_normalize(struct value *record);
/** Takes foreign YAML tags off, all the way down. */
void record_drop_tags(struct value *value);

/** Checks types of the known keys. ERR_CONTENT names key and expectation. */
int record_check(const struct value *record, struct strbuf *err);

/** The same, but a bad value that `before` had already is none of the caller's
 *  making: a change goes ahead beside it. */
int record_check_change(const struct value *before,
			const struct value *after, struct strbuf *err);

/** How much of a write is synced before it counts as done. All survive the
 *  death of every process. */
enum record_sync {
	RECORD_SYNC_NONE,	/* power failure: perhaps no record at all */
	RECORD_SYNC_FILE,	/* power failure: the old one or the new one */
	RECORD_SYNC_ALL		/* the new one, for good */
};

/** Writes it whole and durable; `sync` 0 leaves syncing to the caller. Keys of
 *  revision 1 are put in the order of the format page. */
int record_write(const struct value *record, const char *dir, bool sync,
		 struct strbuf *err);
int record_write_sync(const struct value *record, const char *dir,
		      enum record_sync sync, struct strbuf *err);
/** The same (synced), but ERR_CONFLICT when there is a record. */
int record_write_new(const struct value *record, const char *dir,
		     struct strbuf *err);

/** Puts what `changes` (a map; nested maps merge, null removes) says over
 *  `record`, and raises revision. `resutil` and `revision` in it mean nothing;
 *  where `record` has no map, a given one is copied with its nulls. */
void record_merge(struct value *record, const struct value *changes);

/**
 * Under the run's writer lock: read, merge, write. Finished or not.
 * Errors: those of read and write, ERR_CONTENT when the result would be bad.
 */
int record_update(const struct project *p, const char *name,
		  const struct value *changes, struct strbuf *err);

/** What an update lays down; each may be NULL. */
struct record_change {
	const struct value *merge;	/* as record_merge() */
	const struct value *info;	/* each member takes the place of what
					 * `info` had under its name, whole;
					 * null is a value */
	const struct value *result;	/* takes the place of `result`, whole */
	const char *id;		/* that the record must have; NULL: any */
	struct value **after;	/* gets the new record, when it is written, in
				 * the place of what stands there; NULL */
};

/**
 * Under the run's writer lock: read, change, write. `dir` is an experiment of
 * `p`, or a trial when `p` is NULL (its live file is in it). Nothing in
 * `change`: only the revision is raised. revision (NULL: not wanted) gets the
 * new one.
 * Errors: as record_update(); ERR_NOT_FOUND: it is another run.
 */
int record_update_at(const char *dir, const struct project *p,
		     const struct record_change *change, enum record_sync sync,
		     int64_t *revision, struct strbuf *err);

/** What record_update_at() would write for that record: without secrets, with
 *  the numbers that stand for them. Nothing is locked, nothing written. */
int record_preview_at(struct value **out, const char *dir,
		      const struct record_change *change, struct strbuf *err);

/** 36 characters of UUID 4 from the kernel's random source. */
void record_new_id(struct strbuf *out);
bool record_is_id(const char *text);

/** The params of a command line: --key value, --key=value, key=value.
 *  Source: resutilformat-exp(5), "PARAMS". argv[0] is skipped. */
struct value *record_params(const char *const *argv);

/** This host's name, cut at 255; never empty. */
const char *record_host(void);
const char *record_user(void);
/** The kernel's boot id, or "". */
const char *record_boot_id(void);

#endif
