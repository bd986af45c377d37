/** Limits, mounts and devices as clients send them. */
import fc from 'fast-check';
import test from 'ava';
import {parseDevice} from '../../engine/container/device-request.js';
import {parseLogConfig, parseLogLimits} from '../../engine/container/log-options.js';
import {parseMount} from '../../engine/container/mount-request.js';
import {parseLimits} from '../../engine/container/resource-limits.js';
import {isFilled, refuseUnsupported} from '../../engine/container/unsupported-settings.js';

const mebibyte = 1024 * 1024;

const accepted: ReadonlyArray<readonly [fields: Readonly<Record<string, unknown>>, expected: Readonly<Record<string, unknown>>]> = [
	[{}, {Memory: 0, MemorySwap: 0, MemorySwappiness: null, OomKillDisable: null, NanoCpus: 0, CpusetCpus: '', PidsLimit: null}],
	[{Memory: 6 * mebibyte}, {Memory: 6 * mebibyte}],
	[{Memory: 8 * mebibyte, MemorySwap: -1}, {MemorySwap: -1}],
	[{Memory: 8 * mebibyte, MemorySwap: 8 * mebibyte}, {MemorySwap: 8 * mebibyte}],
	[{MemorySwappiness: -1}, {MemorySwappiness: null}],
	[{MemorySwappiness: 0}, {MemorySwappiness: 0}],
	[{OomKillDisable: false}, {OomKillDisable: null}],
	[{PidsLimit: 0}, {PidsLimit: null}],
	[{PidsLimit: -1}, {PidsLimit: -1}],
	[{PidsLimit: null, Memory: null}, {PidsLimit: null, Memory: 0}],
	[{CpuPeriod: 1000, CpuQuota: 1000}, {CpuPeriod: 1000, CpuQuota: 1000}],
	[{CpusetCpus: '0-3,5', CpusetMems: '0'}, {CpusetCpus: '0-3,5', CpusetMems: '0'}],
];
for (const [fields, expected] of accepted) {
	test(`limits ${JSON.stringify(fields)}`, t => {
		t.like(parseLimits(fields), expected);
	});
}

const refused: ReadonlyArray<readonly [fields: Readonly<Record<string, unknown>>, message: RegExp]> = [
	[{Memory: 6 * mebibyte - 1}, /^Minimum memory limit allowed is 6MB$/],
	[{Memory: 8 * mebibyte, MemorySwap: 7 * mebibyte}, /memoryswap limit should be larger/],
	[{MemorySwap: 8 * mebibyte}, /always set the Memory limit when using Memoryswap/],
	[{Memory: 8 * mebibyte, MemoryReservation: 9 * mebibyte}, /less than memory reservation/],
	[{NanoCpus: 1e9, CpuPeriod: 1000}, /Nano CPUs and CPU Period cannot both/],
	[{NanoCpus: 1e9, CpuQuota: 1000}, /Nano CPUs and CPU Quota cannot both/],
	[{NanoCpus: -1}, /range of CPUs/],
	[{CpuPeriod: 999}, /CPU cfs period/],
	[{CpuPeriod: 1_000_001}, /CPU cfs period/],
	[{CpuQuota: 999}, /CPU cfs quota/],
	[{CpusetCpus: '0-'}, /Invalid value 0- for cpuset cpus/],
	[{CpusetMems: '0,,1'}, /Invalid value 0,,1 for cpuset memory nodes/],
	[{CpusetCpus: '0\n'}, /Invalid value/],
	[{Memory: 1.5}, /Memory is not a whole number/],
	[{Memory: '8m'}, /Memory is not a whole number/],
	[{NanoCpus: 1e300}, /NanoCpus is not a whole number/],
];
for (const [fields, message] of refused) {
	test(`limits ${JSON.stringify(fields)} are refused`, t => {
		t.like(t.throws(() => parseLimits(fields), {message}), {kind: 'invalidParameter'});
	});
}

test('whatever is sent as limits, it is read or refused', t => {
	fc.assert(fc.property(fc.dictionary(fc.constantFrom('Memory', 'MemorySwap', 'NanoCpus', 'CpuQuota', 'CpusetCpus', 'PidsLimit', 'MemorySwappiness'), fc.jsonValue()), fields => {
		try {
			parseLimits(fields);
		} catch (error) {
			return (error as {kind?: string}).kind === 'invalidParameter';
		}

		return true;
	}));
	t.pass();
});

