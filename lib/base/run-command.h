/*
 * Child processes: posix_spawn, never a shell. Signals that this program
 * ignores or blocks are reset in the child; those that were ignored when it
 * was started (nohup) stay so. No descriptor of ours but 0, 1, 2 is inherited
 * (O_CLOEXEC everywhere).
 */
#ifndef LIB_BASE_RUN_COMMAND_H
#define LIB_BASE_RUN_COMMAND_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

struct child_process {
	struct strvec args;	/* args.v[0] is looked up in PATH */
	struct strvec env;	/* "K=V" sets, "K" unsets */
	const char *dir;	/* working directory, or NULL; a relative
				 * program is still found from ours */
	const char *program;	/* a path to execute instead of args.v[0] */
	pid_t pid;		/* after start */
	/* 0 (not given): inherited. -1: a pipe is made, and replaced by our
	 * end of it. >0: given to the child, and closed here by start. */
	int in, out, err;
	unsigned no_stdin : 1, no_stdout : 1, no_stderr : 1; /* /dev/null */
	unsigned resutil_cmd : 1;	/* args are a resutil command's */
	unsigned clean_git_env : 1;	/* drop GIT_DIR, GIT_INDEX_FILE, ... */
	unsigned silent_fail : 1;	/* a missing program is no message */
	unsigned new_session : 1;	/* no terminal, survives ours */
	unsigned limit;		/* pipe_command: milliseconds; 0: no limit */
};

#define CHILD_PROCESS_INIT { .args = STRVEC_INIT, .env = STRVEC_INIT }

void child_process_init(struct child_process *child);
void child_process_release(struct child_process *child);

/** Starts it. Errors: ERR_NOT_FOUND (no such program), ERR_FAILED. After
 *  failure nothing is left open. */
int start_command(struct child_process *child, struct strbuf *err);

/** Waits; returns the exit status, 128+n for signal n. Releases the child. */
int finish_command(struct child_process *child);
/** Whether it has ended; finish_command() is still to be called. */
bool command_has_ended(const struct child_process *child);

/** Both, for commands: a failure to start is printed; returns the status (127
 *  or 126 when it could not be started). */
int run_command(struct child_process *child);

/**
 * Starts, feeds `in` (NULL: /dev/null, unless the child was given another),
 * collects stdout into `out` and, unless
 * NULL, stderr into `err_out`, all at once by poll(2), and waits. More than
 * `max` bytes of output is ERR_CONTENT (the child is killed). One that has
 * not closed its ends after `limit` milliseconds is killed too: ERR_TRANSIENT;
 * what it wrote until then is there, and if it does not even die it is left
 * behind.
 * Returns the exit status (>= 0), or a negative code with `err`.
 */
int pipe_command(struct child_process *child, const char *in, size_t in_len,
		 struct strbuf *out, struct strbuf *err_out, size_t max,
		 struct strbuf *err);

/** Absolute path of this program, of its libexec directory, of the directory
 *  that holds the Python package (which need not be installed). */
const char *resutil_program(void);
const char *resutil_libexec(void);
const char *resutil_python(void);
/** The one that has `command`, so that a child need not be started twice. */
const char *resutil_program_of(struct strbuf *room, const char *command);
/** holder: the name of the program in libexec that has a command; NULL: it is
 *  resutil. */
void set_resutil_program(const char *argv0,
			 const char *(*holder)(const char *command));

/** Variables of git that describe a repository (NULL-terminated names). */
extern const char *const local_git_env[];

#endif
