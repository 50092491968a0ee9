#include "lib/base/compat.h"
#include "lib/sync/fetch.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/base/workers.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-rename.h"
#include "lib/exp/git/git-notes.h"
#include "lib/exp/record/exp-rest.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/record/record.h"
#include "lib/sync/fetch-internal.h"
#include "lib/sync/ledger.h"
#include "lib/sync/remote-list.h"

/* Bytes for packs that are read; those that are not small have an equal part
 * of it, or most of it. */
#define MEMORY ((uint64_t)64 << 20)
#define MEMORY_SINGLE ((size_t)32 << 20)
#define LARGE_AT_ONCE 4
/* For one pack; of all together no more than `jobs` are under way. */
#define REQUESTS_MAX 12u
#define SOME_MEMORY_MIN ((uint64_t)4 << 20)
#define SOME_MEMORY_MAX ((uint64_t)16 << 20)

int fetch_end(struct fetch_item *item, const char *status, int code,
	      const struct strbuf *message)
{
	item->status = status;
	item->code = code;
	if (code)
		item->bytes = 0;
	if (message)
		strbuf_addbuf(&item->message, message);
	return code;
}

void fetch_report(struct fetch_item *item)
{
	struct fetch *f = item->f;
	const struct sync_result result = {
		.name = item->name, .status = item->status,
		.other = item->other.buf, .bytes = item->bytes,
		.code = item->code, .message = item->message.buf
	};

	if (item->marked)
		close(item->mark);
	pthread_mutex_lock(&f->lock);
	/* Each of the others would wait as long for the same answer. */
	if (!f->code && (item->code == ERR_UNREACHABLE ||
			 item->code == ERR_CREDENTIALS)) {
		f->code = item->code;
		strbuf_addbuf(&f->why, &item->message);
	}
	f->fn(&result, f->data);
	f->items++;
	if (f->progress)
		progress_items(f->progress, f->items);
	pthread_mutex_unlock(&f->lock);
}

static int end_failed(struct fetch_item *item, int code,
		      const struct strbuf *why)
{
	return fetch_end(item, code == ERR_CONFLICT ? "conflict" : "failed",
			 code, why);
}

static int end_conflict(struct fetch_item *item, const char *fmt, ...)
	PRINTF_LIKE(2, 3);

static int end_conflict(struct fetch_item *item, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&item->message, fmt, ap);
	va_end(ap);
	return fetch_end(item, "conflict", ERR_CONFLICT, NULL);
}

/* With its bytes, and under the name that it had when it was renamed. */
static int end_well(struct fetch_item *item, const char *status,
		    uint64_t bytes)
{
	item->bytes = bytes;
	return fetch_end(item, item->other.len ? "renamed" : status, 0, NULL);
}

/* ---- the same run under another name here -------------------------------- */

static bool has_id_here(const struct fetch *f, const char *name,
			const char *id)
{
	struct strbuf dir = STRBUF_INIT;
	struct value *record = NULL;
	const char *text = NULL;
	bool ret;

	project_exp_path(f->project, name, &dir);
	if (exp_is_here(f->project, name) &&
	    !record_read_raw(&record, dir.buf, NULL))
		text = value_get_text(record, "id");
	ret = text && !strcmp(text, id);
	value_free(record);
	strbuf_release(&dir);
	return ret;
}

/* Where names with the beginning of `name` start in f->here. */
static size_t first_like(const struct fetch *f, const char *name)
{
	return strvec_from(&f->here, name, NAME_HEAD_LEN);
}

static bool is_like(const struct fetch *f, size_t i, const char *name)
{
	return i < f->here.nr &&
	       !strncmp(f->here.v[i], name, NAME_HEAD_LEN);
}

/* Adds the name; "" when there is none. id: "": not known. */
static void find_other(struct fetch_item *item, const char *id,
		       struct strbuf *out)
{
	struct fetch *f = item->f;
	const char *noted;
	size_t i;

