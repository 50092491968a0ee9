/*
 * Records without secrets. Source: resutilformat-exp(5), "REDACTED".
 */
#ifndef LIB_EXP_RECORD_REDACT_RECORD_H
#define LIB_EXP_RECORD_REDACT_RECORD_H

#include "lib/base/compat.h"
#include "lib/base/redact.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/** Makes `secrets.add` and `secrets.allow` of the settings, as they were
 *  loaded, the rules of this process. */
void redact_configure(void);

/**
 * Puts `<redacted:N>` in the place of each secret in `tree`, a record or what
 * is going to be laid over one. Numbers begin behind those that `tree` and
 * `record` (may be NULL) have. What was taken out is in `r`.
 */
void record_redact(struct value *tree, const struct value *record,
		   struct redaction *r);

/** Brings `redacted` up to date: with what is in `r`, and with where each
 *  `<redacted:N>` stands now. */
void record_note_redacted(struct value *record, const struct redaction *r);

/** Both, for a new record. */
void record_redact_new(struct value *record);

/** Whether a new comment may be part of a name, which everybody sees.
 *  ERR_USAGE: it has the shape of a secret. */
int record_check_public(const char *comment, struct strbuf *err);

/** The reasons, as a list for people: "option --token, shape AKIA". */
void record_format_redacted(struct strbuf *out, const struct value *record);

#endif
