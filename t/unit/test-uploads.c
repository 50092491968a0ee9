/*
 * Notes of uploads: resutilformat-upload(5), by its fixture.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/sync/uploads.h"
#include "t/unit/unit.h"
#include "transport/s3/s3-upload.h"

#define FIXTURE "fixtures/upload/v1/note.json"
#define KEY "project/aapfup_20240704T191555_large.zip"

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

static void check_fixture(const struct upload_note *note)
{
	static const unsigned char tree[] = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff
	};

	check_str(note->name, "aapfup_20240704T191555_large", "name");
	check_str(note->key, KEY, "key");
	check_str(note->store, "s3://bucket/team", "store");
	check_str(note->id, "11111111-2222-4333-8444-555555555555", "id");
	check_str(note->build, "1.0; ISA-L, libdeflate, zlib; x86_64",
		  "build");
	check(note->revision == 3 && note->level == 1, "numbers");
	check(!memcmp(note->tree, tree, sizeof(tree)), "tree");
	check(note->begun == 1720088155, "begun");
	check(!strncmp(note->state, "{\"version\":1,", 13), "state");
}

/* The fixture with one text in the place of another. */
static int parse_with(const struct strbuf *text, const char *from,
		      const char *to)
{
	struct upload_note note = UPLOAD_NOTE_INIT;
	struct strbuf changed = STRBUF_INIT, err = STRBUF_INIT;
	const char *at = strstr(text->buf, from);
	int ret;

	strbuf_add(&changed, text->buf, (size_t)(at - text->buf));
	strbuf_addstr(&changed, to);
	strbuf_addstr(&changed, at + strlen(from));
	ret = upload_note_parse(&note, changed.buf, changed.len, &err);
	if (ret && !err.len)
		ret = 1;
	upload_note_release(&note);
	strbuf_release(&changed);
	strbuf_release(&err);
	return ret;
}

static void check_changes(const struct strbuf *text)
{
	static const struct { const char *from, *to; int ret; } table[] = {
		{ "{\"res", "{\"later\":[1,{}],\"res", 0 },
		{ "\"id\":\"11111111-2222-4333-8444-555555555555\",", "", 0 },
		{ "upload\":1", "upload\":2", ERR_CONTENT },
		{ "upload\":1", "upload\":\"1\"", ERR_CONTENT },
		{ "\"resutil_upload\":1,", "", ERR_CONTENT },
		{ "\"name\":\"aapf", "\"name\":\"../f", ERR_CONTENT },
		{ "\"key\":\"project/", "\"key\":\"../", ERR_CONTENT },
		{ "\"key\":\"project/", "\"key\":\"a\\u0000b/",
		  ERR_CONTENT },
		{ "\"revision\":3", "\"revision\":-3", ERR_CONTENT },
		{ "\"revision\":3", "\"revision\":3.5", ERR_CONTENT },
		{ "ddeeff\"", "ddee\"", ERR_CONTENT },
		{ "ddeeff\"", "ddeefg\"", ERR_CONTENT },
		{ "ddeeff\"", "DDEEFF\"", ERR_CONTENT },
		{ "\"level\":1,", "", ERR_CONTENT },
		{ "2024-07-04T", "soon", ERR_CONTENT },
		{ "\"state\":\"", "\"state\":[],\"x\":\"", ERR_CONTENT },
		{ "\"store\"", "\"stone\"", ERR_CONTENT },
		{ "{\"res", "[{\"res", ERR_CONTENT },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		check(parse_with(text, table[i].from, table[i].to) ==
		      table[i].ret, table[i].to);
}

static void check_state(const char *state)
{
	struct s3_upload u = { .part_size = 0 };
	struct strbuf err = STRBUF_INIT;
	size_t i;

	check(!s3_state_read(&u, state, KEY, &err), "the state of S3");
	check_str(u.id, "2~abc", "its upload");
	check(u.part_size == 8388608 && u.parts == 1 && !u.crc32c &&
	      u.part[0].etag && u.part[0].has_md5, "its parts");
	for (i = 0; i < u.parts; i++)
		s3_part_release(&u.part[i]);
	free(u.part);
	free(u.id);
	memset(&u, 0, sizeof(u));
	check(s3_state_read(&u, state, "project/other.zip", &err) ==
	      ERR_CONTENT && !u.parts, "it is of one key");
	free(u.part);
	free(u.id);
	strbuf_release(&err);
}

/* Never more parts than a server takes, and none smaller than one request
 * carries. */
static void check_part_sizes(void)
{
	static const uint64_t bounds[] = {
		1, 8 << 20, (uint64_t)1 << 30, (uint64_t)1 << 36,
		(uint64_t)1 << 37, (uint64_t)5 << 40
	};
	size_t i;

	unsetenv("RESUTIL_TEST_S3_PART");
	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		uint64_t size = s3_part_size(bounds[i]);

		check(size >= S3_PART_MIN && size % (1 << 20) == 0 &&
		      bounds[i] / size < S3_PARTS_MAX - 900, "parts");
	}
	check(s3_part_size((uint64_t)64 << 30) == S3_PART_MIN,
	      "64 GiB in the smallest ones");
	check(s3_part_size(0) == 16 << 20, "of unknown length");
}

int main(void)
{
	struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	struct upload_note note = UPLOAD_NOTE_INIT;

	read_fixture(&text);
	check(!upload_note_parse(&note, text.buf, text.len, &err), "parsed");
	check_fixture(&note);
	upload_note_write(&again, &note);
	check_str(again.buf, text.buf, "written as it was read");
	check_state(note.state);
	upload_note_release(&note);
	check_changes(&text);
	check_part_sizes();
	strbuf_release(&text);
	strbuf_release(&again);
	strbuf_release(&err);
	return unit_done();
}
