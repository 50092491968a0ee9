/*
 * Whether the store that `init` was told of is there and lets us in, before a
 * conf names it.
 */
#ifndef BUILTIN_INIT_TEST_H
#define BUILTIN_INIT_TEST_H

#include "lib/base/compat.h"
#include "builtin/init-make.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/**
 * Has an object listed, put, read and removed by `test-store`, as the project
 * will do it, and tells what it is connected with.
 *
 * dir: of the command line, or NULL.
 * Returns 0; the status of the child, which has said why, after how to go on
 * was said, too; or a negative code.
 */
int init_test(const struct init_plan *plan, const char *dir,
	      struct strbuf *err);

#endif
