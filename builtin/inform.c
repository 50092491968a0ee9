/*
 * inform: what a run says about itself, in the `info` of its record. One
 * update of the record, as update-exp makes it; a child for that would cost
 * more than its work.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/enter-run.h"
#include "lib/base/error.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/record/record-changes.h"
#include "lib/exp/recording/run-place.h"

static const char *const usage[] = {
	"inform [--json] [--exp=EXP] [--quiet-outside] KEY=VALUE...",
	"inform --json [--exp=EXP] [--quiet-outside] - [KEY=VALUE...]",
	NULL
};

/* What stands on standard input lies below what the words say. */
static int gather(struct value **out, const char **words, bool json,
		  struct strbuf *err)
{
	struct value *info = value_new_map();
	int ret = 0;

	if (!strcmp(*words, "-")) {
		value_free(info);
		info = NULL;
		ret = changes_read(&info, *words++, json, err);
	}
	for (; *words && !ret; words++)
		ret = changes_set_field(info, *words, json, err);
	if (ret) {
		value_free(info);
		return ret;
	}
	*out = value_new_map();
	value_map_set(*out, "info", info);
	return 0;
}

static int inform(const struct run_choice *choice, struct value *changes)
{
	struct run_place place = RUN_PLACE_INIT;
	struct strbuf err = STRBUF_INIT;
	int status = enter_run(&place, choice), ret;

	if (!status) {
		ret = run_place_update(&place, changes, &err);
		if (ret)
			error("%s", err.buf);
		status = exit_status_of(ret);
	}
	strbuf_release(&err);
	run_place_release(&place);
	return status;
}

int cmd_inform(int argc, const char **argv)
{
	struct run_choice choice = { NULL, 0 };
	struct strbuf err = STRBUF_INIT;
	struct value *changes = NULL;
	int json = 0, ret, status;
	const struct option options[] = {
		OPT_BOOL(0, "json", &json, "each VALUE is JSON; - reads an "
			 "object from standard input"),
		OPT_RUN_EXP(choice),
		OPT_RUN_QUIET(choice),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc)
		usage_with_options(usage, options, "nothing to say");
	if (!strcmp(argv[0], "-") && !json)
		usage_with_options(usage, options, "- needs --json");
	if (run_is_outside(&choice)) {
		if (!strcmp(argv[0], "-"))
			skip_stdin();
		return 0;
	}
	ret = gather(&changes, argv, json, &err);
	if (ret)
		error("%s", err.buf);
	status = ret ? exit_status_of(ret) : inform(&choice, changes);
	value_free(changes);
	strbuf_release(&err);
	return status;
}
