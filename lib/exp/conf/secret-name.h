/*
 * Which files are known by their names alone to hold secrets.
 */
#ifndef LIB_EXP_CONF_SECRET_NAME_H
#define LIB_EXP_CONF_SECRET_NAME_H

#include "lib/base/compat.h"

/** `name` is the last component of a path: `.env`, `id_rsa`, `x.p12` ... Quick
 *  for names that are none. */
bool secret_name(const char *name, size_t len);

#endif
