#!/bin/sh

test_description='a table in each of its forms, byte for byte'

. ./test-lib.sh

test -x "$BUILD_DIRECTORY/helper/sheet-tool" ||
test_skip_all "sheet-tool is not built"
PATH=$BUILD_DIRECTORY/helper:$PATH

test_expect_success 'setup: each kind of value' '
	cat >runs <<-\END
	[{"title":"name","role":"name"},{"title":"state","role":"state"},{"title":"params.lr"},{"title":"info.acc","unit":"%"},{"title":"duration","unit":"s"},{"title":"usage.max_rss","unit":"B"},{"title":"date"},{"title":"note"}]
	["aapfup_20240704T191555_first","done",0.1,91.23456789,12.5,104857600,{"time":"2024-07-04T19:15:55.25+09:00"},"plain"]
	["aapfuq_20240704T191655_日本語","fail, exit status 3",1e-05,-7,184,999,{"time":"2024-07-04T19:16:55+09:00"},"a|b, \"c\"\n<d> & \\e_f*g"]
	["aapfur_20240704T191755","running on lab3",1720087.25,{"none":true},null,{"none":true},{"none":true},["x",1,true]]
	["aapfus_20240704T191855","lost","auto","nan",0.004,1,{"none":true},"[=1+1"]
	END
'

