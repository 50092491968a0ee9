/*
 * Looking at objects, reading them, and having a checksum made there.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "transport/object.h"
#include "transport/ssh/ssh-internal.h"

/*
 * dd counts blocks: what lies around a range in the first and the last one is
 * thrown away here. Small ranges (the directory of a pack) have small ones.
 */
#define BLOCK_SMALL ((uint64_t)4 << 10)
#define BLOCK_LARGE ((uint64_t)64 << 10)
#define SMALL_RANGE ((uint64_t)256 << 10)
#define READ_AT_ONCE ((size_t)256 << 10)
/* More than the line of an answer behind the bytes: see `refuse` there. */
#define TAIL_MAX 640

/* ---- stat --------------------------------------------------------------- */

static int fill(struct object *out, const char *key, const char *text,
		struct strbuf *err)
{
	struct object o = OBJECT_INIT;
	int ret = ssh_read_stat(&o, text, err);

	if (ret)
		return ret;
	o.key = xstrdup(key);
	object_release(out);
	*out = o;
	return 0;
}

int ssh_stat(struct transport *t, const char *key, struct object *out,
	     struct strbuf *err)
{
	struct ssh_store *s = ssh_store_of(t);
	struct ssh_call c;
	const char *rest;
	int ret;

	ret = ssh_call_object(&c, s, "stat_object", "look at", key, err);
	if (ret)
		return ret;
	ret = ssh_call_ask(&c, &rest, err);
	if (!ret)
		ret = fill(out, key, rest, err);
	return ssh_call_end(&c, ret);
}

/* ---- get ---------------------------------------------------------------- */

struct getting {
	struct ssh_call call;
	const struct object_sink *sink;
	uint64_t skip;		/* in front of the range, to come */
	uint64_t room;		/* of the range, to come */
	uint64_t coming;	/* bytes in all */
	struct strbuf tail;	/* the last that came */
};

/*
 * A file that something shortened meanwhile, or that cannot be read on, gives
 * fewer bytes than were to come. Then the answer that ends the request is among
 * them: it begins with the token, which no content can know, and nothing comes
 * behind it. Where it begins in what came last, or NULL.
 */
static const char *find_early_end(struct getting *g, const char *buf,
				  size_t len)
{
	const char *token = g->call.seat->token;
	struct strbuf *tail = &g->tail;

	if (len >= TAIL_MAX) {
		strbuf_reset(tail);
		strbuf_add(tail, buf + len - TAIL_MAX, TAIL_MAX);
	} else {
		strbuf_add(tail, buf, len);
		if (tail->len > TAIL_MAX)
			strbuf_splice(tail, 0, tail->len - TAIL_MAX, "", 0);
	}
	if (tail->buf[tail->len - 1] != '\n')
		return NULL;
	return memmem(tail->buf, tail->len, token, strlen(token));
}

static int pass_on(struct getting *g, const char *buf, size_t len,
		   struct strbuf *err)
{
	size_t skip = (size_t)MINIMUM(g->skip, len);

	g->skip -= skip;
	buf += skip;
	len = (size_t)MINIMUM(g->room, len - skip);
	g->room -= len;
	return len ? g->sink->write(g->sink->data, buf, len, err) : 0;
}

/*
 * The answer behind the bytes. Of a file that grew, more of them may have come
 * than it had; of one that was cut by less than the answer has, the last of
 * them were the beginning of that.
 */
