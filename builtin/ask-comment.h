/*
 * Asking a person, above all for the comment of a new experiment.
 */
#ifndef BUILTIN_ASK_COMMENT_H
#define BUILTIN_ASK_COMMENT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/project.h"

/**
 * The comment of a new experiment, checked: `*comment` as it was given, else
 * RESUTIL_COMMENT, else the answer of a person on the terminal (Tab completes
 * earlier comments, newest first; run.prompt=no asks nobody), else NULL.
 * `asked` holds the answer.
 * Errors: ERR_USAGE for a bad comment, ERR_NO when the person gave up
 * (Ctrl-C), ERR_FAILED.
 */
int choose_comment(const struct project *p, const char **comment,
		   struct strbuf *asked, struct strbuf *err);

/**
 * One line from a person, without its end, by the command that has libedit.
 * candidates: a file of completions, one a line; NULL: none.
 * Errors: ERR_NO when there will be no answer, ERR_FAILED.
 */
int ask_line(struct strbuf *out, const char *prompt, const char *candidates,
	     struct strbuf *err);

#endif
