/*
 * What `show` says about one experiment, or one trial.
 */
#ifndef BUILTIN_EXP_PAGE_H
#define BUILTIN_EXP_PAGE_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/term.h"
#include "lib/exp/sheet/exp-fields.h"

/** The page, for a person: everything in it is safe for a terminal. `dir` is
 *  the experiment's directory; NULL: it is not here, exp_page_stored() tells
 *  of its files. */
void exp_page(struct strbuf *out, const struct exp_row *row, const char *dir,
	      const struct moment *now);

/** The end of the page of an experiment that only `remote` has; listing: what
 *  store_exp_listing() gave. */
void exp_page_stored(struct strbuf *out, const char *remote,
		     const struct strbuf *listing);

/** "state" with how it ended: "done", "fail, exit status 3",
 *  "fail, SIGKILL". */
void exp_page_state(struct strbuf *out, const struct exp_row *row);

/** The colour that a state is shown in. */
enum color exp_page_color(const struct exp_row *row);

#endif
