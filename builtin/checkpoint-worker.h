/*
 * Checkpoints that nobody waits for: a request is noted, and a process in a
 * session of its own sends what was asked for until nothing is.
 */
#ifndef BUILTIN_CHECKPOINT_WORKER_H
#define BUILTIN_CHECKPOINT_WORKER_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/recording/ticket.h"

/** The experiment `name` of the_project, and the store that is meant. */
struct checkpoint {
	struct ticket_place place;
	struct strbuf name, key;
};

#define CHECKPOINT_INIT { .name = STRBUF_INIT, .key = STRBUF_INIT }
void checkpoint_release(struct checkpoint *c);

/** remote: lent, or NULL. Errors: those of record_read_raw(). */
int checkpoint_open(struct checkpoint *c, const char *name,
		    const char *remote, struct strbuf *err);

/** Notes a request; who sends already takes it up, else a process is started
 *  that does. */
int checkpoint_note(const struct checkpoint *c, struct strbuf *err);

/** For requests that came while this process sent. */
int checkpoint_start_worker(const struct checkpoint *c, struct strbuf *err);

/** What that process does. Returns its exit status. */
int checkpoint_work(const struct checkpoint *c);

/** Sends the run as it is now, with its revision raised before; what cannot
 *  be done is told. signo: gets the signal that ended the upload, or stays.
 *  Returns the exit status. */
int checkpoint_send(const struct checkpoint *c, int *signo);

/** Before the last upload of a run: ends who sends it in the background.
 *  Returns what checkpoint_replaced() wants, or NULL. */
struct ticket *checkpoint_stop(const char *name);
void checkpoint_replaced(struct ticket *t, const char *name, bool sent);

#endif
