/*
 * Downloads. A file that has come waits, whole and held, until there are
 * enough of them: they are made durable together, and then shown. So a
 * thousand small files cost a few syncs and not a thousand.
 */
#include "lib/base/compat.h"
#include "lib/sync/keys-internal.h"

#include "lib/base/error.h"
#include "lib/base/progress.h"
#include "lib/base/sys.h"
#include "lib/sync/object-sums.h"
#include "transport/transport.h"

/* What is larger is shown at once, with what waits. */
#define LARGE ((uint64_t)8 << 20)
#define WAIT_SECONDS 1
/* So few are synced each by itself: one syncfs(2) waits for all that is
 * unwritten there, whoever wrote it. */
#define FEW 4

/* ---- the bytes ----------------------------------------------------------- */

struct getting {
	struct keys_item *item;
	struct object_sums *sums;
	uint64_t got;
};

static int write_file(void *data, const void *buf, size_t len,
		      struct strbuf *err)
{
	struct getting *g = data;
	struct keys_item *item = g->item;

	if (keys_stopped(item->run))
		return fail(err, ERR_FAILED, "'%s' was not downloaded to its "
			    "end", item->key);
	if (len > item->object.size - g->got)
		return fail(err, ERR_CONTENT, "'%s' has more bytes than the "
			    "%" PRIu64 " that the store lists", item->key,
			    item->object.size);
	if (sys_write_all(item->temp.fd, buf, len))
		return keys_fail_errno(item, "write", err);
	object_sums_add(g->sums, buf, len);
	g->got += len;
	if (item->progress)
		progress_bytes(item->progress, g->got);
	keys_show_old(item->run);
	return 0;
}

static int get_bytes(struct keys_item *item, struct strbuf *err)
{
	struct object *o = &item->object;
	struct object_range range = { 0, RANGE_TO_END, o->version };
	struct getting g = { .item = item };
	struct object_sink sink = { write_file, &g };
	int ret;

	ret = object_sums_start(&g.sums, o->sums, err);
	if (ret)
		return ret;
	ret = transport_get(item->run->t, item->key, &range, &sink, NULL,
			    err);
	if (!ret && g.got != o->size)
		ret = fail(err, ERR_CONTENT, "'%s' has %" PRIu64 " bytes and "
			   "not the %" PRIu64 " that the store lists",
			   item->key, g.got, o->size);
	if (!ret && !object_sums_agree(&g.sums, o))
		ret = fail(err, ERR_CONTENT, "what came of '%s' does not have "
			   "the checksum that the store lists", item->key);
	object_sums_drop(&g.sums);
	return ret == ERR_NOT_FOUND ? ERR_CONFLICT : ret;
}

/* ---- showing ------------------------------------------------------------- */

static void note_failure(struct keys_item *item, int code,
			 struct strbuf *why)
{
	if (code)
		keys_fail(item, code, why);
	strbuf_reset(why);
}

static bool is_elsewhere(const struct keys_item *item)
{
	struct stat st;

	return fstat(item->temp.fd, &st) || st.st_dev != item->run->device;
}

/* The content of all; what lies on another file system by itself. */
static void sync_contents(struct keys_run *run, struct keys_item *list,
			  bool few)
{
	struct strbuf why = STRBUF_INIT;
	struct keys_item *item;
	bool all = !few && !sys_syncfs(run->root);

	for (item = list; item; item = item->waiting)
		if ((!all || is_elsewhere(item)) && sys_fsync(item->temp.fd))
			note_failure(item, keys_fail_errno(item, "write",
							   &why), &why);
	strbuf_release(&why);
}

static int sync_dir(int fd)
{
	return sys_fsync(fd) && errno != EINVAL ? -1 : 0;
}

static void sync_names(struct keys_run *run, struct keys_item *list,
		       bool few)
{
	struct strbuf why = STRBUF_INIT;
	struct keys_item *item;
	bool all = !few && !sys_syncfs(run->root);

	for (item = list; item; item = item->waiting)
		if (!item->code && (!all || is_elsewhere(item)) &&
		    sync_dir(item->temp.dir))
			note_failure(item, keys_fail_errno(item, "make durable",
							   &why), &why);
	strbuf_release(&why);
}

static void show_batch(struct keys_run *run, struct keys_item *list,
		       size_t nr, bool made_dirs)
{
	struct strbuf why = STRBUF_INIT;
	struct keys_item *item, *next;

	sync_contents(run, list, nr <= FEW);
	for (item = list; item; item = item->waiting)
		if (!item->code)
			note_failure(item, keys_temp_show(item, &why), &why);
	sync_names(run, list, nr <= FEW && !made_dirs);
	for (item = list; item; item = next) {
		next = item->waiting;
		if (!item->code) {
			item->status = "downloaded";
			item->bytes = item->object.size;
		}
		keys_temp_release(item);
		keys_tell(item);
		/* Whoever merges may free it from here on. */
		keys_finish(item);
	}
	strbuf_release(&why);
}

void keys_show_all(struct keys_run *run)
{
	struct keys_item *list;
	bool made_dirs;
	size_t nr;

	pthread_mutex_lock(&run->showing);
	pthread_mutex_lock(&run->lock);
	list = run->shown;
	nr = run->shown_nr;
	made_dirs = run->made_dirs;
	run->shown = NULL;
	run->shown_last = &run->shown;
	run->shown_nr = 0;
	run->made_dirs = false;
	pthread_mutex_unlock(&run->lock);
	if (list)
		show_batch(run, list, nr, made_dirs);
	pthread_mutex_unlock(&run->showing);
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

void keys_show_old(struct keys_run *run)
{
	bool old;

	pthread_mutex_lock(&run->lock);
	old = run->shown_nr && now() - run->shown_since > WAIT_SECONDS;
	pthread_mutex_unlock(&run->lock);
	if (old)
		keys_show_all(run);
}

static void wait_to_be_shown(struct keys_item *item)
{
	struct keys_run *run = item->run;
	bool full;

	pthread_mutex_lock(&run->lock);
	if (!run->shown_nr)
		run->shown_since = now();
	*run->shown_last = item;
	run->shown_last = &item->waiting;
	run->shown_nr++;
	full = run->shown_nr >= run->shown_max || item->object.size >= LARGE ||
	       now() - run->shown_since >= WAIT_SECONDS;
	pthread_mutex_unlock(&run->lock);
	if (full)
		keys_show_all(run);
}

/* ---- a download ---------------------------------------------------------- */

void keys_download(struct keys_item *item)
{
	struct strbuf why = STRBUF_INIT;
	bool same;
	int ret = keys_begin(item, item->here, &same, &why);

	if (!ret && !same)
		ret = keys_temp_make(item, &why);
	if (!ret && !same)
		ret = get_bytes(item, &why);
	if (ret) {
		keys_fail(item, ret, &why);
		keys_temp_release(item);
	} else if (same) {
		item->status = "same";
	}
	strbuf_release(&why);
	if (!ret && !same) {
		wait_to_be_shown(item);
		return;
	}
	keys_tell(item);
	keys_finish(item);
}
