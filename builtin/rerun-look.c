/*
 * What a run needs to be done again, before anything is made.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/exp-arg.h"
#include "builtin/rerun-parts.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/term.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/digest.h"

#define MAX_INPUTS_NAMED 10

static int fetch(const char *name, const char *remote)
{
	struct strvec words = STRVEC_INIT;

	if (*remote)
		strvec_pushf(&words, "--remote=%s", remote);
	strvec_push(&words, name);
	run_pull(&words);
	strvec_release(&words);
	return exp_is_here(the_project, name) ? 0 : ERR_NOT_FOUND;
}

static int check_is_here(const struct exp_arg *found, const char *exp,
			 struct strbuf *err)
{
	if (found->trial.len)
		return fail(err, ERR_USAGE, "'%s' is a trial, and belongs to "
			    "no project that it could be run in", exp);
	if (!strcmp(found->name.buf, NAME_DEBUG))
		return fail(err, ERR_USAGE, "'%s' is no experiment, and "
			    "cannot be run again", NAME_DEBUG);
	if (found->remote.len && fetch(found->name.buf, found->remote.buf))
		return fail(err, ERR_NOT_FOUND, "'%s' is not here, and could "
			    "not be pulled from '%s'", found->name.buf,
			    found->remote.buf);
	if (partial_is(the_project, found->name.buf) &&
	    (!run_may_ask_stores() || fetch(found->name.buf, "") ||
	     partial_is(the_project, found->name.buf)))
		return fail(err, ERR_NOT_FOUND, "of '%s' only some files are "
			    "here; 'resutil pull %s' fetches the rest",
			    found->name.buf, found->name.buf);
	return 0;
}

int rerun_find(struct rerun *r, const char *exp, struct strbuf *err)
{
	struct exp_arg found = EXP_ARG_INIT;
	size_t len;
	int ret;

	if (run_may_ask_stores() || exp_split_remote(exp, &len))
		ret = exp_arg_find(&found, exp, "origin", err);
	else
		ret = exp_find(the_project, exp, &found.name, err);
	if (!ret)
		ret = check_is_here(&found, exp, err);
	if (!ret) {
		strbuf_addbuf(&r->name, &found.name);
		project_exp_path(the_project, r->name.buf, &r->dir);
		ret = record_read(&r->record, r->dir.buf, err);
	}
	exp_arg_release(&found);
	return ret;
}

/* ---- the command --------------------------------------------------------- */

/* What was added, or recorded by a program that kept the words joined. */
static int say_no_command(const struct rerun *r, struct strbuf *err)
{
	const char *cmd = value_get_text(r->record, "cmd");

	if (cmd)
		return fail(err, ERR_CONTENT, "the words of the command of "
			    "'%s' are not recorded one by one; say them: "
			    "resutil rerun %s -- %s", r->name.buf,
			    r->name.buf, cmd);
	return fail(err, ERR_CONTENT, "'%s' was not run: it has no command; "
		    "'resutil rerun %s -- CMD...' runs one in its code",
		    r->name.buf, r->name.buf);
}

static int take_recorded(struct rerun *r, struct strbuf *err)
{
	const struct value *argv = value_map_get(r->record, "argv");
	const struct value *redacted = value_map_get(r->record, "redacted");
	size_t i;

	if (!argv || argv->type != VALUE_LIST || !argv->u.list.nr)
		return say_no_command(r, err);
	for (i = 0; i < argv->u.list.nr; i++) {
		const char *word = value_text(argv->u.list.item[i]);

		if (!word)
			return fail(err, ERR_CONTENT, "'argv' in the record "
				    "of '%s' is no list of words",
				    r->name.buf);
		if (strstr(word, "<redacted:") && redacted)
			return fail(err, ERR_USAGE, "the command of '%s' had "
				    "a secret in it, which is not recorded; "
				    "say the command: resutil rerun %s -- "
				    "CMD...", r->name.buf, r->name.buf);
		strvec_push(&r->words, word);
	}
	return 0;
}

/*
 * A record is a program that somebody else may have written. What was recorded
 * by this user is run; for anything else somebody has to have seen it.
 */
