#include "lib/base/compat.h"
#include "command.h"
#include "builtin/exp-page.h"

#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/process.h"
#include "lib/base/quote.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/base/utf8.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-load.h"

static const char *const usage[] = {
	"log [-n N] [--since DATE] [--until DATE] [--oneline] "
	"[--json | --format FORMAT] [-z] [EXP...]",
	NULL
};

#define LABEL_WIDTH 9

struct log {
	struct rows rows;
	struct moment now, since, until;
	bool has_since, has_until;
	int oneline, most;
	size_t shown, unreadable;
};

static void add_safe(struct strbuf *out, const char *text)
{
	quote_terminal(out, text, strlen(text));
}

static void add_head(struct strbuf *out, const struct exp_row *row)
{
	strbuf_addstr(out, color_on(STDOUT_FILENO, COLOR_YELLOW));
	add_safe(out, row->item->name);
	strbuf_addstr(out, color_off(STDOUT_FILENO));
}

static void add_state(struct strbuf *out, const struct exp_row *row)
{
	struct strbuf text = STRBUF_INIT;

	exp_page_state(&text, row);
	strbuf_addstr(out, color_on(STDOUT_FILENO, exp_page_color(row)));
	add_safe(out, text.buf);
	strbuf_addstr(out, color_off(STDOUT_FILENO));
	if (row->duration >= 0) {
		strbuf_addstr(out, ", ");
		duration_format(out, row->duration);
	}
	strbuf_release(&text);
}

/* What stands before a line, in columns of a terminal. */
static void add_label(struct strbuf *out, const char *label)
{
	size_t has = utf8_width(label, strlen(label));

	strbuf_addstr(out, label);
	for (; has < LABEL_WIDTH; has++)
		strbuf_addch(out, ' ');
}

/* "NAME (done, 1.2 s) python3 train.py" */
static void add_oneline(struct strbuf *out, const struct exp_row *row)
{
	const char *cmd = value_get_text(row->item->record, "cmd");

	add_head(out, row);
	strbuf_addstr(out, " (");
	add_state(out, row);
	strbuf_addch(out, ')');
	if (cmd) {
		strbuf_addch(out, ' ');
		add_safe(out, cmd);
	}
	strbuf_addch(out, '\n');
}

static void add_author(struct strbuf *out, const struct value *record)
{
	const char *user = value_get_text(record, "user");
	const char *host = value_get_text(record, "host");
	struct strbuf text = STRBUF_INIT;

	if (!user && !host)
		return;
	add_label(out, _("By:"));
	if (user && host)
		strbuf_addf(&text, _("%s on %s"), user, host);
	else
		strbuf_addstr(&text, user ? user : host);
	add_safe(out, text.buf);
	strbuf_addch(out, '\n');
	strbuf_release(&text);
}

static void add_code(struct strbuf *out, const struct value *record)
{
	const char *commit = value_get_text(record, "git.commit_hash");
	const char *branch = value_get_text(record, "git.branch");
	const struct value *files = value_get(record, "git.uncommited_files");
	struct strbuf text = STRBUF_INIT;

	if (!commit)
		return;
	add_label(out, _("Commit:"));
	add_safe(out, commit);
	if (branch) {
		strbuf_addf(&text, _(" on %s"), branch);
		add_safe(out, text.buf);
	}
	strbuf_release(&text);
	if (files && files->type == VALUE_LIST && files->u.list.nr)
		strbuf_addf(out, PL_(", %zu changed file",
				     ", %zu changed files",
				     files->u.list.nr), files->u.list.nr);
	strbuf_addch(out, '\n');
}

static void add_needs(struct strbuf *out, const struct value *record)
{
	const struct value *list = value_get(record, "dependency");
	size_t i;

	if (!list || list->type != VALUE_LIST)
		return;
	for (i = 0; i < list->u.list.nr; i++) {
		const char *name = value_text(list->u.list.item[i]);

		if (!name)
			continue;
		add_label(out, _("Needs:"));
		add_safe(out, name);
		strbuf_addch(out, '\n');
	}
}

