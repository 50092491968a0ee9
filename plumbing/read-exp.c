/*
 * read-exp: prints records.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml.h"
#include "command.h"

static const char *const usage[] = {
	"read-exp [--json] [--raw] [--key=PATH] [-z] EXP|DIR|FILE...",
	"read-exp [--json] [--raw] [--key=PATH] [-z] --stdin",
	NULL
};

struct read_options {
	int json, raw, nul, from_stdin;
	const char *key;
	size_t nr, failed;	/* arguments so far */
	int code;		/* of those that failed, if they agree */
};

/* A file that is meant as a record, not as a path into an experiment. */
static bool is_record_file(const char *path)
{
	const char *base = path_basename(path), *dot = strrchr(base, '.');
	struct stat st;

	if (!strcmp(path, "-"))
		return true;
	return dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml") ||
		       !strcmp(dot, ".json")) &&
	       !stat(path, &st) && S_ISREG(st.st_mode);
}

static bool is_record_dir(const char *path)
{
	struct strbuf file = STRBUF_INIT;
	bool yes;

	strbuf_addf(&file, "%s/" RECORD_FILE, path);
	yes = path_exists(file.buf);
	if (!yes) {
		strbuf_reset(&file);
		strbuf_addf(&file, "%s/votakvot.yaml", path);
		yes = path_exists(file.buf);
	}
	strbuf_release(&file);
	return yes;
}

static int read_one_file(struct value **record, const char *path,
			 const struct read_options *o, struct strbuf *err)
{
	int ret = record_read_file(record, path, false, err);

	if (!ret && !o->raw)
		record_normalize(*record);
	return ret;
}

static int read_dir(struct value **record, const char *dir,
		    const struct read_options *o, struct strbuf *err)
{
	return o->raw ? record_read_raw(record, dir, err) :
			record_read(record, dir, err);
}

/* In the working directory a word without a slash is an EXP before it is a
 * path; `./x` is the path. */
static int read_arg(struct value **record, const char *arg,
		    const struct read_options *o, struct strbuf *err)
{
	bool is_file = is_record_file(arg);
	bool is_dir = !is_file && is_record_dir(arg);
	struct strbuf name = STRBUF_INIT, dir = STRBUF_INIT;
	int ret = ERR_NOT_FOUND;

	if (the_project && !(is_file || (is_dir && strchr(arg, '/')) ||
			      !strcmp(arg, "."))) {
		ret = exp_find(the_project, arg, &name, is_dir ? NULL : err);
	}
	if (!ret) {
		project_exp_path(the_project, name.buf, &dir);
		ret = read_dir(record, dir.buf, o, err);
	} else if (is_file) {
		ret = read_one_file(record, arg, o, err);
	} else if (is_dir) {
		ret = read_dir(record, arg, o, err);
	} else if (!the_project) {
		ret = fail(err, ERR_NOT_FOUND, "no record in '%s'", arg);
	}
	strbuf_release(&dir);
	strbuf_release(&name);
	return ret;
}

static void end_record(struct strbuf *out, const struct read_options *o)
{
	strbuf_addch(out, o->nul ? '\0' : '\n');
}

/* One value on a line; C-quoted like a path unless -z. */
static void add_value(struct strbuf *out, const struct value *v,
		      const struct read_options *o)
{
	struct strbuf text = STRBUF_INIT;

	value_format(&text, v);
	if (o->nul || v->type == VALUE_LIST || v->type == VALUE_MAP)
		strbuf_addbuf(out, &text);
	else
		quote_c(out, text.buf, text.len);
	end_record(out, o);
	strbuf_release(&text);
}

static int add_key(struct strbuf *out, const struct value *record,
		   const char *arg, const struct read_options *o,
		   struct strbuf *err)
{
	const struct value *v = value_get(record, o->key);
	size_t i;

	if (!v)
		return fail(err, ERR_NOT_FOUND, "no '%s' in the record of '%s'",
			    o->key, arg);
	if (o->json) {
		json_write(out, v);
		end_record(out, o);
	} else if (v->type == VALUE_LIST) {
		for (i = 0; i < v->u.list.nr; i++)
			add_value(out, v->u.list.item[i], o);
	} else {
		add_value(out, v, o);
	}
	return 0;
}

static void read_and_print(const char *arg, struct read_options *o)
{
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	struct value *record = NULL;
	int ret;

	ret = read_arg(&record, arg, o, &err);
	if (!ret && o->key) {
		ret = add_key(&out, record, arg, o, &err);
	} else if (!ret && o->json) {
		json_write(&out, record);
		end_record(&out, o);
	} else if (!ret) {
		if (o->nr > o->failed && !o->nul)
			strbuf_addstr(&out, "---\n");
		yaml_write(&out, record);
		if (o->nul)
			strbuf_addch(&out, '\0');
	}
	if (ret) {
		error("%s", err.buf);
		o->code = !o->failed || o->code == ret ? ret : ERR_PARTLY;
		o->failed++;
	}
	o->nr++;
	out_text(out.buf, out.len);
	value_free(record);
	strbuf_release(&out);
	strbuf_release(&err);
}

static int read_stdin(struct read_options *o)
{
	struct strbuf line = STRBUF_INIT;
	int term = o->nul ? '\0' : '\n';
	int got, ret = 0;

	while ((got = strbuf_getdelim(&line, stdin, term)) > 0) {
		read_and_print(line.buf, o);
		strbuf_reset(&line);
	}
	if (got < 0)
		ret = error("cannot read the standard input: %s",
			    strerror(errno));
	strbuf_release(&line);
	return ret;
}

int cmd_read_exp(int argc, const char **argv)
{
	struct read_options o = { 0 };
	const struct option options[] = {
		OPT_JSON_LINES(&o.json),
		OPT_BOOL(0, "raw", &o.raw,
			 "as it was written, not brought to one shape"),
		OPT_STRING(0, "key", &o.key, "PATH",
			   "print only this value; of a list, an item a line"),
		OPT_BOOL(0, "stdin", &o.from_stdin,
			 "read EXP from the standard input, one a line"),
		OPT_NUL(&o.nul),
		OPT_END_OF_TABLE
	};
	int i, ret = 0;

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc == !o.from_stdin)
		usage_with_options(usage, options, argc ?
				   "--stdin takes no arguments" :
				   N_("which experiment?"));
	for (i = 0; i < argc; i++)
		read_and_print(argv[i], &o);
	if (o.from_stdin)
		ret = read_stdin(&o);
	if (ret)
		return EXIT_FAILED;
	if (!o.failed)
		return 0;
	return o.failed == o.nr ? exit_status_of(o.code) : EXIT_PARTLY;
}
