#include "lib/base/compat.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/conf/project.h"

#include <poll.h>

/*
 * Room for answers that come while nobody reads: the caller starts the
 * questions early and does other work. Also what may be had unprivileged.
 */
#define PIPE_ROOM (1 << 20)
#define READ_SIZE 65536
/* Arguments of one process; the kernel's own limit is no smaller. */
#define MAX_EXCLUDES (512u << 10)

/* The empty tree needs no object: every git knows its name. */
#define EMPTY_TREE_SHA1 "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
#define EMPTY_TREE_SHA256 \
	"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"

int git_state_options_init(struct git_state_options *opts,
			   const struct project *p, struct strbuf *err)
{
	int ret;

	memset(opts, 0, sizeof(*opts));
	opts->project = p;
	ret = settings_get_size("code.max-file", 10u << 20, &opts->max_file,
				err);
	if (!ret)
		ret = settings_get_size("code.max-run", 100u << 20,
					&opts->max_run, err);
	if (!ret)
		ret = settings_get_bool("code.treeish", false, &opts->treeish,
					err);
	return ret;
}

void git_note_error(struct git_state *state, const char *text)
{
	if (!state->error.len)
		strbuf_addstr(&state->error, text);
}

/* The first sentence of git's that says what is wrong. */
static void note_complaint(struct git_state *state, const char *otherwise)
{
	static const char *const prefixes[] = { "fatal: ", "error: " };
	const char *buf = state->complaint.buf, *found;
	char *line;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		found = strstr(buf, prefixes[i]);
		if (!found)
			continue;
		found += strlen(prefixes[i]);
		line = xmemdupz(found, strcspn(found, "\n"));
		git_note_error(state, line);
		free(line);
		return;
	}
	git_note_error(state, otherwise);
}

/* Results, .resutil, stores and the key file, as paths from the top. */
static void add_private(struct git_state *state, const char *path)
{
	const char *rel = path_below(path, state->top);
	struct stat st;

	if (!rel || !*rel)
		return;
	if (!stat(path, &st) && S_ISREG(st.st_mode))
		strvec_push(&state->private_files, rel);
	else
		strvec_push(&state->private_dirs, rel);
}

static void find_private(struct git_state *state)
{
	struct strvec paths = STRVEC_INIT;
	struct strbuf real = STRBUF_INIT;
	size_t i;

	strvec_clear(&state->private_dirs);
	strvec_clear(&state->private_files);
	if (state->opts->project)
		project_private_paths(state->opts->project, &paths);
	for (i = 0; state->opts->lent && i < state->opts->lent->nr; i++) {
		const char *rel = path_below(state->opts->lent->v[i],
					     state->top);

		if (rel && *rel)
			strvec_push(&state->private_dirs, rel);
	}
	for (i = 0; i < paths.nr; i++) {
		/* a link, and what it leads to, may both be in the tree */
		strbuf_reset(&real);
		path_real(&real, paths.v[i]);
		add_private(state, paths.v[i]);
		add_private(state, real.buf);
	}
	strvec_sort(&state->private_dirs, true);
	strvec_sort(&state->private_files, true);
	strvec_release(&paths);
	strbuf_release(&real);
}

/*
 * Nothing of the user's settings may change the form of the answer; a tree
 * is compared with HEAD at once, so that staged or not makes no difference.
 * --binary and --full-index: `git apply` can put it on.
 */
static void diff_args(struct git_state *state, struct strvec *args)
{
	size_t i;

	strvec_pushl(args, "-c", "diff.context=3", "-c",
		     "diff.interHunkContext=0", "-c",
		     "diff.suppressBlankEmpty=false", "diff", "--no-ext-diff",
		     "--no-textconv", "--no-color", "--no-renames",
		     "--diff-algorithm=default", "--src-prefix=a/",
		     "--dst-prefix=b/", "-O/dev/null", "--submodule=short",
		     "--ignore-submodules=none", "--full-index", "--binary",
		     "--patch-with-raw", "-z", state->against, "--", NULL);
	for (i = 0; state->asked_again && i < state->nr; i++)
		if (!state->item[i].change.untracked)
			strvec_pushf(args, ":(exclude,top,literal)%s",
				     state->item[i].change.path);
	for (i = 0; state->asked_again && i < state->private_dirs.nr; i++)
		strvec_pushf(args, ":(exclude,top,literal)%s",
			     state->private_dirs.v[i]);
}

