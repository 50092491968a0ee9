/*
 * The key file of a store at Google, looked at when a person names it: what is
 * wrong with it is told at once, and not by the first push.
 * Source: resutil-google(7), "CREDENTIALS".
 */
#ifndef BUILTIN_KEY_FILE_H
#define BUILTIN_KEY_FILE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

struct key_file {
	char *account;		/* client_email, or NULL: it names none */
	struct strvec urls;	/* to which what is in it will be sent */
};

#define KEY_FILE_INIT { NULL, STRVEC_INIT }
void key_file_release(struct key_file *k);

/** Where the key file that a conf calls `name` is: from `root`, or "~/". */
void key_file_path(struct strbuf *out, const char *root, const char *name);

/**
 * path: absolute; shown: as the person wrote it.
 * Errors: ERR_NOT_FOUND; ERR_FAILED (unreadable); ERR_CONTENT (no JSON, of a
 * kind that cannot be used, something is missing), with what to do instead.
 */
int key_file_read(struct key_file *k, const char *path, const char *shown,
		  struct strbuf *err);

/** Whether Google's own tools have left credentials on this machine, or named
 *  them in the environment, so that no key file is needed. */
bool key_file_is_needless(void);

#endif
