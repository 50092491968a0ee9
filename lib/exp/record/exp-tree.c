#include "lib/base/compat.h"
#include "lib/exp/record/exp-tree.h"

#include <dirent.h>

#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/fingerprint.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/workers.h"
#include "lib/exp/record/record.h"

#define BLOCK_MIN (16u << 10)
#define BLOCK_MAX (1u << 20)

/*
 * Directories kept open on the way down. In a deeper tree the one that is come
 * back to may have to be opened again from the top.
 */
#define KEPT_OPEN 16

/*
 * A walk gets help when it has seen so many entries: below, starting threads
 * takes longer than they save. What lies deeper than GIVEN_DEPTH stays with who
 * walks there, since whoever takes a directory opens it from the top.
 */
#define HELP_MIN 256
#define HELPERS_MAX 16
#define GIVEN_DEPTH 8

/*
 * In a directory of the first walk so many names are read before they are
 * looked at, by several threads if there are as many as that pays for.
 */
#define NAMES_MAX 8192
#define NAMES_EACH 256

struct block {
	struct block *next;
	size_t used, size;
	char text[];
};

/* It was removed since it was listed: there is nothing in it. */
#define LEVEL_GONE 1

struct level {
	DIR *dir;
	const char *path;	/* with '/' at its end; "" for the top */
	size_t path_len;
};

/* What all that walk one tree share. */
struct crew {
	struct exp_tree *tree;	/* its fd and dir; the rest at the end */
	uid_t user;
	bool any;		/* files that cannot be read, too */
	unsigned jobs;
	struct workers *workers; /* NULL: none are needed yet */
	unsigned given;		/* atomic: walks not done yet */
	bool failed;		/* atomic: the rest is in vain */
};

/*
 * Of the top, or of a directory that was given away: depth first, so that its
 * entries come in the order of the tree. Only its thread touches it until that
 * is done.
 */
struct walk {
	struct work work;
	struct crew *crew;
	const char *path;	/* with '/' at its end; "" for the top */
	size_t path_len;
	struct exp_entry *entry;
	size_t nr, alloc;
	uint64_t bytes;
	bool has_record;
	struct strvec skipped;
	struct block *arena;

	/* What was given away: in order, each to stand behind so many of our
	 * entries, with which the one that it is of is the last. */
	struct walk *given, **last_given, *next;
	size_t behind;
	bool is_given;

	struct exp_entry *todo;		/* seen; the next one last */
	size_t todo_nr, todo_alloc;
	struct level level[KEPT_OPEN];	/* each within the one before */
	size_t levels;
	struct fingerprint *print;	/* NULL: no signature is wanted */
	struct timespec newest;
	int ret;
	struct strbuf err;
};

bool exp_tree_is_record(const char *path, uint32_t mode)
{
	return S_ISREG(mode) && !strcmp(path, RECORD_FILE);
}

bool exp_tree_is_leftover(const char *path, uint32_t mode)
{
	size_t digits;
	int nr;

	if (!S_ISREG(mode) ||
	    strncmp(path, RECORD_FILE ".", strlen(RECORD_FILE) + 1))
		return false;
	path += strlen(RECORD_FILE) + 1;
	for (nr = 0; nr < 2; nr++) {
		digits = strspn(path, "0123456789");
		if (!digits || path[digits] != '.')
			return false;
		path += digits + 1;
	}
	return !strcmp(path, "tmp");
}

static void add_place(struct strbuf *out, const struct walk *w,
		      const char *path)
{
	struct strbuf full = STRBUF_INIT;

	strbuf_addstr(&full, w->crew->tree->dir);
	if (*path)
		strbuf_complete_slash(&full);
	strbuf_addstr(&full, path);
	quote_c(out, full.buf, full.len);
	strbuf_release(&full);
}

/* Always ERR_FAILED: the tree is there, even if a part of it has gone. */
static int fail_at(struct walk *w, const char *what, const char *path,
		   int errno_value)
{
	struct strbuf place = STRBUF_INIT;
	int ret;

	add_place(&place, w, path);
	ret = fail(&w->err, ERR_FAILED, "cannot %s '%s': %s", what, place.buf,
		   strerror(errno_value));
	strbuf_release(&place);
	return ret;
}

