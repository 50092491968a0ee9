/*
 * Memory that is there: these never return NULL. Out of memory ends the
 * program with one line and exit status 128. Every size is checked for
 * overflow.
 */
#ifndef LIB_BASE_ALLOC_H
#define LIB_BASE_ALLOC_H

#include "lib/base/compat.h"

void *xmalloc(size_t size);
void *xcalloc(size_t nr, size_t size);
void *xrealloc(void *ptr, size_t size);

/** Like reallocarray(3): room for `nr` items of `size` bytes. */
void *xrealloc_array(void *ptr, size_t nr, size_t size);

char *xstrdup(const char *text);

/** A NUL-terminated copy of exactly `len` bytes (which may hold NULs). */
char *xmemdupz(const void *data, size_t len);

/** The end of a program without memory: one line, what alloc_at_end() was
 *  given, exit status 128. For libraries that allocate by themselves; size 0:
 *  not known. */
void NORETURN alloc_failed(size_t size);

/** `fn` is called then, in any thread, once; it must not allocate. What was
 *  given last comes first. For a few that last as long as the process. */
void alloc_at_end(void (*fn)(void));

char *xstrfmt(const char *fmt, ...) PRINTF_LIKE(1, 2);

/** For programs that take and free the same megabytes a thousand times, in many
 *  threads: pieces up to 2 MiB are kept for the next when they are freed, and
 *  not given back to the system to be cleared and mapped again each time;
 *  longer ones are given back. */
void alloc_keep_freed(void);
/** After much was freed that nobody will need again soon: all of it goes back
 *  to the system. Takes a millisecond or more. */
void alloc_give_back(void);

#endif
