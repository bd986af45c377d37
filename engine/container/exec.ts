/**
Exec sessions: a further process in a running container, under a monitor of its own. The record lies in execs/<id>/ until the container goes, or another session
is made five minutes after this one ended.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, errorCode, isEngineError, systemError} from '../errors.js';
import {listIfThere, readIfThere, writeFileAtomic} from '../files/atomic-file.js';
import {randomHex} from '../files/random.js';
import {asObject, asString, asStrings, optional} from '../oci/json-shape.js';
import {connectMonitor} from '../runtime/monitor-client.js';
import {runNativeSync} from '../runtime/native-program.js';
import {encodePlan} from '../runtime/plan.js';
import {isMonitorAlive, readBootId, readRuntimeStatus} from '../runtime/status-file.js';
import type {Store} from '../store/open-store.js';
import {removeTrees} from '../store/trash.js';
import {makeAttachment, type Attachment} from './attachment.js';
import {requireNative, tellEvent, type ContainerContext} from './container-context.js';
import {checkActive, notRunning} from './container-state.js';
import {containerPlaces, findContainer, noSuchContainer, readRecord} from './container-store.js';
import type {ContainerId, ContainerRecord} from './container.js';
import {execPlan} from './exec-plan.js';
import {asStartFailure} from './launch.js';
import {readState} from './read-state.js';

export type ExecId = string & {readonly __brand: 'ExecId'};

export type ExecRecord = {
	readonly version: 1;
	readonly id: ExecId;
	readonly containerId: ContainerId;
	/** The container's process when the session was made: it is of that run only. */
	readonly process: {readonly pid: number; readonly startTicks: number};
	readonly command: readonly string[];
	readonly env: readonly string[];
	readonly user: string;
	readonly workingFolder: string;
	readonly tty: boolean;
	readonly stdin: boolean;
	readonly stdout: boolean;
	readonly stderr: boolean;
	readonly privileged: boolean;
	readonly detachKeys: string;
	readonly size?: {readonly rows: number; readonly columns: number};
};

/** Not started, running, or ended. */
export type ExecState =
	| {readonly status: 'created'}
	| {readonly status: 'running'; readonly pid: number}
	| {readonly status: 'exited'; readonly exitCode: number; readonly pid: number};

const keepMs = 5 * 60 * 1000;

/** Makes a session; nothing runs yet. Throws `conflict` when the container is not running or paused, `invalidParameter` without a command. */
export function createExec(context: ContainerContext, unsafeName: string, unsafeOptions: unknown): ExecId {
	const container = findContainer(context.store, unsafeName);
	const options = asObject(unsafeOptions, 'exec');
	const command = optional(options['Cmd'], 'Cmd', asStrings) ?? [];
	if (command.length === 0) {
		throw new EngineError('invalidParameter', 'No exec command specified');
	}

	const {pid, startTicks} = checkUsable(context, container);
	const text = (name: string) => optional(options[name], name, asString) ?? '';
	const size = options['ConsoleSize'];
	const record: ExecRecord = {
		version: 1,
		id: randomHex(32) as ExecId,
		containerId: container.id,
		process: {pid, startTicks},
		command,
		env: optional(options['Env'], 'Env', asStrings) ?? [],
		user: text('User'),
		workingFolder: text('WorkingDir'),
		tty: options['Tty'] === true,
		stdin: options['AttachStdin'] === true,
		stdout: options['AttachStdout'] === true,
		stderr: options['AttachStderr'] === true,
		privileged: options['Privileged'] === true,
		detachKeys: text('DetachKeys'),
		...(Array.isArray(size) && size.length === 2 ? {size: {rows: Number(size[0]), columns: Number(size[1])}} : {}),
	};
	writeExec(context.store, record);
	tellEvent(context, container, `exec_create: ${commandText(command)}`, {execID: record.id});
	return record.id;
}

/** Docker's form in events: a blank stands after the program even when nothing follows. */
function commandText([program = '', ...args]: readonly string[]): string {
	return `${program} ${args.join(' ')}`;
}

/** The mark in the container's folder comes first: killed in between, the session goes with the container all the same. */
function writeExec(store: Store, record: ExecRecord): void {
	const {folder, execs: marks} = containerPlaces(store, record.containerId);
	const session = store.layout.exec(record.id);
	try {
		makeFolder(marks);
		fs.writeFileSync(path.join(marks, record.id), '');
		fs.mkdirSync(session, {mode: 0o700});
		writeFileAtomic(path.join(session, 'config.json'), JSON.stringify(record), {sync: false});
		removeOld(store, marks);
	} catch (error) {
		throw fs.existsSync(folder) ? systemError('creating the exec session', error) : noSuchContainer(record.containerId);
	}

	if (!fs.existsSync(folder)) {
		removeTrees(store, [session]); // The container was removed meanwhile, perhaps before the session was there to go with it
		throw noSuchContainer(record.containerId);
	}
}

/** Never what lies above it: a container that is being removed must not come back as an empty folder. */
function makeFolder(folder: string): void {
	try {
		fs.mkdirSync(folder, {mode: 0o700});
	} catch (error) {
		if (errorCode(error) !== 'EEXIST') {
			throw error;
		}
	}
}

function removeOld(store: Store, marks: string): void {
	for (const name of listIfThere(marks)) {
		const ended = fs.statSync(path.join(store.layout.exec(name), 'status.json'), {throwIfNoEntry: false});
		if (ended !== undefined && Date.now() - ended.mtimeMs > keepMs && execState(store, name as ExecId).status === 'exited') {
			fs.unlinkSync(path.join(marks, name));
			removeTrees(store, [store.layout.exec(name)]);
		}
	}
}

