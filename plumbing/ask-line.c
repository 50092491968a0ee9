#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/term.h"
#include "lib/wrap/editline.h"

#define CANDIDATES_MAX_BYTES (64u << 20)

static const char *const ask_line_usage[] = {
	"ask-line [--default=TEXT] [--complete-from=FILE] PROMPT",
	NULL
};

/* One a line; empty lines are none. */
static int read_candidates(struct strvec *out, const char *path,
			   struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	const char *p;
	int ret;

	ret = read_file(&text, path, CANDIDATES_MAX_BYTES, err);
	for (p = text.buf; !ret && *p; ) {
		size_t len = strcspn(p, "\n");

		if (len)
			strvec_pushn(out, p, len);
		p += len + (p[len] == '\n');
	}
	strbuf_release(&text);
	return ret;
}

int cmd_ask_line(int argc, const char **argv)
{
	const char *otherwise = NULL, *complete_from = NULL;
	const struct option options[] = {
		OPT_STRING(0, "default", &otherwise, "TEXT",
			   "the answer to begin with, to be edited"),
		{ .type = OPTION_STRING, .name = "complete-from",
		  .value = &complete_from, .argh = "FILE", .arg = ARG_FILE,
		  .help = "answers that Tab, Up and Down offer, one a line" },
		OPT_END_OF_TABLE
	};
	struct strvec candidates = STRVEC_INIT;
	struct strbuf answer = STRBUF_INIT, err = STRBUF_INIT;
	struct strbuf prompt = STRBUF_INIT;
	int ret, status = 0;

	argc = parse_options(argc, argv, options, ask_line_usage, 0);
	if (!argc)
		usage_with_options(ask_line_usage, options,
				   "PROMPT is missing");
	if (argc > 1)
		usage_with_options(ask_line_usage, options,
				   "unexpected argument '%s'", argv[1]);

	if (complete_from) {
		ret = read_candidates(&candidates, complete_from, &err);
		if (ret)
			goto cleanup;
	}
	if (!term_is_interactive()) {
		ret = fail(&err, ERR_NO, "there is nobody to ask: standard "
			   "input and error must be a terminal");
		goto cleanup;
	}
	quote_terminal(&prompt, argv[0], strlen(argv[0]));
	ret = editline_ask(&answer, prompt.buf, otherwise, &candidates, &err);
	if (ret == 1) {
		out_printf("%s\n", answer.buf);
		ret = 0;
	} else if (ret == 0) {
		status = EXIT_NO;
	} else if (ret == ERR_NO) {
		status = 128 + SIGINT;
		ret = 0;
	}

cleanup:
	if (ret) {
		error("%s", err.buf);
		status = exit_status_of(ret);
	}
	strvec_release(&candidates);
	strbuf_release(&answer);
	strbuf_release(&prompt);
	strbuf_release(&err);
	return status;
}
