#include "lib/base/compat.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"

#define FILES_DIR "uncommited_files"

/* The record may have come from anywhere: no way out of the tree, and none
 * into what git keeps of it. */
static bool is_fit_path(const char *path)
{
	size_t len;

	if (!*path || *path == '/')
		return false;
	for (; *path; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		if (!len || (len == 1 && path[0] == '.') ||
		    (len == 2 && !strncmp(path, "..", 2)) ||
		    (len == 4 && !strncasecmp(path, ".git", 4)))
			return false;
	}
	return path[-1] != '/';
}

/* One directory further; what else has its name goes. */
static int step_into(int fd, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int next = openat(fd, name, flags);

	if (next >= 0)
		return next;
	if (errno == ELOOP || errno == ENOTDIR) {
		if (sys_unlinkat(fd, name, 0))
			return -1;
	} else if (errno != ENOENT) {
		return -1;
	}
	if (sys_mkdirat(fd, name, 0777))
		return -1;
	return openat(fd, name, flags);
}

/* The directory of `path` below `top_fd`, made as needed. */
static int open_parent(int top_fd, const char *path, const char **base)
{
	int fd = fcntl(top_fd, F_DUPFD_CLOEXEC, 3);
	const char *slash;

	while (fd >= 0 && (slash = strchr(path, '/')) != NULL) {
		char *name = xmemdupz(path, (size_t)(slash - path));
		int next = step_into(fd, name);

		free(name);
		close(fd);
		fd = next;
		path = slash + 1;
	}
	*base = path;
	return fd;
}

/* What is in the way of a file: a directory where the commit had one. */
static int clear_place(const char *top, const char *path, int dir,
		       const char *base)
{
	struct strbuf whole = STRBUF_INIT;
	int ret;

	if (!sys_unlinkat(dir, base, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	strbuf_addf(&whole, "%s/%s", top, path);
	ret = sys_remove_tree(whole.buf);
	strbuf_release(&whole);
	return ret;
}

static int copy_link(int from_dir, const char *from, int dir, const char *base)
{
	char target[PATH_MAX + 1];
	ssize_t len = readlinkat(from_dir, from, target, sizeof(target) - 1);

	if (len < 0)
		return -1;
	target[len] = '\0';
	return sys_symlinkat(target, dir, base);
}

static int copy_file(int from_dir, const char *from, const struct stat *st,
		     int dir, const char *base)
{
	int in, out, ret = 0;
	struct timespec times[2];

	in = openat(from_dir, from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC);
	if (in < 0)
		return -1;
	out = sys_openat(dir, base, O_WRONLY | O_CREAT | O_EXCL,
			 (st->st_mode & 0777) | 0600);
	if (out < 0 || sys_copy(in, out, -1) < 0)
		ret = -1;
	times[0] = times[1] = st->st_mtim;
	if (!ret)
		sys_futimens(out, times);	/* a help, no promise */
	if (out >= 0)
		close(out);
	close(in);
	return ret;
}

/* Returns 1 when there is no copy, which git_scratch_tree() told of. */
static int copy_one(const char *top, int top_fd, int files_fd,
		    const char *path)
{
	const char *base, *from;
	struct stat st;
	int from_dir = open_parent_beneath(files_fd, path, &from);
	int dir = -1, ret = 1;

	if (from_dir < 0)
		return 1;
	if (fstatat(from_dir, from, &st, AT_SYMLINK_NOFOLLOW) ||
	    (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)))
		goto cleanup;
	ret = -1;
	dir = open_parent(top_fd, path, &base);
	if (dir < 0 || clear_place(top, path, dir, base))
		goto cleanup;
	ret = S_ISLNK(st.st_mode) ? copy_link(from_dir, from, dir, base) :
				    copy_file(from_dir, from, &st, dir, base);

cleanup:
	if (dir >= 0)
		close(dir);
	close(from_dir);
	return ret;
}

static int copy_all(const char *top, int top_fd, int files_fd,
		    const struct value *list, struct strbuf *err)
{
	size_t i;

	for (i = 0; i < list->u.list.nr; i++) {
		const char *path = value_text(list->u.list.item[i]);
		int ret;

		if (!path)
			continue;
		if (!is_fit_path(path))
			return fail(err, ERR_CONTENT, "'%s', which the record "
				    "names as a file of the code, is no path "
				    "in a work tree", path);
		ret = files_fd < 0 ? 1 :
		      copy_one(top, top_fd, files_fd, path);
		if (ret < 0)
			return fail_errno(err, "cannot make '%s' in '%s'",
					  path, top);
	}
	return 0;
}

/* Files whose removal the patch could not tell. */
static void take_away(int top_fd, const struct value *left_out)
{
	size_t i;

	for (i = 0; i < left_out->u.list.nr; i++) {
		const struct value *item = left_out->u.list.item[i];
		const char *path = value_get_text(item, "path");
		const char *reason = value_get_text(item, "reason");
		const char *base;
		int dir;

		if (!path || value_map_get(item, "size") || !reason ||
		    !strcmp(reason, left_out_submodule) || !is_fit_path(path))
			continue;
		dir = open_parent_beneath(top_fd, path, &base);
		if (dir < 0)
			continue;
		sys_unlinkat(dir, base, 0);
		close(dir);
	}
}

int git_worktree_copy(const char *top, const struct value *git,
		      const char *exp_dir, struct strbuf *err)
{
	const struct value *files = value_map_get(git, "uncommited_files");
	const struct value *left_out = value_map_get(git, "left_out");
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct strbuf path = STRBUF_INIT;
	int top_fd, files_fd, ret = 0;

	top_fd = open(top, flags);
	if (top_fd < 0)
		return fail_errno(err, "cannot open '%s'", top);
	strbuf_addf(&path, "%s/" FILES_DIR, exp_dir);
	files_fd = open(path.buf, flags);
	if (left_out && left_out->type == VALUE_LIST)
		take_away(top_fd, left_out);
	if (files && files->type == VALUE_LIST)
		ret = copy_all(top, top_fd, files_fd, files, err);
	if (files_fd >= 0)
		close(files_fd);
	close(top_fd);
	strbuf_release(&path);
	return ret;
}
