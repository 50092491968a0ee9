/*
 * The providers that start no process. Each is cheap: some variables, a few
 * small files.
 * Source: resutilformat-exp(5), "META".
 */
#include "lib/base/compat.h"
#include <gnu/libc-version.h>
#include <sys/utsname.h>
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/exp/git/git-head.h"
#include "lib/exp/git/git-internal.h"
#include "lib/exp/git/git-state.h"
#include "lib/exp/record/live.h"
#include "lib/exp/recording/meta.h"
#include "lib/exp/recording/meta-cpu.h"
#include "lib/exp/recording/meta-plan.h"
#include "lib/exp/recording/meta-where.h"
#include "lib/exp/record/record.h"

const char *const meta_providers[] = {
	"system", "user", "host", "cpu", "process", "git", "python",
	"container", "slurm", "kubernetes", "env", "gpu", "packages", NULL
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

bool meta_ask_git(struct value **git, struct strbuf *repo)
{
	struct git_state_options opts;
	struct git_state *state = NULL;
	struct git_head head;
	size_t nr;
	int ret;

	if (git_state_options_init(&opts, NULL, NULL))
		return false;
	opts.dir = ".";
	ret = git_state_start(&state, &opts, NULL);
	if (!ret)
		ret = git_state_capture(state, NULL, git, &nr, NULL);
	if (!ret) {
		git_state_head(state, &head);
		if (head.top)
			strbuf_addstr(repo, head.top);
	}
	git_state_free(state);
	return !ret;
}

void meta_find_repo(struct strbuf *repo)
{
	struct strbuf dir = STRBUF_INIT;

	if (path_cwd(&dir, NULL) || !git_find_top(repo, dir.buf))
		strbuf_reset(repo);
	strbuf_release(&dir);
}

static void copy_text(struct value *map, const char *to,
		      const struct value *from, const char *key)
{
	const struct value *v = value_map_get(from, key);

	if (value_text(v))
		value_map_set(map, to, value_copy(v));
}

void meta_add_git(struct value *meta, const struct value *git,
		  const char *repo)
{
	struct value *map;

	if (!value_map_get(meta, "git"))
		return;
	map = value_new_map();
	if (repo)
		value_map_set(map, "repo", value_new_text(repo, strlen(repo)));
	copy_text(map, "describe", git, "describe");
	copy_text(map, "branch", git, "branch");
	copy_text(map, "commit", git, "commit_hash");
	copy_text(map, "treeish", git, "treeish");
	if (map->u.map.nr) {
		value_map_set(meta, "git", map);
	} else {
		value_map_remove(meta, "git");
		value_free(map);
	}
}

bool meta_is_provider(const char *name)
{
	size_t i;

	for (i = 0; meta_providers[i]; i++)
		if (!strcmp(name, meta_providers[i]))
			return true;
	return false;
}

static struct value *provide(const char *name, const struct meta_plan *plan)
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
	if (!strcmp(name, "container"))
		return meta_container();
	if (!strcmp(name, "slurm"))
		return meta_slurm();
	if (!strcmp(name, "kubernetes"))
		return meta_kubernetes();
	if (!strcmp(name, "env"))
		return meta_env(&plan->env);
	return value_new_null();	/* git, python: not known here */
}

void meta_fill(struct value *meta, const struct meta_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->names.nr; i++) {
		struct value *value = provide(plan->names.v[i], plan);

		if (value)
			value_map_set(meta, plan->names.v[i], value);
	}
}
