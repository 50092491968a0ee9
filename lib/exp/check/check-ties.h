/*
 * What the records here say of each other: ids and dependencies.
 */
#ifndef LIB_EXP_CHECK_CHECK_TIES_H
#define LIB_EXP_CHECK_CHECK_TIES_H

#include "lib/base/compat.h"
#include "lib/base/value.h"
#include "lib/exp/check/check-internal.h"

struct ties;

struct ties *ties_new(struct check *c);
/** Keeps what the record (normalized) of c->exp[nr] says of others. */
void ties_note(struct ties *t, size_t nr, const struct value *record);
/** When all are noted. */
void ties_check(struct ties *t);
void ties_free(struct ties *t);

#endif