	if (!*id)
		return;
	/* PREFIX_TIMESTAMP is what a comment leaves as it is. */
	for (i = first_like(f, item->name); is_like(f, i, item->name); i++)
		if (strcmp(f->here.v[i], item->name) &&
		    has_id_here(f, f->here.v[i], id)) {
			strbuf_addstr(out, f->here.v[i]);
			return;
		}
	noted = f->r->ledger ? ledger_name_of(f->r->ledger, id) : NULL;
	if (noted && strcmp(noted, item->name) && has_id_here(f, noted, id))
		strbuf_addstr(out, noted);
}

/* What is known of it already; only where a name here is like it is the store
 * asked for more. */
static int look_for_other(struct fetch_item *item, struct strbuf *out,
			  struct strbuf *err)
{
	struct fetch *f = item->f;
	int ret = 0;

	if (is_like(f, first_like(f, item->name), item->name))
		ret = remote_learn(f->r, item->there, 1, KNOWN_INFO, 1, err);
	if (!ret && item->there->level >= KNOWN_INFO && !item->there->problem)
		find_other(item, item->there->info.id, out);
	return ret;
}

/* Where git says which runs a commit has. */
static void follow_note(struct fetch_item *item, const char *other)
{
	struct strbuf why = STRBUF_INIT;

	if (git_notes_follow(item->f->project, other, item->name, &why))
		strbuf_addf(&item->message, "the note of its commit is as it "
			    "was: %s", why.buf);
	strbuf_release(&why);
}

/* 0: it has the name now, or would have it. */
static int take_name(struct fetch_item *item, const char *other,
		     struct strbuf *err)
{
	struct fetch *f = item->f;
	int ret = 0;

	if (!f->options->rename)
		return end_conflict(item, "'%s' is here as '%s'; --rename "
				    "gives it the name that '%s' has",
				    item->name, other, f->r->name);
	if (!f->options->dry_run)
		ret = exp_rename_local(f->project, other, item->name, err);
	if (!ret && !f->options->dry_run && f->r->ledger &&
	    ledger_done(f->r->ledger, other))
		ret = ledger_rename(f->r->ledger, other, item->name, err);
	if (ret)
		end_failed(item, ret, err);
	else if (!f->options->dry_run)
		follow_note(item, other);
	return ret;
}

/* ---- one that is not here ------------------------------------------------ */

static int fetch_all(struct fetch_item *item, struct strbuf *err)
{
	struct pack *p = NULL;
	int ret = fetch_open(&p, item, true, err);

	if (!ret)
		ret = fetch_stage(item, p, err);
	pack_close(p);
	return ret;
}

/* The mark is there before the experiment is. */
static int fetch_some(struct fetch_item *item, struct strbuf *err)
{
	struct fetch *f = item->f;
	struct pack *p = NULL;
	bool all = false;
	int ret;

	ret = fetch_open(&p, item, false, err);
	if (!ret)
		ret = fetch_select(p, f->options->paths, &all, err);
	if (ret)
		goto cleanup;
	item->some = !all;
	item->bytes = p->size;
	if (f->options->dry_run)
		goto cleanup;
	ret = fetch_stage(item, p, err);
	if (!ret && item->some) {
		ret = partial_mark(f->project, item->name, &item->mark, err);
		item->marked = !ret;
	}

cleanup:
	pack_close(p);
	return ret;
}

static int fetch_present(struct fetch_item *item, const char *name,
			 struct strbuf *err);

