/*
 * The ssh program, for the files openssh*.c alone.
 *
 * Three kinds of children: `ssh -G` and `ssh -O check` say how the user has it
 * configured; one `ssh -N` holds the connection and has no session of its own,
 * so that none is special; each session is an ssh that shares it.
 */
#ifndef LIB_WRAP_OPENSSH_INTERNAL_H
#define LIB_WRAP_OPENSSH_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/tempfile.h"
#include "lib/wrap/openssh.h"

#include <pthread.h>

/* What is kept of what ssh, or the other side, says on stderr. */
#define SSH_WORDS_MAX 4096

/* How the user's configuration has it, and so what we say to ssh. */
struct ssh_setup {
	bool known;
	char *socket;		/* of the user's own connection, or NULL */
	bool keeps;		/* it is to be made, and to stay */
	struct strvec options;	/* for every ssh */
	bool needs_type;	/* SessionType is set: not for ssh -N, which
				 * takes no other besides */
	unsigned patience;	/* seconds until a connection stands */
};

/* A connection that sessions share. */
struct ssh_link {
	unsigned users;		/* sessions, and who begins one */
	bool lost;		/* nobody else joins it */
	bool served;		/* a session of ours has begun on it */
	bool has_holder;	/* else: it is the user's */
	struct child_process holder;
	struct tempfile *dir;	/* of our socket, or NULL */
	char *socket;		/* NULL: as configured */
	struct strbuf words;	/* the end of what the holder said */
};

struct ssh {
	char *host, *user, *config, *name;
	unsigned port, connect_seconds;
	struct ssh_setup setup;	/* written while `connecting` */
	pthread_mutex_t lock;	/* of all below */
	pthread_cond_t changed;
	bool connecting;
	bool theirs_full;	/* the user's own connection: ours is made */
	struct ssh_link *link;	/* what a new session joins, or NULL */
	int64_t ended;		/* when a session did last, ssh_msec(); or 0 */
	unsigned attempt;	/* to connect, from 1; and how the last one */
	int failed;		/* failed, for all that waited for it */
	struct strbuf why;
};

int64_t ssh_msec(void);

/* ---- openssh-setup.c ----------------------------------------------------- */

/** Asks ssh how it is configured. ERR_UNREACHABLE. */
int ssh_setup_read(struct ssh *s, struct strbuf *err);
/** Whether the user's own connection stands. */
bool ssh_setup_is_shared(const struct ssh *s);
/** Begins a command line: "ssh" and what all of them are given. */
void ssh_setup_args(const struct ssh *s, struct child_process *child);
/** ... and ends it: the host, and what is to run there (or NULL). */
void ssh_setup_host(const struct ssh *s, struct child_process *child,
		    const char *command);

/* ---- openssh-link.c ------------------------------------------------------ */

/** Makes a connection, or finds the user's. */
int ssh_link_make(struct ssh_link **out, struct ssh *s, struct strbuf *err);
void ssh_link_end(struct ssh_link *link);
/** Adds what its holder has said: why the connection has ended. */
void ssh_link_words(struct ssh *s, struct ssh_link *link, struct strbuf *out);
/** What a session is told to share it. */
void ssh_link_args(const struct ssh_link *link, struct child_process *child);

/** Joins the connection; the first makes it. ssh_link_leave() follows. */
int ssh_link_join(struct ssh_link **out, struct ssh *s, struct strbuf *err);
/** It refused a session: whether it is the user's, and others fill it. Then it
 *  is not asked again, and the next who joins makes ours. */
bool ssh_link_give_up(struct ssh *s, struct ssh_link *link);
/** lost: it was found out that it does not work any more. */
void ssh_link_leave(struct ssh *s, struct ssh_link *link, bool lost);

/* ---- openssh-session.c --------------------------------------------------- */

/** Starts a shell there that runs `script`, over the connection. */
int ssh_session_start(struct ssh_session **out, struct ssh *s,
		      struct ssh_link *link, const char *script,
		      struct strbuf *err);

/* ---- openssh-failure.c --------------------------------------------------- */

/** What ssh said when it ended with 255 (words: its stderr), or when it was
 *  given up (late: after so many seconds), as a code and a sentence. */
int ssh_failure(const char *name, const struct strbuf *words, unsigned late,
		struct strbuf *err);
/** An end of a session before our shell was there, which was no failure of
 *  ssh: ERR_UNREACHABLE. noise: what came on stdout. */
int ssh_no_shell(const char *name, const struct strbuf *noise,
		 const struct strbuf *words, struct strbuf *err);
/** Adds the last line of `words`, escaped and bounded, or what `otherwise`
 *  says when there is none. */
void ssh_last_line(struct strbuf *out, const struct strbuf *words,
		   const char *otherwise);

#endif