/*
 * -x, so that a results_dir with a million files is not even read. These
 * patterns go before those of .gitignore files.
 */
static void untracked_args(struct git_state *state, struct strvec *args)
{
	struct strbuf pattern = STRBUF_INIT;
	size_t i;

	strvec_pushl(args, "ls-files", "-z", "--others", "--exclude-standard",
		     NULL);
	for (i = 0; i < state->private_dirs.nr; i++) {
		const char *p = state->private_dirs.v[i];

		strbuf_reset(&pattern);
		strbuf_addch(&pattern, '/');
		for (; *p; p++) {
			if (strchr("*?[\\ ", *p))
				strbuf_addch(&pattern, '\\');
			strbuf_addch(&pattern, *p);
		}
		strvec_pushl(args, "-x", pattern.buf, NULL);
	}
	strbuf_release(&pattern);
}

static void head_args(struct git_state *state, struct strvec *args)
{
	if (!strcmp(state->against, "HEAD")) {
		strvec_pushl(args, "rev-parse", "--show-object-format", NULL);
		if (!state->bare)
			strvec_push(args, "--show-toplevel");
		strvec_pushl(args, "HEAD", "--symbolic-full-name", "HEAD",
			     NULL);
	} else {	/* no commit: at least the branch has a name */
		strvec_pushl(args, "symbolic-ref", "-q", "HEAD", NULL);
	}
}

/* `err_end`: where it complains to; a copy is given away. */
static int ask(struct git_state *state, enum git_question question,
	       int err_end, struct strbuf *err)
{
	struct git_ask *a = &state->ask[question];
	struct strvec *args = &a->child.args;
	int ret;

	git_child(&a->child, state->top, state->git_dir);
	strbuf_reset(&a->text);
	a->max = question == ASK_UNTRACKED ? GIT_MAX_LIST : GIT_MAX_ANSWER;
	a->status = -1;
	a->failed = 0;
	switch (question) {
	case ASK_DIFF:
		diff_args(state, args);
		break;
	case ASK_UNTRACKED:
		untracked_args(state, args);
		break;
	case ASK_HEAD:
		head_args(state, args);
		break;
	case ASK_DESCRIBE:
		strvec_pushl(args, "describe", "--tags", "--long", "--always",
			     NULL);
		break;
	default:
		strvec_pushl(args, "config", "-z", "--get-regexp",
			     "^(remote\\..*\\.url|branch\\..*\\.remote)$",
			     NULL);
	}
	a->child.out = -1;
	a->child.err = fcntl(err_end, F_DUPFD_CLOEXEC, 3);
	if (a->child.err < 0)
		a->child.no_stderr = 1;
	ret = start_command(&a->child, err);
	if (ret)
		return ret;
	a->running = true;
	a->fd = a->child.out;
	fcntl(a->fd, F_SETPIPE_SZ, PIPE_ROOM);	/* helps, need not succeed */
	return 0;
}

/* Asks some questions at once; what cannot be asked is noted. */
static void ask_all(struct git_state *state, const enum git_question *list,
		    size_t nr)
{
	struct strbuf err = STRBUF_INIT;
	int ends[2];
	size_t i;

	strbuf_reset(&state->complaint);
	if (state->err_fd >= 0)
		close(state->err_fd);
	state->err_fd = -1;
	if (pipe2(ends, O_CLOEXEC)) {
		git_note_error(state, strerror(errno));
		return;
	}
	state->err_fd = ends[0];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	for (i = 0; i < nr; i++) {
		int ret = ask(state, list[i], ends[1], &err);

		if (!ret)
			continue;
		git_note_error(state, ret == ERR_NOT_FOUND ?
			       "git is not installed" : err.buf);
		break;
	}
	close(ends[1]);
	strbuf_release(&err);
}

static int on_part(struct git_raw_entry *entry, bool again, void *data)
{
	struct git_state *state = data;

	if (again)
		return 0;
	state->part = entry;
	state->part_start = state->patch.len;
	state->part_dropped = false;
	state->part_allowed = git_secret_is_allowed(state, entry->path);
	strbuf_reset(&state->part_held);
	return 0;
}

static void drop_part(struct git_state *state, const char *reason)
{
	state->part_dropped = true;
	if (!state->part->new_mode)
		state->part->left_out = reason;
}