static int fetch_new(struct fetch_item *item, struct strbuf *err)
{
	struct fetch *f = item->f;
	struct strbuf other = STRBUF_INIT;
	struct pack *p = NULL;
	int ret;

	item->bytes = item->there->size;
	if (f->options->paths) {
		ret = fetch_some(item, err);
		goto cleanup;
	}
	if (f->options->dry_run)
		return fetch_end(item, "new", 0, NULL);
	ret = fetch_open(&p, item, true, err);
	if (ret)
		goto cleanup;
	/* Now its id is known for certain. */
	find_other(item, p->info.id, &other);
	if (other.len) {
		pack_close(p);
		p = NULL;
		strbuf_addbuf(&item->other, &other);
		ret = take_name(item, other.buf, err);
		if (!ret)
			ret = fetch_present(item, item->name, err);
		goto cleanup;
	}
	ret = fetch_stage(item, p, err);

cleanup:
	pack_close(p);
	strbuf_release(&other);
	if (item->status)
		return item->code;
	/* Somebody else has just made it: it is compared like any other. */
	if (ret == ERR_CONFLICT && exp_is_here(f->project, item->name))
		item->changed = true;
	return ret ? end_failed(item, ret, err) :
		     fetch_end(item, "new", 0, NULL);
}

/* ---- one that is here ---------------------------------------------------- */

static int replace(struct fetch_item *item, const struct local_exp *here,
		   const char *status, struct strbuf *err)
{
	struct strbuf state = STRBUF_INIT;
	int ret = 0;

	/* Before much is fetched for nothing; it is asked for again then. */
	if (!item->copy && !exp_is_at_rest(item->f->project, item->name,
					   &state)) {
		end_conflict(item, "'%s' is %s, and stays as it is until it "
			     "ends", item->name, state.buf);
		strbuf_release(&state);
		return item->code;
	}
	item->replace = true;
	item->check = here && here->info.version;
	if (item->check)
		item->expect = here->info;
	if (!item->f->options->dry_run)
		ret = fetch_all(item, err);
	if (ret)
		return end_failed(item, ret, err);
	return end_well(item, status, item->there->size);
}

/* So that a later change is known from what was here. */
static int note_same(struct fetch_item *item, const struct local_exp *here,
		     struct strbuf *err)
{
	struct ledger *l = item->f->r->ledger;
	const struct ledger_note *done;
	const struct ledger_note note = {
		.name = (char *)item->name, .info = here->info,
		.version = item->there->version
	};

	if (!l || item->f->options->dry_run || !here->info.version)
		return 0;
	done = ledger_done(l, item->name);
	if (done && !done->elsewhere &&
	    !strcmp(done->version, note.version) &&
	    sync_same_hashes(&done->info, &note.info))
		return 0;
	return ledger_note(l, &note, err);
}

static int end_same(struct fetch_item *item, const struct local_exp *here,
		    struct strbuf *err)
{
	struct fetch *f = item->f;
	int ret = note_same(item, here, err);

	if (!ret && !f->options->dry_run)
		ret = partial_clear(f->project, item->name, err);
	if (ret)
		return end_failed(item, ret, err);
	if (f->options->paths)
		strbuf_addf(&item->message, _("'%s' is here already, with "
					      "all its files"), item->name);
	return end_well(item, "same", 0);
}

static int fetch_over(struct fetch_item *item, const struct local_exp *here,
		      struct strbuf *err)
{
	struct fetch *f = item->f;
	enum sync_relation relation;
	struct strbuf why = STRBUF_INIT;
	int ret;

	ret = sync_compare(&relation, f->r, here, item->there, &why, err);
	if (ret) {
		ret = end_failed(item, ret, err);
	} else if (relation == SYNC_SAME) {
		ret = end_same(item, here, err);
	} else if (relation == SYNC_HERE_GROWN) {
		ret = end_well(item, "newer", 0);
	} else if (f->options->paths) {
		ret = end_conflict(item, "'%s' is here with all its files, and "
				   "is not what '%s' has; fetch it without "
				   "paths", item->name, f->r->name);
	} else if (relation == SYNC_THERE_GROWN) {
		item->copy = true;
		ret = replace(item, here, "grown", err);
	} else if (f->options->force && !here->live) {
		ret = replace(item, here, "grown", err);
	} else {
		ret = fetch_end(item, "conflict", ERR_CONFLICT, &why);
	}
	strbuf_release(&why);
	return ret;
}

