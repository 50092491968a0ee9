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
#include "lib/exp/pack-comment.h"
#include "lib/exp/project.h"

struct ledger;

struct ledger_note {
	char *name;
	struct pack_info info;	/* what was sent or fetched; has_record false
				 * for one without a record */
	char *version;		/* of the object; "": not known yet, the
				 * upload was about to begin */
};

/** Reads .resutil/remotes/REMOTE.log. A missing one is empty. Errors:
 *  ERR_FAILED; a bad or torn line is passed over. */
int ledger_open(struct ledger **out, const struct project *p,
		const char *remote, struct strbuf *err);
void ledger_close(struct ledger *l);	/* NULL is fine */

/** The last note of that name whose upload or fetch ended; NULL. Lent until
 *  the next call that adds. */
const struct ledger_note *ledger_done(const struct ledger *l,
				      const char *name);
/** The last note of intent that came after it; NULL. */
const struct ledger_note *ledger_intent(const struct ledger *l,
					const char *name);
/** The name under which a run of this id was last noted; NULL. */
const char *ledger_name_of(const struct ledger *l, const char *id);
/** All names that were noted as done, in byte order. */
void ledger_names(const struct ledger *l, struct strvec *out);

/** Appends, by one write under the file's lock. Thread-safe. A note with a
 *  version ends the intent before it. Not synced. */
int ledger_note(struct ledger *l, const struct ledger_note *note,
		struct strbuf *err);
/** The store has it no longer under that name. */
int ledger_drop(struct ledger *l, const char *name, struct strbuf *err);
/** `from` is now called `to`, there as here. */
int ledger_rename(struct ledger *l, const char *from, const char *to,
		  struct strbuf *err);
/** Makes all that was appended durable. Also rewrites the file when most of
 *  its lines no longer say anything. */
int ledger_sync(struct ledger *l, struct strbuf *err);

#endif
