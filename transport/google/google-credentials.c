/*
 * Tokens that are kept and renewed. What they are made of (a key, a refresh
 * token) is read anew for each: no longer than for a moment is it in memory,
 * and a key that was replaced works at once.
 */
#include "lib/base/compat.h"
#include "transport/google/google-credentials.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "transport/google/google-internal.h"

/* Tokens are renewed so many seconds before they expire, or when half of their
 * time is over; when that fails, again after a while. */
#define RENEW_BEFORE 300
#define RENEW_AGAIN 30

/* Who a token is of. */
struct identity {
	enum google_kind kind;
	char *origin, *account, *quota_project;
};

struct google_credentials {
	struct google_source source;	/* strings of ours */
	struct strvec trusted;

	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t asked;
	bool busy;		/* somebody asks, without the lock */
	bool have;
	struct google_token token;
	struct identity identity;
	int64_t renew_at;
	int64_t skew;		/* our clock was found to be wrong */
	unsigned nr;		/* of answers: who waits takes part in one */
	int problem;		/* that the last one had, or 0 */
	struct strbuf why;
	bool final;		/* asking again would not help */
};

static char *copy_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void google_credentials_new(struct google_credentials **out,
			    const struct google_source *s)
{
	struct google_credentials *c = xcalloc(1, sizeof(*c));

	c->source = *s;
	c->source.base_dir = copy_or_null(s->base_dir);
	c->source.key_file = copy_or_null(s->key_file);
	c->source.store = copy_or_null(s->store);
	c->source.scope = copy_or_null(s->scope);
	strvec_init(&c->trusted);
	if (s->trusted)
		strvec_pushv(&c->trusted, s->trusted->v);
	c->source.trusted = &c->trusted;
	strbuf_init(&c->why);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->asked, NULL);
	*out = c;
}

static void identity_release(struct identity *i)
{
	free(i->origin);
	free(i->account);
	free(i->quota_project);
	memset(i, 0, sizeof(*i));
}

void google_credentials_free(struct google_credentials *c)
{
	if (!c)
		return;
	google_token_release(&c->token);
	identity_release(&c->identity);
	strbuf_release(&c->why);
	pthread_cond_destroy(&c->asked);
	pthread_mutex_destroy(&c->lock);
	strvec_clear(&c->trusted);
	free((char *)c->source.base_dir);
	free((char *)c->source.key_file);
	free((char *)c->source.store);
	free((char *)c->source.scope);
	free(c);
}

/* ---- asking ------------------------------------------------------------- */

static void take_identity(struct google_search *s, struct identity *i,
			  const struct google_place *p)
{
	const char *project = google_env("GOOGLE_CLOUD_QUOTA_PROJECT");

	if (!project)
		project = value_text(value_map_get(p->json,
						   "quota_project_id"));
	i->kind = p->kind;
	i->origin = copy_or_null(p->origin);
	i->quota_project = project && *project ? xstrdup(project) : NULL;
	/* that of a machine is asked for when somebody wants to know it */
	if (p->kind != GOOGLE_METADATA)
		i->account = google_place_account(s, p);
}

static int look(struct google_search *s, struct google_token *token,
		struct identity *who, struct strbuf *err)
{
	struct google_place place = GOOGLE_PLACE_INIT;
	int ret = google_find(s, &place, err);

	if (ret)
		goto cleanup;
	take_identity(s, who, &place);
	if (place.kind != GOOGLE_NOBODY)
		ret = google_place_token(s, &place, s->source->scope, token,
					 err);

cleanup:
	google_place_release(&place);
	return ret;
}

/* Whoever reads the same file for another store need not say it again. */
static void tell_once(const struct google_search *s)
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

static int64_t renewal(const struct google_token *t, int64_t now)
{
	int64_t left = t->expires - now;

	/* a service in trouble hands out what is about to expire */
	if (left <= 0)
		return now + RENEW_AGAIN;
	return t->expires - MINIMUM(RENEW_BEFORE, left / 2);
}

/* With the lock: what an answer means. `found` and `who` are taken. */
static void take_answer(struct google_credentials *c,
			struct google_token *found, struct identity *who,
			int ret, const struct strbuf *why, int64_t now)
{
	c->nr++;
	strbuf_reset(&c->why);
	if (!ret) {
		google_token_release(&c->token);
		identity_release(&c->identity);
		c->token = *found;
		c->identity = *who;
		c->have = true;
		c->problem = 0;
		c->renew_at = renewal(found, now);
		return;
	}
	google_token_release(found);
	if (!c->have) {
		/* who was refused is worth knowing, too */
		identity_release(&c->identity);
		c->identity = *who;
	} else {
		identity_release(who);
	}
	c->problem = ret;
	strbuf_addbuf(&c->why, why);
	/* a service that is down may come back; what is set wrongly stays */
	c->final = ret != ERR_UNREACHABLE && ret != ERR_TRANSIENT && !c->have;
	c->renew_at = now + RENEW_AGAIN;
}

