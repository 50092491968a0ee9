/*
 * Libraries that are opened when they are first needed, for the doors that do
 * so. They stay open.
 */
#ifndef LIB_WRAP_LIBRARY_H
#define LIB_WRAP_LIBRARY_H

#include "lib/base/compat.h"

struct library_symbol {
	const char *name;
	void *slot;		/* of a pointer to that function */
	void (*linked)(void);	/* in a static program, which opens none */
};

#ifdef RESUTIL_STATIC
#define LIBRARY_SYMBOL(name, slot) { #name, slot, (void (*)(void))name }
#else
#define LIBRARY_SYMBOL(name, slot) { #name, slot, NULL }
#endif

/** Fills the slots. NULL: all are there. Else why not, which the caller frees;
 *  then none may be used. */
char *library_open(const char *file, const struct library_symbol *symbols,
		   size_t nr);

#endif
