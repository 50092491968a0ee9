/*
 * One experiment in two stores. What is there is replaced only by a later
 * state of the same run, and only when that loses nothing: it was not final, or
 * this project copied, sent or fetched it, so that it comes before what is
 * copied now.
 */
#include "lib/base/compat.h"
#include "lib/sync/copy-internal.h"

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/record/live.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/record/record.h"
#include "lib/sync/remote-pack.h"

static int conflict(struct copy_item *item, const char *fmt, ...)
	PRINTF_LIKE(2, 3);

static int conflict(struct copy_item *item, const char *fmt, ...)
{
	va_list ap;

	item->relation = SYNC_CONFLICT;
	va_start(ap, fmt);
	strbuf_vaddf(&item->why, fmt, ap);
	va_end(ap);
	return 0;
}

bool copy_is_noted(const struct copy_item *item)
{
	const struct copy *c = item->c;
	const struct remote_exp *to = item->to;
	const struct pack_info *info = to->info.version ? &to->info : NULL;

	/* A version is a store's own: of what `from` had only hashes tell. */
	return ledger_knows(c->copied, item->name, to->version, info) ||
	       ledger_knows(c->to->ledger, item->name, to->version, info) ||
	       (info && ledger_knows(c->from->ledger, item->name, NULL, info));
}

/* ---- packs that resutil did not write ------------------------------------ */

static bool same_entries(const struct pack *a, const struct pack *b)
{
	size_t i;

	if (a->nr != b->nr)
		return false;
	for (i = 0; i < a->nr; i++) {
		const struct pack_entry *x = &a->entry[a->by_path[i]];
		const struct pack_entry *y = &b->entry[b->by_path[i]];

		if (x->path_len != y->path_len || x->size != y->size ||
		    x->crc != y->crc || x->mode != y->mode ||
		    memcmp(x->path, y->path, x->path_len))
			return false;
	}
	return true;
}

/* By their directories: paths, sizes, modes and CRC-32 of what they hold. */
static int compare_entries(struct copy_item *item, bool *same,
			   struct strbuf *err)
{
	struct copy *c = item->c;
	struct pack *from = NULL, *to = NULL;
	int ret;

	ret = pack_open(&from, remote_pack_source(c->from, item->from),
			&c->options->limits, err);
	if (!ret)
		ret = pack_open(&to, remote_pack_source(c->to, item->to),
				&c->options->limits, err);
	*same = !ret && same_entries(from, to);
	pack_close(to);
	pack_close(from);
	return ret;
}

static int compare_foreign(struct copy_item *item, struct strbuf *err)
{
	const struct copy *c = item->c;
	bool same;
	int ret = compare_entries(item, &same, err);

	if (ret)
		return ret;
	item->relation = same ? SYNC_SAME : SYNC_HERE_GROWN;
	if (same || copy_is_noted(item))
		return 0;
	return conflict(item, "'%s' in '%s' is not what '%s' has, and which "
			"of them is the later one cannot be told", item->name,
			c->to->name, c->from->name);
}

/* ---- packs of ours ------------------------------------------------------- */

/* What says nothing of its state is not taken for unfinished. */
static int is_final_there(struct copy_item *item, bool *final,
			  struct strbuf *err)
{
	const char *state;
	int ret = remote_learn(item->c->to, item->to, 1, KNOWN_RECORD, 1, err);

	if (ret)
		return ret;
	state = value_text(value_map_get(item->to->summary, "state"));
	*final = !state || record_state_is_final(state);
	return 0;
}

static int compare_grown(struct copy_item *item, struct strbuf *err)
{
	const struct copy *c = item->c;
	bool final = true;
	int ret = 0;

	item->relation = SYNC_HERE_GROWN;
	if (copy_is_noted(item))
		return 0;
	ret = is_final_there(item, &final, err);
	if (ret || !final)
		return ret;
	return conflict(item, "'%s' has grown in '%s', and may have been "
			"changed in '%s', too, which was not copied from here",
			item->name, c->from->name, c->to->name);
}

static int compare_revisions(struct copy_item *item, struct strbuf *err)
{
	const struct copy *c = item->c;
	uint64_t from = item->from->info.revision;
	uint64_t to = item->to->info.revision;

	if (from > to)
		return compare_grown(item, err);
	item->relation = from < to ? SYNC_THERE_GROWN : SYNC_HERE_GROWN;
	/* What a program writes meanwhile raises no revision. */
	if (from < to || copy_is_noted(item))
		return 0;
	return conflict(item, "'%s' in '%s' is not what '%s' has, though both "
			"are of revision %" PRIu64, item->name, c->to->name,
			c->from->name, from);
}

static int compare_ours(struct copy_item *item, struct strbuf *err)
{
	const struct copy *c = item->c;
	const struct pack_info *from = &item->from->info;
	const struct pack_info *to = &item->to->info;

	if (sync_same_hashes(from, to)) {
		item->relation = SYNC_SAME;
		return 0;
	}
	if (*from->id && *to->id && strcmp(from->id, to->id))
		return conflict(item, "'%s' has another run that is called "
				"'%s'", c->to->name, item->name);
	if (*from->id && *to->id)
		return compare_revisions(item, err);
	item->relation = SYNC_HERE_GROWN;
	if (copy_is_noted(item))
		return 0;
	return conflict(item, "'%s' in '%s' is not what '%s' has", item->name,
			c->to->name, c->from->name);
}

int copy_compare(struct copy_item *item, struct strbuf *err)
{
	struct copy *c = item->c;
	int ret;

	strbuf_reset(&item->why);
	item->relation = SYNC_ABSENT;
	if (!item->to)
		return 0;
	ret = remote_learn(c->from, item->from, 1, KNOWN_INFO, 1, err);
	if (ret) {
		copy_note_gone(c, c->from, ret);
		return ret;
	}
	ret = remote_learn(c->to, item->to, 1, KNOWN_INFO, 1, err);
	if (ret)
		copy_note_gone(c, c->to, ret);
	if (!ret && item->from->problem)
		ret = fail(err, ERR_CONTENT, "%s", item->from->problem);
	if (ret)
		return ret;
	if (item->to->problem)
		return conflict(item, "what '%s' has as '%s' cannot be read: "
				"%s", c->to->name, item->name,
				item->to->problem);
	if (!item->from->info.version || !item->to->info.version)
		return compare_foreign(item, err);
	return compare_ours(item, err);
}
