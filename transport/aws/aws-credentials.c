#include "lib/base/compat.h"
#include "transport/aws/aws-credentials.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "transport/aws/aws-internal.h"
#include "transport/credentials.h"

struct aws_credentials {
	struct aws_source source;	/* strings of ours */

	struct renewal renewal;	/* its lock is that of what follows, too */
	struct aws_keys keys;
	bool renewable;
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
	renewal_init(&c->renewal);
	*out = c;
}

void aws_credentials_free(struct aws_credentials *c)
{
	if (!c)
		return;
	aws_keys_release(&c->keys);
	renewal_release(&c->renewal);
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

/* With the lock, which is open while somewhere is asked. */
static void ask(void *data)
{
	static bool told;
	struct aws_credentials *c = data;
	struct aws_keys found = AWS_KEYS_INIT;
	struct strbuf why = STRBUF_INIT;
	struct aws_search s;
	int ret;

	renewal_begin(&c->renewal);
	search_init(&s, &c->source);
	if (!c->source.anonymous)
		secret_hide();
	ret = look_everywhere(&s, &found, &why);
	credentials_tell(&s.warning, &told);
	renewal_end(&c->renewal);
	renewal_done(&c->renewal, ret, found.expires, &why);
	if (ret) {
		aws_keys_release(&found);
	} else {
		aws_keys_release(&c->keys);
		c->keys = found;
		c->renewable = s.renewable;
		if (!c->origin)
			c->origin = xstrdup(s.origin.buf);
	}
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
	int ret;

	pthread_mutex_lock(&c->renewal.lock);
	ret = renewal_wait(&c->renewal, ask, c, err);
	if (!ret)
		copy_keys(out, &c->keys);
	pthread_mutex_unlock(&c->renewal.lock);
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

	pthread_mutex_lock(&c->renewal.lock);
	renewal_wait_idle(&c->renewal);
	if (c->renewal.have && are_same(&c->keys, k) && c->renewable)
		ask(c);
	useful = c->renewal.have && !k->anonymous && !are_same(&c->keys, k);
	pthread_mutex_unlock(&c->renewal.lock);
	return useful;
}

const char *aws_credentials_origin(struct aws_credentials *c)
{
	const char *origin;

	pthread_mutex_lock(&c->renewal.lock);
	origin = c->origin;
	pthread_mutex_unlock(&c->renewal.lock);
	return origin ? origin : "nowhere";
}
