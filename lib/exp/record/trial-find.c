#include "lib/base/compat.h"
#include "lib/exp/record/trial-find.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/glob.h"
#include "lib/base/path.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/record.h"

#include <dirent.h>

#define VOTAKVOT_FILE "votakvot.yaml"

/* Of resumable functions: resutilformat-snapshot(5). */
#define SNAPSHOT_PREFIX "resutil-snapshot"

/* Deeper trees are no trials' but a loop of mounts. */
#define MAX_DEPTH 200

struct walk {
	struct found_trials *out;
	struct strvec *problems;
	const char *pattern;	/* NULL: all */
	bool attached;
	bool copies;		/* below copies of code: no trials of ours */
};

struct entry {
	char *name;
	bool is_dir;
};

struct entries {
	struct entry *entry;
	size_t nr, alloc;
	bool has_record;
};

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name,
		      ((const struct entry *)b)->name);
}

static void entries_release(struct entries *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		free(list->entry[i].name);
	free(list->entry);
}

static bool is_record(const char *name)
{
	return !strcmp(name, RECORD_FILE) || !strcmp(name, VOTAKVOT_FILE);
}

/* What says something of the trial, and is nothing that it made. */
static bool is_own(const char *name)
{
	size_t len = strlen(name);

	return is_record(name) || !strcmp(name, TRIAL_LIVE_FILE) ||
	       !strncmp(name, SNAPSHOT_PREFIX, strlen(SNAPSHOT_PREFIX)) ||
	       (!strncmp(name, RECORD_FILE ".", strlen(RECORD_FILE ".")) &&
		len > 4 && !strcmp(name + len - 4, ".tmp"));
}

static bool is_directory(DIR *dir, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return !fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(st.st_mode);
}

static bool read_entries(struct entries *list, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	if (!dir)
		return false;
	while ((d = readdir(dir))) {
		bool is_dir;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		is_dir = is_directory(dir, d);
		if (is_dir && d->d_name[0] == '.')
			continue;
		if (!is_dir && is_record(d->d_name))
			list->has_record = true;
		ARRAY_GROW(list->entry, list->nr + 1, list->alloc);
		list->entry[list->nr].name = xstrdup(d->d_name);
		list->entry[list->nr++].is_dir = is_dir;
	}
	closedir(dir);
	if (list->nr)
		qsort(list->entry, list->nr, sizeof(*list->entry),
		      compare_entries);
	return true;
}

static size_t count_components(const char *path)
{
	size_t nr = 1;

	for (; *path; path++)
		nr += *path == '/';
	return nr;
}

/*
 * Whether something below `path` may match: its components must match as many
 * of the pattern, up to the first `**`.
 */
static bool may_match_below(const char *pattern, const char *path)
{
	size_t depth = count_components(path), i;
	const char *end = pattern;
	char *head;
	bool ret;

	for (i = 0; i < depth; i++) {
		size_t len = strcspn(end, "/");

		if (len == 2 && !memcmp(end, "**", 2))
			return true;
		end += len;
		if (i + 1 < depth && !*end)
			return false;
		end += i + 1 < depth;
	}
	head = xmemdupz(pattern, (size_t)(end - pattern));
	ret = glob_match(head, path);
	free(head);
	return ret;
}

static size_t add_trial(struct walk *w, const char *dir)
{
	struct found_trials *out = w->out;

	ARRAY_GROW(out->trial, out->nr + 1, out->alloc);
	out->trial[out->nr].dir = xstrdup(dir);
	strvec_init(&out->trial[out->nr].attached);
	return out->nr++;
}

static void cannot_read(struct walk *w, const char *path)
{
	strvec_pushf(w->problems, "cannot read '%s': %s", path,
		     strerror(errno));
}