static int fail_top(struct walk *w, int errno_value)
{
	struct strbuf place = STRBUF_INIT;
	int ret;

	add_place(&place, w, "");
	if (errno_value == ENOENT)
		ret = fail(&w->err, ERR_NOT_FOUND, "no directory '%s'",
			   place.buf);
	else if (errno_value == ENOTDIR)
		ret = fail(&w->err, ERR_NOT_FOUND, "'%s' is not a directory",
			   place.buf);
	else
		ret = fail_at(w, "read the directory", "", errno_value);
	strbuf_release(&place);
	return ret;
}

static void add_block(struct walk *w, size_t size)
{
	struct block *b = xmalloc(sizeof(*b) + size);

	b->size = size;
	b->used = 0;
	b->next = w->arena;
	w->arena = b;
}

static void arena_reserve(struct walk *w, size_t len)
{
	if (!w->arena || w->arena->size - w->arena->used < len)
		add_block(w, len);
}

static char *arena_get(struct walk *w, size_t len)
{
	struct block *b = w->arena;
	size_t size;
	char *text;

	if (!b || b->size - b->used < len) {
		size = b ? MINIMUM(b->size * 2, BLOCK_MAX) : BLOCK_MIN;
		add_block(w, MAXIMUM(size, len));
		b = w->arena;
	}
	text = b->text + b->used;
	b->used += len;
	return text;
}

/*
 * The user must be able to read all, or nothing is begun. The bits of the mode
 * answer for nearly every file; when they say no, the kernel has the last
 * word: root, a group of many, an access list.
 */
static bool is_readable(const struct walk *w, int dirfd, const char *name,
			const struct stat *st)
{
	const mode_t others = S_IRGRP | S_IROTH;

	if (st->st_uid == w->crew->user ? (st->st_mode & S_IRUSR) != 0 :
				    (st->st_mode & others) == others)
		return true;
	return !faccessat(dirfd, name, R_OK, AT_EACCESS);
}

static const char *kind_of(mode_t mode)
{
	if (S_ISFIFO(mode))
		return "FIFO";
	return S_ISSOCK(mode) ? "socket" : "device";
}

/* Where the children of `parent` go: the record is the first of all. */
static struct exp_entry *new_entry(struct walk *w, bool is_record)
{
	if (!is_record) {
		ARRAY_GROW(w->todo, w->todo_nr + 1, w->todo_alloc);
		return &w->todo[w->todo_nr++];
	}
	ARRAY_GROW(w->entry, w->nr + 1, w->alloc);
	w->has_record = true;
	return &w->entry[w->nr++];
}

static void sign_time(struct walk *w, const struct timespec *t)
{
	if (t->tv_sec > w->newest.tv_sec ||
	    (t->tv_sec == w->newest.tv_sec && t->tv_nsec > w->newest.tv_nsec))
		w->newest = *t;
}

