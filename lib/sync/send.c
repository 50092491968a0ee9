/*
 * The order of writes, for each batch of names: all are compared; what is
 * going to be sent is noted in the ledger as an intent, and made durable by
 * one sync; packs are put, each noted as done with its version. After the last
 * batch the ledger is synced once more.
 */
#include "lib/base/compat.h"
#include "lib/sync/send.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/base/workers.h"
#include "lib/exp/pack/exp-cache.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/partial.h"
#include "lib/sync/compare.h"
#include "lib/sync/ledger.h"
#include "lib/sync/pack-stream.h"
#include "lib/sync/remote-list.h"
#include "lib/sync/send-internal.h"
#include "transport/transport.h"
#include "lib/sync/uploads.h"

#define BATCH 4096		/* names; bounds the memory for them */
#define CHUNK 8			/* names that a thread takes at once */
#define MEMORY ((uint64_t)48 << 20)	/* for small packs */
/* Of those that are packed while they are sent: threads of all of them that
 * pack, each of which takes 4 MiB, besides 8 MiB for each pack, and 8 MiB for
 * what a store that is far buffers first. */
#define BIG_AT_ONCE 4
#define BIG_AT_ONCE_FAR 2
#define BIG_JOBS 12u
#define BIG_JOBS_SHARED 8u

/* ---- results ------------------------------------------------------------ */

void send_fail(struct send_item *item, const char *status, int code,
	       const char *fmt, ...)
{
	va_list ap;

	item->status = status;
	item->code = code;
	item->to_send = false;
	strbuf_reset(&item->message);
	va_start(ap, fmt);
	strbuf_vaddf(&item->message, fmt, ap);
	va_end(ap);
}

void send_note_gone(struct send *s, int code)
{
	if (code != ERR_UNREACHABLE && code != ERR_CREDENTIALS)
		return;
	pthread_mutex_lock(&s->lock);
	s->gone = code;
	pthread_mutex_unlock(&s->lock);
}

static void tell(struct send_item *item)
{
	struct send *s = item->send;
	const struct sync_result result = {
		.name = item->asked,
		.status = item->status,
		.other = item->new_name ? item->new_name : "",
		.bytes = item->bytes,
		.held = item->held,
		.code = item->code,
		.message = item->message.buf
	};

	pthread_mutex_lock(&s->lock);
	s->fn(&result, s->data);
	if (item->progress)	/* what needed no upload counts, too */
		progress_bytes(item->progress, item->here.bytes);
	progress_stop(&item->progress);
	if (item->to_send && s->progress && !s->single)
		progress_items(s->progress, ++s->items_done);
	pthread_mutex_unlock(&s->lock);
}

/* ---- comparing ---------------------------------------------------------- */

static int check_name(struct send_item *item)
{
	const struct project *p = item->send->r->project;

	if (!strcmp(item->name, NAME_DEBUG))
		send_fail(item, "failed", ERR_USAGE, "'%s' is what is tried "
			  "out, and is never sent", NAME_DEBUG);
	else if (partial_is(p, item->name))
		send_fail(item, "failed", ERR_CONFLICT, "only some files of "
			  "'%s' are here; fetch all of it first", item->name);
	return item->code;
}

static void fail_look(struct send_item *item, int code,
		      const struct strbuf *err)
{
	send_fail(item, code == ERR_NOT_FOUND ? "missing" : "failed", code,
		  "%s", err->buf);
}

static void look(struct send_item *item)
{
	struct send *s = item->send;
	struct strbuf err = STRBUF_INIT;
	int ret;

	if (check_name(item))
		return;
	ret = local_exp_begin(&item->here, s->r->project, s->cache,
			      item->name, &err);
	if (ret)
		fail_look(item, ret, &err);
	strbuf_release(&err);
}

