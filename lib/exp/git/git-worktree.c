#include "lib/base/compat.h"
#include "lib/exp/git/git-worktree.h"
#include "lib/exp/git/git-internal.h"
#include "lib/exp/git/git-restore.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"

#define PATCH_FILE "uncommited.patch"

/* Submodules within submodules. */
#define MAX_DEPTH 8

/* One that git knows of: ours, or that of a submodule within it. */
struct linked {
	char *path;
	char *git_dir;		/* of the repository that it belongs to */
	struct tempfile *admin;	/* what that repository keeps of it */
};

struct git_worktree {
	struct tempfile *dir;
	char *origin;		/* NULL: bare */
	struct linked *linked;	/* the outermost first */
	size_t nr, alloc;
	const struct value *git;
	struct strvec *missing;
};

/* Everything is checked out, whatever part of it the user wants to see in
 * his own work tree; and nothing is cleaned up meanwhile. */
static void tree_child(struct child_process *child, const char *dir,
		       const char *git_dir)
{
	git_child(child, dir, git_dir);
	strvec_pushl(&child->args, "-c", "core.sparseCheckout=false",
		     "-c", "core.splitIndex=false",
		     "-c", "core.untrackedCache=false",
		     "-c", "apply.ignoreWhitespace=no", "-c", "gc.auto=0",
		     "-c", "maintenance.auto=false", NULL);
}

static int run_in(const char *dir, const char *git_dir,
		  const char *const *words, struct strbuf *out,
		  const char *what, int code, struct strbuf *err)
{
	struct child_process child;
	struct strbuf ignored = STRBUF_INIT;
	int ret;

	tree_child(&child, dir, git_dir);
	strvec_pushv(&child.args, words);
	ret = git_run_child(&child, NULL, out ? out : &ignored, what, code,
			    err);
	strbuf_release(&ignored);
	return ret;
}

/* A line, without its end. */
static int ask(const char *dir, const char *git_dir, const char *option,
	       struct strbuf *out)
{
	const char *const words[] = { "rev-parse", option, NULL };
	int ret = run_in(dir, git_dir, words, out, "", ERR_FAILED, NULL);

	if (!ret && out->len && out->buf[out->len - 1] == '\n')
		strbuf_setlen(out, out->len - 1);
	return ret;
}

bool git_top_of(struct strbuf *top, const char *dir)
{
	struct strbuf guess = STRBUF_INIT;
	bool found = git_find_top(&guess, dir) &&
		     !ask(dir, NULL, "--show-toplevel", top);

	strbuf_release(&guess);
	return found && top->len;
}

/* ---- making -------------------------------------------------------------- */

/*
 * Between the two commands below the name of the new work tree is in the
 * repository, and we do not know it yet: a signal that ends us has to wait.
 */
static int add_linked(struct git_worktree *w, const char *path,
		      const char *git_dir, const char *commit,
		      struct strbuf *err)
{
	const char *const words[] = { "worktree", "add", "--detach",
				      "--no-checkout", "--force", path,
				      commit, NULL };
	struct strbuf admin = STRBUF_INIT;
	struct linked *l;
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	ret = run_in(path, git_dir, words, NULL,
		     "git cannot make a work tree", ERR_FAILED, err);
	if (!ret && ask(path, NULL, "--absolute-git-dir", &admin))
		ret = fail(err, ERR_FAILED, "git does not find the work tree "
			   "'%s' that it made", path);
	if (!ret) {
		ARRAY_GROW(w->linked, w->nr + 1, w->alloc);
		l = &w->linked[w->nr++];
		l->path = xstrdup(path);
		l->git_dir = xstrdup(git_dir);
		tempfile_register_dir(&l->admin, admin.buf);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	strbuf_release(&admin);
	return ret;
}

/* Where a filter that the user requires does not work, what is in the commit
 * has to do; find_pointers() tells of it. */
static int check_out(const char *path, struct strbuf *err)
{
	static const char *const words[] = { "reset", "-q", "--hard", NULL };
	static const char *const plain[] = {
		"-c", "filter.lfs.process=", "-c", "filter.lfs.smudge=",
		"-c", "filter.lfs.required=false", "reset", "-q", "--hard",
		NULL
	};
	struct strbuf why = STRBUF_INIT, out = STRBUF_INIT;
	struct child_process child;
	int ret;

	tree_child(&child, path, NULL);
	/* a partial clone asks for what it has not got */
	strvec_pushl(&child.env, "GIT_ALLOW_PROTOCOL", "GIT_NO_LAZY_FETCH",
		     NULL);
	strvec_pushv(&child.args, words);
	ret = git_run_child(&child, NULL, &out, "git cannot check out the "
			    "commit", ERR_FAILED, &why);
	if (ret && !run_in(path, NULL, plain, NULL, "", ERR_FAILED, NULL))
		ret = 0;
	if (ret)
		strbuf_addbuf(err, &why);
	strbuf_release(&why);
	strbuf_release(&out);
	return ret;
}

/* The commit that a submodule was at, where that is not the one which the
 * commit around it names. */
static const char *recorded_commit(const struct git_worktree *w,
				   const char *path, struct strbuf *room)
{
	const struct value *list = value_map_get(w->git, "left_out");
	size_t i, len;

	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr;
	     i++) {
		const struct value *item = list->u.list.item[i];
		const char *name = value_get_text(item, "path");
		const char *commit = value_get_text(item, "commit");

		if (!name || !commit || strcmp(name, path))
			continue;
		len = strlen(commit);
		if (len > 6 && !strcmp(commit + len - 6, "-dirty"))
			len -= 6;
		strbuf_reset(room);
		strbuf_add(room, commit, len);
		return git_is_id(room->buf) &&
		       strspn(room->buf, "0") != room->len ? room->buf : NULL;
	}
	return NULL;
}

