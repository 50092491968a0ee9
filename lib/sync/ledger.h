/*
 * What this clone last sent to and fetched from a store. No cache: it tells
 * "grown here" from "changed there". Appended to, one line a note, and never
 * older than what the store holds: a note of intent is durable before an
 * upload begins.
 * Source: resutilformat-remote(5).
 */
#ifndef LIB_SYNC_LEDGER_H
#define LIB_SYNC_LEDGER_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/store/remotes.h"

struct ledger;

struct ledger_note {
	char *name;
	struct pack_info info;	/* what was sent or fetched; has_record false
				 * for one without a record */
	char *version;		/* of the object; "": not known yet, the
				 * upload was about to begin */
	bool elsewhere;		/* the remote meant another store then; not
				 * looked at in a note that is added */
};

/** Reads .resutil/remotes/REMOTE.log. A missing one is empty. Errors:
 *  ERR_FAILED; a bad or torn line is passed over. */
int ledger_open(struct ledger **out, const struct project *p,
		const char *remote, struct strbuf *err);
/** Which store the remote means, in words of the conf: notes are of that, and
 *  those of another one are `elsewhere`. They still tell what this clone had;
 *  whether the store has it is not known. Before other threads use it. */
void ledger_set_store(struct ledger *l, const struct remote_conf *conf);
void ledger_close(struct ledger *l);	/* NULL is fine */

/* In all that follows NULL is the ledger of a remote that has none (a URL):
 * nothing was noted, and nothing is.
 *
 * All calls are thread-safe. What they lend stays until ledger_close(), even
 * when it is no longer the last. Each call that adds also reads what other
 * processes have added meanwhile. */

/** The last note of that name whose upload or fetch ended; NULL. */
const struct ledger_note *ledger_done(const struct ledger *l,
				      const char *name);
/** The last note of intent that came after it; NULL. */
const struct ledger_note *ledger_intent(const struct ledger *l,
					const char *name);
/** Whether what a store has is what this clone last sent or fetched: by the
 *  version, or by both hashes, or by those of any intent that came after it
 *  (an upload that ended without an answer may be followed by one that never
 *  began). version, info: NULL: not to be compared. */
bool ledger_knows(const struct ledger *l, const char *name,
		  const char *version, const struct pack_info *info);
/** The name under which a run of this id was last noted, also as an intent,
 *  and also when it was dropped since; NULL. */
const char *ledger_name_of(const struct ledger *l, const char *id);
/** All names that were noted as done, in byte order. */
void ledger_names(const struct ledger *l, struct strvec *out);

/** Appends, by one write under the file's lock. A note with a version ends
 *  the intents before it. Not synced. ERR_FAILED: also a name or a version
 *  that cannot be one. */
int ledger_note(struct ledger *l, const struct ledger_note *note,
		struct strbuf *err);
/** The store has it no longer under that name. */
int ledger_drop(struct ledger *l, const char *name, struct strbuf *err);
/** `from` is now called `to`, there as here. */
int ledger_rename(struct ledger *l, const char *from, const char *to,
		  struct strbuf *err);
/** Makes all that was appended durable; threads that wait for it share one
 *  sync. Also rewrites the file when most of its lines no longer say
 *  anything. */
int ledger_sync(struct ledger *l, struct strbuf *err);

#endif
