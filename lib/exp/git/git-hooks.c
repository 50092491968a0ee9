#include "lib/base/compat.h"
#include "lib/exp/git/git-hooks.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/exp/git/git-internal.h"

void git_hooks_release(struct git_hooks *g)
{
	strbuf_release(&g->top);
	strbuf_release(&g->git_dir);
	strbuf_release(&g->common);
	strbuf_release(&g->hooks);
	strbuf_release(&g->head);
}

/* `git rev-parse` without the options that would hide core.hooksPath. */
static void rev_parse(struct child_process *child, const char *dir)
{
	child_process_init(child);
	child->no_stdin = 1;
	child->dir = dir;
	strvec_pushl(&child->env, "LC_ALL=C", "LANGUAGE",
		     "GIT_OPTIONAL_LOCKS=0", NULL);
	strvec_pushl(&child->args, "git", "--no-optional-locks", "rev-parse",
		     "--show-toplevel", "--absolute-git-dir",
		     "--git-common-dir", NULL);
}

/* Runs it and splits what it prints; a path with a newline in it makes a line
 * too many. Returns git's status, or a negative code. */
static int ask(struct child_process *child, struct strvec *lines,
	       struct strbuf *complaint, struct strbuf *err)
{
	struct strbuf out = STRBUF_INIT;
	char *line, *end;
	int ret = pipe_command(child, NULL, 0, &out, complaint,
			       GIT_MAX_ANSWER, err);

	for (line = out.buf; (end = strchr(line, '\n')); line = end + 1)
		strvec_pushn(lines, line, (size_t)(end - line));
	strbuf_release(&out);
	complaint->buf[strcspn(complaint->buf, "\n")] = '\0';
	return ret;
}

static int refuse(const struct strbuf *complaint, const char *dir,
		  struct strbuf *err)
{
	if (strstr(complaint->buf, "not a git repository"))
		return fail(err, ERR_NOT_FOUND, "'%s' is in no git repository",
			    dir);
	if (strstr(complaint->buf, "must be run in a work tree"))
		return fail(err, ERR_NOT_FOUND, "the repository of '%s' has "
			    "no work tree", dir);
	return fail(err, ERR_FAILED, "git cannot tell where its hooks are: %s",
		    *complaint->buf ? complaint->buf :
				      "its answer is none");
}

/* Relative answers are from where git was started. */
static void take_dirs(struct git_hooks *g, const struct strvec *lines,
		      const char *dir)
{
	struct strbuf path = STRBUF_INIT;

	path_real(&g->top, lines->v[0]);
	path_real(&g->git_dir, lines->v[1]);
	path_absolute(&path, dir, lines->v[2]);
	path_real(&g->common, path.buf);
	strbuf_release(&path);
}

static void take_hooks(struct git_hooks *g, const char *path, const char *dir)
{
	struct strbuf whole = STRBUF_INIT;

	path_absolute(&whole, dir, path);
	path_real(&g->hooks, whole.buf);
	if (path_below(g->hooks.buf, g->common.buf))
		g->kind = GIT_HOOKS_OWN;
	else if (path_below(g->hooks.buf, g->top.buf))
		g->kind = GIT_HOOKS_TREE;
	else
		g->kind = GIT_HOOKS_SHARED;
	strbuf_release(&whole);
}

int git_hooks_find(struct git_hooks *g, const char *dir, struct strbuf *err)
{
	struct strbuf top = STRBUF_INIT, complaint = STRBUF_INIT;
	struct strvec lines = STRVEC_INIT;
	struct child_process child;
	int ret;

	/* A relative core.hooksPath begins at the top, where hooks run. */
	if (!git_find_top(&top, dir)) {
		ret = fail(err, ERR_NOT_FOUND, "'%s' is in no git repository",
			   dir);
		goto cleanup;
	}
	rev_parse(&child, top.buf);
	child.clean_git_env = 1;
	strvec_pushl(&child.args, "--git-path", "hooks", NULL);
	ret = ask(&child, &lines, &complaint, err);
	if (ret >= 0 && (ret || lines.nr != 4))
		ret = refuse(&complaint, dir, err);
	if (ret)
		goto cleanup;
	take_dirs(g, &lines, top.buf);
	take_hooks(g, lines.v[3], top.buf);

cleanup:
	strvec_release(&lines);
	strbuf_release(&complaint);
	strbuf_release(&top);
	return ret;
}

