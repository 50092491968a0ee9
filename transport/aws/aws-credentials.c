#include "lib/base/compat.h"
#include "transport/aws/aws-credentials.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "transport/aws/aws-internal.h"

/* Keys are renewed so many seconds before they expire, or when half of their
 * time is over; when that fails, again after a while. */
#define RENEW_BEFORE 300
#define RENEW_AGAIN 30

struct aws_credentials {
	struct aws_source source;	/* strings of ours */

	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t asked;
	bool busy;		/* somebody asks, without the lock */
	bool have;
	struct aws_keys keys;
	int64_t renew_at;	/* 0: never */
	bool renewable;
	unsigned nr;		/* of answers: who waits takes part in one */
	int problem;		/* that the last one had, or 0 */
	struct strbuf why;
	bool final;		/* asking again would not help */
	char *origin;		/* lent out: set once */
};

static char *copy_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void aws_credentials_new(struct aws_credentials **out,
			 const struct aws_source *s)
{
	struct aws_credentials *c = xcalloc(1, sizeof(*c));

	c->source.base_dir = copy_or_null(s->base_dir);
	c->source.key_file = copy_or_null(s->key_file);
	c->source.profile = copy_or_null(s->profile);
	c->source.anonymous = s->anonymous;
	c->source.http = s->http;
	strbuf_init(&c->why);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->asked, NULL);
	*out = c;
}

void aws_credentials_free(struct aws_credentials *c)
{
	if (!c)
		return;
	aws_keys_release(&c->keys);
	strbuf_release(&c->why);
	pthread_cond_destroy(&c->asked);
	pthread_mutex_destroy(&c->lock);
	free((char *)c->source.base_dir);
	free((char *)c->source.key_file);
	free((char *)c->source.profile);
	free(c->origin);
	free(c);
}

typedef int (*place_fn)(struct aws_search *s, struct aws_keys *out,
			struct strbuf *err);

static int from_profile(struct aws_search *s, struct aws_keys *out,
			struct strbuf *err)
{
	char *name = NULL;
	bool named;
	int ret = aws_profile_name(s->source, &name, &named, err);

	if (!ret)
		ret = aws_from_profile(s, name, named, out, err);
	free(name);
	return ret;
}

/* The settings of a store name it: nothing else is looked at. */
static int from_named_profile(struct aws_search *s, struct aws_keys *out,
			      struct strbuf *err)
{
	if (!s->source->profile || !*s->source->profile)
		return AWS_NOT_HERE;
	return aws_from_profile(s, s->source->profile, true, out, err);
}

/* In this order: what is said of the store, then of the project and this
 * session, then of the user, then of the machine. */
static const place_fn places[] = {
	aws_from_key_file,
	from_named_profile,
	aws_from_environment,
	aws_from_env_file,
	aws_from_web_identity,
	from_profile,
	aws_from_container,
	aws_from_instance
};

static int look_everywhere(struct aws_search *s, struct aws_keys *out,
			   struct strbuf *err)
{
	size_t i;
	int ret;

	if (s->source->anonymous) {
		out->anonymous = true;
		strbuf_addstr(&s->origin, "nobody (anonymous)");
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		ret = places[i](s, out, err);
		if (ret != AWS_NOT_HERE)
			return ret;
	}
	return fail(err, ERR_CREDENTIALS,
		    "no credentials for S3: %s; see resutil-s3(7), "
		    "CREDENTIALS", s->looked.buf);
}

static void search_init(struct aws_search *s, const struct aws_source *source)
{
	memset(s, 0, sizeof(*s));
	s->source = source;
	strbuf_init(&s->origin);
	strbuf_init(&s->looked);
	strbuf_init(&s->warning);
}

static void search_release(struct aws_search *s)
{
	strbuf_release(&s->origin);
	strbuf_release(&s->looked);
	strbuf_release(&s->warning);
}

static int64_t renewal(const struct aws_keys *k, int64_t now)
{
	int64_t left = k->expires - now;

	if (!k->expires)
		return 0;
	/* an instance in trouble hands out what has expired, and says to go on
	 * with it */
	if (left <= 0)
		return now + RENEW_AGAIN;
	return k->expires - MINIMUM(RENEW_BEFORE, left / 2);
}

/* With the lock. */
static bool is_fresh(const struct aws_credentials *c, int64_t now)
{
	return c->have && (!c->renew_at || now < c->renew_at);
}

