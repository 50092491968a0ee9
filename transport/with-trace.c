/*
 * Writes each request and its result into the trace: `store: stat KEY -> 12
 * bytes, VERSION`. It is the wrapper next to the backend, so that each try of
 * a request is a line.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/trace.h"
#include "transport/transport-ops.h"

static struct transport *inner_of(struct transport *t)
{
	return t->inner;
}

static const char *word_of(int ret)
{
	switch (ret) {
	case 0: return "done";
	case ERR_NOT_FOUND: return "not found";
	case ERR_CREDENTIALS: return "refused";
	case ERR_UNREACHABLE: return "unreachable";
	case ERR_CONTENT: return "bad content";
	case ERR_CONFLICT: return "conflict";
	case ERR_TRANSIENT: return "failed for now";
	default: return "failed";
	}
}

/* "store: VERB KEY", to which the result is added when it is there. */
static void begin(struct strbuf *line, const char *verb, const char *key)
{
	if (!trace_wanted())
		return;
	strbuf_addf(line, "store: %s ", verb);
	quote_c(line, key, strlen(key));
}

static void end(struct strbuf *line, int ret)
{
	if (trace_wanted()) {
		if (ret)
			strbuf_addf(line, " -> %s", word_of(ret));
		trace_printf("%s", line->buf);
	}
	strbuf_release(line);
}

struct counted {
	object_fn fn;
	void *data;
	size_t nr;
};

static int count_object(const struct object *o, void *data)
{
	struct counted *c = data;

	c->nr++;
	return c->fn(o, c->data);
}

static int traced_list(struct transport *t, const char *prefix,
		       unsigned flags, struct strbuf *cursor, object_fn fn,
		       void *data, struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct counted counted = { fn, data, 0 };
	struct strbuf line = STRBUF_INIT;
	int ret;

	begin(&line, "list", prefix);
	ret = inner->ops->list(inner, prefix, flags, cursor, count_object,
			       &counted, err);
	if (!ret)
		strbuf_addf(&line, " -> %zu objects", counted.nr);
	end(&line, ret);
	return ret;
}

static int traced_rests(struct transport *t, const char *prefix,
			struct strbuf *cursor, object_fn fn, void *data,
			struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct counted counted = { fn, data, 0 };
	struct strbuf line = STRBUF_INIT;
	int ret;

	begin(&line, "rests", prefix);
	ret = inner->ops->rests(inner, prefix, cursor, count_object, &counted,
				err);
	if (!ret)
		strbuf_addf(&line, " -> %zu rests", counted.nr);
	end(&line, ret);
	return ret;
}

static int traced_stat(struct transport *t, const char *key,
		       struct object *out, struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct strbuf line = STRBUF_INIT;
	int ret;

	begin(&line, "stat", key);
	ret = inner->ops->stat(inner, key, out, err);
	if (!ret)
		strbuf_addf(&line, " -> %" PRIu64 " bytes, %s", out->size,
			    out->version);
	end(&line, ret);
	return ret;
}

static int traced_sum(struct transport *t, const char *key,
		      const char *version, struct object *out,
		      struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct strbuf line = STRBUF_INIT;
	int ret;

	begin(&line, "sum", key);
	ret = inner->ops->sum(inner, key, version, out, err);
	if (!ret)
		strbuf_addf(&line, " -> %" PRIu64 " bytes, %s", out->size,
			    out->version);
	end(&line, ret);
	return ret;
}

struct weighed {
	const struct object_sink *sink;
	uint64_t bytes;
};

static int weigh(void *data, const void *buf, size_t len, struct strbuf *err)
{
	struct weighed *w = data;

	w->bytes += len;
	return w->sink->write(w->sink->data, buf, len, err);
}

static int traced_get(struct transport *t, const char *key,
		      const struct object_range *r,
		      const struct object_sink *sink, struct strbuf *version,
		      struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct weighed weighed = { sink, 0 };
	struct object_sink through = { weigh, &weighed };
	struct strbuf line = STRBUF_INIT;
	int ret;

	begin(&line, "get", key);
	ret = inner->ops->get(inner, key, r, &through, version, err);
	strbuf_addf(&line, " %" PRIu64 "+", r->offset);
	if (r->len != RANGE_TO_END)
		strbuf_addf(&line, "%" PRIu64, r->len);
	strbuf_addf(&line, " -> %" PRIu64 " bytes", weighed.bytes);
	end(&line, ret);
	return ret;
}

/* Sources count by themselves; what was put is said by the answer. */
static int traced_put(struct transport *t, const struct put_request *r,
		      struct object *out, struct strbuf *err)
{
	static const char *const verb[] = {
		[EXPECT_ANY] = "put", [EXPECT_ABSENT] = "put new",
		[EXPECT_VERSION] = "put over",
	};
	struct transport *inner = inner_of(t);
	struct strbuf line = STRBUF_INIT;
	struct object own = OBJECT_INIT;
	struct object *put = out ? out : &own;
	int ret;

