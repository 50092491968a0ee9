/*
 * list: all experiments, here and in the store. The store is asked by a child
 * while the records here are read; what it holds is merged with them by name.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/remote-rows.h"
#include "builtin/settle-renames.h"

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/sheet/exp-fields.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-load.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "lib/exp/sheet/rows.h"

#include <pthread.h>

#define TIMEOUT_DEFAULT "3"
#define TIMEOUT_MAX 3600
#define MAX_FIELDS 40

static const char *const usage[] = {
	"list [-n N] [--state STATE]... [--since DATE] [--mine] [--offline] "
	"[--remote R] [--json | --format FORMAT] [-z]",
	NULL
};

struct filter {
	struct strvec states;
	bool has_since;
	struct moment since;
	int mine;
};

enum there { THERE_NO, THERE_YES, THERE_UNKNOWN };

/* More packs that cannot be read are counted. */
#define BAD_PACKS_TOLD 3

/* An experiment, wherever it is. */
struct entry {
	struct exp_item item;	/* lent from the items here, unless !local */
	bool local;
	enum there there;
};

struct entries {
	struct entry *entry;
	size_t nr;
};

/* What the getters of exp_fields get is the first member. */
struct list_row {
	struct exp_row row;
	const struct entry *entry;
};

struct store {
	const char *remote;
	unsigned seconds;
	struct remote_rows rows;
	bool known;		/* what it holds, by rows */
	int code;		/* of the question */
	struct strbuf err;
	pthread_t thread;
	bool has_thread;
};

static struct value *get_local(const void *row, void *data UNUSED)
{
	return value_new_bool(((const struct list_row *)row)->entry->local);
}

static void show_local(struct strbuf *out, const void *row, void *data UNUSED)
{
	strbuf_addstr(out, ((const struct list_row *)row)->entry->local ?
		      "  *" : "");
}

static struct value *get_remote(const void *row, void *data UNUSED)
{
	enum there there = ((const struct list_row *)row)->entry->there;

	return there == THERE_UNKNOWN ? NULL :
	       value_new_bool(there == THERE_YES);
}

static void show_remote(struct strbuf *out, const void *row, void *data UNUSED)
{
	static const char *const marks[] = { "", "  *", "  ?" };

	strbuf_addstr(out, marks[((const struct list_row *)row)->entry->there]);
}

/*
 * The columns of the table, then the fields that --json and templates have
 * besides. The comment stands in the name, so it needs no column.
 */
static void make_fields(struct row_field *fields)
{
	static const struct row_field here = {
		.name = "local", .help = "whether it is here",
		.get = get_local, .text = show_local
	}, there = {
		.name = "remote", .help = "whether the store has it",
		.get = get_remote, .text = show_remote
	};
	const struct row_field *f;
	size_t nr = 0;
	int hidden;

	fields[nr++] = here;
	fields[nr++] = there;
	for (hidden = 0; hidden < 2; hidden++) {
		for (f = exp_fields; f->name; f++) {
			bool is_user = !strcmp(f->name, "user");
			bool hide = !strcmp(f->name, "comment") ||
				    (f->hidden && !is_user);

			if (hide != (hidden == 1))
				continue;
			if (nr >= MAX_FIELDS - 1)
				BUG("more than %d fields", MAX_FIELDS);
			fields[nr] = *f;
			fields[nr++].hidden = hide;
		}
	}
}

