/*
 * What is under way is bounded: who merges waits when it is too much. Where
 * results are told in order, it waits for the first; else for one in the
 * middle, so that a long transfer at the head does not leave the others
 * without work.
 */
#include "lib/base/compat.h"
#include "lib/sync/keys-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/progress.h"

#define QUEUE_MAX 1024		/* of their weight */

struct keys_item *keys_item_new(struct keys_run *run, const char *key)
{
	static const struct keys_temp none = KEYS_TEMP_INIT;
	struct keys_item *item = xcalloc(1, sizeof(*item));

	item->run = run;
	item->weight = 1;
	item->key = xstrdup(key);
	item->temp = none;
	strvec_init(&item->object.meta);
	strbuf_init(&item->why);
	return item;
}

void keys_item_free(struct keys_item *item)
{
	struct keys_item *more;

	for (; item; item = more) {
		more = item->more;
		object_release(&item->object);
		strbuf_release(&item->why);
		free(item->key);
		free(item);
	}
}

/* ---- what became of it --------------------------------------------------- */

void keys_stop(struct keys_run *run, int code, const char *why)
{
	pthread_mutex_lock(&run->lock);
	if (!run->code) {
		strbuf_addstr(&run->why, why);
		__atomic_store_n(&run->code, code, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&run->lock);
}

bool keys_stopped(struct keys_run *run)
{
	return __atomic_load_n(&run->code, __ATOMIC_ACQUIRE) ||
	       tempfile_is_dying();
}

int keys_fail(struct keys_item *item, int code, const struct strbuf *why)
{
	item->status = "failed";
	/* A key that this store does not take is no wrong usage of ours. */
	item->code = code == ERR_USAGE ? ERR_FAILED : code;
	item->bytes = 0;
	if (why) {
		strbuf_reset(&item->why);
		strbuf_addbuf(&item->why, why);
	}
	/* The others would wait as long, for nothing. */
	if (code == ERR_UNREACHABLE)
		keys_stop(item->run, code, item->why.buf);
	return code;
}

void keys_tell(struct keys_item *item)
{
	struct keys_run *run = item->run;
	const struct sync_keys_result result = {
		.key = item->key,
		.status = item->status,
		.size_here = item->here ? (uint64_t)item->st.st_size :
					  OBJECT_SIZE_UNKNOWN,
		.size_there = item->there ? item->object.size :
					    OBJECT_SIZE_UNKNOWN,
		.bytes = item->bytes,
		.code = item->code,
		.message = item->why.buf
	};
	int ret = 0;

	pthread_mutex_lock(&run->telling);
	progress_stop(&item->progress);
	if (item->status) {
		ret = run->fn(&result, run->data);
		if (run->progress)
			progress_items(run->progress, ++run->items_done);
	}
	pthread_mutex_unlock(&run->telling);
	if (ret)
		keys_stop(run, ret, "");
}

void keys_finish(struct keys_item *item)
{
	__atomic_store_n(&item->finished, true, __ATOMIC_RELEASE);
}

/* ---- the queue ----------------------------------------------------------- */

static bool is_finished(const struct keys_item *item)
{
	return __atomic_load_n(&item->finished, __ATOMIC_ACQUIRE);
}

static void do_work(struct work *work, unsigned worker UNUSED)
{
	struct keys_item *item = (struct keys_item *)work;

	/* It finishes by itself, as it may wait to be shown by another. */
	if (!keys_stopped(item->run))
		item->fn(item);
	else
		keys_finish(item);
}

/* The work that has ended is let go of, wherever it stands. */
static void sweep(struct keys_run *run)
{
	struct keys_item **at = &run->first, *item;

	while ((item = *at)) {
		if (!is_finished(item)) {
			at = &item->next;
			continue;
		}
		/* Its worker may still be about to leave it. */
		if (item->fn)
			workers_wait(run->workers, &item->work);
		*at = item->next;
		run->weight -= item->weight;
		keys_item_free(item);
	}
	run->last = at;
}

static void wait_for_some(struct keys_run *run)
{
	struct keys_item *item = run->first;
	size_t before = item->weight;

	for (; before < run->weight / 2 && item->next; before += item->weight)
		item = item->next;
	workers_wait(run->workers, &item->work);
	sweep(run);
	if (run->weight < QUEUE_MAX)
		return;
	/* All that has ended waits to be shown. */
	keys_show_all(run);
	sweep(run);
}

/* In order: the first alone, which is told here. */
static void tell_first(struct keys_run *run)
{
	struct keys_item *item = run->first;

	if (item->fn)
		workers_wait(run->workers, &item->work);
	keys_tell(item);
	run->first = item->next;
	if (!run->first)
		run->last = &run->first;
	run->weight -= item->weight;
	keys_item_free(item);
}

static void compare_work(struct work *work, unsigned worker UNUSED)
{
	struct keys_item *item = (struct keys_item *)work;

	if (!keys_stopped(item->run))
		item->fn(item);
	keys_finish(item);
}

static void add_in_order(struct keys_run *run, struct keys_item *item)
{
	if (item->fn) {
		item->work.fn = compare_work;
		workers_add(run->workers, &item->work);
	} else {
		item->finished = true;
	}
	while (run->first && (run->weight >= QUEUE_MAX ||
			      is_finished(run->first)))
		tell_first(run);
}

void keys_add(struct keys_run *run, struct keys_item *item)
{
	if (!run->ordered && !item->fn) {
		keys_tell(item);
		keys_item_free(item);
		return;
	}
	*run->last = item;
	run->last = &item->next;
	run->weight += item->weight;
	if (run->ordered) {
		add_in_order(run, item);
		return;
	}
	item->work.fn = do_work;
	workers_add(run->workers, &item->work);
	while (run->weight >= QUEUE_MAX)
		wait_for_some(run);
}

void keys_drain(struct keys_run *run)
{
	struct keys_item *item;
	size_t left = 0;

	while (run->ordered && run->first)
		tell_first(run);
	for (item = run->first; item; item = item->next)
		left++;
	for (item = run->first; item; item = item->next) {
		workers_wait(run->workers, &item->work);
		/* The last ones: there is nothing to gain by waiting for more,
		 * and one of them may take long. */
		if (--left <= workers_nr(run->workers))
			keys_show_all(run);
	}
	sweep(run);
	if (run->first)
		BUG("'%s' was forgotten", run->first->key);
}
