/*
 * The fields that list, log and show have of an experiment.
 */
#ifndef LIB_EXP_SHEET_EXP_FIELDS_H
#define LIB_EXP_SHEET_EXP_FIELDS_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/exp-load.h"
#include "lib/exp/record/live.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/sheet/rows.h"

struct exp_row {
	const struct exp_item *item;	/* lent */
	struct strbuf state;		/* live_state_text(); "?": unreadable */
	enum live_state live;
	double duration;		/* seconds; < 0: not known */
	bool is_trial;
};

/** What the record means now. A run that goes on has lasted until `now`. */
void exp_row_init(struct exp_row *row, const struct project *p,
		  const struct exp_item *item, const struct moment *now);
/** The same for the record of a trial in `dir`; the item's name is its tid. */
void exp_row_init_trial(struct exp_row *row, const char *dir,
			const struct exp_item *item, const struct moment *now);
void exp_row_release(struct exp_row *row);

/** The comment in the name, lent; NULL: none. */
const char *exp_row_comment(const struct exp_row *row);

/** Whether the state is `word`: "running" is also "running on HOST" and
 *  "running, unattended"; "unattended" is only the latter. */
bool exp_row_has_state(const struct exp_row *row, const char *word);

/** The words that exp_row_has_state() knows, NULL-terminated. */
extern const char *const exp_state_words[];

/** "2024-07-04 19:15", on the clock where it ran. */
void exp_date_text(struct strbuf *out, const struct moment *m);

/** Rows are struct exp_row; columns name, date, state, duration, comment. */
extern const struct row_field exp_fields[];

/** The same, and each part of the record: for one experiment. */
extern const struct row_field exp_record_fields[];

#endif
