/*
 * Fields of rows of series: those of a line of CSV, and the members of an
 * object of JSON lines.
 * Source: resutilformat-metrics(5).
 */
#ifndef LIB_EXP_SERIES_SERIES_FIELD_H
#define LIB_EXP_SERIES_SERIES_FIELD_H

#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

/** What cells of a row point to besides its line; cleared for each row. */
struct series_room {
	struct strbuf text;	/* fields without their quotes */
	struct strvec more;	/* texts that were made */
	struct value *row;	/* an object that had to be read as a whole */
};

#define SERIES_ROOM_INIT { STRBUF_INIT, STRVEC_INIT, NULL }
/** For a line of that many bytes. */
void series_room_clear(struct series_room *room, size_t len);
void series_room_release(struct series_room *room);

struct csv_field {
	const char *text;
	size_t len;
	bool quoted;
};

/** The field at `at`; returns where it ends: at a comma, or at `end`. NULL: a
 *  quote that does not end, or something behind it. */
const char *csv_field(struct csv_field *out, const char *at, const char *end,
		      struct series_room *room);

/** What it says. Text that is JSON in quotes is that text. */
void csv_cell(struct cell *out, const struct csv_field *field,
	      struct series_room *room);

/** The names in a header, "at" first, each once ("" in the place of one that
 *  repeats another, or cannot be one). False: it is none. */
bool csv_header(struct strvec *columns, const char *line, size_t len);

/** Calls fn for each member of the object that a line is. The cell is lent for
 *  as long as the line and `room`. False: it is no object, and fn may have been
 *  called all the same. */
typedef void (*json_member_fn)(const char *key, size_t len,
			       const struct cell *cell, void *data);
bool json_line_each(const char *line, size_t len, struct series_room *room,
		    json_member_fn fn, void *data);

#endif
