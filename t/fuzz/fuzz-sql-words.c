/*
 * Texts of SQL from anywhere: each name comes once, and said again between
 * quotes it is found again.
 */
#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/runs/sql-words.h"
#include "t/fuzz/fuzz.h"

static void quote(struct strbuf *out, const char *word)
{
	strbuf_addch(out, '"');
	for (; *word; word++) {
		if (*word == '"')
			strbuf_addch(out, '"');
		strbuf_addch(out, *word);
	}
	strbuf_addstr(out, "\" ");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strvec words = STRVEC_INIT, again = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	size_t i;

	sql_words(&words, (const char *)data, len);
	for (i = 0; i < words.nr; i++) {
		MUST(*words.v[i] && strlen(words.v[i]) <= len);
		quote(&text, words.v[i]);
	}
	sql_words(&again, text.buf, text.len);
	MUST(again.nr == words.nr);
	for (i = 0; i < words.nr; i++)
		MUST(!strcmp(words.v[i], again.v[i]));
	strvec_sort(&again, true);
	MUST(again.nr == words.nr);
	strvec_release(&words);
	strvec_release(&again);
	strbuf_release(&text);
	return 0;
}
