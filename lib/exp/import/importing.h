/*
 * Runs that other programs have recorded, made experiments: once each, and
 * again only by what is new.
 *
 * A format is a table of two functions: one finds the runs below a directory,
 * one tells a sink what a run has. The sink makes the experiment (importing.c),
 * or, for `run --capture`, adds it to the run that goes on (import-capture.c);
 * formats know neither.
 * Source: resutil-import(1).
 */
#ifndef LIB_EXP_IMPORT_IMPORTING_H
#define LIB_EXP_IMPORT_IMPORTING_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

#define IMPORT_MAX_FILE (256u << 20)	/* of a text that is read whole */
#define IMPORT_MAX_POINTS (8u << 20)	/* of a run, 40 bytes each; what is
					 * beyond is left out, and told */
#define IMPORT_MAX_BYTES (256u << 20)	/* of all import_bytes() of a run */

/** A run that was found. */
struct import_entry {
	char *id;		/* which run it is, for its format, wherever it
				 * lies; as import_found() can have it */
	char *dir;		/* or file; where it is read */
	char *sign;		/* of all its files by stat: size, times; what
				 * is as it was needs no reading */
};

struct import_entries {
	struct import_entry *entry;
	size_t nr, alloc;
};

#define IMPORT_ENTRIES_INIT { NULL, 0, 0 }
/** Copies the texts; of the id 200 bytes, and what moves a terminal or is not
 *  UTF-8 as quote_terminal() shows it. */
void import_found(struct import_entries *out, const char *id, const char *dir,
		  const char *sign);
void import_entries_release(struct import_entries *entries);

/** What a format tells of one run, in any order. */
struct import_sink;

/** Any key of a record but those that say which run it is, by its dotted path:
 *  "params.lr", "info.acc", "result", "at.created", "at.finished", "state",
 *  "cmd", "user", "host", "git.commit_hash", "tags". Takes the value. */
void import_set(struct import_sink *sink, const char *path,
		struct value *value);
/** One key of params, info or tags, whatever characters it has. */
void import_set_key(struct import_sink *sink, const char *map, const char *key,
		    size_t len, struct value *value);
/** The comment, as the other program has it: what a name cannot hold is
 *  replaced, the whole is in info. */
void import_comment(struct import_sink *sink, const char *text);

#define IMPORT_NO_STEP INT64_MIN
/** A point of a series: points of one series with one step become one row.
 *  at: microseconds since 1970; INT64_MIN: unknown. series "": without name. */
void import_point(struct import_sink *sink, const char *series,
		  const char *column, int64_t step, int64_t at, double value);
/** The same of a text. */
void import_text_point(struct import_sink *sink, const char *series,
		       const char *column, int64_t step, int64_t at,
		       const char *text, size_t len);

/** A file or directory to be copied to `name` (a checked path below the
 *  experiment; a clash gets another name, and is told). Read when the sink
 *  wants it, after the format has told all. */
void import_file(struct import_sink *sink, const char *path, const char *name);
/** Bytes that become a file. */
void import_bytes(struct import_sink *sink, const void *data, size_t len,
		  const char *name);

/** A sentence about what was left out, or looks wrong. */
void import_problem(struct import_sink *sink, const char *fmt, ...)
	PRINTF_LIKE(2, 3);

struct import_format {
	const char *name;	/* "mlflow" */
	const char *help;
	/** Finds runs in `dir` (absolute) and below, but not in `without`
	 *  (absolute; NULL). Not one: no error. No link is followed.
	 *  ERR_NOT_FOUND: no such directory; ERR_PARTLY: sentences in
	 *  `problems`. */
	int (*find)(struct import_entries *out, const char *dir,
		    const char *without, struct strvec *problems,
		    struct strbuf *err);
	/** Tells all of one run. ERR_CONTENT: what is there is none. A run
	 *  is still written is told as far as it goes. */
	int (*read)(struct import_sink *sink, const struct import_entry *entry,
		    struct strbuf *err);
};

/* What formats have in common (import-walk.c). */

#define IMPORT_WALK_SKIP 1
/**
 * Calls fn for `dir` and each directory below it, by their paths, in byte
 * order; hidden ones, links and `without` (NULL) are passed over, and it goes
 * `depth` down. fn returns 0, IMPORT_WALK_SKIP (not into this one), or an
 * error, which ends it. What cannot be read gets a sentence in `problems`:
 * ERR_PARTLY.
 */
typedef int (*import_walk_fn)(const char *path, void *data);
int import_walk(const char *dir, const char *without, unsigned depth,
		import_walk_fn fn, void *data, struct strvec *problems,
		struct strbuf *err);

#define IMPORT_IS_RUN 2
/**
 * As above, and each directory that is a run is put into `out`. look returns 0,
 * IMPORT_WALK_SKIP, IMPORT_IS_RUN and the id, or an error: that run is passed
 * over (ERR_PARTLY). What it says in `err` goes into `problems` in any case.
 */
typedef int (*import_look_fn)(struct strbuf *id, const char *path,
			      struct strbuf *err);
int import_find(struct import_entries *out, const char *dir,
		const char *without, unsigned depth, import_look_fn look,
		struct strvec *problems, struct strbuf *err);

/** Adds a sign of a file, or of all that lies below a directory: changes with
 *  names, sizes and times, and is the same for a copy that has these. */
int import_sign(struct strbuf *out, const char *path, struct strbuf *err);

/** To read one of these files; NULL: it cannot be, or is no file (a pipe would
 *  be waited for), or a link. */
FILE *import_open(const char *path, struct strbuf *err);

/** at.NAME from milliseconds since 1970, on the clock here, as names have it.
 *  False: that is no time from 1970 to 9999. */
bool import_set_time(struct import_sink *sink, const char *name,
		     double milliseconds);

/* Files: import-NAME.c. */
extern const struct import_format import_votakvot, import_mlflow,
	import_tensorboard, import_wandb, import_dvc;
/** By name; NULL: none such. NULL-ended. */
extern const struct import_format *const import_formats[];
const struct import_format *import_format_find(const char *name);

enum import_result {
	IMPORT_NEW,
	IMPORT_GROWN,		/* it was here, and has more now */
	IMPORT_SAME
};

enum import_flags {
	IMPORT_DRY_RUN = 1 << 0,
	IMPORT_NO_FILES = 1 << 1	/* no artifacts */
};

struct import_outcome {
	enum import_result result;
	struct strbuf name;		/* of the experiment */
	struct strvec problems;
};

/**
 * One run into the project. Its tid is FORMAT:ID; `imported` of the record
 * says from where, what it was by `sign`. Safe beside others who do the same.
 * Errors: of `read`; ERR_CONFLICT: the experiment is another's work by now (it
 * was changed here); ERR_FAILED.
 */
int import_run(struct import_outcome *out, const struct project *p,
	       const struct import_format *format,
	       const struct import_entry *entry, unsigned flags,
	       struct strbuf *err);

/**
 * One run of another program into an experiment that goes on here, or has just
 * ended: what it has becomes the experiment's own where that says nothing yet,
 * the whole of it stands in `captured` of the record. others: how many were
 * captured before it; then its series and files get its id in front.
 * Errors: as import_run().
 */
int import_capture(struct strvec *problems, const struct project *p,
		   const char *name, const struct import_format *format,
		   const struct import_entry *entry, size_t others,
		   struct strbuf *err);

#endif
