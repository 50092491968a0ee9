/*
 * Words that mean experiments in one store, for commands that go through them.
 */
#ifndef PLUMBING_REMOTE_WORDS_H
#define PLUMBING_REMOTE_WORDS_H

#include "lib/base/compat.h"
#include "lib/base/items.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/sync/remote-list.h"

struct remote_words {
	struct remote *remote;
	struct strvec names;		/* in the order of the words */
	struct items items;		/* counts the words that mean nothing */
	/* private */
	struct remote_list all;		/* listed when a word needs it */
	bool listed;
};

#define REMOTE_WORDS_INIT { .names = STRVEC_INIT, .all = REMOTE_LIST_INIT }

/**
 * Adds what each of `words`, and of the standard input when it is wanted,
 * means: an exact name as it is, else what it means here, else there. What
 * means nothing is told and counted. Errors: of items_each().
 */
int remote_words_read(struct remote_words *w, const char *const *words,
		      bool from_stdin, int term, struct strbuf *err);

/** Tells and counts that it is not there. */
void remote_words_missing(struct remote_words *w, const char *name);

void remote_words_release(struct remote_words *w);

#endif
