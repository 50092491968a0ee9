/*
 * The first include of every .c file: feature macros, the system headers that
 * everybody needs, and the list of what may not be called.
 */
#ifndef LIB_BASE_COMPAT_H
#define LIB_BASE_COMPAT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#define _FILE_OFFSET_BITS 64

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/banned.h"

#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))
#define MINIMUM(a, b) ((a) < (b) ? (a) : (b))
#define MAXIMUM(a, b) ((a) > (b) ? (a) : (b))

#if defined(__GNUC__)
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define FORMAT_ARG(nr) __attribute__((format_arg(nr)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#else
#define PRINTF_LIKE(fmt, first)
#define FORMAT_ARG(nr)
#define NORETURN
#define UNUSED
#endif

/** Prose in the language of the user, lent for good; `text` itself where there
 *  is no translation (lib/base/translate.h). Formats of error(), fail(), say()
 *  and their like are translated there; what plumbing promises never is. */
const char *translation_of(const char *text) FORMAT_ARG(1);
#define _(text) translation_of(text)
/** The same where a number decides between two. */
const char *translation_of_nr(const char *one, const char *many,
			      uint64_t nr) FORMAT_ARG(1) FORMAT_ARG(2);
#define PL_(one, many, nr) translation_of_nr(one, many, nr)
/* Marks what is translated later, where it is printed. */
#define N_(text) text

/**
 * Room for one more in a growing array: `ARRAY_GROW(v->item, v->nr + 1,
 * v->alloc)`. Uses xrealloc_array() of lib/base/alloc.h.
 */
#define ARRAY_GROW(ptr, want, alloc)                                          \
	do {                                                                  \
		if ((want) > (alloc)) {                                       \
			size_t grown_ = ((alloc) + 16) * 3 / 2;               \
			if (grown_ < (size_t)(want))                          \
				grown_ = (want);                              \
			(ptr) = xrealloc_array((ptr), grown_, sizeof(*(ptr))); \
			(alloc) = grown_;                                     \
		}                                                             \
	} while (0)

#endif
