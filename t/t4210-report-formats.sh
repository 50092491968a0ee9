#!/bin/sh

test_description='report: each form of output, letter by letter

Two runs with every kind of value and all that has a meaning in one of the forms.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

TZ=Asia/Tokyo
export TZ
test_set_now 1720088155

test_expect_success 'setup' '
	make_conf &&
	make_exp aapfup_20240704T191501_a "id: $(test_id 1)" "state: done" \
		"at: {created: \"2024-07-04T19:15:01.500000+09:00\"}" \
		"usage: {wall: 3725.25, max_rss: 1572864}" \
		"params: {lr: 0.001, n: 12, \"a|b\": \"x | y & z\", on: true}" \
		"info: {acc: 0.123456789, note: \"<b>50% \\\"of\\\" _all_</b>, yes\"}" \
		"tags: [best, \"two words\"]" &&
	make_exp aapfup_20240704T191502_b "id: $(test_id 2)" "state: fail" \
		"at: {created: \"2024-07-04T19:15:02+09:00\"}" \
		"usage: {wall: 0.5, max_rss: 900}" \
		"params: {lr: 12.5, n: -7, \"a|b\": null, on: false}" \
		"info: {acc: .nan, note: \"日本\\tone\\ntwo\\\\\"}"
'

columns=name,state,date,duration,usage.max_rss,lr,n,'params."a|b"',on,acc,tags,note

# form NAME: what it prints is what stands in stdin
form () {
	cat >expect.$1
	test_expect_success "as $1" '
		resutil report --columns "$columns" --format='$1' >actual &&
		test_cmp expect.'$1' actual
	'
}

form table <<\END
name                      state  date              duration  usage.max_rss  params.lr  params.n  params."a|b"  params.on    info.acc  tags                   info.note
aapfup_20240704T191501_a  done   2024-07-04 19:15  1 h 02 m        1.5 MiB      0.001        12  x | y & z     true         0.123457  ["best", "two words"]  <b>50% "of" _all_</b>, yes
aapfup_20240704T191502_b  fail   2024-07-04 19:15     0.5 s          900 B     12.5          -7                false      nan                                日本\x09one\x0atwo\
END

form csv <<\END
name,state,date,duration,usage.max_rss,params.lr,params.n,"params.""a|b""",params.on,info.acc,tags,info.note
aapfup_20240704T191501_a,done,2024-07-04T19:15:01.500000+09:00,3725.25,1572864,0.001,12,x | y & z,true,0.123456789,"[""best"", ""two words""]","<b>50% ""of"" _all_</b>, yes"
aapfup_20240704T191502_b,fail,2024-07-04T19:15:02.000000+09:00,0.5,900,12.5,-7,,false,nan,,"日本	one
two\"
END

form tsv <<\END
name	state	date	duration	usage.max_rss	params.lr	params.n	"params.\"a|b\""	params.on	info.acc	tags	info.note
aapfup_20240704T191501_a	done	2024-07-04T19:15:01.500000+09:00	3725.25	1572864	0.001	12	x | y & z	true	0.123456789	["best", "two words"]	"<b>50% \"of\" _all_</b>, yes"
aapfup_20240704T191502_b	fail	2024-07-04T19:15:02.000000+09:00	0.5	900	12.5	-7		false	nan		"日本\tone\ntwo\\"
END

form json <<\END
{"name":"aapfup_20240704T191501_a","state":"done","date":"2024-07-04T19:15:01.500000+09:00","duration":3725.25,"usage.max_rss":1572864,"params.lr":0.001,"params.n":12,"params.\"a|b\"":"x | y & z","params.on":true,"info.acc":0.123456789,"tags":["best","two words"],"info.note":"<b>50% \"of\" _all_</b>, yes"}
{"name":"aapfup_20240704T191502_b","state":"fail","date":"2024-07-04T19:15:02.000000+09:00","duration":0.5,"usage.max_rss":900,"params.lr":12.5,"params.n":-7,"params.\"a|b\"":null,"params.on":false,"info.acc":"nan","tags":null,"info.note":"日本\tone\ntwo\\"}
END

form markdown <<\END
| name                     | state | date             | duration | usage.max_rss | params.lr | params.n | params."a\|b" | params.on | info.acc | tags                    | info.note                        |
| ------------------------ | ----- | ---------------- | -------: | ------------: | --------: | -------: | ------------- | --------- | -------: | ----------------------- | -------------------------------- |
| aapfup_20240704T191501_a | done  | 2024-07-04 19:15 | 1 h 02 m |       1.5 MiB |     0.001 |       12 | x \| y \& z   | true      | 0.123457 | \["best", "two words"\] | \<b\>50% "of" \_all\_\</b\>, yes |
| aapfup_20240704T191502_b | fail  | 2024-07-04 19:15 |    0.5 s |         900 B |      12.5 |       -7 |               | false     |      nan |                         | 日本\\x09one\\x0atwo\\           |
END

form latex <<\END
% \usepackage{booktabs}
\begin{tabular}{lllrrrrllrll}
\toprule
name & state & date & duration & usage.max\_rss & params.lr & params.n & params.\char34{}a\textbar{}b\char34{} & params.on & info.acc & tags & info.note \\
\midrule
aapfup\_20240704T191501\_a & done & 2024-07-04 19:15 & 1 h 02 m & 1.5 MiB & 0.001 & 12 & x \textbar{} y \& z & true & 0.123457 & {}[\char34{}best\char34{}, \char34{}two words\char34{}] & \textless{}b\textgreater{}50\% \char34{}of\char34{} \_all\_\textless{}/b\textgreater{}, yes \\
aapfup\_20240704T191502\_b & fail & 2024-07-04 19:15 & 0.5 s & 900 B & 12.5 & $-7$ &  & false & nan &  & 日本\textbackslash{}x09one\textbackslash{}x0atwo\textbackslash{} \\
\bottomrule
\end{tabular}
END

