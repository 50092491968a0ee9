/*
 * Where a run is done again: a work tree of its own in .resutil/rerun, or,
 * with --in-place, where it was.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/rerun-parts.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/exp/git/git-restore.h"

/* ---- looking ------------------------------------------------------------- */

/*
 * A record says where the program was started, and where the top of the work
 * tree was. What the run called its results directory is only of use when it
 * lay outside.
 */
static void find_old_places(struct rerun *r)
{
	const char *top = value_get_text(r->record, "meta.git.repo");
	const char *result = value_get_text(r->record, "result_dir");
	const char *slash = result ? strrchr(result, '/') : NULL;

	if (top && *top == '/')
		path_absolute(&r->old_top, NULL, top);
	if (result && *result == '/' && slash > result)
		strbuf_add(&r->old_results, result, (size_t)(slash - result));
}

/* The directory of the program, from the top of the code; NULL: outside. */
static const char *cwd_below_top(const struct rerun *r)
{
	const char *cwd = value_get_text(r->record, "cwd"), *below = NULL;

	if (cwd && r->old_top.len)
		below = path_below(cwd, r->old_top.buf);
	if (cwd && !below && r->origin.len)
		below = path_below(cwd, r->origin.buf);
	return below;
}

static int need_code(const struct rerun *r, struct strbuf *err)
{
	const char *remote = value_get_text(r->record, "git.remote");

	if (!git_record_has_code(r->record))
		return fail(err, ERR_NOT_FOUND, "'%s' was recorded outside of "
			    "a git repository, so its code is not known; "
			    "--in-place runs its command with what is there "
			    "now", r->name.buf);
	if (!strcmp(value_get_text(r->record, "git.error") ?
		    value_get_text(r->record, "git.error") : "",
		    "the repository has no work tree"))
		return fail(err, ERR_NOT_FOUND, "'%s' was run in a bare "
			    "repository, so the files that it saw are not "
			    "known; --in-place runs its command with what is "
			    "there now", r->name.buf);
	if (!r->origin.len)
		return fail(err, ERR_NOT_FOUND, "the project '%s' lies in no "
			    "git repository that could have the code of "
			    "'%s'%s%s%s; --in-place runs its command with "
			    "what is there now", the_project->root,
			    r->name.buf, remote ? " (it is in '" : "",
			    remote ? remote : "", remote ? "')" : "");
	return 0;
}

/* Without a work tree: the directory itself must be known, and be there. */
static int find_cwd_in_place(struct rerun *r, struct strbuf *err)
{
	const char *cwd = value_get_text(r->record, "cwd");
	const char *below = cwd_below_top(r);

	if (r->origin.len && below)
		path_absolute(&r->cwd, r->origin.buf, *below ? below : ".");
	else if (cwd && *cwd == '/')
		strbuf_addstr(&r->cwd, cwd);
	else
		strbuf_addstr(&r->cwd, the_project->root);
	if (!path_is_dir(r->cwd.buf))
		return fail(err, ERR_NOT_FOUND, "the directory '%s', in which "
			    "'%s' was run, is not here", r->cwd.buf,
			    r->name.buf);
	return 0;
}

int rerun_find_places(struct rerun *r, struct strbuf *err)
{
	const char *prefix;
	int ret = 0;

	if (git_top_of(&r->origin, the_project->root)) {
		prefix = path_below(the_project->root, r->origin.buf);
		strbuf_addstr(&r->prefix, prefix ? prefix : "");
	} else {
		strbuf_reset(&r->origin);
	}
	find_old_places(r);
	if (r->in_place) {
		if (git_record_has_code(r->record))
			strvec_pushf(&r->missing, "the code is that of now, "
				     "not that of the run");
		return find_cwd_in_place(r, err);
	}
	ret = need_code(r, err);
	if (!ret && !cwd_below_top(r))
		strvec_pushf(&r->missing, "the run was started in '%s', which "
			     "is not in the repository; it is done again in "
			     "the project",
			     value_get_text(r->record, "cwd") ?
			     value_get_text(r->record, "cwd") : "?");
	return ret;
}

