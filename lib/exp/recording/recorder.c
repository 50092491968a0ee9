#include "lib/base/compat.h"
#include "lib/exp/recording/recorder.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/recording/recorder-internal.h"
#include "lib/wrap/json-typed.h"

/* ---- members of a request ---- */

static const struct value *member(struct exchange *x, const char *key)
{
	const struct value *v = value_map_get(x->request, key);

	return v && v->type != VALUE_NULL ? v : NULL;
}

static int is_not(struct exchange *x, const char *key, const char *what)
{
	return fail(&x->err, ERR_USAGE, "'%s' of a request must be %s", key,
		    what);
}

int get_text(struct exchange *x, const char *key, bool needed,
	     const char **out)
{
	const struct value *v = member(x, key);

	*out = NULL;
	if (!v)
		return needed ? is_not(x, key, "there, and a text") : 0;
	if (v->type != VALUE_TEXT || strlen(v->u.text.text) != v->u.text.len)
		return is_not(x, key, "a text");
	*out = v->u.text.text;
	return 0;
}

int get_map(struct exchange *x, const char *key, const struct value **out)
{
	const struct value *v = member(x, key);

	*out = v;
	return !v || (v->type == VALUE_MAP && !v->tag) ? 0 :
	       is_not(x, key, "a map");
}

int get_bool(struct exchange *x, const char *key, bool *out)
{
	const struct value *v = member(x, key);

	*out = v && v->type == VALUE_BOOL && v->u.truth;
	return !v || v->type == VALUE_BOOL ? 0 :
	       is_not(x, key, "true or false");
}

int get_words(struct exchange *x, const char *key, struct strvec *out,
	      bool *given)
{
	const struct value *v = member(x, key);
	size_t i;

	if (given)
		*given = v != NULL;
	if (v && v->type != VALUE_LIST)
		return is_not(x, key, "a list of texts");
	for (i = 0; v && i < v->u.list.nr; i++) {
		const struct value *word = v->u.list.item[i];

		if (!value_text(word) ||
		    strlen(word->u.text.text) != word->u.text.len)
			return is_not(x, key, "a list of texts");
		strvec_push(out, word->u.text.text);
	}
	return 0;
}

int get_cwd(struct exchange *x, struct strbuf *out)
{
	const struct value *v = member(x, "cwd");
	const char *cwd = value_text(v);

	if (!v)
		return path_cwd(out, &x->err);
	if (!cwd || *cwd != '/' || strlen(cwd) != v->u.text.len)
		return is_not(x, "cwd", "an absolute path");
	path_absolute(out, NULL, cwd);
	return 0;
}

void warn(struct exchange *x, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	strvec_push(&x->warnings, text.buf);
	strbuf_release(&text);
}

/* ---- hello ---- */

/* What the program itself has to obey. */
static void add_settings(struct exchange *x, const struct project *p)
{
	struct value *map = value_new_map();
	bool prompt = true;

	if (about_use(x->r, p, &x->err) ||
	    settings_get_bool("run.prompt", true, &prompt, &x->err))
		value_map_set_str(x->answer, "project_error", x->err.buf);
	value_map_set(map, "run.prompt", value_new_bool(prompt));
	value_map_set(x->answer, "settings", map);
}

static void add_project(struct exchange *x, const char *cwd)
{
	struct project p = PROJECT_INIT;
	struct value *map;
	int ret = project_open(&p, cwd, &x->err);

	if (ret == ERR_NOT_FOUND) {
		value_map_set(x->answer, "project", value_new_null());
	} else if (ret) {
		value_map_set(x->answer, "project", value_new_null());
		value_map_set_str(x->answer, "project_error", x->err.buf);
	} else {
		map = value_new_map();
		value_map_set_str(map, "root", p.root);
		value_map_set_str(map, "name", p.name);
		value_map_set_str(map, "results_dir", p.results_dir);
		value_map_set(x->answer, "project", map);
		add_settings(x, &p);
	}
	strbuf_reset(&x->err);
	project_release(&p);
}

