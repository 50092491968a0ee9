#include "lib/base/compat.h"
#include "builtin/store-settings.h"
#include "builtin/store-kind.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"

#define KEY_MAX 64

int store_settings_read(struct value *out, const struct strvec *pairs,
			struct strbuf *err)
{
	size_t i;

	for (i = 0; i < pairs->nr; i++) {
		const char *text = pairs->v[i];
		size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
		char key[KEY_MAX];

		if (!len || len >= sizeof(key) || text[len] != '=' ||
		    !text[len + 1])
			return fail(err, ERR_USAGE, "'-o %s' is no KEY=VALUE "
				    "(a key of small letters and '_')", text);
		memcpy(key, text, len);
		key[len] = '\0';
		text += len + 1;
		if (!utf8_is_valid(text, strlen(text)))
			return fail(err, ERR_USAGE, "what the conf holds must "
				    "be UTF-8");
		value_map_set_str(out, key, text);
	}
	return 0;
}

int store_settings_fit(struct value *settings, const char *type,
		       struct strbuf *err)
{
	const struct store_kind *kind = store_kind_find(type);

	return kind ? kind->fit(settings, err) : 0;
}

/* A store among the experiments would be one itself, and one that is the
 * project would be packed into its own packs. */
int store_dir_check(const char *path, const char *root,
		    const char *results_dir, struct strbuf *err)
{
	struct strbuf store = STRBUF_INIT, results = STRBUF_INIT;
	int ret = 0;

	path_absolute(&store, root, path);
	path_absolute(&results, root, results_dir);
	if (!strcmp(store.buf, root))
		ret = fail(err, ERR_USAGE, "a store cannot be the project "
			   "itself; choose another directory with -o path=DIR");
	else if (path_below(store.buf, results.buf))
		ret = fail(err, ERR_USAGE, "the store '%s' lies in "
			   "results_dir; choose another directory with -o "
			   "path=DIR", path);
	else if (path_exists(store.buf) && !path_is_dir(store.buf))
		ret = fail(err, ERR_USAGE, "the store '%s' is not a directory; "
			   "choose another one with -o path=DIR", path);
	strbuf_release(&store);
	strbuf_release(&results);
	return ret;
}

/* A conf that is durable must not name a store whose directory is not. */
static int sync_parent(const struct strbuf *part, struct strbuf *err)
{
	size_t len = (size_t)(path_basename(part->buf) - part->buf);
	char *parent = xmemdupz(part->buf, len);
	int ret = 0;

	if (sys_fsync_dir(len ? parent : "."))
		ret = fail_errno(err, "cannot sync '%s'", len ? parent : ".");
	free(parent);
	return ret;
}

int store_dir_make(const char *path, struct strvec *made, struct strbuf *err)
{
	struct strbuf part = STRBUF_INIT;
	const char *end = path;
	int ret = 0;

	while (!ret && *end) {
		end = strchrnul(end + 1, '/');
		strbuf_reset(&part);
		strbuf_add(&part, path, end - path);
		if (path_is_dir(part.buf))
			continue;
		if (!sys_mkdir(part.buf, 0777)) {
			strvec_push(made, part.buf);
			ret = sync_parent(&part, err);
		} else if (errno != EEXIST || !path_is_dir(part.buf)) {
			ret = fail_errno(err, "cannot make the directory '%s'",
					 part.buf);
		}
	}
	strbuf_release(&part);
	return ret;
}

void store_dir_unmake(const struct strvec *made)
{
	size_t i;

	for (i = made->nr; i; i--)
		sys_rmdir(made->v[i - 1]);
}
