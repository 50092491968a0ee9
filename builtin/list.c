#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/exp-fields.h"
#include "lib/exp/exp-list.h"
#include "lib/exp/exp-load.h"
#include "lib/exp/project.h"
#include "lib/exp/rows.h"

static const char *const usage[] = {
	"list [-n N] [--state STATE]... [--since DATE] "
	"[--json | --format FORMAT] [-z]",
	NULL
};

struct filter {
	struct strvec states;
	bool has_since;
	struct moment since;
};

static bool passes(const struct filter *filter, const struct exp_row *row)
{
	size_t i;

	if (filter->has_since &&
	    moment_compare(&row->item->created, &filter->since) < 0)
		return false;
	for (i = 0; i < filter->states.nr; i++)
		if (exp_row_has_state(row, filter->states.v[i]))
			return true;
	return !filter->states.nr;
}

static void check_states(const struct strvec *states,
			 const struct option *options)
{
	size_t i, j;

	for (i = 0; i < states->nr; i++) {
		for (j = 0; exp_state_words[j]; j++)
			if (!strcmp(exp_state_words[j], states->v[i]))
				break;
		if (!exp_state_words[j])
			usage_with_options(usage, options,
					   "there is no state '%s'",
					   states->v[i]);
	}
}

/*
 * Prints the newest `most` rows (< 0: all) that pass, oldest first. Reading
 * the records in threads here costs less than a child that prints them.
 */
static int print_rows(const struct exp_items *items,
		      const struct filter *filter, int most, struct rows *rows)
{
	const struct moment now = moment_now();
	size_t i, first = items->nr, failed = 0;

	for (i = items->nr; i && most; i--) {
		struct exp_row row;

		exp_row_init(&row, the_project, &items->item[i - 1], &now);
		if (passes(filter, &row)) {
			first = i - 1;
			most -= most > 0;
		}
		exp_row_release(&row);
	}
	for (i = first; i < items->nr; i++) {
		const struct exp_item *item = &items->item[i];
		struct exp_row row;

		exp_row_init(&row, the_project, item, &now);
		if (passes(filter, &row)) {
			rows_add(rows, &row);
			if (item->problem) {
				warning("%s", item->problem);
				failed++;
			}
		}
		exp_row_release(&row);
	}
	return failed ? EXIT_PARTLY : 0;
}

int cmd_list(int argc, const char **argv)
{
	struct filter filter = { .states = STRVEC_INIT };
	struct rows rows = { .fields = exp_fields };
	struct exp_items items = EXP_ITEMS_INIT;
	struct strvec names = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	const char *since = NULL;
	int most = -1, ret;
	const struct option options[] = {
		OPT_INTEGER('n', "max-count", &most, "N",
			    "only the N latest"),
		{ .type = OPTION_LIST, .name = "state",
		  .value = &filter.states, .argh = "STATE",
		  .help = "only those in this state (may be repeated)",
		  .arg = ARG_WORDS,
		  .words = "added started running resumed done fail "
			   "interrupted lost unattended" },
		OPT_STRING(0, "since", &since, "DATE",
			   "only those made at DATE or later"),
		OPT_ROWS(&rows),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options,
				   "'%s' is too much; 'resutil show' shows one",
				   argv[0]);
	check_states(&filter.states, options);
	if (since) {
		const struct moment now = moment_now();

		filter.has_since = true;
		if (!moment_parse_loose(&filter.since, since, &now))
			usage_with_options(usage, options,
					   "'%s' is no date", since);
	}
	if (rows_begin(&rows, &err))
		usage_with_options(usage, options, "%s", err.buf);
	ret = exp_list_names(the_project, &names, &err);
	if (ret)
		die_code(ret, &err);
	exp_load(&items, the_project, &names);
	exp_items_sort(&items);
	ret = print_rows(&items, &filter, most, &rows);
	rows_end(&rows);
	exp_items_release(&items);
	strvec_release(&names);
	strvec_release(&filter.states);
	strbuf_release(&err);
	return ret;
}
