/*
 * The provider `gpu`: what nvidia-smi says, where there is one.
 */
#ifndef LIB_EXP_RECORDING_META_GPU_H
#define LIB_EXP_RECORDING_META_GPU_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

#define META_GPU_TIMEOUT 10000	/* milliseconds: loading a driver takes some */

/** The words to run; false: no such program in PATH. */
bool meta_gpu_command(struct strvec *argv);

/** driver, devices (a list of index, name, uuid, memory in bytes); NULL:
 *  nothing of that kind. */
struct value *meta_gpu_parse(const struct strbuf *out);

#endif
