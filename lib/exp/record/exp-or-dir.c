#include "lib/base/compat.h"
#include "lib/exp/record/exp-or-dir.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/conf/project.h"

/* The experiment whose own directory `dir` is; what lies deeper in one is a
 * directory like any other. */
static bool find_own_dir(const struct project *p, const char *dir,
			 struct strbuf *name)
{
	struct strbuf cwd = STRBUF_INIT, first = STRBUF_INIT;
	struct strbuf rest = STRBUF_INIT;
	bool have_cwd = !path_cwd(&cwd, NULL);
	bool found;

	found = exp_split_path(p, have_cwd ? cwd.buf : NULL, dir, &first,
			       &rest) &&
		!rest.len && exp_is_here(p, first.buf);
	if (found)
		strbuf_addbuf(name, &first);
	strbuf_release(&rest);
	strbuf_release(&first);
	strbuf_release(&cwd);
	return found;
}

static int no_such(const char *arg, bool in_project, struct strbuf *err)
{
	struct strbuf shown = STRBUF_INIT;
	int ret;

	quote_terminal(&shown, arg, strlen(arg));
	ret = fail(err, ERR_NOT_FOUND, in_project ?
		   "there is no experiment and no directory '%s' here" :
		   N_("there is no directory '%s'"), shown.buf);
	strbuf_release(&shown);
	return ret;
}

int exp_or_dir(const struct project *p, const char *arg, struct strbuf *name,
	       struct strbuf *path, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	bool is_path = strchr(arg, '/') || !strcmp(arg, ".") ||
		       !strcmp(arg, "..");
	bool is_dir = path_is_dir(arg);
	int ret = ERR_NOT_FOUND;

	if (p && is_path && is_dir)
		ret = find_own_dir(p, arg, name) ? 0 : ERR_NOT_FOUND;
	else if (p)
		ret = exp_find(p, arg, name, &why);

	if (!ret) {
		project_exp_path(p, name->buf, path);
	} else if (ret == ERR_NOT_FOUND && is_dir) {
		strbuf_addstr(path, arg);
		ret = 0;
	} else if (ret == ERR_NOT_FOUND && (!p || *arg != '@')) {
		ret = no_such(arg, p != NULL, err);
	} else {
		ret = fail(err, ret, "%s", why.buf);
	}
	strbuf_release(&why);
	return ret;
}
