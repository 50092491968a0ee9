#!/bin/sh

test_description='YAML: what we write and read means the same to others'
. ./test-lib.sh

test_lazy_prereq PYYAML '/usr/bin/python3 -c "import yaml; yaml.CSafeLoader"'
test_lazy_prereq RUBY 'ruby -ryaml -rjson -e 0'

compare="$TEST_DIRECTORY/helper/yaml-python.py"

test_expect_success PYYAML 'PyYAML reads what we write as it was' '
	/usr/bin/python3 -B "$compare" write value-tool
'

test_expect_success PYYAML 'we read odd scalars as PyYAML does' '
	/usr/bin/python3 -B "$compare" read value-tool
'

test_expect_success PYYAML 'we read what PyYAML writes as it was' '
	/usr/bin/python3 -B "$compare" dump value-tool
'

# Psych takes some plain scalars for more than PyYAML does (1,000 and :word).
test_expect_success PYYAML,RUBY 'Ruby reads the texts that we write as they were' '
	/usr/bin/python3 -B "$compare" texts value-tool >texts.json &&
	value-tool json yaml <texts.json >texts.yaml &&
	ruby -ryaml -rjson -e "
		want = JSON.parse(File.read(\"texts.json\"))
		got = YAML.load(File.read(\"texts.yaml\"))
		abort \"too few\" if want.size < 3000 || got.size != want.size
		bad = want.zip(got).reject { |a, b| a == b }
		bad.each { |pair| p pair }
		exit bad.empty?
	"
'

test_expect_success 'a document goes through both forms and back' '
	cat >doc.yaml <<-\EOF &&
	name: "0.1"
	argv:
	- python
	- train.py
	- --lr
	- "0.1"
	lr: 1.0e-05
	nested:
	- - 1
	  - 2
	- a: 1
	  b: {}
	  c: []
	text: |
	  one

	  two
	quotes: '\''"x" they say'\''
	bytes: !!binary "/w=="
	"yes": "no"
	empty: ""
	EOF
	value-tool yaml yaml <doc.yaml >out &&
	test_cmp doc.yaml out &&
	value-tool yaml json <doc.yaml >doc.json &&
	test_line_count = 0 doc.json &&
	value-tool json yaml <doc.json >out &&
	test_cmp doc.yaml out
'

test_done