static bool passes(const struct filter *filter, const struct exp_row *row)
{
	const char *user;
	size_t i;

	if (filter->has_since &&
	    moment_compare(&row->item->created, &filter->since) < 0)
		return false;
	if (filter->mine) {
		user = value_get_text(row->item->record, "user");
		if (!user || strcmp(user, record_user()))
			return false;
	}
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

static void row_init(struct exp_row *row, const struct entry *entry,
		     const struct moment *now)
{
	exp_row_init(row, the_project, &entry->item, now);
	if (!entry->local)
		remote_row_live(row, now);
}

/* Records that were to be listed and cannot be read. */
struct bad_entries {
	size_t here, there;
};

/* A store is others' as well, and one bad pack in it would make every list of
 * everybody fail; so that is said, and no failure. */
static void warn_of(const struct entry *entry, struct bad_entries *bad)
{
	if (entry->local)
		bad->here++;
	else
		bad->there++;
	if (entry->local || bad->there <= BAD_PACKS_TOLD)
		warning("%s", entry->item.problem);
}

/*
 * Prints the newest `most` rows (< 0: all) that pass, oldest first. Reading
 * the records in threads here costs less than a child that prints them.
 */
static int print_rows(const struct entries *entries,
		      const struct filter *filter, int most, struct rows *rows)
{
	const struct moment now = moment_now();
	size_t i, first = entries->nr;
	struct bad_entries bad = { 0 };
	struct list_row row;

	for (i = entries->nr; i && most; i--) {
		row_init(&row.row, &entries->entry[i - 1], &now);
		if (passes(filter, &row.row)) {
			first = i - 1;
			most -= most > 0;
		}
		exp_row_release(&row.row);
	}
	for (i = first; i < entries->nr; i++) {
		row.entry = &entries->entry[i];
		row_init(&row.row, row.entry, &now);
		if (passes(filter, &row.row)) {
			rows_add(rows, &row);
			if (row.entry->item.problem)
				warn_of(row.entry, &bad);
		}
		exp_row_release(&row.row);
	}
	if (bad.there > BAD_PACKS_TOLD)
		warning("and so it is with %zu more", bad.there -
			BAD_PACKS_TOLD);
	return bad.here ? EXIT_PARTLY : 0;
}

static unsigned read_timeout(void)
{
	const char *text = settings_get_str("list.timeout", TIMEOUT_DEFAULT);
	char *end;
	unsigned long seconds;

	errno = 0;
	seconds = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text < '0' || *text > '9' ||
	    seconds > TIMEOUT_MAX)
		die_status(EXIT_CONTENT, "'list.timeout' is '%s', and must be "
			   "a number of seconds, 0 to %d", text, TIMEOUT_MAX);
	return (unsigned)seconds;
}

static void *ask_thread(void *data)
{
	struct store *store = data;

	store->code = remote_rows_read(&store->rows, store->remote,
				       REMOTE_ROWS_LONG, store->seconds,
				       &store->err);
	return NULL;
}

static void start_asking(struct store *store)
{
	store->has_thread = !pthread_create(&store->thread, NULL, ask_thread,
					    store);
	if (!store->has_thread)
		ask_thread(store);
}

/* As it was when it was last asked. */
static void remember(struct store *store, const char *why)
{
	const struct moment now = moment_now();
	struct strbuf ignored = STRBUF_INIT, age = STRBUF_INIT;

	remote_rows_release(&store->rows);
	store->known = !remote_rows_read(&store->rows, store->remote,
					 REMOTE_ROWS_LONG | REMOTE_ROWS_CACHED,
					 store->seconds, &ignored);
	if (store->rows.has_seen)
		moment_format_relative(&age, &store->rows.seen, &now);
	if (why && !store->known)
		warning(_("%s; what it holds is not known"), why);
	else if (why)
		warning(_("%s; shown as seen %s"), why,
			age.len ? age.buf : _("last"));
	else if (!store->known)
		say(_("What '%s' holds is not known yet; 'resutil list' asks "
		      "it."), store->remote);
	else if (age.len)
		say(_("'%s' is shown as seen %s."), store->remote, age.buf);
	strbuf_release(&age);
	strbuf_release(&ignored);
}

/* 0, or the exit status: only a store that is away is no failure of ours. */
static int end_asking(struct store *store)
{
	if (store->has_thread)
		pthread_join(store->thread, NULL);
	if (!store->code) {
		store->known = true;
		return 0;
	}
	if (store->code == ERR_UNREACHABLE) {
		remember(store, store->err.buf);
		return 0;
	}
	remote_rows_release(&store->rows);
	error("%s", store->err.buf);
	return exit_status_of(store->code);
}

static void add_remote_only(struct entry *entry, const struct remote_row *row)
{
	const char *problem = value_get_text(row->fields, "problem");

	entry->item.name = xstrdup(row->name);
	entry->item.created = remote_row_created(row);
	if (problem && *problem)
		entry->item.problem = xstrfmt("'%s' in the store cannot be "
					      "read: %s; 'resutil fsck "
					      "--remote' looks at the store",
					      row->name, problem);
	else
		entry->item.record = remote_row_record(row);
	entry->there = THERE_YES;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *one = a, *two = b;
	int order = moment_compare(&one->item.created, &two->item.created);

	return order ? order : strcmp(one->item.name, two->item.name);
}

