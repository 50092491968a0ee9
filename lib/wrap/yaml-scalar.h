/*
 * What an unquoted YAML scalar means. Sources: the resolver of PyYAML (YAML
 * 1.1), YAML 1.2 section 10.3 (core schema).
 */
#ifndef LIB_WRAP_YAML_SCALAR_H
#define LIB_WRAP_YAML_SCALAR_H

#include "lib/base/compat.h"
#include "lib/base/value.h"

#define YAML_TAG "tag:yaml.org,2002:"

/**
 * The value of a plain scalar as PyYAML reads it: null, bool, int or float,
 * else text (also timestamps, `=` and `<<`). An integer beyond int64_t is its
 * text with the tag of integers, so that nothing is lost.
 */
struct value *yaml_plain_value(const char *text, size_t len);

/** The same, of UTF-8, in `out`; a text is `text` itself, also to its end, and
 *  a tag lasts for ever: nothing of it is freed. */
void yaml_plain_lent(struct value *out, const char *text, size_t len);

/** Whether that value is text: no number, boolean or null. */
bool yaml_plain_is_text(const char *text, size_t len);

/**
 * The value that an explicit tag (!!int, !!float, !!bool, !!null) makes of a
 * text; NULL when it is no such thing.
 */
struct value *yaml_typed_value(enum value_type type, const char *text,
			       size_t len);

/** Whether a plain scalar is a timestamp to YAML 1.1: a date, or a date and a
 *  time with or without an offset. Source: the resolver of PyYAML. */
bool yaml_is_timestamp(const char *text, size_t len);

/** Written without quotes in block style, every reader takes it for this very
 *  text: PyYAML, YAML 1.2 core, and those that know y/n, 1,000 or :symbol. */
bool yaml_plain_is_safe(const char *text, size_t len);

/** A code point that stands in YAML as it is: printable, no line break of
 *  YAML 1.1, nothing that turns the direction of the text around. */
bool yaml_is_printable(int32_t code_point);

#endif
