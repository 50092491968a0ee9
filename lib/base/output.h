/*
 * The door to standard output for what came from records, packs, stores and
 * file systems. A program gets the bytes as they are. A person gets no byte
 * that moves a terminal: what quote_terminal() escapes is escaped, but for
 * LF and TAB. `make check-layers` refuses printf() and its like in commands.
 */
#ifndef LIB_BASE_OUTPUT_H
#define LIB_BASE_OUTPUT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/** A person reads stdout: it is a terminal, or goes through our pager. */
bool out_is_for_person(void);

/** The bytes, or for a person what quote_terminal_lines() makes of them. */
void out_text(const char *text, size_t len);
void out_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/** As they are for everybody: each foreign piece went through
 *  quote_terminal() before, what is left are our words and our colours. */
void out_safe(const struct strbuf *page);

/** Writes what stdio keeps. */
void out_flush(void);
/** Why the first of these failed that did: an errno, or 0. stdio forgets the
 *  reason with the text. */
int out_problem(void);

/** The same, and at once: for who answers line by line. Returns 0, or the
 *  errno; then what could not be written is given up. */
int out_now(const struct strbuf *page);

#endif
