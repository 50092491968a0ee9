#include "lib/base/compat.h"
#include "lib/exp/record/exp-links.h"

#include "lib/base/beneath.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/exp-tree.h"

bool exp_link_leads_outside(const char *path, const char *target)
{
	long depth = 0;
	size_t len;

	if (*target == '/')
		return true;
	for (; (path = strchr(path, '/')); path++)
		depth++;
	for (; *target; target += len) {
		target += strspn(target, "/");
		len = strcspn(target, "/");
		if (len == 2 && target[0] == '.' && target[1] == '.')
			depth--;
		else if (len && !(len == 1 && *target == '.'))
			depth++;
		if (depth < 0)
			return true;
	}
	return false;
}

static bool leads_outside(const struct exp_tree *tree,
			  const struct exp_entry *e)
{
	char target[PATH_MAX];
	const char *base;
	ssize_t len;
	int at = open_parent_beneath(tree->fd, e->path, &base);

	if (at < 0)
		return false;
	len = readlinkat(at, base, target, sizeof(target) - 1);
	close(at);
	if (len < 0)
		return false;
	target[len] = '\0';
	return exp_link_leads_outside(e->path, target);
}

int exp_links_outside(const char *dir, struct strvec *out, struct strbuf *err)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf shown = STRBUF_INIT;
	size_t i;
	int ret = exp_tree_read(&tree, dir, err);

	for (i = 0; !ret && i < tree.nr; i++) {
		const struct exp_entry *e = &tree.entry[i];

		if (!S_ISLNK(e->mode) || !leads_outside(&tree, e))
			continue;
		strbuf_reset(&shown);
		quote_c(&shown, e->path, e->path_len);
		strvec_push(out, shown.buf);
	}
	strbuf_release(&shown);
	exp_tree_release(&tree);
	return ret;
}
