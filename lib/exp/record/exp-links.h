/*
 * Symbolic links of an experiment that lead out of it.
 */
#ifndef LIB_EXP_RECORD_EXP_LINKS_H
#define LIB_EXP_RECORD_EXP_LINKS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/** Adds the paths of those links below `dir`, as quote_c() writes them, whose
 *  text leads outside: it is absolute, or has more ".." than the link is deep.
 *  Where other links lead is not looked at. Errors: those of exp_tree_read().
 */
int exp_links_outside(const char *dir, struct strvec *out,
		      struct strbuf *err);

/** Whether a link at `path` (relative) with this text leads outside. */
bool exp_link_leads_outside(const char *path, const char *target);

#endif
