/*
 * A sync costs more than all the rest of a small experiment. So whoever has
 * unpacked one puts it with those that wait; the first becomes the one that
 * commits, and while it syncs, others gather for the next round.
 */
#include "lib/base/compat.h"
#include "lib/sync/fetch-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-rest.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/diff/same-run.h"
#include "lib/sync/ledger.h"
#include "lib/sync/remote-list.h"

/* Each has a descriptor open. */
#define READY_MAX 128
/* A round lists the names here: one for each so many of them (see is_due()) */
#define NAMES_EACH 16

/* Another process may have fetched the same meanwhile. */
static bool is_there_by_now(struct fetch_item *item)
{
	struct fetch *f = item->f;
	struct local_exp here;
	bool same;

	if (item->some || !item->info.version ||
	    local_exp_look(&here, f->project, f->cache, item->name, 0, 1,
			   NULL))
		return false;
	same = sync_same_hashes(&here.info, &item->info);
	local_exp_release(&here);
	return same;
}

static void fail_item(struct fetch_item *item, int code,
		      const struct strbuf *why)
{
	unpack_stage_end(&item->stage);
	if (item->marked)
		partial_clear(item->f->project, item->name, NULL);
	if (code == ERR_CONFLICT && is_there_by_now(item))
		fetch_end(item, "same", 0, NULL);
	else
		fetch_end(item, code == ERR_CONFLICT ? "conflict" : "failed",
			  code, why);
}

/* What is here must be what was compared with what is there. */
static int check_unchanged(struct fetch_item *item, struct strbuf *err)
{
	struct fetch *f = item->f;
	struct local_exp here;
	bool same;
	int ret;

	ret = local_exp_look(&here, f->project, f->cache, item->name,
			     LOCAL_NO_RECORD, 1, err);
	if (ret)
		return ret;
	same = sync_same_hashes(&here.info, &item->expect);
	local_exp_release(&here);
	if (same)
		return 0;
	return fail(err, ERR_CONFLICT, "'%s' was changed here while it was "
		    "fetched, and stays as it is", item->name);
}

static int claim(struct fetch_item *item, struct strbuf *err)
{
	struct live *rest = NULL;
	int ret = 0;

	if (item->replace)
		ret = exp_rest_take(&rest, item->f->project, item->name,
				    item->copy ? EXP_REST_COPY : 0, err);
	if (!ret && item->replace && item->check)
		ret = check_unchanged(item, err);
	if (!ret)
		ret = unpack_stage_claim(item->stage, err);
	live_unlock_writer(&rest);
	return ret;
}

/* The lock of its id is held, so its run neither comes nor is renamed here. */
static int claim_new(struct fetch_item *item, const struct strvec *here,
		     struct strbuf *err)
{
	struct fetch *f = item->f;
	struct strbuf other = STRBUF_INIT;
	int ret = 0;

	if (same_run_here(f->project, here, item->name, item->info.id, &other))
		ret = fail(err, ERR_CONFLICT, "'%s' is here as '%s' by now; "
			   "--rename gives it the name that '%s' has",
			   item->name, other.buf, f->r->name);
	strbuf_release(&other);
	return ret ? ret : claim(item, err);
}

static void claim_or_fail(struct fetch_item *item, const struct strvec *here)
{
	struct strbuf err = STRBUF_INIT;
	int ret;

	ret = here ? claim_new(item, here, &err) : claim(item, &err);
	if (ret)
		fail_item(item, ret, &err);
	strbuf_release(&err);
}

/* A run without an id cannot be told from another one. */
static bool is_new_run(const struct fetch_item *item)
{
	return !item->replace && *item->info.id;
}

/* Alone, and so it may wait for the lock. */
static void claim_alone(struct fetch_item *item)
{
	struct fetch *f = item->f;
	struct strbuf err = STRBUF_INIT;
	struct strvec here = STRVEC_INIT;
	struct live *lock = NULL;
	int ret;

	ret = live_lock_writer(&lock, f->project, item->info.id, &err);
	if (!ret)
		ret = exp_list_names(f->project, &here, &err);
	if (ret)
		fail_item(item, ret, &err);
	else
		claim_or_fail(item, &here);
	live_unlock_writer(&lock);
	strvec_release(&here);
	strbuf_release(&err);
}

/*
 * One listing for all of them, while the locks of all are held. None is waited
 * for meanwhile: two that have what the other one wants would wait for ever.
 */
static void claim_together(struct fetch_item **item, size_t nr)
{
	const struct project *p;
	struct live **lock = xcalloc(nr + 1, sizeof(*lock));
	struct strvec here = STRVEC_INIT;
	bool listed;
	size_t i;

	p = nr ? item[0]->f->project : NULL;
	for (i = 0; i < nr; i++)
		live_try_writer(&lock[i], p, item[i]->info.id, NULL);
	listed = nr && !exp_list_names(p, &here, NULL);
	for (i = 0; i < nr; i++) {
		if (!lock[i] || !listed)
			continue;
		claim_or_fail(item[i], &here);
		item[i] = NULL;
	}
	for (i = 0; i < nr; i++)
		live_unlock_writer(&lock[i]);
	for (i = 0; i < nr; i++)
		if (item[i])
			claim_alone(item[i]);
	strvec_release(&here);
	free(lock);
}

