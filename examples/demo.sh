#!/bin/sh
# The tour of `make demo`: a real training program, recorded several times in
# a scratch directory from a git repository with uncommitted changes, and shared
# with a colleague through a store.
# RESUTIL names the program (default: the one on PATH). Leaves nothing behind;
# KEEP=DIR keeps the scratch project in DIR.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${RESUTIL:-}" ]; then
	PATH=$(cd "$(dirname "$RESUTIL")" && pwd):$PATH
	export PATH
fi
if [ -n "${KEEP:-}" ]; then
	mkdir -p "$KEEP"
	scratch=$(cd "$KEEP" && pwd)
else
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/resutil-demo.XXXXXX")
	trap 'rm -rf "$scratch"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
fi
# Nothing of the user's is read or written: not the configuration, not the
# default place for stores, not a git identity.
HOME=$scratch/home
mkdir "$HOME"
export HOME GIT_CONFIG_NOSYSTEM=1 GIT_CEILING_DIRECTORIES="$scratch"
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME RESUTIL_COMMENT \
	RESUTIL_DEBUG RESUTIL_NO_REMOTE GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
# The tour reads from no keyboard.
export RESUTIL_NO_INTERACTIVE=1

bold= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
chapter () {
	printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}
# Shows a command as one would type it, then runs it.
try () {
	printf '%s$ %s%s\n' "$bold" "$1" "$plain"
	status=0
	eval "$1" || status=$?
	if [ "$status" != "${2:-0}" ]; then
		echo "demo: '$1' ended with $status" >&2
		exit 1
	fi
}

cd "$scratch"
cp -r "$here/iris" project
cd project
git -c init.defaultBranch=main init -q
git add .
git -c user.name=demo -c user.email=demo@localhost commit -q -m 'iris: train and evaluate'

chapter 'A project: a git repository with a training program and its data'
try 'ls'
try 'resutil init --project-name iris --storage-type dir -o path=../store'

chapter 'A change that nobody committed'
try "sed -i 's/%.4f  test accuracy/%.4f  accuracy/' train.py"
try 'resutil status'

chapter 'Three runs with different parameters; {} is the directory of the run'
for lr in 0.01 0.1 1; do
	try "resutil run -m lr-$lr --subst -- python3 train.py --lr $lr --epochs 20 --out {}"
done

chapter 'A run that needs another: its input lies in the results of lr-0.1'
model=$(resutil rev-exp lr-0.1)
try "resutil run -m check --subst -- python3 evaluate.py --model results/$model/model.json --out {}"

chapter 'A run that fails is kept, too, and its exit status is the program'\''s'
try 'resutil run -m too-fast --subst -- python3 train.py --lr 1000 --out {} || echo "exit status $?"'

chapter 'What is there now?'
try 'resutil list'
try 'resutil show check'
try 'resutil show check:confusion.csv'
try 'resutil read-deps --closure check'
try 'resutil log -n 2'
try 'resutil status'

chapter 'What exactly ran? The change that nobody committed is there'
try 'resutil show too-fast:stderr.log'
try 'resutil show too-fast:uncommited.patch'

chapter 'One file holds an experiment: a zip that any program reads'
try 'resutil pack-exp -o check.zip check'
try 'python3 -m zipfile --list check.zip'
try 'resutil verify-pack check.zip'
try 'resutil unpack-exp -C copy check.zip'
try 'diff -r copy results/*check && echo "the same files"'
try 'resutil hash-experiment check copy/'

chapter 'Each run was pushed when it ended: a store holds a zip for each'
try 'ls ../store/iris'
try 'resutil push -A'

chapter 'A colleague: a project out of the store, and one run with what it needs'
try 'resutil clone dir:../store/iris ../colleague'
cd ../colleague
try 'resutil list'
try 'resutil show check:confusion.csv'
try 'resutil pull check'
try 'resutil list'
try 'resutil hash-experiment check lr-0.1'
try 'resutil -C ../project hash-experiment check lr-0.1'

chapter 'The colleague builds upon it, and you pull that'
cp ../project/*.py ../project/*.csv .
try "resutil run -m again --subst -- python3 evaluate.py --model results/$model/model.json --out {}"
cd ../project
try 'resutil pull again'
try 'resutil read-deps again'
try 'diff -r results/*again ../colleague/results/*again && echo "the same files"'

chapter 'All of it is plain files'
try 'ls results/*check'
echo
echo 'That was the tour. Next: README.md, and "resutil help tutorial" when it is installed.'
