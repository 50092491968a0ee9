/*
 * Which keys a pattern is about, here and in a store alike: what it matches,
 * but for what nobody means by `*`.
 *
 * Left out: experiments' packs, PROJECT/NAME.zip, unless packs are asked for;
 * `.git`, `.resutil` and the project's results_dir with what is below, unless
 * the pattern's literal beginning names them; files of secrets (.env, private
 * keys, keys of accounts: secret_name()), unless the pattern is their key; and
 * `.resutil-*`, which stores keep for themselves.
 * Source: resutil-glob(7), "WHAT IS NEVER MEANT".
 */
#ifndef LIB_EXP_STORE_KEY_SCOPE_H
#define LIB_EXP_STORE_KEY_SCOPE_H

#include "lib/base/compat.h"
#include "lib/base/key-glob.h"
#include "lib/base/strbuf.h"

struct key_scope {
	const struct key_glob *glob;	/* lent */
	bool packs;
	const char *results;	/* results_dir as a key ("results"), lent; NULL:
				 * there is no project, or it is elsewhere */
};

/** Thread-safe. */
bool key_scope_has(const struct key_scope *s, const char *key, size_t len);
/** Adds the key below the absolute `dir` that a project's results_path is;
 *  false: it lies elsewhere. Neither has a link in it. */
bool key_scope_results(struct strbuf *out, const char *results,
		       const char *dir);
/** Something below the directory `dir` ("a/b", "" for the root) may be meant:
 *  who walks need not enter it else. */
bool key_scope_enters(const struct key_scope *s, const char *dir, size_t len);

/** st: of the file, not followed. Non-zero ends with that code. */
typedef int (*local_key_fn)(const char *key, const struct stat *st,
			    void *data);

/* What lay on the way and is no regular file. */
struct local_keys_left {
	uint64_t links, others, unreadable;
	struct strbuf first;	/* one of them, as a key */
};
#define LOCAL_KEYS_LEFT_INIT { 0, 0, 0, STRBUF_INIT }

/**
 * Tells all regular files below the open directory `root` that are meant, in
 * byte order of their keys; links are not followed. Only the directories that
 * the pattern's beginning leads to are read. Memory: the names of the
 * directories on the way. left: what was passed over; or NULL.
 * Errors: ERR_FAILED (the root cannot be read); what fn said.
 */
int local_keys(int root, const struct key_scope *s, local_key_fn fn,
	       void *data, struct local_keys_left *left, struct strbuf *err);

#endif
