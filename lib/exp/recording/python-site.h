/*
 * Where an interpreter looks for packages, and what is installed there.
 */
#ifndef LIB_EXP_RECORDING_PYTHON_SITE_H
#define LIB_EXP_RECORDING_PYTHON_SITE_H

#include "lib/base/compat.h"
#include "lib/base/strvec.h"
#include "lib/exp/recording/python-find.h"

/** The directories of packages that are there, each once, in the order of
 *  sys.path: PYTHONPATH, the environment's, the user's, the base's. */
void python_site_dirs(const struct python *py, struct strvec *dirs);

/**
 * What `pip freeze` would print: a line for each package of `dirs`, sorted by
 * name; of two with one name the first counts. `watch` gets what has to be the
 * same for the answer to be the same, besides `dirs`: .pth files, the
 * directories they name, and what is written over in these.
 * end_msec: of CLOCK_MONOTONIC; 0: none. Errors: ERR_CONTENT (more than 20,000
 * packages), ERR_TRANSIENT (not done by then).
 */
int python_site_list(const struct python *py, const struct strvec *dirs,
		     int64_t end_msec, struct strvec *lines,
		     struct strvec *watch, struct strbuf *err);

#endif
