/*
 * What the files of `diff` share.
 *
 *	diff.c		options, and what is compared
 *	diff-side.c	one of the two runs
 *	diff-page.c	for a person
 *	diff-rows.c	for programs
 */
#ifndef BUILTIN_DIFF_H
#define BUILTIN_DIFF_H

#include "lib/base/compat.h"
#include "builtin/diff-side.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/diff/diff-code.h"
#include "lib/exp/diff/diff-files.h"
#include "lib/exp/diff/diff-gate.h"
#include "lib/exp/diff/diff-results.h"
#include "lib/exp/diff/diff-findings.h"
#include "lib/exp/sheet/rows.h"

struct gate_answer {
	const char *text;
	bool fails;
	struct strbuf why;	/* lines */
};

struct comparison {
	struct diff_side a, b;
	struct field_names *names;
	struct findings findings;	/* ranked */
	struct findings files;
	struct diff_results results;
	struct diff_code *code;
	struct gate_answer *gate;
	size_t gates;
	bool only[DIFF_KINDS];		/* the sections that are wanted */
	const char *const *paths;	/* NULL-ended; NULL: all */
	struct line_diff_options lines;
	bool patches, page;
};

/** Whether a path is one of those that were asked for, or below one. */
bool diff_path_is_wanted(const struct comparison *c, const char *path);

/** Prints the page, and patches where they are wanted. */
int diff_page(struct comparison *c, struct strbuf *err);

/** All findings, results and files, a row each; ranked. */
void diff_rows(struct comparison *c, struct rows *rows);
extern const struct row_field diff_row_fields[];

/** Names alone, with their status before them where that is wanted. */
void diff_names(struct comparison *c, bool status, bool nul);

#endif
