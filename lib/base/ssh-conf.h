/*
 * What storage_config of a store of type `ssh` may say. Checked where it is
 * written (init, remote add, clone), and again where it is used: ssh takes
 * what begins with '-' for an option, and an option can run a program.
 * Source: resutilformat-conf(5), "Keys of storage_config".
 */
#ifndef LIB_BASE_SSH_CONF_H
#define LIB_BASE_SSH_CONF_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/** The keys, NULL-terminated: host, path, user, port, ssh_config. */
extern const char *const ssh_conf_keys[];

/** 0, or ERR_USAGE with the sentence: types and values of all those keys. Other
 *  keys are passed over, and none has to be there. */
int ssh_conf_check(const struct value *config, struct strbuf *err);

/** The same for the text of one of them. A host is a name as ssh knows it, or
 *  an address; a user may stand before it ("me@box"). No password. */
int ssh_check_host(const char *text, struct strbuf *err);
int ssh_check_user(const char *text, struct strbuf *err);
int ssh_check_port(const char *text, struct strbuf *err);
int ssh_check_path(const char *text, struct strbuf *err);

/** Spells them as a conf has them: "me@box" as user and host, "[::1]" as
 *  "::1", "~/x" as "x", a port as a number. ERR_USAGE: one of them cannot be,
 *  or two of them name a user. */
int ssh_conf_fit(struct value *config, struct strbuf *err);

/** Where such a store is. */
struct ssh_place {
	char *host;		/* an address without its brackets */
	char *user;		/* NULL: as ssh is configured */
	unsigned port;		/* 0: likewise */
	char *path;		/* relative: of the home directory there */
	char *config;		/* absolute path of an ssh_config(5); or NULL */
};

/** base_dir: where a relative ssh_config begins. ERR_USAGE: host or path is
 *  missing, or what ssh_conf_check() says. Nothing to release then. */
int ssh_place_read(struct ssh_place *out, const struct value *config,
		   const char *base_dir, struct strbuf *err);
void ssh_place_release(struct ssh_place *p);

/** The same for the text of ssh_config: absolute, "~/..." by HOME, or from
 *  base_dir. */
void ssh_config_path(struct strbuf *out, const char *base_dir,
		     const char *text);

#endif
