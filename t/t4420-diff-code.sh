#!/bin/sh

test_description='diff: which code differs, and which of it runs'

. ./test-lib.sh

# file PATH LINE...
file () {
	mkdir -p "$(dirname "$1")" && file_path=$1 && shift &&
	printf "%s\n" "$@" >"$file_path"
}

# run_as COMMENT COMMAND...
run_as () {
	run_as_comment=$1 && shift &&
	resutil -q run -m "$run_as_comment" --no-push -- "$@" >/dev/null
}

# differs_in COMMENT COMMENT: the findings about code, "name class why"
differs_in () {
	resutil diff --no-repeats --only=code \
		--format="%(name)|%(class)|%(why)" "$1" "$2" |
		grep "^code:" >actual
}

test_expect_success 'setup' '
	test_set_now 1720088155 && git init -q -b main . &&
	git config user.name ann && git config user.email ann@localhost &&
	resutil --no-interactive init --project-name project >/dev/null &&
	file src/train.py "import os, sys" "import nets.big as net, numpy" \
		"from util import (" "    read," "    write)" \
		"from . import beside" "open(\"../conf/base.yaml\")" &&
	file src/nets/__init__.py "" && file src/nets/big.py "from .layers import dense" &&
	file src/nets/layers.py "dense = 1" && file src/nets/unused.py "x = 1" &&
	file src/util/__init__.py "from . import deep" &&
	file src/util/deep.py "import importlib" \
		"m = importlib.import_module(\"plugins.late\")" &&
	file src/plugins/late.py "x = 1" && file src/beside.py "x = 1" &&
	file conf/base.yaml "lr: 1" && file conf/other.yaml "lr: 1" &&
	file run.sh ". ./lib.sh" "python3 src/train.py" && file lib.sh "A=1" &&
	file docs/page.txt one && file README.md one && file data.bin one &&
	file tests/test_net.py "import nets" &&
	git add -A && git commit -q -m one &&
	printf "/%s\n" actual after before bare bin classes expect first got \
		index.before kept names "objects*" order other out page patch \
		rows err >.git/info/exclude &&
	run_as zero true && run_as one true src/train.py
'

change_all () {
	for path in $(git ls-files)
	do
		case $path in
		resutil-conf.yaml|.gitignore)	;;
		*)	echo "# changed" >>"$path" ;;
		esac || return 1
	done
}

test_expect_success 'what is imported runs, what is not may act, what is read by nobody cannot' '
	change_all && run_as two true src/train.py && differs_in one two &&
	sort actual >got && sort >expect <<-\END &&
	code:conf/base.yaml|acts|named in src/train.py
	code:src/beside.py|acts|imported by src/train.py
	code:src/nets/__init__.py|acts|imported by src/train.py
	code:src/nets/big.py|acts|imported by src/train.py
	code:src/nets/layers.py|acts|imported by src/nets/big.py
	code:src/plugins/late.py|acts|named in src/util/deep.py
	code:src/train.py|acts|named by the command
	code:src/util/__init__.py|acts|imported by src/train.py
	code:src/util/deep.py|acts|imported by src/util/__init__.py
	code:conf/other.yaml|may act|
	code:data.bin|may act|
	code:lib.sh|may act|
	code:run.sh|may act|
	code:src/nets/unused.py|may act|
	code:tests/test_net.py|may act|
	code:README.md|cannot act|no program reads such files
	code:docs/page.txt|cannot act|no program reads such files
	END
	test_cmp expect got &&
	cut -d "|" -f 2 actual | uniq >classes &&
	printf "%s\n" acts "may act" "cannot act" >expect &&
	test_cmp expect classes
'

test_expect_success 'the patch has all of it, what runs first, and applies' '
	resutil diff --patch --only=code one two >patch &&
	sed -n "s|^diff --git a/\(.*\) b/.*|\1|p" patch >order && head -n 9 order >first &&
	! grep README first && ! grep tests first && test_grep layers first &&
	resutil diff --name-only --only=code one two |
		sed -n "s/^code://p" >names && test_cmp names order &&
	git stash -q && git apply --check patch && git stash pop -q
'

test_expect_success 'nothing of the repository was changed' '
	git status --porcelain >before && git count-objects -v >objects &&
	cp .git/index index.before && resutil diff one two >out &&
	git status --porcelain >after && test_cmp before after &&
	git count-objects -v >objects.after && test_cmp objects objects.after &&
	rm before after objects objects.after index.before out
'

nr=0

# asks WORD...: what runs for that command
asks () {
	nr=$((nr + 1)) && run_as "asks $nr" "$@" &&
	resutil diff --no-repeats --only=code --format="%(class) %(name)" \
		zero "asks $nr" | sed -n "s/^acts code://p" | tr "\n" " " >actual
}

test_expect_success 'commands in other words' '
	asks true sh -c ". ./lib.sh; true" && printf "lib.sh " >expect &&
	test_cmp expect actual &&
	asks true run.sh && test_grep "lib.sh" actual &&
	test_grep "src/nets/layers.py" actual &&
	asks true --config=conf/other.yaml && test_grep "conf/other.yaml" actual &&
	asks true "$PWD/src/nets/unused.py" && test_grep nets/unused.py actual &&
	cd src && asks true -m nets.big && cd .. &&
	test_grep src/nets/layers src/actual && rm src/actual &&
	cd conf && asks true ../src/beside.py && cd .. && mv conf/actual . &&
	test_grep "src/beside.py" actual && ! grep layers actual