/* ---- making -------------------------------------------------------------- */

/* A link in the new tree to what is elsewhere, which is no code. */
static int lend(struct rerun *r, const char *at, const char *what,
		struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	int ret = 0;

	strbuf_add(&dir, at, (size_t)(path_basename(at) - at));
	if (sys_mkdir_all(dir.buf, 0777) ||
	    sys_symlinkat(what, AT_FDCWD, at))
		ret = fail_errno(err, "cannot make a link at '%s'", at);
	else
		strvec_push(&r->lent, at);
	strbuf_release(&dir);
	return ret;
}

static bool is_empty_dir(const char *path)
{
	return !sys_rmdir(path);
}

/* No link of the commit leads from the new work tree to `dir`. */
static bool is_own_dir(const struct rerun *r, const char *dir)
{
	struct strbuf tree = STRBUF_INIT, real = STRBUF_INIT;
	const char *below, *below_real;
	bool own;

	path_real(&tree, r->tree.buf);
	path_real(&real, dir);
	below = path_below(dir, r->tree.buf);
	below_real = path_below(real.buf, tree.buf);
	own = below && below_real && !strcmp(below, below_real);
	strbuf_release(&real);
	strbuf_release(&tree);
	return own;
}

/*
 * A directory with nothing of anybody in it goes. `resutil init` puts a
 * .gitignore into the results, which people commit; what is lent in its place
 * has its own.
 */
static bool remove_unused_dir(const struct rerun *r, const char *dir)
{
	struct strbuf list = STRBUF_INIT, aside = STRBUF_INIT;
	bool gone;

	if (!is_own_dir(r, dir))
		return false;

	strbuf_addf(&list, "%s/.gitignore", dir);
	strbuf_addf(&aside, "%s/gitignore", tempfile_path(r->place));
	if (sys_rename(list.buf, aside.buf)) {
		gone = is_empty_dir(dir);
	} else {
		gone = is_empty_dir(dir);
		if (gone || sys_rename(aside.buf, list.buf))
			sys_unlink(aside.buf);
	}
	strbuf_release(&aside);
	strbuf_release(&list);
	return gone;
}

/*
 * The names that the command uses for what other runs made are to lead to it.
 * Where results_dir is written from the project it may lie beside it, too.
 */
static int lend_results(struct rerun *r, struct strbuf *err)
{
	struct strbuf root = STRBUF_INIT, at = STRBUF_INIT;
	const char *held = tempfile_path(r->place);
	int ret = 0;

	if (*the_project->results_dir == '/')
		goto cleanup;
	path_absolute(&root, r->tree.buf, r->prefix.len ? r->prefix.buf : ".");
	path_absolute(&at, root.buf, the_project->results_dir);
	if (!path_below(at.buf, held) || !strcmp(at.buf, r->tree.buf) ||
	    path_below(r->tree.buf, at.buf))
		strvec_pushf(&r->missing, "'%s' does not lead from the new "
			     "work tree to the results",
			     the_project->results_dir);
	else if (path_exists(at.buf) && !remove_unused_dir(r, at.buf))
		strvec_pushf(&r->missing, "'%s' is in the commit, so the "
			     "results of other runs are not there",
			     the_project->results_dir);
	else
		ret = lend(r, at.buf, the_project->results_path, err);

cleanup:
	strbuf_release(&root);
	strbuf_release(&at);
	return ret;
}

