/*
 * hook install and hook remove. The script is there before the table names the
 * run, and goes after it: a script without a run does nothing.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/hook-verbs.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/exp/git/hook-script.h"

static bool same_words(const struct strvec *a, const struct strvec *b)
{
	size_t i;

	if (a->nr != b->nr)
		return false;
	for (i = 0; i < a->nr; i++)
		if (strcmp(a->v[i], b->v[i]))
			return false;
	return true;
}

static bool same_hook(const struct hook *a, const struct hook *b)
{
	return a->on == b->on && !strcmp(a->project, b->project) &&
	       a->async == b->async && a->each == b->each &&
	       a->during == b->during && same_words(&a->argv, &b->argv) &&
	       same_words(&a->options, &b->options);
}

/* ---- install ------------------------------------------------------------ */

/* The words between `run` and CMD. */
static void add_run_options(const struct hook_options *o, struct strvec *out)
{
	size_t i;

	if (o->comment)
		strvec_pushf(out, "--comment=%s", o->comment);
	for (i = 0; i < o->needs.nr; i++)
		strvec_pushf(out, "--dependency=%s", o->needs.v[i]);
	for (i = 0; i < o->globs.nr; i++)
		strvec_pushf(out, "--collect=%s", o->globs.v[i]);
	if (o->push >= 0)
		strvec_push(out, o->push ? "--push" : "--no-push");
}

/* The event's name, or with a number what is free. */
static char *free_name(const struct hook_table *t, const char *event)
{
	struct strbuf name = STRBUF_INIT;
	char *ret;
	int nr;

	strbuf_addstr(&name, event);
	for (nr = 2; hook_table_find(t, event, name.buf); nr++) {
		strbuf_reset(&name);
		strbuf_addf(&name, "%s-%d", event, nr);
	}
	ret = xstrdup(name.buf);
	strbuf_release(&name);
	return ret;
}

static const struct hook *find_same(const struct hook_table *t,
				    const struct hook *h)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (same_hook(&t->item[i], h))
			return &t->item[i];
	return NULL;
}

static void warn_of_place(const struct git_hooks *g,
			  const struct hook_script *s)
{
	if (g->kind == GIT_HOOKS_TREE)
		warning(_("'%s' is in the work tree (core.hooksPath): the "
			  "script can be committed, and does nothing in other "
			  "clones until 'resutil hook install' is said there"),
			g->hooks.buf);
	if (g->kind == GIT_HOOKS_SHARED)
		warning(_("'%s' (core.hooksPath) may be used by other "
			  "repositories: the script is run in them too, and "
			  "does nothing there"), g->hooks.buf);
	if (s->has_kept && hook_script_kept_asks_name(s))
		warning(_("'%s' seems to ask by what name it was started, "
			  "which was '%s' before: see that it still works"),
			s->kept.buf, s->event->name);
}

static void warn_of_program(const struct hook_place *place, const char *word)
{
	struct strbuf path = STRBUF_INIT, found = STRBUF_INIT;
	struct strbuf why = STRBUF_INIT;

	/* CMD is started in the project's directory. */
	if (strchr(word, '/'))
		path_absolute(&path, place->project.root, word);
	else
		strbuf_addstr(&path, word);
	if (path_find_program(&found, path.buf, &why))
		warning(_("'%s' cannot be run now: %s"), word, why.buf);
	strbuf_release(&why);
	strbuf_release(&found);
	strbuf_release(&path);
}

static void add_line(struct strbuf *out, const char *verb,
		     const struct hook *h)
{
	strbuf_addf(out, _("%s %s on %s: "), verb, h->name, h->on->name);
	quote_shell_argv(out, h->argv.v);
	strbuf_addch(out, '\n');
}

static void tell(const char *verb, const struct hook *h)
{
	struct strbuf line = STRBUF_INIT;

	add_line(&line, verb, h);
	if (verbosity >= 0)
		out_text(line.buf, line.len);
	strbuf_release(&line);
}