static int check_user(struct rerun *r, struct strbuf *err)
{
	const char *user = value_get_text(r->record, "user");
	const char *host = value_get_text(r->record, "host");
	struct strbuf who = STRBUF_INIT, question = STRBUF_INIT;
	struct strbuf line = STRBUF_INIT;
	int ret = 0;

	if (r->as_me || r->cmd || r->script ||
	    (user && !strcmp(user, record_user())))
		return 0;
	if (user && host)
		strbuf_addf(&who, _("was recorded by '%s' on '%s'"), user,
			    host);
	else if (user)
		strbuf_addf(&who, _("was recorded by '%s'"), user);
	else
		strbuf_addstr(&who, _("does not say who recorded it"));
	quote_shell_argv(&line, r->words.v);
	strbuf_addf(&question, _("'%s' %s. Run its command (%s) as '%s'?"),
		    r->name.buf, who.buf, line.buf, record_user());
	strbuf_reset(&line);
	quote_terminal(&line, question.buf, question.len);
	if (!r->dry_run && !ask_yes_no(line.buf, false))
		ret = fail(err, ERR_USAGE, "'%s' %s, and its command "
			   "would run as '%s'; --as-me does it", r->name.buf,
			   who.buf, record_user());
	strbuf_release(&who);
	strbuf_release(&question);
	strbuf_release(&line);
	return ret;
}

static int check_at_rest(const struct rerun *r, struct strbuf *err)
{
	struct strbuf state = STRBUF_INIT;
	enum live_state live = live_state_of(the_project, r->record);
	int ret = 0;

	if (r->verify && live != LIVE_FINAL && live != LIVE_LOST) {
		live_state_text(the_project, r->record, &state);
		ret = fail(err, ERR_CONFLICT, "'%s' is %s: what it makes "
			   "cannot be compared yet", r->name.buf, state.buf);
	}
	strbuf_release(&state);
	return ret;
}

int rerun_check_command(struct rerun *r, struct strbuf *err)
{
	int ret = 0;

	if (r->cmd)
		strvec_pushv(&r->words, r->cmd);
	else
		ret = take_recorded(r, err);
	if (!ret)
		ret = check_user(r, err);
	if (!ret)
		ret = check_at_rest(r, err);
	if (!ret && value_get(r->record, "git.resumed"))
		strvec_pushf(&r->missing, "the run was resumed with other code "
			     "than it began with; only the first is kept");
	return ret;
}

/* ---- what it needs ------------------------------------------------------- */

/* Those that are not here, into `wanted`. Returns the last other trouble. */
static int look_for_deps(struct rerun *r, struct strvec *wanted,
			 struct strbuf *err)
{
	const struct value *list = value_map_get(r->record, "dependency");
	const struct value *ids = value_map_get(r->record, "dependency_ids");
	struct strbuf found = STRBUF_INIT, why = STRBUF_INIT;
	int ret = 0;
	size_t i;

	strvec_clear(wanted);
	strvec_clear(&r->deps);
	strvec_clear(&r->renamed);
	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr &&
	     !ret; i++) {
		const char *name = value_text(list->u.list.item[i]);
		const char *id = name ?
				 value_text(value_map_get(ids, name)) : NULL;

		if (!name)
			continue;
		strbuf_reset(&found);
		strbuf_reset(&why);
		ret = exp_find_dependency(the_project, name, id, &found, &why);
		if (ret == ERR_NOT_FOUND) {
			strvec_push(wanted, name);
			ret = 0;
		} else if (ret) {
			strbuf_addbuf(err, &why);
		} else {
			strvec_push(&r->deps, found.buf);
			if (strcmp(found.buf, name))
				strvec_pushl(&r->renamed, name, found.buf,
					     NULL);
		}
	}
	strbuf_release(&found);
	strbuf_release(&why);
	return ret;
}

/* What a record calls a name may be anything, also an option. */
static void pull_names(const struct strvec *wanted)
{
	struct strvec names = STRVEC_INIT;
	size_t i;

	for (i = 0; i < wanted->nr; i++)
		if (name_is_valid(wanted->v[i]))
			strvec_push(&names, wanted->v[i]);
	if (names.nr)
		run_pull(&names);
	strvec_release(&names);
}

