#!/bin/sh

test_description='plot: lines and points, in the terminal and as SVG'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

TZ=Asia/Tokyo
export TZ
test_set_now 1720088155
A=aapfup_20240704T191501_down
B=aapfup_20240704T191502_up

# rows FORMAT: of awk, for i from 1 to 9, into a file
rows () {
	awk -v format="$1" "BEGIN {
		print \"at,step,loss\"
		for (i = 1; i < 10; i++)
			printf \"%d,%d,\" format \"\\n\", 100 + i, i, i
	}" >"$2"
}

test_expect_success 'setup' '
	make_conf && mkdir store &&
	make_exp $A "id: $(test_id 1)" "params: {lr: 0.1, opt: sgd}" \
		"info: {acc: 0.5}" &&
	make_exp $B "id: $(test_id 2)" "params: {lr: 0.2, opt: adam}" \
		"info: {acc: 0.75}" &&
	rows %d results/$B/metrics-0000.csv &&
	sed "2,\$s/\(.*\),\(.\)\$/\1,-\2/" results/$B/metrics-0000.csv \
		>results/$A/metrics-0000.csv &&
	mkdir one hole
'

test_expect_success 'two lines in letters' '
	cat >expect <<-\END &&
	   loss
	   |                                  oo
	   |                         ooooooooo
	 5 +                ooooooooo
	   |       ooooooooo
	   |ooooooo
	 0 +*******
	   |       *********
	-5 +                ********
	   |                        *********
	   |                                 ***
	   +----+--------+--------+--------+----
	        2        4        6        8
	                    step
	 * down  last -9  min -9 at 9
	 o up    last 9   min 1 at 1
	END
	resutil plot --width=40 --height=16 down up >actual &&
	test_cmp expect actual &&
	resutil plot --width=60 down up >actual &&
	grep "^ \* down  last -9  min -9 at 9  max -1 at 1\$" actual &&
	grep "^ o up    last 9   min 1 at 1   max 9 at 9\$" actual
'

test_expect_success 'braille and blocks, in eight dots and two' '
	LC_ALL=C.UTF-8 resutil plot --width=40 up >actual &&
	LC_ALL=C grep "$(printf "\342\243\200")" actual &&
	resutil plot --width=40 --style=blocks up >actual &&
	LC_ALL=C grep "$(printf "\342\226\204")" actual &&
	resutil plot --width=40 up >actual &&
	! LC_ALL=C grep "[^ -~]" actual &&
	TERM=linux LC_ALL=C.UTF-8 resutil plot --width=40 up >actual &&
	! LC_ALL=C grep "$(printf "\342\243\200")" actual &&
	test_expect_code 129 resutil plot --style=oil up
'

test_expect_success 'lines have markers as well' '
	resutil plot --style=braille --width=40 down up >actual &&
	for marker in "\342\227\217" "\342\226\262"
	do
		test $(LC_ALL=C grep -c "$(printf "$marker")" actual) -gt 2 ||
		return 1
	done
'

