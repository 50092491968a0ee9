#include "lib/base/compat.h"
#include "builtin/exp-page.h"
#include "builtin/store-exp.h"

#include "lib/base/alloc.h"
#include "lib/base/quote.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-file.h"

#define LABEL_WIDTH 13
#define SHOWN_FILES 20
#define SHOWN_CHANGES 10

/* In columns of a terminal, of which a character may take two. */
static void add_label(struct strbuf *out, const char *label)
{
	const char *text = _(label);
	size_t has = utf8_width(text, strlen(text));

	strbuf_addstr(out, text);
	for (; has < LABEL_WIDTH; has++)
		strbuf_addch(out, ' ');
}

/* One line; the label is left out where it would come again. */
static void add_line(struct strbuf *out, const char *label, const char *text,
		     size_t len)
{
	add_label(out, label);
	quote_terminal(out, text, len);
	strbuf_addch(out, '\n');
}

static void add_text(struct strbuf *out, const char *label, const char *text)
{
	add_line(out, label, text, strlen(text));
}

/* Text of several lines keeps them. */
static void add_lines(struct strbuf *out, const char *label, const char *text,
		      size_t len)
{
	const char *end = text + len;

	while (end > text && end[-1] == '\n')
		end--;
	do {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;

		add_line(out, label, text, (size_t)(stop - text));
		label = "";
		text = nl ? nl + 1 : NULL;
	} while (text);
}

static void add_value(struct strbuf *out, const char *label,
		      const struct value *value)
{
	struct strbuf text = STRBUF_INIT;

	if (value && value->type != VALUE_NULL) {
		value_format(&text, value);
		add_lines(out, label, text.buf, text.len);
	}
	strbuf_release(&text);
}

static void add_key(struct strbuf *out, const char *label,
		    const struct exp_row *row, const char *path)
{
	add_value(out, label, value_get(row->item->record, path));
}

/* A map, an item a line: "  key = value". */
static void add_map(struct strbuf *out, const char *label,
		    const struct value *map)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;

	if (!map || map->type != VALUE_MAP) {
		add_value(out, label, map);
		return;
	}
	for (i = 0; i < map->u.map.nr; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];

		strbuf_reset(&text);
		strbuf_addf(&text, "%s = ", pair->key);
		value_format(&text, pair->value);
		add_line(out, i ? "" : label, text.buf, text.len);
	}
	strbuf_release(&text);
}

static void add_list(struct strbuf *out, const char *label,
		     const struct value *list)
{
	size_t i;

	if (!list || list->type != VALUE_LIST) {
		add_value(out, label, list);
		return;
	}
	for (i = 0; i < list->u.list.nr; i++)
		add_value(out, i ? "" : label, list->u.list.item[i]);
}

void exp_page_state(struct strbuf *out, const struct exp_row *row)
{
	const struct value *record = row->item->record;
	const char *signal_text = value_get_text(record, "signal");
	int64_t code;

	strbuf_addbuf(out, &row->state);
	if (signal_text)
		strbuf_addf(out, ", %s", signal_text);
	else if (value_get_int(record, "exit_code", &code) && code)
		strbuf_addf(out, _(", exit status %d"), (int)code);
}

enum color exp_page_color(const struct exp_row *row)
{
	if (exp_row_has_state(row, "done") || exp_row_has_state(row, "added"))
		return COLOR_GREEN;
	if (row->live == LIVE_RUNNING)
		return COLOR_CYAN;
	if (row->live == LIVE_UNATTENDED || row->live == LIVE_ELSEWHERE)
		return COLOR_YELLOW;
	return COLOR_RED;
}

static void add_state(struct strbuf *out, const struct exp_row *row)
{
	struct strbuf text = STRBUF_INIT, safe = STRBUF_INIT;

	exp_page_state(&text, row);
	quote_terminal(&safe, text.buf, text.len);
	add_label(out, N_("state:"));
	strbuf_addf(out, "%s%s%s\n",
		    color_on(STDOUT_FILENO, exp_page_color(row)), safe.buf,
		    color_off(STDOUT_FILENO));
	strbuf_release(&safe);
	strbuf_release(&text);
}

