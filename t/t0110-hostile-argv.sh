#!/bin/sh

test_description='environments and command lines of megabytes

A person who types a wildcard, a scheduler that exports a whole module system,
or somebody who wants harm: words of 128 KiB (the most that Linux takes), a
hundred thousand of them, and names and values that no shell would make.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

test "$(python3 -c "print(1)" 2>/dev/null)" = 1 ||
test_skip_all "python3 is missing"

export RESUTIL_TEST_NOW=1720091755
name=aapfcd_20240704T111555

# with_room PYTHON: runs the command that the code makes: argv, a list of bytes,
# and env; both as large as the system takes. The stack may be needed for it.
cat >big.py <<\END
import os, resource, sys
resource.setrlimit(resource.RLIMIT_STACK, (64 << 20, resource.RLIM_INFINITY))
env = {k: v for k, v in os.environb.items()}
argv = [b"resutil"]
exec(sys.stdin.read())
os.execvpe(argv[0], argv, env)
END
big () {
	python3 -S -E big.py
}

test_expect_success 'setup' '
	make_conf && mkdir -p store/project &&
	python3 -S -E -c "print(\"x\" * 131000)" >long
'

test_expect_success 'a hundred thousand words are recorded, none is lost' '
	rm -rf results &&
	big >out 2>err <<-\END &&
	argv += [b"run", b"--", b"true"] + [b"w%d" % i for i in range(100000)]
	END
	resutil read-exp --key argv @ >argv && test_line_count = 100001 argv &&
	test "$(tail -n 1 argv)" = w99999 &&
	resutil show @ >out && resutil log >out && resutil list >out
'

test_expect_success 'words of 128 KiB, a megabyte of them' '
	rm -rf results &&
	big >out 2>err <<-\END &&
	argv += [b"run", b"--", b"true"] + [b"--p%d=" % i + b"v" * 131000
	                                    for i in range(10)]
	END
	resutil read-exp --key argv @ >argv && test_line_count = 11 argv &&
	test $(wc -c <argv) -gt 1310000 &&
	resutil read-exp --json @ >json &&
	python3 -S -E -c "