static void compare(struct send_item *item)
{
	struct send *s = item->send;
	struct strbuf err = STRBUF_INIT;
	unsigned flags;
	int ret;

	if (item->code)
		return;
	item->there = remote_list_find(&s->list, item->name);
	/* What is not there has no hash to be compared with. */
	flags = item->there ? LOCAL_NO_RECORD : LOCAL_NO_HASH;
	ret = local_exp_finish(&item->here, s->r->project, s->cache, flags, 0,
			       &err);
	if (!ret)
		ret = sync_compare(&item->relation, s->r, &item->here,
				   item->there, &item->why, &err);
	if (ret)
		fail_look(item, ret, &err);
	send_note_gone(s, ret);
	strbuf_release(&err);
}

/* Some items one after another, so that threads seldom meet. */
struct chunk {
	struct work work;		/* first */
	struct send_item *item;
	size_t nr;
	void (*fn)(struct send_item *item);
};

static void do_chunk(struct work *work, unsigned worker UNUSED)
{
	struct chunk *c = (struct chunk *)work;
	size_t i;

	for (i = 0; i < c->nr; i++)
		c->fn(&c->item[i]);
}

/* The chunks are freed by the caller, when the workers are done. */
static struct chunk *give_chunks(struct send *s, struct workers *workers,
				 void (*fn)(struct send_item *item))
{
	size_t nr = (s->nr + CHUNK - 1) / CHUNK, i;
	struct chunk *chunk = xcalloc(nr, sizeof(*chunk));

	for (i = 0; i < nr; i++) {
		struct chunk *c = &chunk[i];

		c->work.fn = do_chunk;
		c->item = &s->item[i * CHUNK];
		c->nr = MINIMUM(s->nr - i * CHUNK, CHUNK);
		c->fn = fn;
		workers_add(workers, &c->work);
	}
	return chunk;
}

/* Whether the ledger has to be told that both sides have the same. */
static bool is_news(const struct send_item *item)
{
	const struct ledger *l = item->send->r->ledger;
	const struct ledger_note *done;

	if (!l || !item->there || !item->here.info.version)
		return false;
	done = ledger_done(l, item->name);
	return !done || done->elsewhere ||
	       strcmp(done->version, item->there->version) ||
	       !sync_same_hashes(&done->info, &item->here.info);
}

static void decide_same(struct send_item *item)
{
	struct send *s = item->send;
	struct ledger_note note = { .name = item->name };
	struct strbuf err = STRBUF_INIT;

	item->status = "same";
	item->bytes = item->there->size;
	if (s->options->dry_run)
		return;
	if (s->options->rename)
		send_end_rename(item);
	if (item->code || !is_news(item))
		return;
	note.info = item->here.info;
	note.version = item->there->version;
	/* It is there all the same. */
	if (ledger_note(s->r->ledger, &note, &err))
		strbuf_addbuf(&item->message, &err);
	else
		s->noted = true;
	strbuf_release(&err);
}

/* Of what cannot be read, or has just gone, nobody knows. */
static bool is_another_run(const struct send_item *item)
{
	return item->there && !item->there->problem && *item->here.info.id &&
	       strcmp(item->here.info.id, item->there->info.id);
}

static void decide_conflict(struct send_item *item)
{
	const struct send_options *o = item->send->options;

	if (o->force) {
		item->status = "grown";
		item->forced = item->to_send = true;
	} else if (o->rename && is_another_run(item)) {
		send_rename_here(item);
	} else {
		send_fail(item, "conflict", ERR_CONFLICT, "%s; %s",
			  item->why.buf, is_another_run(item) ?
			  "--rename sends this one under a free name, --force "
			  "replaces the other" :
			  "--force replaces what is there");
	}
}

/* A copy of an experiment is the same run, too: one of them is sent. */
static bool is_sent_already(struct send_item *item)
{
	struct send *s = item->send;
	const char *id = item->here.info.id;
	const char *other = *id ? strmap_get(&s->ids, id) : NULL;

	if (other && !s->options->force) {
		item->new_name = xstrdup(other);
		send_fail(item, "conflict", ERR_CONFLICT, "'%s' and '%s' are "
			  "the same run, and both are here; remove one of "
			  "them", item->name, other);
		return true;
	}
	if (*id)
		strmap_put(&s->ids, id, item->name);
	return false;
}

