/*
 * Parameters among the words of a command line.
 * Source: resutilformat-exp(5), "PARAMS".
 */
#include "lib/base/compat.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"
#include "lib/exp/record/record.h"

#define PARAMS_MAX 4096
#define PARAM_MAX_BYTES 65536

/* A key that comes again makes a list. Values from words are no lists, so a
 * list in the map is one that was made here. */
static void add_param(struct value *params, const char *key, size_t len,
		      struct value *item)
{
	struct strbuf name = STRBUF_INIT;
	struct value *old, *list;

	strbuf_add(&name, key, len);
	old = value_map_get(params, name.buf);
	if (!old) {
		value_map_set(params, name.buf, item);
	} else if (old->type == VALUE_LIST) {
		value_list_add(old, item);
	} else {
		list = value_new_list();
		value_list_add(list, value_copy(old));
		value_list_add(list, item);
		value_map_set(params, name.buf, list);
	}
	strbuf_release(&name);
}

/* `key` of key=value, strict: most words with '=' in them are paths,
 * addresses and program texts. */
static bool is_word_key(const char *key, size_t len)
{
	size_t i;

	if (!len || !(isalpha((unsigned char)*key) || *key == '_'))
		return false;
	for (i = 1; i < len; i++)
		if (!isalnum((unsigned char)key[i]) && !strchr("_.-", key[i]))
			return false;
	return true;
}

/* `key` of --key: the dashes have said already that it is one. */
static bool is_option_key(const char *key, size_t len)
{
	const char *text = key;
	size_t left = len;

	if (!len || *key == '-')
		return false;
	while (left) {
		int32_t c = utf8_next(&text, &left);

		if (c <= 0x20 || (c >= 0x7f && c <= 0xa0))
			return false;
	}
	return true;
}

static bool is_number(const char *word)
{
	struct value *value = value_from_parameter(word, strlen(word));
	bool yes = value->type == VALUE_INT || value->type == VALUE_FLOAT;

	value_free(value);
	return yes;
}

/* Whether `word` (NULL: there is none) belongs to the option before it. */
static bool is_value_of_option(const char *word)
{
	return word && (*word != '-' || !word[1] || is_number(word));
}

/* sh -c TEXT, python3 -c TEXT, perl -e TEXT: `x=1` in it is no parameter. */
static bool is_before_program(const char *word)
{
	return !strcmp(word, "-c") || !strcmp(word, "-e");
}

struct value *record_params(const char *const *argv)
{
	struct value *params = value_new_map();
	size_t i, nr = 0;

	for (i = 1; argv[0] && argv[i] && nr < PARAMS_MAX; i++) {
		const char *word = argv[i], *key = word, *value;
		bool option = word[0] == '-' && word[1] == '-';
		size_t len;

		if (!strcmp(word, "--"))
			break;
		if (is_before_program(word) && argv[i + 1]) {
			i++;
			continue;
		}
		if (option)
			key += 2;
		len = strcspn(key, "=");
		value = key[len] ? key + len + 1 : NULL;
		if (option ? !is_option_key(key, len) :
			     !value || !is_word_key(key, len))
			continue;
		if (!value && is_value_of_option(argv[i + 1]))
			value = argv[++i];
		if (len + (value ? strlen(value) : 0) > PARAM_MAX_BYTES)
			continue;
		add_param(params, key, len,
			  value ? value_from_parameter(value, strlen(value)) :
				  value_new_bool(true));
		nr++;
	}
	return params;
}
