/*
 * What answers of Google's APIs say went wrong, for google-call.c.
 */
#ifndef TRANSPORT_GOOGLE_GOOGLE_ERROR_H
#define TRANSPORT_GOOGLE_GOOGLE_ERROR_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "transport/google/google-call.h"

/* Clocks that differ by more are a reason to refuse tokens. */
#define GOOGLE_SKEW_MAX 300

/** Fills c->reason and c->message by what the answer, no success, says. */
void google_error_read(struct google_call *c);
/** A 403 that only means that there were too many requests. */
bool google_error_is_limit(const struct google_call *c);
/** Adds the sentence about the answer, no success; its code. */
int google_fail_answer(struct google_api *api, struct google_call *c,
		       struct strbuf *err);
/** Reads the body of a success into c->json. */
int google_read_json(const struct google_api *api, struct google_call *c,
		     struct strbuf *err);
/** How many seconds the clock here is ahead of the service's; 0: not enough to
 *  matter, or not known. */
int64_t google_clock_ahead(const struct http_answer *a);

#endif
