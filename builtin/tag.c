/*
 * tag: gives a run a name that can move on to another one. It stands in the
 * record, so the next push takes it along.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "lib/base/error.h"
#include "lib/base/glob.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/tags.h"
#include "lib/wrap/json.h"

static const char *const usage[] = {
	"tag [--force] [-n] NAME EXP",
	"tag -d [--force] [-n] NAME...",
	"tag [-l] [--json] [PATTERN...]",
	NULL
};

struct tagging {
	int force, dry_run, delete, list, json;
};

/* ---- give and take ---- */

static void say_move(const char *tag, const char *to,
		     const struct strvec *from, bool would)
{
	size_t i;

	if (to)
		out_printf(would ? _("Would tag %s as %s\n") :
			   _("Tagged %s as %s\n"), to, tag);
	for (i = 0; i < from->nr; i++)
		if (!to || strcmp(from->v[i], to))
			out_printf(would ? _("Would take %s from %s\n") :
				   _("Took %s from %s\n"), tag, from->v[i]);
}

static int move(const struct tagging *t, const char *tag, const char *to,
		struct strbuf *err)
{
	struct strvec from = STRVEC_INIT;
	unsigned flags = (t->force ? TAG_FORCE : 0) |
			 (t->dry_run ? TAG_DRY_RUN : 0);
	int ret = tag_move(the_project, tag, to, flags, &from, err);

	if (!ret && !to && !from.nr)
		ret = fail(err, ERR_NOT_FOUND, "no experiment here has the "
			   "tag '%s'", tag);
	if (!ret && (t->dry_run || verbosity >= 0))
		say_move(tag, to, &from, t->dry_run);
	strvec_release(&from);
	return ret;
}

static int give(const struct tagging *t, const char *tag, const char *exp,
		struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT;
	int ret = tag_check(tag, err);

	if (!ret)
		ret = exp_find(the_project, exp, &name, err);
	if (!ret && !strcmp(name.buf, NAME_DEBUG))
		ret = fail(err, ERR_USAGE, "'%s' is overwritten by each debug "
			   "run, so it takes no tag", NAME_DEBUG);
	if (!ret)
		ret = move(t, tag, name.buf, err);
	strbuf_release(&name);
	return ret;
}

/* All are tried; the first code counts. */
static int take(const struct tagging *t, const char *const *tags)
{
	struct strbuf err = STRBUF_INIT;
	int ret = 0;

	for (; *tags; tags++) {
		int one;

		strbuf_reset(&err);
		one = move(t, *tags, NULL, &err);
		if (one)
			error("%s", err.buf);
		if (!ret)
			ret = one;
	}
	strbuf_release(&err);
	return ret;
}

/* ---- list ---- */

static bool is_wanted(const char *tag, const char *const *patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (glob_match(*patterns, tag))
			return true;
	return false;
}

static void print_json(const struct tagged *t)
{
	struct strbuf line = STRBUF_INIT;
	struct value *row = value_new_map();

	value_map_set_str(row, "tag", t->tag);
	value_map_set_str(row, "name", t->name);
	json_write(&line, row);
	out_printf("%s\n", line.buf);
	value_free(row);
	strbuf_release(&line);
}

static int list(const struct tagging *t, const char *const *patterns,
		struct strbuf *err)
{
	struct tag_list tags = TAG_LIST_INIT;
	struct strbuf line = STRBUF_INIT;
	size_t width = 0, i;
	int ret = tag_list_read(&tags, the_project, NULL, err);

	for (i = 0; i < tags.nr; i++) {
		const char *tag = tags.item[i].tag;

		if (is_wanted(tag, patterns))
			width = MAXIMUM(width, utf8_width(tag, strlen(tag)));
	}
	for (i = 0; i < tags.nr; i++) {
		const char *tag = tags.item[i].tag;

		if (!is_wanted(tag, patterns))
			continue;
		if (t->json) {
			print_json(&tags.item[i]);
			continue;
		}
		strbuf_reset(&line);
		strbuf_addf(&line, "%s%*s  %s\n", tag,
			    (int)(width - utf8_width(tag, strlen(tag))), "",
			    tags.item[i].name);
		out_safe(&line);
	}
	strbuf_release(&line);
	tag_list_release(&tags);
	return ret;
}

int cmd_tag(int argc, const char **argv)
{
	struct tagging t = { 0 };
	struct strbuf err = STRBUF_INIT;
	const struct option options[] = {
		OPT_BOOL('d', "delete", &t.delete, "take it from whoever has "
			 "it"),
		OPT_BOOL(0, "force", &t.force, "also when several have it"),
		OPT_BOOL('n', "dry-run", &t.dry_run,
			 "only show what would change"),
		OPT_BOOL('l', "list", &t.list, "list those that a PATTERN "
			 "matches"),
		OPT_BOOL(0, "json", &t.json, "list them as JSON, one a line"),
		OPT_END_OF_TABLE
	};
	bool lists;
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	lists = t.list || t.json || (!argc && !t.delete);
	if (lists && (t.delete || t.force || t.dry_run))
		usage_with_options(usage, options, "a list changes nothing");
	if (t.delete && !argc)
		usage_with_options(usage, options, "no NAME is given");
	if (!lists && !t.delete && argc != 2)
		usage_with_options(usage, options, "a NAME and an EXP are "
				   "needed; -l lists by PATTERN");
	if (lists)
		ret = list(&t, argv, &err);
	else if (t.delete)
		ret = take(&t, argv);
	else
		ret = give(&t, argv[0], argv[1], &err);
	if (ret && err.len)
		error("%s", err.buf);
	strbuf_release(&err);
	return exit_status_of(ret);
}
