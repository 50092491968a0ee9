/*
 * A value as a person writes it: 0.9, 1e-5, 90min, 10MiB, 5%, true,
 * 2026-11-20, 2 days ago. What it means depends on what it is compared with,
 * so it has every reading that it can have.
 * Source: resutil-where(7), "VALUES".
 */
#ifndef LIB_EXP_RUNS_LITERAL_H
#define LIB_EXP_RUNS_LITERAL_H

#include "lib/base/compat.h"
#include "lib/base/cell.h"

struct literal {
	struct cell text;	/* as it stands; lent */
	struct cell number;	/* INT or FLOAT; NONE: it is no number */
	struct cell plain;	/* BOOL or NULL; NONE: neither */
	bool has_time;
	struct moment from, to;	/* as a time: from <= t < to. A day is all of
				 * the day, a second all of the second. */
};

/** Every reading of unquoted text; it is lent to the literal. */
void literal_read(struct literal *out, const char *text, size_t len,
		  const struct moment *now);

/** Of quoted text: it is text, or a time where it is compared with one. */
void literal_read_quoted(struct literal *out, const char *text, size_t len,
			 const struct moment *now);

/**
 * A number, with a unit or without: durations in seconds ("90min", "1h30m",
 * "250 ms"), sizes in bytes ("10MiB", "1.5G", powers of 1024), parts ("5%" is
 * 0.05). An INT where it is whole and fits, else a FLOAT.
 */
bool literal_number(struct cell *out, const char *text, size_t len);
/** The same without a unit: "0.9", "-3", "1e-5", "inf", "nan". */
bool literal_plain_number(struct cell *out, const char *text, size_t len);

#endif
