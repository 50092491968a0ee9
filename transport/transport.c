#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/wrap/digest.h"
#include "transport/object.h"
#include "transport/transport.h"
#include "transport/transport-ops.h"

/* A store is one line here. */
static const struct transport_ops *const transports[] = {
	&transport_dir,
	&transport_s3,
	&transport_gcs,
	&transport_gdrive,
	&transport_ssh,
};

const char *const *transport_types(void)
{
	static const char *types[ARRAY_SIZE(transports) + 1];
	size_t i;

	/* Every thread writes the same. */
	for (i = 0; i < ARRAY_SIZE(transports); i++)
		__atomic_store_n(&types[i], transports[i]->type,
				 __ATOMIC_RELAXED);
	return types;
}

static int unknown_type(const char *type, struct strbuf *err)
{
	struct strbuf known = STRBUF_INIT;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(transports); i++)
		strbuf_addf(&known, "%s%s", i ? ", " : "",
			    transports[i]->type);
	ret = fail(err, ERR_USAGE, "stores of type '%s' cannot be used by this "
		   "program; it has: %s", type, known.buf);
	strbuf_release(&known);
	return ret;
}

int transport_open(struct transport **out, const struct transport_config *c,
		   struct strbuf *err)
{
	struct transport *t;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(transports); i++)
		if (!strcmp(transports[i]->type, c->type))
			break;
	if (i == ARRAY_SIZE(transports))
		return unknown_type(c->type, err);
	ret = transports[i]->open(&t, c, err);
	if (ret)
		return ret;
#ifdef RESUTIL_FAULT_POINTS
	t = transport_with_faults(t);
#endif
	/* Innermost, so that each try is a line of the trace. */
	t = transport_with_trace(t);
	*out = transport_with_retry(t, c);
	return 0;
}

void transport_close(struct transport *t)
{
	if (t)
		t->ops->release(t);
}

/* What a backend finds out that its store lacks, no wrapper makes good. */
unsigned transport_caps(const struct transport *t)
{
	unsigned caps = ~0u;

	for (; t; t = t->inner)
		caps &= __atomic_load_n(&t->caps, __ATOMIC_RELAXED);
	return caps;
}

const char *transport_url(const struct transport *t)
{
	return t->url;
}

int transport_config_text(const struct transport_config *c, const char *key,
			  const char **out, struct strbuf *err)
{
	const struct value *value = value_map_get(c->config, key);
	const char *text = value_text(value);

	if (!value || value->type == VALUE_NULL)
		return fail(err, ERR_USAGE, "storage_config lacks '%s', which "
			    "storage_type '%s' needs", key, c->type);
	if (!text || !*text || strlen(text) != value->u.text.len)
		return fail(err, ERR_USAGE, "'%s' in storage_config is not a "
			    "text", key);
	*out = text;
	return 0;
}

/* ---- keys --------------------------------------------------------------- */

/* What is wrong with the components of key[0..len), or NULL. */
static const char *bad_component(const char *key, size_t len)
{
	size_t start = 0, end;

	for (; start <= len; start = end + 1) {
		for (end = start; end < len && key[end] != '/'; end++)
			;
		if (end == start)
			return "has an empty component";
		if ((end - start == 1 && key[start] == '.') ||
		    (end - start == 2 && !memcmp(key + start, "..", 2)))
			return "has '.' or '..' as a component";
	}
	return NULL;
}

static int check_key(const char *key, size_t len, const char *what,
		     struct strbuf *err)
{
	const char *problem = NULL;

	if (!len)
		problem = "is empty";
	else if (len > OBJECT_KEY_MAX)
		return fail(err, ERR_USAGE, "the %s '%.40s...' is longer than "
			    "%d bytes", what, key, OBJECT_KEY_MAX);
	else if (*key == '/' || key[len - 1] == '/')
		problem = "begins or ends with '/'";
	else
		problem = bad_component(key, len);
	if (problem)
		return fail(err, ERR_USAGE, "the %s '%.*s' %s", what, (int)len,
			    key, problem);
	return 0;
}

int object_key_check(const char *key, struct strbuf *err)
{
	return check_key(key, strlen(key), "key", err);
}

int object_prefix_check(const char *prefix, struct strbuf *err)
{
	const char *slash = strrchr(prefix, '/');

	/* The last component may be the beginning of anything. */
	if (strlen(prefix) > OBJECT_KEY_MAX + 1)
		return check_key(prefix, strlen(prefix), "prefix", err);
	if (!slash)
		return 0;
	return check_key(prefix, (size_t)(slash - prefix), "prefix", err);
}

/* ---- requests ----------------------------------------------------------- */

struct list_filter {
	const char *prefix;
	unsigned flags;
	object_fn fn;
	void *data;
};

