/*
 * Messages in the language of who reads them: catalogs of gettext, made from
 * po/LANGUAGE.po. compat.h has `_()` and translation_of() itself.
 */
#ifndef LIB_BASE_TRANSLATE_H
#define LIB_BASE_TRANSLATE_H

#include "lib/base/compat.h"

/**
 * Before the first message. Does nothing, and costs nothing, unless LC_ALL,
 * LC_MESSAGES or LANG (the first that is set) names a locale of this machine
 * other than "C", and there is a catalog directory: `locale` beside the
 * program, or share/locale of where it is installed. Only messages follow the
 * locale: numbers and times are written the same everywhere.
 */
void translate_start(void);

#endif
