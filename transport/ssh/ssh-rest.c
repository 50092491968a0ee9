/*
 * What puts left there when their session died before they could take it away.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "transport/object.h"
#include "transport/ssh/ssh-put.h"

/* "./" and a key; longer ones are not ours. */
#define NAME_MAX_LEN (2 + OBJECT_KEY_MAX)

static bool is_rest_name(const char *key)
{
	const char *slash = strrchr(key, '/');
	const char *base = slash ? slash + 1 : key;
	struct ssh_temporary t;

	return !strncmp(base, SSH_TEMPORARY, strlen(SSH_TEMPORARY)) &&
	       ssh_temporary_read(&t, base + strlen(SSH_TEMPORARY));
}

/* "INODE SIZE MTIME BYTES", and then so many of its name. */
static int read_rest(struct ssh_call *c, const char *rest, struct object *o,
		     struct strbuf *err)
{
	const char *blank = strrchr(rest, ' ');
	size_t len = blank ? strtoul(blank + 1, NULL, 10) : 0;
	char *stat = xmemdupz(rest, blank ? (size_t)(blank - rest) : 0);
	int ret = ssh_read_stat(o, stat, err);

	free(stat);
	if (!ret && (len < 3 || len > NAME_MAX_LEN))
		ret = fail(err, ERR_CONTENT, "what '%s' tells of its rests "
			   "cannot be understood", c->store->base.url);
	if (ret)
		return ret;
	o->key = xcalloc(1, len + 1);
	ret = ssh_call_read(c, o->key, len, err);
	if (!ret)
		memmove(o->key, o->key + 2, len - 1);
	return ret;
}

int ssh_rests(struct transport *t, const char *prefix, struct strbuf *cursor,
	      object_fn fn, void *data, struct strbuf *err)
{
	struct ssh_store *s = ssh_store_of(t);
	const char *slash = strrchr(prefix, '/');
	char *parent = xmemdupz(prefix, slash ? (size_t)(slash - prefix) : 0);
	struct object *found = NULL;
	size_t nr = 0, alloc = 0, i;
	struct ssh_call c;
	const char *rest;
	int ret;

	strbuf_reset(cursor);
	ret = ssh_call_begin(&c, s, "rests", "list", *parent ? parent : ".",
			     err);
	if (ret)
		goto cleanup;
	/* Not "./", which some would tell names behind as ".//NAME". */
	if (*parent)
		ssh_call_key(&c, parent);
	else
		ssh_call_word(&c, ".");
	ret = ssh_call_send(&c, err);
	while (!ret) {
		ret = ssh_call_answer(&c, &rest, err);
		if (ret || !*rest)
			break;
		ARRAY_GROW(found, nr + 1, alloc);
		found[nr] = (struct object)OBJECT_INIT;
		ret = read_rest(&c, rest, &found[nr++], err);
		c.broken |= ret != 0;
	}
	ssh_call_end(&c, ret);
	for (i = 0; i < nr && !ret; i++)
		if (!strncmp(found[i].key, prefix, strlen(prefix)) &&
		    is_rest_name(found[i].key) &&
		    !object_key_check(found[i].key, NULL))
			ret = fn(&found[i], data);

cleanup:
	for (i = 0; i < nr; i++)
		object_release(&found[i]);
	free(found);
	free(parent);
	return ret;
}

int ssh_prune(struct transport *t, const char *key, const char *version,
	      struct strbuf *err)
{
	struct ssh_store *s = ssh_store_of(t);
	const char *slash = strrchr(key, '/');
	char *parent = xmemdupz(key, slash ? (size_t)(slash - key) : 0);
	bool good = is_rest_name(key) && !ssh_check_key(s, parent, NULL);
	struct ssh_call c;
	const char *rest;
	int ret;

	free(parent);
	if (!good)
		return fail(err, ERR_NOT_FOUND, "no rest of an upload '%s' in "
			    "'%s'", key, s->base.url);
	ret = ssh_call_begin(&c, s, "prune", "remove", key, err);
	if (ret)
		return ret;
	ssh_call_key(&c, key);
	ssh_call_version(&c, version);
	ret = ssh_call_ask(&c, &rest, err);
	return ssh_call_end(&c, ret);
}
