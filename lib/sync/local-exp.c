#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/pack/exp-cache.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/pack/hash-cache.h"
#include "lib/exp/pack/hash-dir.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/sync/compare.h"
#include "lib/wrap/digest.h"

/* Which record was hashed must be which was read. */
#define TRIES 3

void local_exp_prepare(void)
{
	record_host();
	record_boot_id();
}

static int hash_text(unsigned char *raw, const struct strbuf *text,
		     struct strbuf *err)
{
	struct digest *d;
	int ret = digest_start(&d, err);

	if (ret)
		return ret;
	digest_add(d, text->buf, text->len);
	digest_finish(&d, raw);
	return 0;
}

/* id and revision, as the packer takes them from the record's text. */
static void take_identity(struct pack_info *info, const struct value *record)
{
	const char *id = value_get_text(record, "id");
	int64_t revision;

	if (id && strlen(id) == PACK_ID_LEN && record_is_id(id))
		memcpy(info->id, id, PACK_ID_LEN + 1);
	if (value_get_int(record, "revision", &revision) && revision > 0)
		info->revision = (uint64_t)revision;
}

/* The record is read once, for its hash and for what it says. */
static int read_record(struct local_exp *l, const char *dir,
		       struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	int ret;

	strbuf_addf(&path, "%s/%s", dir, RECORD_FILE);
	ret = read_file(&text, path.buf, RECORD_MAX_BYTES, NULL);
	if (ret == ERR_NOT_FOUND) {
		/* Perhaps there is one of another kind, which is packed as
		 * any other file. */
		ret = record_read(&l->record, dir, err);
		if (ret == ERR_NOT_FOUND) {
			strbuf_reset(err);
			ret = 0;
		}
		goto cleanup;
	}
	if (ret)
		ret = read_file(&text, path.buf, RECORD_MAX_BYTES, err);
	if (!ret)
		ret = hash_text(l->info.record, &text, err);
	if (!ret)
		ret = record_parse(&l->record, text.buf, text.len, path.buf,
				   err);
	if (ret)
		goto cleanup;
	l->info.has_record = true;
	take_identity(&l->info, l->record);
	record_normalize(l->record);

cleanup:
	strbuf_release(&text);
	strbuf_release(&path);
	return ret;
}

static void take_state(struct local_exp *l, const struct project *p)
{
	enum live_state state = live_state_of(p, l->record);
	const char *text = value_get_text(l->record, "state");

	l->live = state == LIVE_RUNNING || state == LIVE_UNATTENDED;
	l->elsewhere = state == LIVE_ELSEWHERE;
	/* records of the Python tool have none */
	l->final = !text || record_state_is_final(text);
}

static int hash_tree(struct local_exp *l, const struct project *p,
		     const char *dir, unsigned jobs, struct strbuf *err)
{
	struct dir_hash hash = DIR_HASH_INIT;
	struct hash_cache *cache = NULL;
	int ret;

	if (l->bytes >= LOCAL_HASH_CACHE_MIN)
		cache = hash_cache_open(p, l->name);
	ret = hash_dir(&hash, dir, jobs, cache, NULL, err);
	if (!ret && (hash.has_record != l->info.has_record ||
		     memcmp(hash.record, l->info.record,
			    hash.has_record ? DIGEST_RAWSZ : 0)))
		ret = ERR_TRANSIENT;
	if (!ret) {
		memcpy(l->info.tree, hash.tree, DIGEST_RAWSZ);
		l->info.version = PACK_FORMAT;
		hash_cache_close(cache);
	} else {
		hash_cache_drop(cache);
	}
	dir_hash_release(&hash);
	return ret;
}

