/**
The launch plan: both tables are one, and the C side refuses whatever is not exactly a plan.
*/
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {encodePlan, type ContainerPlan, type ExecPlan} from '../../engine/runtime/plan.js';
import * as tables from '../../engine/runtime/plan-tags.js';
import {basicPlan} from '../helpers/launch-plan.js';
import {repositoryRoot} from '../helpers/repository-root.js';

const header = fs.readFileSync(path.join(repositoryRoot, 'engine/native/plan.h'), 'utf8');

/** Members of the C enum whose names begin with `prefix`, the prefix taken off. */
function enumMembers(name: string, prefix: string): Record<string, number> {
	const [, body] = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(header)!;
	return Object.fromEntries([...body!.matchAll(/(\w+) = (\d+)/g)].map(([, member, value]) => [member!.slice(prefix.length), Number(value)]));
}

/** `#define PREFIX_NAME (1u << BIT)`. */
function bitMembers(prefix: string): Record<string, number> {
	return Object.fromEntries([...header.matchAll(new RegExp(`#define ${prefix}(\\w+) \\(1u << (\\d+)\\)\\n`, 'g'))].map(([, name, bit]) => [name!, Number(bit)]));
}

function upperCase(table: Readonly<Record<string, number>>): Record<string, number> {
	return Object.fromEntries(Object.entries(table).map(([name, value]) => [name.replaceAll(/[A-Z]/g, letter => `_${letter}`).toUpperCase(), value]));
}

