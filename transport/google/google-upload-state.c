/*
 * What is noted of an upload, for whoever goes on with it: the session, and
 * the CRC32C of as many bytes as it had acknowledged. How many it holds by now,
 * it alone says.
 * Source: resutilformat-upload(5), "The state of Google's stores".
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "lib/base/secret.h"
#include "lib/wrap/json.h"
#include "transport/google/google-session.h"

#define STATE_VERSION 1
#define EXTRA_MAX 4096

/* Eight hex digits. */
static bool read_crc32c(uint32_t *out, const char *text)
{
	uint32_t crc = 0;
	size_t i;

	if (!text || strlen(text) != 8)
		return false;
	for (i = 0; i < 8; i++) {
		if (hex_digit(text[i]) < 0)
			return false;
		crc = crc << 4 | (uint32_t)hex_digit(text[i]);
	}
	*out = crc;
	return true;
}

static bool read_state(struct google_session *s, struct google_noted *noted,
		       const struct value *root, const char *key)
{
	const char *of = google_text(root, "key");
	const char *url = google_text(root, "session");
	const char *extra = google_text(root, "extra");
	int64_t version, bytes;

	if (!value_get_int(root, "version", &version) ||
	    version != STATE_VERSION || !of || strcmp(of, key) || !url ||
	    !*url || strlen(url) > SESSION_URL_MAX || !extra ||
	    strlen(extra) > EXTRA_MAX ||
	    !value_get_int(root, "bytes", &bytes) || bytes < 0 ||
	    !read_crc32c(&noted->crc32c, google_text(root, "crc32c")))
		return false;
	noted->bytes = (uint64_t)bytes;
	strbuf_addstr(&s->url, url);
	strbuf_addstr(&s->extra, extra);
	return true;
}

int google_state_read(struct google_session *s, struct google_noted *noted,
		      const char *key, const char *state, struct strbuf *err)
{
	struct value *root = NULL;
	int ret = json_parse(&root, state, strlen(state), "the note of an "
			     "upload", err);

	if (!ret && !read_state(s, noted, root, key))
		ret = fail(err, ERR_CONTENT, "what was noted is no upload of "
			   "'%s'", key);
	secret_free_value(root);
	return ret;
}

int google_state_save(const struct google_session *s,
		      const struct google_noted *noted, struct strbuf *err)
{
	struct put_resume *resume = s->u->request->resume;
	struct value *root = value_new_map();
	struct strbuf text = STRBUF_INIT, crc = STRBUF_INIT;
	int ret;

	strbuf_addf(&crc, "%08" PRIx32, noted->crc32c);
	value_map_set_int(root, "version", STATE_VERSION);
	value_map_set_str(root, "key", s->u->request->key);
	value_map_set_str(root, "session", s->url.buf);
	value_map_set_str(root, "extra", s->extra.buf);
	value_map_set_int(root, "bytes", (int64_t)noted->bytes);
	value_map_set_str(root, "crc32c", crc.buf);
	json_write(&text, root);
	ret = resume->save(resume, text.buf, err);
	secret_free_value(root);
	secret_release(&text);
	strbuf_release(&crc);
	return ret;
}
