/*
 * Processes by what stood in their environment when their program began.
 */
#ifndef LIB_BASE_PROC_ENV_H
#define LIB_BASE_PROC_ENV_H

#include "lib/base/compat.h"

/** A living process that was started with `assignment` ("NAME=VALUE") in its
 *  environment, as far as /proc shows it to us; 0: none. This one, and who
 *  started it, do not count. */
pid_t proc_env_find(const char *assignment);

#endif
