/*
 * Metadata providers: what machine and process a run had. Keys below `meta`.
 * Those of this header start no process; the others are asked by meta-run.h.
 * Source: resutilformat-exp(5), "META".
 */
#ifndef LIB_EXP_RECORDING_META_H
#define LIB_EXP_RECORDING_META_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

/** Names of the providers, NULL-terminated, in the order of the record. */
extern const char *const meta_providers[];
bool meta_is_provider(const char *name);

/** What is described. All may be NULL. */
struct meta_about {
	const struct project *project;	/* its settings, trust and cache */
	const char *const *argv;	/* the command */
	const char *program;		/* what argv[0] was found as */
};

struct meta_plan;
/** Sets what the planned ones know below `meta`. `git` and `python` become
 *  null, to be replaced in their places. What finds nothing is left out. */
void meta_fill(struct value *meta, const struct meta_plan *plan);

/** Replaces the null of `meta.git` by the code state under votakvot's names, or
 *  takes it out. git: the map of git_state_capture(); repo (may be NULL): the
 *  work tree's top. Without the null nothing is done. */
void meta_add_git(struct value *meta, const struct value *git,
		  const char *repo);

/** Asks git what meta_add_git() needs, of the working directory. False: it does
 *  not know. */
bool meta_ask_git(struct value **git, struct strbuf *repo);

/** The work tree's top without asking git, for who has its other answers. */
void meta_find_repo(struct strbuf *repo);

#endif
