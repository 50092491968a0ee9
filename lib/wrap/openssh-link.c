/*
 * The connection that sessions share: who makes it, where its socket lies, and
 * how it ends, also when we are killed.
 */
#include "lib/base/compat.h"
#include "lib/wrap/openssh-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/sys-hold.h"
#include "lib/base/sys.h"
#include "lib/base/term.h"

#include <dirent.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SOCKET_DIR "resutil-ssh."
/* What ssh adds to the name while it makes the socket. */
#define SOCKET_SUFFIX 17
/* How often it is looked whether the socket is there, in milliseconds. */
#define LOOK_FIRST 2
#define LOOK_MOST 20
/* A person may have to find a password, or touch a key. */
#define PERSON_SECONDS 600
/* Until a connection that is told to end is killed, in milliseconds. */
#define END_MSEC 2000

/*
 * It has no session whose end it could see, so a shell beside it waits for the
 * end of our pipe: when we die of whatever, it ends the connection and removes
 * the directory of its socket. When all is well it is told to end first.
 */
static const char holder_script[] =
	"exec 3<&0 </dev/null; "
	"{ read -r x <&3 || { kill \"$$\"; "
	"for i in 1 2 3 4 5; do rmdir \"$0\" && break; sleep 1; done; }; } "
	">/dev/null 2>&1 & "
	"exec \"$@\" 3<&-";

/* ---- the place of the socket --------------------------------------------- */