static void decide_absent(struct send_item *item)
{
	const struct send_options *o = item->send->options;
	struct strbuf err = STRBUF_INIT;
	int ret;

	if (is_sent_already(item))
		return;
	ret = send_find_other(item, &err);
	if (ret) {
		send_fail(item, "failed", ret, "%s", err.buf);
		send_note_gone(item->send, ret);
	} else if (item->relation == SYNC_ABSENT || o->force) {
		item->status = "new";
		item->to_send = true;
	} else if (o->rename) {
		item->status = "renamed";
		item->new_name = xstrdup(item->other->name);
		item->to_send = true;
	} else {
		item->new_name = xstrdup(item->other->name);
		send_fail(item, "conflict", ERR_CONFLICT, "the run '%s' is "
			  "called '%s' in '%s'; --rename gives it the name "
			  "that it has here", item->name, item->other->name,
			  item->send->r->name);
	}
	strbuf_release(&err);
}

/* What is to be done; one item after another. */
static void decide(struct send_item *item)
{
	if (item->code)
		return;
	item->bytes = item->here.bytes;
	switch (item->relation) {
	case SYNC_SAME:
		decide_same(item);
		break;
	case SYNC_HERE_GROWN:
		item->status = "grown";
		item->to_send = true;
		break;
	case SYNC_THERE_GROWN:
		item->status = item->send->options->force ? "grown" : "newer";
		item->forced = item->to_send = item->send->options->force;
		break;
	case SYNC_ABSENT:
	case SYNC_RENAMED:
		decide_absent(item);
		break;
	case SYNC_CONFLICT:
		decide_conflict(item);
		break;
	}
}

/* ---- sending ------------------------------------------------------------ */

static int note_intents(struct send *s, struct strbuf *err)
{
	struct ledger_note note = { .version = (char *)"" };
	bool any = false;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && s->r->ledger && i < s->nr; i++) {
		if (!s->item[i].to_send)
			continue;
		s->noted = true;
		/* One that is renamed there has no such name yet. */
		if (s->item[i].relation == SYNC_RENAMED && s->item[i].new_name)
			continue;
		note.name = s->item[i].name;
		note.info = s->item[i].here.info;
		ret = ledger_note(s->r->ledger, &note, err);
		any = true;
	}
	if (!ret && any)
		ret = ledger_sync(s->r->ledger, err);
	return ret;
}

bool send_is_big(const struct send_item *item)
{
	return item->here.bytes >= PACK_STREAM_SMALL;
}

static void put(struct work *work, unsigned worker UNUSED)
{
	struct send_item *item = (struct send_item *)work;
	struct send *s = item->send;
	struct send_item *next = NULL;

	send_put(item);
	tell(item);
	if (!send_is_big(item))
		return;
	pthread_mutex_lock(&s->lock);
	if (s->big_next < s->big_nr)
		next = s->big[s->big_next++];
	pthread_mutex_unlock(&s->lock);
	if (next)
		workers_add(s->workers, &next->work);
}

static int compare_sizes(const void *a, const void *b)
{
	const struct send_item *x = *(struct send_item *const *)a;
	const struct send_item *y = *(struct send_item *const *)b;

	if (x->here.bytes != y->here.bytes)
		return x->here.bytes < y->here.bytes ? 1 : -1;
	return strcmp(x->name, y->name);
}

/*
 * Whoever waits for a processor holds no transfer, and the other way round: so
 * there are workers for both, and as many transfers as were asked for go on
 * while others are packed.
 */
static struct workers *start_workers(struct send *s, size_t nr)
{
	unsigned packers = MINIMUM(workers_default(), s->jobs), all;

	all = workers_with_files(s->jobs + packers, REMOTE_FILES_EACH);
	s->jobs = MINIMUM(s->jobs, all);
	gate_init(&s->transfers, s->jobs);
	gate_init(&s->packers, packers);
	gate_init(&s->memory, MEMORY);
	return workers_start((unsigned)MINIMUM(nr, all));
}

