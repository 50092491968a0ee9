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
#include "transport/credentials.h"
#include "transport/google/google-internal.h"

/* Who a token is of. */
struct identity {
	enum google_kind kind;
	char *origin, *account, *quota_project;
};

struct google_credentials {
	struct google_source source;	/* strings of ours */
	struct strvec trusted;

	struct renewal renewal;	/* its lock is that of what follows, too */
	struct google_token token;
	struct identity identity;
	int64_t skew;		/* our clock was found to be wrong */
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
	renewal_init(&c->renewal);
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
	renewal_release(&c->renewal);
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

/* With the lock: what came. `found` and `who` are taken. */
static void take_answer(struct google_credentials *c,
			struct google_token *found, struct identity *who,
			int ret)
{
	if (!ret) {
		google_token_release(&c->token);
		c->token = *found;
	} else {
		google_token_release(found);
	}
	/* who was refused is worth knowing, too */
	if (!ret || !c->renewal.have) {
		identity_release(&c->identity);
		c->identity = *who;
	} else {
		identity_release(who);
	}
}

/* With the lock, which is open while somebody is asked. */
static void ask(void *data)
{
	static bool told;
	struct google_credentials *c = data;
	struct google_token found = { NULL, 0 };
	struct identity who = { GOOGLE_NOBODY, NULL, NULL, NULL };
	struct strbuf why = STRBUF_INIT;
	struct google_search s;
	int ret;

	google_search_init(&s, &c->source);
	s.skew = c->skew;
	renewal_begin(&c->renewal);
	if (!c->source.anonymous)
		secret_hide();
	ret = look(&s, &found, &who, &why);
	credentials_tell(&s.warning, &told);
	renewal_end(&c->renewal);
	c->skew = s.skew;
	/* nobody's token has no end */
	renewal_done(&c->renewal, ret, found.expires, &why);
	take_answer(c, &found, &who, ret);
	google_search_release(&s);
	strbuf_release(&why);
}

/* ---- what is known ------------------------------------------------------ */

int google_credentials_get(struct google_credentials *c, struct strbuf *out,
			   struct strbuf *err)
{
	int ret;

	pthread_mutex_lock(&c->renewal.lock);
	ret = renewal_wait(&c->renewal, ask, c, err);
	if (!ret && c->token.text) {
		strbuf_grow(out, strlen(c->token.text) + 8);
		strbuf_addf(out, "Bearer %s", c->token.text);
	}
	pthread_mutex_unlock(&c->renewal.lock);
	return ret;
}

/* With the lock: whether `bearer` is the token that we would give. */
static bool is_same(const struct google_credentials *c, const char *bearer)
{
	return c->renewal.have && c->token.text &&
	       !strncmp(bearer, "Bearer ", 7) &&
	       !strcmp(bearer + 7, c->token.text);
}

bool google_credentials_refused(struct google_credentials *c,
				const char *bearer)
{
	bool useful = false;

	pthread_mutex_lock(&c->renewal.lock);
	renewal_wait_idle(&c->renewal);
	if (is_same(c, bearer)) {
		ask(c);
		/* a refused token is not gone on with: the next get says why
		 * there is no other */
		if (c->renewal.problem && is_same(c, bearer)) {
			google_token_release(&c->token);
			c->renewal.have = false;
			useful = true;
		}
	}
	if (c->renewal.have && c->token.text)
		useful = !is_same(c, bearer);
	pthread_mutex_unlock(&c->renewal.lock);
	return useful;
}

char *google_credentials_origin(struct google_credentials *c)
{
	char *origin;

	pthread_mutex_lock(&c->renewal.lock);
	origin = xstrdup(c->identity.origin ? c->identity.origin : "");
	pthread_mutex_unlock(&c->renewal.lock);
	return origin;
}

char *google_credentials_account(struct google_credentials *c)
{
	struct google_search s;
	bool ask_machine;
	char *account;

	pthread_mutex_lock(&c->renewal.lock);
	account = copy_or_null(c->identity.account);
	ask_machine = !account && c->identity.kind == GOOGLE_METADATA;
	pthread_mutex_unlock(&c->renewal.lock);
	if (!ask_machine)
		return account;

	google_search_init(&s, &c->source);
	account = google_metadata_account(&s);
	google_search_release(&s);
	pthread_mutex_lock(&c->renewal.lock);
	if (account && !c->identity.account)
		c->identity.account = xstrdup(account);
	pthread_mutex_unlock(&c->renewal.lock);
	return account;
}

static enum google_kind kind_of(struct google_credentials *c)
{
	enum google_kind kind;

	pthread_mutex_lock(&c->renewal.lock);
	kind = c->identity.kind;
	pthread_mutex_unlock(&c->renewal.lock);
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

	pthread_mutex_lock(&c->renewal.lock);
	project = copy_or_null(c->identity.quota_project);
	pthread_mutex_unlock(&c->renewal.lock);
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
	pthread_mutex_lock(&c->renewal.lock);
	s.skew = c->skew;
	pthread_mutex_unlock(&c->renewal.lock);
	ret = google_find(&s, &place, err);
	if (!ret)
		ret = google_place_sign(&s, &place, signature, data, len, err);
	google_place_release(&place);
	google_search_release(&s);
	return ret;
}
