#!/bin/sh

test_description='hostile YAML, wherever it is read

Each text is put where a clone, a store or a colleague can put it: the conf, a
record here, a record in a pack of a store, the settings, files that are given
to write-exp. It is refused with one clear line, in little memory, and changes
nothing; what is beside it goes on to work. t1300, t1400 and the unit test of
YAML hold what is refused and where.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test "$(python3 -c "print(1)" 2>/dev/null)" = 1 ||
test_skip_all "python3 is missing"

good=aapfup_20240704T191555
bad=aapfuq_20240704T191655

# Each is YAML for a person, or nearly, and harm for a careless reader.
test_expect_success 'setup: texts' '
	mkdir texts && python3 -S -E - <<-\END
	def save(name, text):
	    if isinstance(text, str):
	        text = text.encode()
	    with open("texts/" + name, "wb") as out:
	        out.write(text)

	nine = "".join("a%d: &a%d [%s]\n" % (i, i, ",".join(["*a%d" % (i - 1)] * 9))
	               for i in range(1, 12))
	save("aliases", "a0: &a0 [lol, lol]\n" + nine)
	maps = "".join("b%d: &b%d {%s}\n" % (i, i, ", ".join(
	    "k%d: *b%d" % (j, i - 1) for j in range(9))) for i in range(1, 12))
	save("alias-maps", "b0: &b0 {x: y}\n" + maps)
	merges = "".join("c%d: &c%d {%s}\n" % (i, i, ", ".join(
	    "k%d: {<<: *c%d}" % (j, i - 1) for j in range(9)))
	    for i in range(1, 12))
	save("merges", "c0: &c0 {x: y}\n" + merges)
	save("scalar-alias", "a: &a \"%s\"\nb: [%s]\n" %
	     ("x" * 100000, ", ".join(["*a"] * 2000)))
	save("cycle", "a: &a [*a]\n")
	save("cycle-map", "a: &a {b: *a}\n")
	save("merge-self", "a: &a {<<: *a}\n")
	save("merge-text", "a: {<<: text}\n")
	save("merge-number", "a: {<<: [1, 2]}\n")
	save("twice", "a: 1\nb: 2\na: 3\n")
	save("twice-quoted", "a: 1\n\"a\": 2\n")
	save("twice-deep", "x: {y: {z: 1, z: 2}}\n")
	save("deep-flow", "a: " + "[" * 100000 + "]" * 100000 + "\n")
	save("deep-maps", "a: " + "{a: " * 100000 + "1" + "}" * 100000 + "\n")
	save("deep-block", "".join(" " * i + "a:\n" for i in range(2000)))
	save("deep-open", "a: " + "[" * 1000000)
	save("deep-json", "{\"a\": " + "[" * 100000)
	save("nul", b"a: \0\n")
	save("nul-key", b"a\0b: 1\n")
	save("nul-quoted", b"a: \"x\0y\"\n")
	save("utf8", b"a: \"\xff\"\n")
	save("utf8-overlong", b"a: \xc0\xaf\n")
	save("utf8-surrogate", b"a: \xed\xa0\x80\n")
	save("utf8-plain", b"\xfe\xfea: 1\n")
	save("utf16-half", b"\xff\xfea\0:\0 \0")
	save("escape", b"a: \033[2J\n")
	save("two", "a: 1\n---\nb: 2\n")
	save("open", "a: \"never closed\nb: 2\n" * 3 + "\"")
	save("tab", "a:\n\tb: 1\n")
	save("anchor", "a: *nobody\n")
	save("directive", "%YAML 9.9\n---\na: 1\n")
	save("directives", "%TAG ! tag:x\n" * 2 + "---\na: 1\n")
	save("tag", "a: !<" + "x" * 100 + "\n")
	save("list", "- a\n- b\n")
	save("text", "just a text\n")
	save("many", "a:\n" + "- 1\n" * 2100000)
	save("key-list", "? [%s]\n: 1\n" % ", ".join(["x" * 100] * 100))
	END
'

test_expect_success 'setup: 100 MB of one scalar' '
	{ printf "a: \"" && head -c 100000000 /dev/zero | tr "\0" x &&
	  echo "\"" ; } >texts/huge &&
	{ echo "a: |" && yes "  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" |
	  head -n 2000000 ; } >texts/huge-block
