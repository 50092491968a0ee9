/*
 * Names of experiments: PREFIX_YYYYmmddTHHMMSS[_COMMENT].
 * Source: resutilformat-name(5).
 */
#ifndef LIB_EXP_RECORD_NAME_H
#define LIB_EXP_RECORD_NAME_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"

#define NAME_PREFIX_LEN 6
#define NAME_STAMP_LEN 15			/* YYYYmmddTHHMMSS */
#define NAME_HEAD_LEN (NAME_PREFIX_LEN + 1 + NAME_STAMP_LEN)
#define NAME_MAX_BYTES 230
#define NAME_MAX_COMMENT 200			/* characters */
#define NAME_DEBUG "_debug"

struct name_parts {
	char prefix[NAME_PREFIX_LEN + 1];
	char stamp[NAME_STAMP_LEN + 1];
	const char *comment;	/* lent from the name; NULL: none */
};

/** Splits a well-formed name; false for anything else (bad stamp, bad
 *  comment, too long, "_debug"). Any lower-case prefix is accepted. */
bool name_parse(struct name_parts *parts, const char *name);
bool name_is_valid(const char *name);

/** Adds the name for a local wall-clock time; comment NULL or "": none.
 *  The comment must have passed name_check_comment(). */
void name_make(struct strbuf *out, const struct tm *local, const char *comment);

/** Local wall-clock time of a moment, in the moment's own offset. */
void name_local_time(struct tm *out, const struct moment *m);

/** Reads YYYYmmddTHHMMSS (calendar checked). */
bool name_parse_stamp(struct tm *out, const char *stamp);

/** The time in a name, taken as this machine's: for an experiment without a
 *  record, the best guess of when it was made. All 0 for what is no name. */
struct moment name_moment(const char *name);

/** One second later, by the calendar (no zone, no leap seconds). */
void name_next_second(struct tm *local);

/** The local minute that a prefix stands for, 2024-01-01 00:00 to 2611. */
bool name_decode_prefix(struct tm *out, const char *prefix);

/** 0, or ERR_USAGE with the reason; never rewrites. */
int name_check_comment(const char *comment, size_t len, struct strbuf *err);

/**
 * Finds a name inside a path: the first component that is one.
 * Returns a pointer to it and its length, or NULL.
 */
const char *name_in_path(const char *path, size_t *len);

#endif
