#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"

int path_cwd(struct strbuf *out, struct strbuf *err)
{
	char *cwd = getcwd(NULL, 0);

	/* A directory that was removed, or lies outside the root. */
	if (!cwd || cwd[0] != '/') {
		if (cwd)
			errno = ENOENT;
		fail_errno(err, "cannot tell the working directory");
		free(cwd);
		return ERR_FAILED;
	}
	strbuf_addstr(out, cwd);
	free(cwd);
	return 0;
}

/* Adds the components of `path` to the clean absolute path out[start..]. */
static void add_components(struct strbuf *out, size_t start, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && !memcmp(path, "..", 2)) {
			size_t end = out->len;

			while (end > start && out->buf[end - 1] != '/')
				end--;
			strbuf_setlen(out, end > start ? end - 1 : start);
		} else if (len && !(len == 1 && *path == '.')) {
			strbuf_addch(out, '/');
			strbuf_add(out, path, len);
		}
		path += len + (path[len] == '/');
	}
}

void path_absolute(struct strbuf *out, const char *base, const char *path)
{
	struct strbuf cwd = STRBUF_INIT;
	size_t start = out->len;

	if (*path != '/') {
		if (!base && !path_cwd(&cwd, NULL))
			base = cwd.buf;
		if (base)
			add_components(out, start, base);
	}
	add_components(out, start, path);
	if (out->len == start)
		strbuf_addch(out, '/');
	strbuf_release(&cwd);
}

void path_real(struct strbuf *out, const char *path)
{
	struct strbuf full = STRBUF_INIT;
	struct strbuf head = STRBUF_INIT;
	size_t cut;
	char *real;

	/* ".." must be taken by the kernel, behind links: no path_absolute() */
	if (*path != '/' && !path_cwd(&full, NULL))
		strbuf_complete_slash(&full);
	strbuf_addstr(&full, path);
	strbuf_addbuf(&head, &full);
	cut = head.len;
	while (!(real = realpath(head.buf, NULL)) && cut) {
		while (cut && full.buf[cut - 1] == '/')
			cut--;
		while (cut && full.buf[cut - 1] != '/')
			cut--;
		strbuf_setlen(&head, cut);
	}
	path_absolute(out, real ? real : "/", full.buf + cut +
		      strspn(full.buf + cut, "/"));
	free(real);
	strbuf_release(&head);
	strbuf_release(&full);
}

const char *path_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len && dir[len - 1] == '/')
		len--;
	if (strncmp(path, dir, len) || (path[len] && path[len] != '/'))
		return NULL;
	path += len;
	return path + strspn(path, "/");
}

void path_relative(struct strbuf *out, const char *from, const char *to)
{
	size_t i, same = 0, start = out->len;

	/* `same`: how far both agree, to the end of a component */
	for (i = 0;; i++) {
		bool from_ends = !from[i] || from[i] == '/';
		bool to_ends = !to[i] || to[i] == '/';

		if (from_ends && to_ends)
			same = i;
		if (from[i] != to[i] || !from[i])
			break;
	}
	for (from += same; *(from += strspn(from, "/"));
	     from += strcspn(from, "/"))
		strbuf_addstr(out, "../");
	to += same;
	strbuf_addstr(out, to + strspn(to, "/"));
	while (out->len > start && out->buf[out->len - 1] == '/')
		strbuf_setlen(out, out->len - 1);
	if (out->len == start)
		strbuf_addch(out, '.');
}

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool path_is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

bool path_exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

static int read_opened(struct strbuf *out, int fd, const char *path,
		       size_t max, struct strbuf *err)
{
	if (strbuf_read_fd(out, fd, max) >= 0)
		return 0;
	if (errno == EFBIG)
		return fail(err, ERR_CONTENT, "'%s' is larger than %zu bytes",
			    path, max);
	return fail_errno(err, "cannot read '%s'", path);
}

static int read_flags(struct strbuf *out, const char *path, int flags,
		      int wrong_kind, size_t max, struct strbuf *err)
{
	struct stat st;
	int fd, ret = 0;

	/* Without waiting: a FIFO that somebody put there must not hang us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
	if (fd < 0 && errno == ELOOP && !lstat(path, &st) &&
	    S_ISLNK(st.st_mode) && (flags & O_NOFOLLOW))
		return fail(err, wrong_kind, "'%s' is a link, which is not "
			    "followed here; put the file itself in its place",
			    path);
	if (fd < 0 && errno == ENXIO)	/* a socket */
		return fail(err, wrong_kind, "'%s' is not a regular file",
			    path);
	if (fd < 0)
		return fail_errno(err, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0) {
		ret = fail_errno(err, "cannot read '%s'", path);
	} else if (!S_ISREG(st.st_mode)) {
		ret = fail(err, wrong_kind, "'%s' is %s", path,
			   S_ISDIR(st.st_mode) ? "a directory" :
						 "not a regular file");
	} else {
		ret = read_opened(out, fd, path, max, err);
	}
	close(fd);
	return ret;
}

int read_file(struct strbuf *out, const char *path, size_t max,
	      struct strbuf *err)
{
	return read_flags(out, path, 0, ERR_FAILED, max, err);
}

int read_file_or_pipe(struct strbuf *out, const char *path, size_t max,
		      struct strbuf *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), ret;

	if (fd < 0)
		return fail_errno(err, "cannot open '%s'", path);
	ret = path_is_dir(path) ?
	      fail(err, ERR_FAILED, "'%s' is a directory", path) :
	      read_opened(out, fd, path, max, err);
	close(fd);
	return ret;
}

int read_own_file(struct strbuf *out, const char *path, size_t max,
		  struct strbuf *err)
{
	return read_flags(out, path, O_NOFOLLOW, ERR_CONTENT, max, err);
}

int path_xdg(struct strbuf *out, const char *variable, const char *fallback,
	     struct strbuf *err)
{
	const char *dir = getenv(variable);
	const char *home = getenv("HOME");

	if (dir && *dir == '/')
		path_absolute(out, NULL, dir);
	else if (home && *home == '/')
		path_absolute(out, home, fallback);
	else
		return fail(err, ERR_FAILED,
			    "neither %s nor HOME is set to an absolute path",
			    variable);
	strbuf_complete_slash(out);
	strbuf_addstr(out, "resutil");
	return 0;
}
