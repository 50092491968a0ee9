/*
 * The copy is made in a hidden directory beside the experiment, where nobody
 * looks and gc finds what a crash left, and is renamed into its place.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/recording/attach-file.h"
#include "lib/exp/recording/collect.h"
#include "lib/exp/recording/copy-tree.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

#define INSIDE "new"	/* what it is called in the hidden directory */
#define FRESH ".resutil-new"	/* in an experiment that is hidden itself */
#define WAY "way"	/* directories on the way to it, there */
#define HIDDEN_MAX 999	/* as gc knows them */

struct attach {
	char *dir;		/* of the experiment */
	const char *name;
	struct tempfile *hidden;
	int hidden_fd;
	const char *inside;	/* what it is called there */
	int fd;			/* of attach_begin(); or -1 */
	bool is_being_made;	/* the experiment: its birth syncs all of it */
	bool is_dir;
	bool in_place;		/* it is there already */
};

/* As written, and for a file system that takes A and a for the same. */
static bool is_reserved(const char *name)
{
	static const char *const beginnings[] = { RECORD_FILE ".", ".resutil" };
	char *lower = xstrdup(name), *at;
	bool found;
	size_t i;

	for (at = lower; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at += 'a' - 'A';
	found = exp_path_is_reserved(name) || exp_path_is_reserved(lower) ||
		!strcmp(lower, "votakvot.yaml");
	for (i = 0; i < ARRAY_SIZE(beginnings) && !found; i++)
		found = !strncmp(lower, beginnings[i], strlen(beginnings[i]));
	free(lower);
	return found;
}

int attach_check_name(const char *name, struct strbuf *err)
{
	const char *at = name;

	do {
		size_t len = strcspn(at, "/");

		if (!len || (len == 1 && *at == '.') ||
		    (len == 2 && !memcmp(at, "..", 2)))
			return fail(err, ERR_USAGE, "'%s' is not a path inside "
				    "the experiment", name);
		if (len > NAME_MAX)
			return fail(err, ERR_USAGE, "a part of '%s' is longer "
				    "than %d bytes", name, NAME_MAX);
		at += len;
	} while (*at++);
	if (strlen(name) >= PATH_MAX)
		return fail(err, ERR_USAGE, "the name is longer than %d bytes",
			    PATH_MAX - 1);
	if (is_reserved(name))
		return fail(err, ERR_USAGE, "'%s' is reserved in an "
			    "experiment, see resutilformat-exp(5); give "
			    "another name with --as", name);
	return 0;
}

/* .NAME.PID.N.tmp beside the experiment: only a rename away from it. */
static int make_hidden(struct attach *a, struct strbuf *err)
{
	const char *base = path_basename(a->dir);
	struct strbuf path = STRBUF_INIT;
	unsigned nr = 0;
	int ret;

	do {
		if (err)
			strbuf_reset(err);
		strbuf_reset(&path);
		strbuf_addf(&path, "%.*s.%.*s.%ld.%u.tmp",
			    (int)(base - a->dir), a->dir, NAME_MAX_BYTES, base,
			    (long)getpid(), ++nr);
		ret = tempfile_create_private_dir(&a->hidden, path.buf, err);
	} while (ret == ERR_CONFLICT && nr < HIDDEN_MAX);
	strbuf_release(&path);
	return ret;
}

/* One that is being made is hidden itself, and goes with all that is in it. */
static int open_hidden(struct attach *a, struct strbuf *err)
{
	const char *path = a->dir;
	int ret = 0;

	if (!a->is_being_made) {
		ret = make_hidden(a, err);
		path = ret ? NULL : tempfile_path(a->hidden);
	}
	if (ret)
		return ret;
	a->hidden_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return a->hidden_fd < 0 ? fail_errno(err, "cannot open '%s'", path) :
				  0;
}

static int sync_fd(const struct attach *a, int fd)
{
	return a->is_being_made ? 0 : sys_fsync(fd);
}

static int copy_file(struct attach *a, int in, const struct stat *st,
		     const char *shown, struct strbuf *err)
{
	bool regular = S_ISREG(st->st_mode);
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	int out, ret = 0;

	out = sys_openat(a->hidden_fd, a->inside,
			 O_WRONLY | O_CREAT | O_EXCL,
			 regular ? st->st_mode & 0777 : 0666);
	if (out < 0 || sys_copy(in, out, -1) < 0 ||
	    (regular && sys_futimens(out, times)) || sync_fd(a, out))
		ret = fail_errno(err, "cannot copy '%s'", shown);
	if (out >= 0 && close(out) && !ret)
		ret = fail_errno(err, "cannot copy '%s'", shown);
	return ret == ERR_NOT_FOUND ? ERR_FAILED : ret;
}

/* The directory itself gets the mode that it had, but stays usable. */
static int finish_dir(struct attach *a, const char *dir, struct strbuf *err)
{
	struct stat st;
	int fd, ret = 0;

	fd = openat(a->hidden_fd, a->inside,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || stat(dir, &st) ||
	    sys_fchmod(fd, (st.st_mode & 0777) | 0700) ||
	    (!a->is_being_made && sys_syncfs(fd)))
		ret = fail_errno(err, "cannot copy '%s'", dir);
	if (fd >= 0)
		close(fd);
	return ret;
}

static int copy_dir(struct attach *a, const char *dir, struct strbuf *err)
{
	struct copy_tree *tree = NULL;
	struct strbuf to = STRBUF_INIT, real = STRBUF_INIT;
	int ret;

	a->is_dir = true;
	path_real(&real, dir);
	if (path_below(a->dir, real.buf)) {
		ret = fail(err, ERR_USAGE, "'%s' holds the experiment itself",
			   dir);
		goto cleanup;
	}
	ret = copy_tree_look_any(&tree, dir, err);
	if (!ret && sys_mkdirat(a->hidden_fd, a->inside, 0700))
		ret = fail_errno(err, "cannot copy '%s'", dir);
	strbuf_addf(&to, "%s/%s", a->hidden ? tempfile_path(a->hidden) :
		    a->dir, a->inside);
	if (!ret)
		ret = copy_tree_copy(tree, to.buf, err);
	if (!ret)
		ret = finish_dir(a, dir, err);

cleanup:
	copy_tree_free(tree);
	strbuf_release(&real);
	strbuf_release(&to);
	return ret;
}

/* What lies in its place already: the program wrote it there. */
static bool is_in_place(const struct attach *a, const struct stat *st)
{
	int dirfd = open(a->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	struct stat there;
	bool same;

	if (dirfd >= 0)
		fd = open_beneath(dirfd, a->name, O_PATH);
	same = fd >= 0 && !fstat(fd, &there) && there.st_dev == st->st_dev &&
	       there.st_ino == st->st_ino;
	if (fd >= 0)
		close(fd);
	if (dirfd >= 0)
		close(dirfd);
	return same;
}

static struct attach *attach_new(const struct run_place *place,
				 const char *name)
{
	struct attach *a = xcalloc(1, sizeof(*a));

	a->dir = xstrdup(place->dir.buf);
	a->name = name;
	a->hidden_fd = a->fd = -1;
	a->is_being_made = *path_basename(a->dir) == '.';
	a->inside = a->is_being_made ? FRESH : INSIDE;
	return a;
}

int attach_begin(struct attach **out, const struct run_place *place,
		 const char *name, int *fd, struct strbuf *err)
{
	struct attach *a = attach_new(place, name);
	int ret = open_hidden(a, err);

	if (!ret) {
		a->fd = sys_openat(a->hidden_fd, a->inside,
				   O_WRONLY | O_CREAT | O_EXCL, 0666);
		if (a->fd < 0) {
			fail_errno(err, "cannot write '%s'", name);
			ret = ERR_FAILED;
		}
	}
	if (ret) {
		attach_free(&a);
	} else {
		*out = a;
		*fd = a->fd;
	}
	return ret;
}

int attach_prepare(struct attach **out, const struct run_place *place,
		   const char *file, const char *name, struct strbuf *err)
{
	struct attach *a = attach_new(place, name);
	struct stat st;
	int in, ret = 0;

	in = file ? open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY) : 0;
	if (in < 0 || fstat(in, &st))
		ret = fail_errno(err, "cannot read '%s'", file ? file : "-");
	else if (is_in_place(a, &st))
		a->in_place = true;
	else
		ret = open_hidden(a, err);
	if (!ret && !a->in_place)
		ret = S_ISDIR(st.st_mode) && file ?
		      copy_dir(a, file, err) :
		      copy_file(a, in, &st, file ? file : "-", err);
	if (in > 0)
		close(in);
	if (ret)
		attach_free(&a);
	else
		*out = a;
	return ret;
}

/*
 * The deepest directory on the way to `name` that is there: returns it open,
 * and what is missing in *rest, which is the file itself at least.
 */
static int open_way(const struct attach *a, const char **rest,
		    struct strbuf *err)
{
	int fd = open(a->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;
	size_t len;

	if (fd < 0)
		return fail_errno(err, "cannot open '%s'", a->dir);
	for (*rest = a->name; (*rest)[len = strcspn(*rest, "/")];
	     *rest += len + 1) {
		char *part = xmemdupz(*rest, len);

		next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			      O_CLOEXEC);
		free(part);
		if (next < 0 && errno == ENOENT)
			break;
		if (next < 0)
			fail_errno(err, "cannot use the directory '%.*s' of "
				   "the experiment",
				   (int)(*rest + len - a->name), a->name);
		close(fd);
		fd = next;
		if (fd < 0)
			return ERR_FAILED;
	}
	return fd;
}

/*
 * The directories that are missing are made in the hidden place, too, with the
 * file in the last of them, each synced: then one rename shows all of them.
 * `first` gets the name of the first.
 */
static int build_way(struct attach *a, const char *rest, struct strbuf *first,
		     struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	size_t len;
	int fd, ret = 0;

	strbuf_add(first, rest, strcspn(rest, "/"));
	strbuf_addstr(&path, WAY);
	do {
		if (sys_mkdirat(a->hidden_fd, path.buf, 0777))
			goto failed;
		len = strcspn(rest, "/");
		strbuf_addch(&path, '/');
		strbuf_add(&path, rest, len);
		rest += len + 1;
	} while (rest[-1]);
	if (sys_renameat(a->hidden_fd, INSIDE, a->hidden_fd, path.buf, 0))
		goto failed;
	/* from the last one up to the first */
	while (strchr(path.buf, '/') != strrchr(path.buf, '/')) {
		strbuf_setlen(&path, (size_t)(path_basename(path.buf) -
					      path.buf) - 1);
		fd = openat(a->hidden_fd, path.buf, O_RDONLY | O_DIRECTORY |
			    O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			goto failed;
		ret = sys_fsync(fd) && errno != EINVAL;
		close(fd);
		if (ret)
			goto failed;
	}
	strbuf_release(&path);
	return 0;

failed:
	ret = fail_errno(err, "cannot make the directories of '%s'", a->name);
	strbuf_release(&path);
	return ret;
}

/* Another process has made the first of them in that moment. */
static int take_back_way(struct attach *a, const char *rest,
			 struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = 0;

	strbuf_addf(&path, WAY "/%s", rest);
	if (sys_renameat(a->hidden_fd, path.buf, a->hidden_fd, INSIDE, 0))
		ret = fail_errno(err, "cannot take '%s' back", a->name);
	strbuf_reset(&path);
	strbuf_addf(&path, "%s/" WAY, tempfile_path(a->hidden));
	if (!ret && sys_remove_tree(path.buf))
		ret = fail_errno(err, "cannot remove '%s'", path.buf);
	strbuf_release(&path);
	return ret;
}

static int is_in_the_way(const struct attach *a, struct strbuf *err)
{
	return fail(err, ERR_CONFLICT, "'%s' is in the experiment already; "
		    "give another name with --as", a->name);
}

static int cannot_put(const struct attach *a, struct strbuf *err)
{
	if (errno == EEXIST || errno == ENOTEMPTY || errno == EISDIR ||
	    errno == ENOTDIR)
		return is_in_the_way(a, err);
	return fail_errno(err, "cannot put '%s' into '%s'", a->name, a->dir);
}

/* Into the directory `fd`, which is where the last of the way leads. */
static int put_file(struct attach *a, int fd, const char *base,
		    struct strbuf *err)
{
	struct stat st;

	if (!fstatat(fd, base, &st, AT_SYMLINK_NOFOLLOW) &&
	    (a->is_dir || S_ISDIR(st.st_mode)))
		return is_in_the_way(a, err);
	if (sys_renameat(a->hidden_fd, a->inside, fd, base, 0))
		return cannot_put(a, err);
	return 0;
}

/* Where nobody looks yet, directory by directory; takes `fd`. */
static int put_fresh(struct attach *a, int fd, const char *rest,
		     struct strbuf *err)
{
	size_t len;
	int next, ret;

	for (; rest[len = strcspn(rest, "/")]; rest += len + 1) {
		char *part = xmemdupz(rest, len);

		next = sys_mkdirat(fd, part, 0777) ? -1 :
		       openat(fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			      O_CLOEXEC);
		if (next < 0)
			fail_errno(err, "cannot make the directories of '%s'",
				   a->name);
		free(part);
		close(fd);
		fd = next;
		if (fd < 0)
			return ERR_FAILED;
	}
	ret = put_file(a, fd, rest, err);
	close(fd);
	return ret;
}

static int put_way(struct attach *a, int fd, const char *rest, bool *again,
		   struct strbuf *err)
{
	struct strbuf first = STRBUF_INIT, from = STRBUF_INIT;
	int ret = build_way(a, rest, &first, err);

	strbuf_addf(&from, WAY "/%s", first.buf);
	if (!ret && sys_renameat(a->hidden_fd, from.buf, fd, first.buf, 0)) {
		*again = errno == EEXIST || errno == ENOTEMPTY;
		ret = *again ? take_back_way(a, rest, err) :
			       cannot_put(a, err);
	}
	strbuf_release(&from);
	strbuf_release(&first);
	return ret;
}

/* What the caller has written. */
static int finish_file(struct attach *a, struct strbuf *err)
{
	bool bad;

	if (a->fd < 0)
		return 0;
	bad = sync_fd(a, a->fd);
	bad = close(a->fd) || bad;
	a->fd = -1;
	return bad ? fail_errno(err, "cannot write '%s'", a->name) : 0;
}

int attach_commit(struct attach *a, struct strbuf *err)
{
	const char *rest = a->name;
	bool again;
	int fd, ret = finish_file(a, err);

	if (a->in_place || ret)
		return ret;
	do {
		again = false;
		fd = open_way(a, &rest, err);
		if (fd < 0)
			return fd;
		if (a->is_being_made)
			return put_fresh(a, fd, rest, err);
		if (strchr(rest, '/'))
			ret = put_way(a, fd, rest, &again, err);
		else
			ret = put_file(a, fd, rest, err);
		if (!ret && !again && sys_fsync(fd) && errno != EINVAL)
			ret = fail_errno(err, "cannot sync the directory of "
					 "'%s'", a->name);
		close(fd);
	} while (again && !ret);
	return ret;
}

/* What did not get to its place goes at once: there is one such name. */
static void remove_fresh(const struct attach *a)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addf(&path, "%s/" FRESH, a->dir);
	if (path_exists(path.buf))
		sys_remove_tree(path.buf);
	strbuf_release(&path);
}

void attach_free(struct attach **a)
{
	if (!*a)
		return;
	if ((*a)->fd >= 0)
		close((*a)->fd);
	if ((*a)->is_being_made && (*a)->hidden_fd >= 0)
		remove_fresh(*a);
	if ((*a)->hidden_fd >= 0)
		close((*a)->hidden_fd);
	tempfile_delete(&(*a)->hidden);
	free((*a)->dir);
	free(*a);
	*a = NULL;
}