/* --lend: a path of the project that git does not know. */
static int lend_asked(struct rerun *r, const char *path, struct strbuf *err)
{
	struct strbuf what = STRBUF_INIT, at = STRBUF_INIT;
	const char *below;
	int ret;

	path_absolute(&what, NULL, path);
	below = path_below(what.buf, r->origin.buf);
	if (!below || !*below) {
		ret = fail(err, ERR_USAGE, "'%s' cannot be lent: it does not "
			   "lie below '%s'", path, r->origin.buf);
		goto cleanup;
	}
	strbuf_addf(&at, "%s/%s", r->tree.buf, below);
	if (!path_exists(what.buf))
		ret = fail(err, ERR_NOT_FOUND, "'%s' cannot be lent: it is "
			   "not there", path);
	else if (path_exists(at.buf) && !is_empty_dir(at.buf))
		ret = fail(err, ERR_CONFLICT, "'%s' need not be lent: the "
			   "code of the run has it", path);
	else
		ret = lend(r, at.buf, what.buf, err);

cleanup:
	strbuf_release(&what);
	strbuf_release(&at);
	return ret;
}

static int find_cwd(struct rerun *r, struct strbuf *err)
{
	const char *below = cwd_below_top(r);

	if (!below)
		below = r->prefix.buf;
	path_absolute(&r->cwd, r->tree.buf, *below ? below : ".");
	/* git knows no empty directories */
	if (sys_mkdir_all(r->cwd.buf, 0777))
		return fail_errno(err, "cannot make '%s'", r->cwd.buf);
	return 0;
}

/* What a rerun that was killed left in the list of the user's repository. */
static void forget_gone(const struct rerun *r, const char *dir)
{
	struct strvec gone = STRVEC_INIT;
	size_t i;

	if (!git_worktree_list_gone(&gone, r->origin.buf, dir, NULL))
		for (i = 0; i < gone.nr; i++)
			git_worktree_remove_left(gone.v[i], r->origin.buf,
						 NULL);
	strvec_release(&gone);
}

int rerun_make_place(struct rerun *r, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	size_t i;
	int ret;

	if (r->in_place)
		return 0;
	ret = project_private(the_project, "rerun/", &dir, err);
	if (ret)
		goto cleanup;
	while (dir.len && dir.buf[dir.len - 1] == '/')
		strbuf_setlen(&dir, dir.len - 1);
	forget_gone(r, dir.buf);
	strbuf_addf(&dir, "/%.*s.%ld", 60, r->name.buf, (long)getpid());
	ret = tempfile_create_dir(&r->place, dir.buf, err);
	if (ret)
		goto cleanup;
	strbuf_addf(&r->tree, "%s/%s", dir.buf, path_basename(r->origin.buf));
	ret = git_worktree_make(&r->worktree, r->tree.buf, r->origin.buf,
				r->record, r->dir.buf, &r->missing, err);
	if (!ret)
		ret = lend_results(r, err);
	for (i = 0; !ret && i < r->lend.nr; i++)
		ret = lend_asked(r, r->lend.v[i], err);
	if (!ret)
		ret = find_cwd(r, err);

cleanup:
	strbuf_release(&dir);
	return ret;
}

/* So that gc takes it for no leftover. */
static int mark_kept(const struct rerun *r)
{
	struct strbuf path = STRBUF_INIT;
	int fd;

	strbuf_addf(&path, "%s/keep", tempfile_path(r->place));
	fd = sys_open(path.buf, O_WRONLY | O_CREAT, 0666);
	if (fd < 0)
		warning(_("cannot make '%s': %s; the work tree does not stay"),
			path.buf, strerror(errno));
	else
		close(fd);
	strbuf_release(&path);
	return fd < 0 ? -1 : 0;
}

void rerun_leave_place(struct rerun *r)
{
	struct strbuf err = STRBUF_INIT;

	if (!r->place)
		return;
	if (r->keep && r->worktree && !mark_kept(r)) {
		git_worktree_keep(&r->worktree);
		tempfile_forget(&r->place);
		say(_("The work tree stays: %s"), r->tree.buf);
		return;
	}
	if (chdir("/") || git_worktree_remove(&r->worktree, &err))
		warning("%s", err.buf);
	tempfile_delete(&r->place);
	strbuf_release(&err);
}

