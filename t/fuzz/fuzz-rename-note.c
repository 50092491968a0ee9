/*
 * Notes of renames in .resutil, as a crash, a clone or somebody else left them.
 */
#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/rename-journal.h"
#include "t/fuzz/fuzz.h"

#define NAME "aaaaaa_20240101T000001_old"

/* One that is followed names two experiments, and no store by its URL. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strbuf text = STRBUF_INIT, other = STRBUF_INIT;
	enum rename_note note;

	strbuf_add(&text, data, len);
	strbuf_add(&other, data, len);
	note = rename_journal_judge(&text, NAME);
	MUST(note == RENAME_NOTE_GOOD || note == RENAME_NOTE_URL ||
	     note == RENAME_NOTE_NONE);
	if (note != RENAME_NOTE_NONE) {
		MUST(memmem(data, len, "resutil-rename 1\n", 17) == data);
		MUST(memmem(data, len, "\nfrom\t" NAME "\n",
			    7 + strlen(NAME)));
		MUST(memmem(data, len, "\nto\t", 4));
	}
	if (note == RENAME_NOTE_URL)
		MUST(memmem(data, len, "\nremote\t", 8));
	/* it is of one experiment alone */
	MUST(rename_journal_judge(&other, "aaaaaa_20240101T000002_x") ==
	     RENAME_NOTE_NONE || note == RENAME_NOTE_NONE);
	strbuf_release(&other);
	strbuf_release(&text);
	return 0;
}
