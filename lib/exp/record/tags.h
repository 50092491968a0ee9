/*
 * Tags: names that people give a run. They stand in its record (`tags`), so
 * they go wherever the record goes, and one names the run as its name does.
 * Source: resutilformat-exp(5).
 */
#ifndef LIB_EXP_RECORD_TAGS_H
#define LIB_EXP_RECORD_TAGS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

#define TAG_MAX_CHARACTERS 100

/** 0, or ERR_USAGE with the reason: what a comment may hold, not empty, not
 *  beginning with '@', '-' or '.', and nothing that a name begins with. */
int tag_check(const char *tag, struct strbuf *err);

/** Whether `tags`, of a record, has it; NULL and what is no list has none. */
bool tags_have(const struct value *tags, const char *tag);

struct tagged {
	char *tag, *name;
};

struct tag_list {
	struct tagged *item;
	size_t nr, alloc;
};

#define TAG_LIST_INIT { NULL, 0, 0 }
void tag_list_release(struct tag_list *list);

/** All of the experiments here, by tag, then name. tag NULL: every one. Records
 *  that cannot be read have none. */
int tag_list_read(struct tag_list *out, const struct project *p,
		  const char *tag, struct strbuf *err);

/**
 * The one of `names`, which are all that have the tag, added to `name`.
 * where: "here", "in 'origin'", for the message.
 * Errors: ERR_NOT_FOUND: there is none, and nothing is said, as most words are
 * no tags; ERR_USAGE: there are several (err lists them).
 */
int tag_choose(const struct strvec *names, const char *tag, const char *where,
	       struct strbuf *name, struct strbuf *err);

/** The experiment here that has it. Errors: of tag_choose(), and of listing. */
int tag_find(const struct project *p, const char *tag, struct strbuf *name,
	     struct strbuf *err);

enum tag_flags {
	TAG_FORCE = 1 << 0,
	TAG_DRY_RUN = 1 << 1	/* all is looked at, nothing changed */
};

/**
 * Gives it to `to` (NULL: to none), and takes it from all others. The new one
 * has it first, so a crash leaves it on two rather than on none. One caller at
 * a time in a project.
 * from: gets who had it before. Errors: ERR_CONFLICT: several others have it,
 * without TAG_FORCE; those of record_update().
 */
int tag_move(const struct project *p, const char *tag, const char *to,
	     unsigned flags, struct strvec *from, struct strbuf *err);

#endif