'

test_expect_success 'the same files under another commit cannot act' '
	git add -A . ":!results" && git commit -q -m two && run_as three true src/train.py &&
	resutil diff --only=code --format="%(name)|%(class)|%(why)" two three \
		>actual &&
	test_grep "^git.commit_hash|cannot act|the files are the same$" actual &&
	! grep "^code:" actual && resutil diff --patch --only=code two three >out &&
	test_must_be_empty out
'

test_expect_success 'untracked, removed and binary files' '
	file src/nets/extra.py "x = 1" && git rm -q src/beside.py &&
	printf "\0\1" >data.bin && run_as four true src/train.py &&
	differs_in three four &&
	resutil diff --only=code --format="%(status) %(name) %(added) %(removed)." \
		three four | grep "code:" | sort >got &&
	cat >expect <<-\END &&
	A code:src/nets/extra.py 1 0.
	D code:src/beside.py 0 2.
	M code:data.bin  .
	END
	test_cmp expect got &&
	test_grep "^code:src/beside.py|acts|imported by src/train.py$" actual &&
	resutil diff --stat --only=code three four >page &&
	test_grep "code:src/beside.py .*removed  +0 -2" page &&
	test_grep "code:src/nets/extra.py .*new  +1 -0" page
'

test_expect_success 'bytes that are no UTF-8, in code and its names' '
	odd=$(printf "src/caf\351\033.txt") && printf "# caf\351\n" >src/beside.py && echo x >"$odd" &&
	run_as latin true src/beside.py && printf "# caf\350\201\n" >src/beside.py && printf "\377\n" >"$odd" &&
	run_as other true src/beside.py &&
	resutil diff --patch --only=code latin other >patch &&
	printf -- "-# caf\351\n+# caf\350\201\n" >expect && grep -a -A 1 "^-# caf" patch >actual && test_cmp_bin expect actual &&
	printf "# caf\351\n" >src/beside.py && echo x >"$odd" && git apply patch &&
	printf "# caf\350\201\n" >expect && test_cmp_bin expect src/beside.py && printf "\377\n" >expect && test_cmp_bin expect "$odd" &&
	resutil diff --stat --only=code latin other >page && ! grep "$(printf "\033")" page && test_grep "code:src/caf.xe9.x1b.txt" page &&
	resutil diff --name-only --only=code latin other >names && test_grep "^\"code:src/caf.351.033.txt\"$" names &&
	git checkout -q src/beside.py 2>err || rm src/beside.py && rm "$odd"
'

test_expect_success 'only some paths' '
	resutil diff --name-only --only=code one two -- src/nets "*.sh" |
		grep ^code: >actual &&
	cat >expect <<-\END &&
	code:src/nets/__init__.py
	code:src/nets/big.py
	code:src/nets/layers.py
	code:lib.sh
	code:run.sh
	code:src/nets/unused.py
	END
	test_cmp expect actual
'

test_expect_success 'variables that the code uses act, packages that it imports too' '
	printf "meta:\n  env: [MINE, OTHER]\n" >>resutil-conf.yaml &&
	file src/env.py "import os, yaml, sklearn.svm" \
		"from nets.big import a_name_in_it" \
		"os.environ[\"MINE\"]" &&
	MINE=1 OTHER=1 run_as five true src/env.py &&
	MINE=2 OTHER=2 run_as six true src/env.py &&
	for run in five six
	do
		name=$(resutil rev-exp $run) &&
		printf "{\"meta\": {\"packages\": [\"PyYAML==$run\", \"scikit-learn==$run\", \"zzz==$run\", \"nets==$run\"]}}" |
			resutil update-exp --from - $name || return 1
	done &&
	resutil diff --format="%(name)|%(class)|%(why)" five six >rows &&
	grep -E "^(package|meta.env)" rows >actual && cat >expect <<-\END &&
	package:pyyaml|acts|imported by src/env.py
	package:scikit-learn|acts|imported by src/env.py
	meta.env.MINE|acts|used in src/env.py
	package:nets|may act|
	package:zzz|may act|
	meta.env.OTHER|may act|
	END
	test_cmp expect actual
'

test_expect_success 'a commit that is not here: what was changed beside it is compared' '
	cp -R results kept && mkdir other && git clone -q . other/clone &&
	cd other/clone && git checkout -q --orphan empty && git rm -rfq . &&
	git -c user.name=ann -c user.email=ann@localhost \
		commit -q --allow-empty -m empty && git branch -q -D main &&
	git remote remove origin && git reflog expire --expire=now --all &&
	git gc -q --prune=now && cp ../../resutil-conf.yaml . &&
	cp -R ../../results . &&
	resutil diff --stat --only=code one two >page 2>err &&
	test_grep "not compared" page && test_grep "code of .*_one: " page &&
	resutil diff --stat --only=code three four >page &&
	test_grep "code of " page && ! grep "code:src/train.py" page
'

test_expect_success 'without git' '
	mkdir bare bin && for tool in sh sed cat env
	do
		ln -s "$(command -v $tool)" bin/ || return 1
	done && cp resutil-conf.yaml bare/ && cp -R results bare/ &&
	cd bare && PATH="$BUILD_DIRECTORY:$TRASH_DIRECTORY/bin" \
		resutil diff --stat one two >page && test_grep "not compared" page
'

test_done
