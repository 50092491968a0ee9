/*
 * What credentials of all services have in common: many threads need them, one
 * asks for them, and they are renewed before they expire; where was looked for
 * them, and whether others can read them, is to be told.
 */
#ifndef TRANSPORT_CREDENTIALS_H
#define TRANSPORT_CREDENTIALS_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/strbuf.h"

/* When to ask, and who does. What came is kept beside it, under its lock. */
struct renewal {
	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t asked;
	bool busy;		/* somebody asks, without the lock */
	bool have;		/* something came, and was not taken back */
	int64_t renew_at;	/* 0: never */
	int64_t expires;	/* seconds since 1970; 0: never */
	unsigned nr;		/* of answers: who waits takes part in one */
	int problem;		/* that the last one had, or 0 */
	struct strbuf why;
	bool final;		/* asking again would not help */
};

void renewal_init(struct renewal *r);
void renewal_release(struct renewal *r);

/** With the lock: 0 when what is kept can be used, after ask(), with the lock,
 *  where it is to be renewed; else the code and the sentence of the problem. */
int renewal_wait(struct renewal *r, void (*ask)(void *data), void *data,
		 struct strbuf *err);
/** With the lock: until nobody asks. */
void renewal_wait_idle(struct renewal *r);

/** For ask(): lets go of the lock while somewhere is asked. */
void renewal_begin(struct renewal *r);
/** Takes the lock again, for what came to be kept. */
void renewal_end(struct renewal *r);
/** With the lock: what came, or 0 and why not; whoever waits goes on. */
void renewal_done(struct renewal *r, int ret, int64_t expires,
		  const struct strbuf *why);

/** Adds a place in which nothing was, "; " before it. */
void credentials_looked(struct strbuf *looked, const char *fmt, va_list ap);
/** Adds that everybody can read `what` ("the keys") in that file, if so. */
void credentials_check_mode(struct strbuf *warning, const char *what,
			    const char *path);
/** Tells it, if there is something to be told; once, though several stores may
 *  read the same file. */
void credentials_tell(const struct strbuf *warning, bool *told);

#endif
