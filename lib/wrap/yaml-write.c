/*
 * Writing YAML. Not by libyaml's emitter: it escapes every character beyond
 * the BMP (a comment of a person may hold such), and which scalars it leaves
 * plain depends on YAML 1.1 alone. What is written here is read back by
 * libyaml, PyYAML and YAML 1.2 readers; the tests compare.
 */
#include "lib/base/compat.h"
#include "lib/wrap/yaml.h"

#include <float.h>

#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/yaml-scalar.h"

#define STEP 2

/* A key must end within 1024 characters of its line, or begin with `?`. */
#define SIMPLE_KEY_MAX 1000

/* What stands before a node on its line. */
enum place { AT_ROOT, AFTER_KEY, AFTER_DASH };

static void write_node(struct strbuf *out, const struct value *value,
		       unsigned indent, enum place place);

static void add_indent(struct strbuf *out, unsigned indent)
{
	while (indent--)
		strbuf_addch(out, ' ');
}

static void add_escape(struct strbuf *out, int32_t c)
{
	static const struct { int32_t c; char letter; } short_form[] = {
		{ 0, '0' }, { 7, 'a' }, { 8, 'b' }, { 9, 't' }, { 10, 'n' },
		{ 11, 'v' }, { 12, 'f' }, { 13, 'r' }, { 27, 'e' },
		{ '"', '"' }, { '\\', '\\' }
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(short_form); i++)
		if (short_form[i].c == c) {
			strbuf_addch(out, '\\');
			strbuf_addch(out, short_form[i].letter);
			return;
		}
	if (c < 0x100)
		strbuf_addf(out, "\\x%02X", (unsigned)c);
	else if (c < 0x10000)
		strbuf_addf(out, "\\u%04X", (unsigned)c);
	else
		strbuf_addf(out, "\\U%08X", (unsigned)c);
}

static void add_double_quoted(struct strbuf *out, const char *text, size_t len)
{
	strbuf_addch(out, '"');
	while (len) {
		const char *begin = text;
		int32_t c = utf8_next(&text, &len);

		if (c == '"' || c == '\\' || !yaml_is_printable(c))
			add_escape(out, c);
		else
			strbuf_add(out, begin, text - begin);
	}
	strbuf_addch(out, '"');
}

/* 'like this' is nicer where "..." would need backslashes, and only there. */
static bool is_nicer_single(const char *text, size_t len)
{
	bool escapes = false;

	while (len) {
		int32_t c = utf8_next(&text, &len);

		if (c == '\'' || !yaml_is_printable(c))
			return false;
		if (c == '"' || c == '\\')
			escapes = true;
	}
	return escapes;
}

static void add_quoted(struct strbuf *out, const char *text, size_t len)
{
	if (is_nicer_single(text, len)) {
		strbuf_addch(out, '\'');
		strbuf_add(out, text, len);
		strbuf_addch(out, '\'');
	} else {
		add_double_quoted(out, text, len);
	}
}

/*
 * A literal block gives the text back exactly unless its first line is blank
 * (where the indentation is guessed), or it holds what cannot stand there as
 * it is. Blanks at a line's end would be exact too, but editors cut them.
 */
static bool is_literal(const char *text, size_t len)
{
	bool newline = false;

	if (strchr(" \t\n", text[0]) || !memchr(text, '\n', len))
		return false;
	while (len) {
		const char *begin = text;
		int32_t c = utf8_next(&text, &len);

		if (c == '\n')
			newline = true;
		else if (c != '\t' && !yaml_is_printable(c))
			return false;
		if ((c == ' ' || c == '\t') && (!len || *text == '\n'))
			return false;
		/* A tab first on a line is indentation to some readers. */
		if (c == '\t' && begin[-1] == '\n')
			return false;
	}
	return newline;
}

static void add_literal(struct strbuf *out, const char *text, size_t len,
			unsigned indent)
{
	const char *end = text + len;

	strbuf_addch(out, '|');
	if (text[len - 1] != '\n')
		strbuf_addch(out, '-');
	else if (text[len - 2] == '\n')
		strbuf_addch(out, '+');
	while (text < end) {
		const char *eol = memchr(text, '\n', end - text);

		if (!eol)
			eol = end;
		strbuf_addch(out, '\n');
		if (eol > text)
			add_indent(out, indent);
		strbuf_add(out, text, eol - text);
		text = eol + 1;
	}
}

/* %xx for what may not stand in a tag; the prefix becomes !!. */
static void add_tag(struct strbuf *out, const char *tag)
{
	static const char plain[] = "-_./:;?@&=+$~*'()";
	const char *end = "";

	if (!strncmp(tag, YAML_TAG, strlen(YAML_TAG)) &&
	    tag[strlen(YAML_TAG)]) {
		strbuf_addstr(out, "!!");
		tag += strlen(YAML_TAG);
	} else if (tag[0] == '!' && tag[1]) {
		strbuf_addch(out, '!');
		tag++;
	} else {
		strbuf_addstr(out, "!<");
		end = ">";
	}
	for (; *tag; tag++) {
		unsigned char c = *tag;

		if (c < 0x80 && (isalnum(c) || strchr(plain, c)))
			strbuf_addch(out, c);
		else
			strbuf_addf(out, "%%%02X", c);
	}
	strbuf_addstr(out, end);
}

/* Text whose plain form has its tag without saying so: an integer too large for
 * int64_t, and a timestamp. */
