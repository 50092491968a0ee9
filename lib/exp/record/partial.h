/*
 * Experiments of which only some files were fetched: .resutil/partial/NAME
 * says so, and is there before the experiment is.
 * Source: resutilformat-remote(5), "EXPERIMENTS THAT ARE ONLY PARTLY HERE".
 */
#ifndef LIB_EXP_RECORD_PARTIAL_H
#define LIB_EXP_RECORD_PARTIAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/project.h"

/** name: of an experiment, as name_parse() takes it; anything else is never
 *  partial. A mark without an experiment means nothing. */
bool partial_is(const struct project *p, const char *name);

/** All that are marked, in byte order; what cannot be read is none. */
void partial_list(const struct project *p, struct strvec *out);

/** Durable when it returns 0; a mark that is there already is fine. A name
 *  that is none is a BUG.
 *  held: a descriptor. While it is open nobody takes the mark for a leftover;
 *  the caller closes it when the experiment is there. -1 on failure. */
int partial_mark(const struct project *p, const char *name, int *held,
		 struct strbuf *err);

/** Not synced: after a power failure a whole experiment may still be called
 *  partial, which the next fetch mends. No mark: fine. */
int partial_clear(const struct project *p, const char *name,
		  struct strbuf *err);

#endif