/* ---- words --------------------------------------------------------------- */

/* Whether a path may begin behind `before`. */
static bool begins_path(const char *word, const char *at)
{
	return at == word || strchr("=:, \"'", at[-1]);
}

static bool ends_name(char c)
{
	return !c || strchr("/=:, \"'", c);
}

/* What stands at `at` begins with `old`, as a whole path. */
static bool is_at(const char *word, const char *at, const struct strbuf *old)
{
	return old->len > 1 && !strncmp(at, old->buf, old->len) &&
	       ends_name(at[old->len]) && begins_path(word, at);
}

/* Up to the end of the path that begins at `at`. */
static size_t path_len(const char *at)
{
	return strcspn(at, ":,\"' ");
}

/*
 * An absolute path of the old work tree, that is now below `tree`. What is in
 * no commit and was not kept, but is still at its place (a virtual environment,
 * a file of data), is used where it is.
 */
static bool is_only_there(const struct rerun *r, const char *at,
			  const char *tree)
{
	struct strbuf old = STRBUF_INIT, now = STRBUF_INIT;
	bool ret;

	strbuf_add(&old, at, path_len(at));
	strbuf_addf(&now, "%s%s", tree, old.buf + r->old_top.len);
	ret = *tree == '/' && path_exists(old.buf) && !path_exists(now.buf);
	strbuf_release(&old);
	strbuf_release(&now);
	return ret;
}

static const char *renamed_at(const struct rerun *r, const char *at,
			      size_t *len)
{
	size_t i;

	for (i = 0; i + 1 < r->renamed.nr; i += 2) {
		*len = strlen(r->renamed.v[i]);
		if (!strncmp(at, r->renamed.v[i], *len) &&
		    ends_name(at[*len]))
			return r->renamed.v[i + 1];
	}
	return NULL;
}

void rerun_map_word(const struct rerun *r, const char *word, const char *tree,
		    const char *results, struct strbuf *out)
{
	const char *at = word, *name;
	size_t len;

	while (*at) {
		if (is_at(word, at, &r->old_top) &&
		    !is_only_there(r, at, tree)) {
			strbuf_addstr(out, tree);
			at += r->old_top.len;
		} else if (is_at(word, at, &r->old_results)) {
			strbuf_addstr(out, results);
			at += r->old_results.len;
		} else if ((name = renamed_at(r, at, &len)) != NULL) {
			strbuf_addstr(out, name);
			at += len;
		} else {
			strbuf_addch(out, *at++);
		}
	}
}

/* The word itself, or what follows its `=`, is a relative path that the
 * project has now and the new work tree has not. */
static void doubt(struct rerun *r, const char *path)
{
	struct strbuf here = STRBUF_INIT, there = STRBUF_INIT;
	struct strbuf from = STRBUF_INIT;
	const char *below = path_below(r->cwd.buf, r->tree.buf);

	if (!*path || *path == '/' || *path == '-' || !below)
		return;
	path_absolute(&from, r->origin.buf, *below ? below : ".");
	path_absolute(&here, from.buf, path);
	path_absolute(&there, r->cwd.buf, path);
	if (path_below(there.buf, r->tree.buf) && path_exists(here.buf) &&
	    !path_exists(there.buf))
		strvec_pushf(&r->missing, "'%s', which the command names, is "
			     "in no commit and was not kept; '--lend=%s' "
			     "lends the one that is there now", path,
			     here.buf);
	strbuf_release(&here);
	strbuf_release(&there);
	strbuf_release(&from);
}

void rerun_doubt_words(struct rerun *r)
{
	size_t i;

	for (i = 0; !r->in_place && i < r->words.nr; i++) {
		const char *word = r->words.v[i];
		const char *value = strchr(word, '=');

		if (!i && !strchr(word, '/'))
			continue;	/* a program from PATH */
		doubt(r, word);
		if (value)
			doubt(r, value + 1);
	}
}
