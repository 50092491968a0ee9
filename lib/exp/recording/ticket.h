/*
 * Checkpoints of one run, one at a time: .resutil/live/KEY.checkpoint counts
 * how many were asked for, and up to which of them somebody began to send and
 * has sent. What is sent holds all that was there when it was begun, so one
 * upload answers every request that came before: the last one wins.
 *
 * The kernel holds two bytes of the file: byte 0 says that somebody sends,
 * byte 1 serialises who reads and changes the numbers. The file is there only
 * as long as there is something to do; a crash leaves one that locks nothing.
 * Source: Documentation/technical/durability.adoc, "checkpoint".
 */
#ifndef LIB_EXP_RECORDING_TICKET_H
#define LIB_EXP_RECORDING_TICKET_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

#define TICKET_SUFFIX ".checkpoint"

/** The words after its options by which a process that sends in the background
 *  is known: others may write into the file, and ticket_stop() ends nobody
 *  else. */
#define TICKET_COMMAND "checkpoint"
#define TICKET_OPTION "--worker"

struct ticket;

/** Which requests are meant: those for one run, and one store. */
struct ticket_place {
	const struct project *project;
	const char *key;	/* ticket_key() of the run */
	const char *remote;	/* NULL: origin */
};

/** The run's id, or its name where the record has none. Lent by both. */
const char *ticket_key(const struct value *record, const char *name);

/**
 * Notes one more request; nothing is sent yet. It survives the death of any
 * process.
 * idle: nobody sends, so whoever asked has to, or to start somebody who does.
 */
int ticket_ask(struct ticket **out, const struct ticket_place *place,
	       bool *idle, struct strbuf *err);

/** For who sends what others asked for. ERR_NOT_FOUND: nobody did. */
int ticket_open(struct ticket **out, const struct ticket_place *place,
		struct strbuf *err);

enum ticket_turn {
	TICKET_OURS,	/* send now, then ticket_finish() */
	TICKET_BUSY,	/* somebody else sends (only when not waiting) */
	TICKET_DONE	/* there is nothing left to do for this ticket */
};

enum ticket_flags {
	TICKET_WAIT = 1 << 0,	/* until it is our turn */
	TICKET_STOPPABLE = 1 << 1 /* ticket_stop() may end this process */
};

/** From TICKET_OURS on nobody else sends, until ticket_finish() or _free(). */
int ticket_take(struct ticket *t, unsigned flags, enum ticket_turn *turn,
		struct strbuf *err);

/**
 * sent: what was there at ticket_take() is in the store. Returns whether more
 * was asked for meanwhile; then the turn is still ours, for another
 * ticket_take().
 */
bool ticket_finish(struct ticket *t, bool sent);

/** Lets go, also of a turn that was not finished; NULL is fine. */
void ticket_free(struct ticket *t);

/**
 * Ends who sends in the background and takes the turn, for the last upload of
 * a run. *out stays NULL where nothing was asked for, or where it cannot be
 * had within some seconds: then both send, and the store's preconditions see
 * to it that the later one stays.
 */
void ticket_stop(struct ticket **out, const struct ticket_place *place);

/** Whether anything is asked for in the project at all. */
bool ticket_any(const struct project *p);

/** Whether `entry` of .resutil/live is such a file, by its name; then its key
 *  is added to `key`. */
bool ticket_name_parse(const char *entry, struct strbuf *key);
/** Whether nobody sends or asks by the file at `path`. */
bool ticket_is_left(const char *path);
/** Removes it if that is still so. 0, or -1 and errno. */
int ticket_remove_left(const char *path);

#endif
