/** libseccomp as the judge: the same rules built by its own code (test/native/seccomp-oracle.c). */
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type {SeccompProfile, SeccompRule} from '../../engine/runtime/security/seccomp-rule.js';
import {compileC} from './compile-c.js';

export type Oracle = {
	/** The filter, and the names this libseccomp does not know. */
	build(machine: 'x86_64' | 'aarch64', further: readonly string[], defaultAction: number, rules: readonly SeccompRule[]): {readonly filter: Buffer; readonly unknown: readonly string[]};
	close(): void;
};

/** A reason when there is no libseccomp to ask. */
export function startOracle(): Oracle | string {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-oracle-'));
	const program = path.join(folder, 'oracle');
	const reason = compileC('seccomp-oracle', program, ['-lseccomp']);
	const close = () => {
		fs.rmSync(folder, {recursive: true, force: true});
	};

	if (reason !== undefined) {
		close();
		return reason;
	}

	return {
		close,
		build(machine, further, defaultAction, rules) {
			const output = path.join(folder, 'filter');
			const lines = [`machine ${machine}`, `default ${hex(defaultAction)}`, ...further.map(name => `arch ${name}`), ...rules.flatMap(rule => ruleLines(rule))];
			const {status, stdout, stderr} = spawnSync(program, [output], {input: `${lines.join('\n')}\n`, encoding: 'utf8'});
			if (status !== 0) {
				throw new Error(`oracle: ${stderr}`);
			}

			return {filter: fs.readFileSync(output), unknown: stdout.split('\n').filter(name => name !== '')};
		},
	};
}

/** What runc hands to libseccomp: nothing that equals the default, one rule for each of several comparisons of the same argument. */
export function runcRules(profile: SeccompProfile, rules: readonly SeccompRule[]): SeccompRule[] {
	return rules
		.filter(rule => rule.action !== profile.defaultAction)
		.flatMap(rule => {
			const args = rule.args ?? [];
			const isRepeated = new Set(args.map(({index}) => index)).size < args.length;
			return isRepeated ? args.map(comparison => ({...rule, args: [comparison]})) : [rule];
		});
}

function ruleLines({names, action, args = []}: SeccompRule): string[] {
	const comparisons = args.map(({index, op, value, valueTwo}) => `${index} ${op} ${value} ${valueTwo}`).join(' ');
	return names.map(name => `rule ${hex(action)} ${name} ${comparisons}`);
}

function hex(value: number): string {
	return (value >>> 0).toString(16);
}
