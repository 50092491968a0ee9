/*
 * Field tables for rows that are a struct remote_exp.
 */
#ifndef PLUMBING_REMOTE_FIELDS_H
#define PLUMBING_REMOTE_FIELDS_H

#include "lib/base/compat.h"
#include "lib/exp/sheet/rows.h"

/* All; the data of the rows is the struct remote_list. */
extern const struct row_field remote_fields[];
/* What stat-remote asks for, in the order of its columns. */
extern const struct row_field remote_stat_fields[];

#endif