/* path: with the NUL at its end, so that no two trees give the same bytes. */
static void sign(struct walk *w, const char *path, size_t len,
		 const struct stat *st)
{
	const uint64_t part[] = {
		st->st_dev, st->st_ino, st->st_mode, (uint64_t)st->st_size,
		(uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec,
		(uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec
	};

	if (!w->print)
		return;
	fingerprint_add(w->print, part, sizeof(part));
	fingerprint_add(w->print, path, len + 1);
	sign_time(w, &st->st_mtim);
	sign_time(w, &st->st_ctim);
}

static int add_child(struct walk *w, int dirfd, const struct level *parent,
		     const char *name)
{
	size_t name_len = strlen(name), len = parent->path_len + name_len;
	struct exp_entry *e;
	struct stat st;
	char *path;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW)) {
		/* Removed since its name was read: as if seen later. */
		if (errno == ENOENT)
			return 0;
		return fail_at(w, "look at a file in", parent->path, errno);
	}
	if (!parent->path_len && exp_tree_is_leftover(name, st.st_mode))
		return 0;
	if (len + S_ISDIR(st.st_mode) > EXP_TREE_PATH_MAX)
		return fail_at(w, "take a path longer than 65535 bytes in",
			       parent->path, ENAMETOOLONG);
	path = arena_get(w, len + S_ISDIR(st.st_mode) + 1);
	memcpy(path, parent->path, parent->path_len);
	memcpy(path + parent->path_len, name, name_len);
	if (S_ISDIR(st.st_mode))
		path[len++] = '/';
	path[len] = '\0';
	sign(w, path, len, &st);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) &&
	    !S_ISLNK(st.st_mode)) {
		struct strbuf quoted = STRBUF_INIT;

		quote_c(&quoted, path, len);
		strvec_pushf(&w->skipped, "%s (%s)", quoted.buf,
			     kind_of(st.st_mode));
		strbuf_release(&quoted);
		return 0;
	}
	if (S_ISREG(st.st_mode) && !w->crew->any &&
	    !is_readable(w, dirfd, name, &st))
		return fail_at(w, "read", path, EACCES);

	e = new_entry(w, exp_tree_is_record(path, st.st_mode));
	e->path = path;
	e->path_len = (uint32_t)len;
	e->mode = st.st_mode & (S_IFMT | 07777);
	e->size = S_ISDIR(st.st_mode) ? 0 : (uint64_t)st.st_size;
	e->mtime = st.st_mtim.tv_sec;
	if (S_ISREG(st.st_mode))
		w->bytes += e->size;
	return 0;
}

/* The greatest path first: the list is emptied from its end. */
static int compare_downwards(const void *a, const void *b)
{
	const struct exp_entry *x = a, *y = b;

	return strcmp(y->path, x->path);
}

/* There is then room for all that was seen: room that grew step by step would
 * leave holes behind. */
static void sort_children(struct walk *w, size_t from)
{
	ARRAY_GROW(w->entry, w->nr + w->todo_nr, w->alloc);
	if (w->todo_nr > from)
		qsort(w->todo + from, w->todo_nr - from, sizeof(*w->todo),
		      compare_downwards);
}

static void leave_level(struct walk *w, size_t nr)
{
	closedir(w->level[nr].dir);
	w->levels--;
	memmove(w->level + nr, w->level + nr + 1,
		(w->levels - nr) * sizeof(*w->level));
}

static int open_level(struct walk *w, const char *path, size_t path_len)
{
	struct level *level;
	const char *rest;
	int fd;

	while (w->levels) {
		level = &w->level[w->levels - 1];
		if (level->path_len < path_len &&
		    !memcmp(level->path, path, level->path_len))
			break;
		leave_level(w, w->levels - 1);
	}
	level = w->levels ? &w->level[w->levels - 1] : NULL;
	rest = level ? path + level->path_len : path;
	fd = open_beneath(level ? dirfd(level->dir) : w->crew->tree->fd, rest,
			  O_RDONLY | O_DIRECTORY);
	if (fd < 0 && errno == ENOENT && *path)
		return LEVEL_GONE;
	if (fd < 0)
		return fail_at(w, "read the directory", path, errno);
	if (w->levels == KEPT_OPEN)
		leave_level(w, 0);
	level = &w->level[w->levels];
	level->path = path;
	level->path_len = path_len;
	level->dir = fdopendir(fd);
	if (!level->dir) {
		int saved = errno;

		close(fd);
		return fail_at(w, "read the directory", path, saved);
	}
	w->levels++;
	return 0;
}

static bool is_dot_or_dot_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static void walk_init(struct walk *w, struct crew *crew, const char *path,
		      size_t path_len)
{
	memset(w, 0, sizeof(*w));
	w->crew = crew;
	w->path = path;
	w->path_len = path_len;
	w->last_given = &w->given;
	strvec_init(&w->skipped);
	strbuf_init(&w->err);
}

/* ---- many names in one directory ----------------------------------------- */

/* Some of them; what is seen is gathered as if a walk had met it. */
struct piece {
	struct work work;
	struct walk seen;
	const struct level *parent;
	const char *names;	/* each with its NUL */
	size_t nr, len;
};

