#include "lib/base/compat.h"
#include "lib/sync/check-ledger.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/base/workers.h"
#include "lib/exp/pack/exp-cache.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/pack/hash-dir.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/record/record.h"
#include "lib/sync/ledger-internal.h"

#define AT_ONCE ((size_t)512)
/* With fewer experiments the threads work on the files of one. */
#define EXPS_PER_JOB 4

struct content {
	const struct project *p;
	struct ledger_set ledgers;
	struct exp_cache *cache;
	unsigned jobs;		/* for the files of one experiment */
	struct progress *progress;
	uint64_t done;		/* experiments; atomic */
};

struct reading {
	struct work work;
	struct content *c;
	const char *name;
	const char *id;		/* of what is wrong; NULL: nothing */
	struct strbuf why;
};

/* ---- in a thread --------------------------------------------------------- */

/* False: nothing can be said of what changes, or is not all here. */
static bool is_whole(const struct content *c, const char *name,
		     const char *dir, struct pack_info *info)
{
	struct value *record = NULL;
	const char *id;
	int64_t revision = 0;
	bool rests;

	memset(info, 0, sizeof(*info));
	if (partial_is(c->p, name))
		return false;
	if (record_read_raw(&record, dir, NULL))
		return true;
	/* A run that was lost may have gone on after a checkpoint. */
	rests = live_state_of(c->p, record) == LIVE_FINAL;
	id = value_get_text(record, "id");
	if (id && record_is_id(id))
		memcpy(info->id, id, sizeof(info->id));
	if (value_get_int(record, "revision", &revision) && revision > 0)
		info->revision = (uint64_t)revision;
	value_free(record);
	return rests;
}

/* The same state of the same run, and other files. */
static bool differs(const struct pack_info *noted, const struct pack_info *info)
{
	return noted->version && noted->has_record && info->has_record &&
	       *info->id && !strcmp(noted->id, info->id) &&
	       noted->revision == info->revision &&
	       !memcmp(noted->record, info->record, DIGEST_RAWSZ) &&
	       memcmp(noted->tree, info->tree, DIGEST_RAWSZ);
}

static void compare(struct reading *r, const struct pack_info *info,
		    const struct exp_tree_sign *sign)
{
	const struct content *c = r->c;
	const struct ledger_note *note;
	struct exp_known known;
	size_t i;

	for (i = 0; i < c->ledgers.nr && !r->id; i++) {
		note = ledger_done(c->ledgers.ledger[i], r->name);
		if (!note || !differs(&note->info, info))
			continue;
		r->id = "content-differs";
		strbuf_addf(&r->why, "its files are not those that remote '%s' "
			    "has for the same record: they were edited, or "
			    "the disk lost them; compare with a copy that "
			    "'resutil pull' gets into another clone",
			    c->ledgers.ledger[i]->remote);
	}
	if (!r->id && exp_cache_find(c->cache, r->name, sign, &known) &&
	    memcmp(known.info.tree, info->tree, DIGEST_RAWSZ)) {
		r->id = "content-differs";
		strbuf_addstr(&r->why, "its files have other bytes than when "
			      "they were hashed, and the times and sizes of "
			      "then: the disk may be failing");
	}
}

/* Whether it stayed as it was from before the reading to after it. */
static bool sign_of(struct exp_tree_sign *sign, const char *dir)
{
	struct exp_tree tree = EXP_TREE_INIT;
	int ret = exp_tree_read_signed(&tree, dir, sign, NULL);

	exp_tree_release(&tree);
	return !ret;
}

static void read_one(struct work *work, unsigned worker UNUSED)
{
	struct reading *r = (struct reading *)work;
	struct dir_hash hash = DIR_HASH_INIT;
	struct strbuf dir = STRBUF_INIT;
	struct progress *part = progress_part(r->c->progress);
	struct exp_tree_sign sign, after;
	struct pack_info info;
	bool whole, signed_before;
	int ret;

	project_exp_path(r->c->p, r->name, &dir);
	whole = is_whole(r->c, r->name, dir.buf, &info);
	signed_before = sign_of(&sign, dir.buf);
	ret = hash_dir(&hash, dir.buf, r->c->jobs, NULL, part, &r->why);
	if (ret == ERR_FAILED && exp_is_here(r->c->p, r->name)) {
		r->id = "file-unreadable";
	} else if (!ret && whole && signed_before &&
		   sign_of(&after, dir.buf) &&
		   !memcmp(sign.raw, after.raw, sizeof(sign.raw))) {
		info.version = PACK_FORMAT;
		info.has_record = hash.has_record;
		memcpy(info.tree, hash.tree, DIGEST_RAWSZ);
		memcpy(info.record, hash.record, DIGEST_RAWSZ);
		compare(r, &info, &sign);
	}
	progress_items(r->c->progress,
		       __atomic_add_fetch(&r->c->done, 1, __ATOMIC_RELAXED));
	progress_stop(&part);
	dir_hash_release(&hash);
	strbuf_release(&dir);
}

/* ---- all of them --------------------------------------------------------- */

static int tell(const struct reading *r, finding_fn fn, void *data)
{
	struct finding f = { .level = FINDING_ERROR, .id = r->id,
			     .name = r->name, .text = r->why.buf };
	struct strbuf path = STRBUF_INIT;
	const char *below;
	int ret;

	project_exp_path(r->c->p, r->name, &path);
	below = path_below(path.buf, r->c->p->root);
	f.where = below && *below ? below : path.buf;
	ret = fn(&f, data);
	strbuf_release(&path);
	return ret;
}

static int read_some(struct content *c, struct workers *w,
		     const char *const *names, size_t nr, finding_fn fn,
		     void *data)
{
	struct reading *reading = xcalloc(nr, sizeof(*reading));
	size_t i;
	int ret = 0;

	for (i = 0; i < nr; i++) {
		reading[i].work.fn = read_one;
		reading[i].c = c;
		reading[i].name = names[i];
		strbuf_init(&reading[i].why);
		workers_add(w, &reading[i].work);
	}
	for (i = 0; i < nr; i++) {
		workers_wait(w, &reading[i].work);
		if (reading[i].id && !ret)
			ret = tell(&reading[i], fn, data);
		strbuf_release(&reading[i].why);
	}
	free(reading);
	return ret;
}

int check_content(const struct project *p, const struct check_options *options,
		  finding_fn fn, void *data, struct strbuf *err)
{
	struct content c = { .p = p, .jobs = 1, .ledgers = { .p = p } };
	unsigned jobs = options->jobs ? options->jobs : workers_default();
	struct strvec names = STRVEC_INIT;
	struct workers *w = NULL;
	size_t i;
	int ret = exp_list_names(p, &names, err);

	if (ret)
		goto cleanup;
	record_host();
	record_boot_id();
	ledger_set_open(&c.ledgers);
	c.cache = exp_cache_open(p);
	if (names.nr < (size_t)jobs * EXPS_PER_JOB) {
		c.jobs = jobs;
		jobs = 1;
	}
	c.progress = progress_start("Reading", names.nr, 0);
	w = workers_start(jobs);
	for (i = 0; i < names.nr && !ret; i += AT_ONCE)
		ret = read_some(&c, w, names.v + i,
				MINIMUM(names.nr - i, AT_ONCE), fn, data);

cleanup:
	workers_stop(&w);
	progress_stop(&c.progress);
	exp_cache_close(c.cache);
	ledger_set_close(&c.ledgers);
	strvec_release(&names);
	return ret;
}
