/*
 * A store that fails on order, in test builds alone (FAULTS=1).
 *
 * RESUTIL_TEST_STORE_FAULT=OP:N:ERROR[,OP:N:ERROR...] acts on the N-th (from
 * 1) request OP that this process makes of any store. OP: list stat get put
 * remove rename copy rests prune withdraw remove-many sum, or any. ERROR:
 * transient; lost (it is done, and then ERR_TRANSIENT, as if the answer had not
 * come); half (get: the sink gets half, then ERR_TRANSIENT); refused;
 * unreachable; conflict; hang (no answer, for ever); kill (SIGKILL before),
 * kill-after, kill-all, kill-all-after. N can be `N+` (it and all later ones).
 *
 * A request is a point of RESUTIL_TEST_FAULT as well (lib/base/sys.h), where
 * request:N:ERROR counts the requests of all kinds: the same errors; "short" is
 * half, and an errno is transient. In the log its path is the operation, a
 * blank and the key.
 */
#include "lib/base/compat.h"
#include "transport/transport-ops.h"

#ifdef RESUTIL_FAULT_POINTS

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/fault.h"

#include <pthread.h>

enum op { OP_LIST, OP_STAT, OP_GET, OP_PUT, OP_REMOVE, OP_RENAME, OP_COPY,
	  OP_RESTS, OP_PRUNE, OP_WITHDRAW, OP_REMOVE_MANY,
	  OP_SUM, OP_NR };

static const char *const op_names[OP_NR + 1] = {
	"list", "stat", "get", "put", "remove", "rename", "copy", "rests",
	"prune", "withdraw", "remove-many", "sum", "any"
};

enum action { ACT_NOTHING, ACT_TRANSIENT, ACT_LOST, ACT_HALF, ACT_REFUSED,
	      ACT_UNREACHABLE, ACT_CONFLICT, ACT_HANG, ACT_KILL,
	      ACT_KILL_AFTER, ACT_KILL_ALL, ACT_KILL_ALL_AFTER, ACT_NR };

static const char *const action_names[ACT_NR] = {
	"", "transient", "lost", "half", "refused", "unreachable", "conflict",
	"hang", "kill", "kill-after", "kill-all", "kill-all-after"
};

#define ORDERS_MAX 16

static struct order {
	int op;			/* OP_NR: any */
	enum action action;
	unsigned long nr, passed;
	bool on;		/* also all later ones */
} orders[ORDERS_MAX];
static size_t orders_nr;
static pthread_once_t orders_once = PTHREAD_ONCE_INIT;

static int word_in(const char *const *words, int nr, const char *text,
		   size_t len)
{
	int i;

	for (i = 0; i < nr; i++)
		if (strlen(words[i]) == len && !memcmp(words[i], text, len))
			return i;
	return -1;
}

/* An order that cannot be read must not let a test pass unharmed. */
static void read_order(const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len), *word;
	size_t op_len = colon ? (size_t)(colon - text) : len;
	struct order *o = &orders[orders_nr++];
	char *end;

	if (orders_nr == ORDERS_MAX || !colon)
		BUG("cannot read RESUTIL_TEST_STORE_FAULT at '%s'", text);
	o->op = word_in(op_names, OP_NR + 1, text, op_len);
	o->nr = strtoul(text + op_len + 1, &end, 10);
	o->on = *end == '+';
	word = end + o->on + 1;
	if (o->op < 0 || !o->nr || word[-1] != ':' || word > text + len)
		BUG("cannot read RESUTIL_TEST_STORE_FAULT at '%s'", text);
	o->action = (enum action)word_in(action_names, ACT_NR, word,
					 (size_t)(text + len - word));
	if ((int)o->action <= 0)
		BUG("cannot read RESUTIL_TEST_STORE_FAULT at '%s'", text);
}

static void read_orders(void)
{
	const char *text = getenv("RESUTIL_TEST_STORE_FAULT");

	while (text && *text) {
		size_t len = strcspn(text, ",");

		read_order(text, len);
		text += len + (text[len] == ',');
	}
}

/* What RESUTIL_TEST_FAULT says about this request. */
static enum action pass_point(enum op op, const char *key)
{
	char *path = xstrfmt("%s %s", op_names[op], key);
	enum fault fault = sys_enter(SYS_REQUEST, path, -1);

