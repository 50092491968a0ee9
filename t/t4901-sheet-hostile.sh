#!/bin/sh

test_description='hostile titles and values, read back by other programs'

. ./test-lib.sh

test "$(python3 -c "print(1)" 2>/dev/null)" = 1 ||
test_skip_all "python3 is missing"
test -x "$BUILD_DIRECTORY/helper/sheet-tool" ||
test_skip_all "sheet-tool is not built"
PATH=$BUILD_DIRECTORY/helper:$PATH

hostile () {
	python3 "$TEST_DIRECTORY/helper/sheet-hostile.py" "$@"
}

for form in csv tsv json latex html
do
	test_expect_success "$form: what went in comes back" '
		hostile $form 1 120
	'
done

test_lazy_prereq CMARK 'command -v cmark-gfm'

test_expect_success CMARK 'markdown: cmark-gfm sees the table, and nothing else' '
	hostile markdown 1 80
'

test_expect_success 'table: it fits into any width' '
	hostile table 1 25
'

test_expect_success 'html: the page allows its own script and style alone' '
	echo "[{\"title\":\"a\"}]" | sheet-tool html >page &&
	cat >check.py <<-\END &&
	import base64, hashlib, re
	page = open("page", encoding="utf-8").read()
	policy = re.search("Content-Security-Policy\" content=\"([^\"]*)\"", page)
	parts = dict(p.strip().split(" ", 1) for p in policy.group(1).split(";"))
	assert parts.pop("default-src") == "'\''none'\''", parts
	for tag in "script", "style":
	    (text,) = re.findall("<%s>(.*?)</%s>" % (tag, tag), page, re.S)
	    digest = hashlib.sha256(text.encode()).digest()
	    want = "'\''sha256-%s'\''" % base64.b64encode(digest).decode()
	    assert parts.pop(tag + "-src") == want, (tag, want)
	assert not parts, parts
	END
	python3 check.py
'

test_lazy_prereq NODE 'command -v node'

# As much of a page as the script asks for.
cat >page.js <<'END'
const fs = require("fs");
const page = fs.readFileSync("page", "utf8");
const script = /<script>([^]*?)<\/script>/.exec(page)[1];
const cell = text => ({textContent: text, dataset: {}});
const number = v => ({textContent: v + " s", dataset: {v: String(v)}});
const body = {rows: [], appendChild(tr) {
	this.rows = this.rows.filter(x => x !== tr).concat([tr]);
}};
const button = {};
const th = {attributes: {}, querySelector: () => button,
	getAttribute(name) { return this.attributes[name]; },
	setAttribute(name, value) { this.attributes[name] = value; },
	removeAttribute(name) { delete this.attributes[name]; }};
global.document = {
	querySelectorAll: () => [th], querySelector: () => body
};
eval(script);
const sorted = (cells, clicks) => {
	body.rows = cells.map((c, nr) => ({cells: [c], nr}));
	th.attributes = {};
	for (let i = 0; i < clicks; i++)
		button.onclick();
	return body.rows.map(r => r.cells[0].textContent || "-").join(",");
};
const cells = [number(10), cell(""), number(9), cell("b"), number(-1),
	cell("a"), number(Infinity)];
console.log(sorted(cells, 1), th.attributes["aria-sort"]);
console.log(sorted(cells, 2), th.attributes["aria-sort"]);
console.log(sorted(cells, 3), th.attributes["aria-sort"]);
END

test_expect_success NODE 'html: a click on a title sorts, what is empty stays last' '
	cat >expect <<-\END &&
	-1 s,9 s,10 s,Infinity s,a,b,- ascending
	b,a,Infinity s,10 s,9 s,-1 s,- descending
	-1 s,9 s,10 s,Infinity s,a,b,- ascending
	END
	node page.js >actual && test_cmp expect actual
'

test_done
