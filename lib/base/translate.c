#include "lib/base/compat.h"
#include "lib/base/translate.h"

#include "lib/base/path.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"

#include <libintl.h>
#include <locale.h>

#define DOMAIN "resutil"

static bool is_on;

/* setlocale() reads files of the system: not for the many calls of scripts in
 * the C locale. */
static bool is_wanted(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	const char *language = getenv("LANGUAGE"), *text = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names) && (!text || !*text); i++)
		text = getenv(names[i]);
	if (!text || !*text || !strcmp(text, "C") || !strcmp(text, "POSIX"))
		return false;
	/* No language of its own; LANGUAGE may give it one. */
	return strncmp(text, "C.", 2) || (language && *language);
}

/* The build tree, the prefix around this program, the one that it was built
 * for. */
static bool find_catalogs(struct strbuf *dir)
{
	static const char *const places[] = { "locale", "../share/locale" };
	const char *program = resutil_program();
	const char *slash = strrchr(program, '/');
	size_t i;

	for (i = 0; slash && i < ARRAY_SIZE(places); i++) {
		strbuf_reset(dir);
		strbuf_add(dir, program, (size_t)(slash + 1 - program));
		strbuf_addstr(dir, places[i]);
		if (path_is_dir(dir->buf))
			return true;
	}
	strbuf_reset(dir);
	strbuf_addstr(dir, RESUTIL_PREFIX "/share/locale");
	return path_is_dir(dir->buf);
}

void translate_start(void)
{
	struct strbuf dir = STRBUF_INIT;

	if (is_wanted() && setlocale(LC_MESSAGES, "") && find_catalogs(&dir) &&
	    bindtextdomain(DOMAIN, dir.buf) &&
	    bind_textdomain_codeset(DOMAIN, "UTF-8")) {
		/* strerror() speaks as we do, and not in question marks */
		bind_textdomain_codeset("libc", "UTF-8");
		is_on = true;
	}
	strbuf_release(&dir);
}

/* The translation of "" is the head of the catalog. */
const char *translation_of(const char *text)
{
	return is_on && *text ? dgettext(DOMAIN, text) : text;
}

const char *translation_of_nr(const char *one, const char *many, uint64_t nr)
{
	if (is_on)
		/* some languages tell 21 from 25, but none by more digits */
		return dngettext(DOMAIN, one, many,
				 (unsigned long)(nr < 1000000 ? nr :
						 1000000 + nr % 1000000));
	return nr == 1 ? one : many;
}