static void add_entry(struct strbuf *out, const struct exp_row *row,
		      const struct moment *now)
{
	const struct value *record = row->item->record;
	const char *cmd = value_get_text(record, "cmd");
	const char *why = value_get_text(record, "error");

	strbuf_addstr(out, _("experiment "));
	add_head(out, row);
	strbuf_addch(out, '\n');
	add_label(out, _("State:"));
	add_state(out, row);
	strbuf_addch(out, '\n');
	add_label(out, _("Date:"));
	exp_date_text(out, &row->item->created);
	strbuf_addstr(out, ", ");
	moment_format_relative(out, &row->item->created, now);
	strbuf_addch(out, '\n');
	add_author(out, record);
	add_code(out, record);
	add_needs(out, record);
	if (why) {
		add_label(out, _("Error:"));
		quote_terminal(out, why, strcspn(why, "\n"));
		strbuf_addch(out, '\n');
	}
	if (cmd) {
		strbuf_addstr(out, "\n    ");
		add_safe(out, cmd);
		strbuf_addch(out, '\n');
	}
}

static bool is_wanted(const struct log *log, const struct exp_item *item)
{
	if (log->has_since && moment_compare(&item->created, &log->since) < 0)
		return false;
	return !log->has_until ||
	       moment_compare(&item->created, &log->until) <= 0;
}

static void show_item(struct log *log, const struct exp_item *item)
{
	struct strbuf text = STRBUF_INIT;
	struct exp_row row;

	exp_row_init(&row, the_project, item, &log->now);
	if (log->rows.state) {
		rows_add(&log->rows, &row);
	} else {
		if (log->shown && !log->oneline)
			strbuf_addch(&text, '\n');
		if (log->oneline)
			add_oneline(&text, &row);
		else
			add_entry(&text, &row, &log->now);
		out_safe(&text);
	}
	if (item->problem) {
		warning("%s", item->problem);
		log->unreadable++;
	}
	log->shown++;
	exp_row_release(&row);
	strbuf_release(&text);
}

static int choose_one(const char *arg, void *data)
{
	struct strvec *names = data;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	int ret = exp_find(the_project, arg, &name, &err);

	if (ret)
		error("%s", err.buf);
	else
		strvec_push(names, name.buf);
	strbuf_release(&err);
	strbuf_release(&name);
	return ret;
}

static void parse_date(struct moment *m, bool *has, const char *text,
		       const struct moment *now, const struct option *options)
{
	*has = text != NULL;
	if (text && !moment_parse_loose(m, text, now))
		usage_with_options(usage, options, "'%s' is no date", text);
}

/* The names to show: those given, or all. Returns the exit status so far. */
static int choose(struct strvec *names, const char **argv)
{
	struct items counted = { 0 };
	struct strbuf err = STRBUF_INIT;
	int ret;

	if (*argv)
		ret = items_each(&counted, argv, NULL, '\n', choose_one,
				 names, &err);
	else
		ret = exp_list_names(the_project, names, &err);
	if (ret)
		die_code(ret, &err);
	strvec_sort(names, true);
	strbuf_release(&err);
	return items_status(&counted);
}

static int show_log(struct log *log, const char **argv)
{
	struct strvec names = STRVEC_INIT;
	struct exp_items items = EXP_ITEMS_INIT;
	int status = choose(&names, argv);
	size_t i;

	exp_load(&items, the_project, &names);
	exp_items_sort(&items);
	pager_start(settings_get_str("core.pager", NULL));
	for (i = items.nr; i && log->most; i--) {
		if (!is_wanted(log, &items.item[i - 1]))
			continue;
		show_item(log, &items.item[i - 1]);
		log->most -= log->most > 0;
	}
	exp_items_release(&items);
	strvec_release(&names);
	return !status && log->unreadable ? EXIT_PARTLY : status;
}

int cmd_log(int argc, const char **argv)
{
	struct log log = { .rows = { .fields = exp_fields }, .most = -1 };
	const char *since = NULL, *until = NULL;
	struct strbuf err = STRBUF_INIT;
	int status;
	const struct option options[] = {
		OPT_INTEGER('n', "max-count", &log.most, "N",
			    "only the N latest"),
		OPT_STRING(0, "since", &since, "DATE",
			   "only those made at DATE or later"),
		OPT_STRING(0, "until", &until, "DATE",
			   "only those made at DATE or before"),
		OPT_BOOL(0, "oneline", &log.oneline, "a line each"),
		OPT_ROWS(&log.rows),
		OPT_END_OF_TABLE
	};

	parse_options(argc, argv, options, usage, 0);
	log.now = moment_now();
	parse_date(&log.since, &log.has_since, since, &log.now, options);
	parse_date(&log.until, &log.has_until, until, &log.now, options);
	if ((log.rows.json || log.rows.format || log.rows.nul) &&
	    rows_begin(&log.rows, &err))
		usage_with_options(usage, options, "%s", err.buf);
	status = show_log(&log, argv);
	if (log.rows.state)
		rows_end(&log.rows);
	process_end_stdout();
	strbuf_release(&err);
	return status;
}