struct names {
	struct strbuf text;
	size_t nr;
};

static void look_at_piece(struct work *work, unsigned worker UNUSED)
{
	struct piece *p = (struct piece *)work;
	const char *name = p->names;
	size_t i;

	/* no more of the arena than is needed, for there are many pieces */
	arena_reserve(&p->seen, p->len + p->nr * (p->parent->path_len + 1));
	for (i = 0; i < p->nr && !p->seen.ret; i++, name += strlen(name) + 1)
		p->seen.ret = add_child(&p->seen, dirfd(p->parent->dir),
					p->parent, name);
}

static struct block **last_block(struct walk *w)
{
	struct block **at = &w->arena;

	while (*at)
		at = &(*at)->next;
	return at;
}

/* As if we had seen it. Returns how looking at it went. */
static int take_piece(struct walk *w, struct piece *p)
{
	struct walk *seen = &p->seen;
	int ret = seen->ret;

	ARRAY_GROW(w->todo, w->todo_nr + seen->todo_nr, w->todo_alloc);
	if (seen->todo_nr)
		memcpy(w->todo + w->todo_nr, seen->todo,
		       seen->todo_nr * sizeof(*w->todo));
	w->todo_nr += seen->todo_nr;
	if (seen->has_record)
		*new_entry(w, true) = seen->entry[0];
	w->bytes += seen->bytes;
	strvec_pushv(&w->skipped, seen->skipped.v);
	*last_block(seen) = w->arena;
	w->arena = seen->arena;
	if (ret)
		strbuf_addbuf(&w->err, &seen->err);
	free(seen->todo);
	free(seen->entry);
	strvec_release(&seen->skipped);
	strbuf_release(&seen->err);
	return ret;
}

static int look_by_pieces(struct walk *w, const struct level *parent,
			  const struct names *names)
{
	size_t nr = (names->nr + NAMES_EACH - 1) / NAMES_EACH, i, k;
	struct piece *piece = xcalloc(nr, sizeof(*piece));
	const char *name = names->text.buf;
	struct crew *crew = w->crew;
	int ret = 0, sub;

	if (!crew->workers)
		crew->workers = workers_start(crew->jobs);
	for (i = 0; i < nr; i++) {
		struct piece *p = &piece[i];

		walk_init(&p->seen, crew, parent->path, parent->path_len);
		p->work.fn = look_at_piece;
		p->parent = parent;
		p->names = name;
		p->nr = MINIMUM(names->nr - i * NAMES_EACH,
				(size_t)NAMES_EACH);
		for (k = 0; k < p->nr; k++)
			name += strlen(name) + 1;
		p->len = (size_t)(name - p->names);
		workers_add(crew->workers, &p->work);
	}
	for (i = 0; i < nr; i++) {
		workers_wait(crew->workers, &piece[i].work);
		sub = take_piece(w, &piece[i]);
		if (!ret)
			ret = sub;
	}
	free(piece);
	return ret;
}

static int look_at_names(struct walk *w, const struct level *parent,
			 struct names *names)
{
	const char *name = names->text.buf;
	size_t i;
	int ret = 0;

	if (names->nr >= HELP_MIN)
		ret = look_by_pieces(w, parent, names);
	else
		for (i = 0; i < names->nr && !ret; i++) {
			ret = add_child(w, dirfd(parent->dir), parent, name);
			name += strlen(name) + 1;
		}
	strbuf_reset(&names->text);
	names->nr = 0;
	return ret;
}

/* The thread of the first walk may wait for others, so it alone gets help. */
static int read_names(struct walk *w, const struct level *level)
{
	bool gather = w->crew->jobs > 1 && !w->is_given;
	struct names names = { STRBUF_INIT, 0 };
	const struct dirent *e;
	int ret = 0;

	while (!ret && (errno = 0, (e = readdir(level->dir)))) {
		if (is_dot_or_dot_dot(e->d_name))
			continue;
		if (!gather) {
			ret = add_child(w, dirfd(level->dir), level,
					e->d_name);
			continue;
		}
		strbuf_add(&names.text, e->d_name, strlen(e->d_name) + 1);
		if (++names.nr == NAMES_MAX)
			ret = look_at_names(w, level, &names);
	}
	/* One that was removed since it was opened is empty: ENOENT. */
	if (!ret && errno && !(errno == ENOENT && *level->path))
		ret = fail_at(w, "read the directory", level->path, errno);
	if (!ret)
		ret = look_at_names(w, level, &names);
	strbuf_release(&names.text);
	return ret;
}

