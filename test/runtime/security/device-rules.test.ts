import test from 'ava';
import fc from 'fast-check';
import {defaultDeviceRules, deviceCgroupWrites, deviceFilter, deviceRule, type DeviceRule} from '../../../engine/runtime/security/device-rules.js';

type Asked = {readonly type: 'b' | 'c'; readonly major: number; readonly minor: number; readonly access: string};

const bits = (access: string) => [...access].reduce((sum, letter) => sum | {m: 1, r: 2, w: 4}[letter]!, 0);

/** Runs the filter as the kernel does, for the few instructions it has; throws for any other. */
function ask(filter: Buffer, {type, major, minor, access}: Asked): boolean {
	const context: Readonly<Record<number, number>> = {0: ((bits(access) << 16) | (type === 'b' ? 1 : 2)) >>> 0, 4: major >>> 0, 8: minor >>> 0};
	const registers = new Float64Array(11);
	for (let pc = 0; pc < filter.length / 8; pc++) {
		const [code, both] = [filter[pc * 8]!, filter[pc * 8 + 1]!];
		const [destination, source] = [both & 15, both >> 4];
		const offset = filter.readInt16LE(pc * 8 + 2);
		const value = filter.readInt32LE(pc * 8 + 4);
		switch (code) {
			case 0x61: {
				if (source !== 1 || context[offset] === undefined) {
					throw new Error(`load of ${offset} by r${source}`);
				}

				registers[destination] = context[offset];
				break;
			}

			case 0xBF: {
				registers[destination] = registers[source]!;
				break;
			}

			case 0xB7: {
				registers[destination] = value;
				break;
			}

			case 0x54: {
				registers[destination] = (registers[destination]! & value) >>> 0;
				break;
			}

			case 0x74: {
				registers[destination] = registers[destination]! >>> value;
				break;
			}

			case 0x55: {
				if (registers[destination] !== value) {
					pc += offset;
				}

				break;
			}

			case 0x95: {
				return registers[0] === 1;
			}

			default: {
				throw new Error(`instruction 0x${code.toString(16)}`);
			}
		}
	}

	throw new Error('fell off the end');
}

test('what docker lets every container use, and nothing else', t => {
	const filter = deviceFilter(defaultDeviceRules);
	for (const [major, minor] of [[1, 3], [1, 5], [1, 7], [1, 8], [1, 9], [5, 0], [5, 1], [5, 2], [136, 0], [136, 77]] as const) {
		t.true(ask(filter, {type: 'c', major, minor, access: 'rw'}), `${major}:${minor}`);
	}

	for (const [type, major, minor] of [['b', 8, 0], ['b', 254, 0], ['c', 1, 1], ['c', 1, 11], ['c', 10, 229], ['c', 10, 200], ['b', 1, 3]] as const) {
		t.false(ask(filter, {type, major, minor, access: 'r'}), `${type} ${major}:${minor}`);
		t.true(ask(filter, {type, major, minor, access: 'm'}));
		t.false(ask(filter, {type, major, minor, access: 'mr'}));
	}
});

test('--device adds its node with its permissions', t => {
	const rule = deviceRule({path: '/dev/x', type: 'b', major: 254, minor: 3, mode: 0o600, uid: 0, gid: 0}, 'r')!;
	const filter = deviceFilter([...defaultDeviceRules, rule]);
	t.true(ask(filter, {type: 'b', major: 254, minor: 3, access: 'r'}));
	t.false(ask(filter, {type: 'b', major: 254, minor: 3, access: 'w'}));
	t.false(ask(filter, {type: 'b', major: 254, minor: 4, access: 'r'}));
	t.is(deviceRule({path: '/dev/p', type: 'p', major: 0, minor: 0, mode: 0o600, uid: 0, gid: 0}, 'rw'), undefined);
	t.is(deviceRule({path: '/dev/x', type: 'c', major: 1, minor: 2, mode: 0o600, uid: 0, gid: 0}, '')!.access, 'rwm');
});

test('the writes of cgroup v1 deny all first', t => {
	const writes = deviceCgroupWrites([{type: 'c', major: 1, minor: 3, access: 'rwm'}, {type: 'b', access: 'm'}, {type: 'c', major: 136, access: 'rw'}]);
	t.deepEqual(writes, [['devices.deny', 'a'], ['devices.allow', 'c 1:3 rwm'], ['devices.allow', 'b *:* m'], ['devices.allow', 'c 136:* rw']]);
});

test('any rules mean what they say', t => {
	const number = fc.oneof(fc.integer({min: 0, max: 3}), fc.integer({min: 0, max: 0xF_FF}));
	const access = fc.subarray(['r', 'w', 'm'], {minLength: 1}).map(letters => letters.join(''));
	const rule: fc.Arbitrary<DeviceRule> = fc.record({type: fc.constantFrom('b', 'c' as const), major: number, minor: number, access}, {requiredKeys: ['type', 'access']});
	const asked = fc.record({type: fc.constantFrom('b', 'c' as const), major: number, minor: number, access});
	fc.assert(fc.property(fc.array(rule, {maxLength: 12}), fc.array(asked, {minLength: 1, maxLength: 20}), (rules, questions) => {
		const filter = deviceFilter(rules);
		return questions.every(question => {
			const isAllowed = rules.some(one =>
				one.type === question.type && (one.major ?? question.major) === question.major && (one.minor ?? question.minor) === question.minor && (bits(question.access) & ~bits(one.access)) === 0);
			return ask(filter, question) === isAllowed;
		});
	}), {numRuns: 500});
	t.pass();
});