/* owner: the trial that `dir` is in, SIZE_MAX: none. */
static void walk(struct walk *w, struct strbuf *dir, bool matched,
		 size_t owner, unsigned depth)
{
	struct entries list = { 0 };
	size_t len = dir->len, i;
	bool copies = w->copies;

	if (!matched && w->pattern)
		matched = glob_match(w->pattern, dir->buf);
	if (depth > MAX_DEPTH || !read_entries(&list, dir->buf)) {
		if (errno != ENOENT && depth <= MAX_DEPTH)
			cannot_read(w, dir->buf);
		return;
	}
	list.has_record &= !copies;
	if (list.has_record)
		owner = matched ? add_trial(w, dir->buf) : SIZE_MAX;
	for (i = 0; i < list.nr; i++) {
		const struct entry *e = &list.entry[i];

		if (!e->is_dir && (owner == SIZE_MAX || !w->attached ||
				   (list.has_record && is_own(e->name))))
			continue;
		strbuf_complete_slash(dir);
		strbuf_addstr(dir, e->name);
		if (!e->is_dir)
			strvec_push(&w->out->trial[owner].attached, dir->buf +
				    strlen(w->out->trial[owner].dir) + 1);
		w->copies = copies || (list.has_record &&
				       !strcmp(e->name, "uncommited_files"));
		if (e->is_dir &&
		    (matched || may_match_below(w->pattern, dir->buf)))
			walk(w, dir, matched, owner, depth + 1);
		w->copies = copies;
		strbuf_setlen(dir, len);
	}
	entries_release(&list);
}

/* Without a record's name at its end, and slashes. */
static char *directory_of(const char *path)
{
	size_t len = strlen(path);
	const char *base = path_basename(path);

	if (is_record(base) && base > path)
		len = (size_t)(base - path);
	else if (is_record(base))
		return xstrdup(".");
	while (len > 1 && path[len - 1] == '/')
		len--;
	return xmemdupz(path, len);
}

/* False: there is no such path, and nothing can match. */
static bool look(struct walk *w, const char *path)
{
	struct strbuf dir = STRBUF_INIT;
	size_t before = w->out->nr;
	size_t len;

	w->pattern = NULL;
	strbuf_addstr(&dir, path);
	if (path_is_dir(path)) {
		walk(w, &dir, true, SIZE_MAX, 0);
		strbuf_release(&dir);
		return true;
	}
	strbuf_reset(&dir);
	if (glob_has_magic(path)) {
		len = glob_literal_prefix(path);
		w->pattern = path;
		strbuf_add(&dir, path, len);
		/* a relative pattern that begins with a wildcard: the names
		 * in the working directory, without `./` before them */
		if (!len) {
			struct entries list = { 0 };
			size_t i;

			if (!read_entries(&list, "."))
				cannot_read(w, ".");
			for (i = 0; i < list.nr; i++) {
				strbuf_reset(&dir);
				strbuf_addstr(&dir, list.entry[i].name);
				if (list.entry[i].is_dir &&
				    may_match_below(path, dir.buf))
					walk(w, &dir, false, SIZE_MAX, 0);
			}
			entries_release(&list);
		} else if (path_is_dir(dir.buf)) {
			walk(w, &dir, false, SIZE_MAX, 0);
		}
	}
	strbuf_release(&dir);
	return w->out->nr > before;
}

/* Whether the component that ends before `at` and the one that begins behind
 * it are plain text, and neither empty nor dots alone. */
static bool is_between_plain(const char *path, const char *at)
{
	const char *s = at;

	if (at == path || !at[1] || at[1] == '/' || at[1] == '.')
		return false;
	while (s > path && s[-1] != '/')
		if (strchr("*?[\\", *--s))
			return false;
	if (s == at || *s == '.')
		return false;
	for (s = at + 1; *s && *s != '/'; s++)
		if (strchr("*?[\\", *s))
			return false;
	return true;
}

/* The same with each `from` replaced by `to`, one at a time, the last first. */
static bool look_with(struct walk *w, const char *path, char from, char to)
{
	char *other = xstrdup(path);
	char *at = other + strlen(other);
	bool found = false;

	while (!found && at-- > other) {
		if (*at != from || !is_between_plain(other, at))
			continue;
		*at = to;
		found = look(w, other);
		*at = from;
	}
	free(other);
	return found;
}

int trials_find(struct found_trials *out, const char *path, bool attached,
		struct strvec *problems)
{
	struct walk w = { .out = out, .problems = problems,
			  .attached = attached };
	size_t before = problems->nr;
	char *dir = directory_of(path);

	if (!look(&w, dir) && !look_with(&w, dir, '/', '.'))
		look_with(&w, dir, '.', '/');
	free(dir);
	return problems->nr > before ? ERR_PARTLY : 0;
}

void found_trials_release(struct found_trials *found)
{
	size_t i;

	for (i = 0; i < found->nr; i++) {
		free(found->trial[i].dir);
		strvec_release(&found->trial[i].attached);
	}
	free(found->trial);
	memset(found, 0, sizeof(*found));
}
