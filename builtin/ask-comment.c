#include "lib/base/compat.h"
#include "builtin/ask-comment.h"

#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/base/strvec.h"
#include "lib/base/tempfile.h"
#include "lib/base/term.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/redact-record.h"

#define ANSWER_MAX_BYTES (64 * 1024)

/* The comments go through a file: there may be more than fit into argv. */
static int write_candidates(struct strbuf *path, struct tempfile **scratch,
			    const struct project *p, struct strbuf *err)
{
	struct strvec comments = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	size_t i;
	int ret;

	ret = exp_list_comments(p, &comments, err);
	if (ret)
		goto cleanup;
	for (i = 0; i < comments.nr; i++)
		strbuf_addf(&text, "%s\n", comments.v[i]);
	ret = tempfile_scratch_dir(scratch, err);
	if (ret)
		goto cleanup;
	strbuf_addf(path, "%s/comments", tempfile_path(*scratch));
	ret = write_file_atomic(path->buf, text.buf, text.len, 0600, 0, err);

cleanup:
	strvec_release(&comments);
	strbuf_release(&text);
	return ret;
}

/* libedit is costly to load, so it lives in another program: see
 * command-list.h. */
int ask_line(struct strbuf *out, const char *prompt, const char *candidates,
	     struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	int fd, status, ret;

	child.resutil_cmd = 1;
	child.out = -1;
	strvec_push(&child.args, "ask-line");
	if (candidates)
		strvec_pushf(&child.args, "--complete-from=%s", candidates);
	strvec_pushl(&child.args, "--", prompt, NULL);
	ret = start_command(&child, err);
	if (ret) {
		child_process_release(&child);
		return ret;
	}
	fd = child.out;
	strbuf_reset(out);
	ret = strbuf_read_fd(out, fd, ANSWER_MAX_BYTES);
	close(fd);
	status = finish_command(&child);
	if (ret)
		return fail(err, ERR_FAILED, "cannot read the answer");
	if (status)
		return fail(err, ERR_NO, "no answer was given");
	if (out->len && out->buf[out->len - 1] == '\n')
		strbuf_setlen(out, out->len - 1);
	return 0;
}

static int check(const char *comment, size_t len, struct strbuf *err)
{
	int ret = name_check_comment(comment, len, err);

	return ret ? ret : record_check_public(comment, err);
}

/* Until the answer is a comment. */
static int ask_comment(const struct project *p, struct strbuf *out,
		       struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	struct tempfile *scratch = NULL;
	const char *prompt = _("Comment (Tab completes, Enter for none): ");
	int ret;

	ret = write_candidates(&path, &scratch, p, err);
	while (!ret) {
		ret = ask_line(out, prompt, path.buf, err);
		if (ret || !out->len ||
		    !check(out->buf, out->len, &why))
			break;
		say("%s", why.buf);
		strbuf_reset(&why);
	}
	tempfile_delete(&scratch);
	strbuf_release(&path);
	strbuf_release(&why);
	return ret;
}

int choose_comment(const struct project *p, const char **comment,
		   struct strbuf *asked, struct strbuf *err)
{
	bool prompt = true;
	int ret;

	if (!*comment)
		*comment = getenv("RESUTIL_COMMENT");
	if (*comment)
		return check(*comment, strlen(*comment), err);
	ret = settings_get_bool("run.prompt", true, &prompt, err);
	if (ret || !prompt || !term_is_interactive())
		return ret;
	ret = ask_comment(p, asked, err);
	if (!ret)
		*comment = asked->buf;
	return ret;
}
