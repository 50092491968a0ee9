/*
 * The Python that a command uses: which interpreter, of which environment,
 * with which packages. Python itself is never started: all of it is read from
 * file names and small files.
 *
 *	python-command.c  a command's interpreter
 *	python-find.c	its version and environment
 *	python-site.c	the directories that it has packages in
 *	python-dist.c	what one package says of itself
 *	python-freeze.c	all packages, remembered between runs
 */
#ifndef LIB_EXP_RECORDING_PYTHON_FIND_H
#define LIB_EXP_RECORDING_PYTHON_FIND_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

struct python {
	struct strbuf path;	/* as it is started, absolute */
	struct strbuf real;	/* the same with links followed */
	struct strbuf prefix;	/* of the environment; else of the base */
	struct strbuf base;	/* of the installation */
	struct strbuf series;	/* "3.11"; "": not known */
	struct strbuf version;	/* "3.11.2"; "": not known yet */
	bool is_pypy;
	bool is_venv;
	bool system_site;	/* venv: the base's packages as well */
	bool no_env;		/* -E or -I: PYTHON* variables do not count */
	bool no_user;		/* -s or -I: no packages of the user */
	bool no_site;		/* -S: nothing but the standard library */
};

#define PYTHON_INIT {							\
	STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT,		\
	STRBUF_INIT, STRBUF_INIT, false, false, false, false, false, false \
}
void python_release(struct python *py);

/**
 * The interpreter of a command: python itself, the `#!` line of a script, a
 * shim of pyenv, or behind a launcher (env, nohup, srun, mpirun ...). For other
 * scripts, shells and tools that start a Python (make, uv, poetry ...) it is
 * that of the active environment (VIRTUAL_ENV, CONDA_PREFIX), if there is one.
 * program: what argv[0] was found as (NULL: looked for in PATH). argv NULL:
 * what `python3` or `python` would be. False: it is no Python, or cannot be
 * told.
 */
bool python_find(struct python *py, const char *const *argv,
		 const char *program);

/** The one at `path`; flags: of its command line ("IsES"). */
bool python_look_at(struct python *py, const char *path, const char *flags);
/** Those flags again. */
void python_flags(const struct python *py, struct strbuf *out);

/** True for "python3", "python3.11", "pypy3" and the like. */
bool python_is_name(const char *base);

/** Finds the whole version in the program itself, which is read from end to
 *  end: some milliseconds. */
bool python_read_version(struct python *py);

/** The record's `python`: version, implementation, path, venv, conda. */
struct value *python_value(const struct python *py);

#endif