static void add_submodules(struct git_worktree *w, const char *path,
			   const char *origin, const char *shown, int depth);

/* One of a work tree, from the clone of it that the user has there. */
static int add_submodule(struct git_worktree *w, const char *path,
			 const char *origin, const char *commit,
			 const char *shown, int depth, struct strbuf *err)
{
	struct strbuf git_dir = STRBUF_INIT, dot_git = STRBUF_INIT;
	int ret = 0;

	strbuf_addf(&dot_git, "%s/.git", origin);
	if (!path_exists(dot_git.buf))
		ret = fail(err, ERR_NOT_FOUND, "it is not checked out here");
	else if (ask(origin, NULL, "--absolute-git-dir", &git_dir))
		ret = fail(err, ERR_NOT_FOUND, "git does not open it");
	if (!ret && sys_mkdir(path, 0777) && errno != EEXIST)
		ret = fail_errno(err, "cannot make '%s'", path);
	if (!ret)
		ret = add_linked(w, path, git_dir.buf, commit, err);
	if (!ret)
		ret = check_out(path, err);
	if (!ret)
		add_submodules(w, path, origin, shown, depth + 1);
	strbuf_release(&git_dir);
	strbuf_release(&dot_git);
	return ret;
}

/* MODE ID STAGE TAB PATH, of all that is in the index. */
static int list_index(const char *path, struct strbuf *out)
{
	static const char *const words[] = { "ls-files", "-s", "-z", NULL };

	return run_in(path, NULL, words, out, "", ERR_FAILED, NULL);
}

static void add_submodules(struct git_worktree *w, const char *path,
			   const char *origin, const char *shown, int depth)
{
	struct strbuf out = STRBUF_INIT, below = STRBUF_INIT;
	struct strbuf from = STRBUF_INIT, name = STRBUF_INIT;
	struct strbuf room = STRBUF_INIT, why = STRBUF_INIT;
	const char *p, *end;

	if (depth > MAX_DEPTH || list_index(path, &out))
		goto cleanup;
	end = out.buf + out.len;
	for (p = out.buf; p < end; p += strlen(p) + 1) {
		const char *tab = strchr(p, '\t'), *commit = NULL;

		if (strncmp(p, "160000 ", 7) || !tab)
			continue;
		strbuf_reset(&below);
		strbuf_reset(&from);
		strbuf_reset(&name);
		strbuf_reset(&why);
		strbuf_addf(&below, "%s/%s", path, tab + 1);
		strbuf_addf(&name, "%s%s%s", shown, *shown ? "/" : "",
			    tab + 1);
		if (origin)
			strbuf_addf(&from, "%s/%s", origin, tab + 1);
		if (!depth)
			commit = recorded_commit(w, tab + 1, &room);
		if (!commit) {
			strbuf_reset(&room);
			strbuf_add(&room, p + 7, strcspn(p + 7, " "));
		}
		if (!origin || add_submodule(w, below.buf, from.buf, room.buf,
					     name.buf, depth, &why))
			strvec_pushf(w->missing, "the submodule '%s' at %s is "
				     "not there: %s", name.buf, room.buf,
				     why.len ? why.buf : "the repository has "
				     "no work tree");
	}

cleanup:
	strbuf_release(&out);
	strbuf_release(&below);
	strbuf_release(&from);
	strbuf_release(&name);
	strbuf_release(&room);
	strbuf_release(&why);
}

