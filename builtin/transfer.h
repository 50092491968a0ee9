/*
 * What push, pull, remote copy, run and checkpoint have in common: experiments
 * are moved by one child, send-pack, fetch-exp or copy-pack, that gets all
 * names at once and tells a line for each.
 */
#ifndef BUILTIN_TRANSFER_H
#define BUILTIN_TRANSFER_H

#include "lib/base/compat.h"
#include "builtin/porcelain.h"
#include "lib/base/items.h"
#include "lib/base/parse-options.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/** A line of the child: what became of one experiment. */
struct transfer_line {
	const char *status;	/* a word of send-pack(1) or fetch-exp(1) */
	const char *name;
	uint64_t bytes;
	const char *other;	/* of renamed; else "" */
};

struct transfer {
	bool fetch;			/* else send, or copy */
	const char *copy_from;		/* of a copy: out of which store; NULL:
					 * it is none */
	const char *remote;		/* NULL: origin */
	int jobs, force, rename, dry_run;
	int porcelain, nul;		/* print for programs; end with NUL */
	bool plan;			/* what moves is told when it is done */
	const char *limit_rate;		/* NULL: as transfer.limit-rate says */
	const char *patience;		/* seconds; NULL: the child's own */
	const char *const *paths;	/* of fetch; NULL: all */
	const char *const *words;	/* of a copy: EXPs that the child finds,
					 * with what they need; NULL: all */
	bool no_dependency;		/* of a copy: without that */
	/** Called for each line, when it comes. */
	void (*told)(const struct transfer *t,
		     const struct transfer_line *line);

	/* What came of it; added to by each transfer_run(). */
	struct items items;
	size_t moved, same, newer;
	uint64_t bytes;			/* of what was moved */
	struct strvec moved_names;	/* of a dry run: that would be */
	struct strvec well;		/* names that are on both sides now */
	struct strvec parts;		/* names that were only partly here */
	int signo;			/* the first that came meanwhile */
};

#define TRANSFER_INIT { .moved_names = STRVEC_INIT, .well = STRVEC_INIT, \
			.parts = STRVEC_INIT }
void transfer_release(struct transfer *t);

/** The options that push and pull share. */
#define TRANSFER_OPTIONS(t)						\
	{ .type = OPTION_STRING, .name = "remote",			\
	  .value = &(t)->remote, .argh = "REMOTE",			\
	  .help = "a store other than origin: its name or URL" },	\
	OPT_NUMBER('j', "jobs", &(t)->jobs, "N",			\
		   "how many transfers at once"),			\
	{ .type = OPTION_STRING, .name = "limit-rate",			\
	  .value = &(t)->limit_rate, .argh = "RATE",			\
	  .help = "bytes a second at most, as in 10MiB" },		\
	OPT_BOOL(0, "force", &(t)->force,				\
		 "also over what is in conflict"),			\
	OPT_BOOL(0, "rename", &(t)->rename,				\
		 "take another name where that ends a conflict"),	\
	OPT_BOOL('n', "dry-run", &(t)->dry_run,				\
		 "only tell what would be done")

/** And those of their output for programs. */
#define TRANSFER_FORMS(t)						\
	OPT_PORCELAIN(&(t)->porcelain),					\
	OPT_NUL(&(t)->nul)

/** Sets `jobs` by transfer.jobs when no -j was given. Errors: those of
 *  settings_get_size(); ERR_USAGE for a --limit-rate that is none. */
int transfer_check(struct transfer *t, struct strbuf *err);

/**
 * Moves `names` (of fetch: NULL for all that the store holds; of a copy: NULL
 * for what `words` mean, or all). Failures are
 * told on stderr, by the child; a signal that asks us to end ends the child
 * alone (`signo`), so that the caller can still say what is left.
 */
void transfer_run(struct transfer *t, const struct strvec *names);

/** The child's words for that; all: for NULL instead of names. */
void transfer_add_arguments(const struct transfer *t, bool all,
			    struct strvec *args);

/** Asks the hooks of pre-push about what is about to be sent; that they say no
 *  is told and counted. Of what is fetched or copied they are not asked. */
bool transfer_may_send(struct transfer *t, const struct strvec *names);

/** Runs the hooks of post-pull about what came, if anything did. */
void transfer_tell_fetched(struct transfer *t);

/** The same as transfer_run() for one experiment and what it needs; what it
 *  needs and is not here is not told. */
void transfer_send_with_needed(struct transfer *t, const char *name);

/**
 * As deps_closure(), but what is wrong about one name (what it needs may be
 * called like another run by now) leaves the others as they are. It is told and
 * counted, unless `quiet`. Returns whether anything was wrong.
 */
bool transfer_closure(struct transfer *t, const struct strvec *names,
		      bool quiet, struct strvec *out, struct strvec *missing);

/** For options that exclude each other, and what -z means besides; the
 *  sentence why they are wrong, or NULL. ask: whether a person would be. */
const char *transfer_check_forms(struct transfer *t, bool ask);

/** "sent" or "fetched" for a line and all of them, on stdout; the child's own
 *  line, and no sum, with `porcelain`. */
void transfer_print_line(const struct transfer *t,
			 const struct transfer_line *line);
void transfer_print_sum(const struct transfer *t);

/** What a transfer of `names` would do, told; then, when that is anything and
 *  `yes` or a person says so, the transfer. Returns the exit status. */
int transfer_ask_and_run(struct transfer *t, const struct strvec *names,
			 bool yes);

/** "origin", for messages. */
const char *transfer_remote_name(const struct transfer *t);

/**
 * The names that the store holds, in byte order, by the child list-remote; its
 * failure is told by it. Returns 0 or the child's exit status.
 */
int transfer_list_remote(const struct transfer *t, struct strvec *names);

/**
 * Runs a child as run_command(), but signals that ask us to end are its own:
 * it is told those that it does not hear of itself, and we go on. signo: gets
 * the first of them, or stays. read: what to do with the output, or NULL.
 */
int transfer_child(struct child_process *child, int *signo,
		   void (*read)(FILE *out, void *data), void *data);

#endif