test_expect_success 'colour when it is asked for' '
	resutil plot --width=40 up >plain &&
	! grep "$(printf "\033")" plain &&
	resutil -c color.ui=always plot --width=40 up >colored &&
	grep "$(printf "\033\\[36m")" colored &&
	sed "s/$(printf "\033")\[[0-9]*m//g" colored >actual &&
	test_cmp plain actual
'

test_expect_success 'twenty columns' '
	resutil plot --width=20 down up >actual &&
	awk "length > 20" actual >long && test_must_be_empty long &&
	grep "[*][*]" actual && grep "^ o up" actual
'

test_expect_success 'NaN and infinities are gaps that are told' '
	printf "%s\n" at,step,loss 1,1,1 2,2,nan 3,3,2 4,4,inf 5,5,3 6,6,-1 \
		>hole/metrics-0000.csv &&
	resutil plot --width=70 ./hole >actual &&
	grep "max 3 at 5  1 NaN, 1 infinite\$" actual &&
	resutil plot --width=90 --log y ./hole >actual &&
	grep "1 NaN, 1 infinite, 1 not above 0\$" actual &&
	printf "%s\n" at,loss 1,nan 2,nan >hole/metrics-0000.csv &&
	resutil plot --width=60 ./hole >actual && grep "no numbers" actual &&
	grep "2 NaN" actual
'

test_expect_success 'one point, a constant, the largest numbers' '
	echo at,step,loss >one/metrics-0000.csv &&
	echo 1,1,0.5 >>one/metrics-0000.csv &&
	resutil plot --width=40 ./one >actual && grep "|  *[*]\$\|+  *[*]\$" actual &&
	printf "%s\n" 2,2,0.5 3,3,0.5 >>one/metrics-0000.csv &&
	resutil plot --width=40 ./one >actual && grep "0.5 +[*]*\$" actual &&
	printf "%s\n" 4,4,1.7e308 5,5,-1.7e308 >>one/metrics-0000.csv &&
	resutil plot --width=40 ./one >actual && grep "[*]" actual &&
	resutil plot -o big.svg ./one && ! grep -i "nan\|inf" big.svg
'

test_expect_success 'time and dates along the axis' '
	resutil plot --x time --width=60 up >actual &&
	grep "0s .*[2468]s" actual && grep "time since the first row" actual &&
	resutil plot --x at --width=60 up >actual && grep "09:01:4" actual &&
	resutil plot --x row --width=60 up >actual && grep " row\$" actual
'

test_expect_success 'no spike of many rows is lost' '
	awk "BEGIN { print \"at,step,loss\"; for (i = 0; i < 60000; i++) {
		y = i == 31234 ? 99 : i % 7 / 10
		if (i > 59997) y = 60058 - i
		print i \",\" i \",\" y } }" \
		>one/metrics-0000.csv &&
	resutil plot --width=60 ./one >actual &&
	grep "max 99 at 31234" actual && sed -n 2,4p actual >top &&
	grep "[*]" top &&
	resutil plot -o spike.svg ./one &&
	test $(wc -c <spike.svg) -lt 120000 &&
	: "nor the last of them, half way up at the right" &&
	right=$(sed -n "s/.*class=\"axis\".*h\([0-9.]*\)\".*/\1/p" spike.svg) &&
	grep "class=\"line s0\" d=\"[^\"]*L$right 131[.]6\"" spike.svg
'

test_expect_success 'a smoothed line has its rows behind it' '
	printf "%s\n" at,step,loss 1,1,0 2,2,0 3,3,9 4,4,0 5,5,0 \
		>one/metrics-0000.csv &&
	resutil plot --smooth 3 --width=60 ./one >actual &&
	grep "max 9 at 3" actual && grep "mean of 3 rows" actual &&
	sed -n 3,5p actual >top && grep "[.]" top && ! grep "[*]" top &&
	resutil plot --smooth 3 -o smooth.svg ./one &&
	grep "class=\"line raw s0\"" smooth.svg
'

test_expect_success 'ranges' '
	resutil plot --y-range=0:2 --x-range=:5 --width=60 up >actual &&
	! grep "^ *[3-9][.0-9]* [+]" actual &&
	for bad in 5 5:1 a:b 1:1
	do
		test_expect_code 129 resutil plot --y-range=$bad up 2>err ||
		return 1
	done &&
	test_expect_code 129 resutil plot --log y --y-range=0:1 up
'

test_expect_success 'a point for each run' '
	resutil plot --scatter --x lr --y info.acc --width=60 >actual &&
	test $(grep -c "[|+].*[*]\$" actual) = 2 && grep "^ *lr\$" actual &&
	resutil plot --scatter --x params.opt --y acc --group opt --width=60 \
		>actual &&
	grep "adam  *sgd" actual && grep "^ [*] opt=adam" actual &&
	grep "^ o opt=sgd" actual &&
	test_expect_code 10 resutil plot --scatter --x lr --y nothing 2>err &&
	grep "no run has the field .nothing." err &&
	test_expect_code 129 resutil plot --scatter --x lr
'

# svg WHAT: a question about plot.svg, which has to be XML
svg () {
	python3 -S -E - "$@" <<-\END
	import sys, xml.etree.ElementTree as tree
	root = tree.parse("plot.svg").getroot()
	ns = "{http://www.w3.org/2000/svg}"
	assert root.tag == ns + "svg"
	for e in root.iter():
	    assert e.tag != ns + "script" and not any(
	        k.startswith("on") or "href" in k for k in e.attrib), e.tag
	lines = [e for e in root.iter(ns + "path")
	         if e.get("class", "").startswith("line") and len(e)]
	print(len(lines), " ".join(e[0].text for e in lines))
	print("|".join(e.text for e in root.iter(ns + "text")))
	END
}

test_expect_success PYTHON 'SVG is whole, and its titles tell values' '
	resutil plot --title "a <b> & \"c\"" -o plot.svg down up &&
	svg >actual &&
	grep "^2 .*up: last 9, min 1 at 1, max 9 at 9" actual &&
	grep "a <b> & \"c\"|down|up|loss" actual &&
	grep prefers-color-scheme plot.svg &&
	resutil plot --title "a <b> & \"c\"" -o - down up >stdout.svg &&
	test_cmp plot.svg stdout.svg &&
	resutil plot --scatter --x lr --y acc -o plot.svg && svg >actual &&
	grep "<title>$A: 0.5 at 0.1</title>" plot.svg
'

test_expect_success 'a pipe is written to, and not replaced' '
	mkfifo pipe && cat pipe >copy &
	reader=$! &&
	while ! test -p pipe
	do
		sleep 0.01
	done &&
	resutil plot -o pipe up && wait $reader && test -p pipe &&
	grep "</svg>" copy &&
	test_expect_code 128 resutil plot -o no/such/place.svg up 2>err &&
	test_line_count = 1 err
'

test_expect_success 'nothing to draw' '
	test_expect_code 10 resutil plot --y other up 2>err &&
	grep "no run has a number in .other." err &&
	test_expect_code 10 resutil plot nobody &&
	test_expect_code 3 resutil plot --width=40 up nobody >actual &&
	grep "up  last 9" actual &&
	test_expect_code 129 resutil plot &&
	test_expect_code 129 resutil plot --width=3 up
'

test_done
