/**
What docker 28 answers to `docker inspect --format TEMPLATE` of one container, template by template: recorded from the real command.
*/
import test from 'ava';
import {compileTemplate, TemplateError} from '../../source/format/template.js';

const container = JSON.parse('{"Name": "/tmpl", "State": {"Status": "created", "Running": false, "Paused": false, "ExitCode": 0, "Pid": 0, "Error": ""}, "Config": {"Hostname": "c967c2435ba7", "User": "", "Tty": false, "Env": ["A=1", "B=two"], "Cmd": ["sh", "-c", "echo hi"], "Image": "busybox", "Entrypoint": null, "OnBuild": null, "Labels": {"com.x": "y", "empty": "", "foo": "bar"}}, "HostConfig": {"Binds": ["/tmp:/data:ro"], "Memory": 0, "NetworkMode": "none"}, "Mounts": [{"Type": "bind", "Source": "/tmp", "Destination": "/data", "Mode": "ro", "RW": false, "Propagation": "rprivate"}], "NetworkSettings": {"Networks": {"none": {"IPAddress": ""}}}}') as unknown;

const answers = test.macro({
	exec(t, template: string, expected: string) {
		t.is(compileTemplate(template)(container), expected);
	},
	title: (_, template) => `docker's answer to ${JSON.stringify(template)}`,
});

