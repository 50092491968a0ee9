#include "lib/base/compat.h"
#include "lib/base/parse-options.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/option-usage.h"
#include "lib/base/similar.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

struct parse {
	const struct option *options;
	const char *const *usage;
	const char **in;	/* what is still to be read */
	const char **out;	/* where words that stay are put */
};

static void (*after_parsing)(void);

void parse_options_then(void (*done)(void))
{
	after_parsing = done;
}

void usage_with_options(const char *const *usage, const struct option *options,
			const char *reason_fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	if (reason_fmt) {
		va_start(ap, reason_fmt);
		strbuf_vaddf(&text, translation_of(reason_fmt), ap);
		va_end(ap);
		error("%s", text.buf);
		strbuf_reset(&text);
	}
	option_usage(&text, usage, options);
	fputs(text.buf, stderr);
	strbuf_release(&text);
	exit(EXIT_USAGE);
}

static void NORETURN print_and_exit(struct parse *p,
		void (*print)(struct strbuf *, const char *const *,
			      const struct option *))
{
	struct strbuf text = STRBUF_INIT;

	print(&text, p->usage, p->options);
	fputs(text.buf, stdout);
	strbuf_release(&text);
	exit(0);
}

/* How the user wrote it: -x, --name or --no-name. */
static void add_spelling(struct strbuf *out, const struct option *opt,
			 bool by_letter, bool unset)
{
	if (by_letter)
		strbuf_addf(out, "-%c", opt->letter);
	else if (!unset)
		strbuf_addf(out, "--%s", opt->name);
	else if (!strncmp(opt->name, "no-", 3))
		strbuf_addf(out, "--%s", opt->name + 3);
	else
		strbuf_addf(out, "--no-%s", opt->name);
}

static int set_int(const struct option *opt, const char *arg,
		   struct strbuf *err)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(arg, &end, 10);
	if (end == arg || *end || errno || number < INT_MIN ||
	    number > INT_MAX || isspace((unsigned char)*arg))
		return fail(err, ERR_USAGE, "'%s' is not a whole number", arg);
	if (number < 0 && (opt->flags & OPT_NATURAL))
		return fail(err, ERR_USAGE, "'%s' is not a number from 0 on",
			    arg);
	*(int *)opt->value = number;
	return 0;
}

static int set_size(const struct option *opt, const char *arg,
		    struct strbuf *err)
{
	if (!size_parse(opt->value, arg))
		return fail(err, ERR_USAGE,
			    "'%s' is not a size (such as 4096, 10M, 1.5G)",
			    arg);
	return 0;
}

static int undo_value(const struct option *opt)
{
	switch (opt->type) {
	case OPTION_BOOL:
	case OPTION_COUNT:
	case OPTION_INT:
		*(int *)opt->value = 0;
		break;
	case OPTION_STRING:
		*(const char **)opt->value = NULL;
		break;
	case OPTION_SIZE:
		*(uint64_t *)opt->value = 0;
		break;
	case OPTION_LIST:
		strvec_clear(opt->value);
		break;
	default:
		BUG("option '%s' cannot be undone", opt->name);
	}
	return 0;
}

static int set_value(const struct option *opt, const char *arg, bool unset,
		     struct strbuf *err)
{
	if (opt->type == OPTION_CALLBACK)
		return opt->callback(opt, arg, unset, err);
	if (unset)
		return undo_value(opt);

	switch (opt->type) {
	case OPTION_BOOL:
		*(int *)opt->value = 1;
		return 0;
	case OPTION_COUNT:
		++*(int *)opt->value;
		return 0;
	case OPTION_STRING:
		*(const char **)opt->value = arg ? arg : "";
		return 0;
	case OPTION_LIST:
		strvec_push(opt->value, arg ? arg : "");
		return 0;
	case OPTION_INT:
		return arg ? set_int(opt, arg, err) : 0;
	case OPTION_SIZE:
		return arg ? set_size(opt, arg, err) : 0;
	default:
		BUG("option of unknown type %d", (int)opt->type);
	}
}

