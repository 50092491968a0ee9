/*
 * verify-pack: says whether packs are what they promise to be.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/progress.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/base/workers.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/pack/pack-verify.h"
#include "lib/sync/pack-arg.h"
#include "lib/sync/remote-pack.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/json.h"
#include "command.h"

static const char *const usage[] = {
	"verify-pack [--remote R] [--quick] [--json] [-j N] [-z] "
		"[--max-size=SIZE] [--max-entries=N] FILE|EXP...",
	NULL
};

struct verify_options {
	int quick, json, nul, jobs;
	struct pack_arg arg;
};

/* A thread that waits for a store does nothing else meanwhile. */
#define REMOTE_THREADS 8u

/* What one pack is, as far as it is known. */
struct verdict {
	const char *file;
	const struct pack *pack;	/* NULL: it could not be opened */
	unsigned char tree[DIGEST_RAWSZ];
	bool has_tree;
	struct value *problems;		/* a list */
};

static void note(const char *sentence, void *data)
{
	struct verdict *v = data;

	error("%s", sentence);
	value_list_add(v->problems, value_new_text(sentence,
						   strlen(sentence)));
}

static void print_json(struct strbuf *out, struct verdict *v,
		       bool good)
{
	struct value *object = value_new_map();
	struct strbuf hex = STRBUF_INIT;

	if (v->has_tree)
		digest_hex(&hex, v->tree);
	value_map_set(object, "file",
		      value_new_text(v->file, strlen(v->file)));
	value_map_set(object, "good", value_new_bool(good));
	value_map_set(object, "tree", v->has_tree ? value_new_str(hex.buf) :
						    value_new_null());
	value_map_set(object, "entries", v->pack ?
		      value_new_int((int64_t)v->pack->nr) : value_new_null());
	value_map_set(object, "bytes", v->pack ?
		      value_new_int((int64_t)v->pack->size) :
		      value_new_null());
	value_map_set(object, "problems", v->problems);
	v->problems = NULL;
	json_write(out, object);
	value_free(object);
	strbuf_release(&hex);
}

static void print(struct verdict *v, const struct verify_options *o, bool good)
{
	struct strbuf out = STRBUF_INIT;

	if (o->json) {
		print_json(&out, v, good);
	} else if (good && v->has_tree) {
		digest_hex(&out, v->tree);
		strbuf_addch(&out, '\t');
		if (o->nul)
			strbuf_addstr(&out, v->file);
		else
			quote_c(&out, v->file, strlen(v->file));
	}
	if (out.len)
		strbuf_addch(&out, o->nul ? '\0' : '\n');
	out_text(out.buf, out.len);
	out_flush();		/* the next one may take long */
	strbuf_release(&out);
}

static unsigned count_threads(const struct verify_options *o)
{
	if (o->jobs || !o->arg.is_remote)
		return (unsigned)o->jobs;
	return MAXIMUM(workers_default(), REMOTE_THREADS);
}

/* For items_each(). */
static int verify_one(const char *file, void *data)
{
	struct verify_options *o = data;
	struct verdict v = { .file = file, .problems = value_new_list() };
	struct strbuf err = STRBUF_INIT;
	struct progress *progress;
	struct pack *p;
	int ret;

	ret = pack_arg_open(&p, &o->arg, file, &err);
	if (o->arg.name.len)
		v.file = o->arg.name.buf;
	if (!ret) {
		v.pack = p;
		if (o->arg.is_remote && !o->quick)
			remote_pack_read_all(p->source);
		progress = progress_start(_("Verifying"), p->nr,
					  o->quick ? 0 : p->size);
		ret = pack_verify(p, count_threads(o),
				  o->quick ? PACK_VERIFY_QUICK : 0, v.tree,
				  progress, note, &v, &err);
		progress_stop(&progress);
		v.has_tree = !ret && !o->quick;
	}
	if (err.len)
		note(err.buf, &v);
	print(&v, o, !ret);
	pack_close(p);
	value_free(v.problems);
	strbuf_release(&err);
	return ret;
}

int cmd_verify_pack(int argc, const char **argv)
{
	struct verify_options o = { .arg = PACK_ARG_INIT };
	struct items items = { 0 };
	struct strbuf err = STRBUF_INIT;
	const struct option options[] = {
		OPT_STRING(0, "remote", &o.arg.remote_name, "R",
			   "of experiments: their remote, or a store's URL"),
		OPT_BOOL(0, "quick", &o.quick, "check the headers only"),
		OPT_BOOL(0, "json", &o.json, "one JSON object a pack"),
		OPT_NUMBER('j', "jobs", &o.jobs, "N",
			   "threads; 0: one for each processor"),
		OPT_NUL(&o.nul),
		OPT_PACK_LIMITS(&o.arg.limits),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc)
		usage_with_options(usage, options, "which pack?");
	o.arg.project = the_project;
	if (items_each(&items, argv, NULL, '\n', verify_one, &o, &err))
		die("%s", err.buf);
	pack_arg_release(&o.arg);
	strbuf_release(&err);
	return items_status(&items);
}
