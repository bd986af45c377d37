import test from 'ava';
import {compileTemplate, TemplateError} from '../../source/format/template.js';

const data = {
	Id: 'abc',
	Name: '/web',
	State: {Running: true, Pid: 42, Error: ''},
	Config: {Cmd: ['sh', '-c', 'echo hi'], Labels: {foo: 'bar', 'com.x': 'y'}, Entrypoint: null, Env: []},
	Mounts: [{Source: '/a', Destination: '/b'}, {Source: '/c', Destination: '/d'}],
	Ports: {'80/tcp': [{HostPort: '8080'}], '443/tcp': null},
	Zero: 0,
	Size: 12.5,
};

const renders = test.macro({
	exec(t, template: string, expected: string) {
		t.is(compileTemplate(template)(data), expected);
	},
	title: (_, template) => `renders ${template}`,
});

test(renders, 'plain text', 'plain text');
test(renders, '{{.Id}}', 'abc');
test(renders, '{{ .State.Pid }}', '42');
test(renders, '{{.State.Running}} {{.State.Error}}|', 'true |');
test(renders, '{{.Config.Cmd}}', '[sh -c echo hi]');
test(renders, '{{.Config.Labels}}', 'map[com.x:y foo:bar]');
test(renders, '{{.Config.Entrypoint}}', '[]');
test(renders, '{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{json .State}}', 'null ["sh","-c","echo hi"] {"Running":true,"Pid":42,"Error":""}');
test(renders, '{{.Config.Labels.foo}} {{.Config.Labels.none}}', 'bar <no value>');
test(renders, '{{index .Config.Labels "com.x"}}|{{index .Config.Labels "none"}}|', 'y||');
test(renders, '{{index .Config.Cmd 0}} {{index .Mounts 1 "Source"}}', 'sh /c');
test(renders, '{{(index .Mounts 0).Destination}}', '/b');
test(renders, '{{(index (index .Ports "80/tcp") 0).HostPort}}', '8080');
test(renders, '{{len .Config.Cmd}} {{len .Name}} {{len .Config.Labels}}', '3 4 2');
test(renders, '{{join .Config.Cmd ", "}}', 'sh, -c, echo hi');
test(renders, '{{upper .Id}} {{lower "ABC"}} {{title "two words"}}', 'ABC abc Two Words');
test(renders, '{{range .Mounts}}{{.Source}}->{{.Destination}};{{end}}', '/a->/b;/c->/d;');
test(renders, '{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}} {{end}}', '0=/a 1=/c ');
test(renders, '{{range $k, $v := .Config.Labels}}{{$k}}:{{$v}} {{end}}', 'com.x:y foo:bar ');
test(renders, '{{range $p := .Mounts}}{{$p.Source}}{{end}}', '/a/c');
test(renders, '{{range .Config.Env}}x{{else}}none{{end}}', 'none');
test(renders, '{{range 3}}{{.}}{{end}}', '012');
test(renders, '{{range .Config.Cmd}}{{if eq . "-c"}}{{continue}}{{end}}{{.}} {{end}}', 'sh echo hi ');
test(renders, '{{range .Config.Cmd}}{{if eq . "-c"}}{{break}}{{end}}{{.}} {{end}}', 'sh ');
test(renders, '{{if .State.Running}}up{{else}}down{{end}}', 'up');
test(renders, '{{if .Zero}}a{{else if .State.Error}}b{{else if .Id}}c{{else}}d{{end}}', 'c');
test(renders, '{{if and .Id .Zero}}a{{else}}b{{end}} {{or .Zero .Id}} {{not .Zero}}', 'b abc true');
test(renders, '{{if eq .Id "x" "abc"}}one of{{end}}', 'one of');
test(renders, '{{lt 1 2}} {{ge 2 2}} {{ne 1 2}} {{gt "b" "a"}}', 'true true true true');
test(renders, '{{with .State}}{{.Pid}}{{end}}{{with .Zero}}x{{else}}y{{end}}', '42y');
test(renders, '{{with $x := .State}}{{$x.Pid}}{{end}}', '42');
test(renders, '{{$n := .Name}}{{$n}} {{$.Id}}', '/web abc');
test(renders, '{{$n := 1}}{{if true}}{{$n = 2}}{{end}}{{$n}}', '2');
test(renders, '{{.Name | printf "%s!" | upper}}', '/WEB!');
test(renders, '{{slice .Id 1}} {{slice .Id 0 2}} {{slice .Config.Cmd 1 2}}', 'bc ab [-c]');
test(renders, '{{split "a,b" ","}}', '[a b]');
test(renders, '{{truncate "abcdef" 3}}|{{pad "x" 1 2}}|', 'abc| x  |');
test(renders, '{{println .Id 1}}', 'abc 1\n');
test(renders, '{{print 1 2 "a" "b" 3}}', '1 2a b3'.replace(' b', 'b'));
test(renders, '{{printf "%5s|%-5s|%05d|%.2f|%q|%t|%%|%x|%v" "a" "b" 42 .Size "c" true 255 .Config.Cmd}}', '    a|b    |00042|12.50|"c"|true|%|ff|[sh -c echo hi]');
test(renders, '{{printf "%d" "x"}} {{printf "%s"}} {{printf "a" 1}}', '%!d(string=x) %!s(MISSING) a%!(EXTRA int=1)');
test(renders, 'a {{- .Id -}} b', 'aabcb');
test(renders, 'a{{/* note */}}b {{- /* note */ -}} c', 'abc');
test(renders, '{{"q\\t\\"x"}}{{`raw\\n`}}', 'q\t"xraw\\n');
test(renders, '{{.State.Health}}{{if .State.Health}}{{.State.Health.Status}}{{end}}', '<nil>');
test(renders, '{{true}} {{json nil}} {{-1}} {{0x10}} {{1.5}}', 'true null -1 16 1.5');
test(renders, '{{.}}', 'map[Config:map[Cmd:[sh -c echo hi] Entrypoint:<nil> Env:[] Labels:map[com.x:y foo:bar]] Id:abc Mounts:[map[Destination:/b Source:/a] map[Destination:/d Source:/c]] Name:/web Ports:map[443/tcp:<nil> 80/tcp:[map[HostPort:8080]]] Size:12.5 State:map[Error: Pid:42 Running:true] Zero:0]');

