/*
 * The providers `container`, `slurm`, `kubernetes` and `env`: what the
 * environment and a few small files tell of where a run takes place. NULL:
 * none of that is there.
 *
 * RESUTIL_TEST_META_ROOT=DIR (tests): the files are looked for below DIR.
 */
#ifndef LIB_EXP_RECORDING_META_WHERE_H
#define LIB_EXP_RECORDING_META_WHERE_H

#include "lib/base/compat.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

struct value *meta_container(void);
struct value *meta_slurm(void);
struct value *meta_kubernetes(void);

/** Variables by names and patterns (`OMP_*`), sorted by name; nr 0: those that
 *  say how libraries behave, and hold no secrets. */
struct value *meta_env(const struct strvec *patterns);

#endif
