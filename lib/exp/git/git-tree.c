#include "lib/base/compat.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"

/* Runs `child` to its end; its complaint becomes the sentence. */
static int run_git(struct child_process *child, const struct strbuf *in,
		   struct strbuf *out, struct strbuf *err)
{
	struct strbuf complaint = STRBUF_INIT;
	int status;

	status = pipe_command(child, in ? in->buf : NULL, in ? in->len : 0,
			      out, &complaint, GIT_MAX_LIST, err);
	if (status > 0) {
		complaint.buf[strcspn(complaint.buf, "\n")] = '\0';
		status = fail(err, ERR_FAILED, "git cannot make a tree: %s",
			      complaint.buf);
	}
	strbuf_release(&complaint);
	return status;
}

/*
 * Everything is written into `scratch`. The objects of the repository are not
 * even lent: git would set the times of those that it finds there again. So
 * the commit comes as a list, and no object has to be there.
 */
static void begin(struct child_process *child, const struct git_state *state,
		  const char *scratch)
{
	git_child(child, state->top, state->git_dir);
	child->no_stdin = 0;
	strvec_pushf(&child->env, "GIT_OBJECT_DIRECTORY=%s/objects", scratch);
	strvec_pushf(&child->env, "GIT_INDEX_FILE=%s/index", scratch);
}

static int list_commit(struct strbuf *list, const struct git_state *state,
		       struct strbuf *err)
{
	struct child_process child;

	if (!state->commit)
		return 0;
	git_child(&child, state->top, state->git_dir);
	strvec_pushl(&child.args, "ls-tree", "-r", "-z", "--full-tree",
		     state->commit, NULL);
	return run_git(&child, NULL, list, err);
}

/* What is gone, in the form of update-index --index-info: mode 0. */
static void list_deleted(struct strbuf *list, const struct git_state *state)
{
	int digits = strcmp(state->format, "sha256") ? 40 : 64;
	size_t i;

	for (i = 0; i < state->nr; i++) {
		const struct git_change *change = &state->item[i].change;

		if (change->left_out || !change->deleted)
			continue;
		strbuf_addf(list, "0 %0*d\t%s", digits, 0, change->path);
		strbuf_addch(list, '\0');
	}
}

static void list_captured(struct strbuf *list, const struct git_state *state)
{
	size_t i;

	for (i = 0; i < state->nr; i++) {
		const struct git_change *change = &state->item[i].change;

		if (change->left_out || change->deleted)
			continue;
		strbuf_addstr(list, change->path);
		strbuf_addch(list, '\0');
	}
}

/* What is gone goes first: a file may take the place of a directory. */
int git_write_tree(const struct git_state *state, const char *scratch,
		   struct strbuf *hex, struct strbuf *err)
{
	struct child_process child;
	struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;
	int ret;

	ret = list_commit(&in, state, err);
	if (ret)
		goto cleanup;
	list_deleted(&in, state);
	begin(&child, state, scratch);
	strvec_pushl(&child.args, "update-index", "-z", "--index-info", NULL);
	ret = run_git(&child, &in, &out, err);
	if (ret)
		goto cleanup;
	strbuf_reset(&in);
	list_captured(&in, state);
	begin(&child, state, scratch);
	strvec_pushl(&child.args, "update-index", "-z", "--add", "--replace",
		     "--stdin", NULL);
	ret = run_git(&child, &in, &out, err);
	if (ret)
		goto cleanup;
	begin(&child, state, scratch);
	strvec_pushl(&child.args, "write-tree", "--missing-ok", NULL);
	ret = run_git(&child, NULL, hex, err);
	strbuf_trim(hex);

cleanup:
	strbuf_release(&in);
	strbuf_release(&out);
	return ret;
}

static bool is_clean(const struct git_state *state)
{
	size_t i;

	for (i = 0; i < state->nr; i++)
		if (!state->item[i].change.left_out)
			return false;
	return state->commit;
}