static void set_or_exit(struct parse *p, const struct option *opt,
			const char *arg, bool unset, const char *spelling)
{
	struct strbuf err = STRBUF_INIT;

	if (set_value(opt, arg, unset, &err))
		usage_with_options(p->usage, p->options, "option '%s': %s",
				   spelling, err.buf);
	strbuf_release(&err);
}

static bool looks_like_option(const char *word)
{
	return word[0] == '-' && word[1];
}

/*
 * Gives the option its argument: `joined` is what followed `=` or the letter,
 * NULL if nothing did; else the next word, whatever it looks like.
 */
static void take_option(struct parse *p, const struct option *opt,
			const char *joined, bool by_letter, bool unset)
{
	struct strbuf spelling = STRBUF_INIT;
	const char *arg = joined;

	add_spelling(&spelling, opt, by_letter, unset);
	if (unset || !option_takes_arg(opt)) {
		if (joined)
			usage_with_options(p->usage, p->options,
					   "option '%s' takes no value",
					   spelling.buf);
	} else if (!joined && !(opt->flags & OPT_OPTIONAL_ARG)) {
		if (!*p->in || ((opt->flags & OPT_GREEDY) &&
				looks_like_option(*p->in)))
			usage_with_options(p->usage, p->options,
					   "option '%s' needs a value (%s)",
					   spelling.buf,
					   opt->argh ? opt->argh : "ARG");
		arg = *p->in++;
	}

	set_or_exit(p, opt, arg, unset, spelling.buf);
	if ((opt->flags & OPT_GREEDY) && !joined && !unset)
		while (*p->in && !looks_like_option(*p->in))
			set_or_exit(p, opt, *p->in++, false, spelling.buf);
	strbuf_release(&spelling);
}

/* As in `git log -5`. */
static const struct option *find_max_count(const struct parse *p,
					   const char *letters)
{
	const struct option *opt;

	if (!*letters || letters[strspn(letters, "0123456789")])
		return NULL;
	for (opt = p->options; opt->type != OPTION_END; opt++)
		if (opt->type == OPTION_INT && opt->name &&
		    !strcmp(opt->name, "max-count"))
			return opt;
	return NULL;
}

static void take_letters(struct parse *p, const char *letters)
{
	const struct option *opt = find_max_count(p, letters);

	if (opt) {
		take_option(p, opt, letters, true, false);
		return;
	}
	while (*letters) {
		char letter = *letters++;

		for (opt = p->options; opt->type != OPTION_END; opt++)
			if (opt->letter && opt->letter == letter)
				break;
		if (opt->type == OPTION_END) {
			if (letter == 'h')
				print_and_exit(p, option_usage);
			usage_with_options(p->usage, p->options,
					   "unknown option '-%c'", letter);
		}
		if (option_takes_arg(opt) && *letters) {
			take_option(p, opt, letters, true, false);
			return;
		}
		take_option(p, opt, NULL, true, false);
	}
}

struct long_match {
	const struct option *opt;
	bool unset, exact, ambiguous;
	const struct option *other;	/* what it could mean as well */
	bool other_unset;
};

/* Sees whether `typed` (of `len` bytes) is, or begins, prefix + name. */
static void match_one(struct long_match *m, const struct option *opt,
		      bool unset, const char *prefix, const char *name,
		      const char *typed, size_t len)
{
	size_t prefix_len = strlen(prefix), left;

	if (m->exact)
		return;
	left = len < prefix_len ? len : prefix_len;
	if (strncmp(typed, prefix, left))
		return;
	typed += left;
	left = len - left;
	if (strncmp(typed, name, left))
		return;
	if (len >= prefix_len && !name[left]) {
		m->opt = opt;
		m->unset = unset;
		m->exact = true;
		m->ambiguous = false;
		return;
	}
	/* a hidden name, and `--n` for all that can be undone, is no short
	 * form of anything */
	if ((opt->flags & OPT_HIDDEN) || len < prefix_len || !left)
		return;
	if (!m->opt) {
		m->opt = opt;
		m->unset = unset;
	} else {
		m->ambiguous = true;
		m->other = opt;
		m->other_unset = unset;
	}
}

