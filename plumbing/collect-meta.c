/*
 * collect-meta: prints what is known of this machine and process.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/exp/meta.h"
#include "lib/exp/record-changes.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml.h"
#include "command.h"

static const char *const usage[] = {
	"collect-meta [--json] [--git=FILE] [PROVIDER...]",
	NULL
};

int cmd_collect_meta(int argc, const char **argv)
{
	const char *file = NULL;
	int json = 0, ret = 0;
	const struct option options[] = {
		OPT_BOOL(0, "json", &json, "one JSON object on one line"),
		OPT_STRING(0, "git", &file, "FILE",
			   "code state, a map as snapshot-code prints it"),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT, text = STRBUF_INIT;
	struct value *meta = NULL, *git = NULL;
	struct strvec names = STRVEC_INIT;

	argc = parse_options(argc, argv, options, usage, 0);
	strvec_pushv(&names, argv);
	if (file)
		ret = changes_read(&git, file, false, &err);
	if (!ret)
		ret = meta_collect(&meta, argc ? &names : NULL, git, &err);
	if (ret) {
		error("%s", err.buf);
	} else if (json) {
		json_write(&text, meta);
		strbuf_addch(&text, '\n');
	} else {
		yaml_write(&text, meta);
	}
	out_text(text.buf, text.len);
	value_free(meta);
	value_free(git);
	strvec_release(&names);
	strbuf_release(&text);
	strbuf_release(&err);
	return exit_status_of(ret);
}
