import test from 'ava';
import {parseHostSettings} from '../../engine/container/host-settings.js';
import {resolveMounts} from '../../engine/container/mount-points.js';

function resolve(hostConfig: unknown, volumes: readonly string[] = []) {
	return resolveMounts({settings: parseHostSettings(hostConfig), volumes, volumeData: name => `/volumes/${name}/_data`, sourceExists: source => source === '/there'});
}

test('a bind is read with its options', t => {
	t.deepEqual(resolve({Binds: ['/host:/ctr:ro,rslave,z']}), [{
		type: 'bind', source: '/host', destination: '/ctr', mode: 'ro,rslave,z', isWritable: false, propagation: 'rslave', isRecursive: true, createsSource: true,
	}]);
	t.like(resolve({Binds: ['/host/:/ctr//x/']})[0], {source: '/host', destination: '/ctr/x', isWritable: true, propagation: 'rprivate'});
});

test('a name before the colon is a volume', t => {
	t.like(resolve({Binds: ['data:/ctr']})[0], {type: 'volume', name: 'data', source: '/volumes/data/_data', destination: '/ctr'});
	t.is(resolve({Binds: ['data:/ctr']})[0]?.isAnonymous, undefined);
});

test('a volume of the image is anonymous, unless something else is mounted there', t => {
	const [anonymous] = resolve({}, ['/data']);
	t.like(anonymous, {type: 'volume', isAnonymous: true, destination: '/data'});
	t.regex(anonymous?.name ?? '', /^[\da-f]{64}$/);
	t.like(resolve({Binds: ['/host:/data']}, ['/data']), [{type: 'bind', source: '/host'}]);
});

test('--mount does not make its source, and says so', t => {
	t.like(resolve({Mounts: [{Type: 'bind', Source: '/there', Target: '/x', ReadOnly: true}]})[0], {type: 'bind', isWritable: false, createsSource: false});
	t.like(t.throws(() => resolve({Mounts: [{Type: 'bind', Source: '/missing', Target: '/x'}]})), {
		kind: 'invalidParameter', message: 'invalid mount config for type "bind": bind source path does not exist: /missing',
	});
});

test('a tmpfs takes options and sizes', t => {
	t.like(resolve({Tmpfs: {'/run': 'size=64m,exec'}})[0], {type: 'tmpfs', destination: '/run', mode: 'size=64m,exec', isWritable: true});
	t.like(resolve({Mounts: [{Type: 'tmpfs', Target: '/run', TmpfsOptions: {SizeBytes: 4096, Mode: 0o1777}}]})[0], {mode: 'size=4096,mode=1777'});
	t.throws(() => resolve({Tmpfs: {'/run': 'upperdir=/etc'}}), {message: 'invalid tmpfs option ["upperdir=/etc"]'});
});

test('a parent is mounted before what lies in it', t => {
	t.deepEqual(resolve({Binds: ['/a:/x/y/z', '/b:/x', '/c:/x/y']}).map(mount => mount.destination), ['/x', '/x/y', '/x/y/z']);
});

const bad: Array<[string, unknown, RegExp]> = [
	['the same place twice', {Binds: ['/a:/x', '/b:/x/']}, /^Duplicate mount point: \/x$/],
	['a relative destination', {Binds: ['/a:x']}, /mount path must be absolute/],
	['the root', {Binds: ['/a:/']}, /destination can't be '\/'/],
	['too many parts', {Binds: ['/a:/b:ro:x']}, /^invalid volume specification: '\/a:\/b:ro:x'$/],
	['an unknown option', {Binds: ['/a:/b:rx']}, /^invalid mode: rx$/],
	['ro and rw', {Binds: ['/a:/b:ro,rw']}, /^invalid mode: ro,rw$/],
	['a path as a volume name', {Binds: ['../../etc:/b']}, /includes invalid characters for a local volume name/],
	['a volume name with a slash in --mount', {Mounts: [{Type: 'volume', Source: 'a/../../b', Target: '/x'}]}, /invalid volume name/],
	['no target', {Mounts: [{Type: 'bind', Source: '/there'}]}, /field Target must not be empty/],
	['an unknown type', {Mounts: [{Type: 'nfs', Target: '/x'}]}, /mount type unknown: "nfs"/],
	['a bad propagation', {Mounts: [{Type: 'bind', Source: '/there', Target: '/x', BindOptions: {Propagation: 'up'}}]}, /invalid propagation mode: up/],
];

for (const [title, hostConfig, message] of bad) {
	test(`refused: ${title}`, t => {
		t.like(t.throws(() => resolve(hostConfig), {message}), {kind: 'invalidParameter'});
	});
}
