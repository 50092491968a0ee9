#!/bin/sh

test_description='records: ours, the predecessors'\'', hostile ones; other readers'
. ./test-lib.sh

FIXTURES=$TEST_DIRECTORY/fixtures/record
PYTHON=/usr/bin/python3
test -x $PYTHON || PYTHON=python3
test_lazy_prereq PYYAML '$PYTHON -c "import yaml"'

# Reads FILE with PyYAML's safe_load() and prints JSON as resutil does.
safe_load () {
	$PYTHON - "$1" <<\END
import base64, datetime, json, sys, yaml

def plain(x):
    if isinstance(x, (datetime.date, set)):
        return str(x) if isinstance(x, datetime.date) else dict.fromkeys(x)
    if isinstance(x, bytes):
        return {"base64": base64.b64encode(x).decode()}
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, list):
        return [plain(v) for v in x]
    if x is None or isinstance(x, (str, int, float)):
        return x
    raise TypeError(type(x))

with open(sys.argv[1], encoding="utf-8") as f:
    print(json.dumps(plain(yaml.safe_load(f)), sort_keys=True))
END
}

same_json () {
	$PYTHON -c '
import json, sys
a, b = (json.load(open(name)) for name in sys.argv[1:])
dump = lambda x: json.dumps(x, sort_keys=True)  # tells 1 from 1.0 and true
if dump(a) != dump(b):
    sys.exit(dump(a) + "\n" + dump(b))
' "$1" "$2"
}

# Prints the example record of the format page.
page_example () {
	sed -n '/^resutil: 1$/,/^----$/p' \
		"$SOURCE_DIRECTORY/Documentation/resutilformat-exp.adoc" |
	sed '$d'
}

test_expect_success 'our own record is printed byte for byte' '
	resutil read-exp "$FIXTURES/v1-done.yaml" >out &&
	test_cmp "$FIXTURES/v1-done.yaml" out &&
	resutil read-exp --raw "$FIXTURES/v1-done.yaml" >out &&
	test_cmp "$FIXTURES/v1-done.yaml" out
'

test_expect_success 'the example of the format page is such a record' '
	page_example >example.yaml &&
	test_cmp "$FIXTURES/v1-done.yaml" example.yaml
'

test_expect_success 'a record of a later version: what is unknown stays' '
	resutil read-exp "$FIXTURES/future.yaml" >out &&
	sed "s/^-\$/- null/" "$FIXTURES/future.yaml" >want &&
	test_cmp want out
'

test_expect_success 'Python Resutil since v0.1.7' '
	cat >want <<-\EOF &&
	args: main.py --x a b --lr 0.1
	dependency:
	- aakuqj_20240511T174522_my data
	- aamxrp_20240606T135747
	- exp1
	git:
	  commit_hash: "23e445a48d4c51ca8d5052476a410736c6855b49"
	  uncommited_files:
	  - main.py
	  - 日本.py
	result_dir: results/adilgo_20261120T230253_日本 a b
	cmd: main.py --x a b --lr 0.1
	EOF
	resutil read-exp "$FIXTURES/python-0.1.7.yaml" >out &&
	test_cmp want out
'

test_expect_success 'Python Resutil before v0.1.7' '
	resutil read-exp --json "$FIXTURES/python-0.1.0.yaml" >out &&
	cat >want <<-\EOF &&
	{"cmd":"main.py 1e-05: {a}","dependency":[],"git":{"commit_hash":null,"uncommited_files":[]},"result_dir":"results/aamxrp_20240606T135747_"}
	EOF
	test_cmp want out
'

test_expect_success 'votakvot' '
	mkdir trial && cp "$FIXTURES/votakvot.yaml" trial/ &&
	TZ=Asia/Tokyo resutil read-exp --json trial/ >out &&
	resutil read-exp --key result.value trial/ >value &&
	echo 0.5 >want && test_cmp want value &&
	TZ=Asia/Tokyo resutil read-exp --key at.created trial/ >value &&
	echo 2026-11-20T23:04:10.690226+09:00 >want && test_cmp want value &&
	resutil read-exp --key git.commit_hash trial/ >value &&
	echo e052faa7c5a1d4bb54a0f2b0e6ce8b0c9c5b1a11 >want &&
	test_cmp want value &&
	resutil read-exp --json --key params trial/ >value &&
	cat >want <<-\EOF &&
	{"one":1,"name":"日本","pair":[1,2],"when":"2026-11-20 23:04:10","blob":{"base64":"AAH/"},"seen":{"3":null,"4":null}}
	EOF
	test_cmp want value &&
	resutil read-exp --key user trial/ >value && echo ann >want &&
	test_cmp want value
'

test_expect_success 'tags of objects make nothing and run nothing' '
	resutil read-exp --json --key result trial/ >out &&
	echo "{\"value\":0.5,\"runner\":[\"touch owned\"]}" >want &&
	test_cmp want out && test_path_is_missing owned &&
	resutil read-exp trial/ >out && test_grep ! "!!python" out &&
	resutil read-exp --raw trial/ >out && test_grep "!!python/tuple" out
