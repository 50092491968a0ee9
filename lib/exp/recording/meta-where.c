/*
 * Sources: podman-run(1) for .containerenv, systemd's "The Container
 * Interface", srun(1) for SLURM_*, "Downward API" of the Kubernetes manual.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/meta-where.h"

#include "lib/base/glob.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"

extern char **environ;

#define SMALL_FILE (64u << 10)
#define MOUNTS_MAX (4u << 20)
#define ID_LEN 64
#define UID_LEN 36
#define MAX_LABELS 200
#define MAX_VARIABLES 256
#define MAX_VALUE 4096		/* bytes of one variable */

static bool read_here(struct strbuf *out, const char *path, size_t max)
{
	const char *root = getenv("RESUTIL_TEST_META_ROOT");
	struct strbuf full = STRBUF_INIT;
	bool read;

	strbuf_reset(out);
	strbuf_addf(&full, "%s%s", root ? root : "", path);
	read = !read_file(out, full.buf, max, NULL);
	strbuf_release(&full);
	return read;
}

static bool is_here(const char *path)
{
	const char *root = getenv("RESUTIL_TEST_META_ROOT");
	struct strbuf full = STRBUF_INIT;
	bool is;

	strbuf_addf(&full, "%s%s", root ? root : "", path);
	is = path_exists(full.buf);
	strbuf_release(&full);
	return is;
}

static void set_text(struct value *map, const char *key, const char *text)
{
	if (text && *text && strlen(text) <= MAX_VALUE)
		value_map_set_str(map, key, text);
}

static struct value *or_null(struct value *map)
{
	if (map->u.map.nr)
		return map;
	value_free(map);
	return NULL;
}

/* ---- quoted pairs: KEY="value" a line ----------------------------------- */

/* Undoes \n, \t, \" and \\, as shells and Go write them. */
static void unquote(struct strbuf *out, const char *text)
{
	for (; *text && *text != '"'; text++) {
		if (*text == '\\' && text[1]) {
			text++;
			strbuf_addch(out, *text == 'n' ? '\n' :
					  *text == 't' ? '\t' : *text);
		} else {
			strbuf_addch(out, *text);
		}
	}
}

/* Calls fn for each pair of the text. */
static void each_pair(const char *text, void (*fn)(const char *key,
						   const char *value,
						   void *data), void *data)
{
	struct strbuf line = STRBUF_INIT, value = STRBUF_INIT;

	while (*text) {
		size_t len = strcspn(text, "\n");
		char *equals;

		strbuf_reset(&line);
		strbuf_reset(&value);
		strbuf_add(&line, text, len);
		equals = strchr(line.buf, '=');
		if (equals && equals > line.buf) {
			*equals = '\0';
			if (equals[1] == '"')
				unquote(&value, equals + 2);
			else
				strbuf_addstr(&value, equals + 1);
			fn(line.buf, value.buf, data);
		}
		text += len + (text[len] == '\n');
	}
	strbuf_release(&line);
	strbuf_release(&value);
}

/* ---- container ---------------------------------------------------------- */

static void take_podman(const char *key, const char *value, void *data)
{
	static const struct { const char *from, *to; } keys[] = {
		{ "engine", "engine" }, { "id", "id" }, { "name", "name" },
		{ "image", "image" }, { "imageid", "image_id" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i].from))
			set_text(data, keys[i].to, value);
}

/* 64 hexadecimal digits and no more: right behind one of `after`, or (NULL)
 * anywhere. */
static bool find_id(struct strbuf *out, const char *text, const char *after)
{
	static const char hex[] = "0123456789abcdef";
	size_t len;

	for (; text && *text; text += len) {
		if (after) {
			text = strstr(text, after);
			if (!text)
				break;
			text += strlen(after);
		} else {
			text += strcspn(text, hex);
		}
		len = strspn(text, hex);
		if (len == ID_LEN) {
			strbuf_add(out, text, len);
			return true;
		}
	}
	return false;
}