/* With the lock, which is open while somebody is asked. */
static void ask(struct google_credentials *c)
{
	struct google_token found = { NULL, 0 };
	struct identity who = { GOOGLE_NOBODY, NULL, NULL, NULL };
	struct strbuf why = STRBUF_INIT;
	struct google_search s;
	int ret;

	c->busy = true;
	google_search_init(&s, &c->source);
	s.skew = c->skew;
	pthread_mutex_unlock(&c->lock);
	if (!c->source.anonymous)
		secret_hide();
	ret = look(&s, &found, &who, &why);
	tell_once(&s);
	pthread_mutex_lock(&c->lock);
	c->busy = false;
	c->skew = s.skew;
	take_answer(c, &found, &who, ret, &why, time(NULL));
	pthread_cond_broadcast(&c->asked);
	google_search_release(&s);
	strbuf_release(&why);
}

/* ---- what is known ------------------------------------------------------ */

/* With the lock. */
static bool is_anonymous(const struct google_credentials *c)
{
	return c->have && !c->token.text;
}

static bool is_fresh(const struct google_credentials *c, int64_t now)
{
	return is_anonymous(c) || (c->have && now < c->renew_at);
}

static bool is_usable(const struct google_credentials *c, int64_t now)
{
	return is_anonymous(c) || (c->have && now < c->token.expires);
}

int google_credentials_get(struct google_credentials *c, struct strbuf *out,
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
	if (!c->have || (c->problem && !is_usable(c, time(NULL)))) {
		ret = fail(err, c->problem, "%s", c->why.buf);
	} else if (c->token.text) {
		strbuf_grow(out, strlen(c->token.text) + 8);
		strbuf_addf(out, "Bearer %s", c->token.text);
	}
	pthread_mutex_unlock(&c->lock);
	return ret;
}

/* With the lock: whether `bearer` is the token that we would give. */
static bool is_same(const struct google_credentials *c, const char *bearer)
{
	return c->have && c->token.text && !strncmp(bearer, "Bearer ", 7) &&
	       !strcmp(bearer + 7, c->token.text);
}

bool google_credentials_refused(struct google_credentials *c,
				const char *bearer)
{
	bool useful = false;

	pthread_mutex_lock(&c->lock);
	while (c->busy)
		pthread_cond_wait(&c->asked, &c->lock);
	if (is_same(c, bearer)) {
		ask(c);
		/* a refused token is not gone on with: the next get says why
		 * there is no other */
		if (c->problem && is_same(c, bearer)) {
			google_token_release(&c->token);
			c->have = false;
			useful = true;
		}
	}
	if (c->have && c->token.text)
		useful = !is_same(c, bearer);
	pthread_mutex_unlock(&c->lock);
	return useful;
}

char *google_credentials_origin(struct google_credentials *c)
{
	char *origin;

	pthread_mutex_lock(&c->lock);
	origin = xstrdup(c->identity.origin ? c->identity.origin : "");
	pthread_mutex_unlock(&c->lock);
	return origin;
}

char *google_credentials_account(struct google_credentials *c)
{
	struct google_search s;
	bool ask_machine;
	char *account;

	pthread_mutex_lock(&c->lock);
	account = copy_or_null(c->identity.account);
	ask_machine = !account && c->identity.kind == GOOGLE_METADATA;
	pthread_mutex_unlock(&c->lock);
	if (!ask_machine)
		return account;

	google_search_init(&s, &c->source);
	account = google_metadata_account(&s);
	google_search_release(&s);
	pthread_mutex_lock(&c->lock);
	if (account && !c->identity.account)
		c->identity.account = xstrdup(account);
	pthread_mutex_unlock(&c->lock);
	return account;
}

static enum google_kind kind_of(struct google_credentials *c)
{
	enum google_kind kind;

	pthread_mutex_lock(&c->lock);
	kind = c->identity.kind;
	pthread_mutex_unlock(&c->lock);
	return kind;
}

bool google_credentials_is_service(struct google_credentials *c)
{
	enum google_kind kind = kind_of(c);

	return kind != GOOGLE_NOBODY && kind != GOOGLE_USER;
}

bool google_credentials_is_anonymous(struct google_credentials *c)
{
	return c->source.anonymous;
}

char *google_credentials_quota_project(struct google_credentials *c)
{
	char *project;

	pthread_mutex_lock(&c->lock);
	project = copy_or_null(c->identity.quota_project);
	pthread_mutex_unlock(&c->lock);
	return project;
}

int google_credentials_sign(struct google_credentials *c,
			    struct strbuf *signature, const void *data,
			    size_t len, struct strbuf *err)
{
	struct google_place place = GOOGLE_PLACE_INIT;
	struct google_search s;
	int ret;

	if (!c->source.anonymous)
		secret_hide();
	google_search_init(&s, &c->source);
	pthread_mutex_lock(&c->lock);
	s.skew = c->skew;
	pthread_mutex_unlock(&c->lock);
	ret = google_find(&s, &place, err);
	if (!ret)
		ret = google_place_sign(&s, &place, signature, data, len, err);
	google_place_release(&place);
	google_search_release(&s);
	return ret;
}