/* What lacks files is whole after this, if those that are here are the same. */
static int complete(struct fetch_item *item, const struct local_exp *here,
		    struct strbuf *err)
{
	struct fetch *f = item->f;
	struct pack *p = NULL;
	int ret;

	if (sync_same_hashes(&here->info, &item->there->info))
		return end_same(item, here, err);
	ret = fetch_open(&p, item, !f->options->dry_run, err);
	if (!ret && !f->options->force)
		ret = fetch_check_here(p, item->dir.buf, err);
	item->replace = item->copy = true;
	item->check = here->info.version != 0;
	item->expect = here->info;
	if (!ret && !f->options->dry_run)
		ret = fetch_stage(item, p, err);
	pack_close(p);
	if (ret)
		return end_failed(item, ret, err);
	return end_well(item, "grown", item->there->size);
}

static int add_files(struct fetch_item *item, struct strbuf *err)
{
	struct fetch *f = item->f;
	struct pack *p = NULL;
	uint64_t bytes = 0;
	size_t added = 0;
	bool all = false;
	int ret;

	ret = fetch_open(&p, item, false, err);
	if (!ret)
		ret = fetch_select(p, f->options->paths, &all, err);
	if (!ret)
		ret = fetch_add_missing(item, p, &added, &bytes, err);
	if (!ret && all && !f->options->dry_run)
		ret = partial_clear(f->project, item->name, err);
	pack_close(p);
	if (ret)
		return end_failed(item, ret, err);
	return end_well(item, added ? "grown" : "same", bytes);
}

static int fetch_present(struct fetch_item *item, const char *name,
			 struct strbuf *err)
{
	struct fetch *f = item->f;
	struct local_exp here;
	bool partial = partial_is(f->project, name);
	int ret;

	if (partial && f->options->paths)
		return add_files(item, err);
	ret = local_exp_look(&here, f->project, f->cache, name,
			     LOCAL_NO_RECORD, 1, err);
	/* What cannot be read here can still be replaced. */
	if (ret == ERR_CONTENT && f->options->force && !f->options->paths) {
		strbuf_reset(err);
		return replace(item, NULL, "grown", err);
	}
	if (ret)
		return end_failed(item, ret, err);
	if (partial)
		ret = complete(item, &here, err);
	else
		ret = fetch_over(item, &here, err);
	local_exp_release(&here);
	return ret;
}

/* ---- one name ------------------------------------------------------------ */

static int fetch_item(struct fetch_item *item, struct strbuf *err)
{
	struct fetch *f = item->f;
	struct strbuf other = STRBUF_INIT;
	const char *name = item->name;
	int ret;

	if (exp_is_here(f->project, name))
		return fetch_present(item, name, err);
	ret = look_for_other(item, &other, err);
	if (ret) {
		end_failed(item, ret, err);
	} else if (!other.len) {
		ret = fetch_new(item, err);
	} else {
		strbuf_addbuf(&item->other, &other);
		ret = take_name(item, other.buf, err);
		/* In a dry run it still has its old one. */
		if (!ret)
			ret = fetch_present(item, f->options->dry_run ?
					    other.buf : name, err);
	}
	strbuf_release(&other);
	return ret;
}

static int end_missing(struct fetch_item *item)
{
	struct fetch *f = item->f;

	strbuf_reset(&item->message);
	strbuf_addf(&item->message, _("there is no experiment '%s' in '%s'"),
		    item->name, f->r->name);
	return fetch_end(item, "missing", ERR_NOT_FOUND, NULL);
}

/* It was replaced while it was fetched, or has gone. */
static int look_again(struct fetch_item *item)
{
	struct remote_list again = REMOTE_LIST_INIT;
	struct strvec names = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret;

	strvec_push(&names, item->name);
	ret = remote_look(item->f->r, &names, 1, &again, &err);
	remote_list_release(&item->again);
	item->again = again;
	item->there = remote_list_find(&item->again, item->name);
	if (ret)
		ret = end_failed(item, ret, &err);
	else if (!item->there)
		ret = end_missing(item);
	strbuf_release(&err);
	strvec_release(&names);
	return ret;
}

