/*
 * Changing a file of settings, the project's or the user's: one at a time, and
 * whole or not at all. What is changed in the text is the caller's, by
 * conf-edit.h.
 */
#ifndef LIB_EXP_CONF_CONF_FILE_H
#define LIB_EXP_CONF_CONF_FILE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

struct conf_file {
	struct strbuf path;	/* where it lies, behind links */
	struct strbuf text;
	/* private */
	const struct project *project;	/* NULL: the user's */
	int lock;
	mode_t mode;
};

#define CONF_FILE_INIT { STRBUF_INIT, STRBUF_INIT, NULL, -1, 0666 }

/** Waits for who else changes it, then reads it. project: lent, or NULL for the
 *  user's file, which may be missing (no text). */
int conf_file_open(struct conf_file *f, const struct project *project,
		   struct strbuf *err);

/** Sets one key, or takes it out (NULL) with all maps that become empty by
 *  that. Errors as conf_edit(). */
int conf_file_edit(struct conf_file *f, const char *key,
		   const struct value *value, struct strbuf *err);

/** Replaces the file. It is one that can be read again, or ERR_CONTENT. */
int conf_file_write(struct conf_file *f, struct strbuf *err);

/** The lock, too. */
void conf_file_close(struct conf_file *f);

/** The user's file, which need not be there. ERR_FAILED: no home. */
int conf_file_user_path(struct strbuf *path, struct strbuf *err);

#endif