static int apply_patch(const char *path, const char *exp_dir,
		       struct strbuf *err)
{
	struct strbuf patch = STRBUF_INIT;
	const char *words[] = { "apply", "--whitespace=nowarn", NULL, NULL };
	struct stat st;
	int ret = 0;

	path_absolute(&patch, NULL, exp_dir);
	strbuf_addstr(&patch, "/" PATCH_FILE);
	words[2] = patch.buf;
	if (!lstat(patch.buf, &st) && S_ISREG(st.st_mode))
		ret = run_in(path, NULL, words, NULL, "the recorded patch "
			     "does not fit the commit", ERR_CONTENT, err);
	strbuf_release(&patch);
	return ret;
}

static bool is_pointer(int top_fd, const char *path)
{
	static const char first[] = "version https://git-lfs.github.com/spec/";
	char buf[sizeof(first) - 1];
	bool found = false;
	struct stat st;
	int fd;

	fd = openat(top_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size < 1024)
		found = read(fd, buf, sizeof(buf)) == (ssize_t)sizeof(buf) &&
			!memcmp(buf, first, sizeof(buf));
	close(fd);
	return found;
}

/* Files of Git LFS whose content did not come. */
static void find_pointers(struct git_worktree *w, const char *path)
{
	static const char *const words[] = { "ls-files", "-z", "--",
					     ":(attr:filter=lfs)", NULL };
	struct strbuf out = STRBUF_INIT;
	size_t nr = 0;
	const char *p, *end, *named = NULL;
	int top_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (run_in(path, NULL, words, &out, "", ERR_FAILED, NULL))
		goto cleanup;
	end = out.buf + out.len;
	for (p = out.buf; top_fd >= 0 && p < end; p += strlen(p) + 1)
		if (is_pointer(top_fd, p)) {
			nr++;
			named = named ? named : p;
		}
	if (nr == 1)
		strvec_pushf(w->missing, "'%s' is only a pointer of Git LFS; "
			     "'git lfs fetch' in the repository gets its "
			     "content", named);
	else if (nr)
		strvec_pushf(w->missing, "'%s' and %zu more are only pointers "
			     "of Git LFS; 'git lfs fetch' in the repository "
			     "gets their content", named, nr - 1);

cleanup:
	if (top_fd >= 0)
		close(top_fd);
	strbuf_release(&out);
}

static int fill(struct git_worktree *w, const struct git_scratch *s,
		const char *path, const char *commit, const char *exp_dir,
		struct strbuf *err)
{
	char *format = xstrfmt("--object-format=%s", s->format);
	const char *const init[] = { "init", "-q", "--template=", format,
				     path, NULL };
	int ret;

	if (commit) {
		ret = add_linked(w, path, s->git_dir, commit, err);
		if (!ret)
			ret = check_out(path, err);
		if (!ret)
			add_submodules(w, path, w->origin, "", 0);
	} else {
		ret = run_in(path, NULL, init, NULL,
			     "git cannot make a repository", ERR_FAILED, err);
	}
	if (!ret)
		ret = apply_patch(path, exp_dir, err);
	if (!ret)
		ret = git_worktree_copy(path, w->git, exp_dir, err);
	if (!ret)
		find_pointers(w, path);
	free(format);
	return ret;
}

int git_worktree_make(struct git_worktree **out, const char *path,
		      const char *repository, const struct value *record,
		      const char *exp_dir, struct strvec *missing,
		      struct strbuf *err)
{
	struct git_worktree *w = xcalloc(1, sizeof(*w));
	struct strbuf tree = STRBUF_INIT, top = STRBUF_INIT;
	struct git_scratch *s = NULL;
	const char *commit;
	int ret;

	w->git = value_map_get(record, "git");
	w->missing = missing;
	*out = NULL;
	ret = git_scratch_open(&s, repository, err);
	/* Whether it can be made is known before anything is made; and what of
	 * it cannot, is told in the same words. */
	if (!ret)
		ret = git_scratch_tree(s, record, exp_dir, &tree, missing,
				       err);
	if (!ret)
		ret = tempfile_create_dir(&w->dir, path, err);
	if (ret)
		goto cleanup;
	if (git_top_of(&top, repository))
		w->origin = strbuf_detach(&top, NULL);
	commit = value_get_text(w->git, "commit_hash");
	ret = fill(w, s, path, commit, exp_dir, err);

cleanup:
	git_scratch_close(s);
	if (ret)
		git_worktree_remove(&w, NULL);
	*out = w;
	strbuf_release(&tree);
	strbuf_release(&top);
	return ret;
}

const char *git_worktree_origin(const struct git_worktree *w)
{
	return w->origin;
}

