/*
 * Refusals and successes of Google from anywhere, and notes of sessions as a
 * crash, a disk or somebody else left them. The first byte is the status, or 0
 * for a note; the rest is the body.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "t/fuzz/fuzz.h"
#include "transport/google/google-error.h"
#include "transport/google/google-session.h"

static const int statuses[] = {
	0, 200, 302, 308, 400, 401, 403, 404, 409, 410, 412, 416, 429, 500, 503
};

/* A line that a terminal shows as it is. */
static void check_sentence(const struct strbuf *err)
{
	const char *at = err->buf;
	size_t left = err->len;

	MUST(err->len && err->len < 4096);
	while (left) {
		int32_t c = utf8_next(&at, &left);

		MUST(c >= 0 && !utf8_is_control(c));
	}
}

static void try_answer(int status, const char *text, size_t len)
{
	static const char *const words[] = { "size", "updated", "crc32c" };
	struct google_source source = { .anonymous = true, .store = "gs://b" };
	struct google_api api = { .root = (char *)"http://127.0.0.1:1",
				  .store = "gs://b" };
	struct google_call c = GOOGLE_CALL_INIT("GET", "/b");
	struct strbuf err = STRBUF_INIT;
	unsigned char raw[4];
	uint64_t number;
	size_t i;
	int ret;

	google_credentials_new(&api.credentials, &source);
	c.answer.status = status;
	c.about = status & 1 ? "a/b" : NULL;
	strbuf_add(&c.answer.body, text, len);
	if (status == 200) {
		ret = google_read_json(&api, &c, &err);
		MUST(!ret || !c.json);
	} else {
		google_error_read(&c);
		MUST(strlen(c.reason) < sizeof(c.reason));
		google_error_is_limit(&c);
		ret = google_fail_answer(&api, &c, &err);
		MUST(ret < 0);
	}
	if (ret)
		check_sentence(&err);
	for (i = 0; c.json && i < ARRAY_SIZE(words); i++) {
		const char *word = google_text(c.json, words[i]);

		google_number(&number, c.json, words[i]);
		google_time(c.json, words[i]);
		if (word)
			google_bytes(raw, sizeof(raw), word);
	}
	google_call_release(&c);
	google_credentials_free(api.credentials);
	strbuf_release(&err);
}

static int keep(struct put_resume *r, const char *state,
		struct strbuf *err UNUSED)
{
	free(r->state);
	r->state = xstrdup(state);
	return 0;
}

/* What was read is what would be written. */
static void try_state(const char *text)
{
	struct put_resume resume = { .save = keep };
	struct put_request r = { .key = "p/a.zip", .resume = &resume };
	struct google_upload u = { .request = &r };
	struct google_session s = { .u = &u, .url = STRBUF_INIT,
				    .extra = STRBUF_INIT };
	struct google_session t = s;
	struct google_noted noted = { 0 }, again = { 0 };
	struct strbuf err = STRBUF_INIT;

	if (google_state_read(&s, &noted, r.key, text, &err)) {
		MUST(err.len && !s.url.len && !s.extra.len);
	} else {
		MUST(s.url.len && s.url.len <= SESSION_URL_MAX);
		MUST(!google_state_save(&s, &noted, NULL));
		MUST(!google_state_read(&t, &again, r.key, resume.state,
					NULL));
		MUST(!strcmp(s.url.buf, t.url.buf) &&
		     !strcmp(s.extra.buf, t.extra.buf) &&
		     noted.bytes == again.bytes &&
		     noted.crc32c == again.crc32c);
	}
	free(resume.state);
	strbuf_release(&s.url);
	strbuf_release(&s.extra);
	strbuf_release(&t.url);
	strbuf_release(&t.extra);
	strbuf_release(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	char *copy;
	int status;

	if (!len)
		return 0;
	status = statuses[*data % ARRAY_SIZE(statuses)];
	if (status) {
		try_answer(status, text + 1, len - 1);
		return 0;
	}
	copy = xmemdupz(text + 1, len - 1);
	try_state(copy);
	free(copy);
	return 0;
}
