#include "lib/base/compat.h"
#include "lib/exp/sheet/exp-fields.h"
#include "lib/exp/record/name.h"

const char *const exp_state_words[] = {
	"added", "started", "running", "resumed", "done", "fail",
	"interrupted", "lost", "unattended", NULL
};

/* The moment at `path` of the record. */
static bool read_moment(const struct value *record, const char *path,
			struct moment *m)
{
	const char *text = value_get_text(record, path);

	return text && moment_parse(m, text);
}

static double find_duration(const struct exp_row *row,
			    const struct moment *now)
{
	const struct value *record = row->item->record;
	struct moment started, finished;
	double wall;

	if (value_get_float(record, "usage.wall", &wall) && wall >= 0)
		return wall;
	if (!read_moment(record, "at.started", &started))
		return -1;
	if (row->live == LIVE_RUNNING || row->live == LIVE_UNATTENDED ||
	    row->live == LIVE_ELSEWHERE)
		finished = *now;
	else if (!read_moment(record, "at.finished", &finished))
		return -1;
	return MAXIMUM(moment_diff(&finished, &started), 0);
}

void exp_row_init(struct exp_row *row, const struct project *p,
		  const struct exp_item *item, const struct moment *now)
{
	row->item = item;
	row->live = LIVE_FINAL;
	row->duration = -1;
	row->is_trial = false;
	strbuf_init(&row->state);
	if (!item->record) {
		strbuf_addch(&row->state, '?');
		return;
	}
	live_state_text(p, item->record, &row->state);
	row->live = live_state_of(p, item->record);
	row->duration = find_duration(row, now);
}

void exp_row_init_trial(struct exp_row *row, const char *dir,
			const struct exp_item *item, const struct moment *now)
{
	struct strbuf live = STRBUF_INIT;

	row->item = item;
	row->is_trial = true;
	strbuf_init(&row->state);
	strbuf_addf(&live, "%s/" TRIAL_LIVE_FILE, dir);
	live_state_text_at(live.buf, item->record, &row->state);
	row->live = live_state_at(live.buf, item->record);
	row->duration = find_duration(row, now);
	strbuf_release(&live);
}

void exp_row_release(struct exp_row *row)
{
	strbuf_release(&row->state);
}

const char *exp_row_comment(const struct exp_row *row)
{
	struct name_parts parts;

	return name_parse(&parts, row->item->name) ? parts.comment : NULL;
}

bool exp_row_has_state(const struct exp_row *row, const char *word)
{
	size_t len = strlen(word);

	if (!strcmp(word, "unattended"))
		return row->live == LIVE_UNATTENDED;
	return !strncmp(row->state.buf, word, len) &&
	       (!row->state.buf[len] || strchr(" ,", row->state.buf[len]));
}

void exp_date_text(struct strbuf *out, const struct moment *m)
{
	struct strbuf full = STRBUF_INIT;

	moment_format(&full, m);	/* 2024-07-04T19:15:55... */
	strbuf_add(out, full.buf, 10);
	strbuf_addch(out, ' ');
	strbuf_add(out, full.buf + 11, 5);
	strbuf_release(&full);
}

static const struct exp_row *as_row(const void *row)
{
	return row;
}

static struct value *get_name(const void *row, void *data UNUSED)
{
	return value_new_str(as_row(row)->item->name);
}

static struct value *get_date(const void *row, void *data UNUSED)
{
	struct strbuf text = STRBUF_INIT;
	struct value *value;

	moment_format(&text, &as_row(row)->item->created);
	value = value_new_str(text.buf);
	strbuf_release(&text);
	return value;
}

static void show_date(struct strbuf *out, const void *row, void *data UNUSED)
{
	exp_date_text(out, &as_row(row)->item->created);
}

static struct value *get_state(const void *row, void *data UNUSED)
{
	return value_new_str(as_row(row)->state.buf);
}

static struct value *get_duration(const void *row, void *data UNUSED)
{
	double duration = as_row(row)->duration;

	return duration < 0 ? NULL : value_new_float(duration);
}

static void show_duration(struct strbuf *out, const void *row,
			  void *data UNUSED)
{
	if (as_row(row)->duration >= 0)
		duration_format(out, as_row(row)->duration);
}

static struct value *get_comment(const void *row, void *data UNUSED)
{
	return value_new_str(exp_row_comment(row));
}

static struct value *get_from_record(const void *row, const char *path)
{
	const struct value *value = value_get(as_row(row)->item->record, path);