'

test_expect_success 'resutil-exp.yaml comes before votakvot.yaml' '
	cp "$FIXTURES/python-0.1.0.yaml" trial/resutil-exp.yaml &&
	test_when_finished rm trial/resutil-exp.yaml &&
	resutil read-exp --key cmd trial/ >out &&
	echo "main.py 1e-05: {a}" >want && test_cmp want out
'

for file in bomb cycle duplicate two nul not-utf8 list open tab
do
	test_expect_success "refused: $file" '
		test_expect_code 13 resutil read-exp \
			"$FIXTURES/hostile/$file.yaml" >out 2>err &&
		test_must_be_empty out && test_line_count = 1 err &&
		test_grep "^resutil: .*$file.yaml" err
	'
done

test_expect_success 'refused: too large, too deep' '
	{ printf "args: \"" && head -c 34000000 /dev/zero | tr "\0" x &&
	  echo "\"" ; } >large.yaml &&
	test_expect_code 13 resutil read-exp ./large.yaml >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	{ printf "args: " && head -c 5000 /dev/zero | tr "\0" "[" ; } \
		>deep.yaml &&
	test_expect_code 13 resutil read-exp ./deep.yaml 2>err &&
	test_line_count = 1 err &&
	{ printf "{\"args\": " && head -c 5000 /dev/zero | tr "\0" "[" ; } \
		>deep.json &&
	test_expect_code 13 resutil read-exp ./deep.json 2>err &&
	test_line_count = 1 err
'

test_expect_success 'a huge scalar within the limit is read' '
	{ printf "args: " && head -c 20000000 /dev/zero | tr "\0" x &&
	  echo ; } >huge.yaml &&
	resutil read-exp --key args ./huge.yaml >out &&
	test 20000001 = $(wc -c <out)
'

test_expect_success 'many duplicates cost no quadratic time' '
	{ echo dependency: && yes -- "- exp1" | head -n 300000 ; } >many.yaml &&
	resutil read-exp --key dependency ./many.yaml >out &&
	echo exp1 >want && test_cmp want out
'

test_expect_success 'wrong types are read as far as they go' '
	resutil read-exp --json "$FIXTURES/wrong-types.yaml" >out &&
	resutil read-exp --key dependency "$FIXTURES/wrong-types.yaml" >out &&
	test_line_count = 1 out &&
	test_expect_code 10 resutil read-exp --key argv.0 \
		"$FIXTURES/wrong-types.yaml" &&
	test_expect_code 10 resutil read-exp --key git \
		"$FIXTURES/wrong-types.yaml"
'

test_expect_success 'no terminal escape comes out of a record' '
	resutil read-exp "$FIXTURES/wrong-types.yaml" >out &&
	resutil read-exp --key exit_code "$FIXTURES/wrong-types.yaml" >>out &&
	esc=$(printf "\033") && test_grep ! "$esc" out
'

test_expect_success PYYAML 'PyYAML reads the same values from what we write' '
	for file in v1-done python-0.1.7 python-0.1.0 votakvot
	do
		resutil read-exp "$FIXTURES/$file.yaml" >ours.yaml &&
		safe_load ours.yaml >theirs.json &&
		resutil read-exp --json "$FIXTURES/$file.yaml" >ours.json &&
		same_json ours.json theirs.json || return 1
	done
'

test_expect_success PYYAML 'also from words that look like something else' '
	mkdir odd &&
	resutil write-exp --dir odd --name aapfup_20240704T191555 -- \
		prog --a yes --b 007 --c 1e-05 --d 0x1f --e 2024-07-04 \
		--f 12:30:45 --g "~" --h "" --i " x " --j "a: b" --k "# c" \
		--l "$(printf "two\nlines")" --m "$(printf "\377")" --n .inf \
		--o nan --p -- "=" "<<" "[" "{" "!x" "&a" "*a" "@" "%" "\`" \
		"$(printf "\t")" 1_000 0o17 1.5e300 "日本" \
		"$(printf "\033[31m")" off NULL -.5 +1 9223372036854775808 >id &&
	safe_load odd/resutil-exp.yaml >theirs.json &&
	resutil read-exp --raw --json odd/ >ours.json &&
	sed "s/NaN/\"nan\"/" theirs.json >fixed.json &&
	same_json ours.json fixed.json
'

test_expect_success PYYAML 'the Python Resutil reads dependencies' '
	mkdir dependent &&
	resutil write-exp --dir dependent --name aapfup_20240704T191555 \
		-d "aakuqj_20240511T174522_my data" \
		-d aamxrp_20240606T135747 >id &&
	(
		cd dependent &&
		$PYTHON -c "
import yaml
for name in yaml.safe_load(open(\"resutil-exp.yaml\"))[\"dependency\"]:
    print(name)" >../out
	) &&
	cat >want <<-\EOF &&
	aakuqj_20240511T174522_my data
	aamxrp_20240606T135747
	EOF
	test_cmp want out
'

test_done
