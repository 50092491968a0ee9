/*
 * The names that stand in a text of SQL, whatever they are names of. It is no
 * parser: what is no SQL gives some names, too.
 */
#ifndef LIB_EXP_RUNS_SQL_WORDS_H
#define LIB_EXP_RUNS_SQL_WORDS_H

#include "lib/base/compat.h"
#include "lib/base/strvec.h"

/** Each name once: bare words (keywords among them) and what stands in "...",
 *  [...] and `...`, without the quotes. Not what is in texts and comments. */
void sql_words(struct strvec *out, const char *sql, size_t len);

#endif
