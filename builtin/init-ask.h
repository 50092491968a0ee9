/*
 * How `init` finds out one thing: an option says it, a person is asked, or a
 * default is taken.
 */
#ifndef BUILTIN_INIT_ASK_H
#define BUILTIN_INIT_ASK_H

#include "lib/base/compat.h"
#include "builtin/init-make.h"
#include "lib/base/strbuf.h"

struct question {
	const char *text;
	const char *option;		/* that gives the answer, for errors */
	const char *given;		/* by an option; NULL: not */
	const char *otherwise;		/* NULL: there is no default */
	bool optional;			/* an empty answer is one */
	/* As in store-kind.h. NULL: any text will do. */
	int (*check)(const struct init_plan *plan, struct strbuf *answer,
		     struct strbuf *err);
};

/** A person is asked until the answer will do. ERR_NO: the person gave up;
 *  ERR_USAGE: nobody answers, or not so; what `check` returned. */
int init_answer(const struct init_plan *plan, const struct question *q,
		struct strbuf *out, struct strbuf *err);

/** -1: ask (yes when there is nobody); 0, 1: of an option. format has one %s,
 *  which is `what`. */
bool init_answer_yes(int given, const char *format, const char *what);

/** A line to the person who is asked. */
void init_tell(const struct strbuf *text);

#endif
