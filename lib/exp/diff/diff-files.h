/*
 * Files of two runs compared: by bytes where both are here, by size and the
 * CRC-32 of the pack where one is only in a store.
 */
#ifndef LIB_EXP_DIFF_DIFF_FILES_H
#define LIB_EXP_DIFF_DIFF_FILES_H

#include "lib/base/compat.h"
#include "lib/base/line-diff.h"
#include "lib/base/strbuf.h"
#include "lib/exp/diff/diff-findings.h"

/* Longer ones are no text that anybody reads. */
#define DIFF_TEXT_MAX (1u << 20)

struct diff_file {
	char *path;
	uint32_t mode;
	uint64_t size;
	uint32_t crc;
};

struct diff_tree {
	struct diff_file *file;		/* by path, in byte order; what is no
					 * directory */
	size_t nr, alloc;
	char *dir;	/* where content can be read; NULL: nowhere */
	bool has_crc;	/* it came from a listing: nothing but that is known */
};

#define DIFF_TREE_INIT { NULL, 0, 0, NULL, false }

/** What lies below `dir`. Errors: those of exp_tree_read(). */
int diff_tree_read(struct diff_tree *tree, const char *dir,
		   struct strbuf *err);
/** One of a pack, in any order. */
void diff_tree_add(struct diff_tree *tree, const char *path, uint32_t mode,
		   uint64_t size, uint32_t crc);
/** After the last of them. */
void diff_tree_sort(struct diff_tree *tree);
void diff_tree_release(struct diff_tree *tree);

/** Whether a path of an experiment is neither its record nor its code. */
bool diff_is_output(const char *path);

/**
 * Adds what differs among those that `wanted` takes, as DIFF_FILES with the
 * names `file:PATH`. Several threads read. What cannot be read is told in
 * out->unknown.
 */
typedef bool (*diff_wanted_fn)(const char *path, void *data);
void diff_files(struct findings *out, const struct diff_tree *a,
		const struct diff_tree *b, diff_wanted_fn wanted, void *data);

/** The path of a finding's file. */
const char *diff_file_path(const struct finding *finding);

/** The text of a file; false: it is none (binary, too long, a link), or it is
 *  not here. One that is not there at all is the empty text. */
bool diff_tree_text(const struct diff_tree *tree, const char *path,
		    int64_t size, struct strbuf *out);

/**
 * Counts the lines of a text file that differs, into added and removed; adds
 * its patch to `out` (NULL: none is wanted). False: it is no text.
 */
bool diff_file_lines(struct finding *finding, const struct diff_tree *a,
		     const struct diff_tree *b,
		     const struct line_diff_options *options,
		     struct line_diff_sum *sum, struct strbuf *out);

#endif
