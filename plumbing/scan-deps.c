#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/deps.h"
#include "lib/exp/conf/project.h"

static const char *const usage[] = {
	"scan-deps [--inputs] [-z] [--] WORD...",
	NULL
};

/* The path comes last: with -z it may hold tabs. */
static void print_input(const struct dep_input *input, int nul)
{
	struct strbuf path = STRBUF_INIT, shown = STRBUF_INIT;
	struct stat st;

	out_printf("%s\t", input->name);
	project_exp_path(the_project, input->name, &path);
	if (*input->path)
		strbuf_addf(&path, "/%s", input->path);
	if (!stat(path.buf, &st) && S_ISREG(st.st_mode))
		out_printf("%jd\t", (intmax_t)st.st_size);
	else
		out_printf("-\t");
	if (nul)
		strbuf_addstr(&shown, input->path);
	else
		quote_c(&shown, input->path, strlen(input->path));
	out_printf("%s%c", shown.buf, nul ? '\0' : '\n');
	strbuf_release(&shown);
	strbuf_release(&path);
}

int cmd_scan_deps(int argc, const char **argv)
{
	struct dep_scan scan = DEP_SCAN_INIT;
	struct strbuf cwd = STRBUF_INIT, err = STRBUF_INIT;
	int inputs = 0, nul = 0, ret;
	const struct option options[] = {
		OPT_BOOL(0, "inputs", &inputs,
			 "print each path: experiment, size, path below it"),
		OPT_BOOL('z', NULL, &nul, "end records with NUL, do not quote"),
		OPT_END_OF_TABLE
	};
	size_t i;

	argc = parse_options(argc, argv, options, usage, PARSE_STOP_AT_WORD);
	if (!argc)
		usage_with_options(usage, options, "no word is given");
	ret = path_cwd(&cwd, &err);
	if (ret)
		die_code(ret, &err);
	deps_scan(&scan, the_project, cwd.buf, argv, NULL);
	for (i = 0; !inputs && i < scan.names.nr; i++)
		out_printf("%s%c", scan.names.v[i], nul ? '\0' : '\n');
	for (i = 0; inputs && i < scan.nr; i++)
		print_input(&scan.input[i], nul);
	dep_scan_release(&scan);
	strbuf_release(&err);
	strbuf_release(&cwd);
	return 0;
}
