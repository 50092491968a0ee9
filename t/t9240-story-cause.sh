#!/bin/sh

test_description='a story: the cause among many differences that are none

A program of many files ran well in spring and ran badly in autumn. Between the
two runs lie new files, edited tests and pages, other packages, another machine
and another user. Each time one thing is planted that the program really uses,
and the result really changes by it. It has to come first.'

. ./test-lib.sh

test "$(python3 -c "print(1)" 2>/dev/null)" = 1 ||
test_skip_all "python3 is missing"

# What changes between any two runs, and does nothing.
noise () {
	for noise_nr in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20
	do
		echo "value = \"$1\"" >attic/old$noise_nr.py &&
		echo "assert \"$1\"" >tests/test_$noise_nr.py &&
		echo "# $1" >docs/page$noise_nr.md || return 1
	done &&
	echo "$1" >README.md && echo "$1" >notes.txt
}

# As another machine with a hundred other packages would have recorded it.
elsewhere () {
	{
		echo "{\"host\": \"$2\", \"user\": \"$2\", \"meta\": {" &&
		echo "\"system\": {\"os\": \"$2 Linux\", \"release\": \"$2\"}," &&
		echo "\"cpu\": {\"model\": \"$2\", \"logical\": 4}," &&
		printf "\"packages\": [\"numpy==%s\"" "${3-1.0}" &&
		for elsewhere_nr in 1 2 3 4 5 6 7 8 9
		do
			printf ",\"a%s==%s\",\"z%s==%s\"" $elsewhere_nr $2 \
				$elsewhere_nr $2 || return 1
		done &&
		echo "]}}"
	} >change &&
	resutil update-exp --from=change "$(resutil rev-exp $1)" && rm change
}

# spring ARG..., autumn ARG...: the two runs
spring () {
	resutil -q run -m "spring$n" --no-push -- python3 train.py "$@" >out &&
	elsewhere spring$n ann
}

autumn () {
	noise autumn$n &&
	resutil -q run -m "autumn$n" --no-push -- python3 train.py "$@" >out &&
	elsewhere autumn$n bob ${package-}
}

# first NAME WHY: what comes first, and that there was much else.
first () {
	resutil diff --format="%(name)|%(class)|%(why)" --no-repeats \
		--only=command --only=params --only=code --only=inputs \
		--only=packages --only=environment --only=record \
		spring$n autumn$n >found &&
	test_line_count -gt 60 found &&
	head -n 1 found >actual && echo "$1|acts|${2-}" >expect &&
	test_cmp expect actual &&
	resutil diff --stat --only=results spring$n autumn$n >page &&
	test_grep "info.acc  *0.9 -> 0.5" page
}

test_expect_success 'setup: a program of many files, and a run of it' '
	git init -q . && git config user.name ann &&
	git config user.email ann@localhost &&
	resutil --no-interactive init --project-name project >out &&
	printf "meta:\n  env: [SCALE, LANG, SHELL_SESSION]\n" >>resutil-conf.yaml &&
	mkdir attic tests docs net numpy.fake && noise spring &&
	cat >train.py <<-\END &&
	import argparse, os, subprocess
	import net.model
	parser = argparse.ArgumentParser()
	parser.add_argument("--lr", type=float, default=0.1)
	parser.add_argument("--data")
	args, _ = parser.parse_known_args()
	acc = net.model.score(args.lr)
	if args.data:
	    acc = float(open(args.data + "/acc").read())
	if os.environ.get("SCALE"):
	    acc = float(os.environ["SCALE"])
	subprocess.run(["resutil", "inform", "acc=%g" % acc], check=True)
	print("acc", acc)
	END
	echo "from . import layers, head" >net/__init__.py &&
	cat >net/model.py <<-\END &&
	from .layers import dense
	def score(lr):
	    return 0.5 if lr > 1 else dense()
	END
	cat >net/layers.py <<-\END &&
	from net.head import factor
	def dense():
	    return factor * 1.0
	END
	echo "factor = 0.9" >net/head.py && rmdir numpy.fake &&
	printf "/%s\n" actual expect found out page >.git/info/exclude &&
	printf "%s\n" __pycache__ >.gitignore && git add -A . ":!results" &&
	git commit -q -m spring
