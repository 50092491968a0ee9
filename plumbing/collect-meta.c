/*
 * collect-meta: prints what is known of this machine and process, and of what
 * a command would use here.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/exp/recording/meta.h"
#include "lib/exp/recording/meta-run.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/record-changes.h"
#include "lib/exp/record/redact-record.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml.h"
#include "command.h"

#define MAX_REQUEST (1u << 20)

static const char *const usage[] = {
	"collect-meta [--json] [--git=FILE] [PROVIDER...] [-- CMD...]",
	NULL
};

static void print(const struct value *meta, bool json)
{
	struct strbuf text = STRBUF_INIT;

	if (json) {
		json_write(&text, meta);
		strbuf_addch(&text, '\n');
	} else {
		yaml_write(&text, meta);
	}
	out_text(text.buf, text.len);
	strbuf_release(&text);
}

/*
 * --beside: what a recorder starts (meta-run.h). One line on stdin says what is
 * wanted, and the end of stdin that it is no longer.
 */
static int answer_beside(struct strbuf *err)
{
	struct value *request = NULL, *answer = NULL;
	struct strbuf line = STRBUF_INIT;
	char c;
	int ret;

	/* byte by byte: what comes behind the line is the sign to stop */
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n' &&
	       line.len < MAX_REQUEST)
		strbuf_addch(&line, c);
	ret = json_parse(&request, line.buf, line.len, "request", err);
	if (!ret)
		ret = meta_answer(request, the_project, STDIN_FILENO, &answer,
				  err);
	if (!ret)
		print(answer, true);
	value_free(request);
	value_free(answer);
	strbuf_release(&line);
	return ret;
}

/* git is asked where the answer is not given. */
static int add_git(struct value *meta, const char *file, struct strbuf *err)
{
	struct strbuf repo = STRBUF_INIT;
	struct value *git = NULL;
	int ret = 0;

	if (file)
		ret = changes_read(&git, file, false, err);
	/* it does not tell the top; only one of a repository has `describe` */
	if (file && value_map_get(git, "describe"))
		meta_find_repo(&repo);
	else if (!file && value_map_get(meta, "git"))
		meta_ask_git(&git, &repo);
	if (!ret)
		meta_add_git(meta, git, repo.len ? repo.buf : NULL);
	value_free(git);
	strbuf_release(&repo);
	return ret;
}

static int collect(const struct strvec *names, const char *const *command,
		   const char *file, bool json, struct strbuf *err)
{
	struct meta_about about = { .project = the_project,
				    .argv = command };
	struct value *all = value_new_map(), *more = value_new_map();
	struct value *meta = NULL;
	struct meta_run *m = NULL;
	int ret;

	ret = meta_start(&m, &about, names, &meta, err);
	if (ret)
		goto cleanup;
	value_map_set(all, "meta", meta);
	if (*meta_notice(m))
		warning("%s", meta_notice(m));
	ret = add_git(meta, file, err);
	if (ret) {
		meta_finish(&m, NULL, 0);
		goto cleanup;
	}
	meta_finish_here(&m, the_project, more);
	record_merge(all, more);
	/* as a record would hold it */
	record_redact_new(all);
	print(value_map_get(all, "meta"), json);

cleanup:
	value_free(all);
	value_free(more);
	return ret;
}

int cmd_collect_meta(int argc, const char **argv)
{
	const char *file = NULL;
	int json = 0, beside = 0, ret, i;
	const struct option options[] = {
		OPT_BOOL(0, "json", &json, "one JSON object on one line"),
		OPT_STRING(0, "git", &file, "FILE",
			   "code state, a map as snapshot-code prints it"),
		{ .type = OPTION_BOOL, .name = "beside", .value = &beside,
		  .help = "answer a recorder",
		  .flags = OPT_HIDDEN | OPT_NO_NEG },
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	struct strvec names = STRVEC_INIT;
	const char *const *command = NULL;

	argc = parse_options(argc, argv, options, usage, PARSE_KEEP_DASHDASH);
	for (i = 0; i < argc && strcmp(argv[i], "--"); i++)
		strvec_push(&names, argv[i]);
	if (i < argc && argv[i + 1])
		command = argv + i + 1;
	if (beside)
		ret = answer_beside(&err);
	else
		ret = collect(names.nr ? &names : NULL, command, file, json,
			      &err);
	if (ret)
		error("%s", err.buf);
	strvec_release(&names);
	strbuf_release(&err);
	return exit_status_of(ret);
}