/** The session. Throws `notFound` (`No such exec instance: X`). */
export function findExec(store: Store, unsafeId: string): ExecRecord {
	const id = /^[\da-f]{12,64}$/.test(unsafeId) ? (unsafeId.length === 64 ? unsafeId : onlyMatch(store, unsafeId)) : undefined;
	const bytes = id === undefined ? undefined : readIfThere(path.join(store.layout.exec(id), 'config.json'));
	if (bytes === undefined) {
		throw new EngineError('notFound', `No such exec instance: ${unsafeId}`);
	}

	return JSON.parse(bytes.toString('utf8')) as ExecRecord;
}

function onlyMatch(store: Store, prefix: string): string | undefined {
	const matches = listIfThere(store.layout.execs).filter(name => name.startsWith(prefix));
	return matches.length === 1 ? matches[0] : undefined;
}

export function execState(store: Store, id: ExecId): ExecState {
	const status = readRuntimeStatus(path.join(store.layout.exec(id), 'status.json'));
	if (status === undefined || (status.status === 'created' && status.exitCode === 0 && isMonitorAlive(status, readBootId()))) {
		return {status: 'created'};
	}

	if (status.status === 'exited' || status.status === 'created') {
		return {status: 'exited', exitCode: status.exitCode, pid: status.pid};
	}

	return isMonitorAlive(status, readBootId()) ? {status: 'running', pid: status.pid} : {status: 'exited', exitCode: 137, pid: status.pid};
}

/** Ids of a container's sessions that run. */
export function runningExecs(store: Store, id: ContainerId): string[] {
	return listIfThere(containerPlaces(store, id).execs).filter(name => execState(store, name as ExecId).status === 'running');
}

export type StartExecOptions = {
	readonly detach?: boolean;
	readonly tty?: boolean;
	readonly stdin?: boolean;
	readonly size?: {readonly rows: number; readonly columns: number};
};

/**
Starts a session, once. Attached: resolves to its streams, which the caller closes; detached: to undefined once it runs. Throws `conflict` when it was started before or the container does not
run, an error with exit code 126 or 127 when the program can't be run.
*/
export async function startExec(context: ContainerContext, unsafeId: string, options: StartExecOptions = {}): Promise<Attachment | undefined> {
	const {store} = context;
	const record = findExec(store, unsafeId);
	const container = readRecord(store, record.containerId);
	if (container === undefined) {
		throw new EngineError('notFound', `No such exec instance: ${unsafeId}`);
	}

	const before = execState(store, record.id);
	if (before.status !== 'created') {
		throw alreadyStarted(record, before);
	}

	const target = checkUsable(context, container);
	if (target.pid !== record.process.pid || target.startTicks !== record.process.startTicks) {
		throw new EngineError('notFound', `No such exec instance: ${unsafeId}`); // Gone with the run it was made for
	}

	const size = options.size ?? record.size;
	const plan = await execPlan(context, container, {
		record,
		target,
		autoStart: options.detach === true,
		hasStdin: record.stdin && options.detach !== true,
		...(size === undefined ? {} : {size}),
	});
	try {
		runNativeSync(requireNative(context), 'exec', [], {input: encodePlan(plan)});
	} catch (error) {
		if (!fs.existsSync(store.layout.exec(record.id))) {
			throw new EngineError('notFound', `No such exec instance: ${unsafeId}`, {cause: error}); // Its container was removed meanwhile
		}

		throw isEngineError(error, 'conflict') ? alreadyStarted(record, execState(store, record.id)) : asStartFailure(error);
	}

	tellEvent(context, container, `exec_start: ${commandText(record.command)}`, {execID: record.id});
	return options.detach === true ? undefined : attach(context, record, options);
}

async function attach(context: ContainerContext, record: ExecRecord, options: StartExecOptions): Promise<Attachment> {
	const connection = await connectMonitor(context.store.layout.socket(record.id));
	if (connection === undefined) {
		throw notRunning(record.containerId); // Its container ended, and took it along
	}

	const hasStdin = record.stdin && options.stdin !== false;
	try {
		// In one go: the replies come in order, and output only after the first.
		const attached = connection.attach({stdin: hasStdin, stdout: record.stdout || !record.stderr, stderr: record.stderr || !record.stdout});
		const started = connection.start();
		await Promise.all([attached, started]);
	} catch (error) {
		connection.close();
		throw isEngineError(error) && error.code === 'monitorGone' ? notRunning(record.containerId) : asStartFailure(error);
	}

	return makeAttachment(connection, {
		tty: record.tty,
		hasStdin,
		onExit() {},
		lostExitCode() {
			const state = execState(context.store, record.id);
			return state.status === 'exited' ? state.exitCode : 137;
		},
	});
}

/** Throws `conflict` when it does not run. */
export async function resizeExec(context: ContainerContext, unsafeId: string, size: {readonly rows: number; readonly columns: number}): Promise<void> {
	const record = findExec(context.store, unsafeId);
	const connection = await connectMonitor(context.store.layout.socket(record.id));
	if (connection === undefined) {
		throw new EngineError('conflict', `exec session ${record.id} is not running`, {code: 'notRunning'});
	}

	try {
		await connection.resize(size);
	} finally {
		connection.close();
	}
}

function checkUsable(context: ContainerContext, container: ContainerRecord): {readonly pid: number; readonly startTicks: number} {
	const state = checkActive(readState(context.store, container.id), container.id);
	if (state.status === 'paused') {
		throw new EngineError('conflict', `Container ${container.id} is paused, unpause the container before exec`);
	}

	return state.process;
}

function alreadyStarted(record: ExecRecord, state: ExecState): EngineError {
	return new EngineError('conflict', state.status === 'exited' ? `exec command ${record.id} has already run` : `exec command ${record.id} is already running`);
}
