/*
 * What answers of Google say: reasons of refusals, members of JSON, and what is
 * noted of a session.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/json.h"
#include "transport/google/google-error.h"
#include "transport/google/google-session.h"
#include "t/unit/unit.h"

/* ---- members ------------------------------------------------------------ */

static struct value *parse(const char *text)
{
	struct value *json = NULL;

	check(!json_parse(&json, text, strlen(text), "a test", NULL), text);
	return json;
}

static void number(const char *text, bool good, uint64_t want)
{
	struct value *json = parse(text);
	uint64_t got = 0;

	check(google_number(&got, json, "n") == good && got == want, text);
	value_free(json);
}

static void bytes(const char *base64, bool good)
{
	unsigned char raw[4] = { 9, 9, 9, 9 };

	check(google_bytes(raw, sizeof(raw), base64) == good,
	      *base64 ? base64 : "nothing");
	check(good ? !memcmp(raw, "\1\2\3\4", 4) : raw[0] == 9,
	      "... and these");
}

static void members(void)
{
	struct value *json = parse("{\"t\": \"2024-07-04T10:15:55.123Z\", "
				   "\"bad\": \"yesterday\"}");

	number("{\"n\": \"0\"}", true, 0);
	number("{\"n\": \"18446744073709551615\"}", true, UINT64_MAX);
	number("{\"n\": \"18446744073709551616\"}", false, 0);
	number("{\"n\": 42}", true, 42);
	number("{\"n\": -1}", false, 0);
	number("{\"n\": \"-1\"}", false, 0);
	number("{\"n\": \"\"}", false, 0);
	number("{\"n\": \"1x\"}", false, 0);
	number("{\"n\": 1.5}", false, 0);
	number("{\"m\": 1}", false, 0);
	check(google_time(json, "t") == 1720088155, "a time");
	check(!google_time(json, "bad") && !google_time(json, "none"),
	      "none");
	check(!google_text(json, "none") && !google_text(NULL, "t"),
	      "no text");
	bytes("AQIDBA==", true);
	bytes("AQID", false);
	bytes("AQIDBAU=", false);
	bytes("AQIDB", false);
	bytes("", false);
	value_free(json);
}

/* ---- refusals ----------------------------------------------------------- */

static void refusal(int status, const char *body, const char *reason,
		    const char *message, bool limit)
{
	struct google_call c = GOOGLE_CALL_INIT("GET", "/a");

	c.answer.status = status;
	strbuf_addstr(&c.answer.body, body);
	google_error_read(&c);
	check_str(c.reason, reason, "the reason of a refusal");
	check_str(c.message.buf, message, "... and the message");
	check(google_error_is_limit(&c) == limit, "... and whether to wait");
	google_call_release(&c);
}

#define ERRORS(reason) \
	"{\"error\": {\"message\": \"No.\", \"errors\": [{\"reason\": \"" \
	reason "\"}]}}"

static void refusals(void)
{
	refusal(403, ERRORS("rateLimitExceeded"), "rateLimitExceeded", "No",
		true);
	refusal(400, ERRORS("rateLimitExceeded"), "rateLimitExceeded", "No",
		false);
	refusal(403, ERRORS("dailyLimitExceeded"), "dailyLimitExceeded", "No",
		false);
	refusal(403, "{\"error\": {\"message\": \" x. \", \"status\": \"S\", "
		"\"details\": [5, {\"reason\": \"RATE_LIMIT_EXCEEDED\"}]}}",
		"RATE_LIMIT_EXCEEDED", "x", true);
	refusal(400, "{\"error\": \"invalid_grant\", \"error_description\": "
		"\"a\\u001bb\"}", "invalid_grant", "a\\x1bb", false);
	refusal(403, ERRORS("two words"), "", "No", false);
	refusal(404, " No such object: lab/a\n", "",
		"No such object: lab/a", false);
	refusal(404, "\n<html>No", "", "", false);
	refusal(404, "{\"broken", "", "", false);
	refusal(404, "", "", "", false);
	refusal(404, "[]", "", "", false);
}

/* Of a letter that is cut none is left. */
static void bounds(void)
{
	struct google_call c = GOOGLE_CALL_INIT("GET", "/a");
	size_t i;

	for (i = 0; i < 400; i++)
		strbuf_addstr(&c.answer.body, i == 99 ? "\xc3\xa9" : "abc");
	google_error_read(&c);
	check(c.message.len == 303 && !strcmp(c.message.buf + 300, "..."),
	      "a long message is cut");
	google_call_release(&c);
	for (i = 0; i < 400; i++)
		strbuf_addstr(&c.answer.body, i ? "\xe3\x81\x82" : "a");
	google_error_read(&c);
	check(c.message.len == 301 && !strstr(c.message.buf, "\\x"),
	      "between letters");
	google_call_release(&c);
}

static void skew(const char *field, bool matters)
{
	struct http_answer a = HTTP_ANSWER_INIT;

	strvec_push(&a.fields, field);
	check(!!google_clock_ahead(&a) == matters, field);
	http_answer_release(&a);
}

/* ---- notes -------------------------------------------------------------- */

#define STATE(crc, bytes, version, key) \
	"{\"version\":" version ",\"key\":\"" key "\",\"session\":" \
	"\"https://x/?upload_id=1\",\"extra\":\"17\",\"bytes\":" bytes \
	",\"crc32c\":\"" crc "\"}"

static int keep(struct put_resume *r, const char *state,
		struct strbuf *err UNUSED)
{
	free(r->state);
	r->state = xstrdup(state);
	return 0;
}

static void reads(const char *state, int want)
{
	struct put_resume resume = { .save = keep };
	struct put_request r = { .key = "p/a.zip", .resume = &resume };
	struct google_upload u = { .request = &r };
	struct google_session s = { .u = &u, .url = STRBUF_INIT,
				    .extra = STRBUF_INIT };
	struct google_noted noted = { 0 };
	struct strbuf err = STRBUF_INIT;

	check(google_state_read(&s, &noted, r.key, state, &err) == want,
	      *state ? state : "nothing");
	if (!want) {
		check_str(s.extra.buf, "17", "... what was kept");
		check(noted.bytes == 8388608 && noted.crc32c == 0xab,
		      "... how far");
		check(!google_state_save(&s, &noted, &err), "... kept again");
		check_str(resume.state, state, "... the same");
	}
	free(resume.state);
	strbuf_release(&s.url);
	strbuf_release(&s.extra);
	strbuf_release(&err);
}

static void notes(void)
{
	reads(STATE("000000ab", "8388608", "1", "p/a.zip"), 0);
	reads(STATE("000000ab", "8388608", "2", "p/a.zip"), ERR_CONTENT);
	reads(STATE("000000ab", "8388608", "1", "p/b.zip"), ERR_CONTENT);
	reads(STATE("000000ag", "8388608", "1", "p/a.zip"), ERR_CONTENT);
	reads(STATE("0ab", "8388608", "1", "p/a.zip"), ERR_CONTENT);
	reads(STATE("000000ab", "-1", "1", "p/a.zip"), ERR_CONTENT);
	reads("{}", ERR_CONTENT);
	reads("[]", ERR_CONTENT);
	reads("{", ERR_CONTENT);
	reads("", ERR_CONTENT);
}

int main(void)
{
	members();
	refusals();
	bounds();
	skew("date: Thu, 01 Jan 2015 00:00:00 GMT", true);
	skew("date: Thu, 01 Jan 2099 00:00:00 GMT", true);
	skew("date: nonsense", false);
	skew("server: x", false);
	notes();
	return unit_done();
}