static void add_times(struct strbuf *out, const struct exp_row *row,
		      const struct moment *now)
{
	const struct moment *created = &row->item->created;
	struct strbuf text = STRBUF_INIT;
	const struct value *usage = value_get(row->item->record, "usage");
	int64_t rss;
	double user, sys;

	/* An experiment's name says when, if its record does not. */
	if (created->sec || !row->is_trial) {
		exp_date_text(&text, created);
		strbuf_addstr(&text, ", ");
		moment_format_relative(&text, created, now);
		add_text(out, N_("date:"), text.buf);
	}
	add_key(out, N_("started:"), row, "at.started");
	add_key(out, N_("resumed:"), row, "at.resumed");
	add_key(out, N_("finished:"), row, "at.finished");
	strbuf_reset(&text);
	if (row->duration >= 0) {
		duration_format(&text, row->duration);
		if (value_get_float(usage, "user", &user) &&
		    value_get_float(usage, "sys", &sys))
			strbuf_addf(&text, _(" (user %.2f s, system %.2f s)"),
				    user, sys);
		add_text(out, N_("duration:"), text.buf);
	}
	strbuf_reset(&text);
	if (value_get_int(usage, "max_rss", &rss) && rss >= 0) {
		size_format(&text, (uint64_t)rss);
		add_text(out, N_("memory:"), text.buf);
	}
	strbuf_release(&text);
}

static void add_machine(struct strbuf *out, const struct value *record)
{
	static const char *const keys[] = {
		"meta.system.os", "meta.system.platform", "meta.cpu.model"
	};
	const char *user = value_get_text(record, "user");
	const char *host = value_get_text(record, "host");
	struct strbuf text = STRBUF_INIT;
	int64_t number;
	size_t i;

	if (user && host)
		strbuf_addf(&text, _("%s on %s"), user, host);
	else if (user || host)
		strbuf_addstr(&text, user ? user : host);
	if (text.len)
		add_text(out, N_("recorded by:"), text.buf);
	strbuf_reset(&text);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *part = value_get_text(record, keys[i]);

		/* The platform says less well what the system's name says. */
		if (part && !(i == 1 && text.len))
			strbuf_addf(&text, "%s%s", text.len ? ", " : "", part);
	}
	if (value_get_int(record, "meta.cpu.logical", &number))
		strbuf_addf(&text, PL_("%s%d processor", "%s%d processors",
				       (uint64_t)number),
			    text.len ? ", " : "", (int)number);
	if (value_get_int(record, "meta.cpu.memory", &number) && number > 0) {
		strbuf_addstr(&text, text.len ? ", " : "");
		size_format(&text, (uint64_t)number);
	}
	if (text.len)
		add_text(out, N_("machine:"), text.buf);
	strbuf_release(&text);
}

/* "3.11.2, /home/ann/venv, 65 packages" */
static void add_python(struct strbuf *out, const struct value *record)
{
	static const char *const keys[] = {
		"meta.python.version", "meta.python.venv", "meta.python.conda"
	};
	const struct value *packages = value_get(record, "meta.packages");
	struct strbuf text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *part = value_get_text(record, keys[i]);

		if (part)
			strbuf_addf(&text, "%s%s%s", text.len ? ", " : "",
				    i == 2 ? "conda " : "", part);
	}
	if (packages && packages->type == VALUE_LIST)
		strbuf_addf(&text, PL_("%s%zu package", "%s%zu packages",
				       packages->u.list.nr),
			    text.len ? ", " : "", packages->u.list.nr);
	if (text.len)
		add_text(out, N_("python:"), text.buf);
	strbuf_release(&text);
}

