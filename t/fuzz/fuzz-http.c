/*
 * Heads of answers from anywhere, and what stands in them: dates, Retry-After,
 * places. What is traced of them holds no value that is secret by its name.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/http-internal.h"
#include "t/fuzz/fuzz.h"

#define NOW INT64_C(1720091755)

static void check_head(const char *text, size_t len)
{
	struct http_answer a = HTTP_ANSWER_INIT;
	struct strbuf head = STRBUF_INIT, line = STRBUF_INIT;
	size_t i;

	strbuf_addstr(&head, "HTTP/");
	strbuf_add(&head, text, len);
	answer_read(&a, &head);
	MUST(a.status >= 0 && a.status < 1000);
	MUST(a.version >= 0 && a.version < 1000);
	MUST(a.retry_after <= HTTP_RETRY_AFTER_MAX + 1);
	for (i = 0; i < a.fields.nr; i++) {
		const char *field = a.fields.v[i];
		const char *colon = strstr(field, ": ");

		MUST(colon && colon > field && !strchr(field, '\n'));
		for (; field < colon; field++)
			MUST(!isupper((unsigned char)*field));
		strbuf_reset(&line);
		http_trace_field(&line, a.fields.v[i]);
	}
	MUST(http_status_error(&a) < 0);
	http_answer_release(&a);
	strbuf_release(&head);
	strbuf_release(&line);
}

static void check_date(const char *text)
{
	int64_t sec;
	uint64_t wait = http_retry_after(text, NOW);

	MUST(wait <= HTTP_RETRY_AFTER_MAX + 1);
	if (!http_date(&sec, text))
		return;
	/* Of years 0 to 9999, and a day at each end. */
	MUST(sec > INT64_C(-62170000000) && sec < INT64_C(253402400000));
	MUST(!wait == (sec <= NOW));
}

static void check_url(const char *text)
{
	struct strbuf out = STRBUF_INIT, url = STRBUF_INIT;

	http_place(&out, text);
	MUST(out.len <= strlen(text));
	strbuf_reset(&out);
	http_trace_url(&out, text, true);
	http_trace_url(&out, text, false);
	strbuf_reset(&out);
	/* Whatever stands before it. */
	strbuf_addstr(&url, "https://me:SeSaMe@host/");
	http_escape(&url, text, strlen(text), true);
	strbuf_addf(&url, "?%.*s&X-Amz-Signature=SeSaMe&x=%s",
		    (int)strcspn(text, "&=#SeSaM"), text, "1");
	http_trace_url(&out, url.buf, false);
	MUST(!strstr(out.buf, "SeSaMe") || strstr(text, "SeSaMe"));
	strbuf_release(&out);
	strbuf_release(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len);

	check_head(text, len);
	check_date(text);
	check_url(text);
	free(text);
	return 0;
}