static void stop_workers(struct send *s)
{
	workers_wait_all(s->workers);
	workers_stop(&s->workers);
	gate_release(&s->memory);
	gate_release(&s->packers);
	gate_release(&s->transfers);
}

static unsigned choose_big_jobs(unsigned at_once)
{
	return MINIMUM(workers_default(), at_once < 2 ? BIG_JOBS :
					  BIG_JOBS_SHARED / at_once);
}

static bool is_far(const struct send *s)
{
	return transport_caps(s->r->transport) & TRANSPORT_IS_FAR;
}

/* The largest begin first, but only a few at once: they share the processors,
 * and the memory that the threads of one of them would need. */
static void put_all(struct send *s, struct send_item **todo, size_t nr)
{
	size_t i;

	qsort(todo, nr, sizeof(*todo), compare_sizes);
	s->big = todo;
	for (s->big_nr = 0; s->big_nr < nr; s->big_nr++)
		if (!send_is_big(todo[s->big_nr]))
			break;
	s->big_next = MINIMUM(s->big_nr, is_far(s) ? (size_t)BIG_AT_ONCE_FAR :
				      (size_t)BIG_AT_ONCE);
	s->big_jobs = choose_big_jobs((unsigned)s->big_next);
	s->workers = start_workers(s, nr);
	for (i = 0; i < nr; i++)
		todo[i]->work.fn = put;
	for (i = 0; i < s->big_next; i++)
		workers_add(s->workers, &todo[i]->work);
	for (i = s->big_nr; i < nr; i++)
		workers_add(s->workers, &todo[i]->work);
	stop_workers(s);
}

static void send_batch(struct send *s)
{
	struct send_item **todo = xcalloc(s->nr + 1, sizeof(*todo));
	struct strbuf err = STRBUF_INIT;
	uint64_t bytes = 0;
	size_t nr = 0, i;
	int ret = 0;

	if (!s->options->dry_run)
		ret = note_intents(s, &err);
	for (i = 0; i < s->nr; i++) {
		struct send_item *item = &s->item[i];

		if (item->to_send && ret)
			send_fail(item, "failed", ret, "%s", err.buf);
		if (!item->to_send || s->options->dry_run) {
			item->to_send = false;
			tell(item);
			continue;
		}
		bytes += item->here.bytes;
		todo[nr++] = item;
	}
	s->items_done = 0;
	s->single = nr == 1;
	if (nr && !s->options->quiet)
		s->progress = progress_start(_("Sending"), s->single ? 0 : nr,
					     bytes);
	if (nr)
		put_all(s, todo, nr);
	if (s->progress)
		progress_stop(&s->progress);
	strbuf_release(&err);
	free(todo);
}

/* What was sent by other ways since its upload was interrupted. */
static void forget_uploads(struct send *s)
{
	struct strvec names = STRVEC_INIT;
	size_t i;

	uploads_list(s->r, &names);
	for (i = 0; names.nr && i < s->nr; i++) {
		const struct send_item *item = &s->item[i];

		if (!item->code && item->relation == SYNC_SAME &&
		    strvec_find(&names, item->name) >= 0)
			upload_forget(s->r, item->name);
	}
	strvec_release(&names);
}

/* ---- all of it ---------------------------------------------------------- */

static void start_batch(struct send *s, const char *const *names, size_t nr)
{
	size_t i;

	s->item = xcalloc(nr, sizeof(*s->item));
	s->nr = nr;
	for (i = 0; i < nr; i++) {
		struct send_item *item = &s->item[i];

		item->send = s;
		item->asked = names[i];
		item->name = xstrdup(names[i]);
		strbuf_init(&item->why);
		strbuf_init(&item->message);
	}
}

static void release_batch(struct send *s)
{
	size_t i;

	for (i = 0; i < s->nr; i++) {
		struct send_item *item = &s->item[i];

		local_exp_release(&item->here);
		remote_list_release(&item->looked);
		strbuf_release(&item->why);
		strbuf_release(&item->message);
		free(item->new_name);
		free(item->name);
	}
	free(s->item);
	s->item = NULL;
	s->nr = 0;
}