static void add_gpu(struct strbuf *out, const struct value *record)
{
	const struct value *list = value_get(record, "meta.gpu.devices");
	const char *name = value_get_text(record, "meta.gpu.devices.0.name");
	struct strbuf text = STRBUF_INIT;

	if (list && list->type == VALUE_LIST && list->u.list.nr && name) {
		if (list->u.list.nr > 1)
			strbuf_addf(&text, "%zu x ", list->u.list.nr);
		strbuf_addstr(&text, name);
		add_text(out, N_("gpu:"), text.buf);
	}
	strbuf_release(&text);
}

/* Of a cluster: who looks for its logs there needs these. */
static void add_job(struct strbuf *out, const struct value *record)
{
	const struct value *id = value_get(record, "meta.slurm.job_id");
	const char *pod = value_get_text(record, "meta.kubernetes.pod");
	const char *space = value_get_text(record, "meta.kubernetes.namespace");
	struct strbuf text = STRBUF_INIT;

	if (id) {
		strbuf_addstr(&text, "Slurm ");
		value_format(&text, id);
	} else if (pod) {
		strbuf_addf(&text, "Kubernetes %s%s%s", space ? space : "",
			    space ? "/" : "", pod);
	}
	if (text.len)
		add_text(out, N_("job:"), text.buf);
	strbuf_release(&text);
}

/* "3 changed files kept in uncommited_files/" and their names. */
static void add_changes(struct strbuf *out, const struct value *git)
{
	const struct value *files = value_get(git, "uncommited_files");
	const struct value *left = value_get(git, "left_out");
	struct strbuf text = STRBUF_INIT;
	size_t i, nr;

	nr = files && files->type == VALUE_LIST ? files->u.list.nr : 0;
	if (nr)
		strbuf_addf(&text, PL_("%zu changed file:",
				       "%zu changed files:", nr), nr);
	for (i = 0; i < nr && i < SHOWN_CHANGES; i++) {
		strbuf_addstr(&text, i ? ", " : " ");
		value_format(&text, files->u.list.item[i]);
	}
	if (i < nr)
		strbuf_addf(&text, _(" and %zu more"), nr - i);
	if (nr)
		add_text(out, "", text.buf);
	nr = left && left->type == VALUE_LIST ? left->u.list.nr : 0;
	for (i = 0; i < nr; i++) {
		const struct value *item = left->u.list.item[i];
		const char *reason = value_get_text(item, "reason");
		int64_t size;

		strbuf_reset(&text);
		strbuf_addstr(&text, _("left out: "));
		value_format(&text, value_get(item, "path"));
		strbuf_addf(&text, " (%s", reason ? reason :
						    _("no reason given"));
		if (value_get_int(item, "size", &size) && size >= 0) {
			strbuf_addstr(&text, ", ");
			size_format(&text, (uint64_t)size);
		}
		strbuf_addch(&text, ')');
		add_line(out, "", text.buf, text.len);
	}
	add_value(out, "", value_get(git, "error"));
	strbuf_release(&text);
}

static void add_code(struct strbuf *out, const struct value *git)
{
	const char *commit = value_get_text(git, "commit_hash");
	const char *branch = value_get_text(git, "branch");
	const char *describe = value_get_text(git, "describe");
	const char *remote = value_get_text(git, "remote");
	struct strbuf text = STRBUF_INIT;

	if (!git || git->type != VALUE_MAP)
		return;
	strbuf_addstr(&text, commit ? commit : _("no commit"));
	if (branch)
		strbuf_addf(&text, _(" on %s"), branch);
	if (describe && commit && strncmp(describe, commit, 7))
		strbuf_addf(&text, " (%s)", describe);
	if (remote)
		strbuf_addf(&text, _(" of %s"), remote);
	add_text(out, N_("code:"), text.buf);
	add_changes(out, git);
	strbuf_release(&text);
}

