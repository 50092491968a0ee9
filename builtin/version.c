#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"
#include "lib/wrap/libraries.h"
#include "lib/wrap/zstream.h"

static const char *const version_usage[] = {
	"version [--build-options] [--json]",
	NULL
};

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "unknown"
#endif

/* gcc says so in macros; clang answers __has_feature() instead */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZER "address"
#elif defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SANITIZER "thread"
#else
#define SANITIZER "none"
#endif

#ifdef RESUTIL_STATIC
#define STATIC true
#else
#define STATIC false
#endif

#ifdef RESUTIL_FAULT_POINTS
#define FAULT_POINTS true
#else
#define FAULT_POINTS false
#endif

/* The programs under libexec/: commands whose libraries cost start-up time. */
static struct value *find_parts(void)
{
	struct value *parts = value_new_map();
	struct strbuf path = STRBUF_INIT;
	const struct command *c;

	for (c = commands; c->name; c++) {
		if (!c->program || value_map_get(parts, c->program))
			continue;
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", resutil_libexec(), c->program);
		value_map_set_str(parts, c->program,
				  access(path.buf, X_OK) ? "missing" : "there");
	}
	strbuf_release(&path);
	return parts;
}

static struct value *build_options(void)
{
	struct value *options = value_new_map();
	struct value *libraries = value_new_map();

	libraries_list(libraries);
	value_map_set_str(options, "compiler", COMPILER);
	value_map_set_str(options, "sanitizer", SANITIZER);
	value_map_set(options, "fault_points", value_new_bool(FAULT_POINTS));
	value_map_set(options, "static", value_new_bool(STATIC));
	value_map_set_int(options, "pointer_bits", 8 * sizeof(void *));
	value_map_set_str(options, "prefix", RESUTIL_PREFIX);
	value_map_set_str(options, "libexec", resutil_libexec());
	value_map_set_str(options, "deflate", ZSTREAM_ENGINES);
	value_map_set(options, "libraries", libraries);
	value_map_set(options, "programs", find_parts());
	return options;
}

/* "key: value" lines; what is in a map stands by itself. */
static void print_lines(const struct value *map)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < map->u.map.nr; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];

		if (pair->value->type == VALUE_MAP) {
			print_lines(pair->value);
			continue;
		}
		strbuf_reset(&text);
		value_format(&text, pair->value);
		out_printf("%s: %s\n", pair->key, text.buf);
	}
	strbuf_release(&text);
}

int cmd_version(int argc, const char **argv)
{
	int with_options = 0, json = 0;
	const struct option options[] = {
		OPT_BOOL(0, "build-options", &with_options,
			 "print also how it was built, and with what"),
		OPT_BOOL(0, "json", &json, "print one JSON object"),
		OPT_END_OF_TABLE
	};
	struct value *more = NULL;

	argc = parse_options(argc, argv, options, version_usage, 0);
	if (argc)
		usage_with_options(version_usage, options,
				   "unexpected argument '%s'", argv[0]);

	if (with_options)
		more = build_options();
	if (json) {
		struct value *all = value_new_map();
		struct strbuf line = STRBUF_INIT;

		value_map_set_str(all, "version", RESUTIL_VERSION);
		if (more)
			value_map_set(all, "build_options", value_copy(more));
		json_write(&line, all);
		out_printf("%s\n", line.buf);
		strbuf_release(&line);
		value_free(all);
	} else {
		out_printf("resutil version %s\n", RESUTIL_VERSION);
		if (more)
			print_lines(more);
	}
	value_free(more);
	return 0;
}
