/*
 * A forked child on a pseudo-terminal, for tests of what only shows there.
 */
#ifndef T_UNIT_PTY_H
#define T_UNIT_PTY_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

/**
 * Runs fn(data) in a child whose stdin, stdout and stderr are a terminal of
 * 60 columns, types `input`, collects what is shown. Returns the wait status.
 */
static int UNUSED on_pty(void (*fn)(void *data), void *data, const char *input,
			 struct strbuf *shown)
{
	struct winsize size = { .ws_row = 24, .ws_col = 60 };
	int master, slave, status = -1;
	char buf[4096];
	ssize_t n;
	pid_t pid;

	fflush(stdout);
	strbuf_reset(shown);
	if (openpty(&master, &slave, NULL, NULL, &size))
		return -1;
	fcntl(master, F_SETFD, FD_CLOEXEC);
	pid = fork();
	if (!pid) {
		close(master);
		setsid();
		if (ioctl(slave, TIOCSCTTY, 0) || dup2(slave, 0) < 0 ||
		    dup2(slave, 1) < 0 || dup2(slave, 2) < 0)
			_exit(99);
		close(slave);
		fn(data);
		exit(0);
	}
	close(slave);
	if (input && write(master, input, strlen(input)) < 0)
		status = -1;
	/* EIO: the last holder of the other side has gone. */
	while ((n = read(master, buf, sizeof(buf))) > 0)
		strbuf_add(shown, buf, (size_t)n);
	waitpid(pid, &status, 0);
	close(master);
	return status;
}

#endif