static void add_inputs(struct strbuf *out, const struct value *inputs)
{
	struct strbuf text = STRBUF_INIT;
	const char *label = N_("inputs:");
	size_t i;

	if (!inputs || inputs->type != VALUE_LIST)
		return;
	for (i = 0; i < inputs->u.list.nr; i++) {
		const struct value *item = inputs->u.list.item[i];
		const char *path = value_get_text(item, "path");
		int64_t size;

		if (!path || !*path)
			continue;	/* dependencies name it already */
		strbuf_reset(&text);
		value_format(&text, value_get(item, "experiment"));
		strbuf_addf(&text, "/%s", path);
		if (value_get_int(item, "size", &size) && size >= 0) {
			strbuf_addstr(&text, " (");
			size_format(&text, (uint64_t)size);
			strbuf_addch(&text, ')');
		}
		add_text(out, label, text.buf);
		label = "";
	}
	strbuf_release(&text);
}

/* What the disk had no room for; the program went on. */
static void add_lost_output(struct strbuf *out, const struct value *list)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;

	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr;
	     i++) {
		const struct value *item = list->u.list.item[i];
		const char *path = value_get_text(item, "path");
		const char *why = value_get_text(item, "error");
		int64_t bytes = 0;

		value_get_int(item, "bytes", &bytes);
		strbuf_reset(&text);
		strbuf_addf(&text, _("the end of %s, "),
			    path ? path : _("a log"));
		size_format(&text, (uint64_t)MAXIMUM(bytes, 0));
		if (why)
			strbuf_addf(&text, ": %s", why);
		add_text(out, i ? "" : N_("lost:"), text.buf);
	}
	strbuf_release(&text);
}

/* What lies at the top of an experiment, by name; directories as sums. */
struct tops {
	struct top {
		char *name;	/* that of a directory ends in '/' */
		struct exp_usage usage;
	} *top;
	size_t nr, alloc;
};

static struct exp_usage *add_top(struct tops *tops, const char *name,
				 size_t len)
{
	struct top *top;

	ARRAY_GROW(tops->top, tops->nr + 1, tops->alloc);
	top = &tops->top[tops->nr++];
	top->name = xmemdupz(name, len);
	top->usage = (struct exp_usage){ 0, 0 };
	return &top->usage;
}

static void tops_release(struct tops *tops)
{
	size_t i;

	for (i = 0; i < tops->nr; i++)
		free(tops->top[i].name);
	free(tops->top);
}

static void add_tops(struct strbuf *out, const struct tops *tops)
{
	struct exp_usage total = { 0, 0 };
	struct strbuf lines = STRBUF_INIT, text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < tops->nr; i++) {
		const struct exp_usage *usage = &tops->top[i].usage;
		const char *name = tops->top[i].name;

		total.files += usage->files;
		total.bytes += usage->bytes;
		if (i >= SHOWN_FILES)
			continue;
		strbuf_reset(&text);
		size_format(&text, usage->bytes);
		strbuf_addf(&lines, "%*s  ", LABEL_WIDTH + 10, text.buf);
		quote_terminal(&lines, name, strlen(name));
		if (name[strlen(name) - 1] == '/')
			strbuf_addf(&lines, PL_("  %zu file", "  %zu files",
						usage->files),
				    (size_t)usage->files);
		strbuf_addch(&lines, '\n');
	}
	if (tops->nr > SHOWN_FILES)
		strbuf_addf(&lines, _("%*s  and %zu more\n"), LABEL_WIDTH + 10,
			    "", tops->nr - SHOWN_FILES);
	strbuf_reset(&text);
	strbuf_addf(&text, "%" PRIu64 ", ", total.files);
	size_format(&text, total.bytes);
	add_text(out, N_("files:"), text.buf);
	strbuf_addbuf(out, &lines);
	strbuf_release(&text);
	strbuf_release(&lines);
}

