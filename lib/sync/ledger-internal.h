/*
 * What ledger.c and ledger-notes.c share. Only for these.
 */
#ifndef LIB_SYNC_LEDGER_INTERNAL_H
#define LIB_SYNC_LEDGER_INTERNAL_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/exp/pack-comment.h"
#include "lib/exp/project.h"
#include "lib/sync/ledger.h"

#define STORE_NOT_KNOWN "-"

struct note {
	struct ledger_note note;
	const char *store;	/* that the remote meant then */
	struct note *older;	/* of intents: the one before */
	struct note *made;	/* all of them, to free */
	uint64_t nr;		/* later notes have higher ones */
};

/* What is known of one name. */
struct entry {
	char *name;
	struct note *done;
	struct note *intent;	/* that came after it, the last one first */
	struct entry *made;
};

struct ledger {
	const struct project *project;
	char *remote;
	pthread_mutex_t lock;	/* of all that follows */
	pthread_cond_t synced;

	struct strmap entries;	/* by name: struct entry */
	struct strmap ids;	/* by id: the name of an entry */
	struct note *notes;
	struct entry *made;
	const char *store;	/* what the remote means now, or not known */
	const char *at;		/* the same as the file says, so far */
	struct strvec stores;	/* what it ever said */
	uint64_t nr;		/* of notes that were ever read */
	size_t lines, live;	/* in the file; of them, those that count */

	int fd;			/* to append, or -1 */
	dev_t dev;		/* of the file that was read */
	ino_t ino;
	off_t pos;		/* up to where it was read */
	bool syncing;
	uint64_t appended, durable;
};

/* All under the lock. The entry of that name, made when there is none. */
struct entry *notes_entry(struct ledger *l, const char *name);
/* store: stays until the end. */
void notes_set_store(const struct ledger *l, struct note *n,
		     const char *store);
/* Its id stays known: another clone may send it again. */
void notes_drop(struct ledger *l, struct entry *e);
void notes_add_intent(struct ledger *l, const char *name,
		      const struct pack_info *info);
struct note *notes_add_done(struct ledger *l, const char *name,
			    const struct pack_info *info,
			    const char *version);
void notes_rename(struct ledger *l, const char *from, const char *to);
/* All of them, since the file is another one. */
void notes_forget(struct ledger *l);

#endif
