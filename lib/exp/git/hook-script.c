#include "lib/base/compat.h"
#include "lib/exp/git/hook-script.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/leftovers.h"

#define FIRST_LINES "#!/bin/sh\n# resutil-hook 1\n"
#define REPOSITORY "# repository: "

void hook_script_release(struct hook_script *s)
{
	strbuf_release(&s->path);
	strbuf_release(&s->kept);
	strvec_release(&s->repositories);
}

/* ---- the text ----------------------------------------------------------- */

/*
 * What was there before runs first, and as before: with its arguments, its
 * input and its status. When it says no, git stops, and nothing that is run
 * for the event would be about anything. Ours never says no by accident: only
 * the status 1 is a no, and it means that a run failed.
 */
static const char head[] =
	"# It was put here by 'resutil hook install', and runs what\n"
	"# 'resutil hook list' shows. What was here before is beside it, runs\n"
	"# first, and comes back with 'resutil hook remove'. Do not edit.\n";

static const char plain[] =
	"status=0\n"
	"if test -x \"$kept\"\n"
	"then\n"
	"\t\"$kept\" \"$@\"\n"
	"\tstatus=$?\n"
	"fi\n";

static const char with_input[] =
	"input=$(cat; echo .)\n"
	"input=${input%.}\n"
	"status=0\n"
	"if test -x \"$kept\"\n"
	"then\n"
	"\tprintf %s \"$input\" 2>/dev/null | \"$kept\" \"$@\"\n"
	"\tstatus=$?\n"
	"fi\n";

static const char stop_early[] = "test $status -eq 0 || exit $status\n";

static const char find[] =
	"if ! command -v resutil >/dev/null 2>&1\n"
	"then\n"
	"\techo \"resutil is not on PATH, so nothing was recorded for"
	" $event\" >&2\n"
	"\texit $status\n"
	"fi\n";

void hook_script_text(struct strbuf *out, const struct hook_event *event,
		      const struct strvec *repositories)
{
	const bool input = event->flags & HOOK_EVENT_STDIN;
	size_t i;

	strbuf_addstr(out, FIRST_LINES);
	strbuf_addstr(out, head);
	for (i = 0; repositories && i < repositories->nr; i++) {
		strbuf_addstr(out, REPOSITORY);
		quote_c(out, repositories->v[i],
			strlen(repositories->v[i]));
		strbuf_addch(out, '\n');
	}
	strbuf_addf(out, "event=%s\n", event->name);
	strbuf_addstr(out, "kept=${0%/*}/$event" HOOK_KEPT_SUFFIX "\n");
	strbuf_addstr(out, input ? with_input : plain);
	if (event->flags & HOOK_EVENT_PRE)
		strbuf_addstr(out, stop_early);
	strbuf_addstr(out, find);
	if (input)
		strbuf_addstr(out, "printf %s \"$input\" 2>/dev/null | ");
	strbuf_addstr(out, "resutil hook run --on=\"$event\" -- \"$@\"\n");
	if (event->flags & HOOK_EVENT_PRE)
		strbuf_addstr(out, "test $? -ne 1 || exit 1\n");
	strbuf_addstr(out, "exit $status\n");
}

bool hook_script_parse(const char *text, size_t len,
		       struct strvec *repositories)
{
	const size_t first = sizeof(FIRST_LINES) - 1;
	const size_t word = sizeof(REPOSITORY) - 1;
	struct strbuf line = STRBUF_INIT, path = STRBUF_INIT;
	const char *p, *end;

	if (len < first || memcmp(text, FIRST_LINES, first))
		return false;
	for (p = text + first; p < text + len && *p == '#'; p = end + 1) {
		end = memchr(p, '\n', (size_t)(text + len - p));
		if (!end)
			break;
		strbuf_reset(&line);
		strbuf_reset(&path);
		strbuf_add(&line, p, (size_t)(end - p));
		if (line.len > word && !memcmp(line.buf, REPOSITORY, word) &&
		    strlen(line.buf) == line.len &&
		    !unquote_c(&path, line.buf + word, NULL) &&
		    *path.buf == '/' && strlen(path.buf) == path.len)
			strvec_push(repositories, path.buf);
	}
	strbuf_release(&path);
	strbuf_release(&line);
	return true;
}

