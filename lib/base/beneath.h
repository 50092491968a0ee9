/*
 * Opening what lies below a directory without ever following a link, also by
 * paths that are longer than one system call takes.
 */
#ifndef LIB_BASE_BENEATH_H
#define LIB_BASE_BENEATH_H

#include "lib/base/compat.h"

/**
 * open(2) of `path`, relative to `dirfd`, with `flags` (for reading or O_PATH;
 * O_CLOEXEC and O_NOFOLLOW are added). No component may be a link or "..":
 * ELOOP or EXDEV (O_PATH without O_DIRECTORY gives a link that is the last one
 * itself). "" is the directory itself. Returns -1 and errno.
 */
int open_beneath(int dirfd, const char *path, int flags);

/** The directory that holds `path`; *base is set to the last component (into
 *  `path`). A slash at the end of `path` belongs to the last component. */
int open_parent_beneath(int dirfd, const char *path, const char **base);

#endif
