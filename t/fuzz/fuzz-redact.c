/* Words of a command line, separated by NUL; the first says what is exempt. */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/redact.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record.h"
#include "lib/exp/redact-record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MUST(x)                                                               \
	do {                                                                  \
		if (!(x))                                                     \
			abort();                                              \
	} while (0)

/* With each mark read back as what it stands for, it is what was given. */
static void check_restored(const struct redaction *r, const char *before,
			   const char *after)
{
	struct strbuf text = STRBUF_INIT;
	const char *at;
	size_t nr, n;

	while ((n = redact_find_mark(after, &at, &nr))) {
		strbuf_add(&text, after, (size_t)(at - after));
		if (nr > r->before && nr - r->before <= r->values.nr)
			strbuf_addstr(&text, r->values.v[nr - r->before - 1]);
		else
			strbuf_add(&text, at, n);
		after = at + n;
	}
	strbuf_addstr(&text, after);
	MUST(!strcmp(text.buf, before));
	strbuf_release(&text);
}

static void check_no_tokens(const char *text)
{
	const char *at, *kind;

	MUST(!redact_find_token(text, strlen(text), &at, &kind));
}

static void check_words(const struct strvec *words)
{
	struct redaction r = REDACTION_INIT;
	struct strvec out = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	bool same = true, found;
	size_t i;

	found = redact_argv(&r, words->v, &out);
	MUST(out.nr == words->nr && r.values.nr == r.reasons.nr);
	for (i = 0; i < out.nr; i++) {
		same = same && !strcmp(out.v[i], words->v[i]);
		check_restored(&r, words->v[i], out.v[i]);
		check_no_tokens(out.v[i]);
		strbuf_reset(&text);
		redact_text(&r, words->v[i], &text);
		check_no_tokens(text.buf);
	}
	MUST(found == !same && (found || !r.values.nr));
	strbuf_release(&text);
	strvec_release(&out);
	redaction_release(&r);
}

/* A record of it: good, without tokens, and the same when it is done again. */
static void check_record(const struct strvec *words)
{
	struct moment now = { 0 };
	struct value *record, *again;

	record = record_new(NULL, "x", words->v, "/", "running", &now);
	record_redact_new(record);
	MUST(!record_check(record, NULL));
	again = value_copy(record);
	record_redact_new(again);
	MUST(!record_check(again, NULL));
	value_free(again);
	value_free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strvec words = STRVEC_INIT;
	char *text = xmemdupz(data, len);
	const char *at, *kind;
	size_t i, n;

	redact_clear_rules();
	n = redact_find_token((const char *)data, len, &at, &kind);
	MUST(n <= len);
	for (i = 0; i < len; i += strlen(text + i) + 1)
		strvec_push(&words, text + i);
	check_words(&words);
	check_record(&words);
	if (words.nr) {
		redact_allow(words.v[0]);
		redact_add_name(words.v[0]);
		redact_is_secret_name(words.v[words.nr - 1]);
		check_record(&words);
	}
	redact_clear_rules();
	strvec_release(&words);
	free(text);
	return 0;
}
