import test from 'ava';
import {parseHostSettings} from '../../engine/container/host-settings.js';
import type {MountPoint} from '../../engine/container/container.js';
import {resolveMounts} from '../../engine/container/mount-points.js';
import {checkVolumeName} from '../../engine/volume/volume-name.js';

function resolve(hostConfig: unknown, volumes: readonly string[] = [], inherited: readonly MountPoint[] = []) {
	const volumeData = (name: string) => {
		checkVolumeName(name);
		return `/volumes/${name}/_data`;
	};

	return resolveMounts({settings: parseHostSettings(hostConfig), volumes, volumeData, sourceExists: source => source === '/there', inherited});
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

test('a volume says what of it is mounted, and whether it is filled', t => {
	t.like(resolve({Binds: ['data:/x:nocopy,ro']})[0], {name: 'data', mode: 'nocopy,ro', isWritable: false, isCopied: false});
	t.like(resolve({Binds: ['data:/x']})[0], {mode: 'z', isWritable: true, isCopied: undefined});
	t.like(resolve({Binds: ['data:/x:Z']})[0], {mode: 'Z', isWritable: true});
	const [mount] = resolve({Mounts: [{Type: 'volume', Source: 'data', Target: '/x', ReadOnly: true, Consistency: 'cached', VolumeOptions: {NoCopy: true, Subpath: 'a/b', Labels: {k: 'v'}, DriverConfig: {Name: 'local', Options: {type: 'tmpfs', device: 'tmpfs'}}}}]});
	t.like(mount, {name: 'data', mode: 'z', isWritable: false, isCopied: false, subpath: 'a/b', driver: {labels: {k: 'v'}, options: {type: 'tmpfs', device: 'tmpfs'}}});
	t.like(resolve({Mounts: [{Type: 'volume', Target: '/x', VolumeOptions: {}}]})[0], {isAnonymous: true, mode: 'z', driver: undefined, subpath: undefined});
	t.like(t.throws(() => resolve({Mounts: [{Type: 'volume', Target: '/x', VolumeOptions: {DriverConfig: {Name: 'nfs'}}}]})), {kind: 'notFound', message: 'error looking up volume plugin nfs: plugin "nfs" not found'});
});

test('a bind is read-only below, too, unless only its top is to be', t => {
	const bind = (BindOptions: Record<string, unknown>) => resolve({Mounts: [{Type: 'bind', Source: '/there', Target: '/x', ReadOnly: true, BindOptions}]})[0];
	t.is(bind({})!.isTopReadonly, undefined);
	t.is(bind({ReadOnlyForceRecursive: true, Propagation: 'rprivate'})!.isTopReadonly, undefined);
	t.like(bind({ReadOnlyNonRecursive: true}), {isTopReadonly: true, isRecursive: true, isWritable: false});
	t.like(bind({NonRecursive: true}), {isRecursive: false});
});

test('what comes from another container gives way to what is asked for itself', t => {
	const inherited = (destination: string, name: string): MountPoint => ({type: 'volume', name, source: `/volumes/${name}/_data`, destination, mode: 'z', isWritable: true, propagation: 'rprivate', isRecursive: true, isCopied: false});
	const found = resolve({Binds: ['mine:/a'], Tmpfs: {'/t': ''}}, ['/image', '/b'], [inherited('/a', 'theirs'), inherited('/b', 'theirs-b'), inherited('/t', 'theirs-t'), inherited('/c', 'first'), inherited('/c', 'second')]);
	t.deepEqual(Object.fromEntries(found.map(({destination, name, type}) => [destination, name?.replace(/^[\da-f]{64}$/, 'anonymous') ?? type])), {'/a': 'mine', '/t': 'tmpfs', '/b': 'theirs-b', '/c': 'second', '/image': 'anonymous'});
});

const bad: Array<[string, unknown, RegExp]> = [
	['the same place twice', {Binds: ['/a:/x', '/b:/x/']}, /^Duplicate mount point: \/x$/],
	['a relative destination', {Binds: ['/a:x']}, /mount path must be absolute/],
	['the root', {Binds: ['/a:/']}, /destination can't be '\/'/],
	['too many parts', {Binds: ['/a:/b:ro:x']}, /^invalid volume specification: '\/a:\/b:ro:x'$/],
	['an unknown option', {Binds: ['/a:/b:rx']}, /^invalid mode: rx$/],
	['ro and rw', {Binds: ['/a:/b:ro,rw']}, /^invalid mode: ro,rw$/],
	['a path as a volume name', {Binds: ['../../etc:/b']}, /includes invalid characters for a local volume name/],
	['a volume name with a slash in --mount', {Mounts: [{Type: 'volume', Source: 'a/../../b', Target: '/x'}]}, /^create a\/..\/..\/b: "a\/..\/..\/b" includes invalid characters/],
	['no target', {Mounts: [{Type: 'bind', Source: '/there'}]}, /field Target must not be empty/],
	['an unknown type', {Mounts: [{Type: 'nfs', Target: '/x'}]}, /^invalid mount config for type "nfs": mount type unknown$/],
	['one word of a mode twice', {Binds: ['/a:/b:ro,ro']}, /^invalid mode: ro,ro$/],
	['two propagations', {Binds: ['/a:/b:rslave,shared']}, /^invalid mode: rslave,shared$/],
	['both labels', {Binds: ['/a:/b:z,Z']}, /^invalid mode: z,Z$/],
	['a propagation for a volume', {Binds: ['data:/b:rslave']}, /^invalid volume specification: 'data:\/b:rslave': invalid mount config for type "volume": field BindOptions must not be specified$/],
	['nocopy for a folder', {Binds: ['/a:/b:nocopy']}, /^invalid volume specification: '\/a:\/b:nocopy': invalid mount config for type "bind": field VolumeOptions must not be specified$/],
	['a name of one letter', {Binds: ['a:/b']}, /^create a: volume name is too short, names should be at least two alphanumeric characters$/],
	['a relative tmpfs', {Tmpfs: {t: ''}}, /^invalid mount path: 't' mount path must be absolute$/],
	['a relative target', {Mounts: [{Type: 'volume', Target: 'x'}]}, /^invalid mount config for type "volume": invalid mount path: 'x' mount path must be absolute$/],
	['the root as a target', {Mounts: [{Type: 'tmpfs', Target: '/..'}]}, /^invalid mount config for type "tmpfs": invalid specification: destination can't be '\/'$/],
	['options of another type', {Mounts: [{Type: 'volume', Target: '/x', BindOptions: {Propagation: 'rslave'}}]}, /^invalid mount config for type "volume": field BindOptions must not be specified$/],
	['volume options of a tmpfs', {Mounts: [{Type: 'tmpfs', Target: '/x', VolumeOptions: {NoCopy: true}}]}, /^invalid mount config for type "tmpfs": field VolumeOptions must not be specified$/],
	['a tmpfs with a source', {Mounts: [{Type: 'tmpfs', Source: '/a', Target: '/x'}]}, /^invalid mount config for type "tmpfs": field Source must not be specified$/],
	['a bind without a source', {Mounts: [{Type: 'bind', Target: '/x'}]}, /^invalid mount config for type "bind": field Source must not be empty$/],
	['a relative source', {Mounts: [{Type: 'bind', Source: 'a', Target: '/x'}]}, /^invalid mount config for type "bind": invalid mount path: 'a' mount path must be absolute$/],
	['read-only all the way down and only at the top', {Mounts: [{Type: 'bind', Source: '/there', Target: '/x', BindOptions: {ReadOnlyNonRecursive: true, ReadOnlyForceRecursive: true}}]}, /exclude each other/],
	['a subpath that climbs', {Mounts: [{Type: 'volume', Source: 'data', Target: '/x', VolumeOptions: {Subpath: 'a/../../b'}}]}, /^invalid mount config for type "volume": subpath must be a relative path within the volume$/],
	['an absolute subpath', {Mounts: [{Type: 'volume', Source: 'data', Target: '/x', VolumeOptions: {Subpath: '/a'}}]}, /subpath must be a relative path/],
	['a subpath with a NUL', {Mounts: [{Type: 'volume', Source: 'data', Target: '/x', VolumeOptions: {Subpath: 'a\0'}}]}, /subpath must be a relative path/],
	['a volume and a tmpfs in one place', {Binds: ['data:/x'], Tmpfs: {'/x': ''}}, /^Duplicate mount point: \/x$/],
	['a volume by -v and by --mount in one place', {Binds: ['data:/x'], Mounts: [{Type: 'volume', Source: 'other', Target: '/x/'}]}, /^Duplicate mount point: \/x$/],
	['a bad propagation', {Mounts: [{Type: 'bind', Source: '/there', Target: '/x', BindOptions: {Propagation: 'up'}}]}, /invalid propagation mode: up/],
];

for (const [title, hostConfig, message] of bad) {
	test(`refused: ${title}`, t => {
		t.like(t.throws(() => resolve(hostConfig), {message}), {kind: 'invalidParameter'});
	});
}
