/*
 * Notes of uploads, and in them what S3 keeps of one: as a crash, a disk or
 * somebody else left them. The first byte says which of the two it is.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/name.h"
#include "lib/sync/uploads.h"
#include "t/fuzz/fuzz.h"
#include "transport/s3/s3-upload.h"

/* What was read is what would be written. */
static void try_note(const char *text, size_t len)
{
	struct upload_note note = UPLOAD_NOTE_INIT, again = UPLOAD_NOTE_INIT;
	struct strbuf err = STRBUF_INIT, out = STRBUF_INIT;

	if (upload_note_parse(&note, text, len, &err)) {
		MUST(err.len && !note.name);
		strbuf_release(&err);
		return;
	}
	MUST(name_is_valid(note.name) && *note.state && !err.len);
	MUST(!object_key_check(note.key, NULL));
	upload_note_write(&out, &note);
	MUST(!upload_note_parse(&again, out.buf, out.len, NULL));
	MUST(!strcmp(note.state, again.state));
	MUST(!strcmp(note.key, again.key) && note.begun == again.begun);
	MUST(!memcmp(note.tree, again.tree, sizeof(note.tree)));
	upload_note_release(&note);
	upload_note_release(&again);
	strbuf_release(&out);
}

static void try_state(const char *text)
{
	struct s3_upload u = { .part_size = 0 };
	struct strbuf err = STRBUF_INIT;
	size_t i;

	if (s3_state_read(&u, text, "p/a.zip", &err))
		MUST(err.len && !u.id && !u.parts);
	else
		MUST(*u.id && u.part_size && u.parts <= S3_PARTS_MAX);
	for (i = 0; i < u.parts; i++)
		s3_part_release(&u.part[i]);
	free(u.part);
	free(u.id);
	strbuf_release(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;

	if (!len)
		return 0;
	text = xmemdupz(data + 1, len - 1);
	if (data[0] & 1)
		try_note(text, len - 1);
	else
		try_state(text);
	free(text);
	return 0;
}