/* ---- what is there ------------------------------------------------------ */

/* Somebody else's may be a program of any size, or a link to nothing. */
static int look_at(struct hook_script *s, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT, ours = STRBUF_INIT;
	struct stat st;
	int ret = 0;

	s->state = HOOK_SCRIPT_NONE;
	if (lstat(s->path.buf, &st)) {
		if (errno != ENOENT && errno != ENOTDIR)
			ret = fail_errno(err, "cannot look at '%s'",
					 s->path.buf);
		return ret == ERR_NOT_FOUND ? ERR_FAILED : ret;
	}
	s->state = HOOK_SCRIPT_OTHER;
	if (!S_ISREG(st.st_mode) || st.st_size > HOOK_SCRIPT_MAX_BYTES)
		return 0;
	ret = read_own_file(&text, s->path.buf, HOOK_SCRIPT_MAX_BYTES, err);
	if (!ret && hook_script_parse(text.buf, text.len, &s->repositories)) {
		hook_script_text(&ours, s->event, &s->repositories);
		s->state = ours.len == text.len &&
			   !memcmp(ours.buf, text.buf, text.len) ?
			   HOOK_SCRIPT_OURS : HOOK_SCRIPT_EDITED;
	}
	strbuf_release(&ours);
	strbuf_release(&text);
	return ret == ERR_NOT_FOUND ? ERR_FAILED : ret;
}

int hook_script_look(struct hook_script *s, const struct git_hooks *g,
		     const struct hook_event *event, struct strbuf *err)
{
	struct stat a, b;
	int ret;

	s->event = event;
	strbuf_reset(&s->path);
	strbuf_reset(&s->kept);
	strvec_clear(&s->repositories);
	strbuf_addf(&s->kept, "%s/%s" HOOK_KEPT_SUFFIX, g->hooks.buf,
		    event->name);
	s->has_kept = !lstat(s->kept.buf, &a);
	strbuf_addf(&s->path, "%s/%s.legacy", g->hooks.buf, event->name);
	ret = look_at(s, err);
	if (ret || s->state == HOOK_SCRIPT_OURS ||
	    s->state == HOOK_SCRIPT_EDITED)
		return ret;
	strbuf_reset(&s->path);
	strbuf_addf(&s->path, "%s/%s", g->hooks.buf, event->name);
	ret = look_at(s, err);
	/* What an installation that was killed has kept is also in place. */
	if (!ret && s->has_kept && s->state == HOOK_SCRIPT_OTHER &&
	    !lstat(s->path.buf, &b) && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino && !sys_unlink(s->kept.buf))
		s->has_kept = false;
	return ret;
}

void hook_script_sweep(const struct git_hooks *g)
{
	const struct hook_event *e;

	for (e = hook_events; e->name; e++)
		leftover_sweep(g->hooks.buf, e->name);
}

bool hook_script_kept_asks_name(const struct hook_script *s)
{
	struct strbuf text = STRBUF_INIT;
	bool asks;

	if (read_file(&text, s->kept.buf, HOOK_SCRIPT_MAX_BYTES, NULL)) {
		strbuf_release(&text);
		return false;
	}
	asks = !strncmp(text.buf, "#!", 2) &&
	       (strstr(text.buf, "${0##") ||
		(strstr(text.buf, "basename") && strstr(text.buf, "$0")) ||
		strstr(text.buf, "argv[0]"));
	strbuf_release(&text);
	return asks;
}

/* ---- changing it -------------------------------------------------------- */

static int write_script(const struct hook_script *s, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	int ret;

	hook_script_text(&text, s->event, &s->repositories);
	ret = write_file_atomic(s->path.buf, text.buf, text.len, 0777,
				TEMPFILE_SYNC, err);
	strbuf_release(&text);
	return ret == ERR_NOT_FOUND ? ERR_FAILED : ret;
}

/* By a second name for the same file, so that neither name is ever empty; where
 * there is no such thing, by a rename. */
