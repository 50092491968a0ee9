#include "lib/base/compat.h"
#include "lib/wrap/libraries.h"
#include "lib/base/value.h"

#include <dlfcn.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

typedef const char *(*text_fn)(void);
typedef const char *(*text_of_fn)(int what);

/* ISO C has no cast from an object pointer to a function pointer. */
union symbol {
	void *object;
	text_fn text;
	text_of_fn text_of;
};

static const char *ask(const char *function)
{
	union symbol symbol;

	symbol.object = dlsym(RTLD_DEFAULT, function);
	return symbol.object ? symbol.text() : NULL;
}

static void list_crypto(struct value *map)
{
	/* the name that digest.c opens, see its header */
	void *library = dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_LOCAL);
	union symbol symbol = { NULL };

	if (library)
		symbol.object = dlsym(library, "OpenSSL_version");
	/* 6: OPENSSL_VERSION_STRING, OpenSSL_version(3) */
	value_map_set_str(map, "libcrypto",
			  symbol.object ? symbol.text_of(6) : "missing");
	if (library)
		dlclose(library);
}

void libraries_list(struct value *map)
{
	const char *version;

#ifdef __GLIBC__
	value_map_set_str(map, "glibc", gnu_get_libc_version());
#endif
	version = ask("yaml_get_version_string");
	if (version)
		value_map_set_str(map, "libyaml", version);
	version = ask("jansson_version_str");
	if (version)
		value_map_set_str(map, "jansson", version);
	list_crypto(map);
}
