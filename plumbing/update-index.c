/*
 * update-index: brings the index of runs up to date, says what is in it, and
 * fills that of a remote from its store.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "plumbing/index-remote.h"

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/runs/index.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/runs/runs.h"
#include "lib/wrap/json.h"

static const char *const usage[] = {
	"update-index [--remote R] [--rebuild] [--stats | --json]",
	NULL
};

struct stats {
	struct strbuf path;
	uint64_t bytes;
	bool indexed;
	size_t runs, read, fields, problems;
};

static void find_stats(struct stats *s, const struct runs *runs,
		       const char *remote)
{
	struct stat st;

	s->indexed = runs_are_indexed(runs);
	s->runs = runs_nr(runs);
	s->read += runs_nr_read(runs);
	s->fields = field_names_nr(runs_names(runs));
	s->problems = runs_problems(runs)->nr;
	if (s->indexed &&
	    !index_path(&s->path, the_project, remote, false, NULL) &&
	    !stat(s->path.buf, &st))
		s->bytes = (uint64_t)st.st_size;
}

static void print_stats(const struct stats *s)
{
	out_printf("runs\t%zu\n", s->runs);
	out_printf("read\t%zu\n", s->read);
	out_printf("problems\t%zu\n", s->problems);
	out_printf("fields\t%zu\n", s->fields);
	out_printf("bytes\t%" PRIu64 "\n", s->bytes);
	out_printf("path\t%s\n", s->indexed ? s->path.buf : "");
}

static void print_json(const struct stats *s)
{
	struct value *map = value_new_map();
	struct strbuf line = STRBUF_INIT;

	value_map_set_int(map, "runs", (int64_t)s->runs);
	value_map_set_int(map, "read", (int64_t)s->read);
	value_map_set_int(map, "problems", (int64_t)s->problems);
	value_map_set_int(map, "fields", (int64_t)s->fields);
	value_map_set_int(map, "bytes", (int64_t)s->bytes);
	value_map_set_str(map, "path", s->indexed ? s->path.buf : NULL);
	json_write(&line, map);
	out_printf("%s\n", line.buf);
	strbuf_release(&line);
	value_free(map);
}

static void begin_anew(const char *remote)
{
	struct strbuf path = STRBUF_INIT;

	if (!index_path(&path, the_project, remote, false, NULL))
		index_remove(path.buf);
	strbuf_release(&path);
}

int cmd_update_index(int argc, const char **argv)
{
	const char *remote = NULL;
	int rebuild = 0, stats = 0, json = 0, ret = 0;
	const struct option options[] = {
		OPT_STRING(0, "remote", &remote, "R",
			   "the experiments of that store, which is asked"),
		OPT_BOOL(0, "rebuild", &rebuild,
			 "throw the index away first"),
		OPT_BOOL(0, "stats", &stats, "say what is in it"),
		OPT_BOOL(0, "json", &json, "the same as a line of JSON"),
		OPT_END_OF_TABLE
	};
	struct stats s = { .path = STRBUF_INIT };
	struct strbuf err = STRBUF_INIT;
	struct runs *runs = NULL;
	size_t i;

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options, "'%s' is too much: all "
				   "are in the index", argv[0]);
	if (stats && json)
		usage_with_options(usage, options,
				   "--stats and --json exclude each other");
	if (rebuild)
		begin_anew(remote);
	if (remote)
		ret = index_fill_remote(the_project, remote, &s.read, &err);
	if (!ret)
		ret = runs_open(&runs, the_project, remote, 0, &err);
	if (ret)
		die_code(ret, &err);
	find_stats(&s, runs, remote);
	for (i = 0; i < runs_problems(runs)->nr; i++)
		error("%s", runs_problems(runs)->v[i]);
	if (stats)
		print_stats(&s);
	else if (json)
		print_json(&s);
	ret = s.problems ? EXIT_PARTLY : 0;
	runs_close(runs);
	strbuf_release(&s.path);
	strbuf_release(&err);
	return ret;
}
