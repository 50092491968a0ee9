/*
 * Shared by the files behind redact.h and by nobody else.
 */
#ifndef LIB_BASE_REDACT_INTERNAL_H
#define LIB_BASE_REDACT_INTERNAL_H

#include "lib/base/compat.h"

enum secret_name {
	NAME_PLAIN,	/* the value is no secret */
	NAME_LIKELY,	/* it is, unless it looks like something else */
	NAME_SECRET	/* it is */
};

enum secret_name redact_judge_name(const char *name);
bool redact_is_secret_value(enum secret_name name, const char *value,
			    size_t len);
/** Something in it was taken out already. */
bool redact_holds_mark(const char *text, size_t len);

/** The first shape at or behind `from`; as redact_find_token(). */
size_t redact_next_token(const char *text, size_t len, size_t from,
			 const char **at, const char **kind);
/** Likewise what is a secret only in a command line or message: the password
 *  in a URL, what follows `Authorization:`. */
size_t redact_next_context(const char *text, size_t len, size_t from,
			   const char **at, const char **kind);

/** `secrets.allow` names it. */
bool redact_is_allowed_value(const char *value, size_t len);

#endif
