/*
 * What notes of transfers that are not done (uploads.h, copy-rest.h) have in
 * common: each is a file with one JSON object, of which whatever is wrong makes
 * it as if it were not there.
 */
#ifndef LIB_SYNC_NOTE_H
#define LIB_SYNC_NOTE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

struct note_kind {
	const char *of;		/* "a copy": what it is a note of */
	const char *key;	/* that says the version: "resutil_copy" */
	int version;
	size_t max_bytes;
	/** Takes what it says into `note`, which was all zeros; false: a key is
	 *  missing, or says nothing. */
	bool (*take)(void *note, const struct value *map);
	void (*release)(void *note);
};

/** The text of a note. ERR_CONTENT, with nothing to release: it is too long,
 *  not JSON, no such note, of another version, or not taken. */
int note_parse(void *note, const struct note_kind *kind, const char *text,
	       size_t len, struct strbuf *err);
/** The same of a file, and what fstat(2) says of that. Errors: ERR_NOT_FOUND,
 *  ERR_CONTENT, ERR_FAILED. */
int note_read(void *note, struct stat *st, const struct note_kind *kind,
	      const char *path, struct strbuf *err);

/** A text of min to max bytes, without a NUL as all of them are; NULL: it is
 *  missing, or no such text. */
char *note_text(const struct value *map, const char *key, size_t min,
		size_t max);
/** A number that is not negative; false: it is missing, or no such one. */
bool note_number(const struct value *map, const char *key, int64_t *out);

#endif
