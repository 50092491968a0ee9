/*
 * Patterns over keys, "a/b/c.txt": what resutil-glob(7) says, and nothing else.
 *
 * `*` is any number of any characters, '/' among them (so `**` says no more);
 * `?` is one character; `[abc]`, `[a-z]`, `[!a]` one of a set. All else stands
 * for itself, a '[' without its ']' too; `[*]` is a star. A '/' at the end
 * means all that is below. One character is one of UTF-8, or one byte where the
 * bytes are none. (lib/base/glob.h is for paths: there `*` stops at '/'.)
 * Time: linear in key and pattern, but for `?` and sets between stars.
 */
#ifndef LIB_BASE_KEY_GLOB_H
#define LIB_BASE_KEY_GLOB_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define KEY_GLOB_MAX 4096

struct key_glob;

/**
 * A leading "./" is dropped, and "//" is "/". Errors: ERR_USAGE: "", longer
 * than KEY_GLOB_MAX, begins with '/', has "." or ".." as a component without
 * wildcards, or a NUL.
 */
int key_glob_new(struct key_glob **out, const char *pattern,
		 struct strbuf *err);
void key_glob_free(struct key_glob *g);	/* NULL is fine */

/** Thread-safe. */
bool key_glob_matches(const struct key_glob *g, const char *key, size_t len);

/** Some longer text that begins so may match, as far as what stands before the
 *  first star tells. text: whole characters. */
bool key_glob_leads(const struct key_glob *g, const char *text, size_t len);

/** How all keys that it matches begin, the longest such; "" when there is no
 *  such thing. Lent. */
const char *key_glob_prefix(const struct key_glob *g);
/** It has no wildcard and no '/' at the end: it matches one key. */
bool key_glob_is_key(const struct key_glob *g);
/** A '[' stands for itself because its ']' is missing. */
bool key_glob_is_odd(const struct key_glob *g);
/** As it was given, but for what key_glob_new() drops. */
const char *key_glob_text(const struct key_glob *g);

#endif
