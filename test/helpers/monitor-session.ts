/** For tests of the monitor: a created container or exec session with a client attached, and what it left behind. */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {encodePlan, type ExecPlan, type LaunchPlan} from '../../engine/runtime/plan.js';
import {resolveCapabilities} from '../../engine/runtime/security/capabilities.js';
import {defaultEnvironment} from './launch-plan.js';
import {MonitorClient} from './monitor-client.js';
import {give, launch, readStatus, type Changes, type Container} from './native-container.js';
import {run, type Report, type Subject} from './native-trees.js';

export type JournalEntry = {
	readonly Type: string;
	readonly Action: string;
	readonly Actor: {readonly ID: string; readonly Attributes: Readonly<Record<string, string>>};
	readonly time: number;
	readonly timeNano: number;
};

export type LogLine = {readonly log: string; readonly stream: 'stdout' | 'stderr'; readonly time: string};

export type Session = {readonly container: Container; readonly client: MonitorClient};

/** Creates a container that runs `args` (a text is a shell line), attaches, and does not start it yet. */
export async function createSession(t: ExecutionContext, subject: Subject, rootfs: string, args: string | readonly string[], changes: Changes = {}): Promise<Session> {
	const container = create(t, subject, rootfs, args, changes);
	if (!container.report.ok) {
		throw new Error(`create: ${String(container.report.message)}`);
	}

	const client = await MonitorClient.connect(t, subject, container.plan.socket);
	const reply = await client.attach();
	if (!reply.ok) {
		throw new Error(`attach: ${String(reply.message)}`);
	}

	return {container, client};
}

export function create(t: ExecutionContext, subject: Subject, rootfs: string, args: string | readonly string[], changes: Changes & {readonly command?: 'run' | 'create'} = {}): Container {
	const {command = 'create', ...planned} = changes;
	return launch(t, subject, rootfs, {
		args: typeof args === 'string' ? ['/bin/sh', '-c', args] : args,
		events: {path: journalOf(rootfs), attributes: '"image":"busybox","name":"a \\"name\\""'},
		...planned,
	}, command);
}

let execs = 0;

/** Creates an exec session (it waits for START unless the flags say autoStart). */
export function createExec(subject: Subject, container: Container, args: string | readonly string[], changes: Partial<Omit<ExecPlan, 'kind'>> = {}): {readonly plan: ExecPlan; readonly report: Report} {
	const {pid, startTicks} = readStatus(container.plan.stateDir);
	const folder = path.join(container.folder, `e${String(execs++)}`);
	fs.mkdirSync(path.join(folder, 'state'), {recursive: true});
	give(subject, folder);
	const {flags = [], ...rest} = changes;
	const plan: ExecPlan = {
		kind: 'exec',
		id: crypto.randomBytes(32).toString('hex'),
		stateDir: path.join(folder, 'state'),
		socket: path.join(folder, 's'),
		args: typeof args === 'string' ? ['/bin/sh', '-c', args] : args,
		env: defaultEnvironment,
		capabilities: resolveCapabilities(),
		events: {path: container.plan.events!.path, attributes: '"name":"n"', actor: container.plan.id},
		target: {pid, startTicks: BigInt(startTicks)},
		...rest,
		flags: [...flags, ...(subject.name === 'single id' ? ['singleId' as const] : [])],
	};
	return {plan, report: run(subject, 'exec', [], {input: encodePlan(plan)}).report};
}

/** The events of a container of this plan. */
export function readJournal({plan}: Pick<Container, 'plan'>): JournalEntry[] {
	return readLines<JournalEntry>(plan.events!.path).filter(({Actor}) => Actor.ID === plan.id);
}

function journalOf(rootfs: string): string {
	return path.join(path.dirname(rootfs), 'events.jsonl');
}

export function readLogLines(plan: Pick<LaunchPlan, 'log'>): LogLine[] {
	return readLines<LogLine>(plan.log!.path);
}

function readLines<T>(file: string): T[] {
	return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line) as T) : [];
}

/** True while the process is there and no zombie. */
export function isAlive(pid: number): boolean {
	try {
		const text = fs.readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
		return !'ZX'.includes(text.slice(text.lastIndexOf(')') + 2)[0]!);
	} catch {
		return false;
	}
}

/** Waits until `condition` holds; throws after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
	const deadline = Date.now() + 10_000;
	while (!condition()) {
		if (Date.now() > deadline) {
			throw new Error(`never: ${what}`);
		}

		await new Promise(resolve => {
			setTimeout(resolve, 5);
		});
	}
}
