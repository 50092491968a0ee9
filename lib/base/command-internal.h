/*
 * What starting a program once (run-command.c) and again and again (launch.c)
 * have in common.
 */
#ifndef LIB_BASE_COMMAND_INTERNAL_H
#define LIB_BASE_COMMAND_INTERNAL_H

#include "lib/base/compat.h"

#include <spawn.h>

#include "lib/base/run-command.h"

/** Our environment with the changes that `child` asks for. */
void command_make_env(struct strvec *env, const struct child_process *child);

/** Signals as this program found them, and perhaps a session of its own. 0, or
 *  an errno. */
int command_set_attributes(posix_spawnattr_t *attr, bool new_session);

#endif
