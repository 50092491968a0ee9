/*
 * Names of signals, and waiting for them without races.
 */
#ifndef LIB_BASE_SIGNALS_H
#define LIB_BASE_SIGNALS_H

#include "lib/base/compat.h"

/** "SIGINT"; "SIG34" for what has no name here. Static text. */
const char *signal_name(int signo);

/** Dies of `signo` itself with the default action, so that the parent sees
 *  it; never returns (exits 128+signo if the signal does not kill). */
void signal_die_of(int signo) NORETURN;

#endif
