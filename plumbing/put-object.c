/*
 * put-object: stores a file as one object.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "plumbing/object-store.h"
#include "transport/transport.h"
#include "command.h"

static const char *const usage[] = {
	"put-object [--remote=REMOTE] [--absent | --version=VERSION] KEY "
		"FILE|-",
	NULL
};

/* What comes from a pipe could not be sent a second time. */
static int spool(int *fd, struct strbuf *err)
{
	int ret = tempfile_unnamed(fd, NULL, err);

	if (ret)
		return ret;
	if (sys_copy(STDIN_FILENO, *fd, -1) < 0) {
		fail_errno(err, "cannot keep the standard input in the "
			   "directory for temporary files");
		return ERR_FAILED;
	}
	return 0;
}

static int open_file(int *fd, const char *path, struct strbuf *err)
{
	struct stat st;

	if (strcmp(path, "-")) {
		*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		return *fd < 0 ? fail_errno(err, "cannot open '%s'", path) : 0;
	}
	if (fstat(STDIN_FILENO, &st) || !S_ISREG(st.st_mode) ||
	    lseek(STDIN_FILENO, 0, SEEK_CUR))
		return spool(fd, err);
	*fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (*fd < 0) {
		fail_errno(err, "cannot use the standard input");
		return ERR_FAILED;
	}
	return 0;
}

static int put(struct transport *t, const struct put_request *r,
	       const char *path, struct object *out, struct strbuf *err)
{
	struct put_request request = *r;
	struct put_file file;
	int fd = -1, ret;

	ret = open_file(&fd, path, err);
	if (!ret)
		ret = put_file_init(&file, fd, path, err);
	if (!ret) {
		request.source = &file.source;
		ret = transport_put(t, &request, out, err);
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

int cmd_put_object(int argc, const char **argv)
{
	struct put_request request = { .expect = EXPECT_ANY };
	struct object out = OBJECT_INIT;
	struct strbuf err = STRBUF_INIT;
	const char *remote = NULL;
	struct transport *t;
	int absent = 0, ret;
	const struct option options[] = {
		OPT_STORE(&remote),
		OPT_BOOL(0, "absent", &absent, "replace nothing"),
		OPT_STRING(0, "version", &request.version, "VERSION",
			   "replace this version only"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 2)
		usage_with_options(usage, options, "a key and a file");
	if (absent && request.version)
		usage_with_options(usage, options, "--absent and --version "
				   "contradict each other");
	request.key = argv[0];
	if (absent || request.version)
		request.expect = absent ? EXPECT_ABSENT : EXPECT_VERSION;
	t = object_store_need(remote);
	ret = put(t, &request, argv[1], &out, &err);
	transport_close(t);
	if (ret)
		die_code(ret, &err);
	out_printf("%s\n", out.version);
	object_release(&out);
	strbuf_release(&err);
	return 0;
}
