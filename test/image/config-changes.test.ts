import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {applyConfigChanges} from '../../engine/image/config-changes.js';
import type {ContainerDefaults} from '../../engine/oci/image-config.js';

const change = test.macro({
	exec(t, before: ContainerDefaults, changes: readonly string[], after: ContainerDefaults) {
		t.deepEqual(applyConfigChanges(before, changes), after);
	},
	title: (title, _: ContainerDefaults, changes: readonly string[]) => title ?? changes.join('; '),
});

test(change, {}, ['CMD ["sh","-c","x y"]'], {Cmd: ['sh', '-c', 'x y']});
test(change, {}, ['CMD echo "a b" $X'], {Cmd: ['/bin/sh', '-c', 'echo "a b" $X']});
test(change, {Shell: ['/bin/bash', '-ec']}, ['CMD echo hi'], {Shell: ['/bin/bash', '-ec'], Cmd: ['/bin/bash', '-ec', 'echo hi']});
test(change, {}, ['CMD [broken'], {Cmd: ['/bin/sh', '-c', '[broken']});
test(change, {}, ['CMD [1,2]'], {Cmd: ['/bin/sh', '-c', '[1,2]']});
test(change, {}, ['CMD []'], {Cmd: []});
test('an entrypoint makes the command of the image meaningless', change, {Cmd: ['old']}, ['ENTRYPOINT ["top"]'], {Entrypoint: ['top']});
test('an entrypoint keeps a command of the same changes', change, {Cmd: ['old']}, ['CMD ["new"]', 'ENTRYPOINT top'], {Cmd: ['new'], Entrypoint: ['/bin/sh', '-c', 'top']});
test(change, {}, ['ENV A=1 B="two words" C=three\\ words D=\'$A\''], {Env: ['A=1', 'B=two words', 'C=three words', 'D=$A']});
test(change, {}, ['ENV A the rest of the line'], {Env: ['A=the rest of the line']});
test('a variable that is there keeps its place', change, {Env: ['PATH=/bin', 'A=1']}, ['ENV A=2 Z=3 PATH=/x:$PATH'], {Env: ['PATH=/x:/bin', 'A=2', 'Z=3']});
// eslint-disable-next-line no-template-curly-in-string -- a Dockerfile's, not ours
test('later changes see the variables of earlier ones', change, {}, ['ENV A=/srv', 'ENV B=${A}/b C=${NONE:-d} D=${A:+set} E=${NONE:+set}', 'WORKDIR $B', 'LABEL l=${A}'], {
	Env: ['A=/srv', 'B=/srv/b', 'C=d', 'D=set', 'E='],
	WorkingDir: '/srv/b',
	Labels: {l: '/srv'},
});
test(change, {}, ['ENV A=\\$X B="\\$X" C=$ D=a$'], {Env: ['A=$X', 'B=$X', 'C=$', 'D=a$']});
test(change, {ExposedPorts: {'1/tcp': {}}}, ['EXPOSE 80 443/TCP 53/udp 8000-8002'], {ExposedPorts: {'1/tcp': {}, '80/tcp': {}, '443/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {}, '8002/tcp': {}}});
test(change, {Labels: {a: '1'}}, ['LABEL a=2 "b c"="d e"', 'label x y z'], {Labels: {a: '2', 'b c': 'd e', x: 'y z'}});
test(change, {OnBuild: ['RUN a']}, ['ONBUILD RUN b c'], {OnBuild: ['RUN a', 'RUN b c']});
test(change, {}, ['USER 1000:100', 'STOPSIGNAL SIGINT'], {User: '1000:100', StopSignal: 'SIGINT'});
test(change, {Volumes: {'/a': {}}}, ['VOLUME /b /c', 'VOLUME ["/d e"]'], {Volumes: {'/a': {}, '/b': {}, '/c': {}, '/d e': {}}});
test(change, {}, ['WORKDIR /a', 'WORKDIR b', 'WORKDIR ../c/'], {WorkingDir: '/a/c'});
test(change, {}, ['WORKDIR /'], {WorkingDir: '/'});
test(change, {}, ['HEALTHCHECK --interval=1m30s --retries=3 CMD curl -f x'], {Healthcheck: {Test: ['CMD-SHELL', 'curl -f x'], Interval: 90e9, Retries: 3}});
test(change, {}, ['HEALTHCHECK CMD ["a","b"]'], {Healthcheck: {Test: ['CMD', 'a', 'b']}});
test(change, {}, ['HEALTHCHECK NONE'], {Healthcheck: {Test: ['NONE']}});
test('one change may have several lines, comments and continuations', change, {}, ['# first\nENV A=1 \\\n  B=2\n\nUSER x'], {Env: ['A=1', 'B=2'], User: 'x'});
test('nothing changes nothing', change, {Cmd: ['x']}, [], {Cmd: ['x']});

const refused = test.macro({
	exec(t, text: string, message: RegExp) {
		const error = t.throws(() => applyConfigChanges({}, [text]), {message});
		t.true(isEngineError(error, 'invalidParameter'));
	},
	title: (_, text: string) => `${text} is refused`,
});

test(refused, 'RUN x', /RUN is not a valid change command/);
test(refused, 'constructor x', /CONSTRUCTOR is not a valid change command/);
test(refused, 'ENV', /ENV requires at least one argument/);
test(refused, 'ENV A', /ENV must have two arguments/);
test(refused, 'ENV =x', /names can not be blank/);
test(refused, 'ENV A=1 B', /can't find = in "B"/);
test(refused, 'LABEL a="b', /looking for matching double-quote/);
test(refused, 'EXPOSE 0', /invalid containerPort: 0/);
test(refused, 'EXPOSE 70000', /invalid containerPort/);
test(refused, 'EXPOSE 80/icmp', /invalid containerPort/);
test(refused, 'EXPOSE 9-8', /invalid containerPort/);
test(refused, 'USER a b', /exactly one argument/);
test(refused, 'VOLUME [""]', /can not be an empty string/);
test(refused, 'ONBUILD ONBUILD RUN x', /Chaining ONBUILD/);
test(refused, 'ONBUILD FROM x', /FROM isn't allowed/);
test(refused, 'HEALTHCHECK SOMETIMES', /Unknown type "SOMETIMES"/);
test(refused, 'HEALTHCHECK --interval=soon CMD x', /malformed HEALTHCHECK flag/);
test(refused, 'WORKDIR ${A', /unsupported variable substitution/);