	begin(&line, verb[r->expect], r->key);
	ret = inner->ops->put(inner, r, put, err);
	if (!ret)
		strbuf_addf(&line, " -> %" PRIu64 " bytes, %s", put->size,
			    put->version);
	end(&line, ret);
	object_release(&own);
	return ret;
}

static int traced_remove(struct transport *t, const char *key,
			 const char *version, struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct strbuf line = STRBUF_INIT;
	int ret;

	begin(&line, "remove", key);
	ret = inner->ops->remove(inner, key, version, err);
	end(&line, ret);
	return ret;
}

struct told {
	removed_fn fn;
	void *data;
	size_t nr, failed;
};

static int count_removed(const char *key, int code, const char *message,
			 void *data)
{
	struct told *told = data;

	told->nr++;
	told->failed += code != 0;
	return told->fn(key, code, message, told->data);
}

static int traced_remove_many(struct transport *t, const struct strvec *keys,
			      removed_fn fn, void *data, struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct told told = { fn, data, 0, 0 };
	struct strbuf line = STRBUF_INIT;
	int ret;

	if (!inner->ops->remove_many)
		return transport_remove_each(t, keys, fn, data, err);
	strbuf_addf(&line, "store: remove %zu objects", keys->nr);
	ret = inner->ops->remove_many(inner, keys, count_removed, &told, err);
	strbuf_addf(&line, " -> %zu told, %zu of them failed", told.nr,
		    told.failed);
	end(&line, ret);
	return ret;
}

static int traced_prune(struct transport *t, const char *key,
			const char *version, struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct strbuf line = STRBUF_INIT;
	int ret;

	begin(&line, "prune", key);
	ret = inner->ops->prune(inner, key, version, err);
	end(&line, ret);
	return ret;
}

static int traced_withdraw(struct transport *t, const char *key,
			   const char *state, struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct strbuf line = STRBUF_INIT;
	int ret;

	begin(&line, "withdraw", key);
	ret = inner->ops->withdraw(inner, key, state, err);
	end(&line, ret);
	return ret;
}

typedef int (*two_keys_fn)(struct transport *t, const char *from,
			   const char *to, const char *version,
			   struct strbuf *err);

static int traced_two(struct transport *inner, two_keys_fn fn,
		      const char *verb, const char *from, const char *to,
		      const char *version, struct strbuf *err)
{
	struct strbuf line = STRBUF_INIT;
	int ret;

	begin(&line, verb, from);
	strbuf_addstr(&line, " to ");
	quote_c(&line, to, strlen(to));
	ret = fn(inner, from, to, version, err);
	end(&line, ret);
	return ret;
}

static int traced_rename(struct transport *t, const char *from,
			 const char *to, const char *version,
			 struct strbuf *err)
{
	return traced_two(inner_of(t), inner_of(t)->ops->rename, "rename",
			  from, to, version, err);
}

static int traced_copy(struct transport *t, const char *from, const char *to,
		       const char *version, struct strbuf *err)
{
	return traced_two(inner_of(t), inner_of(t)->ops->copy, "copy", from,
			  to, version, err);
}

/* The URL is a secret: whoever has it reads the object. */
static int traced_presign(struct transport *t, const char *key,
			  unsigned seconds, struct strbuf *url,
			  struct strbuf *err)
{
	struct transport *inner = inner_of(t);
	struct strbuf line = STRBUF_INIT;
	int ret;

	begin(&line, "presign", key);
	ret = inner->ops->presign(inner, key, seconds, url, err);
	end(&line, ret);
	return ret;
}

static void traced_release(struct transport *t)
{
	struct transport *inner = inner_of(t);

	inner->ops->release(inner);
	free(t->url);
	free(t);
}

static const struct transport_ops ops_traced = {
	.type = "traced",
	.list = traced_list,
	.stat = traced_stat,
	.get = traced_get,
	.sum = traced_sum,
	.put = traced_put,
	.remove = traced_remove,
	.remove_many = traced_remove_many,
	.rename = traced_rename,
	.copy = traced_copy,
	.presign = traced_presign,
	.rests = traced_rests,
	.prune = traced_prune,
	.withdraw = traced_withdraw,
	.release = traced_release,
};

struct transport *transport_with_trace(struct transport *t)
{
	struct transport *traced = xcalloc(1, sizeof(*traced));

	traced->ops = &ops_traced;
	traced->caps = t->caps;
	traced->url = xstrdup(t->url);
	traced->inner = t;
	trace_printf("store: open %s", t->url);
	return traced;
}
