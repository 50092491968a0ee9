/*
 * Values that are secrets, in words that are about to be written down: command
 * lines, environments, traces. What is a secret is told by the name of the
 * option or variable, or by the shape of the value; hashes are none.
 * Source: resutilformat-exp(5), "REDACTED".
 */
#ifndef LIB_BASE_REDACT_H
#define LIB_BASE_REDACT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/** Additional patterns of the user (globs over names, `secrets: add`) and
 *  exemptions (`secrets: allow`). For this process; before other threads. */
void redact_add_name(const char *glob);
void redact_allow_name(const char *glob);

/** Whether the value of an option or variable called `name` (also "--db-pass",
 *  "API_KEY", "model.token") is a secret. */
bool redact_is_secret_name(const char *name);
/** The first secret by its shape in text: AKIA..., ghp_..., PEM private key,
 *  ... Returns its length and sets *at, or 0. */
size_t redact_find_shape(const char *text, size_t len, const char **at);

/* Values that were taken out. The same value has the same number, from 1. */
struct redaction {
	struct strvec values;	/* the secrets: never written anywhere */
	struct strvec reasons;	/* one each: "option --token", "shape AKIA" */
};
#define REDACTION_INIT { STRVEC_INIT, STRVEC_INIT }
void redaction_release(struct redaction *r);

/** A copy of argv in which each secret is `<redacted:N>`: values of options
 *  (--token X, --token=X, -p is no name), of assignments (TOKEN=X), passwords
 *  in URLs, shapes anywhere. True: something was taken out. */
bool redact_argv(struct redaction *r, const char *const *argv,
		 struct strvec *out);
/** One NAME, VALUE pair (environment, parameters, meta). */
bool redact_value(struct redaction *r, const char *name, const char *value,
		  struct strbuf *out);
/** Free text: shapes, and each value that is already in `r`. */
bool redact_text(struct redaction *r, const char *text, struct strbuf *out);

#endif
