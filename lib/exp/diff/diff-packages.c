#include "lib/base/compat.h"
#include "lib/exp/diff/diff-findings.h"

#include "lib/base/alloc.h"
#include "lib/exp/git/code-reach.h"

#define NAME_MAX_LEN 200

/* Modules that are not called as what they come with: module, package. */
static const char *const other_names[][2] = {
	{ "bs4", "beautifulsoup4" }, { "cv2", "opencv-python" },
	{ "cv2", "opencv-python-headless" },
	{ "cv2", "opencv-contrib-python" }, { "Crypto", "pycryptodome" },
	{ "dateutil", "python-dateutil" }, { "dotenv", "python-dotenv" },
	{ "faiss", "faiss-cpu" }, { "faiss", "faiss-gpu" },
	{ "fitz", "pymupdf" }, { "google", "protobuf" },
	{ "git", "gitpython" }, { "hydra", "hydra-core" },
	{ "IPython", "ipython" }, { "jax", "jaxlib" },
	{ "MySQLdb", "mysqlclient" }, { "OpenSSL", "pyopenssl" },
	{ "PIL", "pillow" }, { "pkg_resources", "setuptools" },
	{ "psycopg2", "psycopg2-binary" }, { "skimage", "scikit-image" },
	{ "sklearn", "scikit-learn" }, { "skopt", "scikit-optimize" },
	{ "serial", "pyserial" }, { "tensorflow", "tensorflow-cpu" },
	{ "tensorflow", "tensorflow-gpu" }, { "umap", "umap-learn" },
	{ "usb", "pyusb" }, { "yaml", "pyyaml" }, { "zmq", "pyzmq" }
};

struct package {
	char *name;	/* as PEP 503 makes it: small letters, `-` */
	const char *line;
};

struct packages {
	struct package *item;
	size_t nr, alloc;
};

/* "Foo_Bar" is "foo-bar". */
static void add_name(struct strbuf *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		char c = (char)tolower((unsigned char)text[i]);

		if (!strchr("-_.", c))
			strbuf_addch(out, c);
		else if (out->len && out->buf[out->len - 1] != '-')
			strbuf_addch(out, '-');
	}
}

/* "numpy==1.24.2", "mine @ git+https://...", "-e file:///src#egg=mine" */
static char *package_name(const char *line)
{
	const char *egg = strstr(line, "#egg=");
	const char *from = egg ? egg + 5 : line;
	struct strbuf name = STRBUF_INIT;

	add_name(&name, from, MINIMUM(strcspn(from, " =<>!~@[;"),
				      (size_t)NAME_MAX_LEN));
	return strbuf_detach(&name, NULL);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct package *)a)->name,
		      ((const struct package *)b)->name);
}

/* False: the record has none. */
static bool read_packages(struct packages *out, const struct value *record)
{
	const struct value *list = value_get(record, "meta.packages");
	size_t i;

	if (!list || list->type != VALUE_LIST)
		return false;
	for (i = 0; i < list->u.list.nr; i++) {
		const char *line = value_text(list->u.list.item[i]);

		if (!line)
			continue;
		ARRAY_GROW(out->item, out->nr + 1, out->alloc);
		out->item[out->nr].name = package_name(line);
		out->item[out->nr++].line = line;
	}
	if (out->nr)
		qsort(out->item, out->nr, sizeof(*out->item), compare);
	return true;
}

static void packages_release(struct packages *p)
{
	size_t i;

	for (i = 0; i < p->nr; i++)
		free(p->item[i].name);
	free(p->item);
}

/* What stands behind the name: "1.24.2", or the rest of the line. */
/* NULL: the package is not there. */
static struct value *version_of(const struct package *p)
{
	const char *at;

	if (!p)
		return NULL;
	at = p->line + strcspn(p->line, " =<>!~@[;");
	if (!strncmp(at, "==", 2))
		return value_new_str(at + 2);
	return value_new_str(p->line);
}

/* The same name may be spelt in several ways. */
static bool is_same(const struct package *a, const struct package *b)
{
	struct value *one = version_of(a), *two = version_of(b);
	bool same = value_equal(one, two);

	value_free(two);
	value_free(one);
	return same;
}

/* Who imports it; NULL: nobody is known to. */
static const char *imported_by(const struct code_reach *reach,
			       const char *package)
{
	char module[NAME_MAX_LEN + 1];
	const char *by = NULL;
	size_t i;

	if (!reach)
		return NULL;
	for (i = 0; i < NAME_MAX_LEN && package[i]; i++)
		module[i] = package[i] == '-' ? '_' : package[i];
	module[i] = '\0';
	by = code_reach_module(reach, module);
	for (i = 0; !by && i < ARRAY_SIZE(other_names); i++)
		if (!strcmp(other_names[i][1], package))
			by = code_reach_module(reach, other_names[i][0]);
	return by;
}

static void add(struct findings *out, const char *name,
		const struct package *a, const struct package *b,
		const struct code_reach *reach)
{
	const char *by = imported_by(reach, name);
	struct strbuf full = STRBUF_INIT;
	struct finding *finding;

	strbuf_addf(&full, "package:%s", name);
	finding = findings_add(out, DIFF_PACKAGES,
			       by ? DIFF_ACTS : DIFF_MAY_ACT,
			       by ? RANK_PACKAGE : RANK_OTHER_PACKAGE,
			       full.buf);
	finding_values(finding, version_of(a), version_of(b));
	if (by)
		finding_why(finding, "imported by %s", by);
	strbuf_release(&full);
}

void diff_packages(struct findings *out, const struct diff_run *run_a,
		   const struct diff_run *run_b,
		   const struct code_reach *reach)
{
	struct packages a = { NULL, 0, 0 }, b = { NULL, 0, 0 };
	bool has_a = read_packages(&a, run_a->record);
	bool has_b = read_packages(&b, run_b->record);
	size_t i = 0, j = 0;

	if (has_a != has_b)
		strvec_pushf(&out->unknown, "packages: the record of %s has "
			     "none", has_a ? run_b->name : run_a->name);
	while (has_a && has_b && (i < a.nr || j < b.nr)) {
		int order = i == a.nr ? 1 : j == b.nr ? -1 :
			    strcmp(a.item[i].name, b.item[j].name);
		const struct package *in_a = order <= 0 ? &a.item[i++] : NULL;
		const struct package *in_b = order >= 0 ? &b.item[j++] : NULL;

		if (!in_b)
			add(out, in_a->name, in_a, NULL, reach);
		else if (!in_a)
			add(out, in_b->name, NULL, in_b, reach);
		else if (!is_same(in_a, in_b))
			add(out, in_a->name, in_a, in_b, reach);
	}
	packages_release(&b);
	packages_release(&a);
}
