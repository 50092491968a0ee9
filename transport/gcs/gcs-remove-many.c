/*
 * Many removals at once: each is a request of its own (a batch of the JSON API
 * is as many in one body, and answers for all when the last is done), so they
 * are sent by several threads.
 */
#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/workers.h"
#include "transport/gcs/gcs-internal.h"

#define AT_ONCE 16

struct removing {
	struct transport *t;
	const struct strvec *keys;
	removed_fn fn;
	void *data;
	pthread_mutex_t lock;	/* of what follows */
	size_t next;
	int said;		/* by fn */
	bool unreachable;	/* the others would wait as long, for nothing */
	struct strbuf why;
};

struct remover {
	struct work work;
	struct removing *r;
};

/* The next key; NULL: that was all. */
static const char *take_key(struct removing *r)
{
	const char *key = NULL;

	pthread_mutex_lock(&r->lock);
	if (r->next < r->keys->nr && !r->said && !r->unreachable)
		key = r->keys->v[r->next++];
	pthread_mutex_unlock(&r->lock);
	return key;
}

static void tell(struct removing *r, const char *key, int code,
		 const char *why)
{
	pthread_mutex_lock(&r->lock);
	if (!r->said)
		r->said = r->fn(key, code, why, r->data);
	if (code == ERR_UNREACHABLE && !r->unreachable) {
		r->unreachable = true;
		strbuf_addstr(&r->why, why);
	}
	pthread_mutex_unlock(&r->lock);
}

static void remove_some(struct work *work, unsigned worker UNUSED)
{
	struct removing *r = ((struct remover *)work)->r;
	struct strbuf why = STRBUF_INIT;
	const char *key;
	int code;

	while ((key = take_key(r))) {
		strbuf_reset(&why);
		code = r->t->ops->remove(r->t, key, NULL, &why);
		if (code == ERR_NOT_FOUND) {
			strbuf_reset(&why);
			code = 0;
		}
		tell(r, key, code, why.buf);
	}
	strbuf_release(&why);
}

int gcs_remove_many(struct transport *t, const struct strvec *keys,
		    removed_fn fn, void *data, struct strbuf *err)
{
	struct removing r = {
		.t = t, .keys = keys, .fn = fn, .data = data,
		.lock = PTHREAD_MUTEX_INITIALIZER, .why = STRBUF_INIT,
	};
	struct remover remover[AT_ONCE];
	unsigned nr = (unsigned)MINIMUM(keys->nr, (size_t)AT_ONCE), i;
	struct workers *workers;
	int ret;

	if (!nr)
		return 0;
	workers = workers_start(nr);
	memset(remover, 0, sizeof(remover));
	for (i = 0; i < nr; i++) {
		remover[i].work.fn = remove_some;
		remover[i].r = &r;
		workers_add(workers, &remover[i].work);
	}
	workers_wait_all(workers);
	workers_stop(&workers);
	ret = r.said;
	if (!ret && r.unreachable && r.next < keys->nr)
		ret = fail(err, ERR_UNREACHABLE, "%s", r.why.buf);
	pthread_mutex_destroy(&r.lock);
	strbuf_release(&r.why);
	return ret;
}
