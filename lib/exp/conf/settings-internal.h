/*
 * Of which kind a setting is; for settings-*.c alone.
 */
#ifndef LIB_EXP_CONF_SETTINGS_INTERNAL_H
#define LIB_EXP_CONF_SETTINGS_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strvec.h"

enum settings_kind {
	SETTINGS_KIND_MAP, SETTINGS_KIND_BOOL, SETTINGS_KIND_SIZE,
	SETTINGS_KIND_SCALAR, SETTINGS_KIND_LIST
};

/** False: it is not known by its whole name. */
bool settings_kind_of(const char *key, enum settings_kind *kind);
/** All that are known so and are no maps. */
void settings_list_kinds(struct strvec *out);

#endif