static void try_item(struct fetch_item *item)
{
	struct strbuf err = STRBUF_INIT;
	int tries;

	for (tries = 1;; tries++) {
		item->changed = false;
		item->status = NULL;
		item->replace = item->copy = false;
		item->check = item->some = false;
		fetch_item(item, &err);
		if (!item->changed || tries == FETCH_TRIES)
			break;
		unpack_stage_end(&item->stage);
		strbuf_reset(&item->message);
		strbuf_reset(&err);
		if (look_again(item))
			break;
	}
	if (item->code)
		unpack_stage_end(&item->stage);
	strbuf_release(&err);
}

static void release_item(struct fetch_item *item)
{
	remote_list_release(&item->again);
	strbuf_release(&item->dir);
	strbuf_release(&item->other);
	strbuf_release(&item->message);
	value_free(item->summary);
}

static bool is_out_of_reach(struct fetch_item *item)
{
	struct fetch *f = item->f;
	bool ret;

	pthread_mutex_lock(&f->lock);
	ret = f->code != 0;
	if (ret)
		fetch_end(item, "failed", f->code, &f->why);
	pthread_mutex_unlock(&f->lock);
	return ret;
}

static void do_item(struct work *work, unsigned worker UNUSED)
{
	struct fetch_item *item = (struct fetch_item *)work;

	if (!item->there)
		end_missing(item);
	else if (!is_out_of_reach(item))
		try_item(item);
	if (item->stage)
		fetch_commit(item);
	else
		fetch_report(item);
}

/* ---- all of them --------------------------------------------------------- */

static bool is_large(const struct fetch_item *item)
{
	return item->there && item->there->size > FETCH_SMALL;
}

/*
 * Whoever waits for a processor, or for a sync, holds no transfer, and the
 * other way round: so there are workers for both, and as many transfers as were
 * asked for go on while others are unpacked.
 */
static struct workers *start_workers(struct fetch *f, size_t nr)
{
	unsigned unpackers = MINIMUM(workers_default(), f->jobs), all;

	all = workers_with_files(f->jobs + unpackers, REMOTE_FILES_EACH);
	f->jobs = MINIMUM(f->jobs, all);
	gate_init(&f->transfers, f->jobs);
	gate_init(&f->unpackers, unpackers);
	gate_init(&f->memory, MEMORY);
	return workers_start((unsigned)MINIMUM(nr, all));
}

static void stop_workers(struct fetch *f, struct workers **workers)
{
	workers_stop(workers);
	gate_release(&f->memory);
	gate_release(&f->unpackers);
	gate_release(&f->transfers);
}

/* What the large ones that are read at once have each; that they are no more
 * than these is seen to by the memory. */
static void share_among(struct fetch *f, unsigned large, size_t all)
{
	all = MAXIMUM(all, (size_t)1);
	large = MAXIMUM(large, 1u);
	f->pack_memory = large > 1 ? (size_t)MEMORY / LARGE_AT_ONCE :
				     MEMORY_SINGLE;
	f->pack_requests = MINIMUM(f->jobs, REQUESTS_MAX);
	f->pack_jobs = MAXIMUM(workers_default() / large, 1u);
	f->pack_jobs = MINIMUM(f->pack_jobs, f->jobs);
	f->some_memory = (size_t)MAXIMUM(SOME_MEMORY_MAX / all,
					 SOME_MEMORY_MIN);
	f->some_requests = MAXIMUM(f->pack_requests /
				   (unsigned)MINIMUM(all, f->pack_requests),
				   2u);
}