static int read_dir(struct walk *w, const char *path, size_t path_len)
{
	size_t from = w->todo_nr;
	int ret;

	ret = open_level(w, path, path_len);
	if (ret == LEVEL_GONE)
		return 0;
	if (!ret)
		ret = read_names(w, &w->level[w->levels - 1]);
	if (!ret)
		sort_children(w, from);
	return ret;
}

/* ---- the whole tree ------------------------------------------------------ */

/* Whether the next directory is for somebody else: there is enough to do, not
 * too much waits already, and we have more. */
static bool is_to_give(const struct walk *w, const struct exp_entry *e)
{
	const struct crew *crew = w->crew;
	unsigned depth = 0;
	const char *p;

	if (crew->jobs < 2 || !w->todo_nr)
		return false;
	if (!crew->workers && w->nr + w->todo_nr < HELP_MIN)
		return false;
	if (__atomic_load_n(&crew->given, __ATOMIC_RELAXED) >= 2 * crew->jobs)
		return false;
	for (p = e->path; (p = strchr(p, '/')); p++)
		depth++;
	return depth <= GIVEN_DEPTH;
}

static void walk_given(struct work *work, unsigned worker UNUSED);

/* The top's walk alone finds no workers: it runs in the thread that waits. */
static void give(struct walk *w, const struct exp_entry *e)
{
	struct crew *crew = w->crew;
	struct walk *given = xmalloc(sizeof(*given));

	walk_init(given, crew, e->path, e->path_len);
	given->work.fn = walk_given;
	given->is_given = true;
	given->behind = w->nr;
	*w->last_given = given;
	w->last_given = &given->next;
	if (!crew->workers)
		crew->workers = workers_start(crew->jobs);
	__atomic_add_fetch(&crew->given, 1, __ATOMIC_RELAXED);
	workers_add(crew->workers, &given->work);
}

static int walk_all(struct walk *w)
{
	int ret = read_dir(w, w->path, w->path_len);

	while (!ret && w->todo_nr) {
		struct exp_entry e = w->todo[--w->todo_nr];

		w->entry[w->nr++] = e;
		if (!S_ISDIR(e.mode))
			continue;
		if (is_to_give(w, &e))
			give(w, &e);
		else if (!__atomic_load_n(&w->crew->failed, __ATOMIC_RELAXED))
			ret = read_dir(w, e.path, e.path_len);
	}
	while (w->levels)
		leave_level(w, w->levels - 1);
	free(w->todo);
	w->todo = NULL;
	if (ret)
		__atomic_store_n(&w->crew->failed, true, __ATOMIC_RELAXED);
	return ret;
}

static void walk_given(struct work *work, unsigned worker UNUSED)
{
	struct walk *w = (struct walk *)work;

	w->ret = walk_all(w);
	__atomic_sub_fetch(&w->crew->given, 1, __ATOMIC_RELAXED);
}

static int sign_top(struct walk *w)
{
	struct stat st;

	if (!w->print)
		return 0;
	if (fstat(w->crew->tree->fd, &st))
		return fail_top(w, errno);
	sign(w, "", 0, &st);
	return 0;
}

static size_t count(const struct walk *w)
{
	const struct walk *given;
	size_t nr = w->nr;

	for (given = w->given; given; given = given->next)
		nr += count(given);
	return nr;
}

static void join_entries(struct exp_tree *tree, struct walk *w, size_t *from,
			 size_t end)
{
	if (end > *from)
		memcpy(tree->entry + tree->nr, w->entry + *from,
		       (end - *from) * sizeof(*w->entry));
	tree->nr += end - *from;
	*from = end;
}

