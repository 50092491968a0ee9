/*
 * pack-exp: writes the zip of one experiment.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/progress.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-or-dir.h"
#include "lib/exp/pack/hash-cache.h"
#include "lib/exp/record/live.h"
#include "lib/exp/pack/pack-level.h"
#include "lib/exp/pack/pack-write.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/json.h"
#include "lib/wrap/zstream.h"
#include "command.h"

static const char *const usage[] = {
	"pack-exp [--level N] [-j N] EXP|DIR",
	"pack-exp -o FILE [--json] [--level N] [-j N] EXP|DIR",
	NULL
};

/* Where the pack goes: a new file, or the standard output. */
struct target {
	const char *path;	/* "": the standard output */
	struct tempfile *file;
};

static int write_file(void *data, const void *buf, size_t len,
		      struct strbuf *err)
{
	struct target *t = data;

	if (!sys_write_all(tempfile_fd(t->file), buf, len))
		return 0;
	fail_errno(err, "cannot write '%s'", tempfile_path(t->file));
	return ERR_FAILED;
}

static int restart_file(void *data, struct strbuf *err)
{
	struct target *t = data;
	int fd = tempfile_fd(t->file);

	if (!sys_ftruncate(fd, 0) && !lseek(fd, 0, SEEK_SET))
		return 0;
	fail_errno(err, "cannot write '%s' anew", tempfile_path(t->file));
	return ERR_FAILED;
}

static int write_stdout(void *data UNUSED, const void *buf, size_t len,
			struct strbuf *err)
{
	if (!sys_write_all(STDOUT_FILENO, buf, len))
		return 0;
	fail_errno(err, "cannot write to the standard output");
	return ERR_FAILED;
}

/* What is written into the tree that is packed would become a part of it.
 * place: what of `file` counts. */
static int check_outside(const char *file, const char *place, const char *dir,
			 struct strbuf *err)
{
	struct strbuf real = STRBUF_INIT, real_dir = STRBUF_INIT;
	int ret = 0;

	path_real(&real, place);
	path_real(&real_dir, dir);
	if (path_below(real.buf, real_dir.buf))
		ret = fail(err, ERR_USAGE, "'%s' lies in '%s' and would be "
			   "packed into itself; write it elsewhere", file, dir);
	strbuf_release(&real_dir);
	strbuf_release(&real);
	return ret;
}

/* The directory's real path counts, not that of a link which is replaced. */
static int check_file(const char *path, const char *dir, struct strbuf *err)
{
	struct strbuf parent = STRBUF_INIT;
	size_t len = strlen(path) - strlen(path_basename(path));
	struct stat st;
	int ret;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return fail(err, ERR_FAILED, "'%s' is a directory; -o takes "
			    "the name of a file", path);
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return fail(err, ERR_FAILED, "'%s' is no regular file; without "
			    "-o the pack goes to the standard output", path);
	strbuf_add(&parent, path, len);
	ret = check_outside(path, len ? parent.buf : ".", dir, err);
	strbuf_release(&parent);
	return ret;
}

static int check_stdout(const char *dir, struct strbuf *err)
{
	char path[PATH_MAX];
	struct stat st;
	ssize_t len;

	if (fstat(STDOUT_FILENO, &st) || !S_ISREG(st.st_mode))
		return 0;
	len = readlink("/proc/self/fd/1", path, sizeof(path) - 1);
	if (len < 0)
		return 0;
	path[len] = '\0';
	return check_outside(path, path, dir, err);
}

/* Whether a program may still be writing to the experiment. */
static bool is_live(const char *dir)
{
	struct value *record = NULL;
	enum live_state state = LIVE_FINAL;

	if (!record_read(&record, dir, NULL))
		state = live_state_of(the_project, record);
	value_free(record);
	return state == LIVE_RUNNING || state == LIVE_UNATTENDED ||
	       state == LIVE_ELSEWHERE;
}

static void set_hash(struct value *map, const char *key,
		     const unsigned char *raw)
{
	struct strbuf hex = STRBUF_INIT;

	digest_hex(&hex, raw);
	value_map_set_str(map, key, hex.buf);
	strbuf_release(&hex);
}