/*
 * A part that is too large goes, and so does one that shows a secret that was
 * taken out of the file: what the file is now is copied anyway, only the
 * removal of such a file is lost and named.
 */
static int on_text(const char *text, size_t len, void *data)
{
	struct git_state *state = data;
	struct git_patch *patch = &state->patch;
	uint64_t keep = 0;

	state->patch_size += len;
	if (state->part_dropped || state->patch_too_large)
		return 0;
	if (patch->len - state->part_start + len > state->opts->max_file) {
		drop_part(state, left_out_large);
		keep = state->part_start;
	} else if (!state->part_allowed && git_secret_part(state, text, len)) {
		drop_part(state, left_out_secret);
		keep = state->part_start;
	} else if (patch->len + len > state->opts->max_run) {
		state->patch_too_large = true;
	} else {
		return git_patch_add(patch, text, len, &state->error);
	}
	return git_patch_cut(patch, keep, &state->error);
}

static void begin_diff(struct git_state *state)
{
	git_raw_release(&state->raw);
	git_raw_init(&state->raw);
	state->raw.listed = git_changes_listed;
	state->raw.part = on_part;
	state->raw.text = on_text;
	state->raw.data = state;
	git_patch_clear(&state->patch);
	state->part = NULL;
	state->part_start = state->patch_size = 0;
	state->part_dropped = state->patch_too_large = false;
}

static void start(struct git_state *state)
{
	/* the longest first */
	static const enum git_question all[] = {
		ASK_DIFF, ASK_UNTRACKED, ASK_HEAD, ASK_DESCRIBE, ASK_CONFIG
	};

	state->against = "HEAD";
	state->again = false;
	find_private(state);
	git_secret_rules(state);
	begin_diff(state);
	ask_all(state, all, ARRAY_SIZE(all));
}

int git_state_start(struct git_state **out,
		    const struct git_state_options *opts, struct strbuf *err)
{
	struct git_state *state = xcalloc(1, sizeof(*state));
	struct strbuf dir = STRBUF_INIT, top = STRBUF_INIT;
	int i, ret = 0;

	state->opts = opts;
	state->top_fd = state->err_fd = state->patch.fd = -1;
	strvec_init(&state->private_dirs);
	strvec_init(&state->private_files);
	strvec_init(&state->secret_files);
	strvec_init(&state->allowed_files);
	strbuf_init(&state->seen_dir);
	strbuf_init(&state->part_held);
	strbuf_init(&state->complaint);
	strbuf_init(&state->patch.text);
	strbuf_init(&state->error);
	git_raw_init(&state->raw);
	for (i = 0; i < ASK_NR; i++) {
		state->ask[i].fd = state->ask[i].status = -1;
		strbuf_init(&state->ask[i].text);
	}
	*out = state;
	if (opts->dir)
		strbuf_addstr(&dir, opts->dir);
	else if (opts->project)
		strbuf_addstr(&dir, opts->project->root);
	else
		ret = path_cwd(&dir, err);
	if (!ret && git_find_top(&top, dir.buf)) {
		state->top = strbuf_detach(&top, NULL);
		start(state);
	}
	if (ret) {
		git_state_free(state);
		*out = NULL;
	}
	strbuf_release(&dir);
	strbuf_release(&top);
	return ret;
}

/* Ends a process that is of no more use. */
static void stop(struct git_ask *a)
{
	if (!a->running)
		return;
	if (a->fd >= 0) {
		close(a->fd);
		a->fd = -1;
		kill(a->child.pid, SIGTERM);
	}
	a->status = finish_command(&a->child);
	a->running = false;
}

/* As soon as it is known: the patch mostly takes longer. */
static void take_untracked(struct git_state *state)
{
	struct strbuf *text = &state->ask[ASK_UNTRACKED].text;
	const char *p = text->buf, *end = p + text->len;

	while (p < end && memchr(p, '\0', (size_t)(end - p))) {
		git_changes_add_untracked(state, p);
		p += strlen(p) + 1;
	}
	strbuf_release(text);
	strbuf_init(text);
}

