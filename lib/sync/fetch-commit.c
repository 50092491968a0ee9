/*
 * A sync costs more than all the rest of a small experiment. So whoever has
 * unpacked one puts it with those that wait; the first becomes the one that
 * commits, and while it syncs, others gather for the next round.
 */
#include "lib/base/compat.h"
#include "lib/sync/fetch-internal.h"

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/value.h"
#include "lib/exp/exp-rest.h"
#include "lib/exp/live.h"
#include "lib/exp/partial.h"
#include "lib/sync/ledger.h"
#include "lib/sync/remote-list.h"

/* Each has a descriptor open. */
#define READY_MAX 128

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
		strbuf_addf(&item->message, "'%s' is fetched, but %s",
			    item->name, err.buf);
	strbuf_release(&err);
}

static void claim_all(struct fetch_item *items)
{
	struct fetch *f = items->f;
	struct strbuf err = STRBUF_INIT;
	struct fetch_item *item;
	int ret;

	ret = unpack_stage_sync(items->stage, &err);
	for (item = items; item; item = item->next) {
		int code = ret;

		if (!code) {
			strbuf_reset(&err);
			code = claim(item, &err);
		}
		if (code)
			fail_item(item, code, &err);
	}
	strbuf_reset(&err);
	if (!ret && sys_fsync_dir(f->project->results_path))
		ret = fail_errno(&err, "cannot sync directory '%s'",
				 f->project->results_path);
	for (item = items; ret && item; item = item->next) {
		if (!item->stage)
			continue;
		unpack_stage_undo(item->stage);
		fail_item(item, ret, &err);
	}
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

void fetch_commit(struct fetch_item *item)
{
	struct fetch *f = item->f;
	struct fetch_item *items;

	pthread_mutex_lock(&f->lock);
	while (f->committing && f->nr_ready >= READY_MAX)
		pthread_cond_wait(&f->room, &f->lock);
	item->next = NULL;
	*f->ready_end = item;
	f->ready_end = &item->next;
	f->nr_ready++;
	while (!f->committing && f->ready) {
		items = f->ready;
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
	pthread_mutex_unlock(&f->lock);
}
