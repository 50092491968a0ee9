/*
 * Commands as a conf has them: `meta:` and `hooks:`.
 * Source: resutilformat-conf(5), "META" and "HOOKS".
 */
#ifndef LIB_EXP_CONF_CONF_COMMAND_H
#define LIB_EXP_CONF_CONF_COMMAND_H

#include "lib/base/compat.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

/** Adds the words of a list, or of a text, which is split as a shell would,
 *  without one. False: it is no command. */
bool conf_command_words(const struct value *value, struct strvec *out);

/** Whether it is `yes`, `no` or the like, also as a text (-c meta.gpu=no). */
bool conf_command_switch(const struct value *value, bool *on);

#endif
