/*
 * The whole lines of a file that may grow, in bounded memory. It is read, not
 * mapped: a writer may cut it back meanwhile.
 */
#ifndef LIB_EXP_SERIES_SERIES_LINES_H
#define LIB_EXP_SERIES_SERIES_LINES_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define SERIES_LINES_PADDING 32	/* bytes behind a block that may be read */

struct series_lines {
	int dirfd, fd;
	bool keep_open;
	char *name;
	char *buf;
	size_t alloc, start, end;	/* what is in use of it */
	off_t offset, size;	/* read so far; to be read in all */
	uint64_t line;		/* number of the line that was given last */
	bool skipping;		/* within a line that is too long */
};

/**
 * The regular file of that name in `dirfd`, as long as it is now; never through
 * a link. room: bytes to read at once; less for a smaller file.
 * Errors: ERR_NOT_FOUND, ERR_FAILED.
 */
int series_lines_open(struct series_lines *l, int dirfd, const char *name,
		      size_t room, bool keep_open, struct strbuf *err);

/**
 * The next lines, one or many, each with its LF, lent until the next call;
 * what lies behind them may be read, too, and means nothing. 1; 0: the end (a
 * last line without LF is none); ERR_CONTENT: a line that is too long, after
 * which it goes on; ERR_FAILED: it cannot be read.
 */
int series_lines_block(struct series_lines *l, const char **at,
		       const char **end, struct strbuf *err);

/** One line, without its end. As above. */
int series_lines_next(struct series_lines *l, const char **line, size_t *len,
		      struct strbuf *err);

void series_lines_close(struct series_lines *l);

#endif
