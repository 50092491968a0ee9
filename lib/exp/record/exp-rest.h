/*
 * An experiment that nobody writes into, for as long as it is held.
 */
#ifndef LIB_EXP_RECORD_EXP_REST_H
#define LIB_EXP_RECORD_EXP_REST_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/live.h"
#include "lib/exp/conf/project.h"

enum exp_rest_flags {
	/* What another host runs is only a copy here: who knows that it came
	 * from a store. */
	EXP_REST_COPY = 1 << 0
};

/**
 * Takes the writer's lock of the experiment `name` here, so that its record
 * cannot change and no run of its id can begin, until live_unlock_writer().
 * An experiment without a record that can be read is held by its name.
 * Errors: ERR_NOT_FOUND; ERR_CONFLICT (it runs, here, or as far as can be told
 * from here elsewhere).
 */
int exp_rest_take(struct live **out, const struct project *p, const char *name,
		  unsigned flags, struct strbuf *err);

/** The same question without the lock. A missing experiment is at rest. state:
 *  gets what it does when it is not, as live_state_text(). */
bool exp_is_at_rest(const struct project *p, const char *name,
		    struct strbuf *state);

#endif