/* A store is not believed: what it lists may be anything. */
static int filter_object(const struct object *o, void *data)
{
	const struct list_filter *f = data;
	size_t len = strlen(o->key);

	if (strncmp(o->key, f->prefix, strlen(f->prefix)))
		return 0;
	if ((f->flags & LIST_ODD) && len)
		return f->fn(o, f->data);
	if ((f->flags & LIST_ONE_LEVEL) && len && o->key[len - 1] == '/')
		len--;
	if (check_key(o->key, len, "key", NULL))
		return 0;
	return f->fn(o, f->data);
}

int transport_list(struct transport *t, const char *prefix, unsigned flags,
		   object_fn fn, void *data, struct strbuf *err)
{
	struct list_filter filter = { prefix, flags, fn, data };
	struct strbuf cursor = STRBUF_INIT;
	int ret;

	ret = object_prefix_check(prefix, err);
	if (ret)
		return ret;
	do {
		ret = t->ops->list(t, prefix, flags, &cursor, filter_object,
				   &filter, err);
	} while (!ret && cursor.len);
	strbuf_release(&cursor);
	return ret;
}

int transport_stat(struct transport *t, const char *key, struct object *out,
		   struct strbuf *err)
{
	int ret = object_key_check(key, err);

	return ret ? ret : t->ops->stat(t, key, out, err);
}

int transport_get(struct transport *t, const char *key,
		  const struct object_range *r, const struct object_sink *sink,
		  struct strbuf *version, struct strbuf *err)
{
	int ret = object_key_check(key, err);

	return ret ? ret : t->ops->get(t, key, r, sink, version, err);
}

/* The bytes come here, as nobody else would read them for it. */
static int sum_by_reading(struct transport *t, struct object *o,
			  struct strbuf *err)
{
	struct object_range range = { 0, RANGE_TO_END, o->version };
	struct object_sink sink = { object_hash_sink, NULL };
	struct digest *d;
	int ret = digest_start(&d, err);

	if (ret)
		return ret;
	sink.data = d;
	ret = transport_get(t, o->key, &range, &sink, NULL, err);
	if (!ret) {
		digest_finish(&d, o->sha256);
		o->sums |= OBJECT_HAS_SHA256;
	}
	digest_drop(&d);
	return ret;
}

int transport_sum(struct transport *t, const char *key, const char *version,
		  bool read, struct object *out, struct strbuf *err)
{
	struct object o = OBJECT_INIT;
	unsigned caps = transport_caps(t);
	int ret = object_key_check(key, err);

	if (ret)
		return ret;
	/* Where none are kept, asking for them would be a request more. */
	if ((caps & TRANSPORT_CAN_SUMS) || !(caps & TRANSPORT_CAN_SUM))
		ret = t->ops->stat(t, key, &o, err);
	if (!ret && !o.sums && (caps & TRANSPORT_CAN_SUM))
		ret = t->ops->sum(t, key, version, &o, err);
	if (!ret && version && strcmp(version, o.version))
		ret = object_fail_changed(t, key, err);
	if (!ret && !o.sums && read)
		ret = sum_by_reading(t, &o, err);
	if (!ret) {
		object_release(out);
		*out = o;
	} else {
		object_release(&o);
	}
	return ret;
}

struct read_into {
	char *buf;
	size_t len, room;
};

static int write_into(void *data, const void *buf, size_t len,
		      struct strbuf *err)
{
	struct read_into *into = data;

	if (len > into->room - into->len)
		return fail(err, ERR_CONTENT, "the store sent more than it was "
			    "asked for");
	memcpy(into->buf + into->len, buf, len);
	into->len += len;
	return 0;
}

int transport_read(struct transport *t, const char *key, const char *version,
		   void *buf, size_t len, uint64_t offset, struct strbuf *err)
{
	struct object_range range = { offset, len, version };
	struct read_into into = { .buf = buf, .room = len };
	struct object_sink sink = { write_into, &into };
	int ret;

	ret = transport_get(t, key, &range, &sink, NULL, err);
	if (!ret && into.len != len)
		ret = fail(err, ERR_CONTENT, "'%s' in '%s' ends at %" PRIu64
			   ", before %" PRIu64, key, t->url,
			   offset + into.len, offset + len);
	return ret;
}

int transport_put(struct transport *t, const struct put_request *r,
		  struct object *out, struct strbuf *err)
{
	int ret = object_key_check(r->key, err);

	if (!ret && r->meta)
		ret = object_meta_check(r->meta, err);
	if (!ret && r->expect == EXPECT_VERSION && !r->version)
		BUG("a version is expected, and none is given");
	return ret ? ret : t->ops->put(t, r, out, err);
}

int transport_withdraw(struct transport *t, const char *key,
		       const char *state, struct strbuf *err)
{
	int ret = object_key_check(key, err);

	if (ret || !(transport_caps(t) & TRANSPORT_CAN_RESUME))
		return ret;
	return t->ops->withdraw(t, key, state, err);
}

