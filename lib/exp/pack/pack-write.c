#include "lib/base/compat.h"
#include "lib/exp/pack/pack-write.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/pack/pack-headers.h"
#include "lib/exp/pack/pack-internal.h"
#include "lib/exp/record/record.h"
#include "lib/exp/pack/tree-hash.h"

/* What the sink gets at once, but at the end. */
#define PENDING_MAX (512u << 10)
#define DIRECTORY_PIECE (64u << 10)

/*
 * A live experiment may have several files that are being rewritten. Each time
 * all is begun anew one more is left out.
 */
#define LIVE_RESTARTS 8

static int flush(struct pack_run *run, struct strbuf *err)
{
	int ret = 0;

	if (run->pending.len)
		ret = run->sink->write(run->sink->data, run->pending.buf,
				       run->pending.len, err);
	strbuf_reset(&run->pending);
	return ret;
}

int pack_emit(struct pack_run *run, const void *data, size_t len,
	      struct strbuf *err)
{
	int ret = 0;

	run->offset += len;
	if (run->pending.len + len <= PENDING_MAX) {
		strbuf_add(&run->pending, data, len);
		return 0;
	}
	ret = flush(run, err);
	if (!ret && len >= PENDING_MAX / 2)
		return run->sink->write(run->sink->data, data, len, err);
	if (!ret)
		strbuf_add(&run->pending, data, len);
	return ret;
}

void pack_entry_done(struct pack_run *run, size_t i)
{
	const struct exp_entry *e = &run->tree.entry[i];
	const struct pack_item *item = &run->item[i];
	struct pack_result *r = run->result;
	struct strbuf path = STRBUF_INIT;

	if (item->left_out) {
		quote_c(&path, e->path, e->path_len);
		strvec_pushf(&r->skipped, "%s (changing)", path.buf);
		strbuf_release(&path);
		return;
	}
	r->entries++;
	if (S_ISREG(item->mode))
		r->bytes += item->size;
}

/* When the hashes of all entries are known. */
static int sum_hashes(struct pack_run *run, struct strbuf *err)
{
	struct pack_info *info = &run->result->info;
	struct tree_hash *h;
	size_t i = 0;
	int ret;

	ret = tree_hash_start(&h, err);
	if (ret)
		return ret;
	if (run->tree.has_record && !run->item[0].left_out) {
		info->has_record = true;
		memcpy(info->record, run->hash[0], DIGEST_RAWSZ);
	}
	for (i = run->tree.has_record; i < run->tree.nr; i++) {
		const struct exp_entry *e = &run->tree.entry[i];
		const struct pack_item *item = &run->item[i];

		if (!item->left_out)
			tree_hash_add(h, item->mode, item->size, run->hash[i],
				      e->path, e->path_len);
	}
	tree_hash_finish(&h, info->tree);
	return 0;
}

/* A record that cannot be understood is packed all the same. */
void pack_note_record(struct pack_run *run, const void *text, size_t len)
{
	struct pack_info *info = &run->result->info;
	struct value *record = NULL;
	const char *id;
	int64_t revision;

	if (record_parse(&record, text, len, RECORD_FILE, NULL))
		return;
	id = value_get_text(record, "id");
	if (id && strlen(id) == PACK_ID_LEN && record_is_id(id))
		memcpy(info->id, id, PACK_ID_LEN + 1);
	if (value_get_int(record, "revision", &revision) && revision > 0)
		info->revision = (uint64_t)revision;
	value_free(record);
}

static void leave_out(struct pack_run *run)
{
	size_t i, j;

	for (i = 0; run->excluded.nr && i < run->tree.nr; i++)
		for (j = 0; j < run->excluded.nr; j++)
			if (!strcmp(run->excluded.v[j],
				    run->tree.entry[i].path))
				run->item[i].left_out = true;
}

