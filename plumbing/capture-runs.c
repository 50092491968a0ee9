/*
 * capture-runs: what other programs have recorded below a directory since it
 * was listed, into an experiment. `run --capture` is these two calls.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/import/importing.h"

#define BEFORE_MAX (256u << 20)

static const char *const usage[] = {
	"capture-runs --list [--format=FORMAT]... [-z] DIR",
	"capture-runs --exp=EXP [--before=FILE] [--format=FORMAT]... DIR",
	NULL
};

struct capturing {
	int list, nul;
	const char *exp, *before;
	struct strvec formats;
	struct strbuf name, dir;
	struct strbuf text;		/* of `before`, cut into lines */
	struct strmap known;
	size_t nr;			/* captured */
	struct items items;
};

/* FORMAT TAB SIGN TAB ID: the line that says which run it is, as it is. */
static void add_line(struct strbuf *out, const struct import_format *format,
		     const struct import_entry *e, bool quoted)
{
	strbuf_addf(out, "%s\t%s\t", format->name, e->sign);
	if (quoted)
		quote_c(out, e->id, strlen(e->id));
	else
		strbuf_addstr(out, e->id);
}

static int read_before(struct capturing *c, struct strbuf *err)
{
	char *at, *end;
	int ret;

	if (!c->before)
		return 0;
	if (strcmp(c->before, "-"))
		ret = read_file_or_pipe(&c->text, c->before, BEFORE_MAX, err);
	else
		ret = strbuf_read_fd(&c->text, 0, BEFORE_MAX) ?
		      fail_errno(err, "cannot read standard input") : 0;
	if (ret)
		return ret;
	/* each record ends with NUL, as --list -z has them */
	for (at = c->text.buf; at < c->text.buf + c->text.len; at = end + 1) {
		end = at + strlen(at);
		strmap_put(&c->known, at, c);
	}
	return 0;
}

static int capture(struct capturing *c, const struct import_format *format,
		   const struct import_entry *e)
{
	struct strvec problems = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	size_t i;
	int ret;

	ret = import_capture(&problems, the_project, c->name.buf, format, e,
			     c->nr, &err);
	for (i = 0; i < problems.nr; i++)
		warning("'%s': %s", e->dir, problems.v[i]);
	if (ret) {
		error("cannot capture '%s': %s", e->dir, err.buf);
	} else {
		c->nr++;
		strbuf_reset(&err);
		add_line(&err, format, e, true);
		out_printf("%s\n", err.buf);
	}
	strbuf_release(&err);
	strvec_release(&problems);
	return ret;
}

static void each(struct capturing *c, const struct import_format *format)
{
	struct import_entries entries = IMPORT_ENTRIES_INIT;
	struct strbuf err = STRBUF_INIT, line = STRBUF_INIT;
	struct strvec problems = STRVEC_INIT;
	size_t i;
	int ret;

	ret = format->find(&entries, c->dir.buf, the_project->results_path,
			   &problems, &err);
	for (i = 0; i < problems.nr && !c->list; i++)
		warning("%s", problems.v[i]);
	if (ret && ret != ERR_PARTLY) {
		error("%s", err.buf);
		items_count(&c->items, ret);
	}
	for (i = 0; i < entries.nr; i++) {
		strbuf_reset(&line);
		add_line(&line, format, &entries.entry[i], c->list && !c->nul);
		if (c->list) {
			out_text(line.buf, line.len);
			out_text(c->nul ? "" : "\n", 1);
		} else if (!strmap_get(&c->known, line.buf)) {
			items_count(&c->items,
				    capture(c, format, &entries.entry[i]));
		}
	}
	strvec_release(&problems);
	strbuf_release(&line);
	strbuf_release(&err);
	import_entries_release(&entries);
}

static bool is_wanted(const struct capturing *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->formats.nr; i++)
		if (!strcmp(c->formats.v[i], name))
			return true;
	return !c->formats.nr;
}

static int prepare(struct capturing *c, const char *dir, struct strbuf *err)
{
	size_t i;
	int ret = 0;

	path_real(&c->dir, dir);
	for (i = 0; i < c->formats.nr && !ret; i++)
		if (!import_format_find(c->formats.v[i]))
			ret = fail(err, ERR_USAGE, "there is no format '%s'; "
				   "see resutil-import(1)", c->formats.v[i]);
	if (!ret && !path_is_dir(c->dir.buf))
		ret = fail(err, ERR_NOT_FOUND, "there is no directory '%s'",
			   dir);
	if (!ret && c->exp)
		ret = exp_find(the_project, c->exp, &c->name, err);
	return ret ? ret : read_before(c, err);
}

int cmd_capture_runs(int argc, const char **argv)
{
	struct capturing c = {
		.formats = STRVEC_INIT, .name = STRBUF_INIT,
		.dir = STRBUF_INIT, .text = STRBUF_INIT
	};
	struct strbuf err = STRBUF_INIT;
	size_t i;
	int ret, status;
	const struct option options[] = {
		OPT_BOOL(0, "list", &c.list, "print which runs are there now"),
		{ .type = OPTION_STRING, .name = "exp", .value = &c.exp,
		  .argh = "EXP", .arg = ARG_EXP,
		  .help = "the experiment that gets them" },
		{ .type = OPTION_STRING, .name = "before", .value = &c.before,
		  .argh = "FILE", .arg = ARG_FILE,
		  .help = "what --list -z said before: not these" },
		{ .type = OPTION_LIST, .name = "format", .value = &c.formats,
		  .argh = "FORMAT", .arg = ARG_WORDS,
		  .words = "votakvot mlflow tensorboard wandb dvc",
		  .help = "look for these only" },
		OPT_NUL(&c.nul),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 1)
		usage_with_options(usage, options, "one DIR is needed");
	if (!c.list == !c.exp)
		usage_with_options(usage, options,
				   "either --list or --exp is needed");
	ret = prepare(&c, argv[0], &err);
	if (ret) {
		error("%s", err.buf);
		status = exit_status_of(ret);
	} else {
		for (i = 0; import_formats[i]; i++)
			if (is_wanted(&c, import_formats[i]->name))
				each(&c, import_formats[i]);
		status = items_status(&c.items);
	}
	strmap_release(&c.known);
	strbuf_release(&c.text);
	strbuf_release(&c.dir);
	strbuf_release(&c.name);
	strvec_release(&c.formats);
	strbuf_release(&err);
	return status;
}
