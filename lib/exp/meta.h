/*
 * Metadata providers: what machine and process a run had. Keys below `meta`.
 */
#ifndef LIB_EXP_META_H
#define LIB_EXP_META_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/project.h"

/** Names of the providers, NULL-terminated: system, user, host, cpu, process,
 *  git. */
extern const char *const meta_providers[];

/**
 * Runs the named providers (NULL: all). `git` (may be NULL) is the map of
 * git_state_capture(), so that git is not asked twice. A provider that fails
 * is left out. Errors: ERR_USAGE for an unknown name.
 */
int meta_collect(struct value **out, const struct strvec *names,
		 const struct value *git, struct strbuf *err);

#endif
