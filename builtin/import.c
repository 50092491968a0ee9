/*
 * import: runs that other programs have recorded become experiments.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/import/importing.h"
#include "lib/wrap/json.h"

static const char *const usage[] = {
	"import [-n] [--no-artifacts] [--json] FORMAT DIR...",
	NULL
};

struct importing {
	const struct import_format *format;
	unsigned flags;
	int json;
	size_t counts[3];		/* enum import_result */
	struct items items;
};

static const char *const words[] = {
	[IMPORT_NEW] = "new", [IMPORT_GROWN] = "grown", [IMPORT_SAME] = "same"
};

static void print_json(const struct import_entry *entry,
		       const struct import_outcome *out)
{
	struct value *line = value_new_map(), *problems = value_new_list();
	struct strbuf text = STRBUF_INIT;
	size_t i;

	value_map_set_str(line, "result", words[out->result]);
	value_map_set(line, "name", out->name.len ?
		      value_new_str(out->name.buf) : value_new_null());
	value_map_set_str(line, "id", entry->id);
	value_map_set(line, "path", value_new_text(entry->dir,
						   strlen(entry->dir)));
	for (i = 0; i < out->problems.nr; i++)
		value_list_add(problems,
			       value_new_text(out->problems.v[i],
					      strlen(out->problems.v[i])));
	value_map_set(line, "problems", problems);
	json_write(&text, line);
	out_printf("%s\n", text.buf);
	strbuf_release(&text);
	value_free(line);
}

static void print_one(struct importing *im, const struct import_entry *entry,
		      const struct import_outcome *out)
{
	size_t i;

	im->counts[out->result]++;
	for (i = 0; i < out->problems.nr; i++)
		warning("'%s': %s", entry->dir, out->problems.v[i]);
	if (im->json)
		print_json(entry, out);
	else if (out->result != IMPORT_SAME)
		out_printf("%s\t%s\t%s\n", words[out->result],
			   out->name.len ? out->name.buf : "-", entry->id);
}

static int import_one(struct importing *im, const struct import_entry *entry)
{
	struct import_outcome out = {
		.name = STRBUF_INIT, .problems = STRVEC_INIT
	};
	struct strbuf err = STRBUF_INIT;
	int ret;

	ret = import_run(&out, the_project, im->format, entry, im->flags,
			 &err);
	if (ret)
		error("cannot import '%s': %s", entry->dir, err.buf);
	else
		print_one(im, entry, &out);
	strvec_release(&out.problems);
	strbuf_release(&out.name);
	strbuf_release(&err);
	return ret;
}

/* What is wrong with a directory is an item of its own. */
static void import_dir(struct importing *im, const char *dir)
{
	struct import_entries entries = IMPORT_ENTRIES_INIT;
	struct strbuf err = STRBUF_INIT, path = STRBUF_INIT;
	struct strvec problems = STRVEC_INIT;
	size_t i;
	int ret;

	/* DVCLive's runs are known by where they are: not by way of a link. */
	path_real(&path, dir);
	ret = im->format->find(&entries, path.buf, NULL, &problems, &err);
	for (i = 0; i < problems.nr; i++)
		warning("%s", problems.v[i]);
	if (ret) {
		error("%s", err.buf);
		items_count(&im->items, ret);
	} else if (!entries.nr) {
		warning("no run of %s is below '%s'", im->format->help, dir);
	}
	for (i = 0; i < entries.nr; i++)
		items_count(&im->items, import_one(im, &entries.entry[i]));
	strvec_release(&problems);
	strbuf_release(&path);
	strbuf_release(&err);
	import_entries_release(&entries);
}

static void format_names(struct strbuf *out)
{
	size_t i;

	for (i = 0; import_formats[i]; i++)
		strbuf_addf(out, "%s%s", i ? ", " : "",
			    import_formats[i]->name);
}

static void say_counts(const struct importing *im, bool dry_run)
{
	say(dry_run ? N_("%zu would be new, %zu would grow, %zu the same") :
		      N_("%zu new, %zu grown, %zu the same"),
	    im->counts[IMPORT_NEW], im->counts[IMPORT_GROWN],
	    im->counts[IMPORT_SAME]);
}

int cmd_import(int argc, const char **argv)
{
	struct importing im = { .format = NULL };
	struct strbuf names = STRBUF_INIT;
	int dry_run = 0, no_artifacts = 0, i;
	const struct option options[] = {
		OPT_BOOL('n', "dry-run", &dry_run,
			 "tell what would be new, and make nothing"),
		{ .type = OPTION_BOOL, .name = "no-artifacts",
		  .value = &no_artifacts,
		  .help = "leave out the files that runs have kept" },
		OPT_BOOL(0, "json", &im.json, "one JSON object a run"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	format_names(&names);
	if (argc < 2)
		usage_with_options(usage, options, "a FORMAT (%s) and a DIR "
				   "are needed", names.buf);
	im.format = import_format_find(argv[0]);
	if (!im.format)
		usage_with_options(usage, options, "there is no format '%s'; "
				   "there are %s", argv[0], names.buf);
	strbuf_release(&names);
	im.flags = (dry_run ? IMPORT_DRY_RUN : 0) |
		   (no_artifacts ? IMPORT_NO_FILES : 0);
	for (i = 1; i < argc; i++)
		import_dir(&im, argv[i]);
	if (!im.json)
		say_counts(&im, dry_run);
	return items_status(&im.items);
}