	free(path);
	switch (fault) {
	case FAULT_ERROR:
		return ACT_TRANSIENT;
	case FAULT_SHORT:
		return ACT_HALF;
	case FAULT_KILL_AFTER:
		return ACT_KILL_AFTER;
	case FAULT_KILL_ALL_AFTER:
		return ACT_KILL_ALL_AFTER;
	case FAULT_LOST:
		return ACT_LOST;
	case FAULT_REFUSED:
		return ACT_REFUSED;
	case FAULT_UNREACHABLE:
		return ACT_UNREACHABLE;
	case FAULT_CONFLICT:
		return ACT_CONFLICT;
	case FAULT_HANG:
		return ACT_HANG;
	case FAULT_NONE:
		break;
	}
	return ACT_NOTHING;
}

/* The action for this request; every order counts by itself. */
static enum action pass(enum op op, const char *key)
{
	enum action action = pass_point(op, key);
	size_t i;

	pthread_once(&orders_once, read_orders);
	for (i = 0; i < orders_nr; i++) {
		struct order *o = &orders[i];
		unsigned long nr;

		if (o->op != OP_NR && o->op != (int)op)
			continue;
		nr = __atomic_add_fetch(&o->passed, 1, __ATOMIC_RELAXED);
		if (nr == o->nr || (o->on && nr > o->nr))
			action = o->action;
	}
	if (action == ACT_KILL)
		fault_after(FAULT_KILL_AFTER);
	if (action == ACT_KILL_ALL)
		fault_after(FAULT_KILL_ALL_AFTER);
	while (action == ACT_HANG)
		pause();
	return action;
}

/* Before the request: 0 when it is to be made. */
static int before(enum action action, const char *key, struct strbuf *err)
{
	switch (action) {
	case ACT_TRANSIENT:
		return fail(err, ERR_TRANSIENT, "no answer for '%s' on order",
			    key);
	case ACT_REFUSED:
		return fail(err, ERR_CREDENTIALS, "refused '%s' on order", key);
	case ACT_UNREACHABLE:
		return fail(err, ERR_UNREACHABLE, "no store for '%s' on order",
			    key);
	case ACT_CONFLICT:
		return fail(err, ERR_CONFLICT, "conflict for '%s' on order",
			    key);
	default:
		return 0;
	}
}

/* After it. */
static int after(enum action action, int ret, const char *key,
		 struct strbuf *err)
{
	if (action == ACT_KILL_AFTER)
		fault_after(FAULT_KILL_AFTER);
	if (action == ACT_KILL_ALL_AFTER)
		fault_after(FAULT_KILL_ALL_AFTER);
	if (!ret && action == ACT_LOST)
		ret = fail(err, ERR_TRANSIENT, "answer lost for '%s' on order",
			   key);
	return ret;
}

static struct transport *inner_of(struct transport *t)
{
	return t->inner;
}

static int faulty_list(struct transport *t, const char *prefix,
		       unsigned flags, struct strbuf *cursor, object_fn fn,
		       void *data, struct strbuf *err)
{
	enum action action = pass(OP_LIST, prefix);
	int ret = before(action, prefix, err);

	if (ret)
		return ret;
	ret = inner_of(t)->ops->list(inner_of(t), prefix, flags, cursor, fn,
				     data, err);
	return after(action == ACT_LOST ? ACT_NOTHING : action, ret, prefix,
		     err);
}

static int faulty_stat(struct transport *t, const char *key,
		       struct object *out, struct strbuf *err)
{
	enum action action = pass(OP_STAT, key);
	int ret = before(action, key, err);

	if (ret)
		return ret;
	ret = inner_of(t)->ops->stat(inner_of(t), key, out, err);
	return after(action, ret, key, err);
}

static int faulty_sum(struct transport *t, const char *key,
		      const char *version, struct object *out,
		      struct strbuf *err)
{
	enum action action = pass(OP_SUM, key);
	int ret = before(action, key, err);

	if (ret)
		return ret;
	ret = inner_of(t)->ops->sum(inner_of(t), key, version, out, err);
	return after(action, ret, key, err);
}

struct halving {
	const struct object_sink *sink;
	bool done;
};

static int give_half(void *data, const void *buf, size_t len,
		     struct strbuf *err)
{
	struct halving *h = data;
	int ret = h->sink->write(h->sink->data, buf, len - len / 2, err);

	h->done = true;
	return ret ? ret : fail(err, ERR_TRANSIENT, "half an answer on order");
}

static int faulty_get(struct transport *t, const char *key,
		      const struct object_range *r,
		      const struct object_sink *sink, struct strbuf *version,
		      struct strbuf *err)
{
	enum action action = pass(OP_GET, key);
	struct halving halving = { sink, false };
	struct object_sink half = { give_half, &halving };
	int ret = before(action, key, err);

	if (ret)
		return ret;
	ret = inner_of(t)->ops->get(inner_of(t), key, r,
				    action == ACT_HALF ? &half : sink, version,
				    err);
	return after(action, ret, key, err);
}

