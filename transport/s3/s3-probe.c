/*
 * A service that takes no notice of If-None-Match and If-Match overwrites what
 * is there and says that all went well. Which one does is found out before the
 * first put that relies on them: an object of no bytes is put under a key that
 * nobody has, on condition that it is there.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "transport/s3/s3-internal.h"

#include <sys/random.h>

#define PROBE ".resutil-probe-"

/* radosgw: "tx000009bdd0502277625a4-006b01d071-100e-default". */
static bool is_radosgw(const struct http_answer *a)
{
	const char *id = http_field(a, "x-amz-request-id");
	size_t len;

	if (!id || strncmp(id, "tx", 2))
		return false;
	len = strspn(id + 2, "0123456789abcdef");
	return len == 21 && id[2 + len] == '-';
}

void s3_recognize(struct s3_store *s, const struct http_answer *a)
{
	if (!__atomic_load_n(&s->conditions_known, __ATOMIC_RELAXED) &&
	    is_radosgw(a))
		__atomic_store_n(&s->conditions_known, true, __ATOMIC_RELAXED);
}

/* Beside the key that is to be put: there it may be allowed, too. */
static void add_probe_key(struct strbuf *out, const char *key)
{
	const char *slash = strrchr(key, '/');
	uint64_t chance = 0;

	strbuf_add(out, key, slash ? (size_t)(slash + 1 - key) : 0);
	/* Whoever has the same one puts and removes the same. */
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = (uint64_t)time(NULL);
	strbuf_addf(out, PROBE "%016" PRIx64, chance);
}

static void remove_probe(struct s3_store *s, const char *key)
{
	struct s3_call c = S3_CALL_INIT("DELETE", key);

	c.flags = HTTP_REPEATABLE;
	s3_call(s, &c, NULL);
	s3_call_release(&c);
}

/* Whether there was an answer. One that refuses for another reason (it may not
 * be allowed) says nothing, and so would the next. */
static bool probe(struct s3_store *s, const char *key)
{
	struct s3_call c = S3_CALL_INIT("PUT", key);
	bool answered;
	int ret;

	c.body = "";
	s3_add_match(&c.headers, "If-Match", "0");
	ret = s3_call(s, &c, NULL);
	if (!ret || s3_is_unsupported(&c)) {
		__atomic_store_n(&s->no_if_none_match, true, __ATOMIC_RELAXED);
		__atomic_store_n(&s->no_if_match, true, __ATOMIC_RELAXED);
		s3_lacks(s, TRANSPORT_CAN_CREATE | TRANSPORT_CAN_COMPARE);
	}
	if (!ret)
		remove_probe(s, key);
	answered = c.answer.status != 0;
	s3_call_release(&c);
	return answered;
}

void s3_learn_conditions(struct s3_store *s, const char *key)
{
	struct strbuf own = STRBUF_INIT;

	if (__atomic_load_n(&s->conditions_known, __ATOMIC_RELAXED))
		return;
	pthread_mutex_lock(&s->probing);
	if (!__atomic_load_n(&s->conditions_known, __ATOMIC_RELAXED)) {
		add_probe_key(&own, key);
		if (probe(s, own.buf))
			__atomic_store_n(&s->conditions_known, true,
					 __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&s->probing);
	strbuf_release(&own);
}
