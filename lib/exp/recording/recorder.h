/*
 * The recorder of a program that records itself: requests and answers are
 * lines of JSON. Source: resutil-record-runs(1), which is the manual of every
 * request.
 */
#ifndef LIB_EXP_RECORDING_RECORDER_H
#define LIB_EXP_RECORDING_RECORDER_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

#define RECORDER_PROTOCOL 1

struct recorder;

/** program: the process that asks. */
struct recorder *recorder_new(pid_t program);

/** Carries out one request and adds the line of its answer, with the LF. */
void recorder_answer(struct recorder *r, const char *line, size_t len,
		     struct strbuf *answer);

/** The process that asks, as `hello` may have said it since. */
pid_t recorder_program(const struct recorder *r);

/** The program has ended: what it did not finish is lost, and everything is
 *  freed. A sentence for each run whose end cannot be recorded. */
void recorder_end(struct recorder **r, struct strvec *problems);

#endif
