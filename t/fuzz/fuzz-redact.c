/*
 * Words and texts from anywhere without their secrets: with each mark replaced
 * by what it stands for they are as they were, and no shape of a secret is
 * left.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/redact.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "t/fuzz/fuzz.h"

/* `out` came from `in`, which held no mark. */
static void check_text(const struct redaction *r, const char *in,
		       const char *out)
{
	struct strbuf back = STRBUF_INIT;
	const char *at, *kind, *rest = out;
	size_t len, nr;

	while ((len = redact_find_mark(rest, &at, &nr))) {
		MUST(nr > r->before && nr <= r->before + r->values.nr);
		strbuf_add(&back, rest, (size_t)(at - rest));
		strbuf_addstr(&back, r->values.v[nr - r->before - 1]);
		rest = at + len;
	}
	strbuf_addstr(&back, rest);
	MUST(!strcmp(back.buf, in));
	/* what ends at a mark was longer, and so another thing, before */
	len = redact_find_token(out, strlen(out), &at, &kind);
	MUST(!len || at[len] == '<' || (at > out && at[-1] == '>'));
	strbuf_release(&back);
}

static void check_redaction(const struct redaction *r)
{
	size_t i, j;

	MUST(r->values.nr == r->reasons.nr);
	for (i = 0; i < r->values.nr; i++) {
		MUST(*r->values.v[i] && *r->reasons.v[i]);
		for (j = 0; j < i; j++)
			MUST(strcmp(r->values.v[i], r->values.v[j]));
	}
}

static void check_argv(const struct strvec *words)
{
	struct redaction r = REDACTION_INIT;
	struct strvec out = STRVEC_INIT;
	bool taken = redact_argv(&r, words->v, &out);
	size_t i;

	MUST(out.nr == words->nr && taken == (r.values.nr > 0));
	for (i = 0; i < out.nr; i++)
		check_text(&r, words->v[i], out.v[i]);
	check_redaction(&r);
	strvec_release(&out);
	redaction_release(&r);
}

static void check_each(const struct strvec *words)
{
	struct redaction r = REDACTION_INIT;
	struct strbuf out = STRBUF_INIT;
	size_t i;

	for (i = 0; i < words->nr; i++) {
		strbuf_reset(&out);
		redact_command(&r, words->v[i], &out);
		check_text(&r, words->v[i], out.buf);
		strbuf_reset(&out);
		redact_text(&r, words->v[i], &out);
		check_text(&r, words->v[i], out.buf);
		if (!i)
			continue;
		strbuf_reset(&out);
		redact_value(&r, words->v[i - 1], words->v[i], &out);
		check_text(&r, words->v[i], out.buf);
	}
	check_redaction(&r);
	strbuf_release(&out);
	redaction_release(&r);
}

/* Words that end in NUL. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strvec words = STRVEC_INIT;
	char *text = xmemdupz(data, len);
	const char *at, *mark;
	size_t nr;

	for (at = text; at < text + len; at += strlen(at) + 1) {
		/* what has marks of its own cannot be put together again */
		if (redact_find_mark(at, &mark, &nr))
			goto cleanup;
		strvec_push(&words, at);
	}
	if (words.nr && len < 16384) {
		check_argv(&words);
		check_each(&words);
	}

cleanup:
	strvec_release(&words);
	free(text);
	return 0;
}