static int keep_other(struct hook_script *s, struct strbuf *err)
{
	struct stat st;

	/* git runs no directory, and none could take our place again. */
	if (!lstat(s->path.buf, &st) && S_ISDIR(st.st_mode))
		return fail(err, ERR_CONFLICT, "'%s' is a directory, where git "
			    "has the hook; rename or remove it", s->path.buf);
	if (s->has_kept)
		return fail(err, ERR_CONFLICT, "'%s' was kept another time, "
			    "and is in the way of keeping '%s', which is not "
			    "resutil's; rename or remove one of them",
			    s->kept.buf, s->path.buf);
	if (!sys_linkat(AT_FDCWD, s->path.buf, AT_FDCWD, s->kept.buf) ||
	    !sys_rename_noreplace(s->path.buf, s->kept.buf)) {
		s->has_kept = true;
		return 0;
	}
	return fail_errno(err, "cannot keep '%s' as '%s'", s->path.buf,
			  s->kept.buf);
}

static bool has_repository(const struct hook_script *s, const char *common)
{
	size_t i;

	for (i = 0; i < s->repositories.nr; i++)
		if (!strcmp(s->repositories.v[i], common))
			return true;
	return false;
}

/* Those that are gone need no script any more. */
static void drop_repositories(struct hook_script *s, const char *common)
{
	size_t i = s->repositories.nr;

	while (i--)
		if (!path_is_dir(s->repositories.v[i]) ||
		    (common && !strcmp(s->repositories.v[i], common)))
			strvec_remove(&s->repositories, i);
}

int hook_script_install(struct hook_script *s, const struct git_hooks *g,
			struct strbuf *err)
{
	const bool shared = g->kind == GIT_HOOKS_SHARED;
	const enum hook_script_state was = s->state;
	struct strbuf why = STRBUF_INIT;
	int ret = 0;

	if (was == HOOK_SCRIPT_EDITED)
		return fail(err, ERR_CONFLICT, "'%s' was edited since resutil "
			    "put it there; make a hook of your own of it, or "
			    "remove it with 'resutil hook remove --force'",
			    s->path.buf);
	if (was == HOOK_SCRIPT_OURS &&
	    (!shared || has_repository(s, g->common.buf)))
		return 0;
	if (sys_mkdir_all(g->hooks.buf, 0777))
		ret = fail_errno(err, "cannot make the directory of hooks "
				 "'%s'", g->hooks.buf);
	if (!ret && was == HOOK_SCRIPT_OTHER)
		ret = keep_other(s, err);
	if (ret)
		return ret == ERR_NOT_FOUND ? ERR_FAILED : ret;
	drop_repositories(s, NULL);
	if (shared && !has_repository(s, g->common.buf))
		strvec_push(&s->repositories, g->common.buf);
	ret = write_script(s, &why);
	if (ret && was == HOOK_SCRIPT_OTHER &&
	    !sys_rename(s->kept.buf, s->path.buf)) {
		/* Two names of one file are left alone by a rename. */
		sys_unlink(s->kept.buf);
		s->has_kept = false;
	}
	if (!ret)
		s->state = HOOK_SCRIPT_OURS;
	else
		strbuf_addbuf(err, &why);
	strbuf_release(&why);
	return ret;
}

int hook_script_remove(struct hook_script *s, const struct git_hooks *g,
		       bool force, struct strbuf *err)
{
	if (s->state == HOOK_SCRIPT_NONE || s->state == HOOK_SCRIPT_OTHER)
		return 0;
	if (s->state == HOOK_SCRIPT_EDITED && !force)
		return fail(err, ERR_CONFLICT, "'%s' was edited since resutil "
			    "put it there; --force removes it all the same",
			    s->path.buf);
	drop_repositories(s, g->common.buf);
	if (g->kind == GIT_HOOKS_SHARED && s->repositories.nr)
		return write_script(s, err);
	if ((s->has_kept ? sys_rename(s->kept.buf, s->path.buf) :
			   sys_unlink(s->path.buf)) ||
	    sys_fsync_dir(g->hooks.buf)) {
		fail_errno(err, "cannot take '%s' away", s->path.buf);
		return ERR_FAILED;
	}
	s->has_kept = false;
	s->state = HOOK_SCRIPT_NONE;
	return 0;
}