test(answers, '{{.Name}}', '/tmpl');
test(answers, '{{ .Name }}', '/tmpl');
test(answers, '{{.Name | printf "%s!" | upper}}', '/TMPL!');
test(answers, '{{.Config.Cmd}}', '[sh -c echo hi]');
test(answers, '{{.Config.Env}}', '[A=1 B=two]');
test(answers, '{{.Config.Labels}}', 'map[com.x:y empty: foo:bar]');
test(answers, '{{json .Config.Cmd}}', '["sh","-c","echo hi"]');
test(answers, '{{json .Config.Labels}}', '{"com.x":"y","empty":"","foo":"bar"}');
test(answers, '{{json .Name}}', '"/tmpl"');
test(answers, '{{json .Config.Entrypoint}}', 'null');
test(answers, '{{json .Config.Tty}}', 'false');
test(answers, '{{json 1}}', '1');
test(answers, '{{json "<a & b>"}}', '"<a & b>"');
test(answers, '{{len .Config.Cmd}}', '3');
test(answers, '{{len .Config.Labels}}', '3');
test(answers, '{{len "héé"}}', '5');
test(answers, '{{len .Mounts}}', '1');
test(answers, '{{index .Config.Cmd 0}}', 'sh');
test(answers, '{{index .Config.Labels "foo"}}', 'bar');
test(answers, '{{index .Config.Labels "none"}}|', '|');
test(answers, '{{.Config.Labels.foo}}', 'bar');
test(answers, '{{.Config.Labels.none}}|', '<no value>|');
test(answers, '{{(index .Mounts 0).Destination}}', '/data');
test(answers, '{{range .Mounts}}{{.Type}} {{.Source}}->{{.Destination}} {{.RW}};{{end}}', 'bind /tmp->/data false;');
test(answers, '{{range $i, $e := .Config.Env}}{{$i}}={{$e}} {{end}}', '0=A=1 1=B=two ');
test(answers, '{{range $k, $v := .Config.Labels}}{{$k}}:{{$v}} {{end}}', 'com.x:y empty: foo:bar ');
test(answers, '{{range .Config.Cmd}}{{if eq . "-c"}}{{continue}}{{end}}{{.}} {{end}}', 'sh echo hi ');
test(answers, '{{range .Config.Cmd}}{{if eq . "-c"}}{{break}}{{end}}{{.}} {{end}}', 'sh ');
test(answers, '{{range .Config.OnBuild}}x{{else}}none{{end}}', 'none');
test(answers, '{{range 3}}{{.}}{{end}}', '012');
test(answers, '{{range $i := 3}}<{{$i}}>{{end}}', '<0><1><2>');
test(answers, '{{with .Config.Labels}}{{.foo}}{{end}}', 'bar');
test(answers, '{{with .Config.User}}x{{else}}nobody{{end}}', 'nobody');
test(answers, '{{with $x := .Config}}{{len $x.Env}}{{end}}', '2');
test(answers, '{{if .Config.Tty}}tty{{else}}pipe{{end}}', 'pipe');
test(answers, '{{if and .Name .Config.Tty}}a{{else}}b{{end}}', 'b');
test(answers, '{{and 1 0 2}}', '0');
test(answers, '{{and "a" "b"}}', 'b');
test(answers, '{{or 0 "" "x"}}', 'x');
test(answers, '{{or 0 ""}}|', '|');
test(answers, '{{not true}} {{not 0}} {{not ""}}', 'false true true');
test(answers, '{{eq 1 1}} {{eq "a" "b" "a"}} {{ne 1 2}}', 'true true true');
test(answers, '{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2 3}}', 'true true false false');
test(answers, '{{lt "a" "b"}} {{gt "B" "a"}}', 'true false');
test(answers, '{{lt 1.5 2.5}}', 'true');
test(answers, '{{$x := 5}}{{$x}}', '5');
test(answers, '{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}', '2');
test(answers, '{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}', '21');
test(answers, '{{$.Name}}', '/tmpl');
test(answers, '{{range .Config.Cmd}}{{$.Name}}{{end}}', '/tmpl/tmpl/tmpl');
test(answers, '{{print 1 2 "a" "b" 3}}', '1 2ab3');
test(answers, '{{print "a" 1 2 "b"}}', 'a1 2b');
test(answers, '{{print true false}}', 'true false');
test(answers, '{{print}}|', '|');
test(answers, '{{println 1 "x" 2}}|', '1 x 2\n|');
test(answers, '{{printf "%5d|%-5d|%05d|%+d" 42 42 42 42}}', '   42|42   |00042|+42');
test(answers, '{{printf "%5d|%-6d|%06d" -42 -42 -42}}', '  -42|-42   |-00042');
test(answers, '{{printf "%x %X %o %b" 255 255 8 5}}', 'ff FF 10 101');
test(answers, '{{printf "%x|%X|% x" "hi" "hi" "hi"}}', '6869|6869|68 69');
test(answers, '{{printf "%c %U" 65 65}}', 'A U+0041');
test(answers, '{{printf "%q" "a\\"b\\n"}}', '"a\\"b\\n"');
test(answers, '{{printf "%s|%10s|%-10s|" "a" "b" "c"}}', 'a|         b|c         |');
test(answers, '{{printf "%.2s|%5.1s|" "abcd" "xyz"}}', 'ab|    x|');
test(answers, '{{printf "%f %.2f %8.3f %e %g" 1.5 1.005 3.25 12345.678 0.0001}}', '1.500000 1.00    3.250 1.234568e+04 0.0001');
test(answers, '{{printf "%g %g %g" 1.0 100000.0 1e21}}', '1 100000 1e+21');
test(answers, '{{printf "%v %v %v %v" 1 "a" true 1.5}}', '1 a true 1.5');
test(answers, '{{printf "%v" .Config.Cmd}}', '[sh -c echo hi]');
test(answers, '{{printf "%v" .Config.Labels}}', 'map[com.x:y empty: foo:bar]');
test(answers, '{{printf "%t %t" true false}}', 'true false');
test(answers, '{{printf "%T %T %T %T" 1 "a" true 1.5}}', 'int string bool float64');
test(answers, '{{printf "%d" "x"}}', '%!d(string=x)');
test(answers, '{{printf "%s" 5}}', '%!s(int=5)');
test(answers, '{{printf "%t" 1}}', '%!t(int=1)');
test(answers, '{{printf "%d"}}', '%!d(MISSING)');
test(answers, '{{printf "a" 1 "b"}}', 'a%!(EXTRA int=1, string=b)');
test(answers, '{{printf "%d%%" 5}}', '5%');
test(answers, '{{printf "%z" 1}}', '%!z(int=1)');
test(answers, '{{printf "%!"}}', '%!!(MISSING)');
test(answers, '{{printf "%*d" 5 1}}', '    1');
test(answers, '{{printf "%[2]d %[1]d" 1 2}}', '2 1');
test(answers, '{{printf "%6.2f%%" 12.345}}', ' 12.35%');
test(answers, '{{printf "%#x %#o %#q" 255 8 "a"}}', '0xff 010 `a`');
test(answers, '{{printf "%+q" "é"}}', '"\\u00e9"');
test(answers, '{{printf "%s" .Config.Env}}', '[A=1 B=two]');
test(answers, '{{printf "%q" .Config.Cmd}}', '["sh" "-c" "echo hi"]');
test(answers, '{{printf "%d" 1.5}}', '%!d(float64=1.5)');
test(answers, '{{upper "abc"}}{{lower "ABC"}}{{title "two words"}}', 'ABCabcTwo Words');
test(answers, '{{title "it\'s o\'clock-now under_score"}}', 'It\'S O\'Clock-Now Under_score');
test(answers, '{{join .Config.Cmd ","}}', 'sh,-c,echo hi');
test(answers, '{{split "a,b,c" ","}}', '[a b c]');
test(answers, '{{index (split "a,b,c" ",") 1}}', 'b');
test(answers, '{{join (split "a b" " ") "+"}}', 'a+b');
test(answers, '{{truncate "abcdef" 3}}', 'abc');
test(answers, '{{truncate "ab" 5}}', 'ab');
test(answers, '{{pad "x" 2 1}}|', '  x |');
test(answers, '{{pad "" 2 1}}|', '|');
test(answers, '{{slice "abcdef" 1 3}}', 'bc');
test(answers, '{{slice "abcdef" 2}}', 'cdef');
test(answers, '{{slice .Config.Cmd 1}}', '[-c echo hi]');
test(answers, '{{slice .Config.Cmd 1 2}}', '[-c]');
test(answers, '{{html "<a&b>"}}', '&lt;a&amp;b&gt;');
test(answers, '{{js "it\'s"}}', 'it\\\'s');
test(answers, '{{urlquery "a b&c/d"}}', 'a+b%26c%2Fd');
test(answers, 'a {{- 1 -}} b', 'a1b');
test(answers, 'a{{- 1 }} b', 'a1 b');
test(answers, 'a {{/* comment */}} b', 'a  b');
test(answers, 'a {{- /* comment */ -}} b', 'ab');
test(answers, '{{"q\\t\\"x"}}', 'q\t"x');
test(answers, '{{`raw\\n`}}', 'raw\\n');
test(answers, '{{\'a\'}}', '97');
test(answers, '{{"\\u00e9\\x41\\101"}}', 'éAA');
test(answers, '{{1}} {{-1}} {{+1}} {{0x10}} {{0b11}} {{0o17}} {{1_000}} {{1e3}} {{1.5e-3}} {{.5}}', '1 -1 1 16 3 15 1000 1000 0.0015 0.5');
test(answers, '{{true}} {{false}}', 'true false');
test(answers, '{{1000000000000}}', '1000000000000');
test(answers, '{{3.0}}{{2.50}}', '32.5');
test(answers, '{{(print 1 2)}}', '1 2');
test(answers, '{{(print "a") | upper}}', 'A');
test(answers, '{{len (print "abc")}}', '3');
test(answers, '{{eq (len .Config.Cmd) 3}}', 'true');
test(answers, '{{if eq .Name "/tmpl"}}yes{{end}}', 'yes');
test(answers, '{{if not (eq .Name "x")}}yes{{end}}', 'yes');
test(answers, '{{if eq 1 2}}a{{else if eq 1 1}}b{{else}}c{{end}}', 'b');
test(answers, '{{with .Config.User}}a{{else with .Name}}{{.}}{{end}}', '/tmpl');
test(answers, '{{.HostConfig.Memory}}', '0');
test(answers, '{{.HostConfig.Binds}}', '[/tmp:/data:ro]');
test(answers, '{{- .Name -}}', '/tmpl');
test(answers, '{{.Name}}{{"\\n"}}{{.Name}}', '/tmpl\n/tmpl');
test(answers, '{{range $i, $c := .Config.Cmd}}{{if $i}}, {{end}}{{$c}}{{end}}', 'sh, -c, echo hi');
test(answers, '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}|', '|');
test(answers, '{{.State.Status}}/{{.State.ExitCode}}/{{.State.Running}}', 'created/0/false');
test(answers, '{{if .State.Running}}up{{else}}down{{end}}', 'down');
test(answers, '{{.State.Health}}', '<nil>');
test(answers, '{{with .State.Health}}{{.Status}}{{else}}none{{end}}', 'none');

