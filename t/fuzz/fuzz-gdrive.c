/*
 * Answers of Drive from anywhere: a page of files, a file, and what is no
 * success; and versions, which are those of other stores, too.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/json.h"
#include "t/fuzz/google-refusal.h"
#include "transport/object.h"
#include "transport/gdrive/gdrive-internal.h"

/* It is a word, and comes apart as it was put together. */
static void check_version(const struct gdrive_file *f)
{
	struct strbuf id = STRBUF_INIT, revision = STRBUF_INIT;
	const char *at, *version = f->object.version;

	MUST(strlen(version) <= OBJECT_VERSION_MAX + 64);
	for (at = version; *at; at++)
		MUST(*at > ' ' && *at <= '~');
	MUST(gdrive_version(version, &id, &revision));
	MUST(!strcmp(id.buf, f->id));
	MUST(!f->revision || !strcmp(f->revision, revision.buf));
	strbuf_release(&id);
	strbuf_release(&revision);
}

static void check_file(const struct gdrive_file *f)
{
	struct strbuf quoted = STRBUF_INIT;
	size_t i, bare = 0;

	MUST(gdrive_is_id(f->id) && f->name);
	MUST(f->pending == (f->state != NULL));
	MUST(!f->has_bytes || !f->folder);
	MUST(!object_meta_check(&f->object.meta, NULL));
	if (f->has_bytes)
		check_version(f);
	/* No quote ends the text before its end. */
	gdrive_quote(&quoted, f->name);
	for (i = 1; i + 1 < quoted.len; i++)
		if (quoted.buf[i] == '\\')
			i++;
		else
			bare += quoted.buf[i] == '\'';
	MUST(!bare && quoted.len > 1 && i + 1 == quoted.len);
	strbuf_release(&quoted);
}

static int check_one_of(struct gdrive_file *f, void *data UNUSED)
{
	check_file(f);
	return 0;
}

static void check_page(const struct gdrive_store *s, const struct value *json)
{
	struct strbuf token = STRBUF_INIT, err = STRBUF_INIT;
	bool more = false;
	int ret;

	strbuf_addstr(&token, "before");
	ret = gdrive_page_read(s, json, &token, &more, check_one_of, NULL,
			       &err);
	MUST((ret != 0) == (err.len != 0));
	MUST(ret || strcmp(token.buf, "before"));
	MUST(ret || more == (token.len > 0));
	strbuf_release(&token);
	strbuf_release(&err);
}

static void check_one(const struct value *json)
{
	struct gdrive_file f = GDRIVE_FILE_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret = gdrive_file_read(&f, json, &err);

	MUST((ret != 0) == (err.len != 0));
	if (!ret)
		check_file(&f);
	gdrive_file_release(&f);
	strbuf_release(&err);
}

static void check_text(const char *text, size_t len)
{
	struct strbuf id = STRBUF_INIT, revision = STRBUF_INIT;
	char *copy = strndup(text, len);

	if (gdrive_version(copy, &id, &revision))
		MUST(id.len && revision.len &&
		     id.len + 1 + revision.len == strlen(copy));
	strbuf_release(&id);
	strbuf_release(&revision);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct google_source none = { .store = "gdrive://F", .scope = "x",
				      .anonymous = true };
	struct gdrive_store s = {
		.base = { .ops = &transport_gdrive,
			  .url = (char *)"gdrive://F" },
		.root_id = (char *)"F",
	};
	const char *text = (const char *)data;
	struct value *json = NULL;
	int status = google_status(data, len);

	text += len > 0;
	len -= len > 0;
	s.api.root = (char *)"https://www.googleapis.com";
	s.api.store = s.base.url;
	s.api.explain = gdrive_explain;
	s.api.data = &s;
	google_credentials_new(&s.api.credentials, &none);
	check_text(text, len);
	if (status >= 300) {
		check_refusal(&s.api, "/drive/v3/files", status, text,
			      len);
	} else if (!json_parse(&json, text, len, "answer", NULL)) {
		check_page(&s, json);
		check_one(json);
		value_free(json);
	}
	google_credentials_free(s.api.credentials);
	return 0;
}
