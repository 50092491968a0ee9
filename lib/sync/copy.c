/*
 * For each batch of names: all that both stores have are compared; what is to
 * be done is decided, one after another; packs are copied, each noted before
 * it is put as an intent, and afterwards as done. At the end the ledgers are
 * synced once more.
 */
#include "lib/base/compat.h"
#include "lib/sync/copy.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/base/workers.h"
#include "lib/exp/record/name.h"
#include "lib/sync/copy-internal.h"
#include "lib/wrap/digest.h"

#define BATCH 4096		/* names; bounds the memory for them */
#define MEMORY ((uint64_t)64 << 20)	/* for small packs */
#define DISK ((uint64_t)4 << 30)	/* for large ones */
#define BIG_AT_ONCE 4
#define REQUESTS 24		/* of all that read ahead */
/* A pack is copied again when either store has another one by then. */
#define TRIES 3

/* ---- results ------------------------------------------------------------- */

void copy_fail(struct copy_item *item, const char *status, int code,
	       const char *fmt, ...)
{
	va_list ap;

	item->status = status;
	item->code = code;
	item->to_copy = false;
	item->bytes = 0;
	strbuf_reset(&item->message);
	va_start(ap, fmt);
	strbuf_vaddf(&item->message, fmt, ap);
	va_end(ap);
}

static void fail_item(struct copy_item *item, int code,
		      const struct strbuf *err)
{
	copy_fail(item, code == ERR_NOT_FOUND ? "missing" :
			code == ERR_CONFLICT ? "conflict" : "failed",
		  code, "%s", err->buf);
}

void copy_note_gone(struct copy *c, const struct remote *r, int code)
{
	if (code != ERR_UNREACHABLE && code != ERR_CREDENTIALS)
		return;
	pthread_mutex_lock(&c->lock);
	c->gone = code;
	c->gone_store = r;
	pthread_mutex_unlock(&c->lock);
}

static bool is_gone(struct copy_item *item)
{
	struct copy *c = item->c;
	const struct remote *store;
	int code;

	pthread_mutex_lock(&c->lock);
	code = c->gone;
	store = c->gone_store;
	pthread_mutex_unlock(&c->lock);
	if (code)
		copy_fail(item, "failed", code, "'%s' was not copied, since "
			  "'%s' cannot be %s", item->name, store->name,
			  code == ERR_UNREACHABLE ? "reached" : "used");
	return code != 0;
}

static void tell(struct copy_item *item)
{
	struct copy *c = item->c;
	const struct sync_result result = {
		.name = item->name, .status = item->status, .other = "",
		.bytes = item->bytes, .held = item->held, .code = item->code,
		.message = item->message.buf
	};

	pthread_mutex_lock(&c->lock);
	c->fn(&result, c->data);
	progress_stop(&item->progress);
	if (item->to_copy && c->progress && !c->single)
		progress_items(c->progress, ++c->items_done);
	pthread_mutex_unlock(&c->lock);
}

/* ---- comparing ----------------------------------------------------------- */

static void compare(struct work *work, unsigned worker UNUSED)
{
	struct copy_item *item = (struct copy_item *)work;
	struct strbuf err = STRBUF_INIT;
	int ret;

	if (is_gone(item))
		return;
	ret = copy_compare(item, &err);
	if (ret)
		fail_item(item, ret, &err);
	strbuf_release(&err);
}

static void run_all(struct copy *c, void (*fn)(struct work *, unsigned))
{
	size_t i;

	for (i = 0; i < c->nr; i++) {
		c->item[i].work.fn = fn;
		workers_add(c->workers, &c->item[i].work);
	}
	workers_wait_all(c->workers);
}

static void note_id(struct copy *c, const struct remote_exp *e)
{
	if (e->level >= KNOWN_INFO && !e->problem && *e->info.id)
		strmap_put(&c->ids, e->info.id, e->name);
}

/* Its id, where one of that PREFIX_TIMESTAMP is there under another name. */
static int learn_like(struct copy_item *item, struct strbuf *err)
{
	struct copy *c = item->c;
	size_t i = remote_list_from(&c->there, item->name, NAME_HEAD_LEN);
	int ret = 0;

	for (; !ret && i < c->there.nr; i++) {
		struct remote_exp *e = &c->there.exp[i];

		if (strncmp(e->name, item->name, NAME_HEAD_LEN))
			break;
		ret = remote_learn(c->from, item->from, 1, KNOWN_INFO, 1, err);
		if (ret) {
			copy_note_gone(c, c->from, ret);
			break;
		}
		ret = remote_learn(c->to, e, 1, KNOWN_INFO, 1, err);
		copy_note_gone(c, c->to, ret);
		note_id(c, e);
	}
	return ret;
}

