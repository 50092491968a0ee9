/*
 * Dependencies: which experiments a command line reads, and what those need.
 */
#ifndef LIB_EXP_RECORD_DEPS_H
#define LIB_EXP_RECORD_DEPS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

struct dep_input {
	char *name;	/* the experiment */
	char *path;	/* below it; "" for the directory itself */
	char *argument;	/* as it was written */
};

struct dep_scan {
	struct strvec names;	/* each once, in the order of argv */
	struct dep_input *input;
	size_t nr, alloc;
};

#define DEP_SCAN_INIT { .names = STRVEC_INIT }

/**
 * Finds paths inside results_dir among the words (from `cwd`, absolute):
 * `results/X/file`, `--in=results/X`, `key=results/X`, also through links and
 * "..". Existence is not asked, but for relative paths when `cwd` is itself in
 * an experiment, where every word would be one. argv[0] counts too. `own`
 * (NULL: none) is a name that is never a dependency. `scan` is empty before.
 */
void deps_scan(struct dep_scan *scan, const struct project *p, const char *cwd,
	       const char *const *argv, const char *own);
void dep_scan_release(struct dep_scan *scan);

/** The `inputs` list of a record: experiment, path, size (of regular files;
 *  left out when missing), sha256 when `hash`. */
int deps_inputs(struct value **out, const struct project *p,
		const struct dep_scan *scan, bool hash, struct strbuf *err);

/** The experiment that `-d EXP` names: as exp_find(), but ERR_USAGE for
 *  NAME_DEBUG, which the next debug run changes. */
int deps_find(struct strbuf *name, const struct project *p, const char *exp,
	      struct strbuf *err);
/** Notes in `record` that it needs `name`, with the id of that as far as its
 *  record can be read. */
void deps_note(struct value *record, const struct project *p,
	       const char *name);

/** The dependencies of one experiment here, resolved where they can be; names
 *  that are not here stay as recorded. */
int deps_read(struct strvec *out, const struct project *p, const char *name,
	      struct strbuf *err);

/**
 * The given names and all they need, each once, dependencies first; cycles
 * survive. `missing` gets those that are not here.
 */
int deps_closure(struct strvec *out, struct strvec *missing,
		 const struct project *p, const struct strvec *names,
		 struct strbuf *err);

/**
 * Experiments here, none of `names` itself, whose records name one of `names`
 * (sorted) as a dependency: their names into `out`, what they need at the same
 * place in `needed`. For warnings: what cannot be read is passed over.
 */
int deps_find_dependants(struct strvec *out, struct strvec *needed,
			 const struct project *p, const struct strvec *names,
			 struct strbuf *err);

#endif
