/*
 * Asking a person for the comment of a new experiment.
 */
#ifndef BUILTIN_ASK_COMMENT_H
#define BUILTIN_ASK_COMMENT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/project.h"

/**
 * Asks on the terminal, until the answer is a comment; Tab completes earlier
 * comments, newest first. Empty: none. The caller has made sure that somebody
 * is there (term_is_interactive()).
 * Errors: ERR_NO when the person gave up (Ctrl-C), ERR_FAILED.
 */
int ask_comment(const struct project *p, struct strbuf *out,
		struct strbuf *err);

#endif