/* A run that `from` has under both names is not renamed there. */
static void find_other(struct copy_item *item)
{
	struct copy *c = item->c;
	const struct remote_exp *from = item->from;
	const char *other = from->level >= KNOWN_INFO && *from->info.id ?
			    strmap_get(&c->ids, from->info.id) : NULL;

	if (!other || !strcmp(other, item->name) ||
	    remote_list_find(&c->list, other))
		return;
	item->relation = SYNC_RENAMED;
	strbuf_addf(&item->why, _("the run '%s' is called '%s' in '%s'; "
				  "rename it in one of them with 'resutil "
				  "comment', or --force copies it all the "
				  "same"), item->name, other, c->to->name);
}

/* ---- deciding ------------------------------------------------------------ */

static void decide_absent(struct copy_item *item)
{
	const struct copy *c = item->c;
	struct strbuf err = STRBUF_INIT;
	int ret = learn_like(item, &err);

	if (ret) {
		fail_item(item, ret, &err);
	} else {
		find_other(item);
		if (item->relation == SYNC_RENAMED && !c->options->force) {
			copy_fail(item, "conflict", ERR_CONFLICT, "%s",
				  item->why.buf);
		} else {
			item->status = "new";
			item->to_copy = true;
		}
	}
	strbuf_release(&err);
}

static void decide_same(struct copy_item *item)
{
	struct copy *c = item->c;
	struct strbuf err = STRBUF_INIT;

	item->status = "same";
	item->bytes = item->to->size;
	if (c->options->dry_run)
		return;
	if (copy_note_same(item, &item->to->info, item->to->version, &err))
		strbuf_addbuf(&item->message, &err);
	if (copy_rest_has(&c->rests, c->from, c->to, item->name))
		copy_rest_forget(c->from, c->to, item->name);
	strbuf_release(&err);
}

static void decide_over(struct copy_item *item, const char *status, int code)
{
	if (item->c->options->force || item->relation == SYNC_HERE_GROWN) {
		item->status = "grown";
		item->forced = item->relation != SYNC_HERE_GROWN;
		item->to_copy = true;
	} else if (code) {
		copy_fail(item, status, code, "%s; --force replaces it",
			  item->why.buf);
	} else {
		item->status = status;
		item->bytes = 0;
	}
}

/* What is to be done; one item after another. */
static void decide(struct copy_item *item)
{
	if (item->code)
		return;
	item->bytes = item->from->size;
	switch (item->relation) {
	case SYNC_ABSENT:
	case SYNC_RENAMED:
		decide_absent(item);
		break;
	case SYNC_SAME:
		decide_same(item);
		break;
	case SYNC_HERE_GROWN:
		decide_over(item, "grown", 0);
		break;
	case SYNC_THERE_GROWN:
		decide_over(item, "newer", 0);
		break;
	case SYNC_CONFLICT:
		decide_over(item, "conflict", ERR_CONFLICT);
		break;
	}
}

/* ---- copying ------------------------------------------------------------- */

static int look_at(struct remote *r, const char *name,
		   struct remote_list *again, struct remote_exp **out,
		   struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	int ret;

	remote_list_release(again);
	strvec_push(&names, name);
	ret = remote_look(r, &names, 1, again, err);
	*out = ret ? NULL : remote_list_find(again, name);
	strvec_release(&names);
	return ret;
}

/* Either store has something else by now. What is to be done then may be
 * nothing, or an error, or (*again) the same once more. */
static int look_again(struct copy_item *item, bool *again, struct strbuf *err)
{
	struct copy *c = item->c;
	int ret = look_at(c->from, item->name, &item->from_again, &item->from,
			  err);

	if (!ret && !item->from)
		return fail(err, ERR_NOT_FOUND, "'%s' was removed from '%s' "
			    "meanwhile", item->name, c->from->name);
	if (!ret)
		ret = look_at(c->to, item->name, &item->to_again, &item->to,
			      err);
	if (!ret)
		ret = copy_compare(item, err);
	if (ret)
		return ret;
	*again = item->relation == SYNC_ABSENT ||
		 item->relation == SYNC_HERE_GROWN || item->forced;
	if (*again)
		return 0;
	if (item->relation == SYNC_CONFLICT)
		return fail(err, ERR_CONFLICT, "somebody else was faster: %s",
			    item->why.buf);
	if (item->from->size > COPY_SMALL)
		copy_rest_forget(c->from, c->to, item->name);
	item->status = item->relation == SYNC_SAME ? "same" : "newer";
	item->bytes = item->relation == SYNC_SAME ? item->to->size : 0;
	if (item->relation != SYNC_SAME)
		return 0;
	return copy_note_same(item, &item->to->info, item->to->version, err);
}

