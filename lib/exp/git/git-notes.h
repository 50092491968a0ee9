/*
 * Which runs a commit has, among git's notes: refs/notes/resutil. Written by
 * the git program, under a lock of ours, since two that append at once would
 * lose one of the two lines.
 * Source: resutil-run(1), "NOTES"; git-notes(1).
 */
#ifndef LIB_EXP_GIT_GIT_NOTES_H
#define LIB_EXP_GIT_GIT_NOTES_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

#define GIT_NOTES_REF "resutil"

/** Whether the setting `notes` asks for them. ERR_CONTENT: it is no yes or
 *  no. */
int git_notes_wanted(bool *wanted, struct strbuf *err);

/** Adds the line of a run that has ended, or changes it: its state and name, by
 *  its record. Without a commit there is nothing to do, and that is fine.
 *  code_dir: where the repository is; NULL: around the project. */
int git_notes_add(const struct project *p, const char *code_dir,
		  const struct value *record, const char *name,
		  struct strbuf *err);

/** The same of the run in `dir`, by the record there; nothing when the setting
 *  does not ask for it. */
int git_notes_add_run(const struct project *p, const char *code_dir,
		      const char *dir, const char *name, struct strbuf *err);

/** The run has another name; to NULL: it is gone. commit: of its record. A note
 *  without its line stays as it is. */
int git_notes_rename(const struct project *p, const char *commit,
		     const char *from, const char *to, struct strbuf *err);

/** The same of a run here that was renamed to `to`, by its record, when the
 *  setting `notes` asks for notes. Safe in several threads. */
int git_notes_follow(const struct project *p, const char *from, const char *to,
		     struct strbuf *err);

/** The text of a note with the line of `name` changed to `line`, or taken out
 *  (NULL); where there is none `line` is added when `add`. Returns whether
 *  anything differs. */
bool git_note_edit(struct strbuf *text, const char *name, const char *line,
		   bool add);

#endif
