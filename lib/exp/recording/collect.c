#include "lib/base/compat.h"
#include "lib/exp/recording/collect.h"

#include <dirent.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/glob.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/exp/git/git-state.h"
#include "lib/exp/record/record.h"

#define COLLECT_MAX_FILES 10000000u

/* A file as it stood: enough to tell later whether it was written to. */
struct seen {
	char *path;		/* relative to base */
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
};

struct seen_list {
	struct seen *item;
	size_t nr, alloc;
};

struct collect {
	char *base;
	struct strvec patterns;
	struct strvec avoid;	/* absolute directories never entered */
	struct seen_list before;
};

static void seen_list_release(struct seen_list *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		free(list->item[i].path);
	free(list->item);
	memset(list, 0, sizeof(*list));
}

static int compare_seen(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->path,
		      ((const struct seen *)b)->path);
}

static void seen_add(struct seen_list *list, const char *path,
		     const struct stat *st)
{
	struct seen *s;

	ARRAY_GROW(list->item, list->nr + 1, list->alloc);
	s = &list->item[list->nr++];
	s->path = xstrdup(path);
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	s->size = st->st_size;
	s->mtime = st->st_mtim;
	s->ctime = st->st_ctim;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool seen_changed(const struct seen *a, const struct seen *b)
{
	return a->dev != b->dev || a->ino != b->ino || a->size != b->size ||
	       !same_time(&a->mtime, &b->mtime) ||
	       !same_time(&a->ctime, &b->ctime);
}

bool exp_path_is_reserved(const char *path)
{
	static const char *const files[] = {
		RECORD_FILE, "stdout.log", "stderr.log", "uncommited.patch",
		"traceback.txt", "uncommited_files"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		size_t len = strlen(files[i]);

		if (!strncmp(path, files[i], len) &&
		    (!path[len] || path[len] == '/'))
			return true;
	}
	return (!strncmp(path, "metrics-", 8) ||
		!strncmp(path, "resutil-snapshot", 16)) && !strchr(path, '/');
}

/* A pattern that matches a directory means everything below it. */
static bool pattern_takes(const char *pattern, const char *path)
{
	struct strbuf dir = STRBUF_INIT;
	bool found = glob_match(pattern, path);
	size_t at;

	for (at = 0; path[at] && !found; at++) {
		if (path[at] != '/')
			continue;
		strbuf_reset(&dir);
		strbuf_add(&dir, path, at);
		found = glob_match(pattern, dir.buf);
	}
	strbuf_release(&dir);
	return found;
}

/* Could something below directory `rel` match? Spares walking the rest. */
static bool pattern_reaches(const char *pattern, const char *rel)
{
	const char *p = pattern, *r = rel;
	char *head;
	bool found;

	for (;;) {
		size_t len = strcspn(p, "/");

		if (len == 2 && !strncmp(p, "**", 2))
			return true;
		p += len;
		r += strcspn(r, "/");
		if (!*p || !*r)
			break;
		p++;
		r++;
	}
	if (*r || !*p)	/* the pattern ends at or above this directory */
		return pattern_takes(pattern, rel);
	head = xmemdupz(pattern, (size_t)(p - pattern));
	found = glob_match(head, rel);
	free(head);
	return found;
}

static bool any_pattern(const struct collect *c, const char *path,
			bool (*test)(const char *pattern, const char *path))
{
	size_t i;

	for (i = 0; i < c->patterns.nr; i++)
		if (test(c->patterns.v[i], path))
			return true;
	return false;
}

static bool is_avoided(const struct collect *c, const char *path)
{
	size_t i;

	if (!strcmp(path_basename(path), ".git"))
		return true;
	for (i = 0; i < c->avoid.nr; i++)
		if (!strcmp(c->avoid.v[i], path))
			return true;
	return false;
}

static void walk_entry(const struct collect *c, struct seen_list *list,
		       struct strvec *todo, DIR *d, const char *dir,
		       const char *name)
{
	struct strbuf rel = STRBUF_INIT, abs = STRBUF_INIT;
	struct stat st;

	strbuf_addf(&rel, "%s%s%s", dir, *dir ? "/" : "", name);
	if (fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW))
		goto cleanup;
	if (S_ISDIR(st.st_mode)) {
		strbuf_addf(&abs, "%s/%s", c->base, rel.buf);
		if (!is_avoided(c, abs.buf) &&
		    any_pattern(c, rel.buf, pattern_reaches))
			strvec_push(todo, rel.buf);
	} else if (S_ISREG(st.st_mode) &&
		   any_pattern(c, rel.buf, pattern_takes)) {
		seen_add(list, rel.buf, &st);
	}

cleanup:
	strbuf_release(&rel);
	strbuf_release(&abs);
}

/* With a list of what is still to be read: a deep tree needs no deep stack. */
static void walk(const struct collect *c, struct seen_list *list)
{
	struct strvec todo = STRVEC_INIT;

	strvec_push(&todo, "");
	while (todo.nr && list->nr < COLLECT_MAX_FILES) {
		char *dir = xstrdup(todo.v[todo.nr - 1]);
		char *path = xstrfmt("%s/%s", c->base, dir);
		DIR *d = opendir(path);
		struct dirent *de;

		strvec_remove(&todo, todo.nr - 1);
		while (d && (de = readdir(d)) != NULL)
			if (strcmp(de->d_name, ".") && strcmp(de->d_name, ".."))
				walk_entry(c, list, &todo, d, dir, de->d_name);
		if (d)
			closedir(d);
		free(path);
		free(dir);
	}
	if (list->nr)
		qsort(list->item, list->nr, sizeof(*list->item), compare_seen);
	strvec_release(&todo);
}

