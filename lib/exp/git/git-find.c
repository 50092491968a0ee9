#include "lib/base/compat.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/path.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"

/* Whether `dir` stands in the list, as text or with its links followed. */
static bool is_ceiling(const char *dir)
{
	const char *list = getenv("GIT_CEILING_DIRECTORIES");
	struct strbuf one = STRBUF_INIT, real = STRBUF_INIT;
	bool found = false;

	while (list && *list && !found) {
		size_t len = strcspn(list, ":");

		strbuf_reset(&one);
		strbuf_reset(&real);
		strbuf_add(&one, list, len);
		if (*one.buf == '/') {
			path_real(&real, one.buf);
			found = !strcmp(real.buf, dir) || !strcmp(one.buf, dir);
		}
		list += len + (list[len] == ':');
	}
	strbuf_release(&one);
	strbuf_release(&real);
	return found;
}

static bool has(const char *dir, const char *name)
{
	struct strbuf path = STRBUF_INIT;
	bool found;

	strbuf_addf(&path, "%s/%s", strcmp(dir, "/") ? dir : "", name);
	found = path_exists(path.buf);
	strbuf_release(&path);
	return found;
}

bool git_is_broken(const char *top)
{
	return has(top, ".git/HEAD");
}

/*
 * Only guesses, to save the processes where there is no repository: git has
 * the last word on what a repository is. Source: gitrepository-layout(5).
 */
bool git_find_top(struct strbuf *top, const char *dir)
{
	strbuf_reset(top);
	path_real(top, dir);
	for (;;) {
		char *slash;

		if (has(top->buf, ".git") ||
		    (has(top->buf, "HEAD") && has(top->buf, "objects") &&
		     has(top->buf, "refs")))
			return true;
		if (!strcmp(top->buf, "/"))
			return false;
		slash = strrchr(top->buf, '/');
		if (!slash)
			return false;
		strbuf_setlen(top, slash == top->buf ?
			      1 : (size_t)(slash - top->buf));
		if (is_ceiling(top->buf))
			return false;
	}
}

/*
 * Only what every git since 2.25 understands. fsmonitor and hooks would run
 * programs; to ask the network for what a partial clone lacks would break the
 * promise to work offline; the messages must be English to be told apart.
 * diff.autoRefreshIndex: with it `git diff` writes the index, optional locks
 * or not. index.threads: several processes read the same index at once.
 * MALLOC_ARENA_MAX (glibc): git looks at files in up to twenty threads that
 * allocate little; an arena of its own for each is mapped for nothing.
 */
void git_child(struct child_process *child, const char *dir,
	       const char *git_dir)
{
	child_process_init(child);
	child->clean_git_env = 1;
	child->no_stdin = 1;
	child->dir = dir;
	strvec_pushl(&child->env, "LC_ALL=C", "LANGUAGE",
		     "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1",
		     "GIT_ALLOW_PROTOCOL=none", "GIT_TERMINAL_PROMPT=0",
		     "MALLOC_ARENA_MAX=1", NULL);
	strvec_pushl(&child->args, "git", "--no-optional-locks",
		     "-c", "core.fsmonitor=false",
		     "-c", "core.hooksPath=/dev/null",
		     "-c", "core.quotePath=false",
		     "-c", "core.safecrlf=false",
		     "-c", "index.threads=1",
		     "-c", "diff.autoRefreshIndex=false", NULL);
	if (git_dir)
		strvec_pushf(&child->args, "--git-dir=%s", git_dir);
}
