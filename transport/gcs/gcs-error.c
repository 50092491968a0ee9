/*
 * What refusals of Cloud Storage mean, and what to do about them.
 * Source: cloud.google.com/storage/docs/json_api/v1/status-codes,
 * cloud.google.com/storage/docs/access-control/iam-roles.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "transport/gcs/gcs-internal.h"

#define ROLE_OBJECTS "Storage Object User"
#define ROLE_BUCKET "Storage Legacy Bucket Reader"
#define NO_OBJECT "No such object"
#define PERMISSION_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ."

/* "storage.objects.create", out of the service's words; NULL. The caller
 * frees. */
static char *find_permission(const struct google_call *c)
{
	const char *at = strstr(c->message.buf, "storage.");
	size_t len = at ? strspn(at, PERMISSION_CHARS) : 0;

	while (len && at[len - 1] == '.')
		len--;
	return len > 8 && memchr(at + 8, '.', len - 8) ? xmemdupz(at, len) :
							  NULL;
}

/* "'you@...' " */
static void add_account(struct gcs_store *s, struct strbuf *advice)
{
	char *account = google_credentials_account(s->api.credentials);

	if (account) {
		strbuf_addch(advice, '\'');
		quote_terminal(advice, account, strlen(account));
		strbuf_addstr(advice, "' ");
	}
	free(account);
}

/* A bucket of somebody else, whose name was typed by mistake, refuses alike. */
static void advise_role(struct gcs_store *s, const char *permission,
			struct strbuf *advice)
{
	bool bucket = !strncmp(permission, "storage.buckets.", 16);

	if (google_credentials_is_anonymous(s->api.credentials)) {
		strbuf_addstr(advice, "'anonymous' in storage_config, or "
			      "STORAGE_EMULATOR_HOST, has it that nobody in "
			      "particular asks; see resutil-gcs(7)");
		return;
	}
	strbuf_addstr(advice, "grant ");
	add_account(s, advice);
	strbuf_addf(advice, "the role '%s' on the bucket '%s' (it has %s), "
		    "or correct '%s'; see resutil-gcs(7)",
		    bucket ? ROLE_BUCKET : ROLE_OBJECTS, s->bucket,
		    permission, s->bucket_key);
}

/* By the service's reason; the first whose `part` its words have. */
static const struct meaning {
	const char *reason;
	const char *part;	/* or NULL */
	int code;
	const char *advice;
} meanings[] = {
	{ "accountDisabled", NULL, ERR_FAILED,
	  "the Google Cloud project that owns the bucket, or pays, has no "
	  "billing account that is open: link one to it" },
	{ "userProjectAccountProblem", NULL, ERR_FAILED,
	  "the project 'user_project' has no billing account that is open" },
	{ "userProjectAccessDenied", NULL, ERR_CREDENTIALS,
	  "grant the account the role 'Service Usage Consumer' in the project "
	  "'user_project', which is to pay" },
	{ "userProjectInvalid", NULL, ERR_USAGE, "correct 'user_project'" },
	{ "userProjectInconsistent", NULL, ERR_USAGE,
	  "correct 'user_project'" },
	{ "userProjectMissing", NULL, ERR_CREDENTIALS,
	  "who asks pays for this bucket: set 'user_project' in "
	  "storage_config" },
	{ "required", "requester pays", ERR_CREDENTIALS,
	  "who asks pays for this bucket: set 'user_project' in "
	  "storage_config" },
	{ "forbidden", "serviceusage.services.use", ERR_CREDENTIALS,
	  "grant the account the role 'Service Usage Consumer' in the project "
	  "that is to pay" },
	{ "forbidden", "billing", ERR_FAILED,
	  "the Google Cloud project that owns the bucket, or pays, has no "
	  "billing account that is open: link one to it" },
	{ "insufficientPermissions", "scope", ERR_CREDENTIALS,
	  "the token is not for Cloud Storage: give the machine the scope "
	  "devstorage.read_write, or log in anew" },
	{ "accessNotConfigured", NULL, ERR_CREDENTIALS,
	  "enable the Cloud Storage API in the account's project" },
	{ "usageLimitsAccessNotConfigured", NULL, ERR_CREDENTIALS,
	  "enable the Cloud Storage API in the account's project" },
	{ "retentionPolicyNotMet", NULL, ERR_FAILED,
	  "the bucket keeps each object for a time (its retention policy); "
	  "wait for its end, or put it under another name" },
	{ "objectUnderActiveHold", NULL, ERR_FAILED,
	  "somebody holds this object: release the hold first" },
	{ "orgPolicyConstraintFailed", NULL, ERR_FAILED,
	  "a policy of the organization forbids it" },
	{ "invalid", "bucket name", ERR_USAGE, "correct the bucket's name" },
};

