/*
 * The terminal: colour, width, pager, whether a person is there.
 */
#ifndef LIB_BASE_TERM_H
#define LIB_BASE_TERM_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/** A person can be asked: stdin and stderr are terminals, and neither
 *  --no-interactive nor RESUTIL_NO_INTERACTIVE is given. */
bool term_is_interactive(void);
void term_set_no_interactive(void);
/** A program of ours can ask somebody by itself, at the terminal of this
 *  process (/dev/tty), whatever stdin is: what reads names from a pipe may have
 *  a person before it. Nobody, where --no-interactive is given likewise. */
bool term_has_person(void);

/** A boolean environment variable: unset, "", 0, no, off, false are false. */
bool env_is_true(const char *name);

enum color { COLOR_PLAIN, COLOR_BOLD, COLOR_DIM, COLOR_RED, COLOR_GREEN,
	     COLOR_YELLOW, COLOR_BLUE, COLOR_CYAN };

/** when: "auto", "always", "never" (the color.ui setting, --color). */
int color_set(const char *when);
/** Whether stream `fd` gets colour: a terminal, TERM not dumb, no NO_COLOR;
 *  or "always". With a pager running, stdout counts as a terminal. */
bool color_wanted(int fd);
/** The escape sequence, or "" when `fd` gets none. */
const char *color_on(int fd, enum color color);
const char *color_off(int fd);

unsigned term_width(void);	/* columns; COLUMNS, the terminal, or 80 */

/** TERM says nothing, or "dumb": nobody there obeys an escape sequence. */
bool term_is_dumb(void);
/** What makes the line of the cursor empty and goes to its start: an escape
 *  sequence, or blanks on a dumb terminal. */
void term_add_line_start(struct strbuf *sb);
/** What makes the rest of a line empty, behind the `used` columns written. */
void term_add_line_rest(struct strbuf *sb, size_t used);
/** A child's line of progress may stand on the terminal without its end: what
 *  stdout gets next takes its place. */
void term_take_line(void);

/** Sends stdout through RESUTIL_PAGER, core.pager (given), PAGER or less, if
 *  stdout is a terminal. "" or "cat" is none. The user wrote it, so a shell
 *  runs it (and only where it holds shell characters). Waited for at exit. */
void pager_start(const char *configured);
/** Whether what is written to `fd` goes through the pager. */
bool pager_shows(int fd);

/** Asks on stderr, reads a line from stdin: first letter y/n, Enter is
 *  `otherwise`; asks again at most 3 times; end of input is `otherwise`.
 *  When !term_is_interactive() returns `otherwise` unasked. */
bool ask_yes_no(const char *question, bool otherwise);

#endif
