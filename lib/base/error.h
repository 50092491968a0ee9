/*
 * How functions say that they failed: a negative code to decide by, and one
 * whole sentence for the user in a strbuf (lower case, no full stop, the
 * thing in single quotes, the way out at the end). lib/ never prints; what
 * prints and exits is for commands, at the end of this file.
 */
#ifndef LIB_BASE_ERROR_H
#define LIB_BASE_ERROR_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

enum resutil_error {
	ERR_FAILED = -1,	/* any other failure */
	ERR_NOT_FOUND = -2,	/* it does not exist */
	ERR_CREDENTIALS = -3,	/* missing or refused */
	ERR_UNREACHABLE = -4,	/* a store, after retries */
	ERR_CONTENT = -5,	/* content is not as promised */
	ERR_CONFLICT = -6,	/* exists already, or changed by another */
	ERR_TRANSIENT = -7,	/* worth another try */
	ERR_USAGE = -8,		/* the caller's words are wrong */
	ERR_NO = -9,		/* the answer is no */
	ERR_PARTLY = -10	/* of several items some failed */
};

enum exit_status {
	EXIT_NO = 1,
	EXIT_PARTLY = 3,
	EXIT_NOT_FOUND = 10,
	EXIT_CREDENTIALS = 11,
	EXIT_UNREACHABLE = 12,
	EXIT_CONTENT = 13,
	EXIT_CONFLICT = 14,
	EXIT_RUN_FAILED = 125,	/* run: our failure before the start */
	EXIT_CANNOT_RUN = 126,
	EXIT_NO_PROGRAM = 127,
	EXIT_FAILED = 128,
	EXIT_USAGE = 129
};

/** Adds the sentence to `err` and returns `code`. `err` may be NULL. */
int fail(struct strbuf *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/**
 * The same, followed by ": " and the text of errno; the code is
 * ERR_NOT_FOUND for ENOENT and ENOTDIR, else ERR_FAILED.
 */
int fail_errno(struct strbuf *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/**
 * What a function that succeeds has to tell all the same, once in a process (a
 * file of keys that everybody can read): a sentence like those of fail(). It
 * goes to whom the program named; nowhere before that. Thread-safe.
 */
void notice(const char *fmt, ...) PRINTF_LIKE(1, 2);
void notice_to(void (*tell)(const char *text));

/** The exit status that stands for an enum resutil_error; 0 for 0. */
int exit_status_of(int code);
/** The reverse, for the status of a child that was a command of ours. One that
 *  stands for no code (a signal, say) is ERR_FAILED. */
int error_of_exit_status(int status);

/*
 * For commands. Each writes "resutil: ..." and a newline as one write to
 * stderr; control characters but newlines are escaped.
 */
void die(const char *fmt, ...) NORETURN PRINTF_LIKE(1, 2);	/* 128 */
void die_code(int code, const struct strbuf *err) NORETURN;
void die_status(int status, const char *fmt, ...) NORETURN PRINTF_LIKE(2, 3);
int error(const char *fmt, ...) PRINTF_LIKE(1, 2);	/* returns -1 */
void warning(const char *fmt, ...) PRINTF_LIKE(1, 2);
/** Talk: a line, only when not -q. "resutil: " is not added. */
void say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/** Whether a line of progress stands on the terminal without its end: a message
 *  takes its place. For progress.c; thread-safe. */
void error_set_open_line(bool open);

/** Set by the dispatcher from -q (negative) and -v (positive). */
extern int verbosity;

/** Cannot happen: names file and line, aborts. */
void bug_at(const char *file, int line, const char *fmt, ...)
	NORETURN PRINTF_LIKE(3, 4);
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)

#endif