/* Some bytes of an answer; closes at the end. */
static void take_bytes(struct git_state *state, enum git_question question,
		       char *buf)
{
	struct git_ask *a = &state->ask[question];
	struct strbuf err = STRBUF_INIT;
	ssize_t n = read(a->fd, buf, READ_SIZE);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(a->fd);
		a->fd = -1;
		if (question == ASK_UNTRACKED)
			take_untracked(state);
		return;
	}
	if (question == ASK_DIFF) {
		a->failed = git_raw_feed(&state->raw, buf, (size_t)n, &err);
	} else if (a->text.len + (size_t)n > a->max) {
		a->failed = fail(&err, ERR_CONTENT,
				 "git has more to say than can be kept");
	} else {
		strbuf_add(&a->text, buf, (size_t)n);
	}
	if (a->failed) {
		if (a->failed != ERR_NO)
			git_note_error(state, err.buf);
		stop(a);
	}
	strbuf_release(&err);
}

/* Never waits: somebody else's process may hold the other end. */
static void take_complaints(struct git_state *state, char *buf)
{
	ssize_t n;

	while ((n = read(state->err_fd, buf, READ_SIZE)) > 0)
		if (state->complaint.len < READ_SIZE)
			strbuf_add(&state->complaint, buf, (size_t)n);
}

/* Reads all answers as they come, and waits for the processes. */
static void wait_all(struct git_state *state)
{
	char *buf = xmalloc(READ_SIZE);
	struct pollfd fds[ASK_NR + 1];
	int i, nr_open;

	for (;;) {
		for (i = nr_open = 0; i < ASK_NR; i++) {
			fds[i].fd = state->ask[i].fd;
			fds[i].events = POLLIN;
			fds[i].revents = 0;
			nr_open += fds[i].fd >= 0;
		}
		fds[ASK_NR].fd = state->err_fd;
		fds[ASK_NR].events = POLLIN;
		fds[ASK_NR].revents = 0;
		if (!nr_open)
			break;
		if (poll(fds, ASK_NR + 1, -1) < 0 && errno != EINTR)
			break;
		for (i = 0; i < ASK_NR; i++)
			if (fds[i].revents)
				take_bytes(state, (enum git_question)i, buf);
		if (fds[ASK_NR].revents & POLLIN)
			take_complaints(state, buf);
		else if (fds[ASK_NR].revents) {	/* all have closed it */
			close(state->err_fd);
			state->err_fd = -1;
		}
	}
	for (i = 0; i < ASK_NR; i++)
		stop(&state->ask[i]);
	if (state->err_fd >= 0)
		take_complaints(state, buf);
	free(buf);
}

/* The list and the patch have been read, as far as they came. */
static void end_diff(struct git_state *state)
{
	struct git_ask *a = &state->ask[ASK_DIFF];
	struct strbuf err = STRBUF_INIT;

	if (!a->failed && !a->status) {
		a->failed = git_raw_end(&state->raw, &err);
		if (a->failed && a->failed != ERR_NO)
			git_note_error(state, err.buf);
	}
	if (a->failed == ERR_NO) {
		strbuf_release(&err);
		return;
	}
	if (a->failed || a->status) {
		note_complaint(state, "git diff failed");
		state->patch_failed = true;
		state->list_failed = !git_raw_is_listed(&state->raw);
		git_patch_clear(&state->patch);
	}
	strbuf_release(&err);
}

/* What git must not read is named, and the rest is asked for once more. */
static void diff_again(struct git_state *state)
{
	static const enum git_question diff[] = { ASK_DIFF };
	size_t i, len = 0;

	git_changes_add_tracked(state, true);
	begin_diff(state);
	for (i = 0; i < state->nr; i++)
		if (!state->item[i].change.untracked)
			len += strlen(state->item[i].change.path) + 64;
	state->asked_again = true;
	if (len > MAX_EXCLUDES) {
		git_note_error(state, "too many changed files must be left "
			       "out for git to make a patch of the rest");
		state->patch_failed = state->list_failed = true;
		return;
	}
	ask_all(state, diff, 1);
	wait_all(state);
	end_diff(state);
}

static void without_commit(struct git_state *state)
{
	static const enum git_question two[] = { ASK_DIFF, ASK_HEAD };
	struct strbuf *ref = &state->ask[ASK_HEAD].text;

	state->against = state->format && !strcmp(state->format, "sha256") ?
			 EMPTY_TREE_SHA256 : EMPTY_TREE_SHA1;
	begin_diff(state);
	ask_all(state, two, ARRAY_SIZE(two));
	wait_all(state);
	strbuf_trim(ref);
	if (!state->ask[ASK_HEAD].status && ref->len)
		state->ref = xstrdup(ref->buf);
}

