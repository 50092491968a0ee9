/*
 * RESUTIL_TRACE=1|2|<fd>|/absolute/file: what is run, and when. One line each,
 * written at once: time, file:line, text. Secrets are taken out of both, as
 * lib/base/redact.h finds them. RESUTIL_TRACE_HTTP: the same for requests.
 */
#ifndef LIB_BASE_TRACE_H
#define LIB_BASE_TRACE_H

#include "lib/base/compat.h"

enum trace_channel { TRACE_RUN, TRACE_HTTP, TRACE_CHANNELS };

bool trace_wanted_in(enum trace_channel channel);
void trace_printf_in(enum trace_channel channel, const char *file, int line,
		     const char *fmt, ...) PRINTF_LIKE(4, 5);
#define trace_http(...)                                                       \
	do {                                                                  \
		if (trace_wanted_in(TRACE_HTTP))                              \
			trace_printf_in(TRACE_HTTP, __FILE__, __LINE__,       \
					__VA_ARGS__);                         \
	} while (0)

bool trace_wanted(void);
void trace_printf_at(const char *file, int line, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void trace_argv_at(const char *file, int line, const char *what,
		   const char *const *argv);
#define trace_printf(...)                                                     \
	do {                                                                  \
		if (trace_wanted())                                           \
			trace_printf_at(__FILE__, __LINE__, __VA_ARGS__);     \
	} while (0)
#define trace_argv(what, argv)                                                \
	do {                                                                  \
		if (trace_wanted())                                           \
			trace_argv_at(__FILE__, __LINE__, what, argv);        \
	} while (0)

#endif
