/*
 * What show tells of an experiment that is only in a store: by list-pack and
 * cat-pack, which read ranges of its pack.
 */
#ifndef BUILTIN_STORE_EXP_H
#define BUILTIN_STORE_EXP_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

/** Its record, brought to one shape. Errors: those of the store, ERR_NOT_FOUND
 *  (no such experiment, or no record in it), ERR_CONTENT. */
int store_exp_record(struct value **record, const char *remote,
		     const char *name, struct strbuf *err);

/** What `list-pack -z` says of it. */
int store_exp_listing(struct strbuf *out, const char *remote,
		      const char *name, struct strbuf *err);

/** One record of that: the mode, the size and the path, lent. Returns where
 *  the next begins, NULL at the end. */
const char *store_exp_next(const char *at, const char *end, unsigned *mode,
			   uint64_t *size, const char **path);

enum store_exp_kind { STORE_EXP_FILE, STORE_EXP_DIRECTORY, STORE_EXP_LINK };

/**
 * What `path` is in a listing; "" and "." are the experiment itself.
 * clean: gets the path without slashes and dots that say nothing.
 * names: gets what lies in a directory, in byte order; directories end in '/'.
 * Errors: ERR_USAGE (absolute, or with ".."), ERR_NOT_FOUND.
 */
int store_exp_look(const struct strbuf *listing, const char *path,
		   enum store_exp_kind *kind, struct strbuf *clean,
		   struct strvec *names, struct strbuf *err);

/** Starts cat-pack for one file; `fd`: its output, or NULL for our stdout.
 *  Returns what start_command() does. */
struct child_process;
int store_exp_cat(struct child_process *child, const char *remote,
		  const char *name, const char *path, int *fd,
		  struct strbuf *err);

#endif