static int say_wanted(const struct strvec *wanted, struct strbuf *err)
{
	struct strbuf names = STRBUF_INIT;
	size_t i;
	int ret;

	for (i = 0; i < wanted->nr && i < MAX_INPUTS_NAMED; i++)
		strbuf_addf(&names, "%s'%s'", i ? ", " : "", wanted->v[i]);
	if (i < wanted->nr)
		strbuf_addf(&names, _(" and %zu more"), wanted->nr - i);
	ret = fail(err, ERR_NOT_FOUND, "what the run read is not here%s: %s",
		   run_may_ask_stores() ? ", and no store gave it" : "",
		   names.buf);
	strbuf_release(&names);
	return ret;
}

static void check_hash(struct rerun *r, const char *path, const char *then,
		       const char *shown)
{
	struct strbuf now = STRBUF_INIT;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && !digest_fd(&now, fd, NULL) && strcmp(now.buf, then))
		strvec_pushf(&r->missing, "'%s' holds something else than the "
			     "run read", shown);
	if (fd >= 0)
		close(fd);
	strbuf_release(&now);
}

/* The names of inputs were dependencies, and are here. */
static const char *name_now(const struct rerun *r, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < r->renamed.nr; i += 2)
		if (!strcmp(r->renamed.v[i], name))
			return r->renamed.v[i + 1];
	return name;
}

static bool is_below(const char *path)
{
	return *path && *path != '/' && strcmp(path, "..") &&
	       strncmp(path, "../", 3) && !strstr(path, "/../") &&
	       (strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/.."));
}

static int check_input(struct rerun *r, const struct value *input,
		       struct strbuf *err)
{
	const char *name = value_get_text(input, "experiment");
	const char *path = value_get_text(input, "path");
	const char *hash = value_get_text(input, "sha256");
	struct strbuf file = STRBUF_INIT, shown = STRBUF_INIT;
	int64_t size = 0;
	struct stat st;
	int ret = 0;

	if (!name || !path || !is_below(path) ||
	    !value_get_int(input, "size", &size))
		return 0;
	name = name_now(r, name);
	if (!name_is_valid(name))
		return 0;
	project_exp_path(the_project, name, &file);
	strbuf_addf(&file, "/%s", path);
	strbuf_addf(&shown, "%s/%s", name, path);
	if (stat(file.buf, &st))
		ret = fail(err, ERR_NOT_FOUND, "'%s', which the run read, is "
			   "not there any more", shown.buf);
	else if (st.st_size != size)
		strvec_pushf(&r->missing, "'%s' has %lld bytes, and had "
			     "%" PRId64 " when the run read it", shown.buf,
			     (long long)st.st_size, size);
	else if (hash)
		check_hash(r, file.buf, hash, shown.buf);
	strbuf_release(&file);
	strbuf_release(&shown);
	return ret;
}

int rerun_check_inputs(struct rerun *r, struct strbuf *err)
{
	const struct value *inputs = value_map_get(r->record, "inputs");
	struct strvec wanted = STRVEC_INIT;
	size_t i;
	int ret = look_for_deps(r, &wanted, err);

	if (!ret && wanted.nr && run_may_ask_stores() && !r->dry_run &&
	    !r->script) {
		pull_names(&wanted);
		ret = look_for_deps(r, &wanted, err);
	}
	/* A plan and a script name them. */
	if (!ret && wanted.nr && (r->script || (r->dry_run &&
						run_may_ask_stores()))) {
		for (i = 0; i < wanted.nr; i++)
			strvec_pushf(&r->missing, "'%s', which the run read, "
				     "is not here", wanted.v[i]);
		goto cleanup;
	}
	if (!ret && wanted.nr)
		ret = say_wanted(&wanted, err);
	for (i = 0; !ret && !r->cmd && inputs && inputs->type == VALUE_LIST &&
	     i < inputs->u.list.nr; i++)
		ret = check_input(r, inputs->u.list.item[i], err);

cleanup:
	strvec_release(&wanted);
	return ret;
}
