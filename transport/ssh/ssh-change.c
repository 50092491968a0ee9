/*
 * Removing, renaming, copying: the shell there does it, in one request.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "transport/object.h"
#include "transport/ssh/ssh-put.h"

/* So that a request's line, which a shell reads byte by byte, stays short. */
#define REMOVE_AT_ONCE 100

int ssh_remove(struct transport *t, const char *key, const char *version,
	       struct strbuf *err)
{
	struct ssh_store *s = ssh_store_of(t);
	struct ssh_call c;
	const char *rest;
	int ret;

	ret = ssh_call_object(&c, s, "remove", "remove", key, err);
	if (ret)
		return ret;
	ssh_call_version(&c, version);
	ret = ssh_call_ask(&c, &rest, err);
	return ssh_call_end(&c, ret);
}

/* ---- many --------------------------------------------------------------- */

struct removing {
	struct ssh_store *store;
	const struct strvec *keys;
	size_t done;		/* keys that were told */
	removed_fn fn;
	void *data;
};

/* Why one is there yet, only a request of its own says. */
static int remove_alone(struct removing *r, size_t i)
{
	const char *key = r->keys->v[i];
	struct strbuf why = STRBUF_INIT;
	int ret = ssh_remove(&r->store->base, key, NULL, &why);

	ret = r->fn(key, ret == ERR_NOT_FOUND ? 0 : ret, why.buf, r->data);
	strbuf_release(&why);
	return ret;
}

/* left: " NUMBER ..." of those that are there yet. */
static int tell_removed(struct removing *r, size_t nr, const char *left)
{
	size_t first = r->done, i;
	char *end;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++) {
		bool is_left = *left && strtoul(left, &end, 10) == i;

		if (is_left)
			left = end;
		r->done++;
		ret = is_left ? remove_alone(r, first + i) :
				r->fn(r->keys->v[first + i], 0, "", r->data);
	}
	return ret;
}

static int remove_some(struct removing *r, size_t nr, struct strbuf *err)
{
	const char **keys = (const char **)r->keys->v + r->done, *rest;
	struct ssh_call c;
	char *left = NULL;
	size_t i;
	int ret;

	ret = ssh_call_begin(&c, r->store, "remove_many", "remove", keys[0],
			     err);
	if (ret)
		return ret;
	for (i = 0; i < nr; i++)
		ssh_call_key(&c, keys[i]);
	ret = ssh_call_ask(&c, &rest, err);
	if (!ret)
		left = xstrdup(rest);
	ssh_call_end(&c, ret);
	if (!ret)
		ret = tell_removed(r, nr, left);
	free(left);
	return ret;
}

int ssh_remove_many(struct transport *t, const struct strvec *keys,
		    removed_fn fn, void *data, struct strbuf *err)
{
	struct removing r = { .store = ssh_store_of(t), .keys = keys,
			      .fn = fn, .data = data };
	size_t nr;
	int ret = 0;

	while (r.done < keys->nr && !ret) {
		/* One that is no key of ours is told as such. */
		for (nr = 0; nr < REMOVE_AT_ONCE && r.done + nr < keys->nr;
		     nr++)
			if (ssh_check_key(r.store, keys->v[r.done + nr],
					  NULL))
				break;
		if (nr)
			ret = remove_some(&r, nr, err);
		else
			ret = remove_alone(&r, r.done++);
	}
	return ret;
}

/* ---- two keys ----------------------------------------------------------- */

static int change_two(struct transport *t, const char *function,
		      const char *from, const char *to, const char *version,
		      struct strbuf *err)
{
	struct ssh_store *s = ssh_store_of(t);
	struct ssh_temporary temporary;
	struct ssh_call c;
	const char *rest;
	int ret;

	ret = ssh_check_key(s, from, err);
	if (!ret)
		ret = ssh_check_key(s, to, err);
	if (!ret)
		ret = ssh_temporary_make(&temporary, err);
	if (!ret)
		ret = ssh_call_begin(&c, s, function, function, from, err);
	if (ret)
		return ret;
	ssh_call_key(&c, from);
	ssh_call_key(&c, to);
	ssh_call_version(&c, version);
	ssh_call_word(&c, temporary.hex);
	ret = ssh_call_ask(&c, &rest, err);
	return ssh_call_end(&c, ret);
}

int ssh_rename(struct transport *t, const char *from, const char *to,
	       const char *version, struct strbuf *err)
{
	return change_two(t, "rename", from, to, version, err);
}

int ssh_copy(struct transport *t, const char *from, const char *to,
	     const char *version, struct strbuf *err)
{
	return change_two(t, "copy", from, to, version, err);
}
