/*
 * Which projects may make resutil run what their conf names. A conf may have
 * come from anywhere, so its `hooks:`, its `meta:` and the `ssh_config` of its
 * stores count only where the user has said so, on this machine: in
 * $XDG_DATA_HOME/resutil/trusted, which lists the project's directory with the
 * text of these sections and files as it was then, or with the mark of a
 * project that `init` made there. An edit, a project that was moved, or
 * another one in its place has to be trusted anew.
 * Source: resutil-config(1), "TRUST".
 */
#ifndef LIB_EXP_STORE_TRUST_H
#define LIB_EXP_STORE_TRUST_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/project.h"

enum trust {
	TRUST_NOTHING,	/* its conf names nothing that would be run */
	TRUST_YES,
	TRUST_NO,
	TRUST_CHANGED	/* what was trusted is no more what it says */
};

/** What cannot be read is not trusted. */
enum trust trust_of(const struct project *p);
bool trust_allows(const struct project *p);

/** "nothing", "yes", "no", "changed". */
const char *trust_word(enum trust trust);

/** What the conf of `p` would have run: one line each ("meta.nvcc: nvcc
 *  --version"), not escaped. */
void trust_list(const struct project *p, struct strvec *out);

/** From now on, as its conf is now. ERR_FAILED; ERR_CONTENT when the file of
 *  trust is none, the sections are larger than 64 KiB, or an ssh_config is
 *  larger than 32 KiB or cannot be read. */
int trust_add(const struct project *p, struct strbuf *err);

/** The user's own words have changed the conf, from what it is in `before`: as
 *  it is now it is trusted if it was then, or if it named nothing then. */
int trust_follow(const struct project *before, struct strbuf *err);

/** Whoever opens a store that the conf of `p` named asks this before: 0, or
 *  ERR_FAILED when its settings could run something (ssh_config), and the
 *  project is not trusted. A store whose URL was typed is the user's own. name:
 *  of the remote; NULL: origin. */
int trust_check_store(const struct project *p, const char *name,
		      const char *type, const struct value *config,
		      struct strbuf *err);

/** For `init`, which made the conf in `p->root`: whatever its sections will
 *  say, as long as the user owns the conf. */
int trust_add_own(const struct project *p, struct strbuf *err);

/** Takes back what was said of the project in `root` (absolute, real). was:
 *  whether anything was. */
int trust_remove(const char *root, bool *was, struct strbuf *err);

#endif
