/*
 * How an experiment comes to be: built as results_dir/.NAME.PID.tmp, then
 * renamed, so that the claim is atomic and a visible name has its record.
 */
#ifndef LIB_EXP_RECORD_BIRTH_H
#define LIB_EXP_RECORD_BIRTH_H

#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

struct birth;

/** Makes results_dir when missing, checks the comment, chooses a first name
 *  from local time `created`, makes the temporary directory. */
int birth_start(struct birth **out, const struct project *p,
		const struct moment *created, const char *comment,
		struct strbuf *err);

const char *birth_dir(const struct birth *b);	/* to put files into; lent */
const char *birth_name(const struct birth *b);	/* lent; final after claim */

/**
 * Writes the record, makes all durable, and renames; on a clash the next free
 * second is taken and the record's name follows. At most 100,000 seconds on.
 * `nr_files`: how many files were put in besides (many: one syncfs).
 * After it, `birth_dir` is the final directory.
 */
int birth_claim(struct birth *b, struct value *record, size_t nr_files,
		struct strbuf *err);

/** Frees; removes the directory unless it was claimed. NULL is fine. */
void birth_end(struct birth **b);

/** Takes a claimed experiment back (its program could not be started). */
int birth_undo(struct birth *b, struct strbuf *err);

#endif
