/*
 * A list of strings that it owns. `v` always ends in NULL, so it can be
 * handed to posix_spawn() as it is.
 */
#ifndef LIB_BASE_STRVEC_H
#define LIB_BASE_STRVEC_H

#include "lib/base/compat.h"

struct strvec {
	const char **v;
	size_t nr;
	size_t alloc;
};

extern const char *strvec_empty[];
#define STRVEC_INIT { strvec_empty, 0, 0 }

void strvec_init(struct strvec *vec);
void strvec_release(struct strvec *vec);	/* frees the contents */
void strvec_clear(struct strvec *vec);		/* release, then init */

const char *strvec_push(struct strvec *vec, const char *text);
const char *strvec_pushn(struct strvec *vec, const char *text, size_t len);
const char *strvec_pushf(struct strvec *vec, const char *fmt, ...)
	PRINTF_LIKE(2, 3);
void strvec_pushl(struct strvec *vec, ...);	/* ends with NULL */
void strvec_pushv(struct strvec *vec, const char *const *list);

/** Takes the string at `pos` out and frees it. */
void strvec_remove(struct strvec *vec, size_t pos);

/** Sorts by byte order; with `unique`, equal neighbours become one. */
void strvec_sort(struct strvec *vec, bool unique);

/** The position in a sorted list, or -1. */
ssize_t strvec_find(const struct strvec *vec, const char *text);

/** The first position in any list, or -1. */
ssize_t strvec_index(const struct strvec *vec, const char *text);

/** Where in a sorted list those begin that have the first `len` bytes of
 *  `text`, or would: the first that is not before these. */
size_t strvec_from(const struct strvec *vec, const char *text, size_t len);

#endif
