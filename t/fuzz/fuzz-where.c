/*
 * Expressions from anywhere: what is no expression is told in three lines, and
 * what is one says the opposite when it stands in not (...).
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/field-path.h"
#include "lib/exp/runs/where.h"
#include "t/fuzz/fuzz.h"

static const struct moment now = { 1720091755, 0, 32400 };

/* A field of each type, by how long its path is; absent ones, too. */
static void get(struct cell *out, size_t slot, void *data)
{
	static const unsigned char members[] = { 4, 2, 7, 2, 'a', 'b', 1 };
	const char *path = where_field(data, slot);

	switch (strlen(path) % 9) {
	case 0:
		out->type = CELL_NULL;
		break;
	case 1:
		out->type = CELL_INT;
		out->u.number = path[0];
		break;
	case 2:
		out->type = CELL_FLOAT;
		out->u.real = path[0] / 10.0;
		break;
	case 3:
		out->type = CELL_TIME;
		out->u.time = now;
		break;
	case 4:
		out->type = CELL_TEXT;
		out->u.text.data = path;
		out->u.text.len = strlen(path);
		break;
	case 5:
		out->type = CELL_BOOL;
		out->u.truth = true;
		break;
	case 6:
		out->type = CELL_LIST;
		out->u.list.data = members;
		out->u.list.len = sizeof(members);
		break;
	case 7:
		out->type = CELL_BYTES;
		out->u.text.data = "\377x";
		out->u.text.len = 2;
		break;
	default:
		break;
	}
}

static void check_message(const struct strbuf *err)
{
	const char *line = strchr(err->buf, '\n'), *at;
	size_t lines = 0;

	MUST(err->len > 10 && err->len < 4096);
	MUST(utf8_is_valid(err->buf, err->len));
	for (at = err->buf; *at; at++) {
		MUST((unsigned char)*at >= ' ' || *at == '\n');
		MUST(*at != 0x7f);
		lines += *at == '\n';
	}
	MUST(lines == (line ? 2 : 0));
	MUST(!line || at[-1] == '^');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strbuf err = STRBUF_INIT, opposite = STRBUF_INIT;
	char *text = xmemdupz(data, len);
	struct where *where, *other;
	size_t i;

	if (where_parse(&where, text, &now, &err)) {
		MUST(!where);
		check_message(&err);
		goto cleanup;
	}
	MUST(!err.len);
	for (i = 0; i < where_fields_nr(where); i++) {
		const char *path = where_field(where, i);

		MUST(field_path_span(path, strlen(path)) == strlen(path));
	}
	strbuf_addf(&opposite, "not (%s)", text);
	if (!where_parse(&other, opposite.buf, &now, NULL)) {
		MUST(where_match(where, get, where) !=
		     where_match(other, get, other));
		/* what holds may hold, and so may what does not */
		MUST(where_may_match(where, get, where) ||
		     where_may_match(other, get, other));
		MUST(where_may_match(where, get, where) ||
		     !where_match(where, get, where));
		where_free(other);
	} else {
		/* only what was at a limit already */
		MUST(opposite.len > WHERE_MAX_BYTES ||
		     len > WHERE_MAX_DEPTH);
	}
	where_free(where);

cleanup:
	strbuf_release(&opposite);
	strbuf_release(&err);
	free(text);
	return 0;
}
