/*
 * Reads what `git diff --patch-with-raw -z` writes, as it comes: first a list
 * of changed paths, then one NUL, then the patch. Pure: no file is touched.
 * Source: git-diff(1), "RAW OUTPUT FORMAT" and "GENERATING PATCH TEXT".
 */
#ifndef LIB_EXP_GIT_GIT_RAW_H
#define LIB_EXP_GIT_GIT_RAW_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define GIT_RAW_MAX_PATH 65536		/* bytes of one path */
#define GIT_RAW_MAX_ENTRIES 4000000

#define GIT_MODE_SUBMODULE 0160000u

struct git_raw_entry {
	char *path;		/* from the top, as git gave it */
	unsigned old_mode;	/* 0: not in the commit */
	unsigned new_mode;	/* 0: not in the work tree */
	char status;		/* A D M T U */
	bool patched;		/* a part of the patch is about it */
	bool drop;		/* set by `listed`: keep it out of the patch */
	char *subproject;	/* a dropped submodule's new commit, with
				 * "-dirty" when git said so; or NULL */
	const char *left_out;	/* for the user of the list */
	uint64_t size;		/* likewise */
};

struct git_raw;

/** The list is complete; may set `drop`. A negative code ends the reading. */
typedef int (*git_raw_listed_fn)(struct git_raw *raw, void *data);
/** A part of the patch begins, about `entry`; `again`: its second (a file
 *  that became a link is one removed and one made). */
typedef int (*git_raw_part_fn)(struct git_raw_entry *entry, bool again,
			       void *data);
/** Bytes of that part, in any pieces. */
typedef int (*git_raw_text_fn)(const char *text, size_t len, void *data);

struct git_raw {
	struct git_raw_entry *entry;
	size_t nr, alloc;
	git_raw_listed_fn listed;
	git_raw_part_fn part;
	git_raw_text_fn text;
	void *data;
	/* private */
	int state;
	struct strbuf hold;	/* what is not yet a whole item */
	struct strbuf header;	/* for comparing */
	size_t current;		/* entry that the patch is at */
	bool line_start, skip;
};

void git_raw_init(struct git_raw *raw);
void git_raw_release(struct git_raw *raw);

/** Takes the next bytes. ERR_CONTENT: not what git writes; or the code of a
 *  callback (`err` then says what the callback put there). */
int git_raw_feed(struct git_raw *raw, const char *buf, size_t len,
		 struct strbuf *err);

/** No more bytes. ERR_CONTENT: it ended inside the list. Calls `listed` when
 *  there was no patch at all. */
int git_raw_end(struct git_raw *raw, struct strbuf *err);

/** True once the whole list has been read. */
bool git_raw_is_listed(const struct git_raw *raw);

#endif
