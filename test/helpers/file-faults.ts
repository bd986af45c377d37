/**
For fault injection: counts what this process does to the file system below a folder, and lets one of these steps go wrong. Import it before anything of the engine: modules may
keep the functions of `node:fs` they find.
*/
import fs from 'node:fs';
import process from 'node:process';

export type Step = {
	readonly name: string; // of the function
	readonly file: string; // below the folder; empty when only a descriptor is known
};

export type FaultPlan = {
	/** Only what happens below it counts. */
	readonly folder: string;
	/** Called before each step, with its number (from 1). Throwing makes the step fail. */
	readonly before: (step: Step, number: number) => void;
};

let plan: FaultPlan | undefined;
let count = 0;
const descriptors = new Map<number, string>();

/** Runs the work under the plan. Resolves to the number of steps it took (also with its error). */
export async function withFaults(next: FaultPlan, work: () => Promise<unknown>): Promise<{readonly steps: number; readonly error?: unknown}> {
	plan = next;
	count = 0;
	try {
		await work();
		return {steps: count};
	} catch (error) {
		return {steps: count, error};
	} finally {
		plan = undefined;
	}
}

/** A failure as the kernel gives it. */
export function systemFailure(code: string, step: Step): Error {
	return Object.assign(new Error(`${code}: injected, ${step.name} '${step.file}'`), {code, syscall: step.name});
}

function check(name: string, place: unknown): void {
	const file = typeof place === 'number' ? descriptors.get(place) : String(place);
	if (plan === undefined || !file?.startsWith(plan.folder)) {
		return;
	}

	plan.before({name, file: file.slice(plan.folder.length)}, ++count);
}

type AnyFunction = (...arguments_: unknown[]) => unknown;
const functions = fs as unknown as Record<string, AnyFunction>;

/** Those that take a path or a descriptor first and change something. */
for (const name of ['writeFileSync', 'appendFileSync', 'fsyncSync', 'fdatasyncSync', 'renameSync', 'linkSync', 'unlinkSync', 'mkdirSync', 'rmdirSync', 'symlinkSync', 'chmodSync', 'writeSync', 'ftruncateSync']) {
	const original = functions[name]!;
	functions[name] = (...arguments_) => {
		check(name, name === 'symlinkSync' ? arguments_[1] : arguments_[0]);
		return original(...arguments_);
	};
}

/** The same with a callback last. */
for (const name of ['write', 'fdatasync', 'fsync', 'rename', 'unlink']) {
	const original = functions[name]!;
	functions[name] = (...arguments_) => {
		try {
			check(name, arguments_[0]);
		} catch (error) {
			process.nextTick(arguments_.at(-1) as AnyFunction, error);
			return;
		}

		original(...arguments_);
	};

	copySymbols(original, functions[name]);
}

const {openSync, closeSync} = functions as {openSync: AnyFunction; closeSync: AnyFunction};
functions['openSync'] = (...arguments_) => {
	if (typeof arguments_[1] === 'string' && /[wa+]/.test(arguments_[1])) {
		check('openSync', arguments_[0]);
	}

	const descriptor = openSync(...arguments_) as number;
	descriptors.set(descriptor, String(arguments_[0]));
	return descriptor;
};

functions['closeSync'] = (...arguments_) => {
	descriptors.delete(arguments_[0] as number);
	return closeSync(...arguments_);
};

/** `promisify(fs.write)` resolves to an object because of one. */
function copySymbols(from: AnyFunction, to: AnyFunction): void {
	for (const symbol of Object.getOwnPropertySymbols(from)) {
		Object.defineProperty(to, symbol, Object.getOwnPropertyDescriptor(from, symbol)!);
	}
}