/* there: the table has it, but its script may be gone. */
static int put(struct hook_place *place, const struct hook *h, bool there,
	       struct strbuf *err)
{
	struct hook_script script = HOOK_SCRIPT_INIT;
	bool was_ours;
	int ret = hook_script_look(&script, &place->git, h->on, err);

	was_ours = script.state == HOOK_SCRIPT_OURS;
	if (!ret && !there)
		ret = hook_table_add(&place->table, h, err);
	if (!ret)
		ret = hook_script_install(&script, &place->git, err);
	if (!ret && !there) {
		ret = hook_table_write(&place->table, place->git.common.buf,
				       err);
		if (ret && !was_ours)
			hook_script_remove(&script, &place->git, false, NULL);
	}
	if (!ret)
		warn_of_place(&place->git, &script);
	hook_script_release(&script);
	return ret;
}

/* h->name: NULL: none was given. */
static int install_one(const struct hook_options *o, struct hook_place *place,
		       struct hook *h, struct strbuf *err)
{
	const struct hook *old = o->name ?
		hook_table_find(&place->table, h->on->name, o->name) :
		find_same(&place->table, h);
	int ret = 0;

	if (old && !same_hook(old, h) && !o->force)
		return fail(err, ERR_CONFLICT, "there is a hook '%s' on %s "
			    "already; give another --name, or --force to "
			    "replace it", old->name, h->on->name);
	h->name = old ? xstrdup(old->name) : o->name ? xstrdup(o->name) :
		  free_name(&place->table, h->on->name);
	if (o->dry_run) {
		tell(_("Would install"), h);
	} else {
		bool there = old && same_hook(old, h);

		ret = put(place, h, there, err);
		if (!ret)
			tell(there ? _("Already there:") : _("Installed"), h);
	}
	return ret;
}

int hook_install(const struct hook_options *o, const char **argv)
{
	static const char *const usual[] = { "post-commit", NULL };
	const char *const *on = o->on.nr ? o->on.v : usual;
	struct hook_place place = HOOK_PLACE_INIT;
	struct strbuf err = STRBUF_INIT;
	struct items done = { 0 };
	int ret = hook_place_open(&place, &err), lock = -1;

	if (!ret && !o->dry_run) {
		lock = hook_table_lock(place.git.common.buf, &err);
		ret = MINIMUM(lock, 0);
		hook_table_release(&place.table);
		if (!ret)
			hook_script_sweep(&place.git);
		if (!ret)
			ret = hook_table_read(&place.table,
					      place.git.common.buf, &err);
	}
	if (ret) {
		error("%s", err.buf);
		items_count(&done, ret);
	} else {
		warn_of_program(&place, argv[0]);
	}
	for (; !ret && *on; on++) {
		struct hook h = { .on = hook_event_find(*on),
				  .project = place.below.buf,
				  .async = o->async, .each = o->each,
				  .during = o->during,
				  .options = STRVEC_INIT,
				  .argv = STRVEC_INIT };
		int code;

		add_run_options(o, &h.options);
		strvec_pushv(&h.argv, argv);
		strbuf_reset(&err);
		code = install_one(o, &place, &h, &err);
		if (code)
			error("%s", err.buf);
		items_count(&done, code);
		free(h.name);
		strvec_release(&h.options);
		strvec_release(&h.argv);
	}
	if (lock >= 0)
		hook_table_unlock(place.git.common.buf, lock);
	hook_place_release(&place);
	strbuf_release(&err);
	return items_status(&done);
}

/* ---- remove ------------------------------------------------------------- */

static bool is_meant(const struct hook_options *o,
		     const struct hook_place *place, const struct hook *h,
		     const char *event)
{
	return !strcmp(h->project, place->below.buf) &&
	       !strcmp(h->on->name, event) &&
	       (!o->name || !strcmp(h->name, o->name));
}

