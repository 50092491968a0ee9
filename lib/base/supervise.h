/*
 * Runs one program as a recorder must: its output reaches ours unchanged and
 * is kept in two logs, signals reach it, and its end is measured.
 *
 * A stream of ours that is a terminal becomes a pseudo-terminal for the
 * program (one each for stdout and stderr), so that it still sees a terminal
 * and the two can be told apart; any other stream becomes a pipe. stdin, the
 * working directory, the process group and the controlling terminal stay what
 * they are, so job control and Ctrl-C work as without us.
 */
#ifndef LIB_BASE_SUPERVISE_H
#define LIB_BASE_SUPERVISE_H

#include "lib/base/compat.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"

struct supervise_log {
	int fd;			/* where to keep the bytes; -1: nowhere */
	uint64_t len;		/* bytes that the program wrote */
	uint64_t lost;		/* of these, not kept */
	int lost_errno;		/* why */
	int stream_errno;	/* why they no longer reached our stream */
};

struct supervise {
	struct child_process child;	/* args, env, program: by the caller */
	struct supervise_log out, err;
	/** Called once the program runs. */
	void (*started)(pid_t pid, void *data);
	/** Called when it has ended, and can still be looked at: nobody has
	 *  waited for it. May be NULL. */
	void (*ended)(void *data);
	void *data;

	/* Results. */
	int exit_code;		/* -1 when it died of a signal */
	int signo;		/* 0 when it exited */
	int interrupted_by;	/* the first SIGINT, SIGTERM, SIGHUP or
				 * SIGQUIT that reached us; 0: none */
	double user, sys;	/* seconds, with its waited-for children */
	uint64_t max_rss;	/* bytes, of its largest process */
	bool mid_line;		/* what came last to a terminal did not end
				 * its line */
};

#define SUPERVISE_INIT {						\
	.child = CHILD_PROCESS_INIT, .out = { .fd = -1 },		\
	.err = { .fd = -1 }						\
}

/**
 * From here to supervise_end() the signals that a recorder must survive are
 * held back: one that comes before the program is delivered to it, and when
 * the program has ended only the second of a kind ends us. Signals that were
 * ignored before stay so, here and in the program.
 */
void supervise_begin(void);
void supervise_end(void);

/** The program has ended, which supervise_run() says by itself: now only the
 *  second of a kind ends us. */
void supervise_be_patient(void);

/**
 * Starts the program, relays until it ends, and fills in the results. What
 * its children still write after its end is not waited for.
 * Errors: ERR_NOT_FOUND or ERR_FAILED when it could not be started.
 */
int supervise_run(struct supervise *s, struct strbuf *err);

void supervise_release(struct supervise *s);

#endif
