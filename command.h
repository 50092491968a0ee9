/*
 * What a command is, and the prototypes, made from the list.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "lib/base/compat.h"
#include "lib/exp/conf/project.h"

enum command_room { BUILTIN, PLUMBING };

enum command_setup {
	NO_PROJECT,	/* the_project stays NULL */
	WANT_PROJECT,	/* opened when there is one; a bad conf is an error */
	NEED_PROJECT	/* none: one line, exit 128 (run: 125) */
};

typedef int (*command_fn)(int argc, const char **argv);

struct command {
	const char *name;
	command_fn fn;		/* NULL: lives in another program */
	enum command_room room;
	enum command_setup setup;
	const char *summary;
	const char *program;	/* of libexec; NULL: resutil itself */
};

extern const struct command commands[];	/* ends with name NULL */

/**
 * The project, opened when parse_options() has read the command's options (so
 * -h works anywhere) and as the list's set-up says.
 */
extern struct project *the_project;

/** Finds a command by name; NULL. */
const struct command *find_command(const char *name);

#define COMMAND(name, fn, room, setup, summary) \
	int fn(int argc, const char **argv);
#define COMMAND_IN(program, name, fn, room, setup, summary) \
	int fn(int argc, const char **argv);
#include "command-list.h"
#undef COMMAND
#undef COMMAND_IN

#endif
