/*
 * What the commands about keys share: a pattern, and what it is about here.
 */
#ifndef PLUMBING_KEY_OPTIONS_H
#define PLUMBING_KEY_OPTIONS_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/exp/store/key-scope.h"

#define OPT_PACKS(v)							\
	OPT_BOOL(0, "packs", v, "mean packs of experiments, too")

struct key_options {
	int packs;
	struct key_glob *glob;
	struct strbuf results;
	struct key_scope scope;
};

#define KEY_OPTIONS_INIT { .results = STRBUF_INIT }

/** Makes o->scope for keys below `root` (NULL: the working directory), with
 *  the_project's results_dir, if there is one. Warns of a '[' without its ']'.
 *  Errors: those of key_glob_new(); ERR_NOT_FOUND, ERR_FAILED of root. */
int key_options_begin(struct key_options *o, const char *pattern,
		      const char *root, struct strbuf *err);
void key_options_release(struct key_options *o);

#endif
