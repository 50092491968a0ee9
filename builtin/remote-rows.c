#include "lib/base/compat.h"
#include "command.h"
#include "builtin/remote-rows.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/exp/sheet/exp-fields.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/tags.h"
#include "lib/wrap/json.h"

#define ROWS_MAX_BYTES (512u << 20)
/* The child gives up by itself; this is for one that cannot. */
#define GRACE_MSEC 1000

const char *last_words(struct strbuf *said)
{
	static const char prefix[] = "resutil: ";
	char *line = said->buf, *last = said->buf, *nl;

	strbuf_trim(said);
	for (; line; line = nl ? nl + 1 : NULL) {
		nl = strchr(line, '\n');
		if (!strncmp(line, prefix, strlen(prefix)))
			last = line;
	}
	/* What follows is usage, or candidates: the sentence is enough. */
	nl = strchr(last, '\n');
	if (nl)
		strbuf_setlen(said, (size_t)(nl - said->buf));
	return strncmp(last, prefix, strlen(prefix)) ? last :
						       last + strlen(prefix);
}

static void add_row(struct remote_rows *rows, struct value *fields)
{
	const char *name = value_get_text(fields, "name");
	const char *seen = value_get_text(fields, "seen");
	struct remote_row *row;

	/* Its names were checked; what becomes a path is checked again. */
	if (!name || !name_is_valid(name) ||
	    (rows->nr && strcmp(rows->row[rows->nr - 1].name, name) >= 0)) {
		value_free(fields);
		return;
	}
	if (!rows->has_seen && seen)
		rows->has_seen = moment_parse(&rows->seen, seen);
	ARRAY_GROW(rows->row, rows->nr + 1, rows->alloc);
	row = &rows->row[rows->nr++];
	row->name = xstrdup(name);
	row->fields = fields;
}

static int parse_rows(struct remote_rows *rows, const struct strbuf *text,
		      struct strbuf *err)
{
	const char *line = text->buf, *end = text->buf + text->len, *nl;

	for (; line < end; line = nl + 1) {
		struct value *fields = NULL;
		int ret;

		nl = memchr(line, '\n', (size_t)(end - line));
		if (!nl)
			return fail(err, ERR_CONTENT,
				    "'list-remote' ended within a line");
		ret = json_parse(&fields, line, (size_t)(nl - line),
				 "list-remote", err);
		if (ret)
			return ret;
		add_row(rows, fields);
	}
	return 0;
}

int remote_rows_read(struct remote_rows *out, const char *remote,
		     unsigned flags, unsigned seconds, struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf text = STRBUF_INIT, said = STRBUF_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret;

	child.resutil_cmd = 1;
	strvec_pushl(&child.args, "list-remote", "--json", NULL);
	if (remote)
		strvec_pushf(&child.args, "--remote=%s", remote);
	if (flags & REMOTE_ROWS_LONG)
		strvec_push(&child.args, "--long");
	if (flags & REMOTE_ROWS_CACHED)
		strvec_push(&child.args, "--cached");
	else if (seconds)
		strvec_pushf(&child.args, "--timeout=%u", seconds);
	child.limit = seconds ? seconds * 1000 + GRACE_MSEC : 0;
	ret = pipe_command(&child, NULL, 0, &text, &said, ROWS_MAX_BYTES,
			   &why);
	if (!ret) {
		ret = parse_rows(out, &text, err);
	} else if (ret == ERR_TRANSIENT) {
		ret = fail(err, ERR_UNREACHABLE, "'%s' did not answer within "
			   "%u s", remote ? remote : "origin", seconds);
	} else if (ret > 0) {
		ret = error_of_exit_status(ret);
		strbuf_addstr(err, last_words(&said));
		if (!said.len)
			strbuf_addstr(err, "'list-remote' failed");
	} else {
		strbuf_addbuf(err, &why);
	}
	strbuf_release(&why);
	strbuf_release(&said);
	strbuf_release(&text);
	return ret;
}

void remote_rows_release(struct remote_rows *rows)
{
	const struct remote_rows blank = REMOTE_ROWS_INIT;
	size_t i;

	for (i = 0; i < rows->nr; i++) {
		free(rows->row[i].name);
		value_free(rows->row[i].fields);
	}
	free(rows->row);
	*rows = blank;
}