const sizes: ReadonlyArray<readonly [text: string, bytes: number]> = [['0', 0], ['-1', 0], ['1', 1], ['10k', 10_240], ['10K', 10_240], ['1.5m', 1_572_864], ['1g', 1_073_741_824], ['2kb', 2048], ['2KiB', 2048], ['1 m', mebibyte]];
for (const [text, bytes] of sizes) {
	test(`a log of ${text}`, t => {
		t.is(parseLogLimits({'max-size': text}).maxSizeBytes, bytes);
	});
}

for (const options of [{'max-size': ''}, {'max-size': 'x'}, {'max-size': '-2'}, {'max-size': '1x'}, {'max-size': '1.2.3k'}, {'max-file': '0'}, {'max-file': '-1'}, {'max-file': 'x'}, {'max-file': '1.5'}]) {
	test(`log options ${JSON.stringify(options)} are refused`, t => {
		t.throws(() => parseLogLimits(options as Record<string, string>), {message: /invalid size|max-file must be/});
		t.throws(() => parseLogConfig({Type: 'json-file', Config: options}));
	});
}

test('log drivers: ours, none, docker\'s words for others', t => {
	t.deepEqual(parseLogConfig(undefined), {Type: 'json-file', Config: {}});
	t.deepEqual(parseLogConfig({Type: '', Config: null}), {Type: 'json-file', Config: {}});
	t.deepEqual(parseLogConfig({Type: 'none'}), {Type: 'none', Config: {}});
	t.throws(() => parseLogConfig({Type: 'journald'}), {message: 'logger: no log driver named \'journald\' is registered'});
	t.throws(() => parseLogConfig({Type: 'none', Config: {'max-size': '1m'}}), {message: 'unknown log opt \'max-size\' for none log driver'});
	t.throws(() => parseLogConfig({Config: {'max-file': '2'}}), {message: 'log opt \'max-file\' needs \'max-size\''});
});

test('mounts: what is kept, what is refused', t => {
	t.deepEqual(parseMount({Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, BindOptions: {Propagation: 'rslave', NonRecursive: true}}, 'm'), {
		Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, BindOptions: {Propagation: 'rslave', NonRecursive: true},
	});
	t.deepEqual(parseMount({Type: 'tmpfs', Target: '/t', TmpfsOptions: {SizeBytes: 5, Mode: 448}}, 'm'), {Type: 'tmpfs', Target: '/t', TmpfsOptions: {SizeBytes: 5, Mode: 448}});
	t.throws(() => parseMount({Type: 'npipe', Target: '/v'}, 'm'), {message: 'invalid mount config for type "npipe": mount type unknown'});
	t.throws(() => parseMount('x', 'Mounts[0]'), {message: /Mounts\[0\] is not an object/});
});

test('devices: absolute paths and letters of rwm', t => {
	t.deepEqual(parseDevice({PathOnHost: '/dev/x'}, 'd'), {PathOnHost: '/dev/x', PathInContainer: '/dev/x', CgroupPermissions: 'rwm'});
	t.deepEqual(parseDevice({PathOnHost: '/dev/x', PathInContainer: '/y', CgroupPermissions: 'r'}, 'd'), {PathOnHost: '/dev/x', PathInContainer: '/y', CgroupPermissions: 'r'});
	t.throws(() => parseDevice({PathOnHost: 'x'}, 'd'), {message: 'device x:x needs absolute paths'});
	t.throws(() => parseDevice({PathOnHost: '/x', CgroupPermissions: 'rwx'}, 'd'), {message: 'invalid device permissions: rwx'});
});

test('what is not there is refused when it means something', t => {
	for (const [name, value] of Object.entries({PortBindings: {'80/tcp': []}, PublishAllPorts: true, Links: ['a'], Runtime: 'runc', UsernsMode: 'keep-id', CgroupParent: '/x', BlkioWeight: 10, CpuCount: 1})) {
		t.like(t.throws(() => {
			refuseUnsupported({[name]: value});
		}), {kind: 'notImplemented', code: 'notSupported'}, name);
	}

	t.notThrows(() => {
		refuseUnsupported({PortBindings: {}, PublishAllPorts: false, Links: null, VolumesFrom: [], VolumeDriver: 'local', RestartPolicy: {Name: 'no', MaximumRetryCount: 0}, Runtime: '', UsernsMode: 'host', CgroupParent: '', BlkioWeight: 0, CpuCount: 0, Isolation: 'default'});
	});
	t.deepEqual([undefined, null, '', 0, false, {}, []].map(value => isFilled(value)), [false, false, false, false, false, false, false]);
	t.deepEqual(['x', 1, true, {a: 1}, [0]].map(value => isFilled(value)), [true, true, true, true, true]);
});
