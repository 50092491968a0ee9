/*
 * Moments and how they are written.
 */
#ifndef LIB_BASE_DATE_H
#define LIB_BASE_DATE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct moment {
	int64_t sec;	/* since 1970-01-01 00:00 UTC */
	int32_t usec;	/* 0 .. 999999 */
	int32_t offset;	/* seconds east of UTC that it is written with */
};

/** Now, with the local offset; RESUTIL_TEST_NOW=SEC[.USEC] holds it still. */
struct moment moment_now(void);

/** 2024-07-04T19:15:55.000000+09:00 */
void moment_format(struct strbuf *out, const struct moment *m);
/** 2024-07-04T10:15:55Z: what plumbing prints. */
void moment_format_utc(struct strbuf *out, const struct moment *m);
/** "3 hours ago", from `now`. */
void moment_format_relative(struct strbuf *out, const struct moment *m,
			    const struct moment *now);

/**
 * Reads RFC 3339, and the naive local forms of the predecessors
 * (`2026-11-20 23:04:10.690226`, without a zone: local time).
 */
bool moment_parse(struct moment *m, const char *text);

/** What a person types: the above, `yesterday`, `2 days ago`, `3h`,
 *  `2026-11-20`, `@SECONDS`. */
bool moment_parse_loose(struct moment *m, const char *text,
			const struct moment *now);

/** <0, 0, >0: earlier, same, later. */
int moment_compare(const struct moment *a, const struct moment *b);
double moment_diff(const struct moment *later, const struct moment *earlier);

/** "1.2 s", "3 m 04 s", "2 h 05 m", "3 d 04 h". */
void duration_format(struct strbuf *out, double seconds);
/** "999 B", "1.2 KiB", "3.4 GiB". */
void size_format(struct strbuf *out, uint64_t bytes);
/** "10M", "10MiB", "1.5G", "4096"; powers of 1024. */
bool size_parse(uint64_t *bytes, const char *text);

#endif
