#include "lib/base/compat.h"
#include "lib/exp/record/exp-rename.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/exp/record/exp-rest.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/partial.h"

static int move(const struct project *p, const char *from, const char *to,
		struct strbuf *err)
{
	struct strbuf old = STRBUF_INIT, new = STRBUF_INIT;
	int ret = 0;

	project_exp_path(p, from, &old);
	project_exp_path(p, to, &new);
	if (sys_rename_noreplace(old.buf, new.buf)) {
		if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
			ret = fail(err, ERR_CONFLICT, "cannot rename '%s': "
				   "'%s' is here already", from, to);
		else
			ret = fail_errno(err, "cannot rename '%s' to '%s'",
					 from, to);
	} else if (sys_fsync_dir(p->results_path)) {
		ret = fail_errno(err, "cannot sync directory '%s'",
				 p->results_path);
	}
	strbuf_release(&new);
	strbuf_release(&old);
	return ret;
}

int exp_rename_local(const struct project *p, const char *from,
		     const char *to, struct strbuf *err)
{
	struct live *lock = NULL;
	bool partial;
	int ret, mark = -1;

	if (!name_is_valid(from) || !name_is_valid(to))
		BUG("'%s' or '%s' is no name of an experiment", from, to);
	ret = exp_rest_take(&lock, p, from, 0, err);
	if (ret)
		return ret;
	/* It must not look whole at any moment. */
	partial = partial_is(p, from);
	if (partial)
		ret = partial_mark(p, to, &mark, err);
	if (!ret)
		ret = move(p, from, to, err);
	/* A mark without an experiment means nothing, so no failure counts. */
	if (partial && !ret)
		partial_clear(p, from, NULL);
	if (mark >= 0)
		close(mark);
	live_unlock_writer(&lock);
	return ret;
}
