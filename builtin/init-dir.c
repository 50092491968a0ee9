#include "lib/base/compat.h"
#include "builtin/store-kind.h"
#include "builtin/store-settings.h"

#include "lib/base/error.h"
#include "lib/base/utf8.h"

static int check_path(const struct init_plan *plan, struct strbuf *answer,
		      struct strbuf *err)
{
	return store_dir_check(answer->buf, plan->root.buf,
			       plan->results_dir.buf, err);
}

/* A directory for this project alone. */
static int find_path(struct init_plan *plan, const char *key UNUSED,
		     struct strbuf *out, struct strbuf *err)
{
	int ret = init_choose_store(plan, err);

	if (!ret)
		strbuf_addbuf(out, &plan->own_store);
	return ret;
}

static int fit(struct value *settings, struct strbuf *err)
{
	size_t i;

	for (i = 0; i < settings->u.map.nr; i++)
		if (strcmp(settings->u.map.pair[i].key, "path"))
			return fail(err, ERR_USAGE, "a store of type 'dir' has "
				    "no '%s', only 'path'; another type is "
				    "chosen with --storage-type",
				    settings->u.map.pair[i].key);
	return 0;
}

static const struct store_setting settings[] = {
	{ .key = "path", .question = "Input directory of the store",
	  .check = check_path, .find = find_path },
	{ .key = NULL }
};

const struct store_kind store_kind_dir = {
	.type = "dir", .is_dir = true, .settings = settings, .fit = fit
};