static bool is_usable(const struct aws_credentials *c, int64_t now)
{
	return c->have && (!c->keys.expires || now < c->keys.expires);
}

/* With the lock: what an answer means. `found` is taken. */
static void take_answer(struct aws_credentials *c, const struct aws_search *s,
			struct aws_keys *found, int ret,
			const struct strbuf *why, int64_t now)
{
	c->nr++;
	strbuf_reset(&c->why);
	if (!ret) {
		aws_keys_release(&c->keys);
		c->keys = *found;
		c->have = true;
		c->problem = 0;
		c->renew_at = renewal(found, now);
		c->renewable = s->renewable;
		if (!c->origin)
			c->origin = xstrdup(s->origin.buf);
		return;
	}
	aws_keys_release(found);
	c->problem = ret;
	strbuf_addbuf(&c->why, why);
	/* a service that is down may come back; what is set wrongly stays */
	c->final = ret != ERR_UNREACHABLE && ret != ERR_TRANSIENT && !c->have;
	c->renew_at = now + RENEW_AGAIN;
}

/* Whoever reads the same file for another store need not say it again. */
static void tell_once(const struct aws_search *s)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool told;

	if (!s->warning.len)
		return;
	pthread_mutex_lock(&lock);
	if (!told)
		notice("%s", s->warning.buf);
	told = true;
	pthread_mutex_unlock(&lock);
}

/* With the lock, which is open while somewhere is asked. */
static void ask(struct aws_credentials *c)
{
	struct aws_keys found = AWS_KEYS_INIT;
	struct strbuf why = STRBUF_INIT;
	struct aws_search s;
	int ret;

	c->busy = true;
	pthread_mutex_unlock(&c->lock);
	search_init(&s, &c->source);
	if (!c->source.anonymous)
		secret_hide();
	ret = look_everywhere(&s, &found, &why);
	tell_once(&s);
	pthread_mutex_lock(&c->lock);
	c->busy = false;
	take_answer(c, &s, &found, ret, &why, time(NULL));
	pthread_cond_broadcast(&c->asked);
	search_release(&s);
	strbuf_release(&why);
}

static void copy_keys(struct aws_keys *out, const struct aws_keys *k)
{
	out->id = copy_or_null(k->id);
	out->secret = copy_or_null(k->secret);
	out->token = copy_or_null(k->token);
	out->expires = k->expires;
	out->anonymous = k->anonymous;
}

int aws_credentials_get(struct aws_credentials *c, struct aws_keys *out,
			struct strbuf *err)
{
	unsigned nr;
	int ret = 0;

	pthread_mutex_lock(&c->lock);
	nr = c->nr;
	while (!is_fresh(c, time(NULL)) && !c->final) {
		/* one asks; the others go on with what they have */
		if (c->busy && is_usable(c, time(NULL)))
			break;
		if (c->busy)
			pthread_cond_wait(&c->asked, &c->lock);
		else if (c->nr == nr)
			ask(c);
		if (c->nr != nr)
			break;
	}
	if (c->have && (!c->problem || is_usable(c, time(NULL))))
		copy_keys(out, &c->keys);
	else
		ret = fail(err, c->problem, "%s", c->why.buf);
	pthread_mutex_unlock(&c->lock);
	return ret;
}

static bool are_same(const struct aws_keys *a, const struct aws_keys *b)
{
	return a->id && b->id && !strcmp(a->id, b->id) &&
	       !strcmp(a->secret, b->secret) &&
	       !strcmp(a->token ? a->token : "", b->token ? b->token : "");
}

bool aws_credentials_expired(struct aws_credentials *c,
			     const struct aws_keys *k)
{
	bool useful;

	pthread_mutex_lock(&c->lock);
	while (c->busy)
		pthread_cond_wait(&c->asked, &c->lock);
	if (c->have && are_same(&c->keys, k) && c->renewable)
		ask(c);
	useful = c->have && !k->anonymous && !are_same(&c->keys, k);
	pthread_mutex_unlock(&c->lock);
	return useful;
}

const char *aws_credentials_origin(struct aws_credentials *c)
{
	const char *origin;

	pthread_mutex_lock(&c->lock);
	origin = c->origin;
	pthread_mutex_unlock(&c->lock);
	return origin ? origin : "nowhere";
}
