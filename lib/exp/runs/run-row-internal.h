/*
 * Shared by the files behind run-row.h and by nobody else.
 *
 *	run-row.c		how a row is packed, and read
 *	run-row-build.c		which fields a record has
 *	field-names.c		the dictionary
 */
#ifndef LIB_EXP_RUNS_RUN_ROW_INTERNAL_H
#define LIB_EXP_RUNS_RUN_ROW_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct packed_field {
	unsigned id;
	size_t offset;
};

struct row_builder {
	struct strbuf cells;
	struct packed_field *field;
	size_t nr, alloc;
};

#define ROW_BUILDER_INIT { .cells = STRBUF_INIT }

/** Takes room for what most rows have. */
void row_builder_begin(struct row_builder *b);
/** The cell that is packed behind `cells` next is that field's, unless it was
 *  added before. */
void row_builder_add(struct row_builder *b, unsigned id);
/** Appends the row. */
void row_builder_finish(struct row_builder *b, struct strbuf *out);
void row_builder_reset(struct row_builder *b);
void row_builder_release(struct row_builder *b);

#endif
