/**
For tests of tug-runtime's launch half: a busybox container from a hand-made plan, without store, images or engine. `subjects` of native-trees.ts says who runs it.
*/
import fs from 'node:fs';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {spawnSync} from 'node:child_process';
import type {ExecutionContext} from 'ava';
import {encodePlan, type ContainerPlan, type ExecPlan, type PlanFlagName} from '../../engine/runtime/plan.js';
import {resolveCapabilities} from '../../engine/runtime/security/capabilities.js';
import {makeBusyboxRootfs} from './busybox-rootfs.js';
import {basicPlan, defaultEnvironment} from './launch-plan.js';
import {run, subjects, type Report, type Subject} from './native-trees.js';

export type Status = {
	readonly status: string;
	readonly pid: number;
	readonly startTicks: number;
	readonly monitorPid: number;
	readonly exitCode: number;
	readonly signal: number;
	readonly error: string;
};

export type Ended = {readonly report: Report; readonly exitCode: number; readonly stdout: string; readonly stderr: string; readonly lines: readonly string[]; readonly status: Status};

export type Changes = Partial<Omit<ContainerPlan, 'flags'>> & {readonly flags?: readonly PlanFlagName[]};

export type Container = {
	readonly plan: ContainerPlan;
	readonly folder: string;
	/** The writable layer (overlay) as the host sees it. */
	readonly upper: string;
	readonly report: Report;
};

let counter = 0;

/** A place with a root filesystem of its own; the subject's, and gone with the test. Undefined where there is no busybox. */
export function makeRootfs(t: ExecutionContext, subject: Subject): string | undefined {
	const folder = path.join(subject.folder, `c${String(counter++)}`);
	const rootfs = path.join(folder, 'rootfs');
	fs.mkdirSync(rootfs, {recursive: true});
	const reason = makeBusyboxRootfs(rootfs);
	if (reason !== undefined) {
		t.log(`skipped: ${reason}`);
		t.pass();
		return undefined;
	}

	give(subject, folder);
	return rootfs;
}

/** Makes the subject own a tree. */
export function give(subject: Subject, folder: string): void {
	if (subject.name !== 'root' && process.getuid!() === 0) {
		spawnSync('chown', ['-hR', `${subject.hostId(0)}:${subject.hostId(0)}`, folder]);
	}
}

/** Starts a container of its own places (an overlay over the busybox tree at `rootfs`). A start failure is in `report`. */
export function launch(t: ExecutionContext, subject: Subject, rootfs: string, changes: Changes & {readonly args: readonly string[]}, command: 'run' | 'create' = 'run'): Container {
	const folder = path.join(path.dirname(rootfs), `r${String(counter++)}`);
	for (const name of ['state', 'upper', 'work', 'mnt']) {
		fs.mkdirSync(path.join(folder, name), {recursive: true});
	}

	give(subject, folder);
	const {flags = [], ...rest} = changes;
	const plan = basicPlan(folder, {
		lowers: [rootfs],
		upper: path.join(folder, 'upper'),
		work: path.join(folder, 'work'),
		log: {path: path.join(folder, 'log.json')},
		...rest,
		rootfs: rest.rootfs ?? path.join(folder, 'mnt'),
		flags: [...flags, ...(subject.name === 'root' ? [] : ['userxattr' as const]), ...(subject.name === 'single id' ? ['singleId' as const] : [])],
	});
	const {report} = run(subject, command, [], {input: encodePlan(plan)});
	if (report.ok) {
		t.teardown(() => {
			run(subject, 'delete', ['--state', plan.stateDir, '--socket', plan.socket, '--force']);
		});
	}

	return {plan, folder, upper: path.join(folder, 'upper'), report};
}

/** Runs a container to its end. */
export async function runToEnd(t: ExecutionContext, subject: Subject, rootfs: string, changes: Changes & {readonly args: readonly string[]}): Promise<Ended> {
	return waitForEnd(launch(t, subject, rootfs, changes));
}

