#include "lib/base/compat.h"
#include "lib/sync/note.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/json.h"

static int parse_map(struct value **out, const struct note_kind *kind,
		     const char *text, size_t len, struct strbuf *err)
{
	struct strbuf what = STRBUF_INIT;
	struct value *map = NULL;
	int64_t version = 0;
	int ret;

	strbuf_addf(&what, "the note of %s", kind->of);
	if (len > kind->max_bytes)
		ret = fail(err, ERR_CONTENT, "a note of %s has more than %zu "
			   "bytes", kind->of, kind->max_bytes);
	else
		ret = json_parse(&map, text, len, what.buf, err);
	strbuf_release(&what);
	if (ret)
		return ret;
	if (map->type != VALUE_MAP || !note_number(map, kind->key, &version))
		ret = fail(err, ERR_CONTENT, "this is no note of %s",
			   kind->of);
	else if (version != kind->version)
		ret = fail(err, ERR_CONTENT, "this note of %s is of version "
			   "%" PRId64 ", and this program knows %d", kind->of,
			   version, kind->version);
	if (ret)
		value_free(map);
	else
		*out = map;
	return ret;
}

int note_parse(void *note, const struct note_kind *kind, const char *text,
	       size_t len, struct strbuf *err)
{
	struct value *map;
	int ret = parse_map(&map, kind, text, len, err);

	if (ret)
		return ret;
	if (!kind->take(note, map)) {
		ret = fail(err, ERR_CONTENT, "a key of this note of %s is "
			   "missing, or says nothing", kind->of);
		kind->release(note);
	}
	value_free(map);
	return ret;
}

int note_read(void *note, struct stat *st, const struct note_kind *kind,
	      const char *path, struct strbuf *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct strbuf text = STRBUF_INIT;
	int ret = 0;

	if (fd < 0)
		return fail_errno(err, "cannot read '%s'", path);
	if (fstat(fd, st) || !S_ISREG(st->st_mode) ||
	    strbuf_read_fd(&text, fd, kind->max_bytes))
		ret = fail(err, ERR_CONTENT, "cannot read '%s'", path);
	close(fd);
	if (!ret)
		ret = note_parse(note, kind, text.buf, text.len, err);
	strbuf_release(&text);
	return ret;
}

char *note_text(const struct value *map, const char *key, size_t min,
		size_t max)
{
	const struct value *value = value_map_get(map, key);
	const char *text = value && value->type == VALUE_TEXT ?
			   value_text(value) : NULL;

	if (!text || value->u.text.len < min || value->u.text.len > max ||
	    strlen(text) != value->u.text.len)
		return NULL;
	return xstrdup(text);
}

bool note_number(const struct value *map, const char *key, int64_t *out)
{
	const struct value *value = value_map_get(map, key);

	if (!value || value->type != VALUE_INT || value->u.number < 0)
		return false;
	*out = value->u.number;
	return true;
}