static int read_end(struct getting *g, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	const char *rest;
	int ret = ssh_call_answer_behind(&g->call, &g->tail, &rest, &why);

	if (ret == ERR_CONTENT)
		ret = object_fail_changed(&g->call.store->base, g->call.key,
					  err);
	else if (ret)
		ret = fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

/*
 * `len` bytes of the answer came with the last `got`, or even before these:
 * then the sink has some of them, and cannot go on behind what it has.
 */
static int end_early(struct getting *g, const char *buf, size_t got,
		     const char *answer, struct strbuf *err)
{
	size_t len = (size_t)(g->tail.buf + g->tail.len - answer);
	int ret = 0;

	if (len <= got) {
		ret = pass_on(g, buf, got - len, err);
		ssh_call_unread(&g->call, answer, len);
		strbuf_setlen(&g->tail, g->tail.len - len);
		if (!ret)
			ret = read_end(g, err);
	}
	return ret ? ret : object_fail_changed(&g->call.store->base,
					       g->call.key, err);
}

static int receive(struct getting *g, struct strbuf *err)
{
	char *buf = xmalloc(READ_AT_ONCE);
	const char *answer;
	size_t got;
	int ret = 0;

	while (!ret && g->coming) {
		ret = ssh_call_read_some(&g->call, buf,
					 (size_t)MINIMUM(g->coming,
							 READ_AT_ONCE),
					 &got, err);
		if (ret)
			break;
		g->coming -= got;
		answer = find_early_end(g, buf, got);
		ret = answer ? end_early(g, buf, got, answer, err) :
			       pass_on(g, buf, got, err);
	}
	free(buf);
	return ret;
}

static void ask_for(struct getting *g, const struct object_range *r)
{
	uint64_t block = r->len > SMALL_RANGE ? BLOCK_LARGE : BLOCK_SMALL;
	uint64_t first = r->offset / block, end;

	g->skip = r->offset % block;
	ssh_call_version(&g->call, r->version);
	ssh_call_number(&g->call, block);
	ssh_call_number(&g->call, first);
	g->coming = UINT64_MAX;
	if (__builtin_add_overflow(r->offset, r->len, &end) ||
	    end > INT64_MAX)
		return;
	/* An empty range has no block. */
	end = r->len ? (end - 1) / block + 1 : first;
	g->coming = (end - first) * block;
	ssh_call_number(&g->call, end - first);
}

/* What comes of it, by the size that the file has. */
static int expect(struct getting *g, const struct object_range *r,
		  uint64_t size, struct strbuf *err)
{
	uint64_t from = r->offset - g->skip;

	g->coming = MINIMUM(g->coming, size > from ? size - from : 0);
	if (r->offset > size)
		return fail(err, ERR_CONTENT, "'%s' in '%s' has %" PRIu64
			    " bytes, none at %" PRIu64, g->call.key,
			    g->call.store->base.url, size, r->offset);
	g->room = MINIMUM(r->len, size - r->offset);
	return 0;
}

static int get(struct getting *g, const struct object_range *r,
	       struct strbuf *version, struct strbuf *err)
{
	struct object o = OBJECT_INIT;
	const char *rest;
	int ret;

	ret = ssh_call_ask(&g->call, &rest, err);
	if (ret)
		return ret;
	ret = ssh_read_stat(&o, rest, err);
	if (!ret)
		ret = expect(g, r, o.size, err);
	if (!ret && version) {
		strbuf_reset(version);
		strbuf_addstr(version, o.version);
	}
	if (!ret)
		ret = receive(g, err);
	/* What is still to come would be taken for answers to others. */
	if (ret)
		g->call.broken = true;
	else
		ret = read_end(g, err);
	object_release(&o);
	return ret;
}

/*
 * The open file is compared before and behind the bytes: a put meanwhile
 * makes another one. Only something that is not resutil writes into a file in
 * place, which its size or time then tells.
 */
int ssh_get(struct transport *t, const char *key,
	    const struct object_range *r, const struct object_sink *sink,
	    struct strbuf *version, struct strbuf *err)
{
	struct getting g = { .sink = sink, .tail = STRBUF_INIT };
	struct ssh_store *s = ssh_store_of(t);
	int ret;

	ret = ssh_call_object(&g.call, s, "get", "read", key, err);
	if (ret)
		return ret;
	ask_for(&g, r);
	ret = get(&g, r, version, err);
	strbuf_release(&g.tail);
	return ssh_call_end(&g.call, ret);
}

/* ---- sum ---------------------------------------------------------------- */

/* "INODE SIZE MTIME HASH" */
static int fill_sum(struct ssh_call *c, struct object *out, const char *rest,
		    struct strbuf *err)
{
	const char *blank = strrchr(rest, ' '), *hash = blank ? blank + 1 : "";
	struct object o = OBJECT_INIT;
	char kind[sizeof(c->store->facts.sum)];
	int ret = fill(&o, c->key, rest, err);

	pthread_mutex_lock(&c->store->lock);
	memcpy(kind, c->store->facts.sum, sizeof(kind));
	pthread_mutex_unlock(&c->store->lock);
	if (!ret && !strcmp(kind, "sha256") && strlen(hash) == 64 &&
	    hex_read(o.sha256, sizeof(o.sha256), hash))
		o.sums |= OBJECT_HAS_SHA256;
	if (!ret && !strcmp(kind, "md5") && strlen(hash) == 32 &&
	    hex_read(o.md5, sizeof(o.md5), hash))
		o.sums |= OBJECT_HAS_MD5;
	if (ret) {
		object_release(&o);
		return ret;
	}
	object_release(out);
	*out = o;
	return 0;
}

int ssh_sum(struct transport *t, const char *key, const char *version,
	    struct object *out, struct strbuf *err)
{
	struct ssh_store *s = ssh_store_of(t);
	struct ssh_call c;
	const char *rest;
	int ret;

	ret = ssh_call_object(&c, s, "sum_object", "read", key, err);
	if (ret)
		return ret;
	ssh_call_version(&c, version);
	ret = ssh_call_ask(&c, &rest, err);
	if (!ret)
		ret = fill_sum(&c, out, rest, err);
	return ssh_call_end(&c, ret);
}
