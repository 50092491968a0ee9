#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/tags.h"

static const char *const usage[] = {
	"list-exps [--by-time] [--path | --tags] [-z]",
	NULL
};

/* Each once, as they are sorted; no others than tag would give. */
static int print_tags(char end, struct strbuf *err)
{
	struct tag_list tags = TAG_LIST_INIT;
	int ret = tag_list_read(&tags, the_project, NULL, err);
	size_t i;

	for (i = 0; i < tags.nr; i++) {
		const char *tag = tags.item[i].tag;

		if ((!i || strcmp(tag, tags.item[i - 1].tag)) &&
		    !tag_check(tag, NULL))
			out_printf("%s%c", tag, end);
	}
	tag_list_release(&tags);
	return ret;
}

int cmd_list_exps(int argc, const char **argv)
{
	struct strvec names = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT, line = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	int by_time = 0, as_path = 0, tags = 0, nul = 0, ret;
	const struct option options[] = {
		OPT_BOOL(0, "by-time", &by_time,
			 "oldest first, by the time in the records"),
		OPT_BOOL(0, "path", &as_path, "print absolute paths"),
		OPT_BOOL(0, "tags", &tags,
			 "also print the tags that they have"),
		OPT_BOOL('z', NULL, &nul, "end records with NUL, do not quote"),
		OPT_END_OF_TABLE
	};
	size_t i;

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options,
				   "'%s' is too much: all are listed", argv[0]);
	if (as_path && tags)
		usage_with_options(usage, options, "a tag has no path");
	ret = by_time ? exp_list_by_time(the_project, &names, &err) :
			exp_list_names(the_project, &names, &err);
	if (ret)
		die_code(ret, &err);
	for (i = 0; i < names.nr; i++) {
		strbuf_reset(&line);
		strbuf_reset(&path);
		if (as_path)
			project_exp_path(the_project, names.v[i], &path);
		else
			strbuf_addstr(&path, names.v[i]);
		if (nul || !as_path)
			strbuf_addbuf(&line, &path);
		else
			quote_c(&line, path.buf, path.len);
		out_printf("%s%c", line.buf, nul ? '\0' : '\n');
	}
	if (tags)
		ret = print_tags(nul ? '\0' : '\n', &err);
	if (ret)
		die_code(ret, &err);
	strbuf_release(&err);
	strbuf_release(&line);
	strbuf_release(&path);
	strvec_release(&names);
	return 0;
}