int transport_remove(struct transport *t, const char *key,
		     const char *version, struct strbuf *err)
{
	int ret = object_key_check(key, err);

	return ret ? ret : t->ops->remove(t, key, version, err);
}

int transport_remove_each(struct transport *t, const struct strvec *keys,
			  removed_fn fn, void *data, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	size_t i;
	int ret = 0, code = 0;

	for (i = 0; i < keys->nr && !ret && code != ERR_UNREACHABLE; i++) {
		strbuf_reset(&why);
		code = t->ops->remove(t, keys->v[i], NULL, &why);
		if (code == ERR_NOT_FOUND) {
			strbuf_reset(&why);
			code = 0;
		}
		ret = fn(keys->v[i], code, why.buf, data);
	}
	/* The others would wait as long, for nothing. */
	if (!ret && code == ERR_UNREACHABLE && i < keys->nr)
		ret = fail(err, code, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

int transport_remove_many(struct transport *t, const struct strvec *keys,
			  removed_fn fn, void *data, struct strbuf *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < keys->nr && !ret; i++)
		ret = object_key_check(keys->v[i], err);
	if (ret)
		return ret;
	return t->ops->remove_many ?
		t->ops->remove_many(t, keys, fn, data, err) :
		transport_remove_each(t, keys, fn, data, err);
}

int transport_presign(struct transport *t, const char *key, unsigned seconds,
		      struct strbuf *url, struct strbuf *err)
{
	int ret = object_key_check(key, err);

	if (ret)
		return ret;
	if (!(transport_caps(t) & TRANSPORT_CAN_PRESIGN))
		return fail(err, ERR_USAGE, "'%s' is a kind of store that "
			    "gives no URLs of objects", t->url);
	return t->ops->presign(t, key, seconds, url, err);
}

int transport_rests(struct transport *t, const char *prefix, object_fn fn,
		    void *data, struct strbuf *err)
{
	struct list_filter filter = { prefix, 0, fn, data };
	struct strbuf cursor = STRBUF_INIT;
	int ret = object_prefix_check(prefix, err);

	if (ret || !(transport_caps(t) & TRANSPORT_CAN_PRUNE))
		return ret;
	do {
		ret = t->ops->rests(t, prefix, &cursor, filter_object,
				    &filter, err);
	} while (!ret && cursor.len);
	strbuf_release(&cursor);
	return ret;
}

int transport_prune(struct transport *t, const char *key, const char *version,
		    struct strbuf *err)
{
	int ret = object_key_check(key, err);

	if (ret)
		return ret;
	if (!(transport_caps(t) & TRANSPORT_CAN_PRUNE))
		return fail(err, ERR_NOT_FOUND, "'%s' is a kind of store that "
			    "knows of no rests of uploads", t->url);
	return t->ops->prune(t, key, version, err);
}

/* ---- rename ------------------------------------------------------------- */

static int write_fd(void *data, const void *buf, size_t len,
		    struct strbuf *err)
{
	if (sys_write_all(*(int *)data, buf, len))
		return fail_errno(err, "cannot keep a copy in the directory "
				  "for temporary files");
	return 0;
}

static int carry_over(struct transport *t, const struct object *from,
		      const char *to, struct strbuf *err)
{
	struct object_range range = { 0, RANGE_TO_END, from->version };
	struct put_request request = { .key = to, .expect = EXPECT_ABSENT };
	struct put_file source;
	int fd, ret;
	struct object_sink sink = { write_fd, &fd };

	ret = tempfile_unnamed(&fd, NULL, err);
	if (ret)
		return ret;
	ret = transport_get(t, from->key, &range, &sink, NULL, err);
	if (!ret)
		ret = put_file_init(&source, fd, from->key, err);
	if (!ret) {
		request.source = &source.source;
		request.meta = from->meta.nr ? &from->meta : NULL;
		ret = transport_put(t, &request, NULL, err);
	}
	close(fd);
	return ret;
}

int transport_rename(struct transport *t, const char *from, const char *to,
		     const char *version, struct strbuf *err)
{
	struct object old = OBJECT_INIT;
	int ret = object_key_check(from, err);

	if (!ret)
		ret = object_key_check(to, err);
	if (ret)
		return ret;
	if (transport_caps(t) & TRANSPORT_CAN_RENAME)
		return t->ops->rename(t, from, to, version, err);

	ret = t->ops->stat(t, from, &old, err);
	if (ret)
		goto cleanup;
	if (version && strcmp(version, old.version)) {
		ret = fail(err, ERR_CONFLICT, "'%s' in '%s' was changed by "
			   "somebody else", from, t->url);
		goto cleanup;
	}
	if (transport_caps(t) & TRANSPORT_CAN_COPY)
		ret = t->ops->copy(t, from, to, old.version, err);
	else
		ret = carry_over(t, &old, to, err);
	if (!ret)
		ret = t->ops->remove(t, from, old.version, err);

cleanup:
	object_release(&old);
	return ret;
}
