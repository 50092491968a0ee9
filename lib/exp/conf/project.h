/*
 * A project: the directory with resutil-conf.yaml.
 * Source: resutilformat-conf(5).
 */
#ifndef LIB_EXP_CONF_PROJECT_H
#define LIB_EXP_CONF_PROJECT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

#define CONF_FILE "resutil-conf.yaml"
#define CONF_MAX_BYTES (4u << 20)

struct project {
	char *root;		/* absolute, no link in it (realpath) */
	char *conf_path;	/* root/resutil-conf.yaml */
	char *name;		/* project_name */
	char *results_dir;	/* as people write it, without a slash at the
				 * end: "results", or absolute */
	char *results_path;	/* absolute */
	char *storage_type;	/* dir gcs gdrive s3 ssh; gs is given as gcs */
	struct value *conf;	/* the whole file */
};

#define PROJECT_INIT { 0 }

/**
 * Opens the project that holds `start` (NULL: the working directory), found
 * upwards. Touches nothing but the conf; results_dir need not exist.
 * Errors: ERR_NOT_FOUND (no conf here or above: says `resutil init`),
 * ERR_CONTENT (YAML with file, line and column; missing key, wrong type,
 * unknown storage_type, box with the way to move; a project_name or
 * results_dir that cannot be one).
 */
int project_open(struct project *p, const char *start, struct strbuf *err);
void project_release(struct project *p);

/** Makes results_dir when missing. ERR_FAILED: is a file, not writable. */
int project_need_results(const struct project *p, struct strbuf *err);

/** root/.resutil with its .gitignore of `*`, made when missing; adds the path
 *  of `sub` (NULL: itself; made too when it ends in '/') to `out`. */
int project_private(const struct project *p, const char *sub,
		    struct strbuf *out, struct strbuf *err);

/** Absolute path of one experiment's directory: the one door by which a name,
 *  which may have come from a store, becomes a path (`make check-layers`). The
 *  caller has looked at it with name_is_valid(); what is no single component
 *  is a BUG(). */
void project_exp_path(const struct project *p, const char *name,
		      struct strbuf *out);

/** $XDG_CACHE_HOME/resutil/<hash of project path>/ (made). ERR_FAILED when
 *  there is no such place: callers go on without. */
int project_cache(const struct project *p, struct strbuf *out,
		  struct strbuf *err);
/** The same, and nothing is made. */
int project_cache_path(const struct project *p, struct strbuf *out,
		       struct strbuf *err);

/** Paths (absolute) that code state must never capture: results, .resutil,
 *  stores inside the project, the key file. Appended to `out`. */
struct strvec;
void project_private_paths(const struct project *p, struct strvec *out);

/* What a conf may say, shared with `init`. */
bool conf_storage_type_is_known(const char *type);
/** 0, or ERR_USAGE/ERR_CONTENT with the reason. */
int conf_check_project_name(const char *name, struct strbuf *err);
int conf_check_storage_type(const char *type, struct strbuf *err);

#endif