/* What ssh takes in ControlPath as it is, without quotes and expansions. */
static bool is_plain(const char *path)
{
	return *path == '/' &&
	       !path[strspn(path, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789/._-+,=@:")];
}

/* One whose process was killed before it could be told that it is its turn. */
static void remove_left(int base, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(base, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return;
	fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
				O_CLOEXEC);
	if (fd < 0)
		return;
	if (hold_probe(fd) == HOLD_FREE) {
		sys_unlinkat(fd, "s", 0);
		sys_unlinkat(base, name, AT_REMOVEDIR);
	}
	close(fd);
}

static void sweep(const char *base)
{
	DIR *dir = opendir(base);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (!strncmp(e->d_name, SOCKET_DIR, strlen(SOCKET_DIR)))
			remove_left(dirfd(dir), e->d_name);
	if (dir)
		closedir(dir);
}

static bool make_dir_in(struct ssh_link *link, const char *base)
{
	static unsigned last;
	struct sockaddr_un place;
	int tries;

	if (!base || !is_plain(base))
		return false;
	sweep(base);
	for (tries = 0; tries < 100; tries++) {
		unsigned nr = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
		char *path = xstrfmt("%s/" SOCKET_DIR "%ld.%u", base,
				     (long)getpid(), nr);
		bool fits = strlen(path) + 2 + SOCKET_SUFFIX <
			    sizeof(place.sun_path);
		bool made = fits && !tempfile_create_private_dir(
					    &link->dir, path, NULL);
		bool again = fits && !made && errno == EEXIST;

		free(path);
		if (!again)
			return made;
	}
	return false;
}

static int make_socket(struct ssh_link *link, struct strbuf *err)
{
	if (!make_dir_in(link, getenv("XDG_RUNTIME_DIR")) &&
	    !make_dir_in(link, getenv("TMPDIR")) &&
	    !make_dir_in(link, "/tmp"))
		return fail(err, ERR_UNREACHABLE, "no directory for the socket "
			    "of ssh can be made in /tmp; name one with a short "
			    "path in TMPDIR");
	link->socket = xstrfmt("%s/s", tempfile_path(link->dir));
	return 0;
}

void ssh_link_args(const struct ssh_link *link, struct child_process *child)
{
	/* An ssh that cannot share would connect by itself, and might ask. */
	strvec_pushl(&child->args, "-o", "BatchMode=yes", "-o",
		     "ControlMaster=no", "-o", "ProxyCommand=false", NULL);
	if (link->dir) {
		strvec_push(&child->args, "-o");
		strvec_pushf(&child->args, "ControlPath=%s", link->socket);
	}
}

/* ---- the holder ---------------------------------------------------------- */

static int holder_start(struct ssh_link *link, struct ssh *s, bool person,
			struct strbuf *err)
{
	struct child_process *c = &link->holder;
	struct strbuf why = STRBUF_INIT;
	int ret, ends[2];

	strvec_pushl(&c->args, "sh", "-c", holder_script,
		     link->dir ? tempfile_path(link->dir) : "/dev/null", NULL);
	ssh_setup_args(s, c);
	strvec_push(&c->args, "-N");
	if (link->dir) {
		strvec_pushl(&c->args, "-o", "ControlMaster=yes", "-o",
			     "ControlPersist=no", "-o", NULL);
		strvec_pushf(&c->args, "ControlPath=%s", link->socket);
	}
	if (!person) {
		/* ... and no terminal to ask at */
		c->new_session = 1;
		strvec_pushl(&c->args, "-o", "BatchMode=yes", NULL);
		strvec_push(&c->env, "SSH_ASKPASS_REQUIRE=never");
	}
	ssh_setup_host(s, c, NULL);
	/* not a pipe: nothing is to be said to one that has ended */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return fail_errno(err, "cannot run 'ssh'");
	c->in = ends[1];
	c->no_stdout = 1;
	c->err = -1;
	ret = start_command(c, &why);
	if (ret) {
		close(ends[0]);
		ret = fail(err, ERR_UNREACHABLE, "cannot reach '%s': %s",
			   s->name, why.buf);
	} else {
		c->in = ends[0];
		fcntl(c->err, F_SETFL, O_NONBLOCK);
		link->has_holder = true;
	}
	strbuf_release(&why);
	return ret;
}

/* Takes what there is now, and keeps the end of it. False: there is no more. */
static bool take_words(int fd, struct strbuf *words)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		strbuf_add(words, buf, (size_t)n);
		if (words->len > SSH_WORDS_MAX)
			strbuf_splice(words, 0, words->len - SSH_WORDS_MAX, "",
				      0);
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Also so that it does not block; with the lock. */
static void drain(struct ssh_link *link)
{
	if (link->has_holder)
		take_words(link->holder.err, &link->words);
}

void ssh_link_words(struct ssh *s, struct ssh_link *link, struct strbuf *out)
{
	pthread_mutex_lock(&s->lock);
	drain(link);
	strbuf_addbuf(out, &link->words);
	pthread_mutex_unlock(&s->lock);
}

static bool stands(const struct ssh_link *link, const struct ssh *s)
{
	/* where it is the user's, one that was left may lie there */
	return link->dir ? !access(link->socket, F_OK) : ssh_setup_is_shared(s);
}

/* Until the socket is there, which is when the other side has let us in. */
static int holder_wait(struct ssh_link *link, struct ssh *s, unsigned seconds,
		       struct strbuf *err)
{
	struct strbuf *words = &link->words;
	struct pollfd p = { .fd = link->holder.err, .events = POLLIN };
	int64_t end = ssh_msec() + (int64_t)seconds * 1000;
	int pause = LOOK_FIRST, ret = 0;

	for (;;) {
		/* One that is to stay behind (ControlPersist) goes on without
		 * whom we have started: so this is looked at first. */
		bool is_over = command_has_ended(&link->holder);

		if (p.fd >= 0 && !take_words(p.fd, words))
			p.fd = -1;
		if (stands(link, s))
			break;
		if (is_over) {
			drain(link);
			ret = ssh_failure(s->name, words, 0, err);
			break;
		}
		if (ssh_msec() >= end) {
			ret = ssh_failure(s->name, words, seconds, err);
			break;
		}
		if (poll(&p, 1, pause) > 0 || pause < LOOK_MOST)
			pause = MINIMUM(2 * pause, LOOK_MOST);
	}
	return ret;
}

static void holder_end(struct ssh_link *link)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	int64_t end = ssh_msec() + END_MSEC;
	bool killed = false;

	/* First the shell beside it: it must not kill who has its number
	 * afterwards. */
	send(link->holder.in, "\n", 1, MSG_NOSIGNAL);
	kill(link->holder.pid, SIGTERM);
	while (!command_has_ended(&link->holder)) {
		drain(link);
		if (!killed && ssh_msec() >= end) {
			kill(link->holder.pid, SIGKILL);
			killed = true;
		}
		nanosleep(&pause, NULL);
	}
	close(link->holder.in);
	close(link->holder.err);
	finish_command(&link->holder);
}

/* ---- a connection -------------------------------------------------------- */

void ssh_link_end(struct ssh_link *link)
{
	if (!link)
		return;
	if (link->has_holder)
		holder_end(link);
	else
		child_process_release(&link->holder);
	tempfile_delete(&link->dir);
	strbuf_release(&link->words);
	free(link->socket);
	free(link);
}

int ssh_link_make(struct ssh_link **out, struct ssh *s, struct strbuf *err)
{
	struct ssh_link *link = xcalloc(1, sizeof(*link));
	bool person = term_has_person();
	int ret;

	child_process_init(&link->holder);
	strbuf_init(&link->words);
	ret = ssh_setup_read(s, err);
	if (ret)
		goto cleanup;
	if (!s->theirs_full && ssh_setup_is_shared(s)) {
		*out = link;
		return 0;
	}
	if (s->theirs_full || !s->setup.keeps)
		ret = make_socket(link, err);
	if (!ret)
		ret = holder_start(link, s, person, err);
	if (!ret)
		ret = holder_wait(link, s, person ? PERSON_SECONDS :
						    s->setup.patience, err);
	if (!ret) {
		*out = link;
		return 0;
	}

cleanup:
	ssh_link_end(link);
	return ret;
}

/* ---- who joins it -------------------------------------------------------- */

/* Makes it for all that wait; with the lock, which is left meanwhile. */
static int connect_now(struct ssh *s, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	struct ssh_link *link = NULL;
	int ret;

	s->connecting = true;
	s->attempt++;
	pthread_mutex_unlock(&s->lock);
	ret = ssh_link_make(&link, s, &why);
	pthread_mutex_lock(&s->lock);
	s->connecting = false;
	s->failed = ret;
	strbuf_reset(&s->why);
	strbuf_addbuf(&s->why, &why);
	s->link = link;
	pthread_cond_broadcast(&s->changed);
	if (ret)
		strbuf_addbuf(err, &why);
	strbuf_release(&why);
	return ret;
}

int ssh_link_join(struct ssh_link **out, struct ssh *s, struct strbuf *err)
{
	struct ssh_link *unused = NULL;
	unsigned attempt;
	int ret = 0;

	pthread_mutex_lock(&s->lock);
	if (s->connecting) {
		attempt = s->attempt;
		while (s->connecting && s->attempt == attempt)
			pthread_cond_wait(&s->changed, &s->lock);
		/* A hundred would else wait for a hundred time-outs. */
		if (s->attempt == attempt && s->failed)
			ret = fail(err, s->failed, "%s", s->why.buf);
	}
	if (!ret && s->link && s->link->dir &&
	    command_has_ended(&s->link->holder)) {
		unused = s->link->users ? NULL : s->link;
		s->link->lost = true;
		s->link = NULL;
	}
	while (!ret && !s->link && s->connecting)
		pthread_cond_wait(&s->changed, &s->lock);
	if (!ret && !s->link)
		ret = connect_now(s, err);
	if (!ret) {
		*out = s->link;
		s->link->users++;
		drain(s->link);
	}
	pthread_mutex_unlock(&s->lock);
	ssh_link_end(unused);
	return ret;
}

bool ssh_link_give_up(struct ssh *s, struct ssh_link *link)
{
	bool full;

	pthread_mutex_lock(&s->lock);
	/* Where some of ours are on it, they are what there is room for. */
	full = !link->dir && (!link->served || link->users == 1);
	if (full)
		s->theirs_full = true;
	pthread_mutex_unlock(&s->lock);
	return full;
}

void ssh_link_leave(struct ssh *s, struct ssh_link *link, bool lost)
{
	bool last;

	pthread_mutex_lock(&s->lock);
	if (lost)
		link->lost = true;
	if (link->lost && s->link == link)
		s->link = NULL;
	last = !--link->users && s->link != link;
	pthread_mutex_unlock(&s->lock);
	if (last)
		ssh_link_end(link);
}
