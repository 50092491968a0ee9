/*
 * Quoting of any bytes: what is quoted comes back, and nothing in it moves a
 * terminal; what is no quoted text is refused.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/utf8.h"
#include "t/fuzz/fuzz.h"

/* `lines`: their ends may stay, of one byte or two. */
static void check_calm(const struct strbuf *text, bool lines)
{
	const char *at = text->buf;
	size_t left = text->len;

	while (left) {
		int32_t c = utf8_next(&at, &left);

		MUST(c >= 0);
		MUST(!utf8_is_control(c) ||
		     (lines && (c == '\n' || c == '\t' ||
				(c == '\r' && *at == '\n'))));
	}
}

static void check_c(const char *text, size_t len)
{
	struct strbuf quoted = STRBUF_INIT, back = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret;

	quote_c(&quoted, text, len);
	check_calm(&quoted, false);
	if (len && *quoted.buf == '"' && !memchr(text, '\0', len)) {
		MUST(!unquote_c(&back, quoted.buf, NULL));
		MUST(back.len == len && !memcmp(back.buf, text, len));
	} else if (*quoted.buf != '"') {
		MUST(quoted.len == len && !memcmp(quoted.buf, text, len));
	}
	strbuf_reset(&back);
	ret = unquote_c(&back, text, &err);
	MUST(!ret == !err.len && (!ret || ret == ERR_CONTENT));
	strbuf_release(&quoted);
	strbuf_release(&back);
	strbuf_release(&err);
}

static void check_terminal(const char *text, size_t len)
{
	struct strbuf line = STRBUF_INIT, lines = STRBUF_INIT;
	struct strbuf file = STRBUF_INIT;
	struct strbuf twice = STRBUF_INIT;

	quote_terminal(&line, text, len);
	quote_terminal_lines(&lines, text, len);
	check_calm(&line, false);
	check_calm(&lines, true);
	MUST(!memchr(lines.buf, '\r', lines.len));
	quote_terminal_text(&file, text, len);
	check_calm(&file, true);
	quote_terminal(&twice, line.buf, line.len);
	MUST(!strcmp(twice.buf, line.buf));
	strbuf_release(&line);
	strbuf_release(&lines);
	strbuf_release(&file);
	strbuf_release(&twice);
}

/* The bytes are words that end in NUL. */
static void check_shell(const char *text, size_t len)
{
	struct strvec words = STRVEC_INIT, back = STRVEC_INIT;
	struct strbuf line = STRBUF_INIT, err = STRBUF_INIT;
	const char *at;
	size_t i;
	int ret;

	for (at = text; at < text + len; at += strlen(at) + 1)
		strvec_push(&words, at);
	if (words.nr) {
		quote_shell_argv(&line, words.v);
		MUST(!unquote_shell(&back, line.buf, NULL));
		MUST(back.nr == words.nr);
		for (i = 0; i < words.nr; i++)
			MUST(!strcmp(back.v[i], words.v[i]));
	}
	strvec_clear(&back);
	ret = unquote_shell(&back, text, &err);
	MUST(!ret == !err.len && (!ret || ret == ERR_USAGE));
	strvec_release(&words);
	strvec_release(&back);
	strbuf_release(&line);
	strbuf_release(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len);

	check_c(text, len);
	check_terminal(text, len);
	check_shell(text, len);
	free(text);
	return 0;
}