/*
 * Puts all that was walked into the tree, in its order, and frees the walk. The
 * first failure in that order is the one that is told. No deeper than
 * GIVEN_DEPTH.
 */
static int join(struct exp_tree *tree, struct walk *w, struct strbuf *err)
{
	struct walk *given, *next;
	size_t from = 0;
	int ret = w->ret, sub;

	if (ret)
		fail(err, ret, "%s", w->err.buf);
	for (given = w->given; given; given = next) {
		next = given->next;
		join_entries(tree, w, &from, given->behind);
		sub = join(tree, given, ret ? NULL : err);
		ret = ret ? ret : sub;
		free(given);
	}
	join_entries(tree, w, &from, w->nr);
	*last_block(w) = tree->arena;
	tree->arena = w->arena;
	tree->bytes += w->bytes;
	tree->has_record |= w->has_record;
	strvec_pushv(&tree->skipped, w->skipped.v);
	strvec_release(&w->skipped);
	strbuf_release(&w->err);
	free(w->entry);
	return ret;
}

static int read_tree(struct walk *top, const char *dir, struct strbuf *err)
{
	struct exp_tree *tree = top->crew->tree;
	int ret;

	exp_tree_release(tree);
	tree->dir = xstrdup(dir);
	tree->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	top->ret = tree->fd < 0 ? fail_top(top, errno) : sign_top(top);
	if (!top->ret)
		top->ret = walk_all(top);
	workers_stop(&top->crew->workers);
	if (top->given) {
		tree->entry = xrealloc_array(NULL, count(top),
					     sizeof(*tree->entry));
	} else {
		/* join() then copies nothing */
		tree->entry = top->entry;
		tree->nr = top->nr;
		top->entry = NULL;
		top->nr = 0;
	}
	ret = join(tree, top, err);
	strvec_sort(&tree->skipped, false);
	if (ret)
		exp_tree_release(tree);
	return ret;
}

static int read_by(struct exp_tree *tree, const char *dir, unsigned jobs,
		   bool any, struct strbuf *err)
{
	struct crew crew = { .tree = tree, .user = geteuid(), .any = any };
	struct walk top;

	jobs = MINIMUM(jobs ? jobs : workers_default(), HELPERS_MAX);
	/* we walk, too */
	crew.jobs = workers_with_files(jobs + 1, KEPT_OPEN) - 1;
	walk_init(&top, &crew, "", 0);
	return read_tree(&top, dir, err);
}

int exp_tree_read_by(struct exp_tree *tree, const char *dir, unsigned jobs,
		     struct strbuf *err)
{
	return read_by(tree, dir, jobs, false, err);
}

int exp_tree_read_any(struct exp_tree *tree, const char *dir,
		      struct strbuf *err)
{
	return read_by(tree, dir, 0, true, err);
}

int exp_tree_read(struct exp_tree *tree, const char *dir, struct strbuf *err)
{
	return exp_tree_read_by(tree, dir, 1, err);
}

/* By one thread: the order in which all is seen makes the signature. */
int exp_tree_read_signed(struct exp_tree *tree, const char *dir,
			 struct exp_tree_sign *out, struct strbuf *err)
{
	struct fingerprint print = FINGERPRINT_INIT;
	struct crew crew = { .tree = tree, .user = geteuid(), .jobs = 1 };
	struct walk top;
	int ret;

	walk_init(&top, &crew, "", 0);
	top.print = &print;
	ret = read_tree(&top, dir, err);
	if (ret)
		return ret;
	fingerprint_finish(&print, out->raw);
	out->newest = top.newest;
	return 0;
}

void exp_tree_release(struct exp_tree *tree)
{
	static const struct exp_tree empty = EXP_TREE_INIT;
	struct block *b, *next;

	if (tree->fd >= 0)
		close(tree->fd);
	free(tree->dir);
	free(tree->entry);
	strvec_release(&tree->skipped);
	for (b = tree->arena; b; b = next) {
		next = b->next;
		free(b);
	}
	*tree = empty;
}
