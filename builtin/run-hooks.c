#include "lib/base/compat.h"
#include "command.h"
#include "builtin/run-hooks.h"

#include "builtin/around-run.h"
#include "builtin/call-hooks.h"

static int add_preview(struct strbuf *in, struct run *r, struct strbuf *err)
{
	struct value *params = r->file_params ? run_params(r) : NULL;
	const struct run_preview preview = {
		.argv = r->argv, .cwd = r->cwd.buf, .comment = r->rec.comment,
		.tid = r->again.tid, .params = params, .more = r->more,
		.deps = &r->deps, .git_options = &r->git_options
	};
	int ret = run_preview_add(in, &preview, err);

	value_free(params);
	return ret;
}

int run_pre_hooks(struct run *r, const struct own_hooks *h,
		  struct strbuf *err)
{
	struct strbuf in = STRBUF_INIT;
	int ret = 0;

	if (r->again.kind == RUN_RESUME)
		call_hooks_add_record(&in, r->again.name.buf);
	else
		ret = add_preview(&in, r, err);
	if (!ret)
		ret = run_call_pre(h, &in, err);
	strbuf_release(&in);
	return ret;
}