static void print_json(const struct pack_result *r, const char *name,
		       const char *dir, const char *file)
{
	struct value *map = value_new_map(), *skipped = value_new_list();
	struct strbuf line = STRBUF_INIT;
	size_t i;

	value_map_set(map, "name", *name ? value_new_str(name) :
					   value_new_null());
	value_map_set(map, "dir", value_new_text(dir, strlen(dir)));
	value_map_set(map, "file", value_new_text(file, strlen(file)));
	set_hash(map, "tree", r->info.tree);
	if (r->info.has_record)
		set_hash(map, "record", r->info.record);
	else
		value_map_set(map, "record", value_new_null());
	value_map_set(map, "id", *r->info.id ? value_new_str(r->info.id) :
					       value_new_null());
	value_map_set(map, "revision", r->info.revision ?
		      value_new_int((int64_t)r->info.revision) :
		      value_new_null());
	value_map_set_int(map, "entries", (int64_t)r->entries);
	value_map_set_int(map, "bytes", (int64_t)r->bytes);
	value_map_set_int(map, "packed", (int64_t)r->packed);
	for (i = 0; i < r->skipped.nr; i++)
		value_list_add(skipped, value_new_str(r->skipped.v[i]));
	value_map_set(map, "skipped", skipped);
	json_write(&line, map);
	out_printf("%s\n", line.buf);
	strbuf_release(&line);
	value_free(map);
}

static int pack(struct target *t, const char *dir,
		const struct pack_options *o, struct pack_result *r,
		struct strbuf *err)
{
	struct pack_sink sink = { .write = write_stdout, .data = t };
	size_t i;
	int ret;

	if (*t->path) {
		ret = tempfile_create(&t->file, t->path, 0666, err);
		if (ret)
			return ret;
		sink.write = write_file;
		sink.restart = restart_file;
	}
	ret = pack_write(dir, o, &sink, r, err);
	if (!ret && t->file)
		ret = tempfile_commit(&t->file, t->path, TEMPFILE_SYNC, err);
	tempfile_delete(&t->file);
	for (i = 0; !ret && i < r->skipped.nr; i++)
		warning("left out '%s'", r->skipped.v[i]);
	return ret;
}

static int pack_arg(const char *arg, struct target *t,
		    struct pack_options *o, int level, int json,
		    struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT, dir = STRBUF_INIT;
	struct pack_result result = PACK_RESULT_INIT;
	int ret;

	ret = pack_level_read(level, &o->level, err);
	if (!ret)
		ret = exp_or_dir(the_project, arg, &name, &dir, err);
	if (!ret)
		ret = *t->path ? check_file(t->path, dir.buf, err) :
				 check_stdout(dir.buf, err);
	if (ret)
		goto cleanup;
	if (name.len) {
		o->live = is_live(dir.buf);
		o->cache = hash_cache_open(the_project, name.buf);
	}
	o->progress = progress_start(_("Packing"), 0, 0);
	ret = pack(t, dir.buf, o, &result, err);
	progress_stop(&o->progress);
	if (ret)
		hash_cache_drop(o->cache);
	else
		hash_cache_close(o->cache);
	if (!ret && json)
		print_json(&result, name.buf, dir.buf, t->path);

cleanup:
	pack_result_release(&result);
	strbuf_release(&dir);
	strbuf_release(&name);
	return ret;
}

int cmd_pack_exp(int argc, const char **argv)
{
	static const char none[] = "";
	struct target target = { none, NULL };
	struct pack_options o = { 0 };
	struct strbuf err = STRBUF_INIT;
	int level = PACK_LEVEL_NOT_GIVEN, jobs = 0, json = 0, ret;
	const struct option options[] = {
		{ .type = OPTION_STRING, .letter = 'o', .value = &target.path,
		  .argh = "FILE", .arg = ARG_FILE,
		  .help = "write to FILE, which appears when it is whole" },
		OPT_BOOL(0, "json", &json,
			 "with -o: print what was packed as JSON"),
		OPT_INTEGER(0, "level", &level, "N",
			    "0 (store) to 9 (smallest)"),
		OPT_NUMBER('j', "jobs", &jobs, "N",
			   "use N threads, not one a processor"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 1)
		usage_with_options(usage, options,
				   "one experiment or directory is needed");
	if (target.path != none && !*target.path)
		usage_with_options(usage, options, "-o needs a file");
	if (!strcmp(target.path, "-"))
		target.path = "";
	if (level != PACK_LEVEL_NOT_GIVEN &&
	    (level < 0 || level > ZSTREAM_LEVEL_MAX))
		usage_with_options(usage, options,
				   "--level is a number from 0 to %d",
				   ZSTREAM_LEVEL_MAX);
	if (json && !*target.path)
		usage_with_options(usage, options, "--json goes with -o FILE");
	if (!*target.path && isatty(STDOUT_FILENO))
		usage_with_options(usage, options, "a pack is not for a "
				   "terminal; give -o FILE, or redirect it");
	o.jobs = (unsigned)jobs;
	ret = pack_arg(argv[0], &target, &o, level, json, &err);
	if (ret)
		error("%s", err.buf);
	strbuf_release(&err);
	return exit_status_of(ret);
}
