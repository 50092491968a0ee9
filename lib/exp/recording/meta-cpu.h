/*
 * The `cpu` provider.
 */
#ifndef LIB_EXP_RECORDING_META_CPU_H
#define LIB_EXP_RECORDING_META_CPU_H

#include "lib/base/compat.h"
#include "lib/base/value.h"

/** A map: model, logical, physical, memory; what is not known is left out. */
struct value *meta_cpu(void);

/** The same from the beginning of a /proc/cpuinfo; `logical` 0: not known.
 *  Does not add memory. */
struct value *meta_cpu_parse(const char *text, int64_t logical);

#endif
