import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {argumentCountProblem} from '../../source/arguments/command.js';
import {commaFields} from '../../source/arguments/comma-fields.js';
import {parseCpus} from '../../source/arguments/cpus.js';
import {didYouMean} from '../../source/arguments/did-you-mean.js';
import {parseDuration, parseTime} from '../../source/arguments/duration.js';
import {readKeyValueFile} from '../../source/arguments/key-value-file.js';
import {parseMount} from '../../source/arguments/mount.js';
import {parseExpose, parsePublish} from '../../source/arguments/port.js';
import {parseUlimit} from '../../source/arguments/ulimit.js';

test('durations are Go\'s', t => {
	const durations: ReadonlyArray<readonly [string, number | undefined]> = [
		['1h30m', 5400e9], ['1.5s', 1.5e9], ['200ms', 2e8], ['5us', 5e3], ['7µs', 7e3], ['3ns', 3], ['-2m', -120e9], ['0', 0], ['.5s', 5e8], ['10', undefined], ['', undefined], ['1x', undefined], ['s', undefined],
	];
	for (const [text, expected] of durations) {
		t.is(parseDuration(text), expected, text);
	}
});

test('points in time are unix seconds, dates, or durations ago', t => {
	const now = Date.parse('2026-11-21T12:00:00Z');
	t.is(parseTime('1700000000', now), 1_700_000_000);
	t.is(parseTime('1700000000.25', now), 1_700_000_000.25);
	t.is(parseTime('10m', now), now / 1000 - 600);
	t.is(parseTime('2026-11-21T12:00:00Z', now), now / 1000);
	t.is(parseTime('2026-11-21T13:00:00+01:00', now), now / 1000);
	t.is(parseTime('2026-11-21T12:00:00.5Z', now), now / 1000 + 0.5);
	t.is(parseTime('2026-11-21T12:00:00', now), new Date(2026, 10, 21, 12).getTime() / 1000);
	t.is(parseTime('2026-11-21T12:00', now), new Date(2026, 10, 21, 12).getTime() / 1000);
	t.is(parseTime('2026-11-21', now), new Date(2026, 10, 21).getTime() / 1000);
	t.is(parseTime('2026-11-21Z', now), Date.parse('2026-11-21T00:00:00Z') / 1000);
	t.is(parseTime('yesterday', now), undefined);
	t.is(parseTime('2026-13-45', now), undefined);
});

test('cpus are billionths', t => {
	t.is(parseCpus('1.5'), 1.5e9);
	t.is(parseCpus('.25'), 0.25e9);
	t.is(parseCpus('1/2'), 0.5e9);
	t.is(parseCpus('0.0000000001'), undefined);
	t.is(parseCpus('x'), undefined);
});

test('ulimits', t => {
	t.deepEqual(parseUlimit('nofile=1024:2048'), {Name: 'nofile', Soft: 1024, Hard: 2048});
	t.deepEqual(parseUlimit('nofile=1024'), {Name: 'nofile', Soft: 1024, Hard: 1024});
	t.deepEqual(parseUlimit('core=-1'), {Name: 'core', Soft: -1, Hard: -1});
	t.deepEqual(parseUlimit('core=0:-1'), {Name: 'core', Soft: 0, Hard: -1});
	for (const bad of ['nofile', 'what=1', 'nofile=1:2:3', 'nofile=x', 'nofile=3:2', 'nofile=-1:2']) {
		t.true('wrong' in parseUlimit(bad), bad);
	}
});

test('mounts', t => {
	t.deepEqual(parseMount('type=bind,source=/a,target=/b,readonly'), {Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true});
	t.deepEqual(parseMount('type=bind,src=/a,dst=/b,ro=false,bind-propagation=rslave'), {Type: 'bind', Source: '/a', Target: '/b', ReadOnly: false, BindOptions: {Propagation: 'rslave'}});
	t.deepEqual(parseMount('type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=1770'), {Type: 'tmpfs', Source: '', Target: '/t', TmpfsOptions: {SizeBytes: 1_048_576, Mode: 0o1770}});
	t.deepEqual(parseMount('source=data,target=/d,volume-opt=o=x,volume-label=a=b'), {Type: 'volume', Source: 'data', Target: '/d', VolumeOptions: {DriverConfig: {Options: {o: 'x'}}, Labels: {a: 'b'}}});
	t.deepEqual(parseMount('type=bind,"source=/a,b",target=/c'), {Type: 'bind', Source: '/a,b', Target: '/c'});
	t.deepEqual(parseMount('type=bind,src=/a,dst=/b,readonly,bind-recursive=writable'), {Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, BindOptions: {ReadOnlyNonRecursive: true}});
	t.deepEqual(parseMount('type=bind,src=/a,dst=/b,readonly,bind-recursive=readonly,bind-propagation=rprivate'), {Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, BindOptions: {ReadOnlyForceRecursive: true, Propagation: 'rprivate'}});
	t.deepEqual(parseMount('src=v,dst=/b,volume-nocopy,volume-subpath=a/b,consistency=CACHED'), {Type: 'volume', Source: 'v', Target: '/b', Consistency: 'cached', VolumeOptions: {NoCopy: true, Subpath: 'a/b'}});
	t.deepEqual(parseMount('type=NEW,dst=/b'), {Type: 'new', Source: '', Target: '/b'}, 'which types there are the engine knows');
	const problems: ReadonlyArray<readonly [string, RegExp]> = [
		['type=bind,source=/a', /^target is required$/],
		['type=tmpfs,target=/b,bind-propagation=shared', /cannot mix 'bind-\*'/],
		['target=/b,foo=1', /^unexpected key 'foo' in 'foo=1'$/],
		['foo', /must be a key=value pair/],
		['type=tmpfs,target=/b,tmpfs-size=x', /tmpfs-size/],
		['type=tmpfs,target=/b,tmpfs-mode=9', /tmpfs-mode/],
		['target=/b,readonly=maybe', /invalid value for readonly/],
		['type=bind,source=/a,target=/b,bind-recursive=zz', /^invalid value for bind-recursive: zz \(must be "enabled", "disabled", "writable", or "readonly"\)$/],
		['type=bind,source=/a,target=/b,bind-recursive=writable', /'bind-recursive=writable' requires 'readonly'/],
		['type=bind,source=/a,target=/b,bind-recursive=readonly', /'bind-recursive=readonly' requires 'readonly'/],
		['type=bind,source=/a,target=/b,ro,bind-recursive=readonly', /requires 'bind-propagation=rprivate'/],
		['type=bind,source=/a,target=/b,volume-subpath=x', /cannot mix 'volume-\*'/],
	];
	for (const [text, expected] of problems) {
		const parsed = parseMount(text);
		t.regex('wrong' in parsed ? parsed.wrong : '', expected, text);
	}
});

