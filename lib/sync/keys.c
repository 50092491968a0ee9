/*
 * Both sides are merged by one thread, which decides by what is where; what
 * takes time (hashing, transfers, removals) is done by workers.
 */
#include "lib/base/compat.h"
#include "lib/sync/keys.h"

#include "lib/base/error.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/sync/keys-internal.h"
#include "lib/sync/remote-list.h"

/* Files that wait to be shown, at most; each takes two descriptors, and one
 * batch can be shown while the next one comes together. */
#define SHOWN_MAX 128
#define FILES_OF_SHOWN 4
#define FILES_OF_JOB 4

static const struct {
	const char *title, *would;
} actions[] = {
	[SYNC_KEYS_COMPARE] = { "Comparing", NULL },
	[SYNC_KEYS_DOWNLOAD] = { "Downloading", "would-download" },
	[SYNC_KEYS_UPLOAD] = { "Uploading", "would-upload" },
	[SYNC_KEYS_REMOVE] = { "Removing", "would-remove" },
	[SYNC_KEYS_DELETE] = { "Deleting", "would-delete" },
};

static const char *would(const struct keys_run *run)
{
	return actions[run->o->action].would;
}

/* ---- what is to be done -------------------------------------------------- */

/* For COMPARE, and for a transfer that would be. */
static void only_compare(struct keys_item *item)
{
	struct keys_run *run = item->run;
	struct strbuf why = STRBUF_INIT;
	bool same = false;
	int ret = keys_compare(item, &same, &why);

	if (ret)
		keys_fail(item, ret, &why);
	else if (same)
		item->status = "same";
	else
		item->status = run->o->action == SYNC_KEYS_COMPARE ?
			"differs" : would(run);
	strbuf_release(&why);
}

static void compare(struct keys_run *run, struct keys_item *item)
{
	if (item->here && item->there)
		item->fn = only_compare;
	else
		item->status = item->here ? "here" : "there";
	keys_add(run, item);
}

static void transfer(struct keys_run *run, struct keys_item *item)
{
	bool down = run->o->action == SYNC_KEYS_DOWNLOAD;

	if (!(down ? item->there : item->here)) {
		keys_item_free(item);
		return;
	}
	if (item->here && item->there && run->o->keep)
		item->status = "kept";
	else if (!run->o->dry_run)
		item->fn = down ? keys_download : keys_upload;
	else if (item->here && item->there)
		item->fn = only_compare;
	else
		item->status = would(run);
	keys_add(run, item);
}

/* Takes the item. */
static void see(struct keys_run *run, struct keys_item *item)
{
	enum sync_keys_action action = run->o->action;

	if (item->status) {
		/* what the merging found no good */
		keys_add(run, item);
	} else if (action == SYNC_KEYS_COMPARE) {
		compare(run, item);
	} else if (action == SYNC_KEYS_DOWNLOAD ||
		   action == SYNC_KEYS_UPLOAD) {
		transfer(run, item);
	} else if (run->o->dry_run) {
		item->status = would(run);
		keys_add(run, item);
	} else if (action == SYNC_KEYS_REMOVE) {
		keys_remove(run, item);
	} else {
		keys_delete(run, item);
	}
}

/* ---- all of it ----------------------------------------------------------- */

static unsigned jobs_of(struct transport *t, unsigned jobs)
{
	if (!jobs && t && (transport_caps(t) & TRANSPORT_IS_FAR))
		jobs = REMOTE_JOBS_FAR;
	return workers_with_files(jobs ? jobs : REMOTE_JOBS, FILES_OF_JOB);
}

static void run_init(struct keys_run *run)
{
	run->last = &run->first;
	run->batch_last = &run->batch;
	run->shown_last = &run->shown;
	run->shown_max = workers_with_files(SHOWN_MAX, FILES_OF_SHOWN);
	run->ordered = run->o->dry_run || run->o->action == SYNC_KEYS_COMPARE;
	strbuf_init(&run->why);
	pthread_mutex_init(&run->lock, NULL);
	pthread_mutex_init(&run->showing, NULL);
	pthread_mutex_init(&run->telling, NULL);
	run->workers = workers_start(jobs_of(run->t, run->o->jobs));
	if (run->o->progress)
		run->progress = progress_start(
				_(actions[run->o->action].title), 0, 0);
}

static void run_release(struct keys_run *run)
{
	workers_stop(&run->workers);
	progress_stop(&run->progress);
	pthread_mutex_destroy(&run->telling);
	pthread_mutex_destroy(&run->showing);
	pthread_mutex_destroy(&run->lock);
	strbuf_release(&run->why);
	free(run->emptied);
	free(run->exact);
}

int sync_keys(struct transport *t, int root, const struct key_scope *scope,
	      const struct sync_keys_options *o, sync_keys_fn fn, void *data,
	      struct strbuf *err)
{
	struct keys_run run = {
		.t = t, .root = root, .scope = scope, .o = o, .fn = fn,
		.data = data
	};
	struct stat st;
	int ret;

	if (fstat(root, &st))
		return fail_errno(err, "cannot look at the directory here");
	run.device = st.st_dev;
	run_init(&run);
	ret = keys_merge(&run, see, err);
	keys_remove_rest(&run);
	keys_delete_end(&run);
	keys_drain(&run);
	if (!ret && run.code)
		ret = fail(err, run.code, "%s; nothing more was tried",
			   run.why.buf);
	run_release(&run);
	return ret;
}