test('the tables of plan.h and plan-tags.ts are the same', t => {
	t.deepEqual(enumMembers('plan_tag', 'PLAN_'), {...tables.planTag});
	t.deepEqual(enumMembers('plan_kind', 'PLAN_KIND_'), upperCase(tables.planKind));
	t.deepEqual(enumMembers('plan_mount_tag', 'PLAN_MOUNT_'), {...tables.mountTag});
	t.deepEqual(enumMembers('plan_mount_type', 'PLAN_MOUNT_'), upperCase(tables.mountType));
	t.deepEqual(enumMembers('plan_propagation', 'PLAN_PROPAGATION_'), upperCase(tables.propagation));
	t.deepEqual(enumMembers('plan_device_tag', 'PLAN_DEVICE_'), {...tables.deviceTag});
	t.deepEqual(enumMembers('plan_log_tag', 'PLAN_LOG_'), {...tables.logTag});
	t.deepEqual(enumMembers('plan_namespace_tag', 'PLAN_NAMESPACE_'), {...tables.namespaceTag});
	t.deepEqual(enumMembers('plan_namespace_kind', 'PLAN_NAMESPACE_'), upperCase(tables.namespaceKind));
	t.deepEqual(enumMembers('plan_events_tag', 'PLAN_EVENTS_'), {...tables.eventsTag});
	t.deepEqual(bitMembers('PLAN_FLAG_'), upperCase(tables.planFlag));
	const mountBits = upperCase(tables.mountFlag);
	t.deepEqual(bitMembers('PLAN_MOUNT_'), {...Object.fromEntries(Object.entries(mountBits).filter(([name]) => name !== 'READONLY')), RDONLY: mountBits['READONLY']});
	t.regex(header, new RegExp(`#define PLAN_VERSION ${tables.planVersion}\\n`));
	t.is(tables.planMaxBytes, 4 * 1024 * 1024);
	t.regex(header, /#define PLAN_SIZE_MAX \(4u << 20\)/);
});

test('the readme\'s table names every tag', t => {
	const readme = fs.readFileSync(path.join(repositoryRoot, 'engine/native/readme.md'), 'utf8').split('## Launch plan')[1]!;
	const named = new Map<string, number>();
	for (const [, numbers, names] of readme.matchAll(/^\| ([\d, ]+) \| ([A-Z_, ]+) \|/gm)) {
		for (const [index, number] of numbers!.split(',').entries()) {
			named.set(names!.split(',')[index]!.trim(), Number(number));
		}
	}

	t.deepEqual(Object.fromEntries(named), {...tables.planTag});
});

test('a plan is a header and records, little-endian', t => {
	const bytes = encodePlan({kind: 'exec', id: 'ab', stateDir: '/s', socket: '/k', args: ['x'], target: {pid: 7, startTicks: 9n}});
	t.is(bytes.toString('latin1', 0, 8), 'TUGPLAN\0');
	t.is(bytes.readUInt32LE(8), 1);
	t.is(bytes.readUInt32LE(12), bytes.length);
	t.is(bytes.toString('hex', 16, 28), '010000000400000002000000');
	t.true(bytes.includes(Buffer.from('1e0000000c000000070000000900000000000000', 'hex')), 'TARGET');
	t.true(bytes.includes(Buffer.from('0b0000000100000078', 'hex')), 'ARG');
});

test('strings with a NUL and plans that are too large are refused here already', t => {
	t.true(isEngineError(t.throws(() => encodePlan(basicPlan('/x', {args: ['a\0b']}))), 'invalidParameter'));
	t.true(isEngineError(t.throws(() => encodePlan(basicPlan('/x', {args: ['a'.repeat(tables.planMaxBytes)]}))), 'invalidParameter'));
});

test('C takes what TypeScript makes, and refuses what is wrong with it', t => {
	const program = checker(t);
	if (program === undefined) {
		return;
	}

	const good = basicPlan('/place', {
		args: ['true'], lowers: ['/a', '/b'], upper: '/u', work: '/w', groupAdd: ['x'], seccomp: Buffer.alloc(80), sysctls: {'a.b': 'c'}, oomScoreAdj: -3,
		log: {path: '/log', maxSizeBytes: 5n, maxFiles: 2}, cgroups: ['/sys/x'], ttySize: {rows: 1, columns: 2}, events: {path: '/e', attributes: '"a":"b"'},
		rlimits: [{resource: 'nofile', soft: 1n, hard: 2n}], flags: ['tty', 'init'], domainname: 'd', timeoutMs: 5,
	});
	const verdict = (plan: Partial<ContainerPlan>) => check(program, [encodePlan({...good, ...plan})])[0];
	t.is(verdict({}), 'ok');
	t.is(verdict({id: 'zz'}), 'plan: ID: not 64 hexadecimal digits');
	t.is(verdict({args: []}), 'plan: ARG is missing');
	t.is(verdict({stateDir: 'relative'}), 'plan: STATE_DIR: not an absolute path');
	t.is(verdict({socket: `/${'x'.repeat(107)}`}), `plan: SOCKET: longer than 107 bytes: /${'x'.repeat(107)}`);
	t.is(verdict({rootfs: '/'}), 'plan: ROOTFS: not the host\'s root');
	t.is(verdict({lowers: []}), 'plan: LOWER is missing');
	t.is(verdict({work: undefined as never}), 'plan: WORK is missing');
	t.is(verdict({lowers: Array.from({length: 501}, () => '/x')}), 'plan: LOWER: more than 500 layers');
	t.is(verdict({namespaces: [{kind: 'pid'}]}), 'plan: NAMESPACE: a container needs a mount namespace of its own');
	t.is(verdict({namespaces: [{kind: 'mount'}, {kind: 'user'}]}), 'plan: NAMESPACE: a new user namespace comes with the sandbox');
	t.is(verdict({namespaces: [{kind: 'mount'}, {kind: 'mount'}]}), 'plan: NAMESPACE: one kind given twice');
	t.is(verdict({namespaces: [{kind: 'mount'}, {kind: 'uts'}]}), 'plan: INIT needs a pid namespace of its own');
	t.is(verdict({namespaces: [{kind: 'mount'}, {kind: 'pid'}]}), 'plan: HOSTNAME needs a uts namespace');
	t.is(verdict({mounts: [{type: 'bind', target: '/x'}]}), 'plan: MOUNT: a source belongs to a bind, and only there');
	t.is(verdict({mounts: [{type: 'proc', source: '/x', target: '/x'}]}), 'plan: MOUNT: a source belongs to a bind, and only there');
	t.is(verdict({rlimits: [{resource: 'cpu', soft: 2n, hard: 1n}]}), 'plan: RLIMIT: soft above hard');
	t.is(verdict({seccomp: Buffer.alloc(81)}), 'plan: SECCOMP: wrong size');
	t.is(verdict({oomScoreAdj: 1001}), 'plan: OOM_SCORE_ADJ: not between -1000 and 1000');
	t.is(verdict({hostname: 'h'.repeat(65)}), 'plan: HOSTNAME: longer than 64 bytes');
	t.is(verdict({capabilities: {bounding: 0n, effective: 1n, permitted: 0n, inheritable: 0n, ambient: 0n}}), 'plan: CAPS: effective must lie in permitted');
	t.is(verdict({capabilities: {bounding: 0n, effective: 0n, permitted: 1n, inheritable: 0n, ambient: 1n}}), 'plan: CAPS: ambient must lie in permitted and inheritable');
	const exec: ExecPlan = {kind: 'exec', id: 'a'.repeat(64), stateDir: '/s', socket: '/k', args: ['x'], target: {pid: 7, startTicks: 9n}};
	t.deepEqual(check(program, [encodePlan(exec), encodePlan({...exec, target: {pid: 0, startTicks: 1n}})]), ['ok', 'plan: TARGET: not a pid']);
});

test('no bytes make the parser crash, read past its input or leak', t => {
	const program = checker(t);
	if (program === undefined) {
		return;
	}

	const good = encodePlan(basicPlan('/place', {args: ['sh', '-c', 'true'], lowers: ['/a', '/b'], upper: '/u', work: '/w', seccomp: Buffer.alloc(800), log: {path: '/log'}, events: {path: '/e', attributes: ''}}));
	const random = seeded(20_261_121);
	const inputs: Buffer[] = [];
	for (let length = 0; length < good.length; length += 7) {
		inputs.push(withLength(good.subarray(0, length)));
	}

	for (let round = 0; round < 6000; round++) {
		const bytes = Buffer.from(good);
		for (let flips = 1 + random(4); flips > 0; flips--) {
			bytes[16 + random(bytes.length - 16)] = random(256);
		}

		inputs.push(bytes, withLength(Buffer.concat([good.subarray(0, 16 + random(good.length - 16)), Buffer.from(Array.from({length: random(60)}, () => random(256)))])));
	}

	for (let round = 0; round < 3000; round++) {
		inputs.push(withLength(Buffer.concat([good.subarray(0, 16), ...Array.from({length: random(12)}, () => randomRecord(random, 2))])));
	}

	const verdicts = check(program, inputs);
	t.is(verdicts.length, inputs.length);
	t.true(verdicts.filter(verdict => verdict.startsWith('plan: ')).length > inputs.length / 2);
});

/** Parses plans with the address and undefined behaviour sanitizers on: one verdict each. */
function check(program: string, plans: readonly Buffer[]): string[] {
	const input = Buffer.concat(plans.flatMap(plan => {
		const length = Buffer.alloc(4);
		length.writeUInt32LE(plan.length);
		return [length, plan];
	}));
	const {status, stdout, stderr, signal} = spawnSync(program, {input, maxBuffer: 64 * 1024 * 1024, encoding: 'utf8'});
	if (status !== 0) {
		throw new Error(`the parser failed (${String(status ?? signal)}): ${stderr.slice(0, 4000)}`);
	}

	return stdout.split('\n').slice(0, -1);
}

/** Compiles test/native/plan-check.c with the parser itself. */
function checker(t: ExecutionContext): string | undefined {
	const folder = fs.mkdtempSync(path.join(fs.realpathSync('/tmp'), 'tug-plan-'));
	t.teardown(() => {
		fs.rmSync(folder, {recursive: true});
	});
	const output = path.join(folder, 'plan-check');
	const sources = ['test/native/plan-check.c', ...['plan', 'plan_bytes', 'plan_records', 'plan_nested', 'error'].map(name => `engine/native/${name}.c`)].map(file => path.join(repositoryRoot, file));
	for (const sanitize of [['-fsanitize=address,undefined', '-fno-sanitize-recover=all'], []]) {
		const {status, error} = spawnSync('cc', ['-std=gnu11', '-g', '-O1', ...sanitize, '-I', path.join(repositoryRoot, 'engine/native'), '-o', output, ...sources]);
		if (status === 0) {
			return output;
		}

		t.log(`skipped with ${sanitize[0] ?? 'a plain compiler'}: ${error?.message ?? 'it does not compile here'}`);
	}

	t.pass();
	return undefined;
}

function withLength(bytes: Buffer): Buffer {
	const copy = Buffer.from(bytes);
	if (copy.length >= 16) {
		copy.writeUInt32LE(copy.length, 12);
	}

	return copy;
}

function randomRecord(random: (below: number) => number, depth: number): Buffer {
	const payload = depth > 0 && random(2) ? Buffer.concat(Array.from({length: random(6)}, () => randomRecord(random, depth - 1))) : Buffer.from(Array.from({length: [0, 4, 8, 12, 20, 40, random(70)][random(7)]!}, () => (random(3) ? random(4) : 0x2f)));
	const start = Buffer.alloc(8);
	start.writeUInt16LE(random(40), 0);
	start.writeUInt32LE(random(30) ? payload.length : random(4_294_967_295), 4);
	return Buffer.concat([start, payload]);
}

/** The same plans in every run. */
function seeded(seed: number): (below: number) => number {
	let state = seed;
	return below => {
		// A linear congruence is random enough for bytes to be wrong; its low bits are not used.
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 4_294_967_296) * below);
	};
}
