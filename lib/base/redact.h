/*
 * Values that are secrets, in words that are about to be written down: command
 * lines, environments, traces. What is a secret is told by the name of the
 * option or variable, or by the shape of the value; hashes are none.
 * Source: resutilformat-exp(5), "REDACTED".
 *
 *	redact-name.c	names
 *	redact-shape.c	shapes
 *	redact.c	words and texts
 */
#ifndef LIB_BASE_REDACT_H
#define LIB_BASE_REDACT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"

/** Additional patterns of the user: globs over names (`secrets.add`), and over
 *  names and values that are exempt (`secrets.allow`). They hold for this
 *  process; to be called before other threads are there. */
void redact_add_name(const char *glob);
void redact_allow(const char *glob);
void redact_clear_rules(void);

/** Whether the value of an option or variable called `name` (also "--db-pass",
 *  "API_KEY", "model.token") is a secret. */
bool redact_is_secret_name(const char *name);
/** Whether `value` is one, below such a name. */
bool redact_is_secret(const char *name, const char *value);

/** The first secret by its shape in bytes: AKIA..., ghp_..., PEM private key,
 *  ... Returns its length, sets *at and *kind (lent for ever); or returns 0. */
size_t redact_find_token(const char *text, size_t len, const char **at,
			 const char **kind);

/** Bytes that must be seen again with the next ones, when a stream is looked
 *  through in pieces: no beginning of a token that tells it is longer. */
#define REDACT_OVERLAP 512

/* Values that were taken out. The same value has the same number. */
struct redaction {
	size_t before;		/* the first number is the next one */
	struct strvec values;	/* the secrets: never written anywhere */
	struct strvec reasons;	/* one each: "option --token", "shape AKIA" */
	struct strmap numbers;	/* private: of values */
};
#define REDACTION_INIT { 0, STRVEC_INIT, STRVEC_INIT, STRMAP_INIT }
void redaction_release(struct redaction *r);

/** `<redacted:N>` in text: returns its length and sets *at and *nr, or 0. */
size_t redact_find_mark(const char *text, const char **at, size_t *nr);
/** Makes the next numbers come behind those that `text` has by itself. */
void redact_reserve(struct redaction *r, const char *text);

/** A copy of argv in which each secret is `<redacted:N>`: values of options
 *  (--token X, --token=X, -p is no name), of assignments (TOKEN=X), passwords
 *  in URLs, shapes anywhere. True: something was taken out. */
bool redact_argv(struct redaction *r, const char *const *argv,
		 struct strvec *out);
/** One NAME, VALUE pair (environment, parameters, meta). */
bool redact_value(struct redaction *r, const char *name, const char *value,
		  struct strbuf *out);
/** A command line as one text, or a program of a shell. */
bool redact_command(struct redaction *r, const char *text, struct strbuf *out);
/** Free text: shapes, and each value that is already in `r`. */
bool redact_text(struct redaction *r, const char *text, struct strbuf *out);

#endif
