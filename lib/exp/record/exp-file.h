/*
 * Files of an experiment, reached without leaving it.
 */
#ifndef LIB_EXP_RECORD_EXP_FILE_H
#define LIB_EXP_RECORD_EXP_FILE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/**
 * Opens `path` below the directory `dir` for reading; "" or "." is `dir`
 * itself, which may be a link. Neither ".." nor a link leads out of it.
 * Errors: ERR_USAGE (an absolute path, or one with ".."), ERR_NOT_FOUND,
 * ERR_FAILED (leads outside; no regular file and no directory; unreadable).
 */
int exp_file_open(int *fd, const char *dir, const char *path,
		  struct strbuf *err);

/** Names in the directory `fd` (taken, and closed), in byte order; those of
 *  directories end in '/'. */
int exp_file_list(struct strvec *out, int fd, struct strbuf *err);

struct exp_usage {
	uint64_t files;		/* all that is no directory */
	uint64_t bytes;		/* of regular files */
};

/** Adds what lies at `name` in `dirfd`, links not followed; a directory with
 *  all below it. What cannot be read is not counted. */
void exp_file_usage(struct exp_usage *usage, int dirfd, const char *name);

#endif