const mistakes = test.macro({
	exec(t, template: string, expected: string) {
		t.is(t.throws(() => compileTemplate(template)(container), {instanceOf: TemplateError}).message, expected);
	},
	title: (_, template) => `docker's complaint about ${JSON.stringify(template)}`,
});

const refused = test.macro({
	exec(t, template: string) {
		t.throws(() => compileTemplate(template)(container), {instanceOf: TemplateError});
	},
	title: (_, template) => `docker refuses ${JSON.stringify(template)}, and so do we, in words of our own`,
});

test(mistakes, '{{index .Config.Cmd 9}}', 'template: :1:2: executing "" at <index .Config.Cmd 9>: error calling index: index out of range: 9');
test(mistakes, '{{eq 1 "1"}}', 'template: :1:2: executing "" at <eq 1 "1">: error calling eq: incompatible types for comparison: int and string');
test(mistakes, '{{lt 1 "a"}}', 'template: :1:2: executing "" at <lt 1 "a">: error calling lt: incompatible types for comparison: int and string');
test(mistakes, '{{slice "abc" 2 1}}', 'template: :1:2: executing "" at <slice "abc" 2 1>: error calling slice: invalid slice index: 2 > 1');
test(mistakes, '{{slice "abc" 9}}', 'template: :1:2: executing "" at <slice "abc" 9>: error calling slice: index out of range: 9');
test(mistakes, '{{nil}}', 'template: :1:2: executing "" at <nil>: nil is not a command');
test(mistakes, '{{.Nope}}', 'template: :1:2: executing "" at <.Nope>: map has no entry for key "Nope"');
test(mistakes, '{{.Config.Nope}}', 'template: :1:9: executing "" at <.Config.Nope>: map has no entry for key "Nope"');
test(mistakes, '{{.Name.Nope}}', 'template: :1:7: executing "" at <.Name.Nope>: can\'t evaluate field Nope in type interface {}');
test(mistakes, '{{nope 1}}', 'template: :1: function "nope" not defined');
test(mistakes, '{{.Name', 'template: :1: unclosed action');
test(mistakes, '{{if .Name}}', 'template: :1: unexpected EOF');
test(mistakes, '{{end}}', 'template: :1: unexpected {{end}}');
test(mistakes, '{{else}}', 'template: :1: unexpected {{else}}');
test(mistakes, '{{range .Config.Cmd}}', 'template: :1: unexpected EOF');
test(mistakes, '{{if}}{{end}}', 'template: :1: missing value for if');
test(mistakes, '{{}}', 'template: :1: missing value for command');
test(mistakes, '{{| upper}}', 'template: :1: unexpected "|" in command');
test(mistakes, '{{(.Name}}', 'template: :1: unclosed left paren');
test(mistakes, '{{.Name)}}', 'template: :1: unexpected right paren');
test(mistakes, '{{"abc}}', 'template: :1: unterminated quoted string');
test(mistakes, '{{$x}}', 'template: :1: undefined variable "$x"');
test(mistakes, '{{1 2}}', 'template: :1:2: executing "" at <1>: can\'t give argument to non-function 1');
test(mistakes, '{{upper}}', 'template: :1:2: executing "" at <upper>: wrong number of args for upper: want 1 got 0');
test(mistakes, '{{upper "a" "b"}}', 'template: :1:2: executing "" at <upper>: wrong number of args for upper: want 1 got 2');
test(mistakes, '{{index 1 2}}', 'template: :1:2: executing "" at <index 1 2>: error calling index: can\'t index item of type int');
test(mistakes, '{{len 5}}', 'template: :1:2: executing "" at <len 5>: error calling len: len of type int');
test(mistakes, '{{break}}', 'template: :1: {{break}} outside {{range}}');
test(mistakes, '{{continue}}', 'template: :1: {{continue}} outside {{range}}');
test(mistakes, '{{/* x', 'template: :1: unclosed comment');

test(refused, '{{call .Name}}');
test(refused, '{{.Config.Cmd.Nope}}');
test(refused, '{{"a" | 1}}');
test(refused, '{{upper 1}}');
test(refused, '{{join "a" ","}}');
test(refused, '{{truncate "abc" "x"}}');
