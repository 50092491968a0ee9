/*
 * remote test: whether a store keeps what resutil relies on. It is
 *
 *	resutil test-store --below=PROJECT REMOTE
 *
 * whose lines are told in words for people; with --quick, one listing:
 *
 *	resutil list-remote --remote=REMOTE
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/remote-verbs.h"

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/signals.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/store/remotes.h"
#include "lib/exp/conf/store-url.h"

/* Of names of experiments; a store of a million has a third of that. */
#define LISTING_MAX ((size_t)1 << 30)

/* ---- --quick ------------------------------------------------------------- */

static void say_found(const struct remote_conf *r, const struct strbuf *names)
{
	struct strbuf url = STRBUF_INIT, safe = STRBUF_INIT;
	size_t nr = 0;
	const char *p = names->buf;

	while ((p = strchr(p, '\n'))) {
		p++;
		nr++;
	}
	store_url_format(r->type, r->config, &url);
	quote_terminal(&safe, url.buf, url.len);
	if (verbosity >= 0)
		out_printf(nr == 1 ?
			   _("%s: %s holds %zu experiment of '%s'\n") :
			   _("%s: %s holds %zu experiments of '%s'\n"),
			   r->name, safe.buf, nr, the_project->name);
	strbuf_release(&safe);
	strbuf_release(&url);
}

/* One listing, by the plumbing that does it, which also tells of failure. */
int remote_test_quick(const char *name)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct remote_conf r = { NULL, NULL, NULL };
	struct strbuf names = STRBUF_INIT, err = STRBUF_INIT;
	int ret = remotes_find(&r, the_project, name, &err);

	if (!ret) {
		child.resutil_cmd = 1;
		strvec_pushl(&child.args, "list-remote", "--remote", name,
			     NULL);
		ret = pipe_command(&child, NULL, 0, &names, NULL, LISTING_MAX,
				   &err);
	}
	if (!ret)
		say_found(&r, &names);
	else if (ret < 0)
		error("%s", err.buf);
	remote_conf_release(&r);
	strbuf_release(&names);
	strbuf_release(&err);
	return ret < 0 ? exit_status_of(ret) : ret;
}

/* ---- clause by clause ---------------------------------------------------- */

struct report {
	const char *name;		/* of the remote */
	struct strbuf where;		/* what was made, and is removed */
	size_t nr, kept, broken, skipped;
	bool in_broken;			/* what follows tells of it */
};

static bool begins(const char *line, const char *with, const char **rest)
{
	size_t len = strlen(with);

	if (strncmp(line, with, len))
		return false;
	*rest = line + len;
	return true;
}

/* Behind "ok 12 - ". */
static const char *sentence_of(const char *text)
{
	const char *dash = strstr(text, " - ");

	return dash ? dash + 3 : text;
}

static void tell_clause(struct report *r, const char *line)
{
	const char *rest, *skip;

	r->in_broken = false;
	if (begins(line, "not ok ", &rest)) {
		r->broken++;
		r->in_broken = true;
		out_printf(_("  broken  %s\n"), sentence_of(rest));
		return;
	}
	if (!begins(line, "ok ", &rest))
		return;
	skip = strstr(rest, " # SKIP ");
	rest = sentence_of(rest);
	r->kept += !skip;
	r->skipped += skip != NULL;
	if (verbosity < 0)
		return;
	if (skip)
		out_printf(_("  -       %.*s: %s\n"), (int)(skip - rest), rest,
			   skip + strlen(" # SKIP "));
	else
		out_printf(_("  kept    %s\n"), rest);
}

/* What was found, and what comes of it. */
static void tell_more(struct report *r, const char *text)
{
	const char *rest;

	if (r->in_broken && begins(text, "means: ", &rest))
		out_printf(_("          so: %s\n"), rest);
	else if (r->in_broken)
		out_printf(_("          found: %s\n"), text);
}

static void tell_line(struct report *r, const char *line)
{
	const char *rest;

	if (begins(line, "1..", &rest)) {
		r->nr = (size_t)strtoumax(rest, NULL, 10);
	} else if (begins(line, "# ", &rest) && !r->where.len) {
		strbuf_addstr(&r->where, rest);
		if (verbosity >= 0)
			out_printf(_("Testing %s: %s\n"), r->name, rest);
	} else if (begins(line, "# ", &rest)) {
		tell_more(r, rest);
	} else {
		tell_clause(r, line);
	}
	out_flush();
}

/* The lines of test-store, which are harmless to a terminal. */
static void read_lines(FILE *out, void *data)
{
	struct strbuf line = STRBUF_INIT;

	while (strbuf_getdelim(&line, out, '\n') > 0) {
		tell_line(data, line.buf);
		strbuf_reset(&line);
	}
	strbuf_release(&line);
}

static void tell_sum(const struct report *r)
{
	size_t told = r->kept + r->broken + r->skipped;

	out_printf(r->broken ? _("%s breaks %zu of %zu clauses") :
			       _("%s keeps all clauses"), r->name, r->broken,
		   told);
	if (r->broken)
		out_printf("\n");
	else
		out_printf(_(" (%zu; %zu are about what such a store cannot "
			     "do)\n"), r->kept, r->skipped);
}

/* It ended before its time; what it was about to remove is there. */
static void tell_left(const struct report *r)
{
	size_t told = r->kept + r->broken + r->skipped;

	if (!r->nr)
		return;
	error("the test of '%s' ended after %zu of %zu clauses", r->name, told,
	      r->nr);
	warning("what it made may be there still: %s", r->where.buf);
}

static int test_one(const char *name, int *signo)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct remote_conf conf = { NULL, NULL, NULL };
	struct report r = { .name = name, .where = STRBUF_INIT };
	struct strbuf err = STRBUF_INIT;
	int ret = remotes_find(&conf, the_project, name, &err);

	if (ret) {
		error("%s", err.buf);
		ret = exit_status_of(ret);
		goto cleanup;
	}
	child.resutil_cmd = 1;
	child.no_stdin = 1;
	strvec_push(&child.args, "test-store");
	strvec_pushf(&child.args, "--below=%s", the_project->name);
	strvec_pushl(&child.args, "--", name, NULL);
	ret = transfer_child(&child, signo, read_lines, &r);
	if (r.kept + r.broken + r.skipped == r.nr && r.nr)
		tell_sum(&r);
	else
		tell_left(&r);

cleanup:
	remote_conf_release(&conf);
	strbuf_release(&r.where);
	strbuf_release(&err);
	return ret;
}

/* 0; the status of all that failed alike; EXIT_PARTLY. */
int remote_test(struct remote_options *o, int argc, const char **argv)
{
	static const char *const origin[] = { REMOTE_ORIGIN, NULL };
	const char *const *name = argc ? argv : origin;
	int status, ret = -1;

	for (; *name && !o->copy.signo; name++) {
		status = o->quick ? remote_test_quick(*name) :
				    test_one(*name, &o->copy.signo);
		out_flush();
		if (ret >= 0 && ret != status)
			ret = EXIT_PARTLY;
		else
			ret = status;
	}
	return ret;
}