static int answer_hello(struct exchange *x)
{
	struct strbuf cwd = STRBUF_INIT;
	int64_t protocol = RECORDER_PROTOCOL, pid;
	const char *interpreter;
	int ret;

	value_get_int(x->request, "protocol", &protocol);
	if (protocol != RECORDER_PROTOCOL)
		return fail(&x->err, ERR_USAGE, "protocol %" PRId64 " is not "
			    "known, this is resutil %s with protocol %d",
			    protocol, RESUTIL_VERSION, RECORDER_PROTOCOL);
	ret = get_text(x, "interpreter", false, &interpreter);
	if (!ret)
		ret = get_cwd(x, &cwd);
	if (ret)
		return ret;
	if (interpreter)
		about_set_interpreter(x->r, interpreter);
	if (value_get_int(x->request, "pid", &pid) && pid > 0 && pid <= INT_MAX)
		x->r->program = (pid_t)pid;
	value_map_set_int(x->answer, "protocol", RECORDER_PROTOCOL);
	value_map_set_str(x->answer, "version", RESUTIL_VERSION);
	value_map_set_int(x->answer, "recorder", getpid());
	add_project(x, cwd.buf);
	strbuf_release(&cwd);
	return 0;
}

/* ---- requests and answers ---- */

static const struct {
	const char *name;
	int (*answer)(struct exchange *x);
} ops[] = {
	{ "hello", answer_hello },
	{ "begin", answer_begin },
	{ "join", answer_join },
	{ "adopt", answer_adopt },
	{ "update", answer_update },
	{ "finish", answer_finish },
	{ "drop", answer_drop },
};

static int carry_out(struct exchange *x)
{
	const char *op;
	size_t i;
	int ret;

	if (x->request->type != VALUE_MAP)
		return fail(&x->err, ERR_USAGE, "a request must be a map");
	ret = get_text(x, "op", true, &op);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strcmp(ops[i].name, op))
			return ops[i].answer(x);
	return fail(&x->err, ERR_USAGE, "there is no request '%s'", op);
}

static void add_warnings(struct exchange *x)
{
	struct value *list;
	size_t i;

	if (!x->warnings.nr)
		return;
	list = value_new_list();
	for (i = 0; i < x->warnings.nr; i++)
		value_list_add(list, value_new_str(x->warnings.v[i]));
	value_map_set(x->answer, "warnings", list);
}

void recorder_answer(struct recorder *r, const char *line, size_t len,
		     struct strbuf *answer)
{
	struct exchange x = { .r = r, .warnings = STRVEC_INIT,
			      .err = STRBUF_INIT };
	struct value *request = NULL;
	int ret;

	x.answer = value_new_map();
	value_map_set(x.answer, "ok", value_new_bool(true));
	ret = json_typed_parse(&request, line, len, "request", &x.err);
	x.request = request;
	if (!ret)
		ret = carry_out(&x);
	if (ret) {
		value_map_set(x.answer, "ok", value_new_bool(false));
		value_map_set_int(x.answer, "code", exit_status_of(ret));
		value_map_set(x.answer, "error",
			      value_new_text(x.err.buf, x.err.len));
	}
	add_warnings(&x);
	if (request && value_map_get(request, "seq"))
		value_map_set(x.answer, "seq",
			      value_copy(value_map_get(request, "seq")));
	json_typed_write(answer, x.answer);
	strbuf_addch(answer, '\n');
	value_free(request);
	value_free(x.answer);
	strvec_release(&x.warnings);
	strbuf_release(&x.err);
}

struct recorder *recorder_new(pid_t program)
{
	struct recorder *r = xcalloc(1, sizeof(*r));

	r->program = program;
	r->about = about_new();
	r->code = code_new();
	return r;
}

pid_t recorder_program(const struct recorder *r)
{
	return r->program;
}

void recorder_end(struct recorder **rp, struct strvec *problems)
{
	struct recorder *r = *rp;
	size_t i;

	for (i = 0; i < r->nr; i++) {
		struct strbuf err = STRBUF_INIT;

		if (recorded_lose(r, r->run[i], &err))
			strvec_push(problems, err.buf);
		recorded_free(r->run[i]);
		strbuf_release(&err);
	}
	noted_roots_release(&r->roots);
	free(r->run);
	about_free(r->about);
	code_free(r->code);
	free(r);
	*rp = NULL;
}