/* Without opening a file. */
static int walk(struct local_exp *l, const struct project *p,
		struct exp_cache *cache, struct strbuf *err)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf dir = STRBUF_INIT;
	struct exp_known known;
	size_t i;
	int ret;

	project_exp_path(p, l->name, &dir);
	ret = exp_tree_read_signed(&tree, dir.buf, &l->sign, err);
	if (ret)
		goto cleanup;
	l->bytes = tree.bytes;
	l->entries = tree.nr;
	for (i = 0; i < tree.nr && !l->links; i++)
		l->links = S_ISLNK(tree.entry[i].mode);
	l->known = exp_cache_find(cache, l->name, &l->sign, &known);
	if (l->known) {
		l->info = known.info;
		l->final = known.final;
	}

cleanup:
	exp_tree_release(&tree);
	strbuf_release(&dir);
	return ret;
}

static int read_all(struct local_exp *l, const struct project *p,
		    struct exp_cache *cache, unsigned flags, unsigned jobs,
		    struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	struct pack_info known = l->info;
	int ret;

	project_exp_path(p, l->name, &dir);
	memset(&l->info, 0, sizeof(l->info));
	ret = read_record(l, dir.buf, err);
	if (ret)
		goto cleanup;
	take_state(l, p);
	if (l->known && !l->live && !l->elsewhere)
		l->info = known;
	if (l->info.version || l->live || (flags & LOCAL_NO_HASH))
		goto cleanup;
	ret = hash_tree(l, p, dir.buf, jobs, err);
	if (ret == ERR_CONFLICT && l->elsewhere) {
		strbuf_reset(err);
		ret = 0;
	} else if (!ret && !l->elsewhere) {
		exp_cache_note(cache, l->name, &l->sign,
			       &(struct exp_known){ l->info, l->final });
	}

cleanup:
	strbuf_release(&dir);
	return ret;
}

int local_exp_begin(struct local_exp *out, const struct project *p,
		    struct exp_cache *cache, const char *name,
		    struct strbuf *err)
{
	static const struct local_exp empty = LOCAL_EXP_INIT;
	struct strbuf shown = STRBUF_INIT;
	int ret;

	*out = empty;
	if (!name_is_valid(name) || !exp_is_here(p, name)) {
		quote_terminal(&shown, name, strlen(name));
		ret = fail(err, ERR_NOT_FOUND, "there is no experiment '%s' "
			   "here", shown.buf);
		strbuf_release(&shown);
		return ret;
	}
	out->name = xstrdup(name);
	ret = walk(out, p, cache, err);
	if (ret)
		local_exp_release(out);
	return ret;
}

int local_exp_finish(struct local_exp *l, const struct project *p,
		     struct exp_cache *cache, unsigned flags, unsigned jobs,
		     struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret, tries;

	if (l->known && (flags & LOCAL_NO_RECORD))
		return 0;
	ret = read_all(l, p, cache, flags, jobs, &why);
	for (tries = 1; ret == ERR_TRANSIENT && tries < TRIES; tries++) {
		value_free(l->record);
		l->record = NULL;
		ret = walk(l, p, cache, &why);
		if (!ret)
			ret = read_all(l, p, cache, flags, jobs, &why);
	}
	if (ret == ERR_TRANSIENT)
		ret = fail(err, ERR_CONFLICT, "the record of '%s' changes "
			   "while it is read; try again", l->name);
	else if (ret)
		ret = fail(err, ret, "%s", why.buf);
	if (ret)
		local_exp_release(l);
	strbuf_release(&why);
	return ret;
}

int local_exp_look(struct local_exp *out, const struct project *p,
		   struct exp_cache *cache, const char *name, unsigned flags,
		   unsigned jobs, struct strbuf *err)
{
	int ret = local_exp_begin(out, p, cache, name, err);

	return ret ? ret : local_exp_finish(out, p, cache, flags, jobs, err);
}

int local_exp_read(struct local_exp *out, const struct project *p,
		   const char *name, unsigned jobs, struct strbuf *err)
{
	return local_exp_look(out, p, NULL, name, 0, jobs, err);
}

void local_exp_release(struct local_exp *l)
{
	static const struct local_exp empty = LOCAL_EXP_INIT;

	free(l->name);
	value_free(l->record);
	*l = empty;
}
