/*
 * Text made safe for a shell, a line, a terminal.
 */
#ifndef LIB_BASE_QUOTE_H
#define LIB_BASE_QUOTE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/** One word for a POSIX shell; quoted ('...') only where it must be. */
void quote_shell(struct strbuf *out, const char *word);

/** Words joined by blanks, each as quote_shell() writes it. */
void quote_shell_argv(struct strbuf *out, const char *const *argv);

/** Splits as a shell does (blanks, quotes, backslash; no expansion).
 *  Errors: ERR_USAGE for an open quote. */
int unquote_shell(struct strvec *out, const char *text, struct strbuf *err);

/**
 * A path for one line of plumbing: as it is, or in "..." with \a \b \t \n \v
 * \f \r \" \\ and \ooo when it holds a control character (utf8_is_control()),
 * `"`, `\` or bytes that are not UTF-8 (git's rule with core.quotePath=no).
 */
void quote_c(struct strbuf *out, const char *text, size_t len);
/** The reverse of quote_c(), also of unquoted text. ERR_CONTENT if bad. */
int unquote_c(struct strbuf *out, const char *text, struct strbuf *err);

/**
 * Text for a terminal or a log line: control characters (utf8_is_control())
 * and bad bytes become \xNN or \u{...}; all else stays. Tabs and newlines are
 * escaped too.
 */
void quote_terminal(struct strbuf *out, const char *text, size_t len);
/** The same, but tabs and newlines stay. */
void quote_terminal_lines(struct strbuf *out, const char *text, size_t len);
/** The same, and CR stays before a newline: the text of a file. */
void quote_terminal_text(struct strbuf *out, const char *text, size_t len);

/** As RFC 4180 and SQL have it: in "...", and each `"` twice. */
void quote_double(struct strbuf *out, const char *text, size_t len);

/** For XML and HTML: each of `specials` by a reference, such as &lt; or &#39;,
 *  all else as it is. */
void quote_markup(struct strbuf *out, const char *text, size_t len,
		  const char *specials);

#endif