static void add_files(struct strbuf *out, const char *dir)
{
	struct strvec names = STRVEC_INIT;
	struct tops tops = { NULL, 0, 0 };
	int fd, list_fd = -1;
	size_t i;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		list_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (list_fd < 0 || exp_file_list(&names, list_fd, NULL)) {
		add_text(out, N_("files:"), _("cannot be read"));
		goto cleanup;
	}
	for (i = 0; i < names.nr; i++)
		exp_file_usage(add_top(&tops, names.v[i], strlen(names.v[i])),
			       fd, names.v[i]);
	add_tops(out, &tops);

cleanup:
	if (fd >= 0)
		close(fd);
	tops_release(&tops);
	strvec_release(&names);
}

static int compare_tops(const void *a, const void *b)
{
	return strcmp(((const struct top *)a)->name,
		      ((const struct top *)b)->name);
}

/* Entries of one directory need not be neighbours: sorted, then summed. */
static void sum_tops(struct tops *tops)
{
	size_t i, nr = 0;

	if (tops->nr)
		qsort(tops->top, tops->nr, sizeof(*tops->top), compare_tops);
	for (i = 0; i < tops->nr; i++) {
		struct top *one = &tops->top[i];

		if (nr && !strcmp(tops->top[nr - 1].name, one->name)) {
			tops->top[nr - 1].usage.files += one->usage.files;
			tops->top[nr - 1].usage.bytes += one->usage.bytes;
			free(one->name);
		} else {
			tops->top[nr++] = *one;
		}
	}
	tops->nr = nr;
}

void exp_page_stored(struct strbuf *out, const char *remote,
		     const struct strbuf *listing)
{
	const char *at = listing->buf, *end = at + listing->len, *path;
	struct tops tops = { NULL, 0, 0 };
	uint64_t size;
	unsigned mode;

	add_text(out, N_("only in:"), remote);
	while ((at = store_exp_next(at, end, &mode, &size, &path))) {
		size_t len = strcspn(path, "/");
		struct exp_usage *usage;

		usage = add_top(&tops, path, len + (path[len] == '/'));
		usage->files += !S_ISDIR(mode);
		usage->bytes += S_ISREG(mode) ? size : 0;
	}
	sum_tops(&tops);
	add_tops(out, &tops);
	tops_release(&tops);
}

void exp_page(struct strbuf *out, const struct exp_row *row, const char *dir,
	      const struct moment *now)
{
	const struct value *record = row->item->record;

	strbuf_addstr(out, color_on(STDOUT_FILENO, COLOR_YELLOW));
	strbuf_addstr(out, row->is_trial ? _("trial ") : _("experiment "));
	quote_terminal(out, row->item->name, strlen(row->item->name));
	strbuf_addf(out, "%s\n", color_off(STDOUT_FILENO));
	add_state(out, row);
	add_key(out, N_("error:"), row, "error");
	add_lost_output(out, value_get(record, "lost_output"));
	add_key(out, N_("id:"), row, "id");
	add_key(out, N_("command:"), row, "cmd");
	add_key(out, N_("in:"), row, "cwd");
	add_times(out, row, now);
	add_machine(out, record);
	add_gpu(out, record);
	add_python(out, record);
	add_job(out, record);
	add_code(out, value_get(record, "git"));
	if (row->is_trial)	/* of experiments, the command says it */
		add_key(out, N_("function:"), row, "function");
	add_map(out, N_("parameters:"), value_get(record, "params"));
	add_list(out, N_("depends on:"), value_get(record, "dependency"));
	add_inputs(out, value_get(record, "inputs"));
	add_list(out, N_("tags:"), value_get(record, "tags"));
	add_map(out, N_("info:"), value_get(record, "info"));
	add_map(out, N_("result:"), value_get(record, "result"));
	add_key(out, N_("repeats:"), row, "rerun_of");
	add_list(out, N_("once named:"), value_get(record, "renamed_from"));
	if (dir)
		add_files(out, dir);
}
