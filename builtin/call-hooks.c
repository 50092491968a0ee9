#include "lib/base/compat.h"
#include "command.h"
#include "builtin/call-hooks.h"

#include "builtin/transfer.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/sys.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/json.h"

#include <sys/mman.h>

int call_hooks_find(struct own_hooks *h, const char *moment,
		    struct strbuf *err)
{
	static const char *told;	/* once is enough */
	struct strbuf notice = STRBUF_INIT;
	int ret = own_hooks_find(h, the_project, moment, &notice, err);

	if (notice.len && verbosity >= 0 && (!told || strcmp(told, moment)))
		warning("%s", notice.buf);
	if (notice.len)
		told = moment;
	strbuf_release(&notice);
	return ret;
}

void call_hooks_add_record(struct strbuf *in, const char *name)
{
	struct strbuf dir = STRBUF_INIT;
	struct value *record = NULL;

	project_exp_path(the_project, name, &dir);
	if (record_read(&record, dir.buf, NULL))
		record = value_new_map();
	value_map_set_str(record, "name", name);
	json_write(in, record);
	strbuf_addch(in, '\n');
	value_free(record);
	strbuf_release(&dir);
}

/* A file without a name: whoever does not read it all fails for no pipe. */
static int input_of(const struct strbuf *in, struct strbuf *err)
{
	int fd = memfd_create("records", MFD_CLOEXEC);

	if (fd >= 0 && !sys_write_all(fd, in->buf, in->len) &&
	    !lseek(fd, 0, SEEK_SET))
		return fd;
	fail_errno(err, "cannot pass on the records");
	if (fd >= 0)
		close(fd);
	return ERR_FAILED;
}

/* Its exit status; or a negative code when it could not be given its input. */
static int call_one(const struct own_hooks *h, const struct strvec *words,
		    const struct strbuf *in, const struct strvec *env,
		    int *signo, struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf path = STRBUF_INIT;
	int status;

	child.in = input_of(in, err);
	if (child.in < 0)
		return ERR_FAILED;
	child.out = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	child.no_stdout = child.out <= 0;
	child.dir = the_project->root;
	strvec_pushv(&child.args, words->v);
	/* A relative one is the project's, wherever we are. */
	if (strchr(words->v[0], '/')) {
		path_absolute(&path, the_project->root, words->v[0]);
		child.program = path.buf;
	}
	strvec_pushf(&child.env, "RESUTIL_HOOK=%s", h->moment);
	strvec_pushf(&child.env, "RESUTIL_PROJECT=%s", the_project->root);
	if (env)
		strvec_pushv(&child.env, env->v);
	status = transfer_child(&child, signo, NULL, NULL);
	strbuf_release(&path);
	return status;
}

int call_hooks(const struct own_hooks *h, const struct strbuf *in,
	       const struct strvec *env, bool before, int *signo,
	       struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT, word = STRBUF_INIT;
	int ret = 0;
	size_t i;

	for (i = 0; i < h->nr && !ret && !*signo; i++) {
		int status = call_one(h, &h->item[i], in, env, signo, &why);

		if (!status)
			continue;
		strbuf_reset(&word);
		quote_shell(&word, h->item[i].v[0]);
		if (status > 0)
			strbuf_addf(&why, _("it ended with status %d"), status);
		if (before)
			ret = fail(err, ERR_NO, "the hook '%s' (hooks.%s) "
				   "says no: %s", word.buf, h->moment,
				   why.buf);
		else
			warning(_("the hook '%s' (hooks.%s) failed: %s"),
				word.buf, h->moment, why.buf);
		strbuf_reset(&why);
	}
	strbuf_release(&word);
	strbuf_release(&why);
	return ret;
}

int call_hooks_about(const char *moment, const struct strvec *names,
		     bool before, int *signo, struct strbuf *err)
{
	struct own_hooks h = OWN_HOOKS_INIT;
	struct strbuf in = STRBUF_INIT;
	size_t i;
	int ret = 0;

	if (names->nr)
		ret = call_hooks_find(&h, moment, err);
	for (i = 0; !ret && h.nr && i < names->nr; i++)
		call_hooks_add_record(&in, names->v[i]);
	if (!ret && h.nr)
		ret = call_hooks(&h, &in, NULL, before, signo, err);
	own_hooks_release(&h);
	strbuf_release(&in);
	return ret;
}