test('comma fields know quotes', t => {
	t.deepEqual(commaFields('a,"b,c",d"e""f"'), ['a', 'b,c', 'de"f']);
	t.deepEqual(commaFields(''), ['']);
});

test('published ports', t => {
	t.deepEqual(parsePublish('80'), [{containerPort: '80/tcp', hostIp: '', hostPort: ''}]);
	t.deepEqual(parsePublish('8080:80/udp'), [{containerPort: '80/udp', hostIp: '', hostPort: '8080'}]);
	t.deepEqual(parsePublish('127.0.0.1:8080:80'), [{containerPort: '80/tcp', hostIp: '127.0.0.1', hostPort: '8080'}]);
	t.deepEqual(parsePublish('127.0.0.1::80'), [{containerPort: '80/tcp', hostIp: '127.0.0.1', hostPort: ''}]);
	t.deepEqual(parsePublish('[::1]:8080:80'), [{containerPort: '80/tcp', hostIp: '::1', hostPort: '8080'}]);
	t.deepEqual(parsePublish('8000-8001:80-81'), [{containerPort: '80/tcp', hostIp: '', hostPort: '8000'}, {containerPort: '81/tcp', hostIp: '', hostPort: '8001'}]);
	t.deepEqual(parsePublish('8000-8010:80'), [{containerPort: '80/tcp', hostIp: '', hostPort: '8000-8010'}]);
	for (const bad of ['x', '80:x', '0', '70000', '80-70', '1-3:80-81', '80/abc', '1.2.3.4:80']) {
		t.true('wrong' in parsePublish(bad), bad);
	}

	t.deepEqual(parseExpose('80'), ['80/tcp']);
	t.deepEqual(parseExpose('80-81/udp'), ['80/udp', '81/udp']);
	t.is(parseExpose('x'), undefined);
});

test('environment files are read as docker reads them', t => {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-env-'));
	t.teardown(() => {
		fs.rmSync(folder, {recursive: true});
	});
	const file = path.join(folder, 'env');
	fs.writeFileSync(file, '\uFEFF# comment\n\nA=1\n  B=two words # kept\nC="quoted"\nHOME\nABSENT\nD=\nE=a=b\r\n');
	t.deepEqual(readKeyValueFile(file, name => ({HOME: '/root'})[name]), ['A=1', 'B=two words # kept', 'C="quoted"', 'HOME=/root', 'D=', 'E=a=b']);
	t.throws(() => readKeyValueFile('/nope', () => undefined), {message: 'open /nope: no such file or directory'});
	for (const [content, expected] of [['=x\n', /no variable name on line '=x'/], ['a b=1\n', /variable 'a b' contains whitespaces/], ['a =1\n', /contains whitespaces/]] as const) {
		fs.writeFileSync(file, content);
		t.throws(() => readKeyValueFile(file, () => undefined), {message: expected});
	}

	fs.writeFileSync(file, Buffer.from([0x41, 0x3D, 0xFF, 0x0A]));
	t.throws(() => readKeyValueFile(file, () => undefined), {message: /invalid UTF-8/});
});

test('slips of the finger', t => {
	const known = ['ps', 'pause', 'images', 'inspect', 'run', 'rm', 'rmi', 'rename'];
	const slips: ReadonlyArray<readonly [string, string | undefined]> = [['iamges', 'images'], ['image', 'images'], ['inspct', 'inspect'], ['rnu', 'run'], ['psx', 'ps'], ['qqqq', undefined], ['renam', 'rename']];
	for (const [typed, expected] of slips) {
		t.is(didYouMean(typed, known), expected, typed);
	}
});

test('docker\'s sentences for a wrong number of arguments', t => {
	t.is(argumentCountProblem(1, {min: 1}), undefined);
	t.is(argumentCountProblem(0, {min: 1}), 'requires at least 1 argument');
	t.is(argumentCountProblem(1, {min: 2}), 'requires at least 2 arguments');
	t.is(argumentCountProblem(1, {min: 0, max: 0}), 'accepts no arguments');
	t.is(argumentCountProblem(1, {min: 2, max: 2}), 'requires 2 arguments');
	t.is(argumentCountProblem(2, {min: 0, max: 1}), 'requires at most 1 argument');
	t.is(argumentCountProblem(0, {min: 1, max: 2}), 'requires at least 1 and at most 2 arguments');
});
