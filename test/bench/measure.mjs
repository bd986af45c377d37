/** Wall times of commands, without a shell and without reading their output. */
import {spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import process from 'node:process';

/** Milliseconds of one command; an error when it fails. `output`: a file descriptor for what it writes. */
export function timeCommand(subject, args, {output = 'ignore'} = {}) {
	const [program, ...first] = subject.command;
	const options = {env: {...process.env, ...subject.environment}, stdio: ['ignore', output, 'pipe']};
	const start = performance.now();
	const {status, error, stderr} = spawnSync(program, [...first, ...args], options);
	const ms = performance.now() - start;
	if (status !== 0) {
		throw new Error(`${subject.name} ${args.join(' ')}: ${error?.message ?? `exit ${status}: ${String(stderr).trim().split('\n').at(-1)}`}`);
	}

	return ms;
}

/** Milliseconds for all of them, `width` at a time. */
export async function timeAtOnce(subject, commands, width) {
	const [program, ...first] = subject.command;
	const waiting = [...commands];
	const start = performance.now();
	const worker = async () => {
		for (let args = waiting.shift(); args !== undefined; args = waiting.shift()) {
			await new Promise((resolve, reject) => {
				const child = spawn(program, [...first, ...args], {env: {...process.env, ...subject.environment}, stdio: ['ignore', 'ignore', 'ignore']});
				child.once('error', reject);
				child.once('close', status => {
					if (status === 0) {
						resolve();
					} else {
						reject(new Error(`${subject.name} ${args.join(' ')}: exit ${status}`));
					}
				});
			});
		}
	};

	await Promise.all(Array.from({length: width}, () => worker()));
	return performance.now() - start;
}

export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A file descriptor whose content nobody needs, but which is not /dev/null: some programs look. */
export function withSink(folder, use) {
	const file = `${folder}/sink-${process.pid}`;
	const descriptor = fs.openSync(file, 'w');
	try {
		return use(descriptor);
	} finally {
		fs.closeSync(descriptor);
		fs.rmSync(file, {force: true});
	}
}