/* What was looked up before stays what it was: it has been compared. */
int send_list_all(struct send *s, struct strbuf *err)
{
	int ret = s->whole ? 0 : remote_list(s->r, &s->all, err);

	if (!ret && !s->whole)
		s->whole = &s->all;
	return ret;
}

int send_list_again(struct send *s, struct strbuf *err)
{
	int ret = s->whole == &s->again ? 0 :
		  remote_list(s->r, &s->again, err);

	if (!ret)
		s->whole = &s->again;
	return ret;
}

static int ask_store(struct send *s, const struct strvec *names,
		     struct strbuf *err)
{
	struct strvec good = STRVEC_INIT;
	size_t i;
	int ret;

	if (names->nr > REMOTE_STAT_MAX) {
		ret = remote_list(s->r, &s->list, err);
		s->whole = ret ? NULL : &s->list;
		return ret;
	}
	/* No store is asked for what cannot be there. */
	for (i = 0; i < names->nr; i++)
		if (name_is_valid(names->v[i]))
			strvec_push(&good, names->v[i]);
	ret = good.nr ? remote_look(s->r, &good, 0, &s->list, err) : 0;
	strvec_release(&good);
	return ret;
}

/* Looking here and asking the store, which is done once, go on together. */
static int compare_batch(struct send *s, const struct strvec *names,
			 struct strbuf *err)
{
	size_t nr = (s->nr + CHUNK - 1) / CHUNK;
	struct workers *workers =
		workers_start((unsigned)MINIMUM(nr, workers_default()));
	struct chunk *chunk = give_chunks(s, workers, look);
	int ret = 0;

	if (!s->asked) {
		ret = ask_store(s, names, err);
		s->asked = true;
	}
	workers_wait_all(workers);
	free(chunk);
	if (!ret) {
		chunk = give_chunks(s, workers, compare);
		workers_wait_all(workers);
		free(chunk);
	}
	workers_stop(&workers);
	return ret;
}

static int run_batch(struct send *s, const struct strvec *names, size_t from,
		     struct strbuf *err)
{
	size_t i;
	int ret;

	start_batch(s, names->v + from, MINIMUM(names->nr - from, BATCH));
	ret = compare_batch(s, names, err);
	if (!ret) {
		for (i = 0; i < s->nr; i++)
			decide(&s->item[i]);
		send_batch(s);
		if (!s->options->dry_run)
			forget_uploads(s);
	}
	/* Its keys are the batch's. */
	strmap_release(&s->ids);
	release_batch(s);
	return ret;
}

int sync_send(struct remote *r, const struct strvec *names,
	      const struct send_options *options, sync_result_fn fn,
	      void *data, struct strbuf *err)
{
	struct send s = {
		.r = r, .options = options, .list = REMOTE_LIST_INIT,
		.all = REMOTE_LIST_INIT, .again = REMOTE_LIST_INIT,
		.ids = STRMAP_INIT,
		.fn = fn, .data = data
	};
	struct strvec sorted = STRVEC_INIT;
	size_t i;
	int ret;

	if (!names->nr)
		return 0;
	strvec_pushv(&sorted, names->v);
	strvec_sort(&sorted, true);
	pthread_mutex_init(&s.lock, NULL);
	local_exp_prepare();
	s.jobs = options->jobs ? options->jobs : remote_jobs(r);
	s.cache = exp_cache_open(r->project);
	ret = remote_open_ledger(r, err);
	for (i = 0; !ret && i < sorted.nr; i += BATCH)
		ret = run_batch(&s, &sorted, i, err);
	exp_cache_close(s.cache);
	if (!ret && s.noted)
		ret = ledger_sync(r->ledger, err);
	remote_list_release(&s.again);
	remote_list_release(&s.all);
	remote_list_release(&s.list);
	pthread_mutex_destroy(&s.lock);
	strvec_release(&sorted);
	return ret;
}
