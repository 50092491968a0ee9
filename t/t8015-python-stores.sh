#!/bin/sh

test_description='the Python package: what is fetched, sent, asked and told'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-python.sh
unset RESUTIL_NO_REMOTE

SQ=\'

in_project () {
	make_project "$1" >/dev/null &&
	cp -- *.py "$1" &&
	cd "$1"
}

in_store () {
	resutil list-remote --format="%(name)" 2>/dev/null ||
	resutil list-remote
}

cat >run.py <<\EOP
import os
import sys

import resutil


@resutil.main()
def main_func(params, what):
    return eval(what)


if __name__ == "__main__":
    print(main_func(sys.argv[1]))
EOP

test_expect_success PYTHON 'the experiment is in the store when the function returns' '
	in_project sent &&
	"$PYTHON" run.py 1 --resutil_comment done >out 2>err &&
	echo 1 >expect &&
	test_cmp expect out &&
	test_must_be_empty err &&
	in_store >names &&
	test_grep "_done" names &&
	test_expect_code 1 "$PYTHON" run.py 1/0 --resutil_comment=failed 2>err &&
	in_store >names &&
	test_grep "_failed" names &&
	test_expect_code 4 "$PYTHON" run.py "sys.exit(4)" \
		--resutil_comment=exits &&
	in_store >names &&
	test_grep "_exits" names &&
	resutil list-unpushed >left &&
	test_must_be_empty left
'

test_expect_success PYTHON 'nothing is sent with RESUTIL_NO_REMOTE, its flag, push.auto=no, or debug' '
	in_project unsent &&
	RESUTIL_NO_REMOTE=1 "$PYTHON" run.py 1 &&
	"$PYTHON" run.py 1 --resutil_no_remote &&
	"$PYTHON" run.py 1 --resutil_debug &&
	RESUTIL_DEBUG=1 "$PYTHON" run.py 1 &&
	in_store >names &&
	test_must_be_empty names &&
	echo "push: {auto: no}" >>resutil-conf.yaml &&
	"$PYTHON" run.py 1 &&
	in_store >names &&
	test_must_be_empty names &&
	resutil list-exps >names &&
	test_line_count = 3 names
'

test_expect_success PYTHON 'a store that is away changes nothing but what is told' '
	in_project away &&
	rm -rf ../away.store &&
	echo "in the way" >../away.store &&
	"$PYTHON" run.py 7 >out 2>err &&
	echo 7 >expect &&
	test_cmp expect out &&
	test_grep "kept here" err &&
	test_grep "resutil push" err &&
	test_expect_code 1 "$PYTHON" run.py "1/0" 2>err &&
	test_grep "^ZeroDivisionError" err &&
	resutil read-exp --key state @ >actual &&
	echo fail >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON 'what the command line names is a dependency' '
	in_project needs &&
	resutil add first >first &&
	"$PYTHON" run.py 1 --in="results/$(cat first)" &&
	resutil read-deps @ >actual &&
	test_cmp first actual &&
	"$PYTHON" run.py 1 "results/$(cat first)/resutil-exp.yaml" &&
	resutil read-deps @ >actual &&
	test_cmp first actual
'

test_expect_success PYTHON 'what is not here is fetched first' '
	in_project fetches &&
	resutil add first >first &&
	echo data >"results/$(cat first)/data" &&
	resutil push @ >/dev/null &&
	resutil rm -l -y @ >/dev/null &&
	"$PYTHON" run.py "open(sys.argv[2]).read()" \
		"results/$(cat first)/data" >out &&
	printf "data\n\n" >expect &&
	test_grep data out &&
	resutil read-deps @ >actual &&
	test_cmp first actual
'

test_expect_success PYTHON 'what is nowhere is told, and the function runs' '
	in_project nowhere &&
	name=aakuqj_20240511T174522_gone &&
	"$PYTHON" run.py 5 "results/$name" >out 2>err &&
	echo 5 >expect &&
	test_cmp expect out &&
	test_grep "warning: .$name., which the command names, is not here" err &&
	resutil read-deps @ >actual &&
	test_must_be_empty actual &&
	"$PYTHON" run.py 5 "results/$name" --resutil_no_remote 2>err &&
	test_line_count = 1 err
'

