#include "lib/base/compat.h"
#include "lib/exp/git/git-restore.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"

bool git_is_id(const char *text)
{
	size_t len = strspn(text, "0123456789abcdef");

	return !text[len] && (len == 40 || len == 64);
}

/*
 * The index must be one file of ours: a split one has its other half in the
 * repository. core.bare does not matter, for where work trees are asked for
 * they are named.
 */
void git_scratch_child(struct child_process *child,
		       const struct git_scratch *s, unsigned flags)
{
	const char *dir = tempfile_path(s->dir);

	git_child(child, s->top, s->git_dir);
	strvec_pushl(&child->args, "-c", "core.splitIndex=false",
		     "-c", "core.untrackedCache=false",
		     "-c", "core.sparseCheckout=false", NULL);
	strvec_pushf(&child->env, "GIT_INDEX_FILE=%s/index", dir);
	if (flags & GIT_SCRATCH_OWN)
		strvec_pushf(&child->env, "GIT_OBJECT_DIRECTORY=%s/objects",
			     dir);
	if (flags & GIT_SCRATCH_LENT)
		strvec_pushf(&child->env,
			     "GIT_ALTERNATE_OBJECT_DIRECTORIES=%s", s->lent);
}

int git_run_child(struct child_process *child, const struct strbuf *in,
		  struct strbuf *out, const char *what, int code,
		  struct strbuf *err)
{
	struct strbuf complaint = STRBUF_INIT;
	int status;

	if (in)
		child->no_stdin = 0;
	status = pipe_command(child, in ? in->buf : NULL, in ? in->len : 0,
			      out, &complaint, GIT_MAX_LIST, err);
	if (status > 0) {
		complaint.buf[strcspn(complaint.buf, "\n")] = '\0';
		status = fail(err, code, "%s: %s", what, *complaint.buf ?
			      complaint.buf : "git gives no reason");
	}
	strbuf_release(&complaint);
	return status;
}

/* One answer, without the newline at its end. */
static int ask_place(const char *top, const char *option, const char *value,
		     struct strbuf *out, struct strbuf *err)
{
	struct child_process child;
	int ret;

	git_child(&child, top, NULL);
	strvec_pushl(&child.args, "rev-parse", option, value, NULL);
	ret = git_run_child(&child, NULL, out, "git does not open the "
			    "repository", ERR_FAILED, err);
	if (!ret && out->len && out->buf[out->len - 1] == '\n')
		strbuf_setlen(out, out->len - 1);
	return ret;
}

/* As a list of paths in a variable is read: git(1),
 * GIT_ALTERNATE_OBJECT_DIRECTORIES. */
static char *quote_for_list(const char *path)
{
	struct strbuf quoted = STRBUF_INIT;

	strbuf_addch(&quoted, '"');
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			strbuf_addch(&quoted, '\\');
		if (*path == '\n')
			strbuf_addstr(&quoted, "\\n");
		else
			strbuf_addch(&quoted, *path);
	}
	strbuf_addch(&quoted, '"');
	return strbuf_detach(&quoted, NULL);
}

static int find_places(struct git_scratch *s, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT, path = STRBUF_INIT;
	size_t skip;
	int ret;

	ret = ask_place(s->top, "--show-object-format", "--absolute-git-dir",
			&text, err);
	if (ret)
		goto cleanup;
	skip = strcspn(text.buf, "\n");
	s->format = strncmp(text.buf, "sha256\n", 7) ? "sha1" : "sha256";
	s->git_dir = xstrdup(text.buf + skip + (text.buf[skip] == '\n'));
	strbuf_reset(&text);
	ret = ask_place(s->top, "--git-path", "objects", &text, err);
	if (ret)
		goto cleanup;
	path_absolute(&path, s->top, text.buf);
	s->lent = quote_for_list(path.buf);

cleanup:
	strbuf_release(&text);
	strbuf_release(&path);
	return ret;
}

int git_scratch_open(struct git_scratch **out, const char *repository,
		     struct strbuf *err)
{
	struct git_scratch *s = xcalloc(1, sizeof(*s));
	struct strbuf dir = STRBUF_INIT, top = STRBUF_INIT;
	int ret = 0;

