/*
 * tid: prints what names this run: the tid of a trial, or of a run with --id,
 * else the experiment's name.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/enter-run.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/recording/run-place.h"

static const char *const usage[] = {
	"tid [--exp=EXP] [--quiet-outside]",
	NULL
};

static int print_tid(const struct run_place *place)
{
	struct strbuf err = STRBUF_INIT;
	struct value *record = NULL;
	const char *tid;
	int ret;

	ret = run_place_read(place, &record, &err);
	if (ret) {
		error("%s", err.buf);
	} else {
		tid = value_get_text(record, "tid");
		if (!tid || !*tid)
			tid = place->name ? place->name :
					    path_basename(place->dir.buf);
		out_printf("%s\n", tid);
	}
	value_free(record);
	strbuf_release(&err);
	return exit_status_of(ret);
}

int cmd_tid(int argc, const char **argv)
{
	struct run_place place = RUN_PLACE_INIT;
	struct run_choice choice = { NULL, 0 };
	int status;
	const struct option options[] = {
		OPT_RUN_EXP(choice),
		OPT_RUN_QUIET(choice),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options, "'%s' is too much",
				   argv[0]);
	if (run_is_outside(&choice))
		return 0;
	status = enter_run(&place, &choice);
	if (!status)
		status = print_tid(&place);
	run_place_release(&place);
	return status;
}