cat >expect.html <<\END
<table>
<caption>project</caption>
<thead>
<tr><th scope="col"><button>name</button></th><th scope="col"><button>state</button></th><th scope="col"><button>date</button></th><th scope="col"><button>duration</button></th><th scope="col"><button>usage.max_rss</button></th><th scope="col"><button>params.lr</button></th><th scope="col"><button>params.n</button></th><th scope="col"><button>params.&quot;a|b&quot;</button></th><th scope="col"><button>params.on</button></th><th scope="col"><button>info.acc</button></th><th scope="col"><button>tags</button></th><th scope="col"><button>info.note</button></th></tr>
</thead>
<tbody>
<tr><th scope="row">aapfup_20240704T191501_a</th><td class="done">done</td><td data-v="1720088101.500000">2024-07-04 19:15</td><td class="n" data-v="3725.25">1 h 02 m</td><td class="n" data-v="1572864">1.5 MiB</td><td class="n" data-v="0.001">0.001</td><td class="n" data-v="12">12</td><td>x | y &amp; z</td><td>true</td><td class="n" data-v="0.123456789">0.123457</td><td>[&quot;best&quot;, &quot;two words&quot;]</td><td>&lt;b&gt;50% &quot;of&quot; _all_&lt;/b&gt;, yes</td></tr>
<tr><th scope="row">aapfup_20240704T191502_b</th><td class="fail">fail</td><td data-v="1720088102.000000">2024-07-04 19:15</td><td class="n" data-v="0.5">0.5 s</td><td class="n" data-v="900">900 B</td><td class="n" data-v="12.5">12.5</td><td class="n" data-v="-7">-7</td><td></td><td>false</td><td class="n">nan</td><td></td><td>日本	one
two\</td></tr>
</tbody>
</table>
END

test_expect_success 'as html' '
	resutil report --columns "$columns" --format=html >page &&
	sed -n "/^<table>/,/^<.table>/p" page >actual &&
	test_cmp expect.html actual &&
	head -n 1 page >first && echo "<!DOCTYPE html>" >expect &&
	test_cmp expect first &&
	test_must_fail grep -E "https?:|src=|@import" page
'

test_expect_success 'every form without titles, with fewer digits and a title' '
	for format in table csv tsv json markdown latex html
	do
		resutil report --columns name,acc --no-header --digits=3 \
			--title="A & B" --format=$format -n 1 --sort=date \
			>$format || return 1
	done &&
	echo "aapfup_20240704T191501_a  0.123" >expect &&
	test_cmp expect table &&
	echo "aapfup_20240704T191501_a,0.123456789" >expect &&
	test_cmp expect csv &&
	printf "aapfup_20240704T191501_a\t0.123456789\n" >expect &&
	test_cmp expect tsv &&
	grep "0.123456789" json &&
	grep "^| aapfup_20240704T191501_a |    0.123 |" markdown &&
	grep -F "caption{A \& B}" latex &&
	grep -F "aapfup\_20240704T191501\_a & 0.123" latex &&
	test_must_fail grep "info.acc" latex &&
	grep "<title>A &amp; B</title>" html &&
	grep "<caption>A &amp; B</caption>" html &&
	test_must_fail grep "<thead>" html
'

test_expect_success 'a column of numbers without a number is one of numbers' '
	resutil report --columns name,exit_code,metrics.loss.last,zone \
		--format=markdown >actual 2>err &&
	cat >expect <<-\END &&
	| name                     | exit_code | metrics.loss.last | zone |
	| ------------------------ | --------: | ----------------: | ---- |
	| aapfup_20240704T191501_a |           |                   |      |
	| aapfup_20240704T191502_b |           |                   |      |
	END
	test_cmp expect actual &&
	resutil report --group-by state --columns acc,note --stats std,ci \
		--where "acc < 1" --format=latex >actual &&
	grep -F "begin{tabular}{lrrrrl}" actual
'

test_expect_success 'a page is called as the project is' '
	resutil report --format=html >page &&
	grep "<title>project</title>" page
'

test_expect_success PYTHON 'what programs read is what the records say' '
	resutil report --columns "$columns" --format=csv >csv &&
	resutil report --columns "$columns" --json >json &&
	python3 - <<-\EOF
	import csv, json
	rows = list(csv.DictReader(open("csv", newline="", encoding="utf-8")))
	objects = [json.loads(line) for line in open("json", encoding="utf-8")]
	assert [list(o) for o in objects] == [list(r) for r in rows]
	a, b = objects
	assert a["params.lr"] == 0.001 and a["params.on"] is True, a
	assert a["tags"] == ["best", "two words"] and b["tags"] is None
	assert b["params.\"a|b\""] is None and rows[1]["params.\"a|b\""] == ""
	note = "\u65e5\u672c\tone\ntwo\\"
	assert b["info.note"] == rows[1]["info.note"] == note, rows[1]
	assert b["info.acc"] == "nan" == rows[1]["info.acc"]
	assert float(rows[0]["duration"]) == a["duration"] == 3725.25
	assert a["date"] == rows[0]["date"]
	EOF
'

test_done
