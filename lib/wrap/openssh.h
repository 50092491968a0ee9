/*
 * The ssh program: one connection to a host, and shells there. Only the files
 * openssh*.c start it.
 *
 * All of the user's ~/.ssh/config counts. The first session makes the
 * connection, all of them share it (ControlMaster); where the user's own
 * configuration has a shared connection (ControlPath) that stands, or is to
 * stay behind (ControlPersist), that is used, and ours is not made unless
 * commands of others fill it (MaxSessions). Ours ends
 * with us, also when we are killed. What the other side needs is a POSIX shell:
 * whatever login shell starts it (csh, fish), and whatever its start-up files
 * print before.
 *
 * A host key is never accepted that ssh would not accept by itself; one that
 * changed is never accepted, also where StrictHostKeyChecking is "no". Nothing
 * is asked for without a person at our terminal (BatchMode).
 * Source: ssh(1), ssh_config(5); resutil-ssh(7).
 */
#ifndef LIB_WRAP_OPENSSH_H
#define LIB_WRAP_OPENSSH_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/* What sshd takes by itself (MaxSessions) is 10; some are left to others. */
#define SSH_SESSIONS_DEFAULT 8
/* What start-up files may print before the shell is ours. */
#define SSH_NOISE_MAX (64u << 10)

struct ssh_options {
	const char *host;	/* as ssh knows it; ERR_USAGE: "", a '-' first,
				 * or a character that no host has */
	const char *user;	/* or NULL; checked alike */
	unsigned port;		/* 0: as ssh is configured */
	const char *config;	/* absolute path of an ssh_config(5), in the
				 * place of the user's; or NULL */
	unsigned connect_seconds;	/* 0: 20; unless ssh_config says */
};

struct ssh;
struct ssh_session;

/** Starts nothing yet; all is copied. Errors: ERR_USAGE. */
int ssh_open(struct ssh **out, const struct ssh_options *o,
	     struct strbuf *err);
/** Also ends the connection; no session may be left. NULL is fine. */
void ssh_close(struct ssh *s);
/** [USER@]HOST[:PORT], for messages. */
const char *ssh_name(const struct ssh *s);

/**
 * Runs `script` (text for a POSIX shell: no NUL, any length) there, with what
 * we write as its stdin and what it prints as ours to read. Nothing of it is
 * seen by a login shell, nor by who lists processes there. Thread-safe: the
 * first makes the connection, others wait for it; after a cut the next one
 * makes it again.
 * Errors: ERR_TRANSIENT (cannot connect, or was cut: worth another try);
 * ERR_UNREACHABLE (no such host, its key is unknown or another one, no ssh
 * program, no POSIX shell); ERR_CREDENTIALS (nobody lets us in);
 * ERR_CONFLICT: there are as many sessions as the server takes.
 * Sentences say what ssh said, and the way out (ssh HOST once by hand; ...).
 */
int ssh_session_begin(struct ssh_session **out, struct ssh *s,
		      const char *script, struct strbuf *err);

/** Exactly `len` bytes. ERR_TRANSIENT: the session has ended; err says why. */
int ssh_session_write(struct ssh_session *s, const void *buf, size_t len,
		      struct strbuf *err);
int ssh_session_read(struct ssh_session *s, void *buf, size_t len,
		     struct strbuf *err);
/** A line without its '\n', which replaces what is in `line`. ERR_CONTENT:
 *  longer than max. */
int ssh_session_read_line(struct ssh_session *s, struct strbuf *line,
			  size_t max, struct strbuf *err);
/** At least one byte, at most `len`; *got 0: it has ended, as it should. */
int ssh_session_read_some(struct ssh_session *s, void *buf, size_t len,
			  size_t *got, struct strbuf *err);
/** Something can be read without waiting (or it has ended). */
bool ssh_session_has_input(struct ssh_session *s);
/** What the other side printed on stderr since it was last asked, bounded to
 *  its last 4 KiB; not escaped. */
void ssh_session_take_errors(struct ssh_session *s, struct strbuf *out);
/** Ends it. kill: at once, whatever it is at; else its stdin is closed and its
 *  exit status returned (255: ssh itself failed). NULL is fine. */
int ssh_session_end(struct ssh_session *s, bool kill_it);

#endif
