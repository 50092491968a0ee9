#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/conf/project.h"

static const char *const usage[] = {
	"rev-exp [--path] [--stdin] [-z] [EXP...]",
	"rev-exp --verify [--path] [-z] EXP",
	NULL
};

static int nul, as_path;

static int print_one(const char *arg, void *data UNUSED)
{
	struct strbuf name = STRBUF_INIT, path = STRBUF_INIT;
	struct strbuf line = STRBUF_INIT, err = STRBUF_INIT;
	int ret;

	ret = exp_find(the_project, arg, &name, &err);
	if (ret) {
		error("%s", err.buf);
		goto cleanup;
	}
	if (as_path) {
		project_exp_path(the_project, name.buf, &path);
		if (nul)
			strbuf_addbuf(&line, &path);
		else
			quote_c(&line, path.buf, path.len);
	} else {
		strbuf_addbuf(&line, &name);
	}
	out_printf("%s%c", line.buf, nul ? '\0' : '\n');
	/* A reader that sends words one by one waits for each answer. */
	out_flush();

cleanup:
	strbuf_release(&err);
	strbuf_release(&line);
	strbuf_release(&path);
	strbuf_release(&name);
	return ret;
}

int cmd_rev_exp(int argc, const char **argv)
{
	struct items items = { 0 };
	struct strbuf err = STRBUF_INIT;
	int from_stdin = 0, verify = 0, ret;
	const struct option options[] = {
		OPT_BOOL(0, "path", &as_path, "print absolute paths"),
		OPT_BOOL(0, "verify", &verify,
			 "take exactly one EXP"),
		OPT_BOOL(0, "stdin", &from_stdin,
			 "read more of them from standard input"),
		OPT_BOOL('z', NULL, &nul, "end records with NUL, do not quote"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (verify && (argc != 1 || from_stdin))
		usage_with_options(usage, options,
				   "--verify takes exactly one EXP");
	if (!argc && !from_stdin)
		usage_with_options(usage, options, "no EXP is given");
	ret = items_each(&items, argv, from_stdin ? stdin : NULL,
			 nul ? '\0' : '\n', print_one, NULL, &err);
	if (ret)
		die_code(ret, &err);
	return items_status(&items);
}
