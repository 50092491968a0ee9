#include "lib/base/compat.h"
#include "lib/base/field-path.h"
#include "lib/base/error.h"
#include "lib/base/utf8.h"

/* Of ASCII, in any locale. */
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/*
 * How many bytes at the beginning are a character of a plain word: a letter,
 * a digit, `_`, `-`, or what is not ASCII and does nothing to a terminal. 0:
 * none. A path begins with no digit and no `-`, so that no number is one.
 */
static size_t plain_character(const char *text, size_t len, bool first)
{
	const char *at = text;
	int32_t c;

	if (!len)
		return 0;
	if (is_letter(*text))
		return 1;
	if (!((unsigned char)*text & 0x80))
		return !first && ((*text >= '0' && *text <= '9') ||
				  *text == '-');
	c = utf8_next(&at, &len);
	return c < 0 || utf8_is_control(c) ? 0 : (size_t)(at - text);
}

static size_t plain_span(const char *text, size_t len, bool first)
{
	size_t at = 0, step;

	while ((step = plain_character(text + at, len - at, first && !at)))
		at += step;
	return at;
}

void field_path_add(struct strbuf *path, const char *key, size_t len)
{
	bool first = !path->len;
	size_t i;

	if (!first)
		strbuf_addch(path, '.');
	if (len && plain_span(key, len, first) == len) {
		strbuf_add(path, key, len);
		return;
	}
	strbuf_addch(path, '"');
	for (i = 0; i < len; i++) {
		if (key[i] == '"' || key[i] == '\\')
			strbuf_addch(path, '\\');
		if (key[i])
			strbuf_addch(path, key[i]);
		else
			strbuf_addstr(path, "\\0");
	}
	strbuf_addch(path, '"');
}

/* From `"` to behind the other one; 0: there is none. */
static size_t quoted_span(const char *text, size_t len)
{
	size_t at;

	if (!len || *text != '"')
		return 0;
	for (at = 1; at < len && text[at]; at++) {
		if (text[at] == '"')
			return at + 1;
		if (text[at] == '\\' && ++at < len &&
		    text[at] != '"' && text[at] != '\\' && text[at] != '0')
			return 0;
	}
	return 0;
}

static size_t component_span(const char *text, size_t len, bool first)
{
	return len && *text == '"' ? quoted_span(text, len) :
	       plain_span(text, len, first);
}

size_t field_path_span(const char *text, size_t len)
{
	size_t at = component_span(text, len, true);

	while (at && at < len && text[at] == '.') {
		size_t step = component_span(text + at + 1, len - at - 1,
					     false);

		if (!step)
			break;
		at += 1 + step;
	}
	return at;
}

/* Without its quotes. */
static void add_component(struct strbuf *out, const char *text, size_t len)
{
	size_t i;

	if (*text != '"') {
		strbuf_add(out, text, len);
		return;
	}
	for (i = 1; i + 1 < len; i++) {
		if (text[i] == '\\')
			i++;
		strbuf_addch(out, text[i]);
	}
}

int field_path_split(struct strvec *out, const char *path, struct strbuf *err)
{
	struct strbuf component = STRBUF_INIT;
	size_t len = strlen(path), at = 0, nr = 0;
	int ret = 0;

	if (len > FIELD_PATH_MAX)
		return fail(err, ERR_USAGE, "a field of %zu bytes is too long",
			    len);
	for (;;) {
		size_t step = component_span(path + at, len - at, !at);

		if (!step || (at + step < len && path[at + step] != '.')) {
			ret = fail(err, ERR_USAGE,
				   "'%s' is no field: write what is no plain "
				   "word in double quotes, as in "
				   "params.\"a b\"", path);
			break;
		}
		if (++nr > FIELD_PATH_DEPTH) {
			ret = fail(err, ERR_USAGE,
				   "'%.40s...' has more than %d components",
				   path, FIELD_PATH_DEPTH);
			break;
		}
		strbuf_reset(&component);
		add_component(&component, path + at, step);
		strvec_pushn(out, component.buf, component.len);
		at += step;
		if (at == len)
			break;
		at++;
	}
	strbuf_release(&component);
	return ret;
}