const fails = test.macro({
	exec(t, template: string, expected: RegExp) {
		t.regex(t.throws(() => compileTemplate(template)(data), {instanceOf: TemplateError}).message, expected);
	},
	title: (_, template) => `refuses ${template}`,
});

test(fails, '{{.Foo}}', /^template: :1:2: executing "" at <\.Foo>: map has no entry for key "Foo"$/);
test(fails, 'x\n{{.State.Foo}}', /^template: :2:8: executing "" at <\.State\.Foo>: map has no entry for key "Foo"$/);
test(fails, '{{.Config.Entrypoint.Foo}}', /can't evaluate field Foo in type interface \{\}/);
test(fails, '{{.State.Health.Foo}}', /nil pointer evaluating Health\.Foo/);
test(fails, '{{.Id.Foo}}', /can't evaluate field Foo in type interface \{\}/);
test(fails, '{{.ID', /unclosed action/);
test(fails, '{{if .Id}}', /unexpected EOF/);
test(fails, '{{end}}', /unexpected \{\{end\}\}/);
test(fails, '{{nosuch .Id}}', /function "nosuch" not defined/);
test(fails, '{{constructor}}', /function "constructor" not defined/);
test(fails, '{{$x}}', /undefined variable "\$x"/);
test(fails, '{{index .Config.Cmd 9}}', /index out of range: 9/);
test(fails, '{{lt 1 "a"}}', /incompatible types/);
test(fails, '{{"abc}}', /unterminated quoted string/);
test(fails, '{{.Id | }}', /missing value for command/);
test(fails, '{{(.Id}}', /unclosed left paren/);
test(fails, '{{}}', /missing value for command/);
test(fails, '{{template "x"}}', /not supported/);
test(fails, '{{/* x', /unclosed comment/);
test(fails, '{{slice .Id 9}}', /index out of range/);

test('a map\'s prototype is no field', t => {
	t.throws(() => compileTemplate('{{.constructor}}')(data), {message: /no entry for key "constructor"/});
});