static int compare_name(const void *name, const void *row)
{
	return strcmp(name, ((const struct remote_row *)row)->name);
}

const struct remote_row *remote_rows_find(const struct remote_rows *rows,
					  const char *name)
{
	return rows->nr ? bsearch(name, rows->row, rows->nr,
				  sizeof(*rows->row), compare_name) : NULL;
}

struct moment remote_row_created(const struct remote_row *row)
{
	const char *created = value_get_text(row->fields, "created");
	struct moment m;

	return created && moment_parse(&m, created) ? m :
						      name_moment(row->name);
}

struct value *remote_row_record(const struct remote_row *row)
{
	static const char *const pairs[][2] = {
		{ "id", "id" }, { "revision", "revision" },
		{ "created", "at.created" }, { "started", "at.started" },
		{ "finished", "at.finished" }, { "state", "state" },
		{ "host", "host" }, { "user", "user" },
	};
	struct value *record = value_new_map();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		const struct value *v = value_map_get(row->fields, pairs[i][0]);

		if (v && v->type != VALUE_NULL)
			value_set(record, pairs[i][1], value_copy(v));
	}
	return record;
}

struct dated {
	const char *name;
	struct moment created;
};

static int compare_dated(const void *a, const void *b)
{
	const struct dated *one = a, *two = b;
	int order = moment_compare(&one->created, &two->created);

	return order ? order : strcmp(one->name, two->name);
}

static int choose_latest(const struct remote_rows *rows, const char *remote,
			 size_t back, struct strbuf *name, struct strbuf *err)
{
	struct dated *list;
	size_t i;

	if (back >= rows->nr)
		return fail(err, ERR_NOT_FOUND, "there %s %zu experiment%s in "
			    "'%s'", rows->nr == 1 ? "is" : "are", rows->nr,
			    rows->nr == 1 ? "" : "s", remote);
	list = xcalloc(rows->nr, sizeof(*list));
	for (i = 0; i < rows->nr; i++) {
		list[i].name = rows->row[i].name;
		list[i].created = remote_row_created(&rows->row[i]);
	}
	qsort(list, rows->nr, sizeof(*list), compare_dated);
	strbuf_addstr(name, list[rows->nr - 1 - back].name);
	free(list);
	return 0;
}

int remote_rows_choose(const struct remote_rows *rows, const char *remote,
		       const char *arg, struct strbuf *name,
		       struct strbuf *err)
{
	struct strvec names = STRVEC_INIT, tagged = STRVEC_INIT;
	struct strbuf where = STRBUF_INIT;
	size_t back, i;
	int ret;

	if (remote_rows_find(rows, arg)) {
		strbuf_addstr(name, arg);
		return 0;
	}
	if (exp_parse_latest(arg, &back))
		return choose_latest(rows, remote, back, name, err);
	for (i = 0; i < rows->nr; i++) {
		const struct remote_row *row = &rows->row[i];

		strvec_push(&names, row->name);
		if (tags_have(value_map_get(row->fields, "tags"), arg))
			strvec_push(&tagged, row->name);
	}
	strbuf_addf(&where, _("in '%s'"), remote);
	ret = tag_choose(&tagged, arg, where.buf, name, err);
	if (ret == ERR_NOT_FOUND)
		ret = exp_find_among(&names, arg, where.buf, name, err);
	strvec_release(&tagged);
	strbuf_release(&where);
	strvec_release(&names);
	return ret;
}

void remote_row_live(struct exp_row *row, const struct moment *now)
{
	const struct value *record = row->item->record;
	const char *host = value_get_text(record, "host");
	const char *started = value_get_text(record, "at.started");
	struct moment begin;

	if (row->live == LIVE_FINAL || row->live == LIVE_ELSEWHERE)
		return;
	row->live = LIVE_ELSEWHERE;
	strbuf_reset(&row->state);
	strbuf_addf(&row->state, "running%s%s", host ? " on " : "",
		    host ? host : "");
	row->duration = -1;
	if (started && moment_parse(&begin, started))
		row->duration = MAXIMUM(moment_diff(now, &begin), 0);
}
