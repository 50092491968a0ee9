/*
 * What ledger.c, ledger-notes.c and check-ledger.c share. Only for these.
 */
#ifndef LIB_SYNC_LEDGER_INTERNAL_H
#define LIB_SYNC_LEDGER_INTERNAL_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/info-text.h"
#include "lib/sync/ledger.h"

#define STORE_NOT_KNOWN "-"
#define LEDGER_FORMAT 1
#define LEDGER_HEADER "resutil-ledger 1\n"
#define LEDGER_LOCK_BYTE 0	/* of the file: who writes to it has it */
/* A line has less than 700 bytes; so many runs nobody has. */
#define LEDGER_MAX_BYTES ((size_t)1 << 30)
#define LEDGER_FIELDS_MAX (3 + INFO_FIELDS)

enum ledger_verb {
	LEDGER_BAD, LEDGER_STORE, LEDGER_DROP, LEDGER_RENAME, LEDGER_INTENT,
	LEDGER_DONE
};

/* All strings are lent from the line. */
struct ledger_line {
	const char *name;	/* of LEDGER_STORE: the store */
	const char *to;		/* the new name; of LEDGER_DONE: the version */
	struct pack_info info;
};

/* What a line says, without its LF; cuts it. */
enum ledger_verb ledger_parse(struct ledger_line *out, char *line);
/* Of a first line; 0: it is none. */
uint64_t ledger_version(const char *line);
/* The remotes that have a ledger, in byte order. */
void ledger_list(const struct project *p, struct strvec *out);

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
	int seen;		/* without it: the file that was read, or -1;
				 * open, so that no other gets its number */
	dev_t dev;		/* of the file that was read */
	ino_t ino;
	off_t pos;		/* up to where it was read */
	bool syncing;
	bool no_locks;		/* the file system has none */
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
