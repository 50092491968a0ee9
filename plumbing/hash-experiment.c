/*
 * hash-experiment: prints tree hashes.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/progress.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/base/workers.h"
#include "lib/exp/record/exp-or-dir.h"
#include "lib/exp/pack/hash-cache.h"
#include "lib/exp/pack/hash-dir.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/json.h"

static const char *const usage[] = {
	"hash-experiment [--json] [--record] [--no-cache] [-j N] [-z] "
		"EXP|DIR...",
	"hash-experiment [--json] [--record] [--no-cache] [-j N] [-z] --stdin",
	NULL
};

struct hash_options {
	int json, record, no_cache, nul, from_stdin, jobs;
};

static struct value *skipped_list(const struct dir_hash *hash)
{
	struct value *list = value_new_list();
	size_t i;

	for (i = 0; i < hash->skipped.nr; i++)
		value_list_add(list, value_new_str(hash->skipped.v[i]));
	return list;
}

static void print_json(struct strbuf *out, const char *name,
		       const struct dir_hash *hash)
{
	struct value *object = value_new_map();
	struct strbuf hex = STRBUF_INIT;

	value_map_set_str(object, "name", name);
	digest_hex(&hex, hash->tree);
	value_map_set_str(object, "tree", hex.buf);
	strbuf_reset(&hex);
	if (hash->has_record)
		digest_hex(&hex, hash->record);
	value_map_set(object, "record", hash->has_record ?
		      value_new_str(hex.buf) : value_new_null());
	value_map_set_int(object, "entries", (int64_t)hash->entries);
	value_map_set_int(object, "bytes", (int64_t)hash->bytes);
	value_map_set(object, "skipped", skipped_list(hash));
	json_write(out, object);
	value_free(object);
	strbuf_release(&hex);
}

static void print_line(struct strbuf *out, const char *name,
		       const struct dir_hash *hash,
		       const struct hash_options *o)
{
	digest_hex(out, hash->tree);
	strbuf_addch(out, '\t');
	if (o->nul)
		strbuf_addstr(out, name);
	else
		quote_c(out, name, strlen(name));
	if (!o->record)
		return;
	strbuf_addch(out, '\t');
	if (hash->has_record)
		digest_hex(out, hash->record);
	else
		strbuf_addch(out, '-');
}

static void print(const char *name, const struct dir_hash *hash,
		  const struct hash_options *o)
{
	struct strbuf out = STRBUF_INIT, shown = STRBUF_INIT;
	size_t i;

	quote_c(&shown, name, strlen(name));
	for (i = 0; i < hash->skipped.nr; i++)
		warning("'%s' in '%s' is not hashed", hash->skipped.v[i],
			shown.buf);
	if (o->json)
		print_json(&out, name, hash);
	else
		print_line(&out, name, hash, o);
	strbuf_addch(&out, o->nul ? '\0' : '\n');
	out_text(out.buf, out.len);
	/* The next one may take long. */
	out_flush();
	strbuf_release(&shown);
	strbuf_release(&out);
}

/* For items_each(). */
static int hash_one(const char *arg, void *data)
{
	const struct hash_options *o = data;
	struct strbuf name = STRBUF_INIT, path = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	struct dir_hash hash = DIR_HASH_INIT;
	struct hash_cache *cache = NULL;
	struct progress *progress;
	int ret;

	ret = exp_or_dir(the_project, arg, &name, &path, &err);
	if (ret)
		goto cleanup;
	/* Other directories are not kept track of by anybody. */
	if (name.len && !o->no_cache)
		cache = hash_cache_open(the_project, name.buf);
	progress = progress_start(_("Hashing"), 0, 0);
	ret = hash_dir(&hash, path.buf, (unsigned)o->jobs, cache, progress,
		       &err);
	progress_stop(&progress);
	if (ret)
		goto cleanup;
	hash_cache_close(cache);
	cache = NULL;
	print(name.len ? name.buf : arg, &hash, o);

cleanup:
	if (ret)
		error("%s", err.buf);
	hash_cache_drop(cache);
	dir_hash_release(&hash);
	strbuf_release(&err);
	strbuf_release(&path);
	strbuf_release(&name);
	return ret;
}

int cmd_hash_experiment(int argc, const char **argv)
{
	struct hash_options o = { 0 };
	const struct option options[] = {
		OPT_JSON_LINES(&o.json),
		OPT_BOOL(0, "record", &o.record,
			 "print the hash of the record, too"),
		OPT_BOOL(0, "no-cache", &o.no_cache,
			 "read every file, and remember nothing"),
		OPT_NUMBER('j', "jobs", &o.jobs, "N",
			   "threads; 0: one for each processor"),
		OPT_BOOL(0, "stdin", &o.from_stdin,
			 "read EXP or DIR from standard input, one a line"),
		OPT_NUL(&o.nul),
		OPT_END_OF_TABLE
	};
	struct items items = { 0 };
	struct strbuf err = STRBUF_INIT;
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc == !o.from_stdin)
		usage_with_options(usage, options, argc ?
				   "--stdin takes no arguments" :
				   N_("which experiment or directory?"));
	ret = items_each(&items, argv, o.from_stdin ? stdin : NULL,
			 o.nul ? '\0' : '\n', hash_one, &o, &err);
	if (ret)
		error("%s", err.buf);
	strbuf_release(&err);
	return ret ? exit_status_of(ret) : items_status(&items);
}
