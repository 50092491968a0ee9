#include "lib/base/compat.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/record.h"

const char left_out_large[] = "too large";
const char left_out_run[] = "run limit";
const char left_out_secret[] = "secret";
const char left_out_submodule[] = "submodule";
const char left_out_nested[] = "nested repository";
const char left_out_unreadable[] = "unreadable";
const char left_out_changed[] = "changed while read";
const char left_out_special[] = "special file";
const char left_out_private[] = "private";

/* Some directory above `path`, or `path` itself, is in the list. */
static bool is_inside(const struct strvec *dirs, const char *path)
{
	size_t i;

	for (i = 0; i < dirs->nr; i++) {
		size_t len = strlen(dirs->v[i]);

		if (!strncmp(dirs->v[i], path, len) &&
		    (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

static int top_fd(struct git_state *state)
{
	if (state->top_fd < 0)
		state->top_fd = open(state->top, O_RDONLY | O_DIRECTORY |
				     O_CLOEXEC);
	return state->top_fd;
}

static const char *judge_regular(struct git_state *state, const char *path)
{
	const char *reason = NULL;
	int fd, secret;

	fd = openat(top_fd(state), path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? left_out_changed :
					 left_out_unreadable;
	secret = git_secret_is_allowed(state, path) ? 0 : git_secret_file(fd);
	if (secret < 0)
		reason = left_out_unreadable;
	else if (secret)
		reason = left_out_secret;
	close(fd);
	return reason;
}

/* Whether a trial's record lies in `dir`, a path from the top with a slash at
 * its end, or empty. */
static bool holds_record(struct git_state *state, const char *dir, size_t len)
{
	static const char *const records[] = { RECORD_FILE, "votakvot.yaml" };
	struct strbuf path = STRBUF_INIT;
	bool found = false;
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(records) && !found; i++) {
		strbuf_reset(&path);
		strbuf_add(&path, dir, len);
		strbuf_addstr(&path, records[i]);
		found = !fstatat(top_fd(state), path.buf, &st,
				 AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);
	}
	strbuf_release(&path);
	return found;
}

/*
 * What a trial left is a result and no code, wherever init() was told to put
 * it. The files of a directory come one after the other: it is looked at once.
 */
static bool is_of_trial(struct git_state *state, const char *path)
{
	const char *base = path_basename(path);
	size_t len = (size_t)(base - path), i;

	if (state->seen_dir.len == len && state->seen_dir.buf &&
	    !strncmp(state->seen_dir.buf, path, len) && len)
		return state->seen_trial;
	strbuf_reset(&state->seen_dir);
	strbuf_add(&state->seen_dir, path, len);
	state->seen_trial = false;
	for (i = 0; i < len && !state->seen_trial; i++)
		if (path[i] == '/')
			state->seen_trial = holds_record(state, path, i + 1);
	return state->seen_trial;
}

/*
 * Why the file must not be captured, or NULL; its size in any case. The name
 * goes before the size: a large secret is a secret.
 */
static const char *judge(struct git_state *state, const char *path,
			 uint64_t *size)
{
	struct stat st;

	*size = 0;
	if (is_inside(&state->private_dirs, path))
		return left_out_private;
	if (fstatat(top_fd(state), path, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? left_out_changed :
					 left_out_unreadable;
	if (S_ISLNK(st.st_mode)) {
		*size = (uint64_t)st.st_size;
		return git_secret_text(path, strlen(path)) ?
		       left_out_secret : NULL;
	}
	if (!S_ISREG(st.st_mode))
		return left_out_special;
	*size = (uint64_t)st.st_size;
	if (is_inside(&state->private_files, path) ||
	    (!git_secret_is_allowed(state, path) &&
	     git_secret_path(state, path)))
		return left_out_secret;
	if (*size > state->opts->max_file)
		return left_out_large;
	return judge_regular(state, path);
}

static bool is_submodule(const struct git_raw_entry *entry)
{
	return entry->old_mode == GIT_MODE_SUBMODULE ||
	       entry->new_mode == GIT_MODE_SUBMODULE;
}

/*
 * What was deleted may be a secret, too: its name goes into the list, its
 * former content (which the commit has) not into the patch. A file that the
 * patch may not touch is one that git need not read: a large one is worth a
 * second process, a small one is taken out of the patch on the way.
 */
int git_changes_listed(struct git_raw *raw, void *data)
{
	struct git_state *state = data;
	size_t i;

	for (i = 0; i < raw->nr; i++) {
		struct git_raw_entry *e = &raw->entry[i];

		if (is_submodule(e))
			e->left_out = left_out_submodule;
		else if (!e->new_mode && is_inside(&state->private_dirs,
						   e->path))
			e->left_out = left_out_private;
		else if (!e->new_mode && git_secret_path(state, e->path) &&
			 !git_secret_is_allowed(state, e->path))
			e->left_out = left_out_secret;
		else if (e->new_mode)
			e->left_out = judge(state, e->path, &e->size);
		e->drop = !!e->left_out;
		if (e->left_out == left_out_unreadable ||
		    (e->left_out && e->size > state->opts->max_file))
			state->again = true;
	}
	return state->again && !state->asked_again ? ERR_NO : 0;
}

static struct git_item *add(struct git_state *state, const char *path,
			    size_t len)
{
	struct git_item *item;

	ARRAY_GROW(state->item, state->nr + 1, state->alloc);
	item = &state->item[state->nr++];
	memset(item, 0, sizeof(*item));
	item->change.path = xmemdupz(path, len);
	return item;
}

/*
 * git lists what looks changed by its times; where the patch then says
 * nothing, the content is the same. Dropped parts count as said.
 */
static bool is_changed(const struct git_state *state,
		       const struct git_raw_entry *e)
{
	return e->patched || state->patch_failed || e->old_mode != e->new_mode;
}

void git_changes_add_tracked(struct git_state *state, bool left_out)
{
	struct git_raw *raw = &state->raw;
	size_t i;

	for (i = 0; i < raw->nr; i++) {
		struct git_raw_entry *e = &raw->entry[i];
		struct git_item *item;

		if (e->left_out == left_out_private ||
		    (left_out ? !e->left_out : !is_changed(state, e)))
			continue;
		state->changed = true;
		item = add(state, e->path, strlen(e->path));
		item->change.size = e->size;
		item->change.deleted = !e->new_mode;
		item->change.left_out = e->left_out;
		item->subproject = e->subproject;
		e->subproject = NULL;
	}
}

void git_changes_add_untracked(struct git_state *state, const char *path)
{
	size_t len = strlen(path);
	struct git_item *item;
	const char *reason;
	uint64_t size;

	if (!len)
		return;
	if (path[len - 1] == '/') {	/* not looked into by git */
		if (is_inside(&state->private_dirs, path))
			return;
		reason = left_out_nested;
		size = 0;
		len--;
	} else if (is_of_trial(state, path)) {
		return;
	} else {
		reason = judge(state, path, &size);
	}
	if (reason == left_out_private)
		return;
	item = add(state, path, len);
	item->change.untracked = true;
	item->change.size = size;
	item->change.left_out = reason;
}

void git_changes_clear(struct git_state *state)
{
	size_t i;

	for (i = 0; i < state->nr; i++) {
		free(state->item[i].change.path);
		free(state->item[i].subproject);
	}
	free(state->item);
	strbuf_release(&state->seen_dir);
	state->item = NULL;
	state->nr = state->alloc = 0;
	if (state->top_fd >= 0)
		close(state->top_fd);
	state->top_fd = -1;
}

static int by_path(const void *a, const void *b)
{
	const struct git_item *x = a, *y = b;
	int diff = strcmp(x->change.path, y->change.path);

	/* removed from the index but still there: first the removal */
	return diff ? diff : x->change.untracked - y->change.untracked;
}

/* In the order of paths, so that the same tree gives the same choice. */
void git_changes_finish(struct git_state *state)
{
	uint64_t left = state->opts->max_run;
	size_t i, captured = 0;

	if (state->nr)
		qsort(state->item, state->nr, sizeof(*state->item), by_path);
	for (i = 0; i < state->nr; i++) {
		struct git_change *change = &state->item[i].change;

		if (change->left_out || change->deleted)
			continue;
		if (change->size > left || captured >= GIT_MAX_CAPTURED) {
			change->left_out = left_out_run;
			continue;
		}
		left -= change->size;
		captured++;
	}
	if (state->patch.len > left || state->patch_too_large) {
		state->patch_too_large = true;
		git_patch_clear(&state->patch);
	}
}