static void start_items(struct fetch *f, struct fetch_item *items,
			const struct strvec *names,
			const struct remote_list *list)
{
	size_t large = 0, i;
	uint64_t bytes = 0;

	for (i = 0; i < names->nr; i++) {
		struct fetch_item *item = &items[i];

		item->work.fn = do_item;
		item->f = f;
		item->name = names->v[i];
		strbuf_init(&item->dir);
		strbuf_init(&item->other);
		strbuf_init(&item->message);
		project_exp_path(f->project, item->name, &item->dir);
		item->there = remote_list_find(list, item->name);
		if (!item->there)
			continue;
		large += is_large(item);
		if (strvec_find(&f->here, item->name) < 0)
			bytes += item->there->size;
	}
	share_among(f, (unsigned)MINIMUM(large, LARGE_AT_ONCE), names->nr);
	if (!f->options->quiet && !f->options->dry_run)
		f->progress = progress_start(_("Fetching"), names->nr, bytes);
}

static void run_items(struct fetch *f, const struct strvec *names,
		      const struct remote_list *list)
{
	struct fetch_item *items = xcalloc(names->nr, sizeof(*items));
	struct workers *workers = start_workers(f, names->nr);
	size_t i;

	start_items(f, items, names, list);
	/* The long work first, so that at the end all have some. */
	for (i = 0; i < names->nr; i++)
		if (is_large(&items[i]))
			workers_add(workers, &items[i].work);
	for (i = 0; i < names->nr; i++)
		if (!is_large(&items[i]))
			workers_add(workers, &items[i].work);
	stop_workers(f, &workers);
	fetch_commit_rest(f);
	progress_stop(&f->progress);
	for (i = 0; i < names->nr; i++)
		release_item(&items[i]);
	free(items);
}

/* One listing is what all of them cost. */
static int look_for_all(struct fetch *f, struct strvec *names,
			struct remote_list *list, struct strbuf *err)
{
	int ret = remote_list(f->r, list, err);
	size_t i;

	for (i = 0; !ret && i < list->nr; i++)
		strvec_push(names, list->exp[i].name);
	return ret;
}

static int fetch_names(struct fetch *f, struct strvec *names, bool all,
		       struct strbuf *err)
{
	struct remote_list list = REMOTE_LIST_INIT;
	int ret;

	ret = all ? look_for_all(f, names, &list, err) :
	      remote_look(f->r, names, f->jobs, &list, err);
	if (!ret)
		ret = remote_open_ledger(f->r, err);
	if (!ret)
		ret = exp_list_names(f->project, &f->here, err);
	if (ret)
		goto cleanup;
	/* What only one thread can find out, or must not at once with others */
	local_exp_prepare();
	pack_unpack_prepare();
	f->cache = exp_cache_open(f->project);
	run_items(f, names, &list);
	exp_cache_close(f->cache);
	if (f->r->ledger)
		ret = ledger_sync(f->r->ledger, err);

cleanup:
	remote_list_release(&list);
	return ret;
}

int sync_fetch(struct remote *r, const struct strvec *names,
	       const struct fetch_options *options, sync_result_fn fn,
	       void *data, struct strbuf *err)
{
	struct fetch f = {
		.r = r, .project = r->project, .options = options,
		.fn = fn, .data = data, .here = STRVEC_INIT,
		.why = STRBUF_INIT
	};
	struct strvec sorted = STRVEC_INIT;
	int ret = 0;

	f.jobs = options->jobs ? options->jobs : remote_jobs(r);
	f.ready_end = &f.ready;
	pthread_mutex_init(&f.lock, NULL);
	pthread_cond_init(&f.room, NULL);
	if (names) {
		strvec_pushv(&sorted, names->v);
		strvec_sort(&sorted, true);
	}
	if (!names || sorted.nr)
		ret = fetch_names(&f, &sorted, !names, err);
	pthread_cond_destroy(&f.room);
	pthread_mutex_destroy(&f.lock);
	strbuf_release(&f.why);
	strvec_release(&f.here);
	strvec_release(&sorted);
	return ret;
}
