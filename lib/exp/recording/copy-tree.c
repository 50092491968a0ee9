#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/exp/recording/collect.h"
#include "lib/exp/recording/copy-tree.h"

#include <dirent.h>

struct entry {
	char *path;	/* below the top */
	struct stat st;
};

struct copy_tree {
	char *dir;
	int fd;
	struct entry *entry;	/* a directory before what is in it */
	size_t nr, alloc;
	uint64_t bytes;
};

size_t copy_tree_entries(const struct copy_tree *tree)
{
	return tree->nr;
}

void copy_tree_free(struct copy_tree *tree)
{
	size_t i;

	if (!tree)
		return;
	for (i = 0; i < tree->nr; i++)
		free(tree->entry[i].path);
	free(tree->entry);
	if (tree->fd >= 0)
		close(tree->fd);
	free(tree->dir);
	free(tree);
}

static int check_kind(const struct copy_tree *tree, const char *path,
		      const struct stat *st, struct strbuf *err)
{
	const char *kind;

	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) ||
	    S_ISLNK(st->st_mode))
		return 0;
	kind = S_ISFIFO(st->st_mode) ? "a named pipe" :
	       S_ISSOCK(st->st_mode) ? "a socket" : "a device";
	return fail(err, ERR_USAGE, "'%s/%s' is %s, and an experiment holds "
		    "files, directories and links only", tree->dir, path, kind);
}

