/*
 * Which settings there are, and what may be said of each: for who sets them.
 * Whoever reads one asks settings.h.
 */
#ifndef LIB_EXP_CONF_SETTINGS_KEY_H
#define LIB_EXP_CONF_SETTINGS_KEY_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

/** 0, or ERR_USAGE: there is no such setting (with those that are nearly called
 *  so), it holds others, or it is part of what a project is. */
int settings_check_key(const char *key, struct strbuf *err);

/** Whether it is one, or holds others that are. */
bool settings_is_known(const char *key);

/** Never taken from a project's conf: `alias.*`, `core.pager` and the like. */
bool settings_is_users_only(const char *key);

/** Whether it says what the project is (`results_dir`, `remotes.x`). */
bool settings_is_of_project(const char *key);

/** The keys, sections left out; a family as "alias.". */
void settings_list_keys(struct strvec *out);

/**
 * Adds a sentence for each key of a file of settings that is none, and nearly
 * one that there is; a few of them. Others may be a later version's, or
 * somebody else's.
 */
void settings_find_slips(const struct value *map, struct strvec *out);

/**
 * What `words` (at least one) say of a key that settings_check_key() let pass:
 * a bool, a number, a text, or a list. ERR_USAGE: it is none such, with what it
 * must be; an alias that is a command, or leads back to itself by what
 * settings_get() has.
 */
int settings_value_of(struct value **out, const char *key,
		      const struct strvec *words, struct strbuf *err);

#endif