/* Both lists are by name. */
static void merge(struct entries *out, const struct exp_items *items,
		  const struct store *store)
{
	const size_t nr = store->known ? store->rows.nr : 0;
	size_t i = 0, j = 0;

	out->entry = xcalloc(items->nr + nr, sizeof(*out->entry));
	while (i < items->nr || j < nr) {
		struct entry *entry = &out->entry[out->nr++];
		int order = i == items->nr ? 1 : j == nr ? -1 :
			    strcmp(items->item[i].name,
				   store->rows.row[j].name);

		if (order > 0) {
			add_remote_only(entry, &store->rows.row[j++]);
			continue;
		}
		entry->item = items->item[i++];
		entry->local = true;
		entry->there = !store->known ? THERE_UNKNOWN :
			       order ? THERE_NO : THERE_YES;
		j += !order;
	}
	if (out->nr)
		qsort(out->entry, out->nr, sizeof(*out->entry),
		      compare_entries);
}

static void entries_release(struct entries *entries)
{
	size_t i;

	for (i = 0; i < entries->nr; i++) {
		if (entries->entry[i].local)
			continue;
		free(entries->entry[i].item.name);
		free(entries->entry[i].item.problem);
		value_free(entries->entry[i].item.record);
	}
	free(entries->entry);
}

static int list(struct store *store, bool offline, const struct filter *filter,
		int most, struct rows *rows)
{
	struct entries entries = { NULL, 0 };
	struct exp_items items = EXP_ITEMS_INIT;
	struct strvec names = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret, refused = 0;

	ret = exp_list_names(the_project, &names, &err);
	if (ret)
		die_code(ret, &err);
	if (!offline)
		start_asking(store);
	exp_load(&items, the_project, &names);
	if (offline)
		remember(store, NULL);
	else
		refused = end_asking(store);
	merge(&entries, &items, store);
	ret = print_rows(&entries, filter, most, rows);
	rows_end(rows);
	if (!entries.nr && !refused && isatty(STDOUT_FILENO))
		say(_("No experiments yet; 'resutil run -m COMMENT -- CMD...' "
		      "records one."));

	entries_release(&entries);
	exp_items_release(&items);
	strvec_release(&names);
	strbuf_release(&err);
	return refused ? refused : ret;
}

static void read_since(struct filter *filter, const char *since,
		       const struct option *options)
{
	const struct moment now = moment_now();

	filter->has_since = true;
	if (!moment_parse_loose(&filter->since, since, &now))
		usage_with_options(usage, options, "'%s' is no date", since);
}

int cmd_list(int argc, const char **argv)
{
	struct row_field fields[MAX_FIELDS] = { ROW_FIELD_END };
	struct filter filter = { .states = STRVEC_INIT };
	struct rows rows = { .fields = fields, .between = " | ",
			     .spare = "date user duration" };
	struct store store = {
		.remote = "origin", .rows = REMOTE_ROWS_INIT,
		.err = STRBUF_INIT
	};
	struct strbuf err = STRBUF_INIT;
	const char *since = NULL;
	int most = -1, offline = 0, ret;
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
		OPT_BOOL(0, "mine", &filter.mine, "only those of this user"),
		OPT_BOOL(0, "offline", &offline,
			 "ask no store, show what it held last time"),
		OPT_STRING(0, "remote", &store.remote, "R",
			   "the store to ask (default: origin)"),
		OPT_ROWS(&rows),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options,
				   "'%s' is too much; 'resutil show' shows one",
				   argv[0]);
	check_states(&filter.states, options);
	if (since)
		read_since(&filter, since, options);
	make_fields(fields);
	if (rows_begin(&rows, &err))
		usage_with_options(usage, options, "%s", err.buf);
	store.seconds = read_timeout();
	if (!offline)
		settle_renames(store.seconds);
	ret = list(&store, offline || !store.seconds, &filter, most, &rows);
	remote_rows_release(&store.rows);
	strbuf_release(&store.err);
	strvec_release(&filter.states);
	strbuf_release(&err);
	return ret;
}
