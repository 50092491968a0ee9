#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/digest.h"
#include "transport/object.h"
#include "transport/transport-ops.h"

void object_release(struct object *o)
{
	free(o->key);
	free(o->version);
	strvec_release(&o->meta);
}

static bool is_meta_key(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') &&
		    !(text[i] >= '0' && text[i] <= '9') && text[i] != '-')
			return false;
	return len && len <= OBJECT_META_KEY_MAX;
}

static bool is_meta_value(const char *text)
{
	size_t len = strlen(text), i;

	for (i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len <= OBJECT_META_VALUE_MAX;
}

int object_meta_check(const struct strvec *meta, struct strbuf *err)
{
	size_t i;

	if (meta->nr > OBJECT_META_MAX)
		return fail(err, ERR_USAGE, "more than %d pairs of metadata",
			    OBJECT_META_MAX);
	for (i = 0; i < meta->nr; i++) {
		const char *pair = meta->v[i];
		size_t len = strcspn(pair, "=");

		if (!pair[len] || !is_meta_key(pair, len) ||
		    !is_meta_value(pair + len + 1))
			return fail(err, ERR_USAGE, "metadata '%s' is not "
				    "KEY=VALUE as every store takes it", pair);
	}
	return 0;
}

int object_fail_changed(const struct transport *t, const char *key,
			struct strbuf *err)
{
	return fail(err, ERR_CONFLICT, "'%s' in '%s' was changed by somebody "
		    "else", key, t->url);
}

int object_fail_exists(const struct transport *t, const char *key,
		       struct strbuf *err)
{
	return fail(err, ERR_CONFLICT, "'%s' is in '%s' already", key, t->url);
}

int object_fail_conflict(const struct transport *t,
			 const struct put_request *r, struct strbuf *err)
{
	return r->expect == EXPECT_ABSENT ?
		object_fail_exists(t, r->key, err) :
		object_fail_changed(t, r->key, err);
}

int object_hash_sink(void *digest, const void *buf, size_t len,
		     struct strbuf *err UNUSED)
{
	digest_add(digest, buf, len);
	return 0;
}
