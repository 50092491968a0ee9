/*
 * attach: puts files and directories into the experiment of a run, whole.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/enter-run.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/recording/attach-file.h"
#include "lib/exp/recording/run-place.h"

static const char *const usage[] = {
	"attach [--as=NAME] [--exp=EXP] [--quiet-outside] FILE...",
	"attach --as=NAME [--exp=EXP] [--quiet-outside] -",
	NULL
};

struct attaching {
	struct run_place place;
	bool raised;	/* the record says that it has grown */
};

/* The name of `file` itself, also where it is written as "x/" or "..". */
static void name_of(struct strvec *names, const char *file)
{
	struct strbuf path = STRBUF_INIT;

	path_absolute(&path, NULL, file);
	strvec_push(names, path_basename(path.buf));
	strbuf_release(&path);
}

static int check_names(const struct strvec *names, struct strbuf *err)
{
	size_t i, k;
	int ret = 0;

	for (i = 0; i < names->nr && !ret; i++) {
		ret = attach_check_name(names->v[i], err);
		for (k = 0; k < i && !ret; k++)
			if (!strcmp(names->v[i], names->v[k]))
				ret = fail(err, ERR_USAGE, "two files would "
					   "be called '%s'", names->v[i]);
	}
	return ret;
}

static int attach_one(struct attaching *all, const char *file,
		      const char *name, struct strbuf *err)
{
	struct attach *a = NULL;
	int ret;

	ret = attach_prepare(&a, &all->place, file, name, err);
	if (!ret && !all->raised) {
		ret = run_place_before_adding(&all->place, err);
		all->raised = !ret;
	}
	if (!ret)
		ret = attach_commit(a, err);
	if (!ret && verbosity > 0)
		say(_("Attached %s"), name);
	attach_free(&a);
	return ret;
}

static int attach_all(struct attaching *all, const char **files,
		      const struct strvec *names)
{
	struct items items = { 0 };
	struct strbuf err = STRBUF_INIT;
	size_t i;

	for (i = 0; i < names->nr; i++) {
		int ret = attach_one(all, strcmp(files[i], "-") ?
				     files[i] : NULL, names->v[i], &err);

		if (ret)
			error("%s", err.buf);
		strbuf_reset(&err);
		items_count(&items, ret);
	}
	strbuf_release(&err);
	return items_status(&items);
}

int cmd_attach(int argc, const char **argv)
{
	struct attaching all = { RUN_PLACE_INIT, false };
	struct run_choice choice = { NULL, 0 };
	struct strvec names = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	const char *as = NULL;
	bool from_stdin;
	int i, ret, status;
	const struct option options[] = {
		OPT_STRING(0, "as", &as, "NAME", "its path in the experiment"),
		OPT_RUN_EXP(choice),
		OPT_RUN_QUIET(choice),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc)
		usage_with_options(usage, options, "nothing to attach");
	from_stdin = !strcmp(argv[0], "-");
	if (as && argc > 1)
		usage_with_options(usage, options, "--as names one file");
	for (i = 0; i < argc && !as; i++) {
		if (!strcmp(argv[i], "-"))
			usage_with_options(usage, options, "- needs --as");
		name_of(&names, argv[i]);
	}
	if (as)
		strvec_push(&names, as);
	ret = check_names(&names, &err);
	if (ret)
		error("%s", err.buf);
	status = exit_status_of(ret);
	if (!status && run_is_outside(&choice)) {
		if (from_stdin)
			skip_stdin();
	} else if (!status) {
		status = enter_run(&all.place, &choice);
		if (!status)
			status = attach_all(&all, argv, &names);
	}
	strvec_release(&names);
	strbuf_release(&err);
	run_place_release(&all.place);
	return status;
}
