#!/bin/sh

test_description='inform: what a run says about itself, from any language'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-mount.sh

test_expect_success 'setup' '
	make_project && test_set_now 1720091755
'

# info [KEY] EXP: as JSON
info () {
	resutil read-exp --json --key "info${2:+.$1}" "${2:-$1}"
}

test_expect_success 'typed as parameters are, dots nest, null takes out' '
	resutil run -m typed -- sh -c "
		resutil inform i=3 f=0.50 t=true word=007 empty= eq=a=b \
			deep.er.x=1 deep.y=-1e-3 gone=1 nan=nan &&
		resutil inform gone=null i=4 deep.er.z=text" >out 2>err &&
	test_must_be_empty err &&
	cat >want <<-\EOF &&
	{"i":4,"f":0.5,"t":true,"word":"007","empty":"","eq":"a=b","deep":{"er":{"x":1,"z":"text"},"y":-0.001},"nan":"nan"}
	EOF
	info typed >out && test_cmp want out &&
	test_grep "nan\": \.nan" results/*_typed/resutil-exp.yaml
'

test_expect_success 'nothing is printed, one call is one revision' '
	resutil run -m quiet -- sh -c "resutil inform a=1 b=2 c=3 >said 2>&1" &&
	test_must_be_empty said && resutil read-exp --key revision quiet >out &&
	echo 3 >want && test_cmp want out
'

test_expect_success '--json: values, and an object on standard input' '
	resutil run -m json -- sh -c "
		resutil inform --json a=[1,2.0,null] b=\\\"1\\\" c={\\\"d\\\":{}} &&
		printf %s \"{\\\"x.y\\\": 1, \\\"s\\\": \\\"l\\\\nm\\\"}\" |
		resutil inform --json - s2=true" &&
	cat >want <<-\EOF &&
	{"a":[1,2.0,null],"b":"1","c":{"d":{}},"x.y":1,"s":"l\nm","s2":true}
	EOF
	info json >out && test_cmp want out
'

test_expect_success '--exp: afterwards; a finished run is seen to have grown' '
	resutil run -m later -- true && resutil read-exp --key revision later >before &&
	resutil inform --exp later score=0.9 && info later >out &&
	echo "{\"score\":0.9}" >want && test_cmp want out &&
	resutil read-exp --key revision later >after &&
	test "$(cat after)" = $(($(cat before) + 1)) &&
	resutil read-exp --key state later >out && echo done >want && test_cmp want out
'

test_expect_success 'secrets do not get into the record' '
	resutil inform --exp later api_key=hunter2hunter2 \
		"note=ghp_abcdefghijklmnopqrstuvwxyz0123456789" &&
	test_grep ! hunter2 results/*_later/resutil-exp.yaml &&
	test_grep ! ghp_abc results/*_later/resutil-exp.yaml &&
	test_grep "redacted" results/*_later/resutil-exp.yaml
'

test_expect_success 'nor those that the settings of the project name' '
	printf "secrets:\n  add: [flavour]\n" >>resutil-conf.yaml &&
	test_when_finished "sed -i /^secrets:/,\\\$d resutil-conf.yaml" &&
	dir=$(echo "$PWD"/results/*_later) &&
	(cd / && RESUTIL_EX_DIR=$dir resutil inform flavour=vanilla) &&
	test_grep ! vanilla results/*_later/resutil-exp.yaml
'

test_expect_success 'what is none is refused, and nothing changes' '
	cp results/*_later/resutil-exp.yaml want &&
	for word in word =1 .a=1 a.=1 a..b=1 -
	do
		test_expect_code 129 resutil inform --exp later ok=1 "$word" \
			2>err && test_line_count -ge 1 err || return 1
	done &&
	test_expect_code 129 resutil inform --exp later 2>err &&
	test_expect_code 129 resutil inform --exp later - 2>err </dev/null &&
	test_expect_code 129 resutil inform --exp later --json a=NaN 2>err &&
	test_line_count = 1 err &&
	test_expect_code 129 resutil inform --exp later --json a=x 2>err &&
	for text in "" "[1]" "{" "{\"a\":1,\"a\":2}" "{} {}"
	do
		printf "%s" "$text" >in &&
		test_expect_code 13 resutil inform --exp later --json - <in \
			2>err && test_line_count = 1 err || return 1
	done &&
	test_cmp want results/*_later/resutil-exp.yaml
'

test_expect_success 'outside of a run: 1, or nothing' '
	test_expect_code 1 resutil inform a=1 >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	resutil inform --quiet-outside a=1 >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	{ { resutil inform --quiet-outside --json - || echo $? >failed; } <in; } &&
	test_path_is_missing failed &&
	test_expect_code 10 resutil inform --exp none a=1 2>err &&
	test_line_count = 1 err
'

test_expect_success 'who writes to it outside of a run is not killed' '
	fill_pipe () {
		dd if=/dev/zero bs=65536 count=40 2>/dev/null && echo ok >filled
	} &&
	fill_pipe | resutil inform --quiet-outside --json - && test_path_is_file filled
'

test_expect_success 'the program has removed its experiment: 10' '
	test_might_fail resutil run -m removed -- sh -c "
		rm -r \"\$RESUTIL_EX_DIR\" && resutil inform a=1; echo \$? >status
		resutil inform a=1 2>err2" 2>err &&
	echo 10 >want && test_cmp want status && test_line_count = 1 err2
'

test_expect_success 'a hundred at once lose nothing' '
	cat >many.sh <<-\EOF &&
	i=0
	while test $i -lt 100
	do
		i=$((i + 1))
		{ resutil inform k$i=$i shared=$i || echo $i >>failed; } &
	done
	wait
	EOF
	resutil run -m many -- sh many.sh && test_path_is_missing failed &&
	info many | tr , "\n" | grep -c "k[0-9]" >out && echo 100 >want &&
	test_cmp want out && ls -A results/*_many >files &&
	test_grep ! tmp files
'

test_expect_success 'killed in the middle: the old record or the new, and what was said before' '
	cat >killed.sh <<-\EOF &&
	resutil inform first=1
	i=0
	while test $i -lt 30
	do
		i=$((i + 1))
		resutil inform n$i=$i &
		kill -9 $!
	done 2>/dev/null
	wait
	resutil inform last=1
	EOF
	resutil run -m killed -- sh killed.sh && info first killed >out &&
	echo 1 >want && test_cmp want out && info last killed >out &&
	test_cmp want out && resutil fsck >out
'

test_expect_success '10 MB of text' '
	python3 -c "
import json
print(json.dumps({\"big\": \"a\\n\\\"\" * 3500000}))" >big.json &&
	resutil inform --exp later --json - <big.json &&
	resutil read-exp --json --key info.big later >out &&
	python3 -c "
import json
assert json.load(open(\"out\")) == json.load(open(\"big.json\"))[\"big\"]" &&
	cp results/*_later/resutil-exp.yaml want &&
	python3 -c "
import json
print(json.dumps({\"bigger\": \"a\" * 40000000}))" >bigger.json &&
	test_expect_code 13 resutil inform --exp later --json - <bigger.json 2>err &&
	test_line_count = 1 err && test_cmp want results/*_later/resutil-exp.yaml
'

test_expect_success MOUNT 'a full disk: 128, and the record is as it was' '
	make_project small && disk 64k small/results && (
		cd small && resutil run -m full -- true &&
		cp results/*_full/resutil-exp.yaml want &&
		test_might_fail dd if=/dev/zero of=results/filled bs=1024 \
			count=100 2>/dev/null
		test_expect_code 128 resutil inform --exp full a=1 2>err &&
		test_line_count = 1 err && test_cmp want results/*_full/resutil-exp.yaml &&
		rm results/filled && resutil inform --exp full a=1 &&
		ls -A results/*_full >files && test_grep ! tmp files
	)
'

test_done