static bool complains(const struct git_state *state, const char *text)
{
	return strstr(state->complaint.buf, text);
}

/* Nothing can be compared; the commit is known all the same. */
static void without_work_tree(struct git_state *state)
{
	static const enum git_question head[] = { ASK_HEAD };
	struct strbuf top = STRBUF_INIT;

	git_note_error(state, "the repository has no work tree");
	state->bare = true;
	ask_all(state, head, 1);
	wait_all(state);
	git_answer_head(state, &top);
	strbuf_release(&top);
}

static void take_short_answers(struct git_state *state)
{
	struct git_ask *describe = &state->ask[ASK_DESCRIBE];

	strbuf_trim(&describe->text);
	if (!describe->status && describe->text.len && !describe->failed)
		state->describe = xstrdup(describe->text.buf);
	git_answer_remote(state);
}

/*
 * The top that was guessed is not what git takes for it (core.worktree, an
 * empty .git on the way up): begin again from there, once.
 */
static void start_over(struct git_state *state, struct strbuf *top)
{
	struct strbuf dot_git = STRBUF_INIT;

	git_changes_clear(state);
	strbuf_addf(&dot_git, "%s/.git", top->buf);
	if (!path_exists(dot_git.buf))
		state->git_dir = xstrfmt("%s/.git", state->top);
	strbuf_release(&dot_git);
	free(state->top);
	state->top = strbuf_detach(top, NULL);
	start(state);
	wait_all(state);
	if (!git_answer_head(state, top))
		git_note_error(state, "git names two tops of the work tree");
}

static void take_answers(struct git_state *state)
{
	const struct git_ask *untracked = &state->ask[ASK_UNTRACKED];

	if (state->bare) {
		take_short_answers(state);
		return;
	}
	if (!state->commit) {
		if (complains(state, "ambiguous argument 'HEAD'") ||
		    complains(state, "bad revision 'HEAD'")) {
			without_commit(state);
		} else {
			note_complaint(state, "git does not answer");
			return;
		}
	}
	end_diff(state);
	if (state->again && !state->asked_again)
		diff_again(state);
	take_short_answers(state);
	if (untracked->status || untracked->failed)
		note_complaint(state, "git ls-files failed");
	if (!state->list_failed)
		git_changes_add_tracked(state, false);
}

void git_gather(struct git_state *state)
{
	struct strbuf top = STRBUF_INIT;

	if (state->gathered)
		return;
	state->gathered = true;
	if (!state->top)
		return;
	wait_all(state);
	if (!git_answer_head(state, &top))
		start_over(state, &top);
	strbuf_release(&top);
	if (complains(state, "not a git repository (or any") &&
	    !git_is_broken(state->top)) {
		free(state->top);
		state->top = NULL;
		return;
	}
	if (complains(state, "must be run in a work tree"))
		without_work_tree(state);
	take_answers(state);
	git_changes_finish(state);
}

int git_state_changes(struct git_state *state, const struct git_change **list,
		      size_t *nr, struct strbuf *err UNUSED)
{
	size_t i;

	git_gather(state);
	if (!state->list && state->nr) {
		state->list = xcalloc(state->nr, sizeof(*state->list));
		for (i = 0; i < state->nr; i++)
			state->list[i] = state->item[i].change;
	}
	*list = state->list;
	*nr = state->nr;
	return 0;
}

void git_state_free(struct git_state *state)
{
	int i;

	if (!state)
		return;
	for (i = 0; i < ASK_NR; i++) {
		stop(&state->ask[i]);
		strbuf_release(&state->ask[i].text);
	}
	git_changes_clear(state);
	if (state->err_fd >= 0)
		close(state->err_fd);
	git_raw_release(&state->raw);
	git_patch_clear(&state->patch);
	strvec_release(&state->private_dirs);
	strvec_release(&state->private_files);
	strvec_release(&state->secret_files);
	strvec_release(&state->allowed_files);
	strbuf_release(&state->part_held);
	strbuf_release(&state->complaint);
	strbuf_release(&state->error);
	free(state->list);
	free(state->top);
	free(state->git_dir);
	free(state->commit);
	free(state->ref);
	free(state->describe);
	free(state->remote);
	free(state);
}
