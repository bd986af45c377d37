import test from 'ava';
import {overlayEnvironment, parseContainerConfig} from '../../engine/container/container-config.js';

const image = {
	Env: ['PATH=/bin', 'A=image'],
	Entrypoint: ['/entry'],
	Cmd: ['serve'],
	WorkingDir: '/srv',
	User: 'app',
	Labels: {from: 'image', both: 'image'},
	Volumes: {'/data': {}},
	StopSignal: 'SIGINT',
	ExposedPorts: {'80/tcp': {}},
};

test('the image gives what was not asked for', t => {
	const config = parseContainerConfig({Image: 'x'}, image);
	t.like(config, {Entrypoint: ['/entry'], Cmd: ['serve'], WorkingDir: '/srv', User: 'app', StopSignal: 'SIGINT', Image: 'x', Volumes: {'/data': {}}});
	t.deepEqual(config.Env, ['PATH=/bin', 'A=image']);
});

const commands: Array<[string, Record<string, unknown>, readonly string[] | null, readonly string[] | null]> = [
	['a command keeps the entrypoint', {Cmd: ['x']}, ['/entry'], ['x']],
	['an entrypoint drops the image\'s command', {Entrypoint: ['/own']}, ['/own'], null],
	['an entrypoint with a command', {Entrypoint: ['/own'], Cmd: ['y']}, ['/own'], ['y']],
	['an empty entrypoint keeps the command alone', {Entrypoint: [], Cmd: ['y']}, null, ['y']],
	['an entrypoint reset by [""]', {Entrypoint: [''], Cmd: ['y']}, null, ['y']],
	['an entrypoint given as a string', {Entrypoint: '/own'}, ['/own'], null],
	['nulls as Go sends them', {Entrypoint: null, Cmd: null}, ['/entry'], ['serve']],
];

for (const [title, asked, entrypoint, cmd] of commands) {
	test(`command: ${title}`, t => {
		const config = parseContainerConfig(asked, image);
		t.deepEqual(config.Entrypoint, entrypoint);
		t.deepEqual(config.Cmd, cmd);
	});
}

test('without any command there is nothing to run', t => {
	t.like(t.throws(() => parseContainerConfig({}, {})), {kind: 'invalidParameter', message: 'no command specified'});
	t.throws(() => parseContainerConfig({Entrypoint: ['']}, image), {message: 'no command specified'});
});

test('variables of one\'s own win over the image\'s; labels, volumes and ports add up', t => {
	const config = parseContainerConfig({Env: ['A=own', 'B=1'], Labels: {both: 'own'}, Volumes: {'/more': {}}, ExposedPorts: {'53/udp': {}}}, image);
	t.deepEqual(config.Env, ['A=own', 'B=1', 'PATH=/bin']);
	t.deepEqual(config.Labels, {from: 'image', both: 'own'});
	t.deepEqual(Object.keys(config.Volumes ?? {}), ['/data', '/more']);
	t.deepEqual(Object.keys(config.ExposedPorts ?? {}), ['80/tcp', '53/udp']);
});

const bad: Array<[Record<string, unknown>, string]> = [
	[{WorkingDir: 'relative'}, 'the working directory \'relative\' is invalid, it needs to be an absolute path'],
	[{Env: ['=x']}, 'invalid environment variable: =x'],
	[{Env: ['A=\0']}, 'invalid environment variable: A=\0'],
	[{StopSignal: 'SIGNOPE'}, 'invalid signal: SIGNOPE'],
	[{Hostname: 'h'.repeat(65)}, `invalid hostname format: ${'h'.repeat(65)}`],
	[{Cmd: [1]}, 'Config.Cmd[0] is not a string'],
];

for (const [asked, message] of bad) {
	test(`refused: ${message.slice(0, 60).replaceAll('\0', '␀')}`, t => {
		t.like(t.throws(() => parseContainerConfig({Cmd: ['x'], ...asked}, image)), {kind: 'invalidParameter', message});
	});
}

test('a working directory is brought to its plain form', t => {
	t.is(parseContainerConfig({WorkingDir: '/a//b/../c/'}, image).WorkingDir, '/a/c');
});

test('an environment overlays another; a bare name removes', t => {
	t.deepEqual(overlayEnvironment(['PATH=/bin', 'A=1'], ['A=2', 'B=3', 'PATH']), ['A=2', 'B=3']);
});
