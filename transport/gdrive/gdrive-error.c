/*
 * What Drive's reasons mean here, and what to do. What Cloud Storage has, too,
 * is told by google-error.c.
 * Source: developers.google.com/drive/api/guides/handle-errors.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "transport/gdrive/gdrive-internal.h"

#define ENABLE \
	"enable the Google Drive API for the project of the credentials: " \
	"https://console.cloud.google.com/apis/library/drive.googleapis.com"
/* "%s" is whom to share with. */
#define SHARE \
	"share the folder with %s as 'Editor' (a shared drive: as 'Content " \
	"manager')"

static const struct {
	const char *reason;
	int ret;
	const char *advice;
} meanings[] = {
	{ "accessNotConfigured", ERR_CREDENTIALS, ENABLE },
	{ "activeItemCreationLimitExceeded", ERR_FAILED,
	  "%s has made as many files as one account may: use another one" },
	{ "appNotAuthorizedToFile", ERR_CREDENTIALS,
	  "the token is for files that this program made; log in anew by "
	  "'resutil remote login'" },
	{ "cannotDownloadFile", ERR_CREDENTIALS,
	  "its owner does not let viewers download it: let them, or share the "
	  "folder with %s as 'Editor'" },
	{ "dailyLimitExceeded", ERR_FAILED,
	  "the project of the credentials has used up its requests of this "
	  "day" },
	{ "domainPolicy", ERR_CREDENTIALS,
	  "the administrators of the domain do not let apps use Drive" },
	{ "downloadQuotaExceeded", ERR_FAILED,
	  "it was downloaded too often: Google gives it again in a day" },
	{ "insufficientFilePermissions", ERR_CREDENTIALS, SHARE },
	{ "insufficientParentPermissions", ERR_CREDENTIALS, SHARE },
	{ "insufficientPermissions", ERR_CREDENTIALS,
	  "the token is not for Google Drive; log in anew by 'resutil remote "
	  "login', or use the key file of a service account" },
	{ "numChildrenInNonRootLimitExceeded", ERR_FAILED,
	  "a folder takes 500,000 files at most: use another one" },
	{ "SERVICE_DISABLED", ERR_CREDENTIALS, ENABLE },
	{ "teamDriveFileLimitExceeded", ERR_FAILED,
	  "a shared drive takes 500,000 files at most, those in its trash, "
	  "too: empty that, or use another drive" },
	{ "teamDriveMembershipRequired", ERR_CREDENTIALS, SHARE },
};

void gdrive_add_whom(struct gdrive_store *s, struct strbuf *out)
{
	char *account = google_credentials_account(s->api.credentials);

	if (account)
		strbuf_addf(out, "'%s'", account);
	else
		strbuf_addstr(out, "the account of the credentials");
	free(account);
}

static void add_advice(struct gdrive_store *s, const char *advice,
		       struct strbuf *out)
{
	const char *whom = strstr(advice, "%s");

	if (!whom) {
		strbuf_addstr(out, advice);
		return;
	}
	strbuf_add(out, advice, (size_t)(whom - advice));
	gdrive_add_whom(s, out);
	strbuf_addstr(out, whom + 2);
}

/* Whose room is used up is what decides; robots have none on My Drive. */
static int explain_quota(struct gdrive_store *s, struct strbuf *advice)
{
	if (google_credentials_is_service(s->api.credentials))
		add_advice(s, "a service account has no room on My Drive: "
			   "make the folder in a shared drive, with %s as "
			   "'Content manager', or go in as yourself by "
			   "'resutil remote login'; see resutil-gdrive(7)",
			   advice);
	else
		add_advice(s, "the Drive of %s is full: its trash counts, "
			   "too", advice);
	return ERR_FAILED;
}

/* People say that they know, and no program for them. */
static int explain_abuse(const struct gdrive_store *s, struct strbuf *advice)
{
	strbuf_addstr(advice, "Google takes it for malware or spam, and gives "
		      "it only to its owner (in a shared drive, to a "
		      "manager)");
	if (!s->acknowledge_abuse)
		strbuf_addstr(advice, ", who knows that: set "
			      "'acknowledge_abuse: true' in storage_config");
	return ERR_CREDENTIALS;
}

int gdrive_explain(struct google_api *api, const struct google_call *c,
		   struct strbuf *advice)
{
	struct gdrive_store *s = api->data;
	size_t i;

	if (!strcmp(c->reason, "storageQuotaExceeded"))
		return explain_quota(s, advice);
	if (!strcmp(c->reason, "cannotDownloadAbusiveFile"))
		return explain_abuse(s, advice);
	for (i = 0; i < ARRAY_SIZE(meanings); i++)
		if (!strcmp(c->reason, meanings[i].reason)) {
			add_advice(s, meanings[i].advice, advice);
			return meanings[i].ret;
		}
	return 0;
}
