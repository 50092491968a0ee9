#include "lib/base/compat.h"
#include "lib/exp/runs/sql-words.h"

#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"

struct reader {
	const char *at, *end;
	struct strmap seen;
	struct strvec *out;
};

static void add_word(struct reader *r, const char *text, size_t len)
{
	struct strbuf word = STRBUF_INIT;

	strbuf_add(&word, text, len);
	/* A name with a NUL is nobody's. */
	if (len && strlen(word.buf) == len && !strmap_get(&r->seen, word.buf)) {
		strvec_push(r->out, word.buf);
		strmap_put(&r->seen, r->out->v[r->out->nr - 1], r);
	}
	strbuf_release(&word);
}

/* Behind the opening quote; doubled, the closing one stands for itself. */
static void read_quoted(struct reader *r, char close, bool is_name)
{
	struct strbuf word = STRBUF_INIT;

	while (r->at < r->end) {
		const char c = *r->at++;

		if (c == close) {
			if (close == ']' || r->at == r->end || *r->at != close)
				break;
			r->at++;
		}
		strbuf_addch(&word, c);
	}
	if (is_name)
		add_word(r, word.buf, word.len);
	strbuf_release(&word);
}

static bool begins_word(char c)
{
	return isalpha((unsigned char)c) || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static void read_word(struct reader *r)
{
	const char *begin = r->at;

	while (r->at < r->end && (begins_word(*r->at) || *r->at == '$' ||
				  isdigit((unsigned char)*r->at)))
		r->at++;
	add_word(r, begin, (size_t)(r->at - begin));
}

/* 0x1F and 1e5 hold letters that begin no word. */
static void skip_number(struct reader *r)
{
	while (r->at < r->end && isalnum((unsigned char)*r->at))
		r->at++;
}

static bool skip_comment(struct reader *r)
{
	const size_t rest = (size_t)(r->end - r->at);
	const char *close;

	if (rest < 2)
		return false;
	if (r->at[0] == '-' && r->at[1] == '-') {
		close = memchr(r->at, '\n', rest);
		r->at = close ? close + 1 : r->end;
		return true;
	}
	if (r->at[0] == '/' && r->at[1] == '*') {
		close = memmem(r->at + 2, rest - 2, "*/", 2);
		r->at = close ? close + 2 : r->end;
		return true;
	}
	return false;
}

void sql_words(struct strvec *out, const char *sql, size_t len)
{
	struct reader r = { sql, sql + len, STRMAP_INIT, out };

	while (r.at < r.end) {
		const char c = *r.at;

		if (skip_comment(&r))
			continue;
		if (begins_word(c)) {
			read_word(&r);
			continue;
		}
		if (isdigit((unsigned char)c)) {
			skip_number(&r);
			continue;
		}
		r.at++;
		if (c == '\'')
			read_quoted(&r, '\'', false);
		else if (c == '"' || c == '`')
			read_quoted(&r, c, true);
		else if (c == '[')
			read_quoted(&r, ']', true);
	}
	strmap_release(&r.seen);
}
