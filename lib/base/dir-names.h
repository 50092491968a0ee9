/*
 * The names in a directory, without memory of its own for each: for who reads
 * ten thousand small ones.
 */
#ifndef LIB_BASE_DIR_NAMES_H
#define LIB_BASE_DIR_NAMES_H

#include "lib/base/compat.h"

struct dir_names {
	int fd;			/* open, lent */
	size_t at, len;		/* of what was read last */
	char room[4096];
};

/** From where the directory stands; only `fd` is told. */
void dir_names_begin(struct dir_names *names, int fd);

/** The next one, also `.` and `..`; lent until the next call. type: as in
 *  struct dirent; NULL: not wanted. NULL with errno 0: that was all; with
 *  another: it cannot be read. */
const char *dir_names_next(struct dir_names *names, unsigned char *type);

#endif