/* Those of one event; `nr` counts them. */
static int take_out(const struct hook_options *o, struct hook_place *place,
		    const char *event, size_t *nr, struct strbuf *err)
{
	struct strbuf lines = STRBUF_INIT;
	size_t i = 0;
	int ret = 0;

	while (i < place->table.nr) {
		if (!is_meant(o, place, &place->table.item[i], event)) {
			i++;
			continue;
		}
		add_line(&lines, o->dry_run ? _("Would remove") : _("Removed"),
			 &place->table.item[i]);
		++*nr;
		if (o->dry_run)
			i++;
		else
			hook_table_remove(&place->table, i);
	}
	if (*nr && !o->dry_run)
		ret = hook_table_write(&place->table, place->git.common.buf,
				       err);
	if (!ret && verbosity >= 0)
		out_text(lines.buf, lines.len);
	strbuf_release(&lines);
	return ret;
}

/* Nothing runs on that event any more: what was there comes back. */
static int take_script(const struct hook_options *o,
		       const struct hook_place *place,
		       const struct hook_event *event, bool *was,
		       struct strbuf *err)
{
	struct hook_script script = HOOK_SCRIPT_INIT;
	int ret = hook_script_look(&script, &place->git, event, err);
	bool kept = script.has_kept;

	*was = !ret && (script.state == HOOK_SCRIPT_OURS ||
			script.state == HOOK_SCRIPT_EDITED);
	if (*was && o->dry_run) {
		if (kept && verbosity >= 0)
			out_printf(_("Would put back %s\n"), script.path.buf);
	} else if (*was) {
		ret = hook_script_remove(&script, &place->git, o->force, err);
		if (!ret && kept && !script.has_kept && verbosity >= 0)
			out_printf(_("Put back %s\n"), script.path.buf);
	} else if (!ret && script.state == HOOK_SCRIPT_OTHER && kept) {
		warning(_("'%s' is not resutil's, so what was there before "
			  "stays in '%s'"), script.path.buf, script.kept.buf);
	}
	hook_script_release(&script);
	return ret;
}

static int remove_on(const struct hook_options *o, struct hook_place *place,
		     const struct hook_event *event, bool *any,
		     struct strbuf *err)
{
	size_t nr = 0, left;
	bool script = false;
	int ret = take_out(o, place, event->name, &nr, err);

	left = hook_table_count(&place->table, event->name) -
	       (o->dry_run ? nr : 0);
	if (!ret && !left && !place->table.strange)
		ret = take_script(o, place, event, &script, err);
	*any = *any || nr || script;
	return ret;
}

static int remove_all(const struct hook_options *o, struct hook_place *place)
{
	const bool all = o->all;
	const struct hook_event *e;
	struct strbuf err = STRBUF_INIT;
	struct items done = { 0 };
	size_t i;

	for (e = hook_events; e->name; e++) {
		bool asked = all || (!o->on.nr && !strcmp(e->name,
							  "post-commit"));
		bool any = false;
		int ret;

		for (i = 0; i < o->on.nr && !asked; i++)
			asked = !strcmp(o->on.v[i], e->name);
		if (!asked)
			continue;
		strbuf_reset(&err);
		ret = remove_on(o, place, e, &any, &err);
		if (!ret && !any && !all)
			ret = o->name ?
			      fail(&err, ERR_NOT_FOUND, "no hook '%s' of this "
				   "project on %s", o->name, e->name) :
			      fail(&err, ERR_NOT_FOUND, "no hook of this "
				   "project on %s", e->name);
		if (ret)
			error("%s", err.buf);
		items_count(&done, ret);
	}
	strbuf_release(&err);
	return items_status(&done);
}

int hook_remove(const struct hook_options *o)
{
	struct hook_place place = HOOK_PLACE_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret = hook_place_open(&place, &err), lock = -1, status;

	if (!ret && !o->dry_run) {
		lock = hook_table_lock(place.git.common.buf, &err);
		ret = MINIMUM(lock, 0);
		hook_table_release(&place.table);
		if (!ret)
			hook_script_sweep(&place.git);
		if (!ret)
			ret = hook_table_read(&place.table,
					      place.git.common.buf, &err);
	}
	if (ret)
		error("%s", err.buf);
	status = ret ? exit_status_of(ret) : remove_all(o, &place);
	if (lock >= 0)
		hook_table_unlock(place.git.common.buf, lock);
	hook_place_release(&place);
	strbuf_release(&err);
	return status;
}
