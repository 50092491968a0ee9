/*
 * Removals: there by batches, since stores take many keys at once and forget
 * them faster so; here one after another, which no network waits for.
 */
#include "lib/base/compat.h"
#include "lib/sync/keys-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "transport/transport.h"

/* Fewer than a store takes at most, so that several workers have some. */
#define BATCH_THERE 200
#define WEIGHT_THERE 32		/* some thousand keys are under way */
#define BATCH_HERE 512
#define FEW 4

static void add_to_batch(struct keys_run *run, struct keys_item *item)
{
	*run->batch_last = item;
	run->batch_last = &item->more;
	run->batch_nr++;
}

/* All of it, chained by ->more; NULL: there is none. */
static struct keys_item *take_batch(struct keys_run *run)
{
	struct keys_item *first = run->batch;

	run->batch = NULL;
	run->batch_last = &run->batch;
	run->batch_nr = 0;
	return first;
}

/* ---- from the store ------------------------------------------------------ */

struct removing {
	struct keys_item **item;	/* in byte order of their keys */
	size_t nr;
};

static int by_key(const void *key, const void *item)
{
	return strcmp(key, (*(struct keys_item *const *)item)->key);
}

static int note_removed(const char *key, int code, const char *message,
			void *data)
{
	struct removing *r = data;
	struct strbuf why = STRBUF_INIT;
	struct keys_item **item;

	item = bsearch(key, r->item, r->nr, sizeof(*r->item), by_key);
	if (!item)
		return 0;
	if (code) {
		strbuf_addstr(&why, message);
		keys_fail(*item, code, &why);
		strbuf_release(&why);
	} else {
		(*item)->status = "removed";
		(*item)->bytes = (*item)->object.size;
	}
	return 0;
}

/* Work: the item and those that hang at it. */
static void remove_batch(struct keys_item *first)
{
	struct keys_run *run = first->run;
	struct strvec keys = STRVEC_INIT;
	struct strbuf why = STRBUF_INIT;
	struct removing r = { 0 };
	struct keys_item *item;
	int ret;

	r.item = xcalloc(BATCH_THERE, sizeof(*r.item));
	for (item = first; item; item = item->more) {
		strvec_push(&keys, item->key);
		r.item[r.nr++] = item;
	}
	ret = transport_remove_many(run->t, &keys, note_removed, &r, &why);
	if (ret)
		keys_stop(run, ret, why.buf);
	for (item = first; item; item = item->more)
		keys_tell(item);
	free(r.item);
	strvec_release(&keys);
	strbuf_release(&why);
	keys_finish(first);
}

void keys_remove_rest(struct keys_run *run)
{
	struct keys_item *first;

	if (run->o->action != SYNC_KEYS_REMOVE)
		return;
	first = take_batch(run);
	if (!first)
		return;
	first->fn = remove_batch;
	first->weight = WEIGHT_THERE;
	keys_add(run, first);
}

void keys_remove(struct keys_run *run, struct keys_item *item)
{
	add_to_batch(run, item);
	if (run->batch_nr >= BATCH_THERE)
		keys_remove_rest(run);
}

/* ---- here ---------------------------------------------------------------- */

/* The directory that it was in, or the next above that is still there. */
static int sync_parent(struct keys_run *run, const char *key)
{
	char *path = xstrdup(key), *slash;
	int fd = -1, ret;

	do {
		slash = strrchr(path, '/');
		*(slash ? slash : path) = '\0';
		fd = open_beneath(run->root, path, O_RDONLY | O_DIRECTORY);
	} while (fd < 0 && *path && (errno == ENOENT || errno == EACCES));
	free(path);
	if (fd < 0)
		return -1;
	ret = sys_fsync(fd) && errno != EINVAL ? -1 : 0;
	close(fd);
	return ret;
}

/* What is told is durable. */
static void tell_deleted(struct keys_run *run)
{
	bool all = run->batch_nr > FEW && !sys_syncfs(run->root);
	struct keys_item *first = take_batch(run), *item;
	struct strbuf why = STRBUF_INIT;

	for (item = first; item; item = item->more) {
		if (!item->code && (!all || item->st.st_dev != run->device) &&
		    sync_parent(run, item->key)) {
			strbuf_reset(&why);
			keys_fail(item, keys_fail_errno(item, "make durable "
							"that there is no",
							&why), &why);
		}
		keys_tell(item);
	}
	keys_item_free(first);
	strbuf_release(&why);
}

/* Not what took its place since it was listed. */
static int delete_file(struct keys_item *item, struct strbuf *err)
{
	struct keys_run *run = item->run;
	const char *base;
	struct stat st;
	int dir = open_parent_beneath(run->root, item->key, &base), ret = 0;

	if (dir < 0)
		return keys_fail_errno(item, "delete", err);
	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW))
		ret = keys_fail_errno(item, "delete", err);
	else if (!keys_unchanged(&st, &item->st))
		ret = fail(err, ERR_CONFLICT, "'%s' was changed meanwhile, "
			   "and stays", item->key);
	else if (sys_unlinkat(dir, base, 0))
		ret = keys_fail_errno(item, "delete", err);
	close(dir);
	return ret;
}

/* Directories go when no key below them comes any more: keys are in order. */
static void leave_dir(struct keys_run *run, const char *key)
{
	size_t len = run->emptied ? strlen(run->emptied) : 0;

	if (len && key && !strncmp(run->emptied, key, len) && key[len] == '/')
		return;
	if (len)
		keys_prune_dirs(run, run->emptied, 0);
	free(run->emptied);
	run->emptied = NULL;
}

void keys_delete(struct keys_run *run, struct keys_item *item)
{
	const char *base = path_basename(item->key);
	struct strbuf why = STRBUF_INIT;
	int ret = delete_file(item, &why);

	leave_dir(run, item->key);
	if (ret) {
		keys_fail(item, ret, &why);
	} else {
		item->status = "deleted";
		item->bytes = (uint64_t)item->st.st_size;
		if (base > item->key) {
			free(run->emptied);
			run->emptied = xmemdupz(item->key, (size_t)
						(base - item->key) - 1);
		}
	}
	strbuf_release(&why);
	add_to_batch(run, item);
	if (run->batch_nr >= BATCH_HERE)
		tell_deleted(run);
}

void keys_delete_end(struct keys_run *run)
{
	if (run->o->action != SYNC_KEYS_DELETE)
		return;
	leave_dir(run, NULL);
	tell_deleted(run);
}
