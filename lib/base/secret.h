/*
 * Memory that holds keys, tokens and passwords.
 */
#ifndef LIB_BASE_SECRET_H
#define LIB_BASE_SECRET_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/** Before the first secret is in memory: this process, and what it starts,
 *  leaves no core dump, and is not looked into. Thread-safe. */
void secret_hide(void);

/** Memory is wiped and given back; NULL is fine. */
void secret_free(char *text);
void secret_release(struct strbuf *sb);
void secret_free_value(struct value *v);
/** Wiped and emptied; the room stays. */
void secret_reset(struct strbuf *sb);

/** As read_file(), without copies left behind; hides the process first. */
int secret_read_file(struct strbuf *out, const char *path, size_t max,
		     struct strbuf *err);

/** Replaces `secret` (NULL and short ones are passed over) in a text that
 *  others wrote: some servers say in a refusal what they were sent. */
void secret_take_out(struct strbuf *text, const char *secret);

#endif
