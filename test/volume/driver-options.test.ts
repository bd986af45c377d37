import test from 'ava';
import {volumeMount} from '../../engine/volume/driver-options.js';

const good: ReadonlyArray<readonly [string, Record<string, string> | null, ReturnType<typeof volumeMount>]> = [
	['none', null, {kind: 'folder'}],
	['an empty map', {}, {kind: 'folder'}],
	['a folder of the host', {type: 'none', o: 'bind', device: '/a'}, {kind: 'bind', source: '/a', isRecursive: false, isReadonly: false}],
	['with what lies below', {type: 'none', o: 'rw,rbind', device: '/a'}, {kind: 'bind', source: '/a', isRecursive: true, isReadonly: false}],
	['read-only', {type: '', o: 'bind,,ro', device: '/a'}, {kind: 'bind', source: '/a', isRecursive: false, isReadonly: true}],
	['a tmpfs', {type: 'tmpfs', device: 'tmpfs'}, {kind: 'tmpfs', options: ''}],
	['a tmpfs with options', {type: 'tmpfs', device: 'tmpfs', o: 'size=1m,defaults,uid=1000,rw'}, {kind: 'tmpfs', options: 'size=1m,uid=1000'}],
];

for (const [title, options, expected] of good) {
	test(`options of a volume: ${title}`, t => {
		t.deepEqual(volumeMount('data', options), expected);
	});
}

const bad: ReadonlyArray<readonly [Record<string, string>, string, string]> = [
	[{foo: '1'}, 'invalidParameter', 'create data: invalid option: "foo"'],
	[{type: 'tmpfs'}, 'invalidParameter', 'create data: missing required option: "device"'],
	[{device: 'tmpfs'}, 'invalidParameter', 'create data: missing required option: "type"'],
	[{o: 'bind', type: 'none'}, 'invalidParameter', 'create data: missing required option: "device"'],
	[{size: '1g'}, 'invalidParameter', 'create data: quota size requested but no quota support'],
	[{type: 'none', o: 'bind', device: 'a'}, 'invalidParameter', 'create data: device "a" is not an absolute path'],
	[{type: 'none', o: 'bind', device: '/a\0b'}, 'invalidParameter', String.raw`create data: device "/a\u0000b" is not an absolute path`],
	[{type: 'none', o: 'bind,suid', device: '/a'}, 'notImplemented', 'create data: the mount option "suid" is not supported; bind, rbind, ro and rw are'],
	[{type: 'none', device: '/a'}, 'notImplemented', 'create data: the volume type "none" is not supported: a volume may be a folder of the host (type=none, o=bind) or a tmpfs'],
	[{type: 'overlay', o: 'lowerdir=/etc', device: 'overlay'}, 'notImplemented', 'create data: the volume type "overlay" is not supported: a volume may be a folder of the host (type=none, o=bind) or a tmpfs'],
];

for (const [options, kind, message] of bad) {
	test(`refused: a volume with ${JSON.stringify(options)}`, t => {
		t.like(t.throws(() => volumeMount('data', options)), {kind, message});
	});
}
