#include "lib/base/compat.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

int git_tracked_files(struct strvec *out, const char *dir, struct strbuf *err)
{
	struct strbuf top = STRBUF_INIT, text = STRBUF_INIT;
	struct strbuf complaint = STRBUF_INIT;
	struct child_process child;
	const char *p;
	int ret = 0;

	if (!git_find_top(&top, dir))
		goto cleanup;
	git_child(&child, dir, NULL);
	strvec_pushl(&child.args, "ls-files", "-z", NULL);
	ret = pipe_command(&child, NULL, 0, &text, &complaint, GIT_MAX_LIST,
			   err);
	if (ret > 0 && strstr(complaint.buf, "not a git repository (or any")) {
		ret = 0;
		goto cleanup;
	}
	if (ret > 0) {
		complaint.buf[strcspn(complaint.buf, "\n")] = '\0';
		ret = fail(err, ERR_FAILED,
			   "cannot list what git tracks in '%s': %s", dir,
			   complaint.buf);
	}
	if (ret)
		goto cleanup;
	for (p = text.buf; p < text.buf + text.len; p += strlen(p) + 1)
		strvec_push(out, p);
	strvec_sort(out, true);

cleanup:
	strbuf_release(&top);
	strbuf_release(&text);
	strbuf_release(&complaint);
	return ret;
}
