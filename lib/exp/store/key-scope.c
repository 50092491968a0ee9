#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/store/key-scope.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/secret-name.h"

/*
 * Of most keys that a pattern matches nothing here is true, and there are
 * millions: what is cheap is asked first.
 */

/* NAME.zip, below whatever: a store may be looked at from above, too. */
static bool is_pack(const char *last, size_t len)
{
	char name[NAME_MAX_BYTES + 1];

	if (len < NAME_HEAD_LEN + 4 || len > NAME_MAX_BYTES + 4 ||
	    memcmp(last + len - 4, ".zip", 4))
		return false;
	len -= 4;
	memcpy(name, last, len);
	name[len] = '\0';
	return strlen(name) == len && name_is_valid(name);
}

/* The pattern names a directory whose name ends at `end` when its beginning
 * goes on behind that. */
static bool is_named(const struct key_scope *s, size_t end)
{
	return strlen(key_glob_prefix(s->glob)) > end ||
	       key_glob_is_key(s->glob);
}

static bool component_is(const char *text, size_t len, const char *name)
{
	size_t n = strlen(name);

	/* file systems that fold case take .GIT for it */
	return len >= n && !strncasecmp(text, name, n) &&
	       (len == n || text[n] == '/');
}

/* What stores and downloads make beside what they write: no store takes such
 * keys, whoever names them. */
static bool is_rest(const char *text, size_t len)
{
	return len >= 9 && !memcmp(text, ".resutil-", 9);
}

/* A component that begins at `at`, with a dot, and is not meant. */
static bool is_private(const struct key_scope *s, const char *text, size_t len,
		       size_t at)
{
	size_t n;

	if (is_rest(text + at, len - at))
		return true;
	if (component_is(text + at, len - at, ".git"))
		n = strlen(".git");
	else if (component_is(text + at, len - at, ".resutil"))
		n = strlen(".resutil");
	else
		return false;
	return !is_named(s, at + n);
}

/* At or below a directory that is not meant. last: where the last component
 * begins; others seldom have a dot. */
static bool is_below_private(const struct key_scope *s, const char *text,
			     size_t len, size_t last)
{
	const char *dot = text, *end = text + last;
	size_t n;

	for (; (dot = memchr(dot, '.', (size_t)(end - dot))); dot++)
		if ((dot == text || dot[-1] == '/') &&
		    is_private(s, text, len, (size_t)(dot - text)))
			return true;
	if (last < len && *end == '.' && is_private(s, text, len, last))
		return true;
	if (!s->results)
		return false;
	n = strlen(s->results);
	return len >= n && !memcmp(text, s->results, n) &&
	       (len == n || text[n] == '/') && !is_named(s, n);
}

bool key_scope_has(const struct key_scope *s, const char *key, size_t len)
{
	const char *slash;
	size_t last;

	if (!key_glob_matches(s->glob, key, len))
		return false;
	slash = memrchr(key, '/', len);
	last = slash ? (size_t)(slash + 1 - key) : 0;
	if (!s->packs && is_pack(key + last, len - last))
		return false;
	if (is_below_private(s, key, len, last))
		return false;
	return !secret_name(key + last, len - last) ||
	       key_glob_is_key(s->glob);
}

bool key_scope_results(struct strbuf *out, const char *results,
		       const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	if (strncmp(results, dir, n) || results[n] != '/' || !results[n + 1])
		return false;
	strbuf_addstr(out, results + n + 1);
	return true;
}

bool key_scope_enters(const struct key_scope *s, const char *dir, size_t len)
{
	struct strbuf text = STRBUF_INIT;
	bool ret;

	strbuf_add(&text, dir, len);
	strbuf_complete_slash(&text);
	ret = key_glob_leads(s->glob, text.buf, text.len) &&
	      !is_below_private(s, text.buf, text.len, text.len);
	strbuf_release(&text);
	return ret;
}