/* Notes all that is directly in `parent` ("" is the top). */
static int look_into(struct copy_tree *tree, const char *parent,
		     struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT;
	const struct dirent *e;
	DIR *dir = NULL;
	size_t i;
	int fd, ret = 0;

	fd = open_beneath(tree->fd, parent, O_RDONLY | O_DIRECTORY);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (!dir) {
		ret = fail_errno(err, "cannot read '%s%s%s'", tree->dir,
				 *parent ? "/" : "", parent);
		if (fd >= 0)
			close(fd);
		return ret;
	}
	while (errno = 0, (e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			strvec_push(&names, e->d_name);
	if (errno)
		ret = fail_errno(err, "cannot read '%s/%s'", tree->dir, parent);
	strvec_sort(&names, false);
	for (i = 0; i < names.nr && !ret; i++) {
		struct stat st;

		strbuf_reset(&path);
		strbuf_addf(&path, "%s%s%s", parent, *parent ? "/" : "",
			    names.v[i]);
		if (fstatat(fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW)) {
			ret = fail_errno(err, "cannot read '%s/%s'", tree->dir,
					 path.buf);
			break;
		}
		ret = check_kind(tree, path.buf, &st, err);
		ARRAY_GROW(tree->entry, tree->nr + 1, tree->alloc);
		tree->entry[tree->nr].path = xstrdup(path.buf);
		tree->entry[tree->nr++].st = st;
		if (S_ISREG(st.st_mode))
			tree->bytes += (uint64_t)st.st_size;
	}
	closedir(dir);
	strbuf_release(&path);
	strvec_release(&names);
	return ret;
}

int copy_tree_look_any(struct copy_tree **out, const char *dir,
		       struct strbuf *err)
{
	struct copy_tree *tree = xcalloc(1, sizeof(*tree));
	size_t i;
	int ret;

	tree->dir = xstrdup(dir);
	tree->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree->fd < 0)
		ret = fail_errno(err, "cannot read the directory '%s'", dir);
	else
		ret = look_into(tree, "", err);
	/* The list grows while it is walked. */
	for (i = 0; i < tree->nr && !ret; i++)
		if (S_ISDIR(tree->entry[i].st.st_mode))
			ret = look_into(tree, tree->entry[i].path, err);
	if (ret)
		copy_tree_free(tree);
	else
		*out = tree;
	return ret;
}

int copy_tree_look(struct copy_tree **out, const char *dir, struct strbuf *err)
{
	struct copy_tree *tree;
	size_t i;
	int ret = copy_tree_look_any(&tree, dir, err);

	if (ret)
		return ret;
	for (i = 0; i < tree->nr && !ret; i++)
		if (exp_path_is_reserved(tree->entry[i].path))
			ret = fail(err, ERR_USAGE, "'%s/%s' has a name that "
				   "is reserved in an experiment, see "
				   "resutilformat-exp(5); rename it first", dir,
				   tree->entry[i].path);
	if (ret)
		copy_tree_free(tree);
	else
		*out = tree;
	return ret;
}

static int changed(const struct copy_tree *tree, const char *path,
		   struct strbuf *err)
{
	return fail(err, ERR_CONFLICT, "'%s/%s' changed while it was copied; "
		    "nothing was added, try again when it is at rest",
		    tree->dir, path);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_mode == b->st_mode && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int copy_mode(int fd, const struct stat *st, mode_t at_least)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (sys_fchmod(fd, (st->st_mode & 0777) | at_least))
		return -1;
	return sys_futimens(fd, times);
}

/*
 * The directory that an entry lies in, on both sides: it is that of the next
 * entry as well, as a rule, and its path may be longer than a call takes.
 */
struct place {
	const char *parent;	/* lent, with its slash; NULL: none is open */
	size_t len;
	int from, to;
};

static void leave(struct place *at)
{
	if (at->from >= 0)
		close(at->from);
	if (at->to >= 0)
		close(at->to);
	at->from = at->to = -1;
	at->parent = NULL;
}

static int enter(struct place *at, const struct copy_tree *tree,
		 const struct entry *entry, int to, struct strbuf *err)
{
	size_t len = (size_t)(path_basename(entry->path) - entry->path);
	char *parent;
	int ret = 0;

	if (at->parent && at->len == len &&
	    !memcmp(at->parent, entry->path, len))
		return 0;
	leave(at);
	parent = xmemdupz(entry->path, len ? len - 1 : 0);
	at->from = open_beneath(tree->fd, parent, O_RDONLY | O_DIRECTORY);
	if (at->from >= 0)
		at->to = open_beneath(to, parent, O_RDONLY | O_DIRECTORY);
	if (at->to < 0)
		ret = fail_errno(err, "cannot copy '%s/%s'", tree->dir,
				 entry->path);
	at->parent = entry->path;
	at->len = len;
	free(parent);
	return ret;
}

static int copy_file(const struct copy_tree *tree, const struct entry *entry,
		     const struct place *at, struct strbuf *err)
{
	const char *base = path_basename(entry->path);
	int in, out = -1, ret = 0;
	struct stat st;

	/* O_NONBLOCK: it may be a pipe by now. */
	in = openat(at->from, base,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (in < 0)
		return fail_errno(err, "cannot read '%s/%s'", tree->dir,
				  entry->path);
	if (fstat(in, &st) || !is_same(&st, &entry->st)) {
		ret = changed(tree, entry->path, err);
		goto cleanup;
	}
	out = sys_openat(at->to, base, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (out < 0 || sys_copy(in, out, -1) < 0 ||
	    copy_mode(out, &entry->st, 0))
		ret = fail_errno(err, "cannot copy '%s/%s'", tree->dir,
				 entry->path);

cleanup:
	if (out >= 0 && close(out) && !ret)
		ret = fail_errno(err, "cannot copy '%s/%s'", tree->dir,
				 entry->path);
	close(in);
	return ret;
}

static int copy_link(const struct copy_tree *tree, const struct entry *entry,
		     const struct place *at, struct strbuf *err)
{
	const char *base = path_basename(entry->path);
	char target[PATH_MAX + 1];
	ssize_t len = readlinkat(at->from, base, target, sizeof(target));

	if (len < 0 || len == (ssize_t)sizeof(target))
		return fail_errno(err, "cannot read the link '%s/%s'",
				  tree->dir, entry->path);
	target[len] = '\0';
	if (sys_symlinkat(target, at->to, base))
		return fail_errno(err, "cannot copy '%s/%s'", tree->dir,
				  entry->path);
	return 0;
}

static int copy_entry(const struct copy_tree *tree, const struct entry *entry,
		      const struct place *at, struct strbuf *err)
{
	if (S_ISREG(entry->st.st_mode))
		return copy_file(tree, entry, at, err);
	if (S_ISLNK(entry->st.st_mode))
		return copy_link(tree, entry, at, err);
	if (sys_mkdirat(at->to, path_basename(entry->path), 0700))
		return fail_errno(err, "cannot copy '%s/%s'", tree->dir,
				  entry->path);
	return 0;
}

/* Times of directories last, and from below: filling one changes its time. */
static int finish_dirs(const struct copy_tree *tree, int to,
		       struct strbuf *err)
{
	size_t i;
	int ret = 0;

	for (i = tree->nr; i-- && !ret;) {
		const struct entry *entry = &tree->entry[i];
		int fd;

		if (!S_ISDIR(entry->st.st_mode))
			continue;
		fd = open_beneath(to, entry->path, O_RDONLY | O_DIRECTORY);
		if (fd < 0 || copy_mode(fd, &entry->st, 0700))
			ret = fail_errno(err, "cannot copy '%s/%s'", tree->dir,
					 entry->path);
		if (fd >= 0)
			close(fd);
	}
	return ret;
}

/* What was copied is what is there now: a second look says so, or names the
 * first that differs. */
static int compare_again(const struct copy_tree *tree, struct strbuf *err)
{
	struct copy_tree *now;
	size_t i, nr;
	int ret = copy_tree_look_any(&now, tree->dir, err);

	if (ret)
		return ret;
	nr = MINIMUM(tree->nr, now->nr);
	for (i = 0; i < nr; i++)
		if (strcmp(tree->entry[i].path, now->entry[i].path) ||
		    !is_same(&tree->entry[i].st, &now->entry[i].st))
			break;
	if (i < now->nr)
		ret = changed(tree, now->entry[i].path, err);
	else if (i < tree->nr)
		ret = changed(tree, tree->entry[i].path, err);
	copy_tree_free(now);
	return ret;
}

int copy_tree_copy(struct copy_tree *tree, const char *to, struct strbuf *err)
{
	struct place at = { NULL, 0, -1, -1 };
	struct progress *progress;
	uint64_t bytes = 0;
	int to_fd, ret = 0;
	size_t i;

	to_fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to_fd < 0)
		return fail_errno(err, "cannot open '%s'", to);
	progress = progress_start("Copying", tree->nr, tree->bytes);
	for (i = 0; i < tree->nr && !ret; i++) {
		ret = enter(&at, tree, &tree->entry[i], to_fd, err);
		if (!ret)
			ret = copy_entry(tree, &tree->entry[i], &at, err);
		if (S_ISREG(tree->entry[i].st.st_mode))
			bytes += (uint64_t)tree->entry[i].st.st_size;
		progress_items(progress, i + 1);
		progress_bytes(progress, bytes);
	}
	progress_stop(&progress);
	leave(&at);
	if (!ret)
		ret = finish_dirs(tree, to_fd, err);
	if (!ret)
		ret = compare_again(tree, err);
	close(to_fd);
	return ret;
}
