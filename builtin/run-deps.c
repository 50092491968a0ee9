#include "lib/base/compat.h"
#include "command.h"

#include "builtin/run-deps.h"
#include "builtin/run-store.h"
#include "lib/base/error.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/record/exp-list.h"

void run_deps_release(struct run_deps *d)
{
	strvec_release(&d->asked);
	strvec_release(&d->needed);
	strvec_release(&d->wanted);
	dep_scan_release(&d->scan);
}

/* Notes what the words of the command name and what `-d` names: what is here
 * in `needed`, what is not in `wanted`. */
static int look(struct run_deps *d, struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT, why = STRBUF_INIT;
	int ret = 0;
	size_t i;

	strvec_clear(&d->needed);
	strvec_clear(&d->wanted);
	for (i = 0; i < d->scan.names.nr; i++)
		strvec_push(exp_is_here(the_project, d->scan.names.v[i]) ?
			    &d->needed : &d->wanted, d->scan.names.v[i]);
	for (i = 0; i < d->asked.nr && !ret; i++) {
		strbuf_reset(&name);
		strbuf_reset(&why);
		ret = deps_find(&name, the_project, d->asked.v[i], &why);
		if (!ret)
			strvec_push(&d->needed, name.buf);
		else if (ret == ERR_NOT_FOUND)
			strvec_push(&d->wanted, d->asked.v[i]);
		else
			strbuf_addbuf(err, &why);
		if (ret == ERR_NOT_FOUND)
			ret = 0;
	}
	strbuf_release(&why);
	strbuf_release(&name);
	return ret;
}

/*
 * A word of the command may only look like an experiment, or the program may
 * do without it: it is told and left. What `-d` names must be here.
 */
static int do_without(struct run_deps *d, struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT;
	size_t i;
	int ret = 0;

	for (i = 0; i < d->scan.names.nr; i++)
		if (!exp_is_here(the_project, d->scan.names.v[i]))
			warning(_("'%s', which the command names, is not "
				  "here"), d->scan.names.v[i]);
	for (i = 0; i < d->asked.nr && !ret; i++)
		ret = deps_find(&name, the_project, d->asked.v[i], err);
	strbuf_release(&name);
	return ret;
}

int run_deps_find(struct run_deps *d, const char *cwd, const char **argv,
		  bool dry_run, struct strbuf *err)
{
	int ret;

	deps_scan(&d->scan, the_project, cwd, argv, NULL);
	ret = look(d, err);
	if (ret || !d->wanted.nr)
		return ret;
	if (run_may_ask_stores()) {
		if (dry_run)		/* the plan says what would come */
			return 0;
		run_pull(&d->wanted);
		ret = look(d, err);
		if (ret || !d->wanted.nr)
			return ret;
	}
	return do_without(d, err);
}

int run_deps_add(struct run_deps *d, struct value *record, struct strbuf *err)
{
	struct value *inputs = NULL;
	bool hash = false;
	int ret;
	size_t i;

	for (i = 0; i < d->needed.nr; i++)
		deps_note(record, the_project, d->needed.v[i]);
	if (!d->scan.nr)
		return 0;
	ret = settings_get_bool("run.hash-inputs", false, &hash, err);
	if (!ret)
		ret = deps_inputs(&inputs, the_project, &d->scan, hash, err);
	if (!ret)
		value_map_set(record, "inputs", inputs);
	return ret;
}
