/*
 * The kinds of stores as people name them: what has to be asked about each,
 * what an answer must look like, and how the store is told of. `init`, `remote
 * add` and `clone` know no kind by its name. How a store is spoken with is
 * another matter, transport/.
 */
#ifndef BUILTIN_STORE_KIND_H
#define BUILTIN_STORE_KIND_H

#include "lib/base/compat.h"
#include "builtin/init-make.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/* As key_file_path: there is none. */
#define STORE_NO_KEY "-"

/* A key of storage_config that `init` asks for. */
struct store_setting {
	const char *key;
	const char *question;
	const char *shown;	/* what a report calls it; NULL: not there */
	bool optional;		/* an empty answer is one */
	bool is_key_file;	/* git had better ignore it */
	/* 0, or ERR_USAGE with the reason. May spell the answer in another
	 * way; empty: none after all, where it is optional. NULL: any will
	 * do. */
	int (*check)(const struct init_plan *plan, struct strbuf *answer,
		     struct strbuf *err);
	/* Finds what is to be proposed; leaves `out` empty when there is
	 * nothing. NULL: nothing is proposed. */
	int (*find)(struct init_plan *plan, const char *key,
		    struct strbuf *out, struct strbuf *err);
	/* Whether it goes without saying, by what is said already. Or NULL. */
	bool (*needless)(const struct init_plan *plan);
};

struct store_kind {
	const char *type, *alias;	/* alias: or NULL */
	const char *title;	/* for the report of a test; NULL: none */
	bool is_dir;		/* `path` is a directory of this machine, and
				 * made when it is missing */
	/* In the order in which they are asked; the end has no key. */
	const struct store_setting *settings;
	/* Spells what -o gave as the conf has it. ERR_USAGE: no such store
	 * has that, or it cannot be. */
	int (*fit)(struct value *settings, struct strbuf *err);
	/* Asks a person for consent that such a store needs; root: where
	 * relative paths begin. ERR_USAGE: no. Or NULL. */
	int (*agree)(const char *root, const struct value *config,
		     struct strbuf *err);
	const char *page;	/* of section 7, that tells how to set it up */
};

extern const struct store_kind store_kind_dir, store_kind_gcs,
	store_kind_gdrive, store_kind_s3, store_kind_ssh;

/* For ARG_WORDS of --storage-type; the table is in the same order. */
#define STORE_KIND_WORDS "dir gcs gdrive s3 ssh"

/** The kind of `type` (also by its alias); NULL: there is none. */
const struct store_kind *store_kind_find(const char *type);
/** The one that is taken when nobody says which. */
const struct store_kind *store_kind_usual(void);
/** Adds the names of all kinds, with `between` between them. */
void store_kind_names(struct strbuf *out, const char *between);

/** For `fit`: ERR_USAGE when `settings` has a key that is none of `keys`,
 *  which ends in NULL. */
int store_kind_only(const struct value *settings, const char *type,
		    const char *const *keys, struct strbuf *err);

/** Makes relative paths in `config` (of a key file, of an ssh_config, of a
 *  directory) begin in `root` of a project; they are from the working
 *  directory. root NULL: makes them absolute. STORE_NO_KEY is taken out. */
void store_kind_rebase(const struct store_kind *kind, struct value *config,
		       const char *root);

#endif
