import fs from 'node:fs';
import test from 'ava';
import {isEngineError} from '../../../engine/errors.js';
import {allCapabilitiesMask, capabilitiesOf, capabilityMask, capabilityNames, defaultCapabilitiesMask, resolveCapabilities, type CapabilityRequest} from '../../../engine/runtime/security/capabilities.js';

test('the default set is docker\'s', t => {
	const sets = resolveCapabilities();
	// CapBnd, CapEff and CapPrm of a container of docker 28; CapInh and CapAmb are empty there.
	t.deepEqual(sets, {bounding: 0xa8_04_25_fbn, effective: 0xa8_04_25_fbn, permitted: 0xa8_04_25_fbn, inheritable: 0n, ambient: 0n});
	t.is(capabilitiesOf(sets.bounding).length, 14);
});

test('every capability has its number', t => {
	t.is(capabilityNames.length, 41);
	for (const [name, number] of [['CAP_CHOWN', 0], ['CAP_NET_ADMIN', 12], ['CAP_SYS_ADMIN', 21], ['CAP_SETFCAP', 31], ['CAP_MAC_OVERRIDE', 32], ['CAP_PERFMON', 38], ['CAP_CHECKPOINT_RESTORE', 40]] as const) {
		t.is(capabilityMask([name]), 1n << BigInt(number), name);
	}

	const header = '/usr/include/linux/capability.h';
	if (!fs.existsSync(header)) {
		t.log('skipped: no kernel headers to compare with');
		return;
	}

	for (const [, name, number] of fs.readFileSync(header, 'utf8').matchAll(/^#define (CAP_\w+)\s+(\d+)$/gm)) {
		t.is<string | undefined, string | undefined>(capabilityNames[Number(number)], name);
	}
});

const requests: ReadonlyArray<readonly [string, CapabilityRequest, bigint]> = [
	['nothing asked', {add: null, drop: []}, defaultCapabilitiesMask],
	['a name without prefix, in any case', {add: ['net_admin']}, defaultCapabilitiesMask | (1n << 12n)],
	['a name with prefix', {add: ['CAP_SYS_TIME']}, defaultCapabilitiesMask | (1n << 25n)],
	['one dropped', {drop: ['CHOWN']}, defaultCapabilitiesMask & ~1n],
	['one added that is there', {add: ['CHOWN']}, defaultCapabilitiesMask],
	['one that is not there dropped', {drop: ['SYS_ADMIN']}, defaultCapabilitiesMask],
	['all dropped', {drop: ['all']}, 0n],
	['all dropped, one added', {drop: ['ALL'], add: ['NET_BIND_SERVICE']}, 1n << 10n],
	['all added', {add: ['ALL']}, allCapabilitiesMask],
	['all added but one', {add: ['ALL'], drop: ['SYS_ADMIN']}, allCapabilitiesMask & ~(1n << 21n)],
	['all added and all dropped', {add: ['ALL'], drop: ['ALL']}, allCapabilitiesMask],
	['the same added and dropped', {add: ['KILL'], drop: ['KILL']}, defaultCapabilitiesMask],
	['privileged', {privileged: true, drop: ['ALL']}, allCapabilitiesMask],
];
for (const [title, request, mask] of requests) {
	test(`capabilities: ${title}`, t => {
		const sets = resolveCapabilities(request);
		t.deepEqual([sets.bounding, sets.effective, sets.permitted, sets.inheritable, sets.ambient], [mask, mask, mask, 0n, 0n]);
	});
}

test('an unknown name is refused in docker\'s words', t => {
	const added = t.throws(() => resolveCapabilities({add: ['sys_magic']}), {message: 'invalid CapAdd: unknown capability: "CAP_SYS_MAGIC"'});
	t.true(isEngineError(added, 'invalidParameter'));
	t.throws(() => resolveCapabilities({drop: ['CAP_']}), {message: 'invalid CapDrop: unknown capability: "CAP_"'});
	t.throws(() => resolveCapabilities({add: ['']}), {message: 'invalid CapAdd: unknown capability: "CAP_"'});
	t.throws(() => resolveCapabilities({add: ['NOPE'], privileged: true}), {message: /unknown capability/});
});
