/*
 * What a run needs: what the words of its command name, and what -d names.
 */
#ifndef BUILTIN_RUN_DEPS_H
#define BUILTIN_RUN_DEPS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record/deps.h"

struct run_deps {
	struct strvec asked;	/* -d, as given */
	struct dep_scan scan;	/* of the words */
	struct strvec needed;	/* the names of all that are here */
	struct strvec wanted;	/* EXPs that are not */
};

#define RUN_DEPS_INIT {							\
	.asked = STRVEC_INIT, .scan = DEP_SCAN_INIT,			\
	.needed = STRVEC_INIT, .wanted = STRVEC_INIT			\
}
void run_deps_release(struct run_deps *d);

/**
 * Finds them, and pulls what is not here, unless `dry_run`. What cannot be had
 * is a warning for a word, and an error for -d: those of deps_find().
 */
int run_deps_find(struct run_deps *d, const char *cwd, const char **argv,
		  bool dry_run, struct strbuf *err);

/** Notes them, and the files that the words name, in the record. */
int run_deps_add(struct run_deps *d, struct value *record, struct strbuf *err);

#endif
