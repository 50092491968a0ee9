/*
 * Metadata providers. Each is cheap: no process, at most one small file. Only
 * `git` may start processes, and not when the code state is given.
 * Source: resutilformat-exp(5), "META".
 */
#include "lib/base/compat.h"
#include <gnu/libc-version.h>
#include <sys/utsname.h>
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/exp/git-state.h"
#include "lib/exp/live.h"
#include "lib/exp/meta.h"
#include "lib/exp/meta-cpu.h"
#include "lib/exp/record.h"

const char *const meta_providers[] = {
	"system", "user", "host", "cpu", "process", "git", NULL
};

#define OS_RELEASE_MAX 65536

/* The distribution's name: PRETTY_NAME="..." of os-release(5). */
static void add_os(struct value *map)
{
	static const char key[] = "PRETTY_NAME=";
	struct strbuf text = STRBUF_INIT;
	const char *at;
	size_t len;

	if (read_file(&text, "/etc/os-release", OS_RELEASE_MAX, NULL) &&
	    read_file(&text, "/usr/lib/os-release", OS_RELEASE_MAX, NULL))
		goto cleanup;
	for (at = text.buf; strncmp(at, key, strlen(key)); at++) {
		at = strchr(at, '\n');
		if (!at)
			goto cleanup;
	}
	at += strlen(key);
	len = strcspn(at, "\n");
	if (len > 1 && strchr("\"'", *at) && at[len - 1] == *at) {
		at++;
		len -= 2;
	}
	value_map_set(map, "os", value_new_text(at, len));

cleanup:
	strbuf_release(&text);
}

static struct value *system_info(void)
{
	struct value *map = value_new_map();
	struct strbuf text = STRBUF_INIT;
	struct utsname u;

	if (uname(&u))
		memset(&u, 0, sizeof(u));
	strbuf_addf(&text, "%s-%s-%s-with-glibc%s", u.sysname, u.release,
		    u.machine, gnu_get_libc_version());
	value_map_set_str(map, "platform", text.buf);
	value_map_set_str(map, "user", record_user());
	value_map_set_str(map, "node", record_host());
	strbuf_reset(&text);
	if (!path_cwd(&text, NULL))
		value_map_set(map, "cwd", value_new_text(text.buf, text.len));
	value_map_set_str(map, "sysname", u.sysname);
	value_map_set_str(map, "release", u.release);
	value_map_set_str(map, "version", u.version);
	value_map_set_str(map, "machine", u.machine);
	add_os(map);
	strbuf_release(&text);
	return map;
}

static struct value *user_info(void)
{
	struct value *map = value_new_map();

	value_map_set_str(map, "name", record_user());
	value_map_set_int(map, "uid", getuid());
	return map;
}

static void add_boot_id(struct value *map)
{
	if (*record_boot_id())
		value_map_set_str(map, "boot_id", record_boot_id());
}

static struct value *host_info(void)
{
	struct value *map = value_new_map();

	value_map_set_str(map, "hostname", record_host());
	add_boot_id(map);
	return map;
}

static struct value *process_info(void)
{
	struct value *map = value_new_map();
	uint64_t start = process_start_ticks(getpid());

	value_map_set_int(map, "pid", getpid());
	value_map_set_int(map, "gid", getgid());
	if (start)
		value_map_set_int(map, "start", (int64_t)start);
	add_boot_id(map);
	return map;
}

static int ask_git(struct value **git)
{
	struct git_state_options opts;
	struct git_state *state = NULL;
	size_t nr;
	int ret;

	ret = git_state_options_init(&opts, NULL, NULL);
	if (ret)
		return ret;
	opts.dir = ".";
	ret = git_state_start(&state, &opts, NULL);
	if (!ret)
		ret = git_state_capture(state, NULL, git, &nr, NULL);
	git_state_free(state);
	return ret;
}

static void copy_text(struct value *map, const char *to,
		      const struct value *from, const char *key)
{
	const struct value *v = value_map_get(from, key);

	if (value_text(v))
		value_map_set(map, to, value_copy(v));
}

/* The code state under votakvot's names; NULL outside of a repository. */
static struct value *git_info(const struct value *git)
{
	struct value *map, *own = NULL;

	if (!git) {
		if (ask_git(&own))
			return NULL;
		git = own;
	}
	map = value_new_map();
	copy_text(map, "describe", git, "describe");
	copy_text(map, "branch", git, "branch");
	copy_text(map, "commit", git, "commit_hash");
	copy_text(map, "treeish", git, "treeish");
	if (!map->u.map.nr) {
		value_free(map);
		map = NULL;
	}
	value_free(own);
	return map;
}

static struct value *provide(const char *name, const struct value *git)
{
	if (!strcmp(name, "system"))
		return system_info();
	if (!strcmp(name, "user"))
		return user_info();
	if (!strcmp(name, "host"))
		return host_info();
	if (!strcmp(name, "cpu"))
		return meta_cpu();
	if (!strcmp(name, "process"))
		return process_info();
	return git_info(git);
}

static bool is_provider(const char *name)
{
	size_t i;

	for (i = 0; meta_providers[i]; i++)
		if (!strcmp(name, meta_providers[i]))
			return true;
	return false;
}

static bool is_wanted(const struct strvec *names, const char *name)
{
	size_t i;

	for (i = 0; names && i < names->nr; i++)
		if (!strcmp(names->v[i], name))
			return true;
	return !names;
}

int meta_collect(struct value **out, const struct strvec *names,
		 const struct value *git, struct strbuf *err)
{
	struct value *meta;
	size_t i;

	*out = NULL;
	for (i = 0; names && i < names->nr; i++)
		if (!is_provider(names->v[i]))
			return fail(err, ERR_USAGE, "no provider '%s', there "
				    "are system, user, host, cpu, process, "
				    "git", names->v[i]);
	meta = value_new_map();
	for (i = 0; meta_providers[i]; i++) {
		struct value *map;

		if (!is_wanted(names, meta_providers[i]))
			continue;
		map = provide(meta_providers[i], git);
		if (map)
			value_map_set(meta, meta_providers[i], map);
	}
	*out = meta;
	return 0;
}
