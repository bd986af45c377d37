/**
What is measured: tug with a store of its own, and peers that speak docker's command line (`TUG_BENCH_PEERS="name=command prefix; name=…"`,
else docker and podman when they are on PATH and answer).
*/
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** `command`: program and first arguments; `environment`: added to ours; `folders`: to be removed at the end. */
export function findSubjects(scratch) {
	return [tug(scratch), ...peers()];
}

function tug(scratch) {
	const {bin} = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
	const command = process.env.TUG_BENCH_SELF?.split(/\s+/) ?? [process.execPath, path.join(root, bin.tug)];
	const run = fs.mkdtempSync('/tmp/tug-'); // Short: a socket's path has 107 bytes
	const environment = {TUG_ROOT: path.join(scratch, 'store'), TUG_RUN: run, DOCKER_HOST: '', NO_COLOR: '1'};
	return {name: 'tug', command, environment, folders: [scratch, run]};
}

function peers() {
	const given = process.env.TUG_BENCH_PEERS;
	const candidates = given === undefined
		? [{name: 'docker', command: ['docker']}, {name: 'podman', command: ['podman']}]
		: given.split(';').map(text => text.trim()).filter(Boolean).map(text => {
			const at = text.indexOf('=');
			return {name: text.slice(0, at), command: text.slice(at + 1).trim().split(/\s+/)};
		});
	return candidates.map(candidate => ({...candidate, environment: {}})).filter(candidate => {
		const answers = run(candidate, ['ps', '-q']).status === 0;
		if (!answers && given !== undefined) {
			throw new Error(`peer ${candidate.name} does not answer: ${candidate.command.join(' ')} ps -q`);
		}

		return answers;
	});
}

/** One command to its end, output kept. */
export function run(subject, args, options = {}) {
	const [program, ...first] = subject.command;
	return spawnSync(program, [...first, ...args], {encoding: 'utf8', env: {...process.env, ...subject.environment}, maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'pipe'], ...options});
}

/** Like `run`, but an error when it fails. */
export function must(subject, args, options) {
	const result = run(subject, args, options);
	if (result.status !== 0) {
		throw new Error(`${subject.name} ${args.join(' ')}: ${result.error?.message ?? `exit ${result.status}: ${String(result.stderr).trim()}`}`);
	}

	return String(result.stdout).trim();
}

/** Kill without grace: podman's `rm -f` waits ten seconds for TERM. */
export function removeArguments(subject, ...names) {
	return subject.name.startsWith('podman') ? ['rm', '-f', '-t', '0', ...names] : ['rm', '-f', ...names];
}

export function machine() {
	const cpus = os.cpus();
	return `${cpus.length} × ${cpus[0]?.model.trim() ?? 'CPU'}, Linux ${os.release()}, node ${process.versions.node}, load ${os.loadavg()[0].toFixed(1)}, ${process.getuid() === 0 ? 'root' : 'unprivileged'}`;
}
