#!/bin/sh

test_description='hash-experiment, and the tree hash of resutilformat-hash(5)'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

A=aapfup_20240704T191555_first
B=aapfup_20240704T191555_second
NOTHING=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
PAGE=cfb09553112a333dc14605b787f01fa25abdf8117a3524a1e42f459c7f93dadb

# the same, computed by another program from the format's page
python_hash () {
	python3 -S "$TEST_DIRECTORY"/helper/tree-hash.py "$@"
}

make_tree () {
	python3 "$TEST_DIRECTORY"/helper/make-tree.py "$@"
}

# the tree of the page's example
make_page_tree () {
	mkdir -p "$1/model" && printf abc >"$1/model/weights.bin" &&
	: >"$1/run.sh" && chmod 755 "$1/run.sh" && ln -s model "$1/latest"
}

test_expect_success 'setup' '
	make_conf project && make_page_tree tree &&
	(
		cd project && make_exp $A && make_exp $B &&
		make_page_tree results/$A && echo 2 >results/$B/out
	)
'

test_expect_success 'a directory outside of a project' '
	resutil hash-experiment tree >out 2>err &&
	printf "$PAGE\ttree\n" >want && test_cmp want out &&
	test_must_be_empty err &&
	resutil hash-experiment ./tree/ tree/model/.. "$PWD/tree" >out &&
	printf "$PAGE\t%s\n" ./tree/ tree/model/.. "$PWD/tree" >want &&
	test_cmp want out &&
	(cd tree && resutil hash-experiment . >../out) &&
	printf "$PAGE\t.\n" >want && test_cmp want out &&
	mkdir empty && resutil hash-experiment empty >out &&
	printf "$NOTHING\tempty\n" >want && test_cmp want out &&
	ln -s tree link && resutil hash-experiment link >out &&
	printf "$PAGE\tlink\n" >want && test_cmp want out
'

