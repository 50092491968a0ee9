/*
 * The experiments of a project here, and what an EXP argument means.
 */
#ifndef LIB_EXP_RECORD_EXP_LIST_H
#define LIB_EXP_RECORD_EXP_LIST_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/project.h"

/** Names of the directories in results_dir that are experiments' names, in
 *  byte order; a link to a directory is no experiment. A missing results_dir
 *  is an empty list. */
int exp_list_names(const struct project *p, struct strvec *names,
		   struct strbuf *err);

/** Names of links there that are experiments' names. */
int exp_list_links(const struct project *p, struct strvec *names,
		   struct strbuf *err);

/** Names by at.created, oldest first, then name; records are read by several
 *  threads. Those without a readable record use the time in the name. */
int exp_list_by_time(const struct project *p, struct strvec *names,
		     struct strbuf *err);

/** Comments of experiments here, newest first (by the time in the name, so
 *  that nobody waits for records at a prompt), each once. */
int exp_list_comments(const struct project *p, struct strvec *out,
		      struct strbuf *err);

/** Whether `name` is a name, or NAME_DEBUG, and a directory here has it,
 *  not a link to one. */
bool exp_is_here(const struct project *p, const char *name);

/** Whether anything here has that name: also a link or a file, which is no
 *  experiment, but in the way of one, and may be cleared away. */
bool exp_name_is_taken(const struct project *p, const char *name);

/**
 * One EXP argument: exact name, a path into it, `@`, `@~N`, a tag, a unique
 * prefix, a unique whole comment. Adds the name to `out`. NAME_DEBUG is found
 * by its exact name or path only: who records or sends names refuses it.
 * Errors: ERR_NOT_FOUND; ERR_USAGE when ambiguous (err lists candidates, one
 * a line after the sentence).
 */
int exp_find(const struct project *p, const char *arg, struct strbuf *out,
	     struct strbuf *err);

/**
 * The one of `names` that begins with `arg` or whose whole comment it is, added
 * to `out`. where: "here", "in 'origin'", for the message. Errors: as of
 * exp_find().
 */
int exp_find_among(const struct strvec *names, const char *arg,
		   const char *where, struct strbuf *out, struct strbuf *err);

/** "@" is 0 back, "@~" 1, "@~N" N; false for any other word. */
bool exp_parse_latest(const char *arg, size_t *back);

/** `REMOTE/@` and `REMOTE/@~N`: the part behind the slash, and how long the
 *  remote's name is; NULL for anything else. The name is not checked. */
const char *exp_split_remote(const char *arg, size_t *len);

/** A link in results_dir, to remove it: by its name or path, a unique prefix
 *  of the name or a unique whole comment. Errors as of exp_find(). */
int exp_find_link(const struct project *p, const char *arg, struct strbuf *out,
		  struct strbuf *err);

/**
 * What a recorded dependency means here: the exact name, else the experiment
 * with the same PREFIX_TIMESTAMP; checked against `id` (NULL: unknown).
 * Errors: ERR_NOT_FOUND; ERR_CONFLICT (another run has that name; several).
 */
int exp_find_dependency(const struct project *p, const char *name,
			const char *id, struct strbuf *out,
			struct strbuf *err);

/**
 * The first component below results_dir of a path (from `cwd`, absolute, when
 * relative; NULL: only absolute ones), also through links and "..". Nothing
 * has to exist, and the component need not be a name.
 * first, rest: added to; rest is what follows, without slashes at the ends.
 * Returns false when the path does not lie below results_dir.
 */
bool exp_split_path(const struct project *p, const char *cwd, const char *path,
		    struct strbuf *first, struct strbuf *rest);

#endif
