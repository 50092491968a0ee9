#include "lib/base/compat.h"
#include "lib/wrap/libraries.h"
#include "lib/base/alloc.h"
#include "lib/base/value.h"

#ifndef RESUTIL_STATIC
#include <dlfcn.h>
#endif

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#ifdef RESUTIL_STATIC

/* As their headers declare them. */
const char *yaml_get_version_string(void);
const char *jansson_version_str(void);
const char *OpenSSL_version(int what);

static void list_all(struct value *map)
{
	value_map_set_str(map, "libyaml", yaml_get_version_string());
	value_map_set_str(map, "jansson", jansson_version_str());
	value_map_set_str(map, "libcrypto", OpenSSL_version(6));
	value_map_set_str(map, "libcurl", "missing");
	value_map_set_str(map, "libexpat", "missing");
}

#else

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

/*
 * One that is opened when it is needed, by the name that its door opens. It
 * stays open: some that libcurl brings along do not like to go.
 */
static void *open_library(struct value *map, const char *name,
			  const char *file, const char *function,
			  union symbol *symbol)
{
	void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);

	symbol->object = library ? dlsym(library, function) : NULL;
	if (!symbol->object)
		value_map_set_str(map, name, "missing");
	return symbol->object;
}

/* "7.88.1" out of "libcurl/7.88.1 OpenSSL/3.0.1", "2.5.0" of "expat_2.5.0". */
static void set_number(struct value *map, const char *name, const char *text)
{
	const char *at = text + strcspn(text, "0123456789");
	char *number = xmemdupz(at, strcspn(at, " "));

	value_map_set_str(map, name, number);
	free(number);
}

static void list_opened(struct value *map)
{
	union symbol symbol;

	/* 6: OPENSSL_VERSION_STRING, OpenSSL_version(3) */
	if (open_library(map, "libcrypto", "libcrypto.so.3",
			 "OpenSSL_version", &symbol))
		value_map_set_str(map, "libcrypto", symbol.text_of(6));
	if (open_library(map, "libcurl", "libcurl.so.4", "curl_version",
			 &symbol))
		set_number(map, "libcurl", symbol.text());
	if (open_library(map, "libexpat", "libexpat.so.1", "XML_ExpatVersion",
			 &symbol))
		set_number(map, "libexpat", symbol.text());
}

static void list_all(struct value *map)
{
	const char *version;

	version = ask("yaml_get_version_string");
	if (version)
		value_map_set_str(map, "libyaml", version);
	version = ask("jansson_version_str");
	if (version)
		value_map_set_str(map, "jansson", version);
	list_opened(map);
}

#endif

void libraries_list(struct value *map)
{
#ifdef __GLIBC__
	value_map_set_str(map, "glibc", gnu_get_libc_version());
#endif
	list_all(map);
}
