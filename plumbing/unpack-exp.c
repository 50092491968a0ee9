/*
 * unpack-exp: makes a directory of what a pack holds.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/base/workers.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/pack/pack-unpack.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/json.h"

static const char *const usage[] = {
	"unpack-exp [--json] [-C DIR] [-j N] [--max-size=SIZE] "
		"[--max-entries=N] [--no-space-check] FILE|-",
	NULL
};

/* What the pack's name says, as `git clone` does. False: it says nothing. */
static bool add_default_dir(struct strbuf *out, const char *file)
{
	const char *base = path_basename(file);
	size_t len = strlen(base);

	if (len <= 4 || strcmp(base + len - 4, ".zip"))
		return false;
	strbuf_add(out, base, len - 4);
	return strcmp(out->buf, ".") && strcmp(out->buf, "..");
}

static void add_parent(struct strbuf *out, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	while (len && dir[len - 1] != '/')
		len--;
	if (len)
		strbuf_add(out, dir, len);
	else
		strbuf_addch(out, '.');
}

static void set_hash(struct value *object, const char *key, bool known,
		     const unsigned char *raw)
{
	struct strbuf hex = STRBUF_INIT;

	if (known)
		digest_hex(&hex, raw);
	value_map_set(object, key, known ? value_new_str(hex.buf) :
					   value_new_null());
	strbuf_release(&hex);
}

static void print_json(const struct pack *p, const char *dir)
{
	const struct pack_info *info = &p->info;
	struct value *object = value_new_map();
	struct strbuf out = STRBUF_INIT;

	value_map_set(object, "dir", value_new_text(dir, strlen(dir)));
	value_map_set_int(object, "entries", (int64_t)p->nr);
	value_map_set_int(object, "bytes", (int64_t)p->size);
	set_hash(object, "tree", info->version, info->tree);
	set_hash(object, "record", info->version && info->has_record,
		 info->record);
	value_map_set(object, "id", value_new_str(*info->id ? info->id : NULL));
	value_map_set(object, "revision", info->revision ?
		      value_new_int((int64_t)info->revision) :
		      value_new_null());
	json_write(&out, object);
	strbuf_addch(&out, '\n');
	out_text(out.buf, out.len);
	value_free(object);
	strbuf_release(&out);
}

static int unpack(const char *file, const char *dir, struct pack_limits *limits,
		  struct unpack_options *options, bool json, struct strbuf *err)
{
	struct strbuf parent = STRBUF_INIT;
	struct pack *p = NULL;
	int ret;

	/* Before a pipe is read for nothing. */
	ret = pack_unpack_check(dir, err);
	if (ret)
		goto cleanup;
	/* What comes through a pipe needs the same room, in the same place. */
	add_parent(&parent, dir);
	ret = pack_open_path(&p, file, parent.buf, limits, err);
	if (ret)
		goto cleanup;
	options->progress = progress_start(_("Unpacking"), p->nr, p->size);
	ret = pack_unpack(p, dir, options, err);
	progress_stop(&options->progress);
	if (!ret && json)
		print_json(p, dir);

cleanup:
	pack_close(p);
	strbuf_release(&parent);
	return ret;
}

int cmd_unpack_exp(int argc, const char **argv)
{
	struct pack_limits limits = PACK_LIMITS_INIT;
	struct unpack_options opts = { 0 };
	const char *dir = NULL;
	int json = 0, jobs = 0, no_space_check = 0, ret;
	const struct option options[] = {
		OPT_BOOL(0, "json", &json, "print what was unpacked as JSON"),
		{ .type = OPTION_STRING, .letter = 'C', .value = &dir,
		  .argh = "DIR", .arg = ARG_DIR,
		  .help = "unpack into DIR, absent or empty" },
		OPT_NUMBER('j', "jobs", &jobs, "N",
			   "use N threads; 0: one a processor"),
		OPT_PACK_LIMITS(&limits),
		OPT_BOOL(0, "no-space-check", &no_space_check,
			 "do not ask first whether there is room"),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT, by_name = STRBUF_INIT;

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 1)
		usage_with_options(usage, options, "one FILE is needed");
	if (jobs > WORKERS_MAX)
		usage_with_options(usage, options, "-j is at most %d",
				   WORKERS_MAX);
	if (dir && !*dir)
		usage_with_options(usage, options, "-C needs a directory");
	if (!dir) {
		if (!add_default_dir(&by_name, argv[0]))
			usage_with_options(usage, options, "'%s' does not name "
					   "a directory, give -C DIR", argv[0]);
		dir = by_name.buf;
	}
	opts.jobs = (unsigned)jobs;
	opts.ignore_space = no_space_check;
	ret = unpack(argv[0], dir, &limits, &opts, json, &err);
	if (ret)
		error("%s", err.buf);
	strbuf_release(&by_name);
	strbuf_release(&err);
	return exit_status_of(ret);
}
