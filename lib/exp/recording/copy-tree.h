/*
 * Taking a copy of a directory tree into an experiment that is being made.
 */
#ifndef LIB_EXP_RECORDING_COPY_TREE_H
#define LIB_EXP_RECORDING_COPY_TREE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct copy_tree;

/**
 * Walks the tree below `dir` and checks that it can be taken: regular files,
 * directories and symbolic links only, no reserved name at its top.
 * Errors: ERR_NOT_FOUND (no such directory), ERR_USAGE (a special file or a
 * reserved name, named), ERR_FAILED (unreadable).
 */
int copy_tree_look(struct copy_tree **out, const char *dir,
		   struct strbuf *err);

/** The same for what goes deeper into an experiment, where no name is
 *  reserved. */
int copy_tree_look_any(struct copy_tree **out, const char *dir,
		       struct strbuf *err);

size_t copy_tree_entries(const struct copy_tree *tree);

/**
 * Copies all that was seen to the directory `to`: content (shared by reflink
 * where the file system can), permissions and times of files and directories;
 * links as they are. Directories stay usable for their owner; set-id bits go.
 * What is in `to` already is not replaced. Nothing is synced.
 * Errors: ERR_CONFLICT when the tree changed since copy_tree_look() (err names
 * what), ERR_FAILED. A part may then be in `to`.
 */
int copy_tree_copy(struct copy_tree *tree, const char *to, struct strbuf *err);

void copy_tree_free(struct copy_tree *tree);	/* NULL is fine */

#endif
