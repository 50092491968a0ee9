/*
 * Where the trials of a project are. Trials lie anywhere, and nothing else
 * says where: .resutil/trials/HASH holds the path of a root of trials that lies
 * in the project, relative to its top, and an LF. It is a hint: it may be
 * missing (a project that cannot be written to), and whoever reads one checks
 * it, since anybody may have put it there.
 */
#ifndef LIB_EXP_RECORD_TRIAL_ROOTS_H
#define LIB_EXP_RECORD_TRIAL_ROOTS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/project.h"

/* What this process has noted, or could not. */
struct noted_roots {
	struct strmap seen;
};

/** Notes `root` (absolute) in the project that holds it, once; no sync, and a
 *  failure is none. */
void trial_root_note(struct noted_roots *noted, const char *root);
void noted_roots_release(struct noted_roots *noted);

/**
 * Adds the absolute path, without a link in it, of the root that the note at
 * `path` names.
 * Errors (no sentence): ERR_NOT_FOUND: there is no such directory, or it is no
 * note of a directory in the project; ERR_FAILED: that cannot be told.
 */
int trial_root_read(const struct project *p, const char *path,
		    struct strbuf *root);

/** All that are noted and there, sorted, each once. */
void trial_roots_list(const struct project *p, struct strvec *roots);

/** Removes the note at `path` unless its root is there. Returns 0, or -1 and
 *  errno. */
int trial_root_remove(const struct project *p, const char *path);

#endif
