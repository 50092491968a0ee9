/*
 * Answers of S3 from anywhere: a listing, an object's head, an error. The first
 * byte is the status, what follows up to an empty line are fields, the rest is
 * the body.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "t/fuzz/fuzz.h"
#include "transport/object.h"
#include "transport/s3/s3-error.h"
#include "transport/s3/s3-internal.h"

static const int statuses[] = {
	200, 206, 301, 307, 400, 401, 403, 404, 409, 412, 416, 500, 501, 503
};

static void read_answer(struct http_answer *a, const char *text, size_t len)
{
	const char *end;

	a->status = 200;
	if (len)
		a->status = statuses[(unsigned char)*text %
				     ARRAY_SIZE(statuses)];
	text += len > 0;
	len -= len > 0;
	while ((end = memchr(text, '\n', len))) {
		size_t line = (size_t)(end - text);

		if (line && memmem(text, line, ": ", 2) &&
		    !memchr(text, '\0', line))
			strvec_pushn(&a->fields, text, line);
		len -= line + 1;
		text = end + 1;
		if (!line)
			break;
	}
	strbuf_add(&a->body, text, len);
}

static void check_version(const char *version)
{
	MUST(strlen(version) <= OBJECT_VERSION_MAX);
	for (; *version; version++)
		MUST(*version > ' ' && *version <= '~' && *version != '"');
}

static int check_object(const struct object *o, void *data UNUSED)
{
	size_t len = strlen(o->key);

	MUST(o->size != OBJECT_SIZE_UNKNOWN);
	check_version(o->version);
	/* A level has no version, an object has one. */
	MUST(*o->version || !o->size);
	MUST(!len || o->key[len - 1] != '/' || !*o->version);
	return 0;
}

static void check_list(struct s3_store *s, const struct s3_call *c)
{
	struct strbuf cursor = STRBUF_INIT, err = STRBUF_INIT;
	int ret;

	strbuf_addstr(&cursor, "before");
	ret = s3_list_read(s, c, &cursor, check_object, NULL, &err);
	MUST((ret != 0) == (err.len != 0));
	MUST(ret || strcmp(cursor.buf, "before"));
	strbuf_release(&cursor);
	strbuf_release(&err);
}

static void check_stat(const struct s3_store *s, const struct s3_call *c)
{
	struct object o = OBJECT_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret = s3_stat_read(s, c, &o, &err);

	MUST((ret != 0) == (err.len != 0));
	if (!ret) {
		check_version(o.version);
		MUST(*o.version && !strcmp(o.key, c->key));
		MUST(!object_meta_check(&o.meta, NULL));
	}
	object_release(&o);
	strbuf_release(&err);
}

static void check_error(struct s3_store *s, const struct s3_call *c)
{
	struct s3_error e = S3_ERROR_INIT;
	struct strbuf err = STRBUF_INIT;
	const char *at;

	if (s3_error_read(&e, c)) {
		MUST(s3_fail_answer(s, c, &e, true, &err) < 0);
		must_be_sentence(&err);
		for (at = e.region; *at; at++)
			MUST(isalnum((unsigned char)*at) || *at == '-');
	} else {
		MUST(c->answer.status < 300);
	}
	s3_error_release(&e);
	strbuf_release(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct s3_store s = {
		.base = { .ops = &transport_s3, .url = (char *)"s3://lab/p" },
		.bucket = (char *)"lab", .prefix = (char *)"p/",
		.scheme = (char *)"https", .host = (char *)"host",
		.base_path = (char *)"", .region = (char *)"us-east-1",
		.path_style = true, .lock = PTHREAD_MUTEX_INITIALIZER,
	};
	struct s3_call list = S3_CALL_INIT("GET", NULL);
	struct s3_call head = S3_CALL_INIT("HEAD", "key");

	read_answer(&list.answer, (const char *)data, len);
	read_answer(&head.answer, (const char *)data, len);
	check_list(&s, &list);
	check_stat(&s, &head);
	check_error(&s, &list);
	check_error(&s, &head);
	s3_call_release(&list);
	s3_call_release(&head);
	return 0;
}