	path_absolute(&dir, NULL, repository);
	if (!git_find_top(&top, dir.buf))
		ret = fail(err, ERR_NOT_FOUND,
			   "'%s' lies in no git repository", dir.buf);
	if (!ret) {
		s->top = strbuf_detach(&top, NULL);
		ret = find_places(s, err);
	}
	if (!ret)
		ret = tempfile_scratch_dir(&s->dir, err);
	if (!ret) {
		strbuf_reset(&dir);
		strbuf_addf(&dir, "%s/objects", tempfile_path(s->dir));
		if (sys_mkdir(dir.buf, 0700))
			ret = fail_errno(err, "cannot make '%s'", dir.buf);
	}
	if (ret) {
		git_scratch_close(s);
		s = NULL;
	}
	*out = s;
	strbuf_release(&dir);
	strbuf_release(&top);
	return ret;
}

void git_scratch_close(struct git_scratch *s)
{
	if (!s)
		return;
	tempfile_delete(&s->dir);
	free(s->top);
	free(s->git_dir);
	free(s->lent);
	free(s);
}

int git_scratch_work_tree(struct git_scratch *s, const struct project *p,
			  struct strbuf *tree, struct strbuf *err)
{
	struct git_state_options opts;
	struct git_state *state = NULL;
	int ret = git_state_options_init(&opts, p, err);

	if (!ret)
		ret = git_state_start(&state, &opts, err);
	if (ret)
		return ret;
	git_gather(state);
	if (!state->top)
		ret = fail(err, ERR_NOT_FOUND,
			   "'%s' lies in no git repository", p->root);
	else if (state->list_failed || state->bare || !state->format)
		ret = fail(err, ERR_FAILED, "what the work tree holds is not "
			   "known: %s", state->error.len ? state->error.buf :
			   "git gives no reason");
	else
		ret = git_write_tree(state, tempfile_path(s->dir), tree, err);
	git_state_free(state);
	return ret;
}

/* Without a word about what to print, git prints names and ids. */
static bool says_what(const char *const *options)
{
	static const char *const words[] = {
		"--stat", "--name-", "--numstat", "--shortstat", "--raw",
		"--summary", "--dirstat", "--no-patch", "--check"
	};
	size_t i;

	for (; options && *options && strcmp(*options, "--"); options++)
		for (i = 0; i < ARRAY_SIZE(words); i++)
			if (!strncmp(*options, words[i], strlen(words[i])))
				return true;
	return false;
}

int git_scratch_diff(struct git_scratch *s, const char *tree_a,
		     const char *tree_b, const char *const *options,
		     size_t max, struct strbuf *out, struct strbuf *err)
{
	struct strbuf complaint = STRBUF_INIT;
	struct child_process child;
	int status;

	if (!git_is_id(tree_a) || !git_is_id(tree_b))
		BUG("'%s', '%s': not the ids of trees", tree_a, tree_b);
	git_scratch_child(&child, s, GIT_SCRATCH_OWN | GIT_SCRATCH_LENT);
	strvec_pushl(&child.args, "diff-tree", "-r", "--no-ext-diff",
		     "--no-textconv", "--no-renames", "--no-color",
		     "--src-prefix=a/", "--dst-prefix=b/", NULL);
	if (!says_what(options))
		strvec_push(&child.args, "-p");
	/* paths come last */
	for (; options && *options && strcmp(*options, "--"); options++)
		strvec_push(&child.args, *options);
	strvec_pushl(&child.args, tree_a, tree_b, NULL);
	if (options)
		strvec_pushv(&child.args, options);
	status = pipe_command(&child, NULL, 0, out, &complaint, max, err);
	if (status > 0) {
		complaint.buf[strcspn(complaint.buf, "\n")] = '\0';
		status = fail(err, ERR_FAILED, "git cannot compare the code "
			      "states: %s", complaint.buf);
	}
	strbuf_release(&complaint);
	return status;
}
