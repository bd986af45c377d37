import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {defaultDevices, defaultSymlinks, maskedPaths, readonlyPaths} from '../../../engine/runtime/security/default-paths.js';

test('masked and read-only paths are docker 28\'s', t => {
	t.deepEqual(readonlyPaths, ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']);
	const masked = maskedPaths('/nowhere');
	t.is(masked.length, 12);
	for (const expected of ['/proc/interrupts', '/proc/kcore', '/proc/keys', '/sys/firmware', '/sys/devices/virtual/powercap']) {
		t.true(masked.includes(expected), expected);
	}
});

test('thermal counters are masked for every CPU that has them', t => {
	const sysfs = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-sysfs-'));
	t.teardown(() => {
		fs.rmSync(sysfs, {recursive: true});
	});
	for (const folder of ['cpu0/thermal_throttle', 'cpu2/thermal_throttle', 'cpu10/thermal_throttle', 'cpu1/cache', 'cpufreq', 'cpuidle']) {
		fs.mkdirSync(path.join(sysfs, 'devices/system/cpu', folder), {recursive: true});
	}

	t.deepEqual(maskedPaths(sysfs).slice(12), [0, 2, 10].map(number => `/sys/devices/system/cpu/cpu${number}/thermal_throttle`));
});

test('a caller can change the list it got', t => {
	maskedPaths('/nowhere').push('/x');
	t.is(maskedPaths('/nowhere').length, 12);
});

test('the device nodes are the machine\'s own', t => {
	t.is(defaultDevices.length, 6);
	for (const {path: node, type, major, minor, mode} of defaultDevices) {
		t.is(type, 'c');
		t.is(mode, 0o666);
		const {rdev} = fs.statSync(node);
		t.deepEqual([rdev >> 8, rdev & 0xff], [major, minor], node);
	}

	t.is(defaultSymlinks['/dev/ptmx'], 'pts/ptmx');
});
