#include "lib/base/compat.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/value.h"

#define FILES_DIR "uncommited_files"
#define PATCH_FILE "uncommited.patch"

/*
 * Where copies go. Paths may be as long as the system takes them from the
 * top, so they are walked directory by directory; files come sorted, so the
 * last directory is mostly the next one, too.
 */
struct copier {
	const char *dir;	/* the experiment's */
	int root_fd;		/* of uncommited_files/; -1: not made yet */
	int last_fd;
	struct strbuf last;	/* directory of last_fd, from root_fd */
	size_t nr_files;
};

static int open_root(struct copier *c, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = 0;

	strbuf_addf(&path, "%s/" FILES_DIR, c->dir);
	if (sys_mkdir(path.buf, 0777) && errno != EEXIST)
		ret = fail_errno(err, "cannot make '%s'", path.buf);
	if (!ret) {
		c->root_fd = open(path.buf, O_RDONLY | O_DIRECTORY |
				  O_NOFOLLOW | O_CLOEXEC);
		if (c->root_fd < 0)
			ret = fail_errno(err, "cannot open '%s'", path.buf);
	}
	strbuf_release(&path);
	return ret;
}

/* Opens the directory of `path` (made as needed) as c->last_fd. */
static int open_parent(struct copier *c, const char *path, struct strbuf *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	const char *p = path, *end = path + len;
	int fd, ret;

	if (c->root_fd < 0) {
		ret = open_root(c, err);
		if (ret)
			return ret;
	}
	if (c->last_fd >= 0 && c->last.len == len &&
	    !memcmp(c->last.buf, path, len))
		return 0;
	if (c->last_fd >= 0)
		close(c->last_fd);
	c->last_fd = -1;
	fd = fcntl(c->root_fd, F_DUPFD_CLOEXEC, 3);
	while (fd >= 0 && p < end) {
		size_t n = MINIMUM(strcspn(p, "/"), (size_t)(end - p));
		char *name = xmemdupz(p, n);
		int next = -1;

		if (!sys_mkdirat(fd, name, 0777) || errno == EEXIST)
			next = openat(fd, name, O_RDONLY | O_DIRECTORY |
				      O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		free(name);
		fd = next;
		p += n + 1;
	}
	if (fd < 0)
		return fail_errno(err, "cannot make a directory for '%s' in "
				  "'%s/" FILES_DIR "'", path, c->dir);
	c->last_fd = fd;
	strbuf_reset(&c->last);
	strbuf_add(&c->last, path, len);
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/*
 * Copies what `in` holds, of which `st` was told before. Returns 1 when it is
 * no more the same afterwards, -1 with errno when it cannot be read (*reading)
 * or written.
 */
static int copy_bytes(int in, int out, const struct stat *st, bool *reading)
{
	struct timespec times[2];
	struct stat after;
	int64_t done;
	char byte;

	*reading = false;
	done = sys_copy(in, out, (int64_t)st->st_size);
	if (done < 0) {
		int saved = errno;

		/* whose fault: a read of our own tells */
		*reading = pread(in, &byte, 1, 0) < 0;
		errno = saved;
		return -1;
	}
	if (fstat(in, &after)) {
		*reading = true;
		return -1;
	}
	if (done != (int64_t)st->st_size || !same_file(st, &after))
		return 1;
	times[0] = times[1] = st->st_mtim;
	sys_futimens(out, times);	/* a help for people, no promise */
	return 0;
}

static int copy_once(struct copier *c, int in, const char *path,
		     bool *changed, bool *unreadable, struct strbuf *err)
{
	const char *name = strrchr(path, '/');
	bool reading = false;
	struct stat st;
	int out, ret;

	name = name ? name + 1 : path;
	if (fstat(in, &st)) {
		*unreadable = true;
		return 0;
	}
	/* no more rights than the file has; never setuid */
	out = sys_openat(c->last_fd, name, O_WRONLY | O_CREAT | O_EXCL,
			 (st.st_mode & 0777) | 0600);
	if (out < 0)
		return fail_errno(err, "cannot make '%s/" FILES_DIR "/%s'",
				  c->dir, path);
	ret = copy_bytes(in, out, &st, &reading);
	if (ret < 0 && !reading)
		ret = fail_errno(err, "cannot write '%s/" FILES_DIR "/%s'",
				 c->dir, path);
	else if (ret < 0)
		*unreadable = true;
	else if (ret)
		*changed = true;
	close(out);
	if (*unreadable || *changed) {
		sys_unlinkat(c->last_fd, name, 0);
		return 0;
	}
	return ret;
}

/* A regular file that was there when the list was made. */
static int copy_file(struct git_state *state, struct copier *c,
		     struct git_change *change, struct strbuf *err)
{
	int top_fd = state->top_fd;
	bool changed = true, unreadable = false;
	struct stat st;
	int fd, tries, secret, ret = 0;

	for (tries = 0; changed && !unreadable && !ret && tries < 2 &&
	     !change->left_out; tries++) {
		fd = openat(top_fd, change->path, O_RDONLY | O_NOFOLLOW |
			    O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
		    (uint64_t)st.st_size > state->opts->max_file) {
			if (fd >= 0)
				close(fd);
			break;
		}
		/* the very bytes that are copied: it may be a new file */
		secret = tries && !git_secret_is_allowed(state, change->path) ?
			 git_secret_file(fd) : 0;
		changed = false;
		if (secret)
			change->left_out = secret > 0 ? left_out_secret :
							left_out_unreadable;
		else
			ret = copy_once(c, fd, change->path, &changed,
					&unreadable, err);
		change->size = (uint64_t)st.st_size;
		close(fd);
	}
	if (ret)
		return ret;
	if (change->left_out)
		return 0;
	if (unreadable)
		change->left_out = left_out_unreadable;
	else if (changed)
		change->left_out = left_out_changed;
	else
		c->nr_files++;
	return 0;
}

/* Kept as a link, wherever it leads; nothing follows it. */
static int copy_link(struct copier *c, int top_fd, struct git_change *change,
		     struct strbuf *err)
{
	const char *name = strrchr(change->path, '/');
	char target[PATH_MAX + 1];
	ssize_t len;

	len = readlinkat(top_fd, change->path, target, sizeof(target) - 1);
	if (len < 0) {
		change->left_out = left_out_changed;
		return 0;
	}
	target[len] = '\0';
	name = name ? name + 1 : change->path;
	if (sys_symlinkat(target, c->last_fd, name))
		return fail_errno(err, "cannot make '%s/" FILES_DIR "/%s'",
				  c->dir, change->path);
	c->nr_files++;
	return 0;
}

static int copy_all(struct git_state *state, struct copier *c,
		    struct strbuf *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < state->nr && !ret; i++) {
		struct git_change *change = &state->item[i].change;
		struct stat st;

		if (change->left_out || change->deleted)
			continue;
		if (fstatat(state->top_fd, change->path, &st,
			    AT_SYMLINK_NOFOLLOW)) {
			change->left_out = left_out_changed;
			continue;
		}
		ret = open_parent(c, change->path, err);
		if (ret)
			break;
		if (S_ISLNK(st.st_mode))
			ret = copy_link(c, state->top_fd, change, err);
		else
			ret = copy_file(state, c, change, err);
	}
	return ret;
}

static int copy(struct git_state *state, const char *dir, size_t *nr_files,
		struct strbuf *err)
{
	struct copier c = { .dir = dir, .root_fd = -1, .last_fd = -1,
			    .last = STRBUF_INIT };
	struct strbuf path = STRBUF_INIT;
	int ret;

	ret = copy_all(state, &c, err);
	if (!ret && state->patch.len) {
		strbuf_addf(&path, "%s/" PATCH_FILE, dir);
		ret = git_patch_write(&state->patch, path.buf, err);
		c.nr_files++;
	}
	*nr_files = c.nr_files;
	if (c.last_fd >= 0)
		close(c.last_fd);
	if (c.root_fd >= 0)
		close(c.root_fd);
	strbuf_release(&c.last);
	strbuf_release(&path);
	return ret;
}

static struct value *path_value(const char *path)
{
	return value_new_text(path, strlen(path));
}

static bool has_hash(const struct git_change *change)
{
	return !change->deleted &&
	       (change->left_out == left_out_large ||
		change->left_out == left_out_run ||
		change->left_out == left_out_secret);
}

/*
 * The hash says later whether a file is the one that was there; a secret's
 * tells nothing of the secret.
 */
static struct value *left_out_value(struct git_state *state,
				    const struct git_item *item,
				    struct git_hashes *hashes)
{
	const struct git_change *change = &item->change;
	struct value *map = value_new_map();
	struct strbuf hex = STRBUF_INIT;

	value_map_set(map, "path", path_value(change->path));
	if (!change->deleted)
		value_map_set_int(map, "size", (int64_t)change->size);
	if (has_hash(change) &&
	    !git_hashes_get(hashes, state->top_fd, change->path, &hex, NULL))
		value_map_set_str(map, "sha256", hex.buf);
	if (item->subproject)
		value_map_set_str(map, "commit", item->subproject);
	value_map_set_str(map, "reason", change->left_out);
	strbuf_release(&hex);
	return map;
}

static void add_left_out(struct git_state *state, struct value *git)
{
	struct git_hashes *hashes = git_hashes_open(state->opts->project);
	struct value *list = value_new_list(), *more;
	int64_t nr_more = 0, bytes = 0;
	size_t i;

	for (i = 0; i < state->nr; i++) {
		const struct git_item *item = &state->item[i];

		if (!item->change.left_out)
			continue;
		if (list->u.list.nr < GIT_MAX_LEFT_OUT) {
			value_list_add(list, left_out_value(state, item,
							    hashes));
			continue;
		}
		nr_more++;
		bytes += (int64_t)item->change.size;
	}
	if (state->patch_too_large) {
		more = value_new_map();
		value_map_set_str(more, "path", PATCH_FILE);
		value_map_set_int(more, "size", (int64_t)state->patch_size);
		value_map_set_str(more, "reason", left_out_run);
		value_list_add(list, more);
	}
	value_map_set(git, "left_out", list);
	if (nr_more) {
		more = value_new_map();
		value_map_set_int(more, "files", nr_more);
		value_map_set_int(more, "size", bytes);
		value_map_set(git, "left_out_more", more);
	}
	git_hashes_close(hashes);
}

static void add_files(const struct git_state *state, struct value *git)
{
	struct value *all = value_new_list(), *untracked = value_new_list();
	size_t i;

	for (i = 0; i < state->nr; i++) {
		const struct git_change *change = &state->item[i].change;

		if (change->left_out || change->deleted)
			continue;
		value_list_add(all, path_value(change->path));
		if (change->untracked)
			value_list_add(untracked, path_value(change->path));
	}
	value_map_set(git, "uncommited_files", all);
	value_map_set(git, "untracked_files", untracked);
}

static void add_names(struct git_state *state, struct value *git)
{
	struct strbuf text = STRBUF_INIT;
	const char *branch = state->ref;

	if (branch && !strncmp(branch, "refs/heads/", 11))
		branch += 11;
	value_map_set(git, "branch", branch ? path_value(branch) :
					      value_new_null());
	if (state->describe) {
		strbuf_addf(&text, "%s%s", state->describe,
			    state->changed ? "-dirty" : "");
		value_map_set(git, "describe",
			      value_new_text(text.buf, text.len));
	} else {
		value_map_set(git, "describe", value_new_null());
	}
	value_map_set(git, "remote", state->remote ?
		      path_value(state->remote) : value_new_null());
	strbuf_release(&text);
}

/* A tree that cannot be made is an error to name, no reason to stop. */
static void add_treeish(struct git_state *state, struct value *git)
{
	struct strbuf hex = STRBUF_INIT, why = STRBUF_INIT;

	if (git_treeish(state, &hex, &why)) {
		git_note_error(state, why.buf);
		value_map_set(git, "treeish", value_new_null());
	} else {
		value_map_set_str(git, "treeish", hex.buf);
	}
	strbuf_release(&hex);
	strbuf_release(&why);
}

int git_state_capture(struct git_state *state, const char *dir,
		      struct value **git, size_t *nr_files,
		      struct strbuf *err)
{
	struct value *map;
	int ret;

	*nr_files = 0;
	git_gather(state);
	if (dir) {
		ret = copy(state, dir, nr_files, err);
		if (ret)
			return ret;
	}
	map = value_new_map();
	value_map_set_str(map, "commit_hash", state->commit);
	if (!state->top) {	/* as the Python Resutil has it */
		value_map_set(map, "uncommited_files", value_new_list());
	} else {
		add_names(state, map);
		if (state->opts->treeish)
			add_treeish(state, map);
		add_files(state, map);
		value_map_set_str(map, "patch", state->patch.len ? PATCH_FILE :
								   NULL);
		add_left_out(state, map);
	}
	if (state->error.len)
		value_map_set(map, "error", value_new_text(state->error.buf,
							  state->error.len));
	*git = map;
	return 0;
}
