/**
Docker's profile JSON (moby/profiles seccomp.go: names, archMap, includes and excludes), which contains the OCI runtime specification's `linux.seccomp`.
*/
import {EngineError, isEngineError} from '../../errors.js';
import {capabilityMask, capabilityNames, type CapabilityName} from './capabilities.js';
import {errnoPerm, seccompReturn, type ArgumentComparison, type ComparisonOperator, type RuleCondition, type SeccompProfile, type SeccompReturn, type SeccompRule} from './seccomp-rule.js';

type Json = Readonly<Record<string, unknown>>;

const operators: readonly ComparisonOperator[] = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];

/** Undefined when there is nothing to filter (no default action and no system calls). Throws `invalidParameter`. */
export function parseProfile(json: string): SeccompProfile | undefined {
	const root = parseJson(json);
	const syscalls = list(root, 'syscalls');
	if (root['defaultAction'] === undefined && syscalls.length === 0) {
		return undefined;
	}

	const architectures = list(root, 'architectures').map(entry => string(entry, 'architectures'));
	const map = list(root, 'archMap').map(entry => object(entry, 'archMap'));
	if (architectures.length > 0 && map.length > 0) {
		throw invalid('both \'architectures\' and \'archMap\' are specified in the seccomp profile, use either \'architectures\' or \'archMap\'');
	}

	return {
		defaultAction: parseAction(string(root['defaultAction'], 'defaultAction'), root['defaultErrnoRet']),
		architectures: map.length > 0 ? map.flatMap(entry => list(entry, 'subArchitectures').map(name => string(name, 'subArchitectures'))) : architectures,
		rules: syscalls.map(entry => parseRule(object(entry, 'syscalls'))),
	};
}

function parseJson(json: string): Json {
	try {
		// 64-bit values do not fit into a JavaScript number: read them as strings.
		return object(JSON.parse(json.replaceAll(/("value(?:Two)?"\s*:\s*)(\d+)/g, '$1"$2"')), 'the profile');
	} catch (error) {
		throw isEngineError(error) ? error : invalid(`Decoding seccomp profile failed: ${(error as Error).message}`);
	}
}

function parseRule(rule: Json): SeccompRule {
	const names = list(rule, 'names').map(name => string(name, 'names'));
	const name = rule['name'] === undefined || rule['name'] === '' ? undefined : string(rule['name'], 'name');
	if (name !== undefined && names.length > 0) {
		throw invalid('both \'name\' and \'names\' are specified in the seccomp profile, use either \'name\' or \'names\'');
	}

	return {
		names: name === undefined ? names : [name],
		action: parseAction(string(rule['action'], 'action'), rule['errnoRet']),
		args: list(rule, 'args').map(entry => parseComparison(object(entry, 'args'))),
		...(isGiven(rule['includes']) && {includes: parseCondition(object(rule['includes'], 'includes'))}),
		...(isGiven(rule['excludes']) && {excludes: parseCondition(object(rule['excludes'], 'excludes'))}),
	};
}

function parseComparison(entry: Json): ArgumentComparison {
	const op = operators.find(operator => entry['op'] === `SCMP_CMP_${operator}`);
	if (op === undefined) {
		throw invalid(`unknown comparison ${JSON.stringify(entry['op'])}`);
	}

	const index = integer(entry['index'] ?? 0, 'index');
	if (index > 5n) {
		throw invalid(`argument index ${index} is above 5`);
	}

	return {index: Number(index), op, value: integer(entry['value'] ?? 0, 'value'), valueTwo: integer(entry['valueTwo'] ?? 0, 'valueTwo')};
}

function parseCondition(entry: Json): RuleCondition {
	const {minKernel} = entry;
	return {
		// A capability this system does not know is one that nobody holds: a bit of its own.
		capabilities: list(entry, 'caps').reduce<bigint>((mask, name) => mask | capabilityBit(string(name, 'caps')), 0n),
		...(list(entry, 'arches').length > 0 && {architectures: list(entry, 'arches').map(name => string(name, 'arches'))}),
		...(isGiven(minKernel) && minKernel !== '' && {minKernel: parseKernelVersion(string(minKernel, 'minKernel'))}),
	};
}

function capabilityBit(name: string): bigint {
	return (capabilityNames as readonly string[]).includes(name) ? capabilityMask([name as CapabilityName]) : 1n << 64n;
}

function parseKernelVersion(text: string): readonly [number, number] {
	const match = /^(\d{1,3})\.(\d{1,3})$/.exec(text);
	if (match === null || text === '0.0') {
		throw invalid(`invalid kernel version: ${JSON.stringify(text)}, expected "<kernel>.<major>"`);
	}

	return [Number(match[1]), Number(match[2])];
}

function parseAction(name: string, errnoRet: unknown): SeccompReturn {
	const data = isGiven(errnoRet) ? Number(integer(errnoRet, 'errnoRet')) & 0xff_ff : errnoPerm;
	switch (name) {
		case 'SCMP_ACT_KILL':
		case 'SCMP_ACT_KILL_THREAD': {
			return seccompReturn.killThread;
		}

		case 'SCMP_ACT_KILL_PROCESS': {
			return seccompReturn.killProcess;
		}

		case 'SCMP_ACT_TRAP': {
			return seccompReturn.trap;
		}

		case 'SCMP_ACT_ERRNO': {
			return seccompReturn.errno(data);
		}

		case 'SCMP_ACT_TRACE': {
			return seccompReturn.trace | data;
		}

		case 'SCMP_ACT_LOG': {
			return seccompReturn.log;
		}

		case 'SCMP_ACT_ALLOW': {
			return seccompReturn.allow;
		}

		case 'SCMP_ACT_NOTIFY': {
			throw new EngineError('notImplemented', 'seccomp notification (SCMP_ACT_NOTIFY) is not supported');
		}

		default: {
			throw invalid(`unknown action ${JSON.stringify(name)}`);
		}
	}
}

function isGiven(value: unknown): boolean {
	return value !== undefined && value !== null;
}

function list(from: Json, key: string): readonly unknown[] {
	const value = from[key] ?? [];
	if (!Array.isArray(value)) {
		throw invalid(`${key} is not a list`);
	}

	return value as readonly unknown[];
}

function object(value: unknown, what: string): Json {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		throw invalid(`${what} is not an object`);
	}

	return value as Json;
}

function string(value: unknown, what: string): string {
	if (typeof value !== 'string') {
		throw invalid(`${what} is not a string`);
	}

	return value;
}

function integer(value: unknown, what: string): bigint {
	const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
	if (!/^\d{1,20}$/.test(text) || BigInt(text) > 0xff_ff_ff_ff_ff_ff_ff_ffn) {
		throw invalid(`${what} is not an unsigned 64-bit number`);
	}

	return BigInt(text);
}

function invalid(message: string): EngineError {
	return new EngineError('invalidParameter', `seccomp profile: ${message}`);
}
