/*
 * Waiting between tries: twice as long each time, by chance, and within a
 * patience that begins with the first failure.
 *
 *	again_init(&again, patience);
 *	do {
 *		ret = something(.., &again.why);
 *	} while (again_wait(&again, ret));
 *	return again_end(&again, ret, err);
 */
#ifndef LIB_BASE_AGAIN_H
#define LIB_BASE_AGAIN_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct again {
	unsigned patience;	/* seconds */
	unsigned tries;		/* that failed since `since` */
	uint64_t since;		/* the first of them, in milliseconds */
	struct strbuf why;	/* the sentence of this try */
};

void again_init(struct again *a, unsigned patience);
/** There was progress: the next failure is a first one. */
void again_reset(struct again *a);
/** Whether to try again; when so, waits first, and forgets the sentence. */
bool again_wait(struct again *a, int ret);
/** The same, waiting for `least` milliseconds or more: the other side named
 *  them. They may end behind the patience; the next failure is the last. */
bool again_wait_for(struct again *a, int ret, uint64_t least);
/** Gives `ret` and its sentence; ERR_TRANSIENT becomes ERR_UNREACHABLE, with
 *  how long it was tried. */
int again_end(struct again *a, int ret, struct strbuf *err);
/** The same for a failure that is not the store's. */
int again_give_up(struct again *a, int ret, struct strbuf *err);

#endif