test_expect_success PYTHON 'a checkpoint is in the store while the function runs' '
	in_project checkpoint &&
	cat >look.py <<-\END &&
	import os
	import subprocess
	import resutil

	def in_store():
	    return subprocess.run(["resutil", "list-pack", "origin/@"],
	                          stdout=subprocess.PIPE).stdout

	@resutil.main()
	def main_func(params):
	    with open(params.ex_dir + "/half", "w") as f:
	        f.write("half")
	    before = len(os.listdir("../checkpoint.store"))
	    sent = params.save_checkpoint()
	    project = os.listdir("../checkpoint.store/project")
	    with open(params.ex_dir + "/whole", "w") as f:
	        f.write("whole")
	    return sent, [name for name in project if name.endswith(".zip")]

	print(main_func())
	END
	"$PYTHON" look.py --resutil_comment=x >out 2>err &&
	name=$(resutil rev-exp @) &&
	echo "(True, [$SQ$name.zip$SQ])" >expect &&
	test_cmp expect out &&
	resutil list-pack "@" >list &&
	resutil rm -l -y @ &&
	resutil pull "$name" &&
	test_path_is_file "results/$name/half" &&
	test_path_is_file "results/$name/whole" &&
	resutil read-exp --key state "$name" >actual &&
	echo done >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON 'a checkpoint that fails is told, and the function goes on' '
	in_project fails &&
	rm -rf ../fails.store &&
	echo "in the way" >../fails.store &&
	"$PYTHON" run.py "params.save_checkpoint()" >out 2>err &&
	echo False >expect &&
	test_cmp expect out &&
	test_grep "the checkpoint of .* is not sent" err
'

test_expect_success PYTHON,PTY 'the story is told on a terminal, on standard error' '
	in_project told &&
	echo changed >new.py &&
	git init -q &&
	pty-run --timeout=10 --screen=screen --out=out "$PYTHON" run.py 3 \
		--resutil_comment=told &&
	echo 3 >expect &&
	test_cmp expect out &&
	name=$(resutil rev-exp @) &&
	test_grep "Keeping [0-9]* changed files of the code:" screen &&
	test_grep "  - new.py" screen &&
	test_grep "Experiment: $name" screen &&
	test_grep "Done in .*: $name" screen &&
	test_grep "Pushed to origin: $name" screen
'

test_expect_success PYTHON,PTY 'main(verbose=False) tells nothing' '
	in_project silent &&
	sed -e "s/main()/main(verbose=False)/" run.py >quiet.py &&
	pty-run --timeout=10 --screen=screen --out=out "$PYTHON" quiet.py 3 \
		--resutil_comment=x &&
	test_must_be_empty screen &&
	echo 3 >expect &&
	test_cmp expect out
'

test_expect_success PYTHON,PTY 'the comment is asked for, with earlier ones' '
	in_project asked &&
	resutil add "warm restarts" >/dev/null &&
	pty-run --timeout=10 --screen=screen --expect=Comment --send="wa\t" \
		--expect="warm restarts" --send="\r" "$PYTHON" run.py 3 &&
	resutil list-exps >names &&
	grep "_warm restarts$" names >both &&
	test_line_count = 2 both &&
	pty-run --timeout=10 --screen=screen --expect=Comment --send="\r" \
		"$PYTHON" run.py 3 &&
	pty-run --timeout=10 --screen=screen "$PYTHON" run.py 3 --resutil_no_interactive &&
	RESUTIL_NO_INTERACTIVE=1 pty-run --timeout=10 --screen=screen "$PYTHON" run.py 3 &&
	resutil list-exps >names &&
	grep "^[a-z]*_[^_]*$" names >bare &&
	test_line_count = 3 bare
'

test_expect_success PYTHON,PTY 'a comment that cannot be is asked for again' '
	in_project again &&
	pty-run --timeout=10 --screen=screen --expect=Comment --send="a/b\r" \
		--expect=Comment --send="ab\r" "$PYTHON" run.py 3 &&
	resutil list-exps >names &&
	test_line_count = 1 names &&
	test_grep "_ab$" names
'

test_expect_success PYTHON,PTY 'run.prompt=no asks for none' '
	in_project unasked &&
	echo "run: {prompt: no}" >>resutil-conf.yaml &&
	pty-run --timeout=10 --screen=screen --out=out "$PYTHON" run.py 3 &&
	test_grep ! Comment screen