/* ---- removing ------------------------------------------------------------ */

static void worktree_free(struct git_worktree **w)
{
	size_t i;

	for (i = 0; i < (*w)->nr; i++) {
		free((*w)->linked[i].path);
		free((*w)->linked[i].git_dir);
	}
	free((*w)->linked);
	free((*w)->origin);
	free(*w);
	*w = NULL;
}

void git_worktree_keep(struct git_worktree **w)
{
	size_t i;

	if (!*w)
		return;
	tempfile_forget(&(*w)->dir);
	for (i = 0; i < (*w)->nr; i++)
		tempfile_forget(&(*w)->linked[i].admin);
	worktree_free(w);
}

/* Not from within, and twice --force: also one that is locked. */
static int unlink_tree(const char *path, const char *git_dir,
		       struct strbuf *err)
{
	const char *const words[] = { "worktree", "remove", "--force",
				      "--force", path, NULL };

	return run_in("/", git_dir, words, NULL,
		      "git cannot remove the work tree", ERR_FAILED, err);
}

int git_worktree_remove(struct git_worktree **w, struct strbuf *err)
{
	size_t i;
	int ret = 0;

	if (!*w)
		return 0;
	for (i = (*w)->nr; i-- > 0;) {
		struct linked *l = &(*w)->linked[i];

		/* What git does not remove for any reason, we do. */
		unlink_tree(l->path, l->git_dir, NULL);
		tempfile_delete(&l->admin);
	}
	if ((*w)->dir) {
		char *path = xstrdup(tempfile_path((*w)->dir));

		if (path_exists(path) && sys_remove_tree(path))
			ret = fail_errno(err, "cannot remove '%s'", path);
		tempfile_delete(&(*w)->dir);
		free(path);
	}
	worktree_free(w);
	return ret;
}

/* The repository that a work tree belongs to, by what its .git says. */
static void forget_linked(const char *path)
{
	struct strbuf out = STRBUF_INIT, common = STRBUF_INIT;
	struct strbuf below = STRBUF_INIT, dot_git = STRBUF_INIT;
	const char *p, *end;

	strbuf_addf(&dot_git, "%s/.git", path);
	if (!path_exists(dot_git.buf) || path_is_dir(dot_git.buf) ||
	    ask(path, NULL, "--git-common-dir", &out))
		goto cleanup;
	path_absolute(&common, path, out.buf);
	strbuf_reset(&out);
	if (!list_index(path, &out)) {
		end = out.buf + out.len;
		for (p = out.buf; p < end; p += strlen(p) + 1) {
			if (strncmp(p, "160000 ", 7) || !strchr(p, '\t'))
				continue;
			strbuf_reset(&below);
			strbuf_addf(&below, "%s/%s", path, strchr(p, '\t') + 1);
			forget_linked(below.buf);
		}
	}
	unlink_tree(path, common.buf, NULL);

cleanup:
	strbuf_release(&out);
	strbuf_release(&common);
	strbuf_release(&below);
	strbuf_release(&dot_git);
}

int git_worktree_remove_left(const char *path, const char *repository,
			     struct strbuf *err)
{
	struct strbuf git_dir = STRBUF_INIT, guess = STRBUF_INIT;

	if (path_exists(path))
		forget_linked(path);
	if (git_find_top(&guess, repository) &&
	    !ask(guess.buf, NULL, "--absolute-git-dir", &git_dir))
		unlink_tree(path, git_dir.buf, NULL);
	strbuf_release(&git_dir);
	strbuf_release(&guess);
	if (path_exists(path) && sys_remove_tree(path))
		return fail_errno(err, "cannot remove '%s'", path);
	return 0;
}

int git_worktree_list_gone(struct strvec *paths, const char *repository,
			   const char *dir, struct strbuf *err)
{
	static const char *const words[] = { "worktree", "list",
					     "--porcelain", NULL };
	static const char key[] = "worktree ";
	struct strbuf out = STRBUF_INIT, guess = STRBUF_INIT;
	char *line, *next;
	int ret = 0;

	if (!git_find_top(&guess, repository))
		goto cleanup;
	ret = run_in(guess.buf, NULL, words, &out,
		     "git cannot list its work trees", ERR_FAILED, err);
	/* A path with a newline is none of ours that can be told. */
	for (line = out.buf; !ret && line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!strncmp(line, key, sizeof(key) - 1) &&
		    path_below(line + sizeof(key) - 1, dir) &&
		    !path_exists(line + sizeof(key) - 1))
			strvec_push(paths, line + sizeof(key) - 1);
	}

cleanup:
	strbuf_release(&out);
	strbuf_release(&guess);
	return ret;
}
