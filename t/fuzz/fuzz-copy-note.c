/*
 * Notes of copies between stores, as a crash, a disk or somebody else left
 * them.
 */
#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/name.h"
#include "lib/sync/copy-rest.h"
#include "t/fuzz/fuzz.h"

/* What was read is what would be written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct copy_note note = COPY_NOTE_INIT, again = COPY_NOTE_INIT;
	struct strbuf err = STRBUF_INIT, out = STRBUF_INIT;

	if (copy_note_parse(&note, (const char *)data, len, &err)) {
		MUST(err.len && !note.name);
		strbuf_release(&err);
		return 0;
	}
	MUST(name_is_valid(note.name) && !err.len);
	MUST(!object_key_check(note.key, NULL));
	MUST(*note.from && *note.to && *note.version && note.size >= 0);
	copy_note_write(&out, &note);
	MUST(!copy_note_parse(&again, out.buf, out.len, NULL));
	MUST(!strcmp(note.key, again.key) && note.begun == again.begun);
	MUST(!note.state == !again.state);
	MUST(!note.state || !strcmp(note.state, again.state));
	MUST(note.size == again.size);
	copy_note_release(&note);
	copy_note_release(&again);
	strbuf_release(&out);
	return 0;
}
