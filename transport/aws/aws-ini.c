/*
 * The form of ~/.aws/config and ~/.aws/credentials: sections in brackets,
 * NAME = VALUE (or NAME: VALUE), comments at the beginning of a line. Lines
 * that stand further in than the name before them are settings of their own
 * below it when it has no value, else more of its value, which nobody needs.
 * Source: AWS SDKs and Tools Reference Guide, "Format of the config files".
 */
#include "lib/base/compat.h"
#include "transport/aws/aws-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"

#define UTF8_BOM "\xef\xbb\xbf"

struct parser {
	struct aws_ini *ini;
	const char *name;	/* of the file */
	unsigned line;
	char *section;		/* lent by the list; NULL: before the first */
	char *parent;		/* a name without a value, or NULL */
	bool in_setting;
	size_t indent;		/* of the setting that we are in */
};

void aws_ini_release(struct aws_ini *ini)
{
	size_t i;

	for (i = 0; i < ini->nr; i++) {
		free(ini->item[i].section);
		free(ini->item[i].key);
		secret_free(ini->item[i].value);
	}
	for (i = 0; i < ini->sections; i++)
		free(ini->section[i]);
	free(ini->section);
	free(ini->item);
	memset(ini, 0, sizeof(*ini));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void trim(const char **p, const char **end)
{
	while (*p < *end && is_blank(**p))
		++*p;
	while (*end > *p && is_blank((*end)[-1]))
		--*end;
}

static int malformed(const struct parser *q, const char *what,
		     struct strbuf *err)
{
	/* nothing of the line itself: it may be a key */
	return fail(err, ERR_CONTENT, "'%s', line %u: %s", q->name, q->line,
		    what);
}

/* [name], [profile name], [profile "a name"], with blanks made one. */
static int read_section(struct parser *q, const char *p, const char *end,
			struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT;
	const char *close = memchr(p, ']', (size_t)(end - p));
	char quote = 0;

	if (!close)
		return malformed(q, "a section without ']'", err);
	for (p++; p < close && is_blank(*p); p++)
		;
	for (; p < close; p++) {
		if (*p == quote)
			quote = 0;
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		else if (quote || !is_blank(*p))
			strbuf_addch(&name, *p);
		else if (name.len && name.buf[name.len - 1] != ' ')
			strbuf_addch(&name, ' ');
	}
	if (name.len && name.buf[name.len - 1] == ' ')
		strbuf_setlen(&name, name.len - 1);
	ARRAY_GROW(q->ini->section, q->ini->sections + 1,
		   q->ini->sections_alloc);
	q->section = strbuf_detach(&name, NULL);
	q->ini->section[q->ini->sections++] = q->section;
	q->in_setting = false;
	free(q->parent);
	q->parent = NULL;
	return 0;
}

static void add_item(struct parser *q, const char *key, size_t key_len,
		     const char *value, size_t len)
{
	struct aws_ini_item *item;
	char *name = xmemdupz(key, key_len);

	ARRAY_GROW(q->ini->item, q->ini->nr + 1, q->ini->alloc);
	item = &q->ini->item[q->ini->nr++];
	item->section = xstrdup(q->section);
	item->key = q->parent ? xstrfmt("%s.%s", q->parent, name) :
		    xstrdup(name);
	item->value = xmemdupz(value, len);
	item->line = q->line;
	free(name);
}

static int read_setting(struct parser *q, const char *p, const char *end,
			size_t indent, struct strbuf *err)
{
	const char *split = p, *key_end, *value;
	bool below = q->in_setting && indent > q->indent;

	if (below && !q->parent)
		return 0;	/* more of a value */
	while (split < end && *split != '=' && *split != ':')
		split++;
	if (split == end)
		return malformed(q, "no section and no NAME = VALUE", err);
	if (!q->section)
		return malformed(q, "a setting before the first section", err);
	key_end = split;
	trim(&p, &key_end);
	if (p == key_end)
		return malformed(q, "a setting without a name", err);
	value = split + 1;
	trim(&value, &end);

	if (!below) {
		free(q->parent);
		q->parent = NULL;
		q->in_setting = true;
		q->indent = indent;
	}
	add_item(q, p, (size_t)(key_end - p), value, (size_t)(end - value));
	if (!below && value == end)
		q->parent = xmemdupz(p, (size_t)(key_end - p));
	return 0;
}

static int read_line(struct parser *q, const char *line, const char *end,
		     struct strbuf *err)
{
	const char *p = line;

	trim(&p, &end);
	if (p == end || *p == '#' || *p == ';')
		return 0;
	if (*p == '[' && p == line)
		return read_section(q, p, end, err);
	return read_setting(q, p, end, (size_t)(p - line), err);
}

int aws_ini_parse(struct aws_ini *ini, const char *text, size_t len,
		  const char *name, struct strbuf *err)
{
	struct parser q = { ini, name, 0, NULL, NULL, false, 0 };
	const char *p = text, *end = text + len, *stop;
	int ret = 0;

	if (len > AWS_FILE_MAX)
		return fail(err, ERR_CONTENT, "'%s' is larger than %u bytes",
			    name, AWS_FILE_MAX);
	if (len && memchr(text, '\0', len))
		return fail(err, ERR_CONTENT, "'%s' holds a NUL byte", name);
	if (len >= strlen(UTF8_BOM) && !memcmp(p, UTF8_BOM, strlen(UTF8_BOM)))
		p += strlen(UTF8_BOM);
	for (; !ret && p < end; p = stop + 1) {
		stop = memchr(p, '\n', (size_t)(end - p));
		if (!stop)
			stop = end;
		q.line++;
		ret = read_line(&q, p, stop, err);
	}
	free(q.parent);
	return ret;
}

int aws_ini_read(struct aws_ini *ini, const char *path, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	int ret = secret_read_file(&text, path, AWS_FILE_MAX, err);

	if (!ret)
		ret = aws_ini_parse(ini, text.buf, text.len, path, err);
	secret_release(&text);
	return ret;
}

bool aws_ini_has(const struct aws_ini *ini, const char *section)
{
	size_t i;

	for (i = 0; i < ini->sections; i++)
		if (!strcmp(ini->section[i], section))
			return true;
	return false;
}

const struct aws_ini_item *aws_ini_find(const struct aws_ini *ini,
					const char *section, const char *key)
{
	size_t i;

	for (i = ini->nr; i--;)
		if (!strcmp(ini->item[i].section, section) &&
		    !strcasecmp(ini->item[i].key, key))
			return &ini->item[i];
	return NULL;
}

const char *aws_ini_get(const struct aws_ini *ini, const char *section,
			const char *key)
{
	const struct aws_ini_item *item = aws_ini_find(ini, section, key);

	return item && *item->value ? item->value : NULL;
}

char *aws_ini_plain(const char *value)
{
	const char *end = value + strlen(value), *p;

	for (p = value; p + 1 < end; p++)
		if ((*p == ' ' || *p == '\t') &&
		    (p[1] == '#' || p[1] == ';')) {
			end = p;
			break;
		}
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return xmemdupz(value, (size_t)(end - value));
}
