/*
 * The door to libedit: one line from a person, with history and completion.
 */
#ifndef LIB_WRAP_EDITLINE_H
#define LIB_WRAP_EDITLINE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/**
 * Asks on the terminal (prompt on stderr) with `initial` as the editable text.
 * Tab completes the whole line from `candidates` (in their order, unsorted;
 * may hold any character), Up and Down walk through `candidates` too.
 * Returns 1, 0 at end of input (Ctrl-D), ERR_NO for Ctrl-C, ERR_FAILED.
 */
int editline_ask(struct strbuf *out, const char *prompt, const char *initial,
		 const struct strvec *candidates, struct strbuf *err);

#endif
