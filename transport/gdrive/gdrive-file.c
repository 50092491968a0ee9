/*
 * What answers say of files and folders.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "lib/base/value.h"
#include "transport/gdrive/gdrive-internal.h"

/* Of Google's own kinds none has bytes to be read or replaced. */
#define GOOGLES_KIND "application/vnd.google-apps."
#define ID_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
		 "0123456789_-"
#define META_KEY_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-"

void gdrive_file_release(struct gdrive_file *f)
{
	free(f->id);
	free(f->name);
	free(f->revision);
	free(f->state);
	free(f->turn);
	strvec_release(&f->parents);
	strvec_release(&f->turns);
	object_release(&f->object);
}

void gdrive_files_release(struct gdrive_files *f)
{
	size_t i;

	for (i = 0; i < f->nr; i++)
		gdrive_file_release(&f->v[i]);
	free(f->v);
	memset(f, 0, sizeof(*f));
}

/* A text that says all that it has: none with a NUL in it. */
static const char *plain_text(const struct value *map, const char *key)
{
	const struct value *value = value_map_get(map, key);

	if (!value || value->type != VALUE_TEXT ||
	    strlen(value->u.text.text) != value->u.text.len)
		return NULL;
	return value->u.text.text;
}

/* Printable, without blanks: it becomes a part of versions. */
static bool is_word(const char *text, size_t max)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (text[i] <= ' ' || text[i] > '~' || i == max)
			return false;
	return i > 0;
}

static int64_t read_time(const struct value *map, const char *key)
{
	const char *text = plain_text(map, key);
	struct moment m;

	if (!text || !moment_parse(&m, text))
		return 0;
	return m.sec * 1000 + m.usec / 1000;
}

/* What other programs keep there, and is no metadata of an object, is none. */
static bool is_meta(const char *key, const char *value)
{
	size_t len = strlen(key);
	const char *p;

	for (p = value; *p; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return len && len <= OBJECT_META_KEY_MAX &&
	       strspn(key, META_KEY_CHARS) == len &&
	       p - value <= OBJECT_META_VALUE_MAX;
}

static void keep_text(char **out, const char *text)
{
	free(*out);
	*out = xstrdup(text);
}

static void read_properties(struct gdrive_file *f, const struct value *map)
{
	size_t i;

	if (!map || map->type != VALUE_MAP)
		return;
	for (i = 0; i < map->u.map.nr; i++) {
		const char *key = map->u.map.pair[i].key;
		const char *value = plain_text(map, key);

		if (value && !strcmp(key, GDRIVE_STATE))
			keep_text(&f->state, value);
		else if (value && !strcmp(key, GDRIVE_TURN))
			keep_text(&f->turn, value);
		else if (value && !strncmp(key, GDRIVE_TURN_OF,
					   strlen(GDRIVE_TURN_OF)))
			strvec_pushf(&f->turns, "%s=%s", key, value);
		else if (value && is_meta(key, value) &&
			 f->object.meta.nr < OBJECT_META_MAX)
			strvec_pushf(&f->object.meta, "%s=%s", key, value);
	}
	strvec_sort(&f->object.meta, false);
	f->pending = f->state != NULL;
}

static void read_parents(struct gdrive_file *f, const struct value *list)
{
	size_t i;

	if (!list || list->type != VALUE_LIST)
		return;
	for (i = 0; i < list->u.list.nr; i++) {
		const char *id = value_text(list->u.list.item[i]);

		if (id)
			strvec_push(&f->parents, id);
	}
}

/* Size and version of a file that can be read; false: it is none. */
static bool read_bytes(struct gdrive_file *f, const struct value *json)
{
	const char *revision = plain_text(json, "headRevisionId");
	const char *md5 = plain_text(json, "md5Checksum");
	struct object *o = &f->object;

	if (!google_number(&o->size, json, "size"))
		return false;
	if (md5 && strlen(md5) == 2 * sizeof(o->md5) &&
	    hex_read(o->md5, sizeof(o->md5), md5))
		o->sums |= OBJECT_HAS_MD5;
	if (revision && is_word(revision, 160))
		f->revision = xstrdup(revision);
	if (!f->revision && !(o->sums & OBJECT_HAS_MD5))
		return false;
	o->version = xstrfmt("%s.%s", f->id, f->revision ? f->revision : md5);
	return true;
}

bool gdrive_is_id(const char *text)
{
	size_t len = strspn(text, ID_CHARS);

	return len && len <= GDRIVE_ID_MAX && !text[len];
}

int gdrive_file_read(struct gdrive_file *f, const struct value *json,
		     struct strbuf *err)
{
	const char *id = plain_text(json, "id");
	const char *name = plain_text(json, "name");
	const char *kind = google_text(json, "mimeType");
	const struct value *trashed = value_map_get(json, "trashed");

	if (!id || !gdrive_is_id(id))
		return fail(err, ERR_CONTENT, "Google Drive tells of a file "
			    "without an id");
	f->id = xstrdup(id);
	/* One with a NUL is nobody's key. */
	f->name = xstrdup(name ? name : "");
	f->created = read_time(json, "createdTime");
	f->modified = read_time(json, "modifiedTime");
	f->object.modified = f->modified / 1000;
	f->trashed = trashed && trashed->type == VALUE_BOOL &&
		     trashed->u.truth;
	f->folder = kind && !strcmp(kind, GDRIVE_FOLDER);
	read_properties(f, value_map_get(json, GDRIVE_PROPERTIES));
	read_parents(f, value_map_get(json, "parents"));
	if (!kind || strncmp(kind, GOOGLES_KIND, strlen(GOOGLES_KIND)))
		f->has_bytes = read_bytes(f, json);
	return 0;
}

bool gdrive_version(const char *version, struct strbuf *id,
		    struct strbuf *revision)
{
	size_t len = strspn(version, ID_CHARS);

	if (!len || version[len] != '.' || !version[len + 1])
		return false;
	strbuf_add(id, version, len);
	strbuf_addstr(revision, version + len + 1);
	return true;
}

void gdrive_quote(struct strbuf *out, const char *text)
{
	strbuf_addch(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			strbuf_addch(out, '\\');
		strbuf_addch(out, *text);
	}
	strbuf_addch(out, '\'');
}

int gdrive_newer(const struct gdrive_file *a, const struct gdrive_file *b)
{
	if (a->modified != b->modified)
		return a->modified > b->modified ? -1 : 1;
	return strcmp(b->id, a->id);
}
