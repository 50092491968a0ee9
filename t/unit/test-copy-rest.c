/*
 * Notes of copies: resutilformat-copy(5), by its fixture.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/sync/copy-rest.h"
#include "t/unit/unit.h"

#define FIXTURE "fixtures/copy/v1/note.json"

static void read_fixture(struct strbuf *out)
{
	/* From t/, as all tests, or from the top. */
	int fd = open(FIXTURE, O_RDONLY);

	if (fd < 0)
		fd = open("t/" FIXTURE, O_RDONLY);
	check(fd >= 0 && !strbuf_read_fd(out, fd, 1 << 20), "the fixture");
	if (fd >= 0)
		close(fd);
}

static void check_fixture(const struct copy_note *note)
{
	check_str(note->name, "aapfup_20240704T191555_large", "name");
	check_str(note->key, "project/aapfup_20240704T191555_large.zip",
		  "key");
	check_str(note->from, "dir:/data/store", "from");
	check_str(note->to, "s3://bucket/team?endpoint_url=https://s3.lab",
		  "to");
	check_str(note->version, "b42032-17d8287-18ea3609a8612935",
		  "version");
	check_str(note->state, "{\"version\":1}", "state");
	check(note->size == 25002631 && note->begun == 1720088155, "numbers");
}

/* The fixture with one text in the place of another. */
static int parse_with(const struct strbuf *text, const char *from,
		      const char *to)
{
	struct copy_note note = COPY_NOTE_INIT;
	struct strbuf changed = STRBUF_INIT, err = STRBUF_INIT;
	const char *at = strstr(text->buf, from);
	int ret;

	strbuf_add(&changed, text->buf, (size_t)(at - text->buf));
	strbuf_addstr(&changed, to);
	strbuf_addstr(&changed, at + strlen(from));
	ret = copy_note_parse(&note, changed.buf, changed.len, &err);
	if (ret && !err.len)
		ret = 1;
	copy_note_release(&note);
	strbuf_release(&changed);
	strbuf_release(&err);
	return ret;
}

static void check_changes(const struct strbuf *text)
{
	static const struct { const char *from, *to; int ret; } table[] = {
		{ "{\"res", "{\"later\":[1,{}],\"res", 0 },
		{ "\"state\":\"{\\\"version\\\":1}\"", "\"more\":1", 0 },
		{ "copy\":1", "copy\":2", ERR_CONTENT },
		{ "copy\":1", "copy\":\"1\"", ERR_CONTENT },
		{ "\"resutil_copy\":1,", "", ERR_CONTENT },
		{ "\"name\":\"aapf", "\"name\":\"../f", ERR_CONTENT },
		{ "\"key\":\"project/", "\"key\":\"../", ERR_CONTENT },
		{ "\"key\":\"project/", "\"key\":\"a\\u0000b/",
		  ERR_CONTENT },
		{ "\"from\"", "\"form\"", ERR_CONTENT },
		{ "\"to\"", "\"tom\"", ERR_CONTENT },
		{ "\"version\":\"b42032-17d8287-18ea3609a8612935\"",
		  "\"version\":\"\"", ERR_CONTENT },
		{ "\"size\":2", "\"size\":-2", ERR_CONTENT },
		{ "\"size\":2", "\"size\":2.", ERR_CONTENT },
		{ "2024-07-04T", "soon", ERR_CONTENT },
		{ "\"state\":\"", "\"state\":[],\"x\":\"", ERR_CONTENT },
		{ "{\"res", "[{\"res", ERR_CONTENT },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		check(parse_with(text, table[i].from, table[i].to) ==
		      table[i].ret, table[i].to);
}

int main(void)
{
	struct copy_note note = COPY_NOTE_INIT;
	struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;

	read_fixture(&text);
	check(!copy_note_parse(&note, text.buf, text.len, &err), "is read");
	check_fixture(&note);
	copy_note_write(&again, &note);
	check_str(again.buf, text.buf, "is written as it was");
	check_changes(&text);
	check(copy_note_parse(&note, text.buf, COPY_NOTE_MAX_BYTES + 1,
			      &err) == ERR_CONTENT, "one that is too long");
	copy_note_release(&note);
	strbuf_release(&err);
	strbuf_release(&again);
	strbuf_release(&text);
	return unit_done();
}
