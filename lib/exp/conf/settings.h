/*
 * Settings by dotted key ("run.prompt"). Layers, last wins: built in, the
 * user's $XDG_CONFIG_HOME/resutil/config.yaml, the project's conf,
 * RESUTIL_CONFIG_COUNT/KEY_n/VALUE_n in the environment (how `-c` travels to
 * children). `alias.*` is never taken from the project.
 * Each key has its page in Documentation/config/.
 */
#ifndef LIB_EXP_CONF_SETTINGS_H
#define LIB_EXP_CONF_SETTINGS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/project.h"

/** Reads the layers; project NULL: none. May be called again.
 *  Errors: ERR_CONTENT (the user's file is malformed, or in any
 *  layer a known setting is of a wrong kind). */
int settings_load(const struct project *project, struct strbuf *err);

/* What is taken for no secret. Of a project it counts only where that is
 * trusted: a conf from anywhere must not send what is one. Ends with NULL. */
extern const char *const settings_exemptions[];
/** Who is asked by settings_load() whether a project is trusted; nobody is
 *  before that. */
void settings_trust_by(bool (*allows)(const struct project *p));
/** Whether the last settings_load() passed over exemptions of the project. */
bool settings_passed_over(void);

/** Whether each known setting in `map`, read from `path` (NULL: given with -c),
 *  is of its kind. ERR_CONTENT names path, key and what it must be. */
int settings_check(const struct value *map, const char *path,
		   struct strbuf *err);

/** yes, true, on, 1 or no, false, off, 0 and nothing; false: none of them. */
bool settings_parse_bool(const char *text, bool *out);

/** -c KEY=VALUE (KEY alone: true): put into the environment. ERR_USAGE. */
int settings_add_parameter(const char *assignment, struct strbuf *err);

/** Lent until the next settings_load(); NULL when not set. */
const struct value *settings_get(const char *key);
/** What one layer says, for who must know where it comes from. The last layer
 *  wins. */
enum settings_layer {
	SETTINGS_USER, SETTINGS_PROJECT, SETTINGS_PARAMETERS, SETTINGS_LAYER_NR
};
/** All that one layer says, a map; NULL: nothing. */
const struct value *settings_layer(enum settings_layer layer);
const struct value *settings_get_of(enum settings_layer layer, const char *key);
const char *settings_get_str(const char *key, const char *otherwise);
/** ERR_CONTENT names key and value when it is not of the kind. */
int settings_get_bool(const char *key, bool otherwise, bool *out,
		      struct strbuf *err);
int settings_get_size(const char *key, uint64_t otherwise, uint64_t *out,
		      struct strbuf *err);
/** A list, or a scalar as a list of one. */
void settings_get_list(const char *key, struct strvec *out);
/** The lists of all layers, one behind the other. */
void settings_get_lists(const char *key, struct strvec *out);

#endif
