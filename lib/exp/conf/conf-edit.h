/*
 * Changing resutil-conf.yaml as a text: comments, order and unknown keys stay.
 */
#ifndef LIB_EXP_CONF_CONF_EDIT_H
#define LIB_EXP_CONF_CONF_EDIT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/**
 * Sets `dotted_path` in the YAML `text` to a scalar or a map of scalars;
 * missing maps are made. NULL value: takes the key out.
 * Errors: ERR_CONTENT (the text is malformed, or a non-map is in the way).
 */
int conf_edit(struct strbuf *text, const char *dotted_path,
	      const struct value *value, struct strbuf *err);

#endif
