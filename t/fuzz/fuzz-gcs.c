/*
 * Answers of Cloud Storage from anywhere: a page of objects, an object, and
 * what is no success.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/json.h"
#include "t/fuzz/google-refusal.h"
#include "transport/object.h"
#include "transport/gcs/gcs-internal.h"

static int check_object(const struct object *o, void *data UNUSED)
{
	size_t len = strlen(o->key);

	MUST(!*o->version || gcs_is_generation(o->version));
	/* A level has no version, an object has one. */
	MUST(*o->version || !o->size);
	MUST(!len || o->key[len - 1] != '/' || !*o->version);
	MUST(!object_meta_check(&o->meta, NULL));
	return 0;
}

static void check_list(const struct gcs_store *s, const struct value *json)
{
	struct strbuf cursor = STRBUF_INIT, err = STRBUF_INIT;
	int ret;

	strbuf_addstr(&cursor, "before");
	ret = gcs_list_read(s, json, &cursor, check_object, NULL, &err);
	MUST((ret != 0) == (err.len != 0));
	MUST(ret || strcmp(cursor.buf, "before"));
	strbuf_release(&cursor);
	strbuf_release(&err);
}

static void check_one(const struct gcs_store *s, const struct value *json)
{
	struct object o = OBJECT_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret = gcs_object_read(s, json, &o, &err);

	MUST((ret != 0) == (err.len != 0));
	if (!ret) {
		MUST(gcs_is_generation(o.version));
		MUST(!object_meta_check(&o.meta, NULL));
	}
	object_release(&o);
	strbuf_release(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct google_source none = { .store = "gs://lab/p", .scope = "x",
				      .anonymous = true };
	struct gcs_store s = {
		.base = { .ops = &transport_gcs, .url = (char *)"gs://lab/p" },
		.bucket = (char *)"lab", .prefix = (char *)"p/", .seen = true,
		.bucket_key = "backet_name",
	};
	const char *text = (const char *)data;
	struct value *json = NULL;
	int status = google_status(data, len);

	text += len > 0;
	len -= len > 0;
	s.api.root = (char *)"https://storage.googleapis.com";
	s.api.store = s.base.url;
	s.api.explain = gcs_explain;
	s.api.data = &s;
	google_credentials_new(&s.api.credentials, &none);
	if (status >= 300) {
		check_refusal(&s.api, "/storage/v1/b/lab/o", status, text,
			      len);
	} else if (!json_parse(&json, text, len, "answer", NULL)) {
		check_list(&s, json);
		check_one(&s, json);
		value_free(json);
	}
	google_credentials_free(s.api.credentials);
	return 0;
}
