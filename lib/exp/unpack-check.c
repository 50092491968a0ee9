/*
 * What a pack of ours says it holds, and what was unpacked. The digests were
 * made while the content passed.
 */
#include "lib/base/compat.h"
#include "lib/exp/unpack-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/exp-tree.h"
#include "lib/exp/record.h"
#include "lib/exp/tree-hash.h"

struct check {
	struct unpack *u;
	struct tree_hash *hash;
	const unsigned char *record;	/* its digest */
};

static int add_line(const char *path, uint32_t len, const struct pack_entry *e,
		    size_t pos, void *data, struct strbuf *err UNUSED)
{
	struct check *check = data;
	const unsigned char *raw = check->u->digest + pos * DIGEST_RAWSZ;
	uint32_t mode = !e ? S_IFDIR : e->mode_unknown ?
			(e->mode & S_IFMT) | 0644 : e->mode;

	if (e && exp_tree_is_record(path, mode))
		check->record = raw;
	else if (!e || !exp_tree_is_leftover(path, mode))
		tree_hash_add(check->hash, mode, e ? e->size : 0, raw, path,
			      len);
	return 0;
}

static int compare(const struct check *check, const unsigned char *tree,
		   struct strbuf *err)
{
	const struct pack *p = check->u->p;
	const char *name = p->source->name;

	if (memcmp(tree, p->info.tree, DIGEST_RAWSZ))
		return fail(err, ERR_CONTENT, "'%s': its files are not those "
			    "of its tree hash", name);
	if (!check->record != !p->info.has_record)
		return fail(err, ERR_CONTENT, "'%s': it %s", name,
			    check->record ? "does not name the hash of its "
			    "record" : "names the hash of a record and has "
			    "none");
	if (check->record &&
	    memcmp(check->record, p->info.record, DIGEST_RAWSZ))
		return fail(err, ERR_CONTENT, "'%s': '" RECORD_FILE "' is not "
			    "the record of its hash", name);
	return 0;
}

int unpack_check_hashes(struct unpack *u, struct strbuf *err)
{
	struct check check = { .u = u };
	unsigned char tree[DIGEST_RAWSZ];
	int ret;

	if (!u->digest)
		return 0;
	ret = tree_hash_start(&check.hash, err);
	if (ret)
		return ret;
	unpack_walk(u->p, add_line, &check, err);
	tree_hash_finish(&check.hash, tree);
	return compare(&check, tree, err);
}
