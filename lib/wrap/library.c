#include "lib/base/compat.h"
#include "lib/wrap/library.h"

#ifndef RESUTIL_STATIC
#include <dlfcn.h>
#endif

#include "lib/base/alloc.h"

#ifdef RESUTIL_STATIC

/* The loader of a static program wants the very C library that it was linked
 * with: what is not in it, is not there. */
char *library_open(const char *file UNUSED,
		   const struct library_symbol *symbols, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!symbols[i].linked)
			return xstrdup("this resutil is linked statically, and "
				       "opens no library");
		memcpy(symbols[i].slot, &symbols[i].linked,
		       sizeof(symbols[i].linked));
	}
	return NULL;
}

#else

/*
 * ISO C has no cast from an object pointer to a function; POSIX says that
 * dlsym() gives one that can be stored as its bytes.
 */
static bool find_symbols(void *library, const struct library_symbol *symbols,
			 size_t nr)
{
	void *address;
	size_t i;

	for (i = 0; i < nr; i++) {
		address = dlsym(library, symbols[i].name);
		if (!address)
			return false;
		memcpy(symbols[i].slot, &address, sizeof(address));
	}
	return true;
}

char *library_open(const char *file, const struct library_symbol *symbols,
		   size_t nr)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	const char *why;

	if (library && find_symbols(library, symbols, nr))
		return NULL;
	/* This text does not outlive the thread's next call. */
	why = dlerror();
	return xstrdup(why ? why : "unknown reason");
}

#endif
