#!/bin/sh

test_description='run --params-file: parameters from a file'
. ./test-lib.sh

test_expect_success 'setup' '
	make_project proj
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

# params EXP: as JSON
params () {
	resutil read-exp --json --key params "$1"
}

# refused STATUS COMMAND...: one line, and nothing is made
refused () {
	ls -A results >.before 2>/dev/null
	test_expect_code "$@" 2>err &&
	ls -A results >.after &&
	test_cmp .before .after && test_line_count = 1 err
}

test_expect_success 'YAML: types, lists and maps are kept' '
	cat >p.yaml <<-\EOF &&
	# a comment
	lr: 0.1
	batch: 32
	name: resnet
	flag: true
	nothing: null
	layers: [1, 2]
	model:
	  depth: 3
	EOF
	resutil run --params-file=p.yaml -m yaml -- true &&
	echo "{\"lr\":0.1,\"batch\":32,\"name\":\"resnet\",\"flag\":true,\"nothing\":null,\"layers\":[1,2],\"model\":{\"depth\":3}}" >want &&
	params yaml >out && test_cmp want out &&
	resutil read-exp --key params_file yaml >out && echo p.yaml >want &&
	test_cmp want out
'

test_expect_success 'words of the command count more' '
	resutil run --params-file p.yaml -m words -- \
		echo --lr 0.5 batch=64 --new=1 model=x &&
	echo "{\"lr\":0.5,\"batch\":64,\"name\":\"resnet\",\"flag\":true,\"nothing\":null,\"layers\":[1,2],\"model\":\"x\",\"new\":1}" >want &&
	params words >out && test_cmp want out
'

test_expect_success 'JSON, by its name or by what it says' '
	echo "{\"lr\": 1e-5, \"seed\": 7}" >p.json && cp p.json p.conf &&
	echo "{\"lr\":1.0e-05,\"seed\":7}" >want &&
	for file in p.json p.conf
	do
		resutil run --params-file=$file -m from-$file -- true &&
		params from-$file >out && test_cmp want out || return 1
	done &&
	echo "{lr: 0.5, a: [x]}" >flow && echo "{\"lr\":0.5,\"a\":[\"x\"]}" >want &&
	resutil run --params-file=flow -m flow -- true &&
	params flow >out && test_cmp want out
'

test_expect_success 'a pipe, and an empty file' '
	cat p.json | resutil run --params-file=/dev/stdin -m pipe -- true &&
	params pipe >out && test_grep seed out &&
	mkfifo fifo && { cat p.json >fifo & } &&
	resutil run --params-file=fifo -m fifo -- true && wait &&
	params fifo >out && test_grep seed out &&
	resutil run --params-file=/dev/null -m null -- true &&
	test_expect_code 125 resutil run --params-file=/dev/zero -- true &&
	test_expect_code 125 resutil run --params-file=. -- true &&
	>empty && resutil run --params-file=empty -m empty -- true &&
	params empty >out && echo "{}" >want && test_cmp want out
'

test_expect_success 'relative to the working directory' '
	mkdir sub && echo "x: 1" >sub/p && (
		cd sub && resutil run --params-file=p -m sub -- true
	) && params sub >out && echo "{\"x\":1}" >want && test_cmp want out
'

test_expect_success 'the program gets its words as they are' '
	resutil run --params-file=p.yaml -m argv -- echo a b >out &&
	echo "a b" >want && test_cmp want out &&
	resutil read-exp --json --key argv argv >out &&
	echo "[\"echo\",\"a\",\"b\"]" >want && test_cmp want out
'

test_expect_success 'what looks secret is not recorded' '
	cat >secret.yaml <<-\EOF &&
	db: {password: hunter22, host: h}
	tokens: [ghp_0123456789abcdefghijABCDEFGHIJ012345]
	EOF
	resutil run --params-file=secret.yaml -m secret -- true 2>err &&
	test_grep "looks secret" err &&
	! grep -r -e hunter22 -e ghp_0123 results/$(resutil rev-exp secret) &&
	params secret >out && test_grep "\"host\":\"h\"" out
'

test_expect_success 'tags make nothing' '
	echo "x: !!python/object/apply:os.system [touch ran]" >tags &&
	resutil run --params-file=tags -m tags -- true &&
	test_path_is_missing ran && params tags >out &&
	echo "{\"x\":[\"touch ran\"]}" >want && test_cmp want out
'

test_expect_success 'what cannot be read: 125, one line, nothing is run' '
	refused 125 resutil run --params-file=nowhere -- touch ran &&
	test_grep nowhere err &&
	refused 125 resutil run --params-file=sub -- touch ran &&
	echo "a: [" >bad && refused 125 resutil run --params-file=bad -- touch ran &&
	test_grep "bad. line" err &&
	echo "[1, 2]" >list &&
	refused 125 resutil run --params-file=list -- touch ran &&
	echo "{\"a\": 1, \"a\": 2}" >twice.json &&
	refused 125 resutil run --params-file=twice.json -- touch ran &&
	printf "a: \"\\377\"\n" >latin &&
	refused 125 resutil run --params-file=latin -- touch ran &&
	head -c 5000000 /dev/zero | tr "\\0" x >large &&
	refused 125 resutil run --params-file=large -- touch ran &&
	python3 -c "print(\"[\" * 100000)" >deep &&
	refused 125 resutil run --params-file=deep -- touch ran &&
	{
		echo "a0: &a0 [x, x, x, x, x, x, x, x]" &&
		for n in 1 2 3 4 5 6 7 8 9
		do
			m=$((n - 1)) &&
			echo "a$n: &a$n [*a$m, *a$m, *a$m, *a$m, *a$m, *a$m, *a$m]" || return 1
		done
	} >bomb && refused 125 resutil run --params-file=bomb -- touch ran &&
	test_path_is_missing ran
'

test_expect_success 'a dry run names it' '
	resutil run -n --params-file=p.yaml -- true >out &&
	test_grep "^params-file	p.yaml\$" out &&
	test_expect_code 125 resutil run -n --params-file=nowhere -- true
'

test_done
