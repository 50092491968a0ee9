/*
 * snapshot-code: copies the state of the code into a directory.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/git/git-state.h"
#include "lib/exp/conf/project.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml.h"
#include "command.h"

static const char *const usage[] = {
	"snapshot-code [--json] [--treeish] DIR",
	"snapshot-code -n [-z]",
	NULL
};

/* size TAB "captured", "deleted" or why not TAB path */
static int list_changes(struct git_state *state, bool nul, struct strbuf *err)
{
	const struct git_change *list;
	struct strbuf line = STRBUF_INIT;
	size_t nr, i;
	int ret;

	ret = git_state_changes(state, &list, &nr, err);
	for (i = 0; i < nr && !ret; i++) {
		strbuf_reset(&line);
		strbuf_addf(&line, "%" PRIu64 "\t%s\t", list[i].size,
			    list[i].left_out ? list[i].left_out :
			    list[i].deleted ? "deleted" : "captured");
		if (nul)
			strbuf_addstr(&line, list[i].path);
		else
			quote_c(&line, list[i].path, strlen(list[i].path));
		strbuf_addch(&line, nul ? '\0' : '\n');
		out_text(line.buf, line.len);
	}
	strbuf_release(&line);
	return ret;
}

static int capture(struct git_state *state, const char *dir, bool json,
		   struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	struct value *git = NULL;
	size_t nr_files;
	int ret;

	ret = git_state_capture(state, dir, &git, &nr_files, err);
	if (!ret) {
		if (json)
			json_write(&text, git);
		else
			yaml_write(&text, git);
		if (text.len && text.buf[text.len - 1] != '\n')
			strbuf_addch(&text, '\n');
		out_text(text.buf, text.len);
	}
	value_free(git);
	strbuf_release(&text);
	return ret;
}

int cmd_snapshot_code(int argc, const char **argv)
{
	int dry_run = 0, json = 0, treeish = -1, nul = 0;
	const struct option options[] = {
		OPT_BOOL('n', "dry-run", &dry_run,
			 "list what would be captured, copy nothing"),
		OPT_BOOL(0, "json", &json, "print JSON instead of YAML"),
		OPT_BOOL(0, "treeish", &treeish,
			 "also work out the tree that the work tree would be"),
		OPT_BOOL('z', NULL, &nul,
			 "with -n: end records with NUL, quote nothing"),
		OPT_END_OF_TABLE
	};
	struct git_state_options opts;
	struct git_state *state = NULL;
	struct strbuf err = STRBUF_INIT;
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != !dry_run)
		usage_with_options(usage, options, dry_run ?
				   "-n takes no DIR" : N_("one DIR is needed"));
	if (!dry_run && nul)
		usage_with_options(usage, options, "-z goes with -n");
	if (!dry_run && !path_is_dir(argv[0])) {
		ret = fail(&err, ERR_NOT_FOUND, "no directory '%s'", argv[0]);
		goto cleanup;
	}
	ret = git_state_options_init(&opts, the_project, &err);
	if (ret)
		goto cleanup;
	if (treeish >= 0)
		opts.treeish = treeish;
	ret = git_state_start(&state, &opts, &err);
	if (!ret)
		ret = dry_run ? list_changes(state, nul, &err) :
				capture(state, argv[0], json, &err);

cleanup:
	git_state_free(state);
	if (ret)
		error("%s", err.buf);
	strbuf_release(&err);
	return exit_status_of(ret);
}