'

test_expect_success PYTHON,PTY 'who gives up at the question records nothing' '
	in_project gives-up &&
	test_expect_code 130 pty-run --timeout=10 --screen=screen --expect=Comment \
		--send="\x03" "$PYTHON" run.py 3 &&
	test_expect_code 1 pty-run --timeout=10 --screen=screen --expect=Comment \
		--send="\x04" "$PYTHON" run.py 3 &&
	resutil list-exps >names &&
	test_must_be_empty names
'

test_expect_success PYTHON,PTY 'a failed run is sent, then a person may delete it' '
	in_project delete &&
	test_expect_code 1 pty-run --timeout=10 --screen=screen --expect="[y/N]" \
		--send="y\r" "$PYTHON" run.py 1/0 --resutil_comment=gone &&
	test_grep "Pushed to origin" screen &&
	resutil list-exps >names &&
	test_must_be_empty names &&
	in_store >names &&
	test_must_be_empty names &&
	test_expect_code 1 pty-run --timeout=10 --screen=screen --expect="[y/N]" \
		--send="\r" "$PYTHON" run.py 1/0 --resutil_comment=kept &&
	resutil list-exps >names &&
	test_grep _kept names &&
	in_store >names &&
	test_grep _kept names
'

test_expect_success PYTHON,PTY 'only what is here is deleted where nothing was sent' '
	in_project local &&
	test_expect_code 1 pty-run --timeout=10 --screen=screen --expect="[y/N]" \
		--send="y\r" "$PYTHON" run.py 1/0 --resutil_comment=gone \
		--resutil_no_remote &&
	resutil list-exps >names &&
	test_must_be_empty names
'

test_expect_success PYTHON,PTY 'nobody is asked after sys.exit() or with no_interactive' '
	in_project exits &&
	test_expect_code 2 pty-run --timeout=10 --screen=screen "$PYTHON" run.py \
		"sys.exit(2)" --resutil_comment=x &&
	test_grep ! Delete screen &&
	test_expect_code 1 pty-run --timeout=10 --screen=screen "$PYTHON" run.py 1/0 \
		--resutil_no_interactive &&
	test_grep ! Delete screen &&
	resutil list-exps >names &&
	test_line_count = 2 names
'

# A stand-in that pretends to upload: it says when, and then sleeps.
pretend_to_upload () {
	mkdir libexec &&
	cp "$BUILD_DIRECTORY"/libexec/resutil-edit libexec/ &&
	write_script libexec/resutil-pack <<-EOF
	case "\$1" in
	send-pack)
		echo \$\$ >"$PWD/pid.tmp" && mv "$PWD/pid.tmp" "$PWD/pid"
		exec sleep 30
		;;
	esac
	exec "$BUILD_DIRECTORY"/libexec/resutil-pack "\$@"
	EOF
}

test_expect_success PYTHON,PTY 'Ctrl-C during the push gives up the upload, and nothing else' '
	in_project upload &&
	pretend_to_upload &&
	RESUTIL_EXEC_PATH=$PWD/libexec pty-run --timeout=10 --screen=screen \
		--out=out --file=pid --send="\x03" "$PYTHON" run.py 7 \
		--resutil_comment=up &&
	echo 7 >expect &&
	test_cmp expect out &&
	test_grep "is kept here" screen &&
	test_grep ! KeyboardInterrupt screen &&
	test_must_fail kill -0 $(cat pid) &&
	resutil read-exp --key state @ >actual &&
	echo done >expect &&
	test_cmp expect actual
'

test_expect_success PYTHON,PTY 'Ctrl-C twice: recorded, and the upload is given up' '
	in_project twice &&
	pretend_to_upload &&
	test_expect_code 130 env RESUTIL_EXEC_PATH=$PWD/libexec \
		pty-run --timeout=10 --screen=screen --file=ready \
		--send="\x03" --file=pid --send="\x03" "$PYTHON" run.py \
		"open(\"ready\", \"w\").close() or __import__(\"time\").sleep(30)" \
		--resutil_comment=twice &&
	test_grep "is kept here" screen &&
	test_grep ! Delete screen &&
	test_must_fail kill -0 $(cat pid) &&
	resutil read-exp --key state @ >actual &&
	echo interrupted >expect &&
	test_cmp expect actual
'

test_done
