/*
 * Which files of a code state a command runs, as far as their text tells: those
 * that it names, what these import, and what they name in turn. Nothing is
 * started.
 * Source: resutil-diff(1), "WHICH CODE RUNS".
 */
#ifndef LIB_EXP_GIT_CODE_REACH_H
#define LIB_EXP_GIT_CODE_REACH_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

#define CODE_REACH_MAX_FILES 5000u
#define CODE_REACH_MAX_FILE (1u << 20)	/* longer ones are no code */
#define CODE_REACH_MAX_BYTES (64u << 20)

struct code_reach;

/** paths: of all files, from the top of the repository, sorted; lent for as
 *  long as the reach lives. */
struct code_reach *code_reach_new(const struct strvec *paths);
void code_reach_free(struct code_reach *r);	/* NULL is fine */

/** Words whose use is of interest (names of variables), before the walk. */
void code_reach_look_for(struct code_reach *r, const char *word);

/** The words of the command, run in `cwd`: a directory from the top of the
 *  repository, "" or with a slash at its end. */
void code_reach_command(struct code_reach *r, const char *const *words,
			const char *cwd);
/** A function, `module.name`. */
void code_reach_function(struct code_reach *r, const char *function,
			 const char *cwd);

/**
 * The files that are to be read next, sorted; none: the walk is over. Each is
 * given to code_reach_text() then, or to nobody, when it cannot be read.
 */
void code_reach_next(struct code_reach *r, struct strvec *paths);
void code_reach_text(struct code_reach *r, const char *path, const char *text,
		     size_t len);

/** Why it is known to run: "named by the command", "imported by train.py";
 *  NULL: it is not known to. */
const char *code_reach_why(const struct code_reach *r, const char *path);
/** Who imports a module of no file here, by its first component; NULL: none. */
const char *code_reach_module(const struct code_reach *r, const char *module);
/** Who uses a word that was looked for; NULL: nobody. */
const char *code_reach_word(const struct code_reach *r, const char *word);
/** Whether any file was found to run at all. */
bool code_reach_is_known(const struct code_reach *r);

#endif