static int tree_of_commit(const struct git_state *state, struct strbuf *hex,
			  struct strbuf *err)
{
	struct child_process child;
	int ret;

	git_child(&child, state->top, state->git_dir);
	strvec_pushl(&child.args, "rev-parse", "--verify", NULL);
	strvec_pushf(&child.args, "%s^{tree}", state->commit);
	ret = run_git(&child, NULL, hex, err);
	strbuf_trim(hex);
	return ret;
}

/* ---- the last one -------------------------------------------------------- */

/* Seconds in which a file may change again and look as it did. */
#define RACY_SECONDS 2

void git_tree_memo_release(struct git_tree_memo *memo)
{
	strbuf_release(&memo->key);
	strbuf_release(&memo->tree);
}

static void add_file_key(struct strbuf *key, const struct stat *st)
{
	strbuf_addf(key, "%lo %lld %llu %lld.%09ld %lld.%09ld",
		    (unsigned long)st->st_mode, (long long)st->st_size,
		    (unsigned long long)st->st_ino,
		    (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
		    (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

/* What the tree is made from, taken before it is made. Empty when a file
 * changed so lately that it may do so again unseen. */
static void make_key(struct strbuf *key, const struct git_state *state)
{
	time_t now = time(NULL);
	struct stat st;
	size_t i;

	strbuf_addf(key, "%s %s", state->top,
		    state->commit ? state->commit : "");
	for (i = 0; i < state->nr; i++) {
		const struct git_change *change = &state->item[i].change;

		if (change->left_out)
			continue;
		strbuf_addch(key, '\0');
		strbuf_addstr(key, change->path);
		strbuf_addch(key, '\0');
		if (change->deleted)
			continue;
		if (fstatat(state->top_fd, change->path, &st,
			    AT_SYMLINK_NOFOLLOW) ||
		    st.st_ctim.tv_sec > now - RACY_SECONDS) {
			strbuf_reset(key);
			return;
		}
		add_file_key(key, &st);
	}
}

static bool is_known(const struct git_tree_memo *memo,
		     const struct strbuf *key)
{
	return key->len && key->len == memo->key.len &&
	       !memcmp(key->buf, memo->key.buf, key->len);
}

static int make_in_scratch(const struct git_state *state, struct strbuf *hex,
			   struct strbuf *err)
{
	struct tempfile *scratch = NULL;
	struct strbuf objects = STRBUF_INIT;
	int ret;

	ret = tempfile_scratch_dir(&scratch, err);
	if (ret)
		return ret;
	strbuf_addf(&objects, "%s/objects", tempfile_path(scratch));
	if (sys_mkdir(objects.buf, 0700))
		ret = fail_errno(err, "cannot make '%s'", objects.buf);
	if (!ret)
		ret = git_write_tree(state, tempfile_path(scratch), hex, err);
	tempfile_delete(&scratch);
	strbuf_release(&objects);
	return ret;
}

int git_treeish(const struct git_state *state, struct strbuf *hex,
		struct strbuf *err)
{
	struct git_tree_memo *memo = state->opts->tree_memo;
	struct strbuf key = STRBUF_INIT;
	int ret = 0;

	if (state->list_failed || state->bare || !state->format)
		return fail(err, ERR_FAILED,
			    "no tree without the list of changes");
	if (is_clean(state))
		return tree_of_commit(state, hex, err);
	if (memo)
		make_key(&key, state);
	if (memo && is_known(memo, &key)) {
		strbuf_addbuf(hex, &memo->tree);
		goto cleanup;
	}
	ret = make_in_scratch(state, hex, err);
	if (memo) {
		strbuf_reset(&memo->key);
		strbuf_reset(&memo->tree);
	}
	if (memo && !ret) {
		strbuf_addbuf(&memo->key, &key);
		strbuf_addbuf(&memo->tree, hex);
	}

cleanup:
	strbuf_release(&key);
	return ret;
}