static int copy_once(struct copy_item *item, bool *again, struct strbuf *err)
{
	struct copy_pack pack;
	int ret;

	*again = false;
	ret = copy_get(&pack, item, err);
	if (!ret)
		ret = copy_put(item, &pack, err);
	*again = ret == ERR_CONFLICT || ret == ERR_NOT_FOUND;
	copy_pack_release(&pack, item, !ret);
	return ret;
}

static int copy_until_settled(struct copy_item *item, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	bool again = true;
	int ret = 0, tries;

	for (tries = 0; again && tries < TRIES; tries++) {
		strbuf_reset(&why);
		ret = copy_once(item, &again, &why);
		if (!again || tries + 1 == TRIES)
			break;
		strbuf_reset(&why);
		ret = look_again(item, &again, &why);
		if (ret)
			break;
	}
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

static void copy_item(struct copy_item *item)
{
	struct copy *c = item->c;
	struct strbuf err = STRBUF_INIT;
	int ret;

	if (c->progress)
		item->progress = progress_part(c->progress);
	if (is_gone(item))
		return;
	ret = copy_until_settled(item, &err);
	if (ret)
		fail_item(item, ret, &err);
	if (item->from && item->from->size > COPY_SMALL)
		alloc_give_back();
	strbuf_release(&err);
}

static void copy_work(struct work *work, unsigned worker UNUSED)
{
	struct copy_item *item = (struct copy_item *)work;
	struct copy *c = item->c;
	struct copy_item *next = NULL;
	bool big = item->from->size > COPY_SMALL;

	copy_item(item);
	tell(item);
	if (!big)
		return;
	pthread_mutex_lock(&c->lock);
	if (c->big_next < c->big_nr)
		next = c->big[c->big_next++];
	pthread_mutex_unlock(&c->lock);
	if (next)
		workers_add(c->workers, &next->work);
}

static int compare_sizes(const void *a, const void *b)
{
	const struct copy_item *x = *(struct copy_item *const *)a;
	const struct copy_item *y = *(struct copy_item *const *)b;

	if (x->from->size != y->from->size)
		return x->from->size < y->from->size ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* The largest begin first, but only a few at once. */
static void copy_all(struct copy *c, struct copy_item **todo, size_t nr)
{
	size_t i;

	qsort(todo, nr, sizeof(*todo), compare_sizes);
	c->big = todo;
	for (c->big_nr = 0; c->big_nr < nr; c->big_nr++)
		if (todo[c->big_nr]->from->size <= COPY_SMALL)
			break;
	c->big_next = MINIMUM(c->big_nr, (size_t)BIG_AT_ONCE);
	for (i = 0; i < nr; i++)
		todo[i]->work.fn = copy_work;
	for (i = 0; i < c->big_next; i++)
		workers_add(c->workers, &todo[i]->work);
	for (i = c->big_nr; i < nr; i++)
		workers_add(c->workers, &todo[i]->work);
	workers_wait_all(c->workers);
}

static void copy_batch(struct copy *c)
{
	struct copy_item **todo = xcalloc(c->nr + 1, sizeof(*todo));
	uint64_t bytes = 0;
	size_t nr = 0, i;

	for (i = 0; i < c->nr; i++) {
		struct copy_item *item = &c->item[i];

		if (!item->to_copy || c->options->dry_run) {
			item->to_copy = false;
			tell(item);
			continue;
		}
		bytes += item->from->size;
		todo[nr++] = item;
	}
	c->items_done = 0;
	c->single = nr == 1;
	if (nr && c->options->progress)
		c->progress = progress_start(_("Copying"), c->single ? 0 : nr,
					     bytes);
	if (nr)
		copy_all(c, todo, nr);
	progress_stop(&c->progress);
	free(todo);
}

/* ---- batches ------------------------------------------------------------- */

static void start_batch(struct copy *c, const char *const *names, size_t nr)
{
	size_t i;

	c->item = xcalloc(nr, sizeof(*c->item));
	c->nr = nr;
	for (i = 0; i < nr; i++) {
		struct copy_item *item = &c->item[i];

		item->c = c;
		item->name = names[i];
		item->from = remote_list_find(&c->list, names[i]);
		item->to = remote_list_find(&c->there, names[i]);
		strbuf_init(&item->why);
		strbuf_init(&item->message);
	}
}

static void release_batch(struct copy *c)
{
	size_t i;

	for (i = 0; i < c->nr; i++) {
		struct copy_item *item = &c->item[i];

		remote_list_release(&item->from_again);
		remote_list_release(&item->to_again);
		strbuf_release(&item->why);
		strbuf_release(&item->message);
	}
	free(c->item);
	c->item = NULL;
	c->nr = 0;
}

static void run_batch(struct copy *c, const char *const *names, size_t nr)
{
	size_t i;

	start_batch(c, names, nr);
	run_all(c, compare);
	for (i = 0; i < c->nr; i++)
		if (c->item[i].to)
			note_id(c, c->item[i].to);
	for (i = 0; i < c->nr; i++)
		decide(&c->item[i]);
	copy_batch(c);
	release_batch(c);
}

static void start_workers(struct copy *c, size_t nr)
{
	c->jobs = workers_with_files(c->jobs, REMOTE_FILES_EACH);
	gate_init(&c->memory, MEMORY);
	gate_init(&c->disk, DISK);
	gate_init(&c->requests, REQUESTS);
	gate_init(&c->processors, 1);
	c->workers = workers_start((unsigned)MINIMUM(MAXIMUM(nr, (size_t)1),
						     (size_t)c->jobs));
}

static void stop_workers(struct copy *c)
{
	workers_stop(&c->workers);
	gate_release(&c->processors);
	gate_release(&c->requests);
	gate_release(&c->disk);
	gate_release(&c->memory);
}

/* ---- all of it ----------------------------------------------------------- */

static int check_stores(const struct copy *c, struct strbuf *err)
{
	if (strcmp(c->from->place, c->to->place))
		return 0;
	return fail(err, ERR_USAGE, "'%s' and '%s' are the same store: there "
		    "is nothing to copy", c->from->name, c->to->name);
}

/* What was copied into a store is noted for the store, whatever it is called:
 * no name of a remote begins with '@'. */
static int open_copied(struct copy *c, struct strbuf *err)
{
	const char *place = c->to->place;
	struct strbuf name = STRBUF_INIT;
	int ret;

	strbuf_addch(&name, '@');
	ret = digest_memory(&name, place, strlen(place), err);
	if (!ret)
		ret = ledger_open(&c->copied, c->project, name.buf, err);
	strbuf_release(&name);
	return ret;
}

static int open_all(struct copy *c, struct strbuf *err)
{
	size_t i;
	int ret = check_stores(c, err);

	if (!ret)
		ret = remote_list(c->from, &c->list, err);
	if (!ret)
		ret = remote_list(c->to, &c->there, err);
	if (!ret)
		ret = remote_open_ledger(c->from, err);
	if (!ret)
		ret = remote_open_ledger(c->to, err);
	if (!ret)
		ret = open_copied(c, err);
	for (i = 0; !ret && i < c->there.nr; i++)
		note_id(c, &c->there.exp[i]);
	if (!ret && !c->options->dry_run)
		copy_rests_list(c->project, &c->rests);
	return ret;
}

static int choose(struct copy *c, const struct strvec *words,
		  struct strvec *names, struct strbuf *err)
{
	size_t i;

	if (!c->options->all)
		return copy_choose(c, words, names, err);
	for (i = 0; i < c->list.nr; i++)
		strvec_push(names, c->list.exp[i].name);
	return 0;
}

static int sync_ledgers(struct copy *c, struct strbuf *err)
{
	int ret = c->noted ? ledger_sync(c->copied, err) : 0;

	if (!ret && c->noted)
		ret = ledger_sync(c->to->ledger, err);
	return ret;
}

int copy_packs(struct remote *from, struct remote *to,
	       const struct strvec *words, const struct copy_options *o,
	       sync_result_fn fn, void *data, size_t *others,
	       struct strbuf *err)
{
	struct copy c = {
		.from = from, .to = to, .project = from->project,
		.options = o, .list = REMOTE_LIST_INIT,
		.there = REMOTE_LIST_INIT, .ids = STRMAP_INIT,
		.rests = STRVEC_INIT, .fn = fn, .data = data
	};
	struct strvec names = STRVEC_INIT;
	size_t i;
	int ret;

	pthread_mutex_init(&c.lock, NULL);
	c.jobs = o->jobs ? o->jobs : MAXIMUM(remote_jobs(from),
					     remote_jobs(to));
	ret = open_all(&c, err);
	if (!ret)
		ret = choose(&c, words, &names, err);
	if (!ret) {
		start_workers(&c, names.nr);
		for (i = 0; i < names.nr; i += BATCH)
			run_batch(&c, names.v + i,
				  MINIMUM(names.nr - i, (size_t)BATCH));
		stop_workers(&c);
		ret = sync_ledgers(&c, err);
	}
	if (others)
		*others = c.list.garbage;
	strvec_release(&names);
	strmap_release(&c.ids);
	strvec_release(&c.rests);
	ledger_close(c.copied);
	remote_list_release(&c.there);
	remote_list_release(&c.list);
	pthread_mutex_destroy(&c.lock);
	return ret;
}