static int add_pattern(struct strvec *out, const char *pattern,
		       struct strbuf *err)
{
	const char *p = pattern;

	while (!strncmp(p, "./", 2))
		p += 2;
	if (*p == '/' || !*p)
		return fail(err, ERR_USAGE,
			    "cannot collect '%s': the pattern must be relative",
			    pattern);
	if (!strcmp(p, "..") || !strncmp(p, "../", 3) || strstr(p, "/../"))
		return fail(err, ERR_USAGE,
			    "cannot collect '%s': '..' is not allowed",
			    pattern);
	strvec_pushn(out, p, strlen(p) - (p[strlen(p) - 1] == '/'));
	return 0;
}

int collect_start(struct collect **out, const struct project *p,
		  const char *base, const struct strvec *patterns,
		  struct strbuf *err)
{
	struct collect *c = xcalloc(1, sizeof(*c));
	size_t i;
	int ret = 0;

	strvec_init(&c->patterns);
	strvec_init(&c->avoid);
	c->base = xstrdup(base);
	for (i = 0; i < patterns->nr && !ret; i++)
		ret = add_pattern(&c->patterns, patterns->v[i], err);
	if (ret) {
		collect_free(c);
		return ret;
	}
	strvec_push(&c->avoid, p->results_path);
	strvec_pushf(&c->avoid, "%s/.resutil", p->root);
	if (c->patterns.nr)
		walk(c, &c->before);
	*out = c;
	return 0;
}

static int make_parents(const char *path, struct strbuf *err)
{
	char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	int ret = 0;

	*slash = '\0';
	if (sys_mkdir_all(dir, 0777))
		ret = fail_errno(err, "cannot make directory '%s'", dir);
	free(dir);
	return ret;
}

static int copy_file(const char *from, const char *to, struct strbuf *err)
{
	struct stat st;
	struct timespec times[2];
	int in, out = -1, ret = 0;

	in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (in < 0 || fstat(in, &st)) {
		ret = fail_errno(err, "cannot read '%s'", from);
		goto cleanup;
	}
	out = sys_open(to, O_WRONLY | O_CREAT | O_EXCL, st.st_mode & 0777);
	/* the original may go next */
	if (out < 0 || sys_copy(in, out, -1) < 0 || sys_fsync(out)) {
		ret = fail_errno(err, "cannot write '%s'", to);
		if (out >= 0)
			sys_unlink(to);
		goto cleanup;
	}
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	sys_futimens(out, times);

cleanup:
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return ret;
}

/* A copy comes first and the original goes last: nothing is ever nowhere. */
static int take(const char *from, const char *to, bool move,
		struct strbuf *err)
{
	int ret = make_parents(to, err);

	if (ret)
		return ret;
	if (move && !sys_rename_noreplace(from, to))
		return 0;
	if (move && errno != EXDEV)
		return fail_errno(err, "cannot move '%s' to '%s'", from, to);
	ret = copy_file(from, to, err);
	if (!ret && move && sys_unlink(from))
		ret = fail_errno(err, "cannot remove '%s' after copying it",
				 from);
	return ret;
}

static int take_one(struct collect *c, const struct seen *now, bool was_there,
		    const char *exp_dir, struct value *taken,
		    struct strvec *left, struct strbuf *err)
{
	struct strbuf from = STRBUF_INIT, to = STRBUF_INIT;
	struct value *entry;
	int ret = 0;

	if (exp_path_is_reserved(now->path)) {
		strvec_pushf(left, "'%s' has a reserved name", now->path);
		return 0;
	}
	strbuf_addf(&from, "%s/%s", c->base, now->path);
	strbuf_addf(&to, "%s/%s", exp_dir, now->path);
	if (path_exists(to.buf)) {
		strvec_pushf(left, "'%s' is in the experiment already",
			     now->path);
		goto cleanup;
	}
	ret = take(from.buf, to.buf, !was_there, err);
	if (ret)
		goto cleanup;
	entry = value_new_map();
	value_map_set(entry, "path",
		      value_new_text(now->path, strlen(now->path)));
	value_map_set_str(entry, "how", was_there ? "copied" : "moved");
	value_list_add(taken, entry);

cleanup:
	strbuf_release(&from);
	strbuf_release(&to);
	return ret;
}

int collect_finish(struct collect *c, const char *exp_dir,
		   struct value **taken, struct strvec *left,
		   struct strbuf *err)
{
	struct seen_list now = { NULL, 0, 0 };
	struct strvec tracked = STRVEC_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret = 0;
	size_t i;

	*taken = value_new_list();
	walk(c, &now);
	if (now.nr && git_tracked_files(&tracked, c->base, &why)) {
		/* Nothing may be taken that git could be tracking. */
		ret = fail(err, ERR_PARTLY, "cannot collect: %s", why.buf);
		goto cleanup;
	}
	for (i = 0; i < now.nr; i++) {
		const struct seen *s = &now.item[i], *old = NULL;

		if (c->before.nr)
			old = bsearch(s, c->before.item, c->before.nr,
				      sizeof(*s), compare_seen);
		if (old && !seen_changed(old, s))
			continue;
		if (strvec_find(&tracked, s->path) >= 0)
			continue;
		if (take_one(c, s, !!old, exp_dir, *taken, left,
			     ret ? NULL : err))
			ret = ERR_PARTLY;
	}

cleanup:
	seen_list_release(&now);
	strvec_release(&tracked);
	strbuf_release(&why);
	return ret;
}

void collect_free(struct collect *c)
{
	if (!c)
		return;
	seen_list_release(&c->before);
	strvec_release(&c->patterns);
	strvec_release(&c->avoid);
	free(c->base);
	free(c);
}