'

test_expect_success 'a constant, three imports deep' '
	n=1 && spring && sed s/0.9/0.5/ net/head.py >new && mv new net/head.py &&
	autumn && first code:net/head.py "imported by net/__init__.py" &&
	resutil diff --patch --only=code spring1 autumn1 >patch &&
	grep "^+[^+]" patch | head -n 1 >actual && echo "+factor = 0.5" >expect &&
	test_cmp expect actual && rm patch
'

test_expect_success 'the same, committed, and seen from another clone' '
	git add -A . ":!results" && git commit -q -m autumn &&
	n=2 && git stash list >out && autumn &&
	resutil diff --name-only spring1 autumn2 >found && head -n 1 found >actual &&
	echo code:net/head.py >expect && test_cmp expect actual &&
	resutil push spring1 autumn2 >out 2>&1 && git clone -q . ../clone &&
	git -C ../clone checkout -q HEAD~1 && cp resutil-conf.yaml ../clone/ &&
	(cd ../clone && resutil diff --name-only spring1 autumn2) >there &&
	head -n 1 there >actual && test_cmp expect actual &&
	rm there && rm -r ../clone
'

test_expect_success 'setup: as it was in spring' '
	noise spring && echo "factor = 0.9" >net/head.py
'

test_expect_success 'a parameter among those that say where output goes' '
	n=3 && spring --lr 0.2 --log-dir a --run-name a --verbose &&
	autumn --lr 2 --log-dir b --run-name b --no-verbose &&
	first params.lr && noise spring
'

test_expect_success 'a variable that the code reads' '
	n=4 && SCALE= && SHELL_SESSION=1 && LANG=C && export SHELL_SESSION &&
	SCALE=0.9 SHELL_SESSION=1 spring && SCALE=0.5 SHELL_SESSION=2 autumn &&
	first meta.env.SCALE "used in train.py" && noise spring
'

test_expect_success 'data that were made again under the same name' '
	n=5 && mkdir made && echo 0.9 >made/acc &&
	one=$(resutil add --from made data) && echo 0.5 >made/acc &&
	two=$(resutil add --from made data) && rm -r made &&
	spring --data results/$one && autumn --data results/$two &&
	resutil diff --no-repeats --name-only spring5 autumn5 >found &&
	head -n 2 found >actual &&
	printf "%s\n" params.data dependency:data >expect &&
	test_cmp expect actual && noise spring
'

# The program imports it, so it is told from eighteen others; what it does is
# played by a module.
test_expect_success 'a package that the code imports' '
	n=6 && mkdir site && echo "import numpy" >>net/head.py &&
	echo "factor = numpy.factor" >>net/head.py &&
	echo "factor = 0.9" >site/numpy.py &&
	PYTHONPATH=site spring && echo "factor = 0.5" >site/numpy.py &&
	package=2.0 && PYTHONPATH=site autumn && package= &&
	resutil diff --no-repeats --name-only spring6 autumn6 -- net >found &&
	head -n 1 found >actual && echo package:numpy >expect &&
	test_cmp expect actual && rm -r site &&
	echo "factor = 0.9" >net/head.py && noise spring
'

test_expect_success 'nothing that acts: then it says so' '
	n=7 && spring && autumn &&
	resutil diff --no-repeats --format="%(class)" --only=command \
		--only=params --only=code --only=inputs --only=packages \
		--only=environment spring7 autumn7 >found &&
	! grep "^acts" found && test_line_count -gt 60 found &&
	resutil diff --stat --no-repeats spring7 autumn7 >page &&
	! grep "differs and acts" page
'

test_expect_success 'and the gate of the next pull request is closed' '
	test_expect_code 1 resutil diff --stat --fail-if "acc < -1%" spring1 \
		autumn1 >page && test_grep "failed  acc < -1%" page &&
	resutil diff --stat --fail-if "acc < -1%" spring7 autumn7 >page
'

test_done