static int by_reason(const struct google_call *c, struct strbuf *advice)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(meanings); i++) {
		const struct meaning *m = &meanings[i];

		if (strcmp(m->reason, c->reason) ||
		    (m->part && !strcasestr(c->message.buf, m->part)))
			continue;
		strbuf_addstr(advice, m->advice);
		return m->code;
	}
	return 0;
}

static bool was_seen(struct gcs_store *s)
{
	return __atomic_load_n(&s->seen, __ATOMIC_RELAXED);
}

/* By what needs no other permission than listing. */
static bool ask_for_bucket(struct gcs_store *s)
{
	struct google_api plain = s->api;
	struct google_call c = GOOGLE_CALL_INIT("GET", NULL);
	struct strbuf path = STRBUF_INIT;
	bool found;

	plain.explain = NULL;
	gcs_path(s, NULL, &path);
	c.path = path.buf;
	strvec_push(&c.query, "maxResults=1");
	strvec_push(&c.query, "fields=kind");
	gcs_query(s, &c.query);
	google_call(&plain, &c, NULL);
	found = c.answer.status != 404;
	if (c.answer.status == 200)
		__atomic_store_n(&s->seen, true, __ATOMIC_RELAXED);
	google_call_release(&c);
	strbuf_release(&path);
	return found;
}

/*
 * Whether the bucket is there at all: a wrong one must not look like an empty
 * one, and the status is that of an object that is not there. The words tell
 * them apart, unless they are others one day. Of many that miss something at
 * once, one asks.
 */
static bool has_bucket(struct gcs_store *s)
{
	bool found;

	if (was_seen(s))
		return true;
	pthread_mutex_lock(&s->asking);
	found = was_seen(s) || ask_for_bucket(s);
	pthread_mutex_unlock(&s->asking);
	return found;
}

/* What it says of an object in a bucket that it has. */
static bool says_object(const struct google_call *c)
{
	return !strncmp(c->message.buf, NO_OBJECT, sizeof(NO_OBJECT) - 1);
}

static int explain_missing(struct gcs_store *s, const struct google_call *c,
			   struct strbuf *advice)
{
	if (c->about && says_object(c))
		__atomic_store_n(&s->seen, true, __ATOMIC_RELAXED);
	if (c->about && has_bucket(s))
		return ERR_NOT_FOUND;
	strbuf_addf(advice, "there is no bucket '%s': make it, or correct "
		    "'%s'", s->bucket, s->bucket_key);
	return ERR_UNREACHABLE;
}

/* Quotas, for one, are no matter of roles. */
static bool may_be_role(const struct google_call *c)
{
	return !*c->reason || !strcmp(c->reason, "forbidden") ||
	       !strcmp(c->reason, "PERMISSION_DENIED");
}

int gcs_explain(struct google_api *api, const struct google_call *c,
		struct strbuf *advice)
{
	struct gcs_store *s = api->data;
	int status = c->answer.status, ret;
	char *permission;

	/* The session of an upload that has ended says nothing of the
	 * bucket. */
	if (status == 404)
		return *c->path == '/' ? explain_missing(s, c, advice) : 0;
	ret = by_reason(c, advice);
	if (ret || (status != 401 && status != 403))
		return ret;
	permission = find_permission(c);
	if (permission)
		advise_role(s, permission, advice);
	else if (status == 403 && may_be_role(c))
		strbuf_addf(advice, "does the account have the role '"
			    ROLE_OBJECTS "' on the bucket '%s'? See "
			    "resutil-gcs(7)", s->bucket);
	free(permission);
	return 0;
}