import json
record = json.load(open(\"json\"))
assert record[\"argv\"][10] == \"--p9=\" + \"v\" * 131000
assert not record[\"params\"] # each is more than 64 KiB: in argv alone
" &&
	resutil list >out
'

test_expect_success 'bytes that are none of any text, in words and values' '
	rm -rf results &&
	big >out 2>err <<-\END &&
	every = bytes(range(1, 256))
	argv += [b"run", b"--", b"true", every, b"--p=" + every, b"\xff=\xfe",
	         b"", b"-", b"=", b"--=x", b"--a.b=c", b"\n", b"\033[2J"]
	env[b"\xff\xfe"] = every
	env[b"EVIL"] = every
	END
	resutil read-exp --json @ >json &&
	python3 -S -E -c "
import base64, json
argv = json.load(open(\"json\"))[\"argv\"]
assert len(argv) == 11, len(argv)
assert base64.b64decode(argv[1][\"base64\"]) == bytes(range(1, 256))
assert argv[4:7] == [\"\", \"-\", \"=\"], argv
" && test_grep ! "[[:cntrl:]]" err
'

test_expect_success 'an environment of megabytes goes to the program as it is' '
	cat >count.py <<-\END &&
	import os
	big = [v for k, v in os.environb.items() if k.startswith(b"BIG")]
	print(len(big), sum(map(len, big)), len(os.environb[b"MANY"]))
	END
	rm -rf results &&
	big >out 2>err <<-\END &&
	for i in range(20):
	    env[b"BIG%d" % i] = b"%d" % (i % 10) * 131000
	for i in range(20000):
	    env[b"S%d" % i] = b"v"
	env[b"MANY"] = b"=\xff\n" * 1000
	argv += [b"run", b"--", b"python3", b"-S", b"count.py"]
	END
	echo "20 2620000 3000" >want && test_cmp want out &&
	test $(wc -c <results/$name/resutil-exp.yaml) -lt 100000
'

# exec_odd: what no shell can start a program with.
cat >odd.py <<\END
import ctypes, os, sys
def array(words):
    return (ctypes.c_char_p * (len(words) + 1))(*words, None)
argv, env = [b"resutil", b"list-exps"], []
exec(sys.stdin.read())
ctypes.CDLL(None).execve(os.environb[b"BUILD_DIRECTORY"] + b"/resutil",
                         array(argv), array(env))
END
exec_odd () {
	BUILD_DIRECTORY=$BUILD_DIRECTORY python3 -S -E odd.py
}

test_expect_success 'an environment that is none' '
	rm -rf results && mkdir results &&
	exec_odd >out 2>err </dev/null &&
	test_must_be_empty out && test_must_be_empty err &&
	exec_odd >out 2>err <<-\END &&
	env = [b"", b"=", b"=x", b"NOEQUALS", b"PATH", b"HOME", b"A=1", b"A=2",
	       b"\xff", b"HOME=", b"HOME=/nowhere"]
	END
	test_must_be_empty out && test_must_be_empty err
'

test_expect_success 'no argv at all' '
	test_expect_code 1 exec_odd >out 2>err <<-\END ||
	argv = []
	END
	test_expect_code 129 exec_odd >out 2>err <<-\END
	argv = []
	END
'

# The variables that we read ourselves.
test_expect_success 'our own variables with too much, or nonsense' '
	for variable in HOME XDG_CONFIG_HOME XDG_CACHE_HOME TMPDIR TZ TERM \
		COLUMNS NO_COLOR RESUTIL_PAGER PAGER RESUTIL_TRACE LANG \
		RESUTIL_NO_REMOTE RESUTIL_NO_INTERACTIVE PATH GIT_DIR \
		GIT_INDEX_FILE SHELL USER LOGNAME RESUTIL_EXP \
		RESUTIL_CONFIG_PARAMETERS
	do
		for value in "b\"x\" * 131000" \
			"b\"\\xff\\033[2J\"" "b\"../\" * 40000"
		do
			big >out 2>err <<-END &&
			env[b"$variable"] = $value
			argv = [b"$BUILD_DIRECTORY/resutil", b"list-exps"]
			END
			status=$? && test $status -le 129 &&
			test_must_be_empty out &&
			test_grep ! "[[:cntrl:]]" err || {
				echo "$variable = $value: $status" && cat err
				return 1
			}
		done || return 1
	done
'

test_expect_success 'options with too much: refused in one line, or taken' '
	for option in -m -d --name-file
	do
		big >out 2>err <<-END
		argv += [b"run", b"$option", b"x" * 131000, b"--", b"true"]
		END
		status=$? && test $status -gt 0 && test $status -le 129 &&
		head -n 1 err >line && test_grep "^resutil: " line || return 1
	done &&
	big >out 2>err <<-\END
	argv += [b"-c", b"a.b=" + b"x" * 131000, b"list-exps"]
	END
	test $? -le 129 &&
	big >out 2>err <<-\END
	argv += [b"x" * 131000]
	END
	test $? -le 129 && test_line_count -le 2 err &&
	big >out 2>err <<-\END
	argv += [b"-" + b"v" * 131000, b"list-exps"]
	END
	test $? -le 129 &&
	big >out 2>err <<-\END
	argv += [b"-C", b"./" * 60000, b"list-exps"]
	END
	test $? -le 129
'

test_expect_success 'names by the ten thousand, from argv and from a pipe' '
	make_exp $name "id: $(test_id 1)" "state: done" &&
	big >out 2>err <<-END
	argv += [b"show", b"--format", b"%(name)"] + [b"$name"] * 100000
	END
	test $? = 0 && test_line_count = 100000 out &&
	yes none | head -n 100000 >names &&
	test_expect_code 10 resutil read-exp --stdin <names >out 2>err &&
	test_must_be_empty out && test_line_count = 100000 err &&
	printf "%0200000d\n" 0 >names &&
	test_expect_code 10 resutil read-exp --stdin <names 2>err &&
	test_line_count = 1 err
'

test_done