test_expect_success 'table: numbers at the point, others at the left' '
	sed "s/|$//" >expect <<-\END &&
	name                           state                    params.lr  info.acc [%]  duration  usage.max_rss  date              note
	aapfup_20240704T191555_first   done                       0.1           91.2346    12.5 s      100.0 MiB  2024-07-04 19:15  plain
	aapfuq_20240704T191655_日本語  fail, exit status 3        1.0e-05       -7       3 m 04 s          999 B  2024-07-04 19:16  a|b, "c"\x0a<d> & \e_f*g
	aapfur_20240704T191755         running on lab3      1720087.2                                                               ["x", 1, true]
	aapfus_20240704T191855         lost                          auto           nan   0.004 s            1 B                    [=1+1
	END
	sheet-tool table <runs >actual && test_cmp expect actual
'

test_expect_success 'a narrow one cuts texts, names what is left out, cuts no number' '
	cat >expect <<-\END &&
	name          state             params.lr  info.acc [%]  duration
	aapfup…first  done                0.1           91.2346    12.5 s
	aapfuq…本語   fail, exit …        1.0e-05       -7       3 m 04 s
	aapfur…91755  running on …  1720087.2
	aapfus…91855  lost                   auto           nan   0.004 s
	+ 3: usage.max_rss, date, note
	END
	sheet-tool table --width=66 <runs >actual && test_cmp expect actual &&
	cat >expect <<-\END &&
	name
	aapfup…T191555_first
	aapfuq…191655_日本語
	aapfur…240704T191755
	aapfus…240704T191855
	+ 7: state, params.…
	END
	sheet-tool table --width=20 <runs >actual && test_cmp expect actual
'

test_expect_success 'csv: exact, lines end in LF, empty text is not nothing' '
	cat >expect <<-\END &&
	name,state,params.lr,info.acc,duration,usage.max_rss,date,note
	aapfup_20240704T191555_first,done,0.1,91.23456789,12.5,104857600,2024-07-04T19:15:55.250000+09:00,plain
	aapfuq_20240704T191655_日本語,"fail, exit status 3",1.0e-05,-7,184,999,2024-07-04T19:16:55.000000+09:00,"a|b, ""c""
	<d> & \e_f*g"
	aapfur_20240704T191755,running on lab3,1720087.25,,,,,"[""x"", 1, true]"
	aapfus_20240704T191855,lost,auto,nan,0.004,1,,[=1+1
	END
	sheet-tool csv <runs >actual && test_cmp expect actual &&
	printf "%s\n" "[{\"title\":\"a\"},{\"title\":\"b\"}]" "[\"\",null]" \
		"[\"=1+1\",\"-\"]" "[\"@x\",\"+1\"]" "[\" a\",\"b\\t\"]" \
		"[\"c \",\"\\td\"]" |
	sheet-tool csv >actual &&
	printf "%s\n" "a,b" "\"\"," "=1+1,-" "@x,+1" \
		"\" a\",\"b$(printf "\t")\"" "\"c \",\"$(printf "\t")d\"" >expect &&
	test_cmp expect actual &&
	printf "%s\n" "[{\"title\":\"a\"}]" "[null]" "[\"\"]" "[1]" |
	sheet-tool csv --no-header >actual &&
	printf "%s\n" "\"\"" "\"\"" 1 >expect && test_cmp expect actual
'

test_expect_success 'tsv: exact, quoted like C where it must be' '
	sed "s/ *|/	/g" >expect <<-\END &&
	name|state|params.lr|info.acc|duration|usage.max_rss|date|note
	aapfup_20240704T191555_first|done|0.1|91.23456789|12.5|104857600|2024-07-04T19:15:55.250000+09:00|plain
	aapfuq_20240704T191655_日本語|fail, exit status 3|1.0e-05|-7|184|999|2024-07-04T19:16:55.000000+09:00|"a%b, \"c\"\n<d> & \\e_f*g"
	aapfur_20240704T191755|running on lab3|1720087.25|||||["x", 1, true]
	aapfus_20240704T191855|lost|auto|nan|0.004|1||[=1+1
	END
	sed "s/\"a%b/\"a|b/" expect >expect.1 &&
	sheet-tool tsv <runs >actual && test_cmp expect.1 actual
'

test_expect_success 'json: an object a line, all columns in each' '
	cat >expect <<-\END &&
	{"name":"aapfup_20240704T191555_first","state":"done","params.lr":0.1,"info.acc":91.23456789,"duration":12.5,"usage.max_rss":104857600,"date":"2024-07-04T19:15:55.250000+09:00","note":"plain"}
	{"name":"aapfuq_20240704T191655_日本語","state":"fail, exit status 3","params.lr":1.0e-05,"info.acc":-7,"duration":184,"usage.max_rss":999,"date":"2024-07-04T19:16:55.000000+09:00","note":"a|b, \"c\"\n<d> & \\e_f*g"}
	{"name":"aapfur_20240704T191755","state":"running on lab3","params.lr":1720087.25,"info.acc":null,"duration":null,"usage.max_rss":null,"date":null,"note":["x",1,true]}
	{"name":"aapfus_20240704T191855","state":"lost","params.lr":"auto","info.acc":"nan","duration":0.004,"usage.max_rss":1,"date":null,"note":"[=1+1"}
	END
	sheet-tool json <runs >actual && test_cmp expect actual &&
	printf "%s\n" "[{\"title\":\"a\"},{\"title\":\"a\"},{\"title\":\"a:2\"}]" \
		"[1,2,3]" | sheet-tool json >actual &&
	echo "{\"a\":1,\"a:2\":2,\"a:2:2\":3}" >expect &&
	test_cmp expect actual
'

test_expect_success 'markdown: of GitHub, readable as it is' '
	cat >expect <<-\END &&
	| name                          | state               | params.lr | info.acc \[%\] | duration | usage.max_rss | date             | note                            |
	| ----------------------------- | ------------------- | --------: | -------------: | -------: | ------------: | ---------------- | ------------------------------- |
	| aapfup_20240704T191555_first  | done                |       0.1 |        91.2346 |   12.5 s |     100.0 MiB | 2024-07-04 19:15 | plain                           |
	| aapfuq_20240704T191655_日本語 | fail, exit status 3 |   1.0e-05 |             -7 | 3 m 04 s |         999 B | 2024-07-04 19:16 | a\|b, "c"\\x0a\<d\> \& \\e_f\*g |
	| aapfur_20240704T191755        | running on lab3     | 1720087.2 |                |          |               |                  | \["x", 1, true\]                |
	| aapfus_20240704T191855        | lost                |      auto |            nan |  0.004 s |           1 B |                  | \[=1+1                          |
	END
	sheet-tool markdown <runs >actual && test_cmp expect actual
'

test_expect_success 'latex: a tabular of booktabs, a float with a title' '
	cat >expect <<-\END &&
	% \usepackage{booktabs}
	\begin{table}
	\centering
	\caption{Runs \& \textless{}more\textgreater{}}
	\begin{tabular}{llrrrrll}
	\toprule
	name & state & params.lr & info.acc [\%] & duration & usage.max\_rss & date & note \\
	\midrule
	aapfup\_20240704T191555\_first & done & 0.1 & 91.2346 & 12.5 s & 100.0 MiB & 2024-07-04 19:15 & plain \\
	aapfuq\_20240704T191655\_日本語 & fail, exit status 3 & $1.0\times10^{-5}$ & $-7$ & 3 m 04 s & 999 B & 2024-07-04 19:16 & a\textbar{}b, \char34{}c\char34{}\textbackslash{}x0a\textless{}d\textgreater{} \& \textbackslash{}e\_f*g \\
	aapfur\_20240704T191755 & running on lab3 & 1720087.2 &  &  &  &  & {}[\char34{}x\char34{}, 1, true] \\
	aapfus\_20240704T191855 & lost & auto & nan & 0.004 s & 1 B &  & {}[=1+1 \\
	\bottomrule
	\end{tabular}
	\end{table}
	END
	sheet-tool latex --title="Runs & <more>" <runs >actual &&
	test_cmp expect actual &&
	sheet-tool latex --no-header <runs >actual &&
	sed -e "/{table}/d; /centering/d; /caption/d; /midrule/d; /^name/d" \
		expect >expect.1 && test_cmp expect.1 actual
'

test_expect_success 'html: one page' '
	cat >expect <<-\END &&
	<table>
	<caption>Runs &amp; &lt;more&gt;</caption>
	<thead>
	<tr><th scope="col"><button>name</button></th><th scope="col"><button>state</button></th><th scope="col"><button>params.lr</button></th><th scope="col"><button>info.acc [%]</button></th><th scope="col"><button>duration</button></th><th scope="col"><button>usage.max_rss</button></th><th scope="col"><button>date</button></th><th scope="col"><button>note</button></th></tr>
	</thead>
	<tbody>
	<tr><th scope="row">aapfup_20240704T191555_first</th><td class="done">done</td><td class="n" data-v="0.1">0.1</td><td class="n" data-v="91.23456789">91.2346</td><td class="n" data-v="12.5">12.5 s</td><td class="n" data-v="104857600">100.0 MiB</td><td data-v="1720088155.250000">2024-07-04 19:15</td><td>plain</td></tr>
	<tr><th scope="row">aapfuq_20240704T191655_日本語</th><td class="fail">fail, exit status 3</td><td class="n" data-v="1.0e-05">1.0e-05</td><td class="n" data-v="-7">-7</td><td class="n" data-v="184">3 m 04 s</td><td class="n" data-v="999">999 B</td><td data-v="1720088215.000000">2024-07-04 19:16</td><td>a|b, &quot;c&quot;
	&lt;d&gt; &amp; \e_f*g</td></tr>
	<tr><th scope="row">aapfur_20240704T191755</th><td class="running">running on lab3</td><td class="n" data-v="1720087.25">1720087.2</td><td></td><td></td><td></td><td></td><td>[&quot;x&quot;, 1, true]</td></tr>
	<tr><th scope="row">aapfus_20240704T191855</th><td class="lost">lost</td><td>auto</td><td>nan</td><td class="n" data-v="0.004">0.004 s</td><td class="n" data-v="1">1 B</td><td></td><td>[=1+1</td></tr>
	</tbody>
	</table>
	END
	sheet-tool html --title="Runs & <more>" <runs >page &&
	sed -n "/^<table>/,/^<.table>/p" page >actual &&
	test_cmp expect actual &&
	head -n 1 page >first && echo "<!DOCTYPE html>" >expect &&
	test_cmp expect first &&
	grep "^<title>Runs &amp; &lt;more&gt;</title>\$" page &&
	! grep -i "http:\|https:\|src=\|href=\|@import" page
'

test_expect_success 'digits: as many as asked for, and none before the point is lost' '
	cat >numbers <<-\END &&
	[{"title":"x"}]
	[3.14159265358979]
	[1234567.891]
	[0.000123456789]
	[1.23456789e-10]
	[1e300]
	[123456789012345678]
	[0.1]
	[2.0]
	END
	cat >expect <<-\END &&
	                 x
	      3.14
	1234567.9
	      0.000123
	      1.23e-10
	      1.0e+300
	123456789012345678
	      0.1
	      2.0
	END
	sheet-tool table --digits=3 <numbers >actual &&
	sed "s/^ *//; s/ *$//" expect >expect.1 &&
	sed "s/^ *//" actual >actual.1 && test_cmp expect.1 actual.1 &&
	sheet-tool csv --digits=3 <numbers >actual &&
	printf "%s\n" x 3.14159265358979 1234567.891 0.000123456789 \
		1.23456789e-10 1.0e+300 123456789012345678 0.1 2.0 >expect &&
	test_cmp expect actual
'

test_expect_success 'no rows, no columns, an unknown form' '
	for form in table csv tsv json markdown latex html
	do
		echo "[{\"title\":\"a\"}]" | sheet-tool $form >out &&
		{ test $form = json || grep a out >/dev/null; } &&
		echo "[]" | sheet-tool $form >out || return 1
	done &&
	test_expect_code 129 sheet-tool xml <runs 2>err &&
	grep "table, csv, tsv, json, markdown, latex, html" err
'

test_expect_success PTY 'a terminal gets colours, its own width, and no escapes of others' '
	printf "%s\n" "[{\"title\":\"name\",\"role\":\"name\"},{\"title\":\"state\",\"role\":\"state\"}]" \
		"[\"x\\u001b[2J\",\"done\"]" "[\"y\",\"fail\"]" >evil &&
	unset NO_COLOR &&
	TERM=xterm COLUMNS=40 pty-run --raw --screen=screen \
		sh -c "sheet-tool table <evil" &&
	tr -d "\r" <screen >actual &&
	printf "\033[1mname      state\033[m\n" >expect &&
	printf "\033[1mx\\\\x1b[2J\033[m  \033[32mdone\033[m\n" >>expect &&
	printf "\033[1my\033[m         \033[31mfail\033[m\n" >>expect &&
	test_cmp expect actual &&
	for form in csv tsv json markdown latex html
	do
		TERM=xterm pty-run --raw --screen=screen \
			sh -c "sheet-tool $form <evil" &&
		! grep "$(printf "\033")" screen || return 1
	done
'

test_done