static const char *engine_of_cgroup(const char *text)
{
	static const struct { const char *mark, *engine; } marks[] = {
		{ "libpod", "podman" }, { "crio", "cri-o" },
		{ "docker", "docker" }, { "containerd", "containerd" },
		{ "kubepods", "containerd" }, { "lxc", "lxc" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(marks); i++)
		if (strstr(text, marks[i].mark))
			return marks[i].engine;
	return NULL;
}

/* Apptainer and Singularity: the image is a file. */
static void take_apptainer(struct value *map)
{
	const char *image = getenv("APPTAINER_CONTAINER");
	const char *name = getenv("APPTAINER_NAME");

	if (!image)
		image = getenv("SINGULARITY_CONTAINER");
	if (!name)
		name = getenv("SINGULARITY_NAME");
	if (!image || !*image)
		return;
	set_text(map, "engine", "apptainer");
	set_text(map, "name", name);
	set_text(map, "image", image);
}

/* What the kernel tells: in which group, and what is mounted into it. */
static void take_kernel(struct value *map)
{
	struct strbuf group = STRBUF_INIT, text = STRBUF_INIT;
	struct strbuf id = STRBUF_INIT;
	bool inside = map->u.map.nr > 0;

	if (read_here(&group, "/proc/self/cgroup", SMALL_FILE) &&
	    find_id(&id, group.buf, NULL))
		inside = true;
	if (inside && !id.len && !value_map_get(map, "id") &&
	    read_here(&text, "/proc/self/mountinfo", MOUNTS_MAX) &&
	    !find_id(&id, text.buf, "/overlay-containers/"))
		find_id(&id, text.buf, "/containers/");
	if (inside && !value_map_get(map, "engine"))
		set_text(map, "engine", engine_of_cgroup(group.buf));
	if (id.len && !value_map_get(map, "id"))
		value_map_set_str(map, "id", id.buf);
	/* a container does not know its image; who starts it may tell */
	if (map->u.map.nr && !value_map_get(map, "image"))
		set_text(map, "image", getenv("CONTAINER_IMAGE"));
	strbuf_release(&group);
	strbuf_release(&text);
	strbuf_release(&id);
}

struct value *meta_container(void)
{
	struct value *map = value_new_map();
	struct strbuf text = STRBUF_INIT;
	const char *container = getenv("container");

	take_apptainer(map);
	if (is_here("/run/.containerenv")) {
		value_map_set_str(map, "engine", "podman");
		if (read_here(&text, "/run/.containerenv", SMALL_FILE))
			each_pair(text.buf, take_podman, map);
	} else if (is_here("/.dockerenv")) {
		value_map_set_str(map, "engine", "docker");
	} else if (container && !map->u.map.nr) {
		set_text(map, "engine", container);
	}
	take_kernel(map);
	strbuf_release(&text);
	return or_null(map);
}

/* ---- slurm -------------------------------------------------------------- */

static void set_typed(struct value *map, const char *key, const char *text)
{
	if (text && *text && strlen(text) <= MAX_VALUE)
		value_map_set(map, key,
			      value_from_parameter(text, strlen(text)));
}

struct value *meta_slurm(void)
{
	static const struct { const char *key, *variable; bool is_text; }
	list[] = {
		{ "job_id", "SLURM_JOB_ID", false },
		{ "job_name", "SLURM_JOB_NAME", true },
		{ "array_job_id", "SLURM_ARRAY_JOB_ID", false },
		{ "array_task_id", "SLURM_ARRAY_TASK_ID", false },
		{ "step_id", "SLURM_STEP_ID", false },
		{ "restart_count", "SLURM_RESTART_COUNT", false },
		{ "cluster", "SLURM_CLUSTER_NAME", true },
		{ "partition", "SLURM_JOB_PARTITION", true },
		{ "account", "SLURM_JOB_ACCOUNT", true },
		{ "qos", "SLURM_JOB_QOS", true },
		{ "nodes", "SLURM_JOB_NUM_NODES", false },
		{ "nodelist", "SLURM_JOB_NODELIST", true },
		{ "node", "SLURMD_NODENAME", true },
		{ "ntasks", "SLURM_NTASKS", false },
		{ "procid", "SLURM_PROCID", false },
		{ "cpus_per_task", "SLURM_CPUS_PER_TASK", false },
		{ "mem_per_node", "SLURM_MEM_PER_NODE", false },
		{ "gpus", "SLURM_JOB_GPUS", true },
		{ "submit_host", "SLURM_SUBMIT_HOST", true },
	};
	struct value *map;
	const char *job = getenv("SLURM_JOB_ID");
	size_t i;

	if (!job || !*job)
		return NULL;
	map = value_new_map();
	for (i = 0; i < ARRAY_SIZE(list); i++) {
		const char *text = getenv(list[i].variable);

		if (list[i].is_text)
			set_text(map, list[i].key, text);
		else
			set_typed(map, list[i].key, text);
	}
	return or_null(map);
}

/* ---- kubernetes --------------------------------------------------------- */

/* One value, in a file as the downward API or the kubelet mounts it. */
static void set_file(struct value *map, const char *key, const char *path)
{
	struct strbuf text = STRBUF_INIT;

	if (!value_map_get(map, key) && read_here(&text, path, SMALL_FILE)) {
		strbuf_trim(&text);
		set_text(map, key, text.buf);
	}
	strbuf_release(&text);
}

static void set_env(struct value *map, const char *key, const char *name)
{
	if (!value_map_get(map, key))
		set_text(map, key, getenv(name));
}

static void take_label(const char *key, const char *value, void *data)
{
	struct value *map = data;

	if (map->u.map.nr < MAX_LABELS && strlen(key) <= MAX_VALUE &&
	    strlen(value) <= MAX_VALUE)
		value_map_set_str(map, key, value);
}

/* A UUID behind `mark`, in one spelling: systemd's slices have `_` for `-`. */
static bool find_uid(struct strbuf *out, const char *text, const char *mark)
{
	while ((text = strstr(text, mark))) {
		size_t i;

		text += strlen(mark);
		strbuf_reset(out);
		strbuf_add(out, text, strnlen(text, UID_LEN));
		for (i = 0; i < out->len; i++)
			if (out->buf[i] == '_')
				out->buf[i] = '-';
		if (out->len == UID_LEN && strspn(out->buf, "0123456789abcdef-")
					   == UID_LEN)
			return true;
	}
	strbuf_reset(out);
	return false;
}

/* The kubelet mounts /etc/hosts and more from a directory that it names. */
static void add_uid(struct value *map)
{
	struct strbuf text = STRBUF_INIT, uid = STRBUF_INIT;

	if (value_map_get(map, "uid"))
		return;
	if ((read_here(&text, "/proc/self/mountinfo", MOUNTS_MAX) &&
	     find_uid(&uid, text.buf, "/pods/")) ||
	    (read_here(&text, "/proc/self/cgroup", SMALL_FILE) &&
	     find_uid(&uid, text.buf, "pod")))
		value_map_set_str(map, "uid", uid.buf);
	strbuf_release(&text);
	strbuf_release(&uid);
}

static void add_labels(struct value *map)
{
	struct strbuf text = STRBUF_INIT;
	struct value *labels = value_new_map();

	if (read_here(&text, "/etc/podinfo/labels", SMALL_FILE))
		each_pair(text.buf, take_label, labels);
	labels = or_null(labels);
	if (labels)
		value_map_set(map, "labels", labels);
	strbuf_release(&text);
}

struct value *meta_kubernetes(void)
{
	static const char own[] =
		"/var/run/secrets/kubernetes.io/serviceaccount/namespace";
	struct value *map;

	if (!getenv("KUBERNETES_SERVICE_HOST") && !is_here(own) &&
	    !is_here("/etc/podinfo"))
		return NULL;
	map = value_new_map();
	set_env(map, "namespace", "POD_NAMESPACE");
	set_file(map, "namespace", "/etc/podinfo/namespace");
	set_file(map, "namespace", own);
	set_env(map, "pod", "POD_NAME");
	set_file(map, "pod", "/etc/podinfo/name");
	set_env(map, "pod", "HOSTNAME");	/* so the kubelet sets it */
	set_env(map, "uid", "POD_UID");
	set_file(map, "uid", "/etc/podinfo/uid");
	add_uid(map);
	set_env(map, "node", "NODE_NAME");
	set_env(map, "container", "CONTAINER_NAME");
	set_env(map, "job", "JOB_NAME");
	set_typed(map, "completion_index", getenv("JOB_COMPLETION_INDEX"));
	add_labels(map);
	return or_null(map);
}

/* ---- env ---------------------------------------------------------------- */

static const char *const usual_variables[] = {
	"CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "LANG", "LC_ALL",
	"LD_LIBRARY_PATH", "LD_PRELOAD", "MKL_NUM_THREADS",
	"NVIDIA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
	"PYTHONHASHSEED", "PYTHONPATH", "ROCR_VISIBLE_DEVICES", "TZ", NULL
};

static bool is_listed(const char *name, const struct strvec *patterns)
{
	size_t i;

	for (i = 0; !patterns->nr && usual_variables[i]; i++)
		if (!strcmp(name, usual_variables[i]))
			return true;
	for (i = 0; i < patterns->nr; i++)
		if (glob_match(patterns->v[i], name))
			return true;
	return false;
}

struct value *meta_env(const struct strvec *patterns)
{
	struct strvec found = STRVEC_INIT;
	struct value *map = value_new_map();
	struct strbuf name = STRBUF_INIT;
	char **entry;
	size_t i;

	for (entry = environ; entry && *entry; entry++) {
		strbuf_reset(&name);
		strbuf_add(&name, *entry, strcspn(*entry, "="));
		if (name.len && (*entry)[name.len] &&
		    is_listed(name.buf, patterns))
			strvec_push(&found, *entry);
	}
	strvec_sort(&found, true);
	for (i = 0; i < found.nr && i < MAX_VARIABLES; i++) {
		const char *value = strchr(found.v[i], '=') + 1;

		strbuf_reset(&name);
		strbuf_add(&name, found.v[i],
			   (size_t)(value - 1 - found.v[i]));
		if (strlen(value) <= MAX_VALUE)
			value_map_set_str(map, name.buf, value);
	}
	strbuf_release(&name);
	strvec_release(&found);
	return or_null(map);
}