static bool tag_is_implied(const struct value *value)
{
	struct value *plain;
	bool ret;

	if (value->type != VALUE_TEXT)
		return false;
	if (!strcmp(value->tag, YAML_TAG "timestamp"))
		return yaml_is_timestamp(value->u.text.text,
					 value->u.text.len);
	if (strcmp(value->tag, YAML_TAG "int"))
		return false;
	plain = yaml_plain_value(value->u.text.text, value->u.text.len);
	ret = plain->tag || plain->type == VALUE_INT;
	value_free(plain);
	return ret;
}

static void add_float(struct strbuf *out, double real)
{
	if (real != real)
		strbuf_addstr(out, ".nan");
	else if (real > DBL_MAX)
		strbuf_addstr(out, ".inf");
	else if (real < -DBL_MAX)
		strbuf_addstr(out, "-.inf");
	else
		value_format_float(out, real);
}

static void add_binary(struct strbuf *out, const char *data, size_t len)
{
	strbuf_addstr(out, "!!binary \"");
	base64_encode(out, data, len);
	strbuf_addch(out, '"');
}

static void add_scalar(struct strbuf *out, const struct value *value,
		       unsigned indent)
{
	const char *text = value->u.text.text;
	size_t len = value->u.text.len;

	switch (value->type) {
	case VALUE_NULL:
		strbuf_addstr(out, "null");
		break;
	case VALUE_BOOL:
		strbuf_addstr(out, value->u.truth ? "true" : "false");
		break;
	case VALUE_INT:
		strbuf_addf(out, "%" PRId64, value->u.number);
		break;
	case VALUE_FLOAT:
		add_float(out, value->u.real);
		break;
	case VALUE_BINARY:
		add_binary(out, text, len);
		break;
	default:
		if (yaml_plain_is_safe(text, len))
			strbuf_add(out, text, len);
		else if (is_literal(text, len))
			add_literal(out, text, len, indent);
		else
			add_quoted(out, text, len);
	}
}

static void add_key(struct strbuf *out, const struct value_pair *pair)
{
	if (pair->plain && !yaml_plain_is_text(pair->key, pair->key_len))
		strbuf_add(out, pair->key, pair->key_len);
	else if (yaml_plain_is_safe(pair->key, pair->key_len))
		strbuf_add(out, pair->key, pair->key_len);
	else if (utf8_is_valid(pair->key, pair->key_len))
		add_quoted(out, pair->key, pair->key_len);
	else
		add_binary(out, pair->key, pair->key_len);
}

static void write_map(struct strbuf *out, const struct value *map,
		      unsigned indent, bool go_on)
{
	size_t i;

	for (i = 0; i < map->u.map.nr; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];
		size_t begin;

		if (i || !go_on)
			add_indent(out, indent);
		begin = out->len;
		add_key(out, pair);
		if (out->len - begin > SIMPLE_KEY_MAX) {
			strbuf_insert(out, begin, "? ", 2);
			strbuf_addch(out, '\n');
			add_indent(out, indent);
		}
		strbuf_addch(out, ':');
		write_node(out, pair->value, indent, AFTER_KEY);
	}
}

static void write_list(struct strbuf *out, const struct value *list,
		       unsigned indent, bool go_on)
{
	size_t i;

	for (i = 0; i < list->u.list.nr; i++) {
		if (i || !go_on)
			add_indent(out, indent);
		strbuf_addch(out, '-');
		write_node(out, list->u.list.item[i], indent, AFTER_DASH);
	}
}

/*
 * A list or map that holds something. After a dash it goes on in the same
 * line; a list below a key stands in the key's own column, as PyYAML writes
 * it.
 */
static void write_nest(struct strbuf *out, const struct value *value,
		       unsigned indent, enum place place, bool tagged)
{
	bool go_on = place == AFTER_DASH && !tagged;

	if (place == AFTER_DASH ||
	    (place == AFTER_KEY && value->type == VALUE_MAP))
		indent += STEP;
	if (go_on)
		strbuf_addch(out, ' ');
	else if (place != AT_ROOT || tagged)
		strbuf_addch(out, '\n');
	if (value->type == VALUE_MAP)
		write_map(out, value, indent, go_on);
	else
		write_list(out, value, indent, go_on);
}

static void write_node(struct strbuf *out, const struct value *value,
		       unsigned indent, enum place place)
{
	bool tagged = value->tag && !tag_is_implied(value);
	bool is_nest = (value->type == VALUE_MAP && value->u.map.nr) ||
		(value->type == VALUE_LIST && value->u.list.nr);

	if (tagged) {
		if (place != AT_ROOT)
			strbuf_addch(out, ' ');
		add_tag(out, value->tag);
	}
	if (is_nest) {
		write_nest(out, value, indent, place, tagged);
		return;
	}
	if (place != AT_ROOT || tagged)
		strbuf_addch(out, ' ');
	if (value->type == VALUE_MAP)
		strbuf_addstr(out, "{}");
	else if (value->type == VALUE_LIST)
		strbuf_addstr(out, "[]");
	else if (value->tag && !tagged)
		strbuf_add(out, value->u.text.text, value->u.text.len);
	else
		add_scalar(out, value, indent + STEP);
	strbuf_addch(out, '\n');
}

void yaml_write(struct strbuf *out, const struct value *value)
{
	write_node(out, value, 0, AT_ROOT);
}