static int faulty_put(struct transport *t, const struct put_request *r,
		      struct object *out, struct strbuf *err)
{
	enum action action = pass(OP_PUT, r->key);
	int ret = before(action, r->key, err);

	if (ret)
		return ret;
	ret = inner_of(t)->ops->put(inner_of(t), r, out, err);
	return after(action, ret, r->key, err);
}

static int faulty_remove(struct transport *t, const char *key,
			 const char *version, struct strbuf *err)
{
	enum action action = pass(OP_REMOVE, key);
	int ret = before(action, key, err);

	if (ret)
		return ret;
	ret = inner_of(t)->ops->remove(inner_of(t), key, version, err);
	return after(action, ret, key, err);
}

/* The point is that of one request, whose path is the first key. */
static int faulty_remove_many(struct transport *t, const struct strvec *keys,
			      removed_fn fn, void *data, struct strbuf *err)
{
	const char *key = keys->nr ? keys->v[0] : "";
	enum action action;
	int ret;

	if (!inner_of(t)->ops->remove_many)
		return transport_remove_each(t, keys, fn, data, err);
	action = pass(OP_REMOVE_MANY, key);
	ret = before(action, key, err);
	if (ret)
		return ret;
	ret = inner_of(t)->ops->remove_many(inner_of(t), keys, fn, data, err);
	return after(action, ret, key, err);
}

static int faulty_rename(struct transport *t, const char *from,
			 const char *to, const char *version,
			 struct strbuf *err)
{
	enum action action = pass(OP_RENAME, from);
	int ret = before(action, from, err);

	if (ret)
		return ret;
	ret = inner_of(t)->ops->rename(inner_of(t), from, to, version, err);
	return after(action, ret, from, err);
}

static int faulty_copy(struct transport *t, const char *from, const char *to,
		       const char *version, struct strbuf *err)
{
	enum action action = pass(OP_COPY, from);
	int ret = before(action, from, err);

	if (ret)
		return ret;
	ret = inner_of(t)->ops->copy(inner_of(t), from, to, version, err);
	return after(action, ret, from, err);
}

static int faulty_rests(struct transport *t, const char *prefix,
			struct strbuf *cursor, object_fn fn, void *data,
			struct strbuf *err)
{
	enum action action = pass(OP_RESTS, prefix);
	int ret = before(action, prefix, err);

	if (ret)
		return ret;
	ret = inner_of(t)->ops->rests(inner_of(t), prefix, cursor, fn, data,
				      err);
	return after(action == ACT_LOST ? ACT_NOTHING : action, ret, prefix,
		     err);
}

static int faulty_prune(struct transport *t, const char *key,
			const char *version, struct strbuf *err)
{
	enum action action = pass(OP_PRUNE, key);
	int ret = before(action, key, err);

	if (ret)
		return ret;
	ret = inner_of(t)->ops->prune(inner_of(t), key, version, err);
	return after(action, ret, key, err);
}

static int faulty_withdraw(struct transport *t, const char *key,
			   const char *state, struct strbuf *err)
{
	enum action action = pass(OP_WITHDRAW, key);
	int ret = before(action, key, err);

	if (ret)
		return ret;
	ret = inner_of(t)->ops->withdraw(inner_of(t), key, state, err);
	return after(action, ret, key, err);
}

static int faulty_presign(struct transport *t, const char *key,
			  unsigned seconds, struct strbuf *url,
			  struct strbuf *err)
{
	return inner_of(t)->ops->presign(inner_of(t), key, seconds, url, err);
}

static void faulty_release(struct transport *t)
{
	struct transport *inner = inner_of(t);

	inner->ops->release(inner);
	free(t->url);
	free(t);
}

static const struct transport_ops ops_faulty = {
	.type = "faulty",
	.list = faulty_list,
	.stat = faulty_stat,
	.get = faulty_get,
	.sum = faulty_sum,
	.put = faulty_put,
	.remove = faulty_remove,
	.remove_many = faulty_remove_many,
	.rename = faulty_rename,
	.copy = faulty_copy,
	.presign = faulty_presign,
	.rests = faulty_rests,
	.prune = faulty_prune,
	.withdraw = faulty_withdraw,
	.release = faulty_release,
};

struct transport *transport_with_faults(struct transport *t)
{
	struct transport *faulty = xcalloc(1, sizeof(*faulty));

	faulty->ops = &ops_faulty;
	faulty->caps = t->caps;
	faulty->url = xstrdup(t->url);
	faulty->inner = t;
	return faulty;
}

#endif