'

test_expect_success 'setup: a project, a store' '
	make_conf && cp resutil-conf.yaml conf && mkdir store store/project &&
	make_exp $good "id: $(test_id 1)" "state: done" &&
	make_exp $bad "id: $(test_id 2)" "state: done" &&
	ls texts >names && test_line_count -gt 35 names
'

# in_bounds LINES COMMAND...: no more memory than $memory KiB, and at most so
# many lines for people on stderr.
memory=200000
in_bounds () {
	in_bounds_lines=$1 && shift &&
	max-rss rss "$@" >out 2>err
	in_bounds_status=$?
	{ test_have_prereq SANITIZED || test "$(cat rss)" -lt $memory ; } &&
	test_line_count -le "$in_bounds_lines" err &&
	test_grep ! "[[:cntrl:]]" err &&
	test -z "$(grep -v "^resutil: " err)" &&
	return $in_bounds_status
	return 99
}

for text in aliases alias-maps merges scalar-alias cycle cycle-map \
	merge-self merge-text merge-number twice twice-quoted twice-deep \
	deep-flow deep-maps deep-block deep-open deep-json nul nul-key \
	nul-quoted utf8 utf8-overlong utf8-surrogate utf8-plain utf16-half \
	escape two open tab anchor directive directives tag list text many \
	key-list huge huge-block
do
	test_expect_success "$text: a record" '
		cp texts/$text results/$bad/resutil-exp.yaml &&
		test_expect_code 13 in_bounds 1 resutil read-exp $bad &&
		test_must_be_empty out && test_grep $bad err &&
		test_expect_code 3 in_bounds 1 resutil log --oneline &&
		grep $good out &&
		cmp texts/$text results/$bad/resutil-exp.yaml
	'

	test_expect_success "$text: a conf" '
		case $text in
		directive | list | text) cp texts/$text resutil-conf.yaml ;;
		*) cat conf texts/$text >resutil-conf.yaml ;;
		esac &&
		test_expect_code 13 in_bounds 1 resutil list-exps &&
		test_must_be_empty out && test_grep resutil-conf err &&
		test_expect_code 125 in_bounds 1 resutil run -m x -- touch ran &&
		test_path_is_missing ran
	'
	cp conf resutil-conf.yaml 2>/dev/null
done

test_expect_success 'in a store: shown without a state, fetched with a warning' '
	python3 -S -E - <<-\END &&
	import zipfile
	with open("names") as names:
	    texts = [t for t in names.read().split() if "huge" not in t]
	for i, text in enumerate(texts):
	    path = "store/project/aapfur_20240704T1000%02d.zip" % i
	    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
	        z.write("texts/" + text, "resutil-exp.yaml")
	        z.writestr("a", "a")
	END
	resutil push $good 2>err &&
	ls store/project >before && test_line_count -gt 35 before &&
	resutil push $good &&
	resutil rm -l -y $good $bad &&
	memory=600000 &&
	in_bounds 0 resutil -c list.timeout=60 list &&
	grep $good out && grep "aapfur.*| -  " out &&
	in_bounds 60 resutil pull -A &&
	test_path_is_file results/$good/resutil-exp.yaml &&
	test_line_count = $(($(wc -l <before) - 1)) err &&
	grep "is fetched, but" err >told && test_cmp err told &&
	memory=200000 &&
	ls store/project >after && test_cmp before after
'

test_expect_success 'settings of the user' '
	mkdir -p "$HOME/.config/resutil" &&
	for text in aliases merges cycle twice deep-flow nul utf8 two huge
	do
		cp texts/$text "$HOME/.config/resutil/config.yaml" &&
		test_must_fail in_bounds 1 resutil list-exps &&
		test_grep config.yaml err || return 1
	done &&
	rm "$HOME/.config/resutil/config.yaml"
'

test_expect_success 'files that write-exp reads' '
	mkdir dir &&
	for text in aliases merges cycle twice deep-flow nul utf8 two huge
	do
		for option in from git meta
		do
			test_must_fail in_bounds 1 resutil write-exp --dir dir \
				--name $good --$option texts/$text &&
			test_grep texts/$text err &&
			test_path_is_missing dir/resutil-exp.yaml || return 1
		done || return 1
	done
'

test_done