/** The same for one shell line. */
export async function runShell(t: ExecutionContext, subject: Subject, rootfs: string, line: string, changes: Changes = {}): Promise<Ended> {
	return runToEnd(t, subject, rootfs, {args: ['/bin/sh', '-c', line], ...changes});
}

export async function waitForEnd({plan, report}: Pick<Container, 'plan' | 'report'>): Promise<Ended> {
	const status = report.ok ? await waitForStatus(plan.stateDir, 'exited') : readStatus(plan.stateDir);
	const text = {stdout: '', stderr: ''};
	const log = plan.log?.path;
	if (log !== undefined && fs.existsSync(log)) {
		for (const line of fs.readFileSync(log, 'utf8').split('\n').filter(Boolean)) {
			const entry = JSON.parse(line) as {log: string; stream: 'stdout' | 'stderr'};
			text[entry.stream] += entry.log;
		}
	}

	return {report, status, exitCode: status.exitCode, ...text, lines: text.stdout.trimEnd().split('\n').map(line => line.trimEnd())};
}

export async function waitForStatus(stateDir: string, wanted: string): Promise<Status> {
	for (let attempt = 0; attempt < 2000; attempt++) {
		const status = readStatus(stateDir);
		if (status.status === wanted) {
			return status;
		}

		await delay(10);
	}

	throw new Error(`${stateDir} never became ${wanted}: ${JSON.stringify(readStatus(stateDir))}`);
}

export function readStatus(stateDir: string): Status {
	try {
		return JSON.parse(fs.readFileSync(path.join(stateDir, 'status.json'), 'utf8')) as Status;
	} catch {
		return {status: 'none', pid: 0, startTicks: 0, monitorPid: 0, exitCode: -1, signal: 0, error: ''};
	}
}

/** Runs a process in a running container, to its end. */
export async function execShell(subject: Subject, container: Container, line: string, changes: Partial<Omit<ExecPlan, 'kind'>> = {}): Promise<Ended> {
	const {pid, startTicks} = readStatus(container.plan.stateDir);
	const folder = path.join(container.folder, `exec${String(counter++)}`);
	fs.mkdirSync(path.join(folder, 'state'), {recursive: true});
	give(subject, folder);
	const {flags = [], ...rest} = changes;
	const plan: ExecPlan = {
		kind: 'exec',
		id: container.plan.id,
		stateDir: path.join(folder, 'state'),
		socket: path.join(folder, 's'),
		args: ['/bin/sh', '-c', line],
		env: defaultEnvironment,
		capabilities: resolveCapabilities(),
		log: {path: path.join(folder, 'log.json')},
		target: {pid, startTicks: BigInt(startTicks)},
		...rest,
		flags: ['autoStart', ...flags, ...(subject.name === 'single id' ? ['singleId' as const] : [])],
	};
	const {report} = run(subject, 'exec', [], {input: encodePlan(plan)});
	return waitForEnd({plan: plan as unknown as ContainerPlan, report});
}

/** Calls `body` for every user there is; passes with a reason where containers can't run at all. */
export async function forEachSubject(t: ExecutionContext, body: (subject: Subject, rootfs: string) => Promise<void> | void, only?: (subject: Subject) => boolean): Promise<void> {
	for (const subject of subjects(t).filter(one => only?.(one) ?? true)) {
		const rootfs = makeRootfs(t, subject);
		if (rootfs === undefined) {
			return;
		}

		if (!canRun(t, subject, rootfs)) {
			continue;
		}

		await body(subject, rootfs);
	}
}

const able = new Map<string, boolean>();

/** What the host forbids is no failure; anything else is. */
function canRun(t: ExecutionContext, subject: Subject, rootfs: string): boolean {
	const known = able.get(subject.name);
	if (known !== undefined) {
		return known;
	}

	const {report} = run(subject, 'probe', ['--dir', path.dirname(rootfs)]);
	const can = report['userNamespace'] === true || subject.name === 'root';
	if (!can) {
		t.log(`skipped for ${subject.name}: ${String(report['userNamespaceError'])}`);
		t.pass();
	}

	able.set(subject.name, can);
	return can;
}

export {locateNative} from '../../engine/runtime/locate-native.js';
