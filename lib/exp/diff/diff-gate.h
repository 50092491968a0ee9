/*
 * Whether a change is one that nobody wants: `info.acc < -1%`.
 * Source: resutil-diff(1), "GATES".
 */
#ifndef LIB_EXP_DIFF_DIFF_GATE_H
#define LIB_EXP_DIFF_DIFF_GATE_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/exp/diff/diff-results.h"

struct diff_gate;

/** ERR_USAGE: as of where_parse(). */
int diff_gate_parse(struct diff_gate **out, const char *text,
		    const struct moment *now, struct strbuf *err);
void diff_gate_free(struct diff_gate *gate);	/* NULL is fine */
const char *diff_gate_text(const struct diff_gate *gate);
/** Whether it asks for what repeats are needed for. */
bool diff_gate_needs_repeats(const struct diff_gate *gate);

/** All lent. */
struct diff_gate_facts {
	const struct field_names *names;
	const struct diff_run *a, *b;
	const struct diff_results *results;
	const struct findings *findings;	/* all but files */
	const struct findings *files;
};

/**
 * Whether the change is there, or cannot be ruled out because a value is
 * missing. why: gets the numbers that it comes from, a line each.
 * Errors: ERR_NOT_FOUND (a field that neither run has), ERR_USAGE (one that is
 * no number where the change of a number is asked for).
 */
int diff_gate_check(const struct diff_gate *gate,
		    const struct diff_gate_facts *facts, bool *fails,
		    struct strbuf *why, struct strbuf *err);

#endif
