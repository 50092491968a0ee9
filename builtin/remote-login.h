/*
 * `resutil remote login` and `logout`: who a person is for a store at Google,
 * on this machine. Told with login-store.
 */
#ifndef BUILTIN_REMOTE_LOGIN_H
#define BUILTIN_REMOTE_LOGIN_H

#include "lib/base/compat.h"

struct remote_login {
	const char *client;	/* --client, or NULL */
	int port;		/* 0: any */
	int timeout;		/* -1: not said */
	int no_browser, dry_run;
};

#define REMOTE_LOGIN_INIT { .timeout = -1 }

/** For the remote `name`. The exit status; what is wrong was said. */
int remote_log_in(const struct remote_login *l, const char *name);
int remote_log_out(const struct remote_login *l, const char *name);

#endif
