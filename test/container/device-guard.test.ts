import test from 'ava';
import {checkDeviceRules, deviceProtection, guardDevices, unguardedWarning} from '../../engine/container/device-guard.js';
import {parseDeviceCgroupRule} from '../../engine/container/device-request.js';
import {parseHostSettings} from '../../engine/container/host-settings.js';
import type {CgroupHost} from '../../engine/runtime/cgroup.js';
import {deviceFilter, defaultDeviceRules} from '../../engine/runtime/security/device-rules.js';

const unified = {parent: '/sys/fs/cgroup', controllers: new Set<string>()};
const hosts: Readonly<Record<'v2' | 'v1' | 'hybrid' | 'neither', CgroupHost>> = {
	v2: {version: 2, unified, legacy: new Map(), obstacle: ''},
	v1: {version: 1, legacy: new Map([['devices', '/cg/devices'], ['memory', '/cg/memory']]), obstacle: ''},
	hybrid: {version: 1, unified, legacy: new Map([['devices', '/cg/devices']]), obstacle: ''},
	neither: {version: 1, legacy: new Map([['memory', '/cg/memory']]), obstacle: 'no cgroups are mounted for writing'},
};

test('what guards the devices of a host', t => {
	t.deepEqual(deviceProtection(0, hosts.v2), {by: 'filter'});
	t.deepEqual(deviceProtection(0, hosts.hybrid), {by: 'filter'});
	t.deepEqual(deviceProtection(0, hosts.v1), {by: 'controller'});
	t.deepEqual(deviceProtection(0, hosts.neither), {by: 'none', obstacle: 'no cgroups are mounted for writing'});
	t.deepEqual(deviceProtection(1000, hosts.neither), {by: 'namespace'});
	t.regex(unguardedWarning('because'), /not kept off this host's devices: because/);
});

const rules: ReadonlyArray<readonly [string, ReturnType<typeof parseDeviceCgroupRule>]> = [
	['c 1:3 rwm', [{type: 'c', major: 1, minor: 3, access: 'rwm'}]],
	['b 8:* r', [{type: 'b', major: 8, access: 'r'}]],
	['c *:* m', [{type: 'c', access: 'm'}]],
	['a 10:200 rw', [{type: 'b', major: 10, minor: 200, access: 'rw'}, {type: 'c', major: 10, minor: 200, access: 'rw'}]],
];
for (const [text, expected] of rules) {
	test(`the rule ${text}`, t => {
		t.deepEqual(parseDeviceCgroupRule(text), expected);
	});
}

for (const text of ['', 'c', 'c 1:3', 'x 1:3 rwm', 'c 1 rwm', 'c 1:3 rwx', 'c 1:3 rwmr', 'c -1:3 r', 'c 1:3 r\n', ' c 1:3 r', 'c 1:99999999999 r', 'c 1:3  r']) {
	test(`the rule ${JSON.stringify(text)} is refused as docker refuses it`, t => {
		t.throws(() => parseHostSettings({DeviceCgroupRules: [text]}), {message: `invalid device cgroup rule format: '${text}'`});
	});
}

test('rules are kept as they were sent; none is null', t => {
	t.deepEqual(parseHostSettings({DeviceCgroupRules: ['c 1:3 r']}).DeviceCgroupRules, ['c 1:3 r']);
	t.is(parseHostSettings({DeviceCgroupRules: []}).DeviceCgroupRules, null);
	t.is(parseHostSettings({}).DeviceCgroupRules, null);
});

test('rules that nothing would enforce are refused; without any, nothing is', t => {
	const [none, namespace] = [deviceProtection(0, hosts.neither), deviceProtection(1000, hosts.v2)];
	const asked = parseHostSettings({DeviceCgroupRules: ['c 1:3 r']});
	const narrowed = parseHostSettings({Devices: [{PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'r'}]});
	const whole = parseHostSettings({Devices: [{PathOnHost: '/dev/null'}]});
	t.like(t.throws(() => {
		checkDeviceRules(asked, none);
	}), {kind: 'invalidParameter', code: 'limitNotEnforceable', message: '--device-cgroup-rule can\'t be enforced here: no cgroups are mounted for writing'});
	t.throws(() => {
		checkDeviceRules(narrowed, none);
	}, {message: /^--device \/dev\/null:\/dev\/x:r can't be enforced here/});
	t.throws(() => {
		checkDeviceRules(asked, namespace);
	}, {message: /^--device-cgroup-rule can't be enforced here: without root/});
	for (const [settings, protection] of [[asked, deviceProtection(0, hosts.v2)], [asked, deviceProtection(0, hosts.v1)], [narrowed, namespace], [whole, none], [parseHostSettings({}), none]] as const) {
		t.notThrows(() => {
			checkDeviceRules(settings, protection);
		});
	}

	t.notThrows(() => {
		checkDeviceRules(parseHostSettings({Privileged: true, DeviceCgroupRules: ['a *:* rwm']}), none); // It may do all that already
	});
});

test('on v2 a filter, on v1 the controller, with what was asked for at the end', t => {
	const settings = parseHostSettings({DeviceCgroupRules: ['c 10:200 rw', 'b *:* r']});
	const filter = guardDevices(hosts.v2, settings, {limits: [], by: 'filter'});
	t.deepEqual(filter.plans, [{parent: '/sys/fs/cgroup', isUnified: true, controllers: [], writes: []}]);
	t.deepEqual(filter.deviceFilter, deviceFilter([...defaultDeviceRules, {type: 'c', major: 10, minor: 200, access: 'rw'}, {type: 'b', access: 'r'}]));
	const controller = guardDevices(hosts.v1, settings, {limits: [], by: 'filter'});
	t.is(controller.deviceFilter, undefined);
	t.deepEqual(controller.plans[0]?.writes[0], ['devices.deny', 'a']);
	t.deepEqual(controller.plans[0]?.writes.slice(-2), [['devices.allow', 'c 10:200 rw'], ['devices.allow', 'b *:* r']]);
	t.deepEqual(guardDevices(hosts.hybrid, settings, {limits: [], by: 'controller'}).plans.map(({parent}) => parent), ['/sys/fs/cgroup', '/cg/devices']);
	t.like(t.throws(() => guardDevices(hosts.v2, settings, {limits: [], by: 'controller'})), {kind: 'unavailable'});
});

test('a device of the host that is asked for may be used as asked', t => {
	const {plans} = guardDevices(hosts.v1, parseHostSettings({Devices: [{PathOnHost: '/dev/zero', CgroupPermissions: 'rm'}]}), {limits: [], by: 'controller'});
	t.deepEqual(plans[0]?.writes.at(-1), ['devices.allow', 'c 1:5 rm']);
	t.throws(() => guardDevices(hosts.v1, parseHostSettings({Devices: [{PathOnHost: '/no/such'}]}), {limits: [], by: 'controller'}), {message: 'error gathering device information while adding custom device "/no/such": no such file or directory'});
});
