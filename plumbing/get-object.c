/*
 * get-object: reads one object of a store, or a part of it.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "plumbing/object-store.h"
#include "transport/transport.h"
#include "command.h"

static const char *const usage[] = {
	"get-object [--remote=REMOTE] [-o FILE] [--offset=N] [--length=N] "
		"[--version=VERSION] KEY",
	NULL
};

/* Where the bytes go: the standard output, or a file that is not there yet. */
struct target {
	const char *path;	/* NULL: the standard output */
	struct tempfile *file;
	int fd;
	bool to_person;		/* who gets no escape sequences */
};

static int write_target(void *data, const void *buf, size_t len,
			struct strbuf *err)
{
	struct target *t = data;
	struct strbuf safe = STRBUF_INIT;
	int ret;

	if (t->to_person) {
		quote_terminal_lines(&safe, buf, len);
		ret = sys_write_all(t->fd, safe.buf, safe.len);
		strbuf_release(&safe);
	} else {
		ret = sys_write_all(t->fd, buf, len);
	}
	if (!ret)
		return 0;
	if (t->path)
		fail_errno(err, "cannot write '%s'", t->path);
	else
		fail_errno(err, "cannot write to the standard output");
	return ERR_FAILED;
}

static int get(const char *remote, const char *key,
	       const struct object_range *range, const char *path,
	       struct strbuf *err)
{
	struct target target = { path, NULL, STDOUT_FILENO,
				 !path && out_is_for_person() };
	struct object_sink sink = { write_target, &target };
	struct transport *t = object_store_need(remote);
	int ret = 0;

	if (path)
		ret = tempfile_create(&target.file, path, 0666, err);
	if (!ret && path)
		target.fd = tempfile_fd(target.file);
	if (!ret)
		ret = transport_get(t, key, range, &sink, NULL, err);
	if (!ret && path)
		ret = tempfile_commit(&target.file, path, TEMPFILE_SYNC, err);
	tempfile_delete(&target.file);
	transport_close(t);
	return ret;
}

int cmd_get_object(int argc, const char **argv)
{
	struct object_range range = { 0, RANGE_TO_END, NULL };
	const char *remote = NULL, *path = NULL;
	struct strbuf err = STRBUF_INIT;
	int ret;
	const struct option options[] = {
		OPT_STORE(&remote),
		{ .type = OPTION_STRING, .letter = 'o', .value = &path,
		  .argh = "FILE", .arg = ARG_FILE,
		  .help = "write into a file, which appears when it is whole" },
		{ .type = OPTION_SIZE, .name = "offset",
		  .value = &range.offset, .argh = "N",
		  .help = "begin behind so many bytes" },
		{ .type = OPTION_SIZE, .name = "length", .value = &range.len,
		  .argh = "N", .help = "stop after so many bytes" },
		OPT_STRING(0, "version", &range.version, "VERSION",
			   "refuse any other version of the object"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 1)
		usage_with_options(usage, options, argc ?
				   "one object at a time" :
				   N_("which object?"));
	ret = get(remote, argv[0], &range, path, &err);
	if (ret)
		die_code(ret, &err);
	strbuf_release(&err);
	return 0;
}
