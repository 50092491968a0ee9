#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/deps.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"

static const char *const usage[] = {
	"read-deps [--closure] [--stdin] [-z] [EXP...]",
	NULL
};

static int find_one(const char *arg, void *data)
{
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	struct strvec *names = data;
	int ret = exp_find(the_project, arg, &name, &err);

	if (ret)
		error("%s", err.buf);
	else
		strvec_push(names, name.buf);
	strbuf_release(&err);
	strbuf_release(&name);
	return ret;
}

static void add_once(struct strvec *out, const char *name)
{
	size_t i;

	for (i = 0; i < out->nr; i++)
		if (!strcmp(out->v[i], name))
			return;
	strvec_push(out, name);
}

/* What the given experiments themselves say, here or not. */
static void direct(const struct strvec *names, struct strvec *out,
		   struct items *items)
{
	size_t i, j;

	for (i = 0; i < names->nr; i++) {
		struct strvec deps = STRVEC_INIT;
		struct strbuf err = STRBUF_INIT;
		int ret = deps_read(&deps, the_project, names->v[i], &err);

		if (ret)
			error("%s", err.buf);
		items_count(items, ret);
		for (j = 0; j < deps.nr; j++) {
			/* Old records hold whatever was typed after -d. */
			if (name_is_valid(deps.v[j])) {
				add_once(out, deps.v[j]);
				continue;
			}
			error("'%s' says that it needs '%s', which is no name "
			      "of an experiment", names->v[i], deps.v[j]);
			items_count(items, ERR_NOT_FOUND);
		}
		strbuf_release(&err);
		strvec_release(&deps);
	}
}

static void closure(const struct strvec *names, struct strvec *out,
		    struct items *items)
{
	struct strvec missing = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	size_t i;
	int ret;

	ret = deps_closure(out, &missing, the_project, names, &err);
	/* Half of it would look like all to who reads it. */
	if (ret)
		die_code(ret, &err);
	for (i = 0; i < out->nr; i++)
		items_count(items, 0);
	for (i = 0; i < missing.nr; i++) {
		error("'%s' is needed and is not here", missing.v[i]);
		items_count(items, ERR_NOT_FOUND);
	}
	strbuf_release(&err);
	strvec_release(&missing);
}

int cmd_read_deps(int argc, const char **argv)
{
	struct strvec names = STRVEC_INIT, out = STRVEC_INIT;
	struct items found = { 0 }, items = { 0 };
	struct strbuf err = STRBUF_INIT;
	int whole = 0, from_stdin = 0, nul = 0, ret;
	const struct option options[] = {
		OPT_BOOL(0, "closure", &whole,
			 "the given ones and all they need, needed ones first"),
		OPT_BOOL(0, "stdin", &from_stdin,
			 "read more of them from standard input"),
		OPT_BOOL('z', NULL, &nul, "end records with NUL"),
		OPT_END_OF_TABLE
	};
	size_t i;

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc && !from_stdin)
		usage_with_options(usage, options, "no EXP is given");
	ret = items_each(&found, argv, from_stdin ? stdin : NULL,
			 nul ? '\0' : '\n', find_one, &names, &err);
	if (ret)
		die_code(ret, &err);
	/* What was not found counts once, the rest by what comes of it. */
	items = found;
	items.done = 0;
	if (whole)
		closure(&names, &out, &items);
	else
		direct(&names, &out, &items);
	for (i = 0; i < out.nr; i++)
		out_printf("%s%c", out.v[i], nul ? '\0' : '\n');
	strbuf_release(&err);
	strvec_release(&out);
	strvec_release(&names);
	return items_status(&items);
}
