/*
 * What differs between two runs, and which of it most likely made the one end
 * otherwise than the other.
 * Source: resutil-diff(1), "HOW FINDINGS ARE RANKED".
 *
 *	diff-findings.c	the list
 *	diff-rank.c	what a field does to a run
 *	diff-fields.c	fields of the record
 *	diff-command.c	words of the command
 *	diff-inputs.c	experiments and files that were read
 *	diff-packages.c	packages of Python
 *	diff-code.c	files of the code
 *	diff-files.c	files of the experiments
 *	diff-results.c	what came of the runs
 *	diff-repeats.c	whether that is more than chance
 *	diff-gate.c	whether a change is one that nobody wants
 */
#ifndef LIB_EXP_DIFF_DIFF_FINDINGS_H
#define LIB_EXP_DIFF_DIFF_FINDINGS_H

#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/runs/run-row.h"

/** One of the two. All lent. */
struct diff_run {
	const char *name;
	const struct value *record;	/* normalized */
	struct run_row row;		/* with the names of both */
};

enum diff_class {
	DIFF_ACTS,	/* known to act on a program */
	DIFF_MAY_ACT,	/* not known */
	DIFF_CANNOT_ACT
};

/** Sections, as --only names them. */
enum diff_kind {
	DIFF_COMMAND, DIFF_PARAMS, DIFF_CODE, DIFF_INPUTS, DIFF_PACKAGES,
	DIFF_ENVIRONMENT, DIFF_RECORD, DIFF_RESULTS, DIFF_FILES, DIFF_KINDS
};

extern const char *const diff_kind_names[DIFF_KINDS];
extern const char *const diff_class_names[];

struct finding {
	enum diff_class class;
	unsigned rank;		/* within its class; the least comes first */
	enum diff_kind kind;
	char status;		/* 'A': only B has it, 'D': only A, 'M' */
	char *name;		/* a field's path; `code:PATH`, `package:NAME`,
				 * `file:PATH`; may be no UTF-8 */
	char *why;		/* why it acts, or not; NULL */
	struct value *a, *b;	/* NULL: there is none, or it is not shown */
	int64_t added, removed;	/* lines; -1: not known */
	int64_t size_a, size_b;	/* bytes; -1: there is none */
};

struct findings {
	struct finding *item;
	size_t nr, alloc;
	struct strvec unknown;	/* what could not be compared: sentences */
};

#define FINDINGS_INIT { NULL, 0, 0, STRVEC_INIT }

/** The new one is 'M', of nothing; lent until the next is added. */
struct finding *findings_add(struct findings *f, enum diff_kind kind,
			     enum diff_class class, unsigned rank,
			     const char *name);
/** Sets values, which are taken over, and the status that they mean. */
void finding_values(struct finding *finding, struct value *a,
		    struct value *b);
void finding_why(struct finding *finding, const char *fmt, ...)
	PRINTF_LIKE(2, 3);
/** By class, rank, name. */
void findings_sort(struct findings *f);
size_t findings_count(const struct findings *f, enum diff_class class);
void findings_release(struct findings *f);

/** Ranks, of which the page has the table. */
enum diff_rank {
	RANK_COMMAND = 10,
	RANK_PARAM = 20,
	RANK_CODE = 30,		/* that the command runs */
	RANK_INPUT = 40,
	RANK_PACKAGE = 50,	/* that this code imports */
	RANK_PYTHON = 60,
	RANK_VARIABLE = 70,
	RANK_GPU = 80,
	/* what may act */
	RANK_OTHER_CODE = 110,
	RANK_OTHER_PACKAGE = 120,
	RANK_OTHER_VARIABLE = 130,
	RANK_PROVIDER = 140,	/* what the project records by itself */
	RANK_MACHINE = 150,
	RANK_PLACE = 160,	/* cwd, where Python lies */
	RANK_LABEL = 170,	/* a parameter that names an output */
	RANK_UNKNOWN = 180,
	/* what cannot */
	RANK_TEXT = 210,	/* documentation */
	RANK_ACCOUNT = 220	/* names, times, numbers of processes */
};

struct diff_role {
	enum diff_kind kind;
	enum diff_class class;
	unsigned rank;
	const char *why;	/* NULL: the section says it */
};

/** What the field at that path does. False: it is none to be told of, for
 *  another part of the comparison has it. */
bool diff_role_of(const char *path, struct diff_role *role);
/** Documentation and the like: no program reads it. */
bool diff_is_document(const char *path);

/** `text` with `{}` in the place of what names the run itself. */
void diff_own_text(struct strbuf *out, const struct diff_run *run,
		   const char *text, size_t len);

/** All fields of the two rows but results. ERR_CONTENT: a row is damaged. */
int diff_fields(struct findings *out, const struct field_names *names,
		const struct diff_run *a, const struct diff_run *b,
		struct strbuf *err);

/** Words of the command that are no parameters. */
void diff_command(struct findings *out, const struct diff_run *a,
		  const struct diff_run *b);
/** Those of them that make no parameter, with `{}` in the place of what names
 *  the run itself. */
void diff_bare_words(struct strvec *out, const struct strvec *words,
		     const struct diff_run *run);
/** The words, from what the record has of them. */
void diff_words(struct strvec *out, const struct value *record);

/** What the runs read of other experiments. */
void diff_inputs(struct findings *out, const struct diff_run *a,
		 const struct diff_run *b);

struct code_reach;
/** Versions of packages; reach: what the code imports, NULL: not known. */
void diff_packages(struct findings *out, const struct diff_run *a,
		   const struct diff_run *b, const struct code_reach *reach);

#endif
