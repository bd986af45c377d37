/**
`--device` and `--device-cgroup-rule`, read from what a client sent.
*/
import {EngineError} from '../errors.js';
import {asObject, asString, optional} from '../oci/json-shape.js';
import type {DeviceRule} from '../runtime/security/device-rules.js';

export type DeviceRequest = {readonly PathOnHost: string; readonly PathInContainer: string; readonly CgroupPermissions: string};

/** `subject` names it in messages. Throws `invalidParameter`. */
export function parseDevice(unsafe: unknown, subject: string): DeviceRequest {
	const fields = asObject(unsafe, subject);
	const text = (name: string) => optional(fields[name], `${subject}.${name}`, asString) ?? '';
	const host = text('PathOnHost');
	const inside = text('PathInContainer') || host;
	const permissions = text('CgroupPermissions') || 'rwm';
	if (!host.startsWith('/') || !inside.startsWith('/')) {
		throw new EngineError('invalidParameter', `device ${host}:${inside} needs absolute paths`);
	}

	if (!/^[rwm]{1,3}$/.test(permissions)) {
		throw new EngineError('invalidParameter', `invalid device permissions: ${permissions}`);
	}

	return {PathOnHost: host, PathInContainer: inside, CgroupPermissions: permissions};
}

const rulePattern = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/;

/** `c 1:3 rwm`, `b *:* m`, `a 42:0 r` (kernel cgroup-v1/devices.rst). `a` gives a rule for each type. Throws `invalidParameter` with docker's text. */
export function parseDeviceCgroupRule(rule: string): DeviceRule[] {
	const [, letter, major, minor, access] = rulePattern.exec(rule) ?? [];
	if (letter === undefined || [major, minor].some(number => number !== '*' && Number(number) > maxDeviceNumber)) {
		throw new EngineError('invalidParameter', `invalid device cgroup rule format: '${rule}'`);
	}

	const types = letter === 'a' ? (['b', 'c'] as const) : ([letter] as ReadonlyArray<'b' | 'c'>);
	return types.map(type => ({
		type,
		...(major === '*' ? {} : {major: Number(major)}),
		...(minor === '*' ? {} : {minor: Number(minor)}),
		access: access!,
	}));
}

const maxDeviceNumber = 2 ** 31 - 1; // What an instruction of the filter compares with
