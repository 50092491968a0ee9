/*
 * Which runs belong to which events of git: COMMON/resutil/hooks.json of a
 * repository, for all its work trees.
 * Source: resutilformat-hook(5), "THE TABLE".
 */
#ifndef LIB_EXP_GIT_HOOK_TABLE_H
#define LIB_EXP_GIT_HOOK_TABLE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

#define HOOK_TABLE_VERSION 1
#define HOOK_TABLE_MAX_BYTES (1u << 20)
#define HOOK_MAX_EACH 64	/* hooks on one event */
#define HOOK_MAX_NAME 64

enum hook_event_flags {
	HOOK_EVENT_PRE = 1 << 0,	/* git stops when the hook says so */
	HOOK_EVENT_STDIN = 1 << 1	/* git writes to the hook */
};

struct hook_event {
	const char *name;
	unsigned flags;
};

/** Ends with a name of NULL. */
extern const struct hook_event hook_events[];
/** NULL: no such event, or none that a run is for. */
const struct hook_event *hook_event_find(const char *name);

/** Letters, digits, `_` and `-`; at most HOOK_MAX_NAME. */
bool hook_name_is_valid(const char *name);

struct hook {
	const struct hook_event *on;
	char *name;
	char *project;		/* from the top of the work tree; "." */
	bool async, each, during;
	struct strvec options;	/* of `run`, before CMD */
	struct strvec argv;	/* CMD */
	const struct value *entry;	/* of the table, which has more keys */
};

struct hook_table {
	struct value *root;	/* as it was read; NULL: there was none */
	struct hook *item;
	size_t nr, alloc;
	size_t strange;		/* entries that this version does not know */
};

#define HOOK_TABLE_INIT { NULL, NULL, 0, 0, 0 }
void hook_table_release(struct hook_table *t);

/** COMMON/resutil/hooks.json */
void hook_table_path(const char *common, struct strbuf *out);

/** No file is an empty table. ERR_CONTENT: it is none, is too large, or is of
 *  a later version. */
int hook_table_read(struct hook_table *t, const char *common,
		    struct strbuf *err);
/** The same from text, named `name` in sentences. */
int hook_table_parse(struct hook_table *t, const char *text, size_t len,
		     const char *name, struct strbuf *err);

/** Lent; NULL: none. */
const struct hook *hook_table_find(const struct hook_table *t,
				   const char *event, const char *name);
size_t hook_table_count(const struct hook_table *t, const char *event);

/** Holds off whoever else would change the table; the descriptor for
 *  hook_table_unlock(), or a negative code. */
int hook_table_lock(const char *common, struct strbuf *err);
/** Leaves nothing of ours in COMMON when the table is empty. */
void hook_table_unlock(const char *common, int fd);

/** Adds `h` (its `entry` means nothing), in the place of one of that event and
 *  name. ERR_CONFLICT: HOOK_MAX_EACH are there. */
int hook_table_add(struct hook_table *t, const struct hook *h,
		   struct strbuf *err);
/** Takes t->item[pos] out. */
void hook_table_remove(struct hook_table *t, size_t pos);
/** Whole or not at all; what this version does not know stays. An empty table
 *  is no file. */
int hook_table_write(const struct hook_table *t, const char *common,
		     struct strbuf *err);

#endif