	return value ? value_copy(value) : NULL;
}

#define RECORD_GETTER(id, path)                                               \
	static struct value *get_##id(const void *row, void *data UNUSED)     \
	{                                                                     \
		return get_from_record(row, path);                            \
	}

RECORD_GETTER(id, "id")
RECORD_GETTER(revision, "revision")
RECORD_GETTER(cmd, "cmd")
RECORD_GETTER(argv, "argv")
RECORD_GETTER(cwd, "cwd")
RECORD_GETTER(params, "params")
RECORD_GETTER(dependency, "dependency")
RECORD_GETTER(commit, "git.commit_hash")
RECORD_GETTER(branch, "git.branch")
RECORD_GETTER(exit_code, "exit_code")
RECORD_GETTER(signal, "signal")
RECORD_GETTER(started, "at.started")
RECORD_GETTER(finished, "at.finished")
RECORD_GETTER(host, "host")
RECORD_GETTER(user, "user")
RECORD_GETTER(tags, "tags")
RECORD_GETTER(dependency_ids, "dependency_ids")
RECORD_GETTER(inputs, "inputs")
RECORD_GETTER(git, "git")
RECORD_GETTER(meta, "meta")
RECORD_GETTER(at, "at")
RECORD_GETTER(usage, "usage")
RECORD_GETTER(info, "info")
RECORD_GETTER(result, "result")
RECORD_GETTER(error, "error")
RECORD_GETTER(redacted, "redacted")
RECORD_GETTER(executor, "executor")
RECORD_GETTER(hook, "hook")
RECORD_GETTER(rerun_of, "rerun_of")
RECORD_GETTER(renamed_from, "renamed_from")
RECORD_GETTER(sweep, "sweep")

#define HIDDEN(id, text) \
	{ .name = #id, .help = (text), .get = get_##id, .hidden = true }

#define COMMON_FIELDS                                                         \
	{ .name = "name", .help = "the experiment's name", .get = get_name }, \
	{ .name = "date", .help = "when it was made", .get = get_date,        \
	  .text = show_date },                                                \
	{ .name = "state", .help = "what became of it", .get = get_state },   \
	{ .name = "duration", .help = "how long it took, in seconds",         \
	  .right = true, .get = get_duration, .text = show_duration },        \
	{ .name = "comment", .help = "the comment in the name",               \
	  .get = get_comment },                                               \
	HIDDEN(id, "which run it is"),                                        \
	HIDDEN(revision, "how often the record was written"),                 \
	HIDDEN(cmd, "the command, quoted for a shell"),                       \
	HIDDEN(argv, "the words of the command"),                             \
	HIDDEN(cwd, "where it ran"),                                          \
	HIDDEN(params, "its parameters"),                                     \
	HIDDEN(dependency, "the experiments that it read"),                   \
	HIDDEN(commit, "the commit that the code was at"),                    \
	HIDDEN(branch, "the branch that the code was on"),                    \
	HIDDEN(exit_code, "the exit status of the program"),                  \
	HIDDEN(signal, "the signal that ended it"),                           \
	HIDDEN(started, "when the program was started"),                      \
	HIDDEN(finished, "when it ended"),                                    \
	HIDDEN(host, "the machine"),                                          \
	HIDDEN(user, "who ran it"),                                           \
	HIDDEN(tags, "its tags")

const struct row_field exp_fields[] = {
	COMMON_FIELDS,
	ROW_FIELD_END
};

const struct row_field exp_record_fields[] = {
	COMMON_FIELDS,
	HIDDEN(dependency_ids, "the ids of those experiments"),
	HIDDEN(inputs, "the files of other experiments that it was given"),
	HIDDEN(git, "the state of the code"),
	HIDDEN(meta, "machine and process"),
	HIDDEN(at, "moments of its life"),
	HIDDEN(usage, "time and memory"),
	HIDDEN(info, "what the program told"),
	HIDDEN(result, "what the program returned"),
	HIDDEN(error, "why it failed"),
	HIDDEN(redacted, "what was taken out of it"),
	HIDDEN(executor, "what started it"),
	HIDDEN(hook, "the event of git that it was run for"),
	HIDDEN(rerun_of, "the experiment that it repeats"),
	HIDDEN(renamed_from, "the name that it had"),
	HIDDEN(sweep, "the sweep that it belongs to"),
	ROW_FIELD_END
};
