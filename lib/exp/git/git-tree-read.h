/*
 * What trees of a scratch place (git-restore.h) hold.
 */
#ifndef LIB_EXP_GIT_GIT_TREE_READ_H
#define LIB_EXP_GIT_GIT_TREE_READ_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/git/git-restore.h"

/** Paths of the regular files in a tree, from its top, sorted by bytes. */
int git_tree_paths(struct git_scratch *s, const char *tree,
		   struct strvec *paths, struct strbuf *err);

/** Not for paths that are missing, or whose content is longer than `max_file`:
 *  these are passed over. */
typedef void (*git_tree_text_fn)(const char *path, const char *text,
				 size_t len, void *data);

/** The content of files of a tree, in their order; at most `max` bytes of all
 *  are read, the rest is passed over. One process for all. */
int git_tree_read(struct git_scratch *s, const char *tree,
		  const struct strvec *paths, size_t max_file, size_t max,
		  git_tree_text_fn fn, void *data, struct strbuf *err);

#endif
