/*
 * What a sink gathers of one run; for import*.c alone.
 */
#ifndef LIB_EXP_IMPORT_IMPORT_INTERNAL_H
#define LIB_EXP_IMPORT_IMPORT_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/import/importing.h"

struct import_point {
	int64_t step;		/* IMPORT_NO_STEP: `at` takes its place */
	int64_t at;
	uint32_t column;
	uint32_t turn;		/* how often column and step came before */
	union {
		double real;
		size_t text;	/* where it begins in `texts` */
	} u;
	bool is_text;
};

struct import_series {
	char *name;
	struct strmap column_nr;	/* to (void *)(number + 1) */
	struct strvec columns;		/* as they can be called */
	struct import_point *point;
	size_t nr, alloc;
	struct strbuf texts;		/* each with its NUL */
	bool has_steps;
};

struct import_item {
	char *name;		/* below the experiment */
	char *path;		/* NULL: `data` */
	char *data;
	size_t len;
};

struct import_sink {
	struct value *record;	/* a map: what was set */
	struct strbuf comment;
	struct strmap by_name;	/* series */
	struct import_series **series;
	size_t series_nr, series_alloc;
	size_t points, points_lost, keys_lost;
	struct import_item *item;
	size_t item_nr, item_alloc, bytes;
	struct strvec problems;
};

void import_sink_init(struct import_sink *sink);
void import_sink_release(struct import_sink *sink);

/** Prepares the rows: points of one step together, in order of steps; the same
 *  column again is the next row of that step. */
void import_series_sort(struct import_series *series);
/** The text of a CSV file (resutilformat-metrics(5)), piece by piece; at: of
 *  rows that nobody gave a time. Sorted before. fn returns 0 to go on. */
int import_series_csv(const struct import_series *series, int64_t at,
		      int (*fn)(const char *text, size_t len, void *data),
		      void *data);

/** Writes all series into `dir`, whole files; `files` is a map from names of
 *  series to names of files, which are replaced, and gets the new ones. */
int import_write_series(struct import_sink *sink, const char *dir,
			struct value *files, int64_t at, struct strbuf *err);

/** Before something is put into an experiment that is there: raises its
 *  revision, so that what comes is seen to have grown. That of a run that goes
 *  on is raised at its end. */
int import_before_adding(const struct project *p, const char *dir,
			 struct strbuf *err);

/** Copies all items into the experiment in `dir`. grown: what is there with the
 *  same size and time stays. */
int import_write_items(struct import_sink *sink, const char *dir, bool grown,
		       struct strbuf *err);

#endif
