#include "lib/base/compat.h"
#include "lib/exp/pack/pack-hash.h"

#include "lib/base/error.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/record/record.h"
#include "lib/exp/pack/tree-hash.h"

struct hashing {
	struct tree_hash *tree;
	const unsigned char *digests;
	const unsigned char *record;	/* its digest; NULL: there is none */
};

static int add_line(const char *path, uint32_t len, const struct pack_entry *e,
		    size_t pos, void *data)
{
	struct hashing *h = data;
	const unsigned char *digest = h->digests + pos * DIGEST_RAWSZ;

	if (!e)
		tree_hash_add(h->tree, S_IFDIR, 0, NULL, path, len);
	else if (exp_tree_is_record(e->path, e->mode))
		h->record = digest;
	else if (!exp_tree_is_leftover(e->path, e->mode))
		tree_hash_add(h->tree, e->mode, e->size, digest, path, len);
	return 0;
}

static void say_bad(const struct pack *p, const char *why, pack_bad_fn bad,
		    void *data)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "'%s': %s", p->source->name, why);
	bad(text.buf, data);
	strbuf_release(&text);
}

int pack_check_hashes(const struct pack *p, const unsigned char *digests,
		      unsigned char *tree, pack_bad_fn bad, void *data,
		      struct strbuf *err)
{
	const struct pack_info *info = &p->info;
	struct hashing h = { .digests = digests };
	const char *why = NULL;
	int ret;

	ret = tree_hash_start(&h.tree, err);
	if (ret)
		return ret;
	pack_walk(p, add_line, &h);
	tree_hash_finish(&h.tree, tree);
	if (!info->version)
		return 0;

	if (memcmp(tree, info->tree, DIGEST_RAWSZ)) {
		say_bad(p, "its files are not those of its tree hash", bad,
			data);
		ret = ERR_CONTENT;
	}
	if (info->has_record && !h.record)
		why = "its comment names the hash of a record, and it has "
		      "none";
	else if (!info->has_record && h.record)
		why = "its comment does not name the hash of its record";
	else if (h.record && memcmp(h.record, info->record, DIGEST_RAWSZ))
		why = "'" RECORD_FILE "' is not the record of its hash";
	if (!why)
		return ret;
	say_bad(p, why, bad, data);
	return ERR_CONTENT;
}
