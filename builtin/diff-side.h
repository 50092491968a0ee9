/*
 * One of the two runs that `diff` compares: an experiment here, one that only a
 * store has, or a trial.
 */
#ifndef BUILTIN_DIFF_SIDE_H
#define BUILTIN_DIFF_SIDE_H

#include "lib/base/compat.h"
#include "builtin/exp-arg.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/tempfile.h"
#include "lib/exp/diff/diff-files.h"
#include "lib/exp/diff/diff-findings.h"
#include "lib/exp/record/exp-load.h"

struct diff_side {
	struct exp_arg found;
	struct exp_items items;		/* of one: the record, its state as it
					 * is now */
	struct value *metrics;
	struct strbuf row;
	struct strbuf dir;		/* of its files, or of those that were
					 * brought from the store */
	struct tempfile *scratch;	/* the latter; NULL: it is here */
	struct strbuf listing;		/* of the pack */
	struct diff_tree tree;
	struct diff_run run;
};

/** Finds it, and reads the record. Zeroed before. */
int diff_side_open(struct diff_side *side, const char *arg,
		   const char *remote, const struct moment *now,
		   struct strbuf *err);

/** Brings its code and its measurements here when it is only in a store, and
 *  makes the row. problems: what cannot be read of the measurements. */
int diff_side_facts(struct diff_side *side, struct field_names *names,
		    struct strvec *problems, struct strbuf *err);

/** The list of its files. */
int diff_side_tree(struct diff_side *side, struct strbuf *err);

/** Brings files here that `wanted` takes by their paths, when it is only in a
 *  store, so that their texts can be read. */
int diff_side_texts(struct diff_side *side, diff_wanted_fn wanted, void *data,
		    struct strbuf *err);

void diff_side_release(struct diff_side *side);

#endif