int git_event_find(struct git_hooks *g, struct strbuf *err)
{
	struct strbuf cwd = STRBUF_INIT, complaint = STRBUF_INIT;
	struct strvec lines = STRVEC_INIT;
	struct child_process child;
	int ret = path_cwd(&cwd, err);

	if (ret)
		goto cleanup;
	rev_parse(&child, NULL);
	strvec_push(&child.args, "HEAD");
	ret = ask(&child, &lines, &complaint, err);
	if (ret < 0)
		goto cleanup;
	/* Without a commit git says so, after the rest. */
	if (lines.nr != 4 || (ret && strcmp(lines.v[3], "HEAD"))) {
		ret = refuse(&complaint, cwd.buf, err);
		goto cleanup;
	}
	take_dirs(g, &lines, cwd.buf);
	if (!ret)
		strbuf_addstr(&g->head, lines.v[3]);
	ret = 0;

cleanup:
	strvec_release(&lines);
	strbuf_release(&complaint);
	strbuf_release(&cwd);
	return ret;
}

static bool has(const struct git_hooks *g, const char *name)
{
	struct strbuf path = STRBUF_INIT;
	bool found;

	strbuf_addf(&path, "%s/%s", g->git_dir.buf, name);
	found = path_exists(path.buf);
	strbuf_release(&path);
	return found;
}

/* git tells hooks what began the change: before its files are there, and when
 * they are gone already. */
static const char *reflog_action(void)
{
	static const char *const words[] = {
		"rebase", "cherry-pick", "revert", "am", NULL
	};
	const char *action = getenv("GIT_REFLOG_ACTION");
	size_t i;

	for (i = 0; action && words[i]; i++) {
		size_t len = strlen(words[i]);

		if (!strncmp(action, words[i], len) &&
		    !isalnum((unsigned char)action[len]))
			return words[i];
	}
	return NULL;
}

const char *git_event_within(const struct git_hooks *g, const char *event,
			     const char *const *args)
{
	static const char *const files[][2] = {
		{ "rebase-merge", "rebase" },
		{ "rebase-apply/applying", "am" },
		{ "rebase-apply", "rebase" },
		{ "CHERRY_PICK_HEAD", "cherry-pick" },
		{ "REVERT_HEAD", "revert" },
		{ "sequencer", "cherry-pick" },
		{ "BISECT_LOG", "bisect" },
	};
	size_t i;

	/* Once, when all of it has been rewritten. */
	if (!strcmp(event, "post-rewrite") && args && *args &&
	    !strcmp(*args, "rebase"))
		return NULL;
	/* Asked before anything of it begins. */
	if (!strcmp(event, "pre-rebase"))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (has(g, files[i][0]))
			return files[i][1];
	/* `git revert` of one commit leaves nothing else; `git commit` has
	 * taken that file away before its hook. */
	if (!strcmp(event, "post-commit") && has(g, "MERGE_MSG"))
		return "revert";
	if (strcmp(event, "post-merge") && strcmp(event, "pre-merge-commit") &&
	    has(g, "MERGE_HEAD"))
		return "merge";
	return reflog_action();
}

/* git gives a hook the author of the commit, who need not be the user. Whoever
 * is committer by the environment is the author of what comes. */
static void reset_author(struct child_process *child, const char *author,
			 const char *committer)
{
	const char *who = getenv(committer);

	if (who && *who)
		strvec_pushf(&child->env, "%s=%s", author, who);
	else
		strvec_push(&child->env, author);
}

void git_event_clean(struct child_process *child)
{
	child->clean_git_env = 1;
	strvec_pushl(&child->env, "GIT_AUTHOR_DATE", "GIT_EDITOR",
		     "GIT_REFLOG_ACTION", NULL);
	reset_author(child, "GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME");
	reset_author(child, "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL");
}
