#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/key-glob.h"
#include "lib/base/strbuf.h"
#include "lib/exp/store/key-scope.h"
#include "lib/exp/conf/project.h"
#include "command.h"
#include "plumbing/key-options.h"

/* Where the project's results lie, as a key. */
static int find_results(struct key_options *o, const char *root,
			struct strbuf *err)
{
	char *top;

	if (!the_project)
		return 0;
	top = realpath(root, NULL);
	if (!top)
		return fail_errno(err, "cannot find '%s'", root);
	if (key_scope_results(&o->results, the_project->results_path, top))
		o->scope.results = o->results.buf;
	free(top);
	return 0;
}

int key_options_begin(struct key_options *o, const char *pattern,
		      const char *root, struct strbuf *err)
{
	int ret = key_glob_new(&o->glob, pattern, err);

	if (ret)
		return ret;
	if (key_glob_is_odd(o->glob))
		warning("a '[' in '%s' stands for itself, as its ']' is "
			"missing", pattern);
	o->scope.glob = o->glob;
	o->scope.packs = o->packs;
	return find_results(o, root ? root : ".", err);
}

void key_options_release(struct key_options *o)
{
	key_glob_free(o->glob);
	strbuf_release(&o->results);
}