test_expect_success PYTHON 'every tree of version 1 has the hash it always had' '
	make_tree v1 "$TEST_DIRECTORY"/fixtures/hash/v1/*.json >want &&
	test_line_count -gt 9 want &&
	cut -f 2 want | resutil hash-experiment --record --stdin >out &&
	test_cmp want out &&
	cut -f 1,2 want >want-python &&
	python_hash $(cut -f 2 want) >out && test_cmp want-python out
'

test_expect_success PYTHON 'the same for random trees, and for any number of threads' '
	for seed in 1 2 3 4
	do
		python3 "$TEST_DIRECTORY"/helper/random-tree.py $seed \
			random-$seed || return 1
	done &&
	python_hash random-1 random-2 random-3 random-4 >want &&
	for j in 0 1 2 3 8 1000
	do
		resutil hash-experiment -j $j random-1 random-2 random-3 \
			random-4 >out && test_cmp want out || return 1
	done
'

test_expect_success PYTHON 'thousands of files, some of them big' '
	python3 - <<-\EOF &&
	import os
	for d in range(30):
	    os.makedirs("many/%d.d/x" % d)
	    for f in range(100):
	        with open("many/%d.d/%d" % (d, f), "w") as stream:
	            stream.write("%d %d\n" % (d, f) * f)
	for size in (1 << 20, (1 << 20) + 1, 3 << 20, 5000001):
	    with open("many/7.d/x/%d" % size, "wb") as stream:
	        stream.write(b"0123456" * (size // 7 + 1))
	EOF
	python_hash many >want &&
	for j in 1 2 8
	do
		resutil hash-experiment -j $j many >out &&
		test_cmp want out || return 1
	done
'

test_expect_success 'what changes the hash, and what does not' '
	hash () { resutil hash-experiment tree | cut -f 1 ; } &&
	same () { test $(hash) = $PAGE ; } &&
	other () { test $(hash) != $PAGE ; } &&
	touch -d 2001-02-03 tree/run.sh tree/model tree && same &&
	chmod 600 tree/model/weights.bin && chmod 700 tree/model && same &&
	chmod 644 tree/model/weights.bin && chmod 755 tree/model && same &&
	echo record >tree/resutil-exp.yaml && same &&
	echo half >tree/resutil-exp.yaml.12.3.tmp && same &&
	rm tree/resutil-exp.yaml* &&
	chmod -x tree/run.sh && other && chmod +x tree/run.sh && same &&
	mkdir tree/new && other && rmdir tree/new && same &&
	mv tree/run.sh tree/Run.sh && other && mv tree/Run.sh tree/run.sh &&
	printf abd >tree/model/weights.bin && other &&
	printf abc >tree/model/weights.bin && same &&
	rm tree/latest && other && ln -s model/ tree/latest && other &&
	rm tree/latest && printf model >tree/latest && other &&
	rm tree/latest && ln -s model tree/latest && same
'

test_expect_success 'an experiment in every way, also by its directory' '
	(
		cd project &&
		printf "$PAGE\t$A\n" >../want &&
		for exp in $A first results/$A results/$A/ ./results/$A \
			"$PWD/results/$A"
		do
			resutil hash-experiment "$exp" >../out &&
			test_cmp ../want ../out || return 1
		done &&
		cd results/$A && resutil hash-experiment . >../../../out &&
		test_cmp ../../../want ../../../out &&
		cd model && resutil hash-experiment .. >../../../../out &&
		test_cmp ../../../../want ../../../../out &&
		resutil hash-experiment . >../../../../out &&
		test_grep "	\\.$" ../../../../out
	)
'

test_expect_success 'a plain word is an experiment before it is a directory' '
	test_when_finished "rm -r project/second project/plain" &&
	(
		cd project && mkdir second plain &&
		resutil hash-experiment second ./second plain >../out
	) &&
	cut -f 2 out >names &&
	printf "%s\n" $B ./second plain >want && test_cmp want names &&
	cut -f 1 out | tail -n 2 >hashes &&
	printf "$NOTHING\n$NOTHING\n" >want && test_cmp want hashes
'

test_expect_success '--record' '
	(cd project && resutil hash-experiment --record $A >../out) &&
	printf "$PAGE\t$A\t%s\n" \
		$(sha256sum <project/results/$A/resutil-exp.yaml |
		  cut -c -64) >want &&
	test_cmp want out &&
	resutil hash-experiment --record tree >out &&
	printf "$PAGE\ttree\t-\n" >want && test_cmp want out
'

test_expect_success PYTHON '--json' '
	test_when_finished "rm project/results/$A/pipe" &&
	mkfifo project/results/$A/pipe &&
	(
		cd project &&
		resutil hash-experiment --json $A ../tree 2>../err >../out
	) &&
	test_line_count = 2 out &&
	cat >check.py <<-\EOF &&
	import json, sys
	one, two = map(json.loads, open("out"))
	page, name, record = sys.argv[1:]
	assert one == {"name": name, "tree": page, "record": record,
	               "entries": 4, "bytes": 3,
	               "skipped": ["pipe (FIFO)"]}, one
	assert two == {"name": "../tree", "tree": page, "record": None,
	               "entries": 4, "bytes": 3, "skipped": []}, two
	EOF
	python3 check.py $PAGE $A \
		$(sha256sum <project/results/$A/resutil-exp.yaml | cut -c -64)
'

test_expect_success '--stdin, and -z' '
	nl="new
line" &&
	make_page_tree "$nl" && make_page_tree "tab	quote\"" &&
	printf "%s\n" tree empty >in &&
	resutil hash-experiment --stdin <in >out &&
	printf "%s\n" "$PAGE	tree" "$NOTHING	empty" >want &&
	test_cmp want out &&
	printf "%s\0" "$nl" "tab	quote\"" >in &&
	resutil hash-experiment -z --stdin <in >out &&
	printf "%s\0" "$PAGE	$nl" "$PAGE	tab	quote\"" >want &&
	test_cmp_bin want out &&
	resutil hash-experiment --stdin -z <in --json >out &&
	tr "\0" "\n" <out >lines && test_line_count = 2 lines &&
	resutil hash-experiment "$nl" "tab	quote\"" >out &&
	printf "%s\n" "$PAGE	\"new\\nline\"" "$PAGE	\"tab\\tquote\\\"\"" \
		>want &&
	test_cmp want out &&
	resutil hash-experiment --stdin </dev/null >out &&
	test_must_be_empty out
'

test_expect_success PYTHON 'a name that is not UTF-8' '
	raw=$(printf "raw\\377") && make_page_tree "$raw" &&
	resutil hash-experiment "$raw" >out &&
	printf "%s\n" "$PAGE	\"raw\\377\"" >want && test_cmp want out &&
	resutil hash-experiment --json "$raw" >out &&
	python3 -c "
import json
assert json.load(open(\"out\"))[\"name\"] == {\"base64\": \"cmF3/w==\"}
	"
'

test_expect_success 'what is no content is named and left out' '
	make_page_tree special && mkfifo special/model/pipe &&
	mkfifo "special/a
b" &&
	resutil hash-experiment special >out 2>err &&
	printf "$PAGE\tspecial\n" >want && test_cmp want out &&
	cat >want <<-\EOF &&
	resutil: warning: '\''"a\nb" (FIFO)'\'' in '\''special'\'' is not hashed
	resutil: warning: '\''model/pipe (FIFO)'\'' in '\''special'\'' is not hashed
	EOF
	test_cmp want err
'

test_expect_success 'what is missing, and wrong words' '
	test_expect_code 10 resutil hash-experiment gone >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep "gone" err &&
	test_expect_code 10 resutil hash-experiment tree/run.sh 2>err &&
	test_expect_code 10 resutil hash-experiment gone ./gone 2>err &&
	test_expect_code 3 resutil hash-experiment gone tree >out 2>err &&
	printf "$PAGE\ttree\n" >want && test_cmp want out &&
	test_expect_code 129 resutil hash-experiment 2>err &&
	test_expect_code 129 resutil hash-experiment --stdin tree 2>err &&
	for bad in -1 x 1x "" 99999999999
	do
		test_expect_code 129 resutil hash-experiment -j "$bad" tree \
			>out 2>err && test_must_be_empty out || return 1
	done &&
	(
		cd project &&
		test_expect_code 129 resutil hash-experiment \
			aapfup_20240704T191555 2>../err &&
		test_expect_code 10 resutil hash-experiment origin/@ 2>../err
	)
'

test_expect_success AS_USER 'what cannot be read is named, and there is no hash' '
	make_page_tree closed && mkdir closed/dir &&
	chmod 000 closed/model/weights.bin &&
	if test "$(id -u)" = 0
	then
		chown -R 65534:65534 closed
	fi &&
	test_expect_code 128 as_user resutil hash-experiment closed \
		>out 2>err &&
	test_must_be_empty out &&
	echo "resutil: cannot read '\''closed/model/weights.bin'\'': Permission denied" \
		>want &&
	test_cmp want err &&
	chmod 400 closed/model/weights.bin && chmod 000 closed/dir &&
	test_expect_code 128 as_user resutil hash-experiment closed \
		>out 2>err &&
	test_must_be_empty out && test_grep "closed/dir/" err &&
	chmod 755 closed/dir && rmdir closed/dir &&
	as_user resutil hash-experiment closed >out &&
	printf "$PAGE\tclosed\n" >want && test_cmp want out
'

# The writer is quicker than the reader, nearly always.
test_expect_success PYTHON 'a file that keeps changing has no hash' '
	mkdir busy && cat >writer.py <<-\EOF &&
	import os, sys, time
	end = time.time() + 60
	fd = os.open("busy/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
	os.truncate(fd, 64 << 20)
	open("ready", "w").close()
	while time.time() < end and not os.path.exists("stop"):
	    for _ in range(100):
	        os.write(fd, b"x")
	EOF
	python3 writer.py & writer=$! &&
	test_when_finished "touch stop && wait $writer" &&
	test_wait_for 20 test -e ready &&
	code=0 tries=0 &&
	while test $code = 0 && test $tries -lt 30
	do
		resutil hash-experiment busy >out 2>err
		code=$? tries=$((tries + 1))
	done &&
	test $code = 14 &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep "busy/log.* changed while it was read" err
'

# The writer waits until the file is being read, and adds one byte.
test_expect_success PYTHON 'a file that changed once is read again' '
	mkdir once && cat >once.py <<-\EOF &&
	import os, time
	end = time.time() + 30
	while time.time() < end:
	    if os.path.exists("trace") and b"hash: read" in open("trace", "rb").read():
	        break
	with open("once/log", "ab") as stream:
	    stream.write(b"x")
	EOF
	reads=1 tries=0 &&
	while test $reads = 1 && test $tries -lt 20
	do
		rm -f trace once/log && : >once/log &&
		truncate -s 256M once/log &&
		{ python3 once.py & } && writer=$! &&
		RESUTIL_TRACE=$PWD/trace resutil hash-experiment once >out &&
		wait $writer && tries=$((tries + 1)) &&
		reads=$(grep -c "hash: read once/log" trace) || return 1
	done &&
	test $reads = 2 && python_hash once >want && test_cmp want out
'

test_expect_success PYTHON 'paths longer than one system call takes' '
	cat >deep.py <<-\EOF &&
	import hashlib, os
	path, lines = "", []
	nothing = hashlib.sha256(b"").hexdigest()
	os.mkdir("deep")
	os.chdir("deep")
	for level in range(300):
	    path += "n" * 99 + "/"
	    lines.append("040000 0 %s %s\0" % (nothing, path))
	    os.mkdir("n" * 99)
	    os.chdir("n" * 99)
	for name in ("file", "other"):
	    with open(name, "w") as stream:
	        stream.write(name)
	    lines.append("100644 %d %s %s\0" % (len(name),
	        hashlib.sha256(name.encode()).hexdigest(), path + name))
	os.symlink("x" * 4000, "zlink")
	lines.append("120000 4000 %s %s\0" % (
	    hashlib.sha256(b"x" * 4000).hexdigest(), path + "zlink"))
	print(hashlib.sha256("".join(lines).encode()).hexdigest(), "deep", sep="\t")
	EOF
	python3 deep.py >want && resutil hash-experiment deep >out &&
	test_cmp want out &&
	(ulimit -n 40 && resutil hash-experiment deep) >out &&
	test_cmp want out
'

test_expect_success 'many threads do with few open files' '
	for i in $(seq 16)
	do
		mkdir -p wide/$i/a && echo $i >wide/$i/a/x &&
		truncate -s 16M wide/$i/large || return 1
	done &&
	resutil hash-experiment -j 1 wide >want &&
	for nr in 24 32 64
	do
		(ulimit -n $nr && resutil hash-experiment -j 32 wide) >out &&
		test_cmp want out || return 1
	done
'

test_done
