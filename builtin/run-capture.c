#include "lib/base/compat.h"
#include "command.h"

#include "builtin/run-capture.h"
#include "lib/base/error.h"
#include "lib/base/run-command.h"

#define LIST_MAX (256u << 20)

void run_capture_release(struct run_capture *c)
{
	strbuf_release(&c->before);
}

static void push_formats(const struct run_capture *c, struct strvec *args)
{
	const char *at = c->formats;
	size_t len;

	while (*at) {
		len = strcspn(at, ",");
		if (len)
			strvec_pushf(args, "--format=%.*s", (int)len, at);
		at += len + (at[len] == ',');
	}
}

static int call(const struct run_capture *c, struct child_process *child,
		const char *cwd, const struct strbuf *in, struct strbuf *out)
{
	struct strbuf err = STRBUF_INIT;
	int status;

	child->resutil_cmd = 1;
	push_formats(c, &child->args);
	strvec_pushl(&child->args, "--", cwd, NULL);
	status = pipe_command(child, in ? in->buf : NULL, in ? in->len : 0,
			      out, NULL, LIST_MAX, &err);
	if (status < 0)
		error("%s", err.buf);
	strbuf_release(&err);
	return status;
}

void run_capture_start(struct run_capture *c, const char *cwd)
{
	struct child_process child = CHILD_PROCESS_INIT;

	if (!c->formats)
		return;
	strvec_pushl(&child.args, "capture-runs", "--list", "-z", NULL);
	c->failed = call(c, &child, cwd, NULL, &c->before) != 0;
	if (c->failed)
		warning(_("nothing will be captured"));
}

bool run_capture_end(struct run_capture *c, const char *cwd, const char *name)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf out = STRBUF_INIT, exp = STRBUF_INIT;
	bool ok;

	if (!c->formats)
		return true;
	if (c->failed)
		return false;
	strbuf_addf(&exp, "--exp=%s", name);
	strvec_pushl(&child.args, "capture-runs", exp.buf, "--before=-", NULL);
	ok = call(c, &child, cwd, &c->before, &out) == 0;
	strbuf_release(&exp);
	strbuf_release(&out);
	return ok;
}
