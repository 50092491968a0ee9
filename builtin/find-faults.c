#include "lib/base/compat.h"
#include "command.h"
#include "builtin/find-faults.h"

#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/wrap/json.h"

static int read_findings(struct finding_list *list, FILE *from,
			 const char *command)
{
	struct strbuf line = STRBUF_INIT;
	struct finding f;
	int got, ret = 0;

	while ((got = strbuf_getdelim(&line, from, '\n')) > 0)
		if (finding_parse(&f, line.buf))
			finding_list_add(list, &f);
		else if (!ret)
			ret = error("'%s' said what is no finding; is resutil "
				    "installed whole?", command);
	if (got < 0)
		ret = error("cannot read what '%s' says: %s", command,
			    strerror(errno));
	strbuf_release(&line);
	return ret;
}

int find_faults(struct finding_list *list, const struct strvec *args)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf err = STRBUF_INIT;
	int status, bad = 0;
	FILE *from;

	child.resutil_cmd = 1;
	child.no_stdin = 1;
	child.out = -1;
	strvec_pushv(&child.args, args->v);
	if (start_command(&child, &err)) {
		error("%s", err.buf);
		strbuf_release(&err);
		return EXIT_FAILED;
	}
	from = fdopen(child.out, "r");
	if (from) {
		bad = read_findings(list, from, args->v[0]);
		fclose(from);
	} else {
		bad = error("cannot read what '%s' says: %s", args->v[0],
			    strerror(errno));
		close(child.out);
	}
	status = finish_command(&child);
	strbuf_release(&err);
	return bad && status <= EXIT_NO ? EXIT_FAILED : status;
}

int faults_status(int here, int there)
{
	if (here > EXIT_NO)
		return here;
	return there > EXIT_NO ? there : MAXIMUM(here, there);
}

void faults_print_json(const struct finding *f, const char *remote)
{
	struct value *map = finding_value(f);
	struct strbuf out = STRBUF_INIT;

	if (remote)
		value_map_set_str(map, "remote", remote);
	json_write(&out, map);
	strbuf_addch(&out, '\n');
	out_text(out.buf, out.len);
	strbuf_release(&out);
	value_free(map);
}

void faults_add_where(struct strbuf *out, const struct finding *f,
		      const char *remote)
{
	if (remote)
		strbuf_addf(out, "%s:", remote);
	quote_terminal(out, f->where, strlen(f->where));
}
