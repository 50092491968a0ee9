/*
 * Sources: "Core metadata specifications" and "Recording the Direct URL
 * Origin" of packaging.python.org; the form of lines is pip's.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/python-dist.h"

#include "lib/base/utf8.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"

/* ASCII letters, digits, and between them `.`, `-`, `_`. */
static bool is_name(const char *text, size_t len)
{
	size_t i;

	if (!len || len > DIST_MAX_NAME)
		return false;
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool letter = c < 0x80 && isalnum(c);

		if (!letter && (!i || i + 1 == len || !strchr("._-", c) || !c))
			return false;
	}
	return true;
}

static bool is_version(const char *text, size_t len)
{
	size_t i;

	if (!len || len > DIST_MAX_NAME)
		return false;
	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f)
			return false;
	return true;
}

/* The value of `KEY: value`, without the blanks around it; NULL: another
 * line. No header that is wanted here may be folded. */
static const char *header(const char *line, size_t len, const char *key,
			  size_t *value_len)
{
	size_t key_len = strlen(key), start, end = len;

	if (len <= key_len || strncasecmp(line, key, key_len) ||
	    line[key_len] != ':')
		return NULL;
	for (start = key_len + 1; start < end && strchr(" \t", line[start]) &&
	     line[start]; start++)
		;
	while (end > start && (line[end - 1] == ' ' || line[end - 1] == '\t' ||
			       line[end - 1] == '\r'))
		end--;
	*value_len = end - start;
	return line + start;
}

bool python_dist_parse(const char *text, size_t len, struct strbuf *name,
		       struct strbuf *version)
{
	const char *end = text + len, *line = text, *value;
	size_t size;

	while (line < end && !(name->len && version->len)) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));

		/* a line that is cut off is not whole */
		if (!eol || eol == line || (eol == line + 1 && *line == '\r'))
			break;
		value = header(line, (size_t)(eol - line), "Name", &size);
		if (value && !name->len) {
			if (!is_name(value, size))
				return false;
			strbuf_add(name, value, size);
		}
		value = header(line, (size_t)(eol - line), "Version", &size);
		if (value && !version->len) {
			if (!is_version(value, size))
				return false;
			strbuf_add(version, value, size);
		}
		line = eol + 1;
	}
	return name->len && version->len;
}

void python_dist_canonical(struct strbuf *out, const char *name)
{
	for (; *name; name++) {
		if (!strchr("-_.", *name))
			strbuf_addch(out, tolower((unsigned char)*name));
		else if (!out->len || out->buf[out->len - 1] != '-')
			strbuf_addch(out, '-');
	}
}

/* A text of the map that may stand in a line; NULL otherwise. */
static const char *plain(const struct value *map, const char *path)
{
	const struct value *value = value_get(map, path);
	const char *p;
	size_t len;

	if (!value || value->type != VALUE_TEXT ||
	    value->u.text.len > DIST_MAX_URL)
		return NULL;
	p = value->u.text.text;
	len = value->u.text.len;
	while (len) {
		int32_t c = utf8_next(&p, &len);

		if (c <= ' ' || utf8_is_control(c))
			return NULL;
	}
	return *value->u.text.text ? value->u.text.text : NULL;
}

static bool add_url(struct strbuf *out, const char *name,
		    const struct value *map)
{
	const char *url = plain(map, "url");
	const char *vcs = plain(map, "vcs_info.vcs");
	const char *commit = plain(map, "vcs_info.commit_id");
	const char *hash = plain(map, "archive_info.hash");
	const char *sub = plain(map, "subdirectory");
	const struct value *editable = value_get(map, "dir_info.editable");

	if (!url)
		return false;
	if (editable && editable->type == VALUE_BOOL && editable->u.truth) {
		strbuf_addf(out, "-e %s#egg=%s", url, name);
		return true;
	}
	if (value_get(map, "vcs_info")) {
		if (!vcs || !commit)
			return false;
		strbuf_addf(out, "%s @ %s+%s@%s", name, vcs, url, commit);
		hash = NULL;
	} else {
		strbuf_addf(out, "%s @ %s", name, url);
	}
	if (hash)
		strbuf_addf(out, "#%s", hash);
	if (sub)
		strbuf_addf(out, "%ssubdirectory=%s", hash ? "&" : "#", sub);
	return true;
}

void python_dist_line(struct strbuf *out, const char *name,
		      const char *version, const char *direct_url, size_t len)
{
	struct value *map = NULL;
	bool done = false;

	if (len && !json_parse(&map, direct_url, len, "direct_url.json", NULL))
		done = add_url(out, name, map);
	if (!done)
		strbuf_addf(out, "%s==%s", name, version);
	value_free(map);
}
