#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/key-sort.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/exp/store/key-scope.h"

#include <dirent.h>

/* What is below cannot be a key of any store: none is so long. */
#define DIRECTORY_MAX 1024
/* Of the names of one directory, which is then sorted in a file. */
#define NAMES_MEMORY ((size_t)4 << 20)

struct walk {
	const struct key_scope *scope;
	local_key_fn fn;
	void *data;
	struct local_keys_left *left;
	struct strbuf path;	/* of what is looked at */
	struct strbuf *err;
};

static int walk_directory(struct walk *w, int fd);

static void pass_over(struct walk *w, uint64_t *count)
{
	if (!w->left)
		return;
	++*count;
	if (!w->left->first.len)
		strbuf_addbuf(&w->left->first, &w->path);
}

#define LEFT(w, what) pass_over(w, (w)->left ? &(w)->left->what : NULL)

/* What lies at w->path, if it is a file; `name` in the directory `fd`. */
static int tell_file(struct walk *w, int fd, const char *name)
{
	struct stat st;

	/* gone since the directory was read, or its directory became a file */
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT && errno != ENOTDIR)
			LEFT(w, unreadable);
		return 0;
	}
	if (S_ISREG(st.st_mode))
		return w->fn(w->path.buf, &st, w->data);
	if (S_ISLNK(st.st_mode))
		LEFT(w, links);
	else if (!S_ISDIR(st.st_mode))
		LEFT(w, others);
	return 0;
}

/* `name` in `parent`, to be closed; *out -1: there is none to read. */
static int open_directory(struct walk *w, int parent, const char *name,
			  int *out)
{
	struct stat st;

	*out = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		      O_CLOEXEC);
	if (*out >= 0)
		return 0;
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
		fail_errno(w->err, "cannot read '%s'", w->path.buf);
		return ERR_FAILED;
	}
	if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		LEFT(w, unreadable);
	else if (!fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) &&
		 S_ISLNK(st.st_mode))
		LEFT(w, links);
	return 0;
}

static bool is_directory(int fd, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return !fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(st.st_mode);
}

/* A name that may be meant or lead to such is noted, one of a directory with
 * a '/' behind it: so their order is that of the keys. */
static int note_name(struct walk *w, struct key_sort *names, int fd,
		     const struct dirent *e)
{
	size_t len = w->path.len, name_len;
	int ret = 0;
	bool meant;

	if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
		return 0;
	strbuf_addstr(&w->path, e->d_name);
	if (is_directory(fd, e)) {
		strbuf_addch(&w->path, '/');
		meant = key_scope_enters(w->scope, w->path.buf, w->path.len);
	} else {
		meant = key_scope_has(w->scope, w->path.buf, w->path.len);
	}
	name_len = w->path.len - len;
	if (meant)
		ret = key_sort_add(names, w->path.buf + len, name_len, NULL, 0,
				   w->err);
	strbuf_setlen(&w->path, len);
	return ret;
}

static int read_names(struct walk *w, struct key_sort *names, DIR *dir)
{
	const struct dirent *e;
	int ret = 0;

	while (!ret && (errno = 0, (e = readdir(dir))))
		ret = note_name(w, names, dirfd(dir), e);
	if (!ret && errno) {
		fail_errno(w->err, "cannot read '%s'",
			   w->path.len ? w->path.buf : ".");
		ret = ERR_FAILED;
	}
	return ret;
}

static int walk_name(struct walk *w, int fd, const struct key_record *r)
{
	size_t len = w->path.len;
	int sub, ret = 0;

	strbuf_add(&w->path, r->key, r->key_len);
	if (r->key[r->key_len - 1] != '/') {
		ret = tell_file(w, fd, r->key);
	} else if (w->path.len > DIRECTORY_MAX) {
		LEFT(w, unreadable);
	} else {
		ret = open_directory(w, fd, r->key, &sub);
		if (!ret && sub >= 0)
			ret = walk_directory(w, sub);
	}
	strbuf_setlen(&w->path, len);
	return ret;
}

/* All that is meant below w->path; closes fd. */
static int walk_directory(struct walk *w, int fd)
{
	struct key_sort *names = key_sort_new(NAMES_MEMORY);
	struct key_record r;
	DIR *dir = fdopendir(fd);
	int ret;

	if (!dir) {
		fail_errno(w->err, "cannot read '%s'", w->path.buf);
		close(fd);
		ret = ERR_FAILED;
		goto cleanup;
	}
	ret = read_names(w, names, dir);
	while (!ret) {
		ret = key_sort_next(names, &r, w->err);
		if (ret <= 0)
			break;
		ret = walk_name(w, fd, &r);
	}
	closedir(dir);

cleanup:
	key_sort_free(names);
	return ret;
}

/* Goes straight to the directory that the pattern's beginning names. *fd is
 * moved on; -1: there is none, or it is not meant. */
static int go_to_beginning(struct walk *w, int *fd)
{
	const char *s = key_glob_prefix(w->scope->glob), *slash;
	int ret = 0;

	for (; !ret && *fd >= 0 && (slash = strchr(s, '/')); s = slash + 1) {
		char *name = xmemdupz(s, (size_t)(slash - s));
		int next = -1;

		strbuf_add(&w->path, s, (size_t)(slash - s));
		if (w->path.len <= DIRECTORY_MAX &&
		    key_scope_enters(w->scope, w->path.buf, w->path.len))
			ret = open_directory(w, *fd, name, &next);
		strbuf_addch(&w->path, '/');
		close(*fd);
		*fd = next;
		free(name);
	}
	return ret;
}

static int walk_key(struct walk *w, int fd)
{
	const char *key = key_glob_prefix(w->scope->glob);
	int ret = 0;

	if (key_scope_has(w->scope, key, strlen(key))) {
		strbuf_addstr(&w->path, key + w->path.len);
		ret = tell_file(w, fd, path_basename(key));
	}
	close(fd);
	return ret;
}

int local_keys(int root, const struct key_scope *s, local_key_fn fn,
	       void *data, struct local_keys_left *left, struct strbuf *err)
{
	struct walk w = { s, fn, data, left, STRBUF_INIT, err };
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0) {
		fail_errno(err, "cannot read the directory here");
		return ERR_FAILED;
	}
	ret = go_to_beginning(&w, &fd);
	if (fd >= 0 && ret)
		close(fd);
	else if (fd >= 0)
		ret = key_glob_is_key(s->glob) ? walk_key(&w, fd) :
						 walk_directory(&w, fd);
	strbuf_release(&w.path);
	return ret;
}