/* A pack of another tool has no hashes: what is here now has. */
static int add_hashes(struct fetch_item *item, struct strbuf *err)
{
	struct fetch *f = item->f;
	struct local_exp here;
	int ret;

	if (item->info.version)
		return 0;
	ret = local_exp_look(&here, f->project, f->cache, item->name,
			     LOCAL_NO_RECORD, 1, err);
	if (ret)
		return ret;
	item->info = here.info;
	local_exp_release(&here);
	return 0;
}

/* A failure here makes nothing undone: it is told as a warning. */
static void note(struct fetch_item *item)
{
	struct fetch *f = item->f;
	struct remote_exp there = *item->there;
	struct strbuf err = STRBUF_INIT;
	struct ledger_note done = { 0 };
	int ret = 0;

	there.info = item->info;
	there.level = item->summary ? KNOWN_RECORD : KNOWN_INFO;
	there.summary = item->summary;
	there.problem = NULL;
	there.kept = NULL;
	remote_note(f->r, &there);
	if (!item->some)
		ret = partial_clear(f->project, item->name, &err);
	if (!ret && !item->some && f->r->ledger) {
		ret = add_hashes(item, &err);
		done.name = (char *)item->name;
		done.info = item->info;
		done.version = item->there->version;
		if (!ret && done.info.version)
			ret = ledger_note(f->r->ledger, &done, &err);
	}
	if (ret)
		strbuf_addf(&item->message, _("'%s' is fetched, but %s"),
			    item->name, err.buf);
	strbuf_release(&err);
}

static void undo_all(struct fetch_item *items, int code,
		     const struct strbuf *why)
{
	struct fetch_item *item;

	for (item = items; item; item = item->next) {
		if (!item->stage)
			continue;
		unpack_stage_undo(item->stage);
		fail_item(item, code, why);
	}
}

static void claim_all(struct fetch_item *items)
{
	struct fetch *f = items->f;
	struct fetch_item *item, **new;
	struct strbuf err = STRBUF_INIT;
	size_t nr = 0;
	int ret;

	ret = unpack_stage_sync(items->stage, &err);
	for (item = items; ret && item; item = item->next)
		fail_item(item, ret, &err);
	if (ret)
		goto cleanup;
	for (item = items; item; item = item->next)
		nr++;
	new = xcalloc(nr, sizeof(*new));
	nr = 0;
	for (item = items; item; item = item->next) {
		if (is_new_run(item))
			new[nr++] = item;
		else
			claim_or_fail(item, NULL);
	}
	claim_together(new, nr);
	free(new);
	if (sys_fsync_dir(f->project->results_path)) {
		ret = fail_errno(&err, "cannot sync directory '%s'",
				 f->project->results_path);
		undo_all(items, ret, &err);
	}

cleanup:
	strbuf_release(&err);
}

static void commit(struct fetch_item *items)
{
	struct fetch_item *item, *next;

	claim_all(items);
	for (item = items; item; item = next) {
		next = item->next;
		if (item->stage) {
			note(item);
			unpack_stage_end(&item->stage);
		}
		fetch_report(item);
	}
}

/*
 * Each round lists all names here, so rounds grow with what is here: else what
 * one thread fetches would cost the square of it. Called with the lock held.
 */
static bool is_due(const struct fetch *f)
{
	size_t enough = (f->here.nr + f->items) / NAMES_EACH;

	return f->ready && f->nr_ready >= MINIMUM(enough, READY_MAX / 2);
}

/* Called with the lock held. */
static void commit_ready(struct fetch *f)
{
	struct fetch_item *items = f->ready;

	f->ready = NULL;
	f->ready_end = &f->ready;
	f->nr_ready = 0;
	f->committing = true;
	pthread_cond_broadcast(&f->room);
	pthread_mutex_unlock(&f->lock);
	commit(items);
	pthread_mutex_lock(&f->lock);
	f->committing = false;
}

void fetch_commit(struct fetch_item *item)
{
	struct fetch *f = item->f;

	pthread_mutex_lock(&f->lock);
	while (f->committing && f->nr_ready >= READY_MAX)
		pthread_cond_wait(&f->room, &f->lock);
	item->next = NULL;
	*f->ready_end = item;
	f->ready_end = &item->next;
	f->nr_ready++;
	while (!f->committing && is_due(f))
		commit_ready(f);
	pthread_mutex_unlock(&f->lock);
}

void fetch_commit_rest(struct fetch *f)
{
	pthread_mutex_lock(&f->lock);
	if (f->ready)
		commit_ready(f);
	pthread_mutex_unlock(&f->lock);
}