static int write_directory(struct pack_run *run, struct strbuf *err)
{
	struct strbuf piece = STRBUF_INIT, comment = STRBUF_INIT;
	uint64_t start = run->offset;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < run->tree.nr; i++) {
		const struct exp_entry *e = &run->tree.entry[i];

		if (!run->item[i].left_out)
			pack_central_header(&piece, &run->item[i], e->path,
					    e->path_len);
		if (piece.len < DIRECTORY_PIECE)
			continue;
		ret = pack_emit(run, piece.buf, piece.len, err);
		strbuf_reset(&piece);
	}
	if (!ret)
		ret = pack_emit(run, piece.buf, piece.len, err);
	strbuf_reset(&piece);
	if (!ret) {
		pack_info_write(&comment, &run->result->info);
		pack_end(&piece, run->result->entries, start,
			 run->offset - start, &comment);
		ret = pack_emit(run, piece.buf, piece.len, err);
	}
	if (!ret)
		ret = flush(run, err);
	strbuf_release(&comment);
	strbuf_release(&piece);
	return ret;
}

static void release_pass(struct pack_run *run)
{
	size_t i;

	for (i = 0; run->item && i < run->tree.nr; i++)
		free(run->item[i].restart);
	free(run->item);
	run->item = NULL;
	free(run->hash);
	run->hash = NULL;
	exp_tree_release(&run->tree);
}

static void clear_result(struct pack_result *r)
{
	pack_result_release(r);
	memset(r, 0, sizeof(*r));
	strvec_init(&r->skipped);
	r->info.version = PACK_FORMAT;
}

/* Names what changed, and in a live experiment leaves it out from now on. */
static void note_changed(struct pack_run *run, struct strbuf *changed)
{
	strbuf_reset(changed);
	pack_add_path(changed, run, run->changed);
	if (run->options->live)
		strvec_push(&run->excluded, run->tree.entry[run->changed].path);
}

/* Once from the first byte to the last. PACK_CHANGED names the entry. */
static int write_pass(struct pack_run *run, struct strbuf *changed,
		      struct strbuf *err)
{
	struct pack_result *r = run->result;
	int ret;

	clear_result(r);
	run->offset = 0;
	strbuf_reset(&run->pending);
	ret = exp_tree_read_by(&run->tree, run->dir, run->options->jobs,
			       err);
	if (ret)
		goto cleanup;
	run->item = xcalloc(run->tree.nr, sizeof(*run->item));
	run->hash = xcalloc(run->tree.nr, sizeof(*run->hash));
	leave_out(run);
	strvec_pushv(&r->skipped, run->tree.skipped.v);

	ret = pack_entries(run, err);
	if (ret == PACK_CHANGED)
		note_changed(run, changed);
	if (ret)
		goto cleanup;
	ret = sum_hashes(run, err);
	if (!ret)
		ret = write_directory(run, err);
	r->packed = run->offset;
	strvec_sort(&r->skipped, false);

cleanup:
	release_pass(run);
	return ret;
}

int pack_write(const char *dir, const struct pack_options *options,
	       const struct pack_sink *sink, struct pack_result *result,
	       struct strbuf *err)
{
	struct strbuf changed = STRBUF_INIT;
	struct pack_run *run = xcalloc(1, sizeof(*run));
	unsigned left = options->live ? LIVE_RESTARTS : 1;
	int ret;

	run->dir = dir;
	run->options = options;
	run->sink = sink;
	run->result = result;
	strvec_init(&run->excluded);
	strbuf_init(&run->pending);
	run->tree = (struct exp_tree)EXP_TREE_INIT;
	pack_slots_start(run);
	for (;;) {
		ret = write_pass(run, &changed, err);
		if (ret != PACK_CHANGED)
			break;
		if (!sink->restart || !left--) {
			ret = fail(err, ERR_CONFLICT, "'%s' changes while it "
				   "is packed; try again when nothing writes "
				   "to it", changed.buf);
			break;
		}
		ret = sink->restart(sink->data, err);
		if (ret)
			break;
	}
	pack_slots_release(run);
	strbuf_release(&run->pending);
	strvec_release(&run->excluded);
	free(run);
	strbuf_release(&changed);
	return ret;
}

void pack_result_release(struct pack_result *r)
{
	strvec_release(&r->skipped);
}