static void match_long(struct long_match *m, const struct option *options,
		       const char *typed, size_t len)
{
	const struct option *opt;

	for (opt = options; opt->type != OPTION_END; opt++) {
		if (!opt->name)
			continue;
		match_one(m, opt, false, "", opt->name, typed, len);
		if (!option_is_negatable(opt))
			continue;
		if (!strncmp(opt->name, "no-", 3))
			match_one(m, opt, true, "", opt->name + 3, typed, len);
		else
			match_one(m, opt, true, "no-", opt->name, typed, len);
	}
}

static void NORETURN unknown_long(struct parse *p, const char *typed,
				  size_t len)
{
	struct strvec names = STRVEC_INIT, near = STRVEC_INIT;
	const struct option *opt;
	char *word = xmemdupz(typed, len);
	struct strbuf hint = STRBUF_INIT;

	for (opt = p->options; opt->type != OPTION_END; opt++) {
		if (!opt->name || (opt->flags & OPT_HIDDEN))
			continue;
		strvec_push(&names, opt->name);
		if (option_is_negatable(opt) && strncmp(opt->name, "no-", 3))
			strvec_pushf(&names, "no-%s", opt->name);
	}
	similar_find(&near, word, names.v);
	if (near.nr)
		strbuf_addf(&hint, _("; did you mean '--%s'?"), near.v[0]);
	strvec_release(&names);
	strvec_release(&near);
	usage_with_options(p->usage, p->options, "unknown option '--%s'%s",
			   word, hint.buf);
}

static void take_long(struct parse *p, const char *typed)
{
	struct long_match m = { 0 };
	const char *equals = strchr(typed, '=');
	size_t len = equals ? (size_t)(equals - typed) : strlen(typed);
	struct strbuf one = STRBUF_INIT, two = STRBUF_INIT;

	match_long(&m, p->options, typed, len);
	if (!m.exact && !strcmp(typed, "help"))
		print_and_exit(p, option_usage);
	if (!m.exact && !strcmp(typed, "completion-table"))
		print_and_exit(p, option_completion_table);
	if (!m.opt)
		unknown_long(p, typed, len);
	if (m.ambiguous) {
		add_spelling(&one, m.opt, false, m.unset);
		add_spelling(&two, m.other, false, m.other_unset);
		usage_with_options(p->usage, p->options,
				   "option '--%.*s' is ambiguous: '%s' or '%s'",
				   (int)len, typed, one.buf, two.buf);
	}
	take_option(p, m.opt, equals ? equals + 1 : NULL, false, m.unset);
}

int parse_options(int argc, const char **argv, const struct option *options,
		  const char *const *usage, unsigned flags)
{
	struct parse p = { options, usage, argv + (argc > 0), argv };

	while (*p.in) {
		const char *word = *p.in;

		if (!strcmp(word, "--")) {
			if (!(flags & PARSE_KEEP_DASHDASH))
				p.in++;
			break;
		}
		if (!looks_like_option(word)) {
			if (flags & PARSE_STOP_AT_WORD)
				break;
			*p.out++ = *p.in++;
			continue;
		}
		p.in++;
		if (word[1] == '-')
			take_long(&p, word + 2);
		else
			take_letters(&p, word + 1);
	}
	while (*p.in)
		*p.out++ = *p.in++;
	*p.out = NULL;

	if (after_parsing) {
		void (*done)(void) = after_parsing;

		after_parsing = NULL;
		done();
	}
	return p.out - argv;
}
