/** An engine of a few dozen containers in memory, with live logs and events, that keeps docker's rules for the calls the dashboard makes. */
import {setTimeout as wait} from 'node:timers/promises';
import type {Attachment, ContainerInfo, ContainerStatus, Engine, EventMessage, ImageInfo, ImageLayer, LogsOptions, OutputChunk} from '../../engine/index.js';
import {echoShell} from './echo-shell.js';
import {queued} from './queued.js';

export type LivelyContainer = {Id: string; Name: string; Image: string; State: ContainerStatus; sinceMs: number; exitCode: number; logs: string[]};

export type LivelyOptions = {
	readonly containers?: number;
	/** How long stop, start and the like take. */
	readonly verbMs?: number;
	/** Lines of log each container starts with. */
	readonly logLines?: number;
};

export type LivelyEngine = ReturnType<typeof livelyEngine>;

const names = ['web', 'api', 'worker', 'database', 'cache', 'mail', 'search', 'queue', 'metrics', 'proxy'];
const images = ['nginx:1.27', 'shop/api:2.4', 'shop/worker:2.4', 'postgres:17', 'redis:8', 'mailpit:1.20'];
const states: readonly ContainerStatus[] = ['running', 'running', 'running', 'exited', 'running', 'paused', 'running', 'created'];

export function livelyEngine({containers: count = 24, verbMs = 20, logLines = 40}: LivelyOptions = {}) {
	const containers = new Map<string, LivelyContainer>();
	const listeners = new Set<(event: EventMessage) => void>();
	const logListeners = new Map<string, Set<() => void>>();
	/** Every call that changes something, such as `stop web-0`. */
	const calls: string[] = [];
	/** Thrown by the next changing call. */
	const failures: Error[] = [];
	let imageInfos = images.map((name, index) => imageInfo(name, index));

	const emit = (Action: string, ID: string, Type: EventMessage['Type'] = 'container') => {
		const time = Date.now() / 1000;
		for (const listener of listeners) {
			listener({Type, Action, Actor: {ID, Attributes: {}}, scope: 'local', time: Math.trunc(time), timeNano: time * 1e9});
		}
	};

	const add = ({Name, State = 'running', lines = 0}: {readonly Name: string; readonly State?: ContainerStatus; readonly lines?: number}) => {
		const index = containers.size;
		const logs = Array.from({length: lines}, (_, line) => `${Name} line ${line}: GET /item/${line} 200 ${line % 17}ms`);
		const container: LivelyContainer = {Id: hexId(index + 1), Name, Image: images[index % images.length]!, State, sinceMs: Date.now() - (index * 7 + 3) * 60_000, exitCode: index % 3 === 0 ? 0 : 137, logs};
		containers.set(container.Id, container);
		emit('create', container.Id);
	};

	for (let index = 0; index < count; index++) {
		add({Name: `${names[index % names.length]!}-${Math.trunc(index / names.length)}`, State: states[index % states.length]!, lines: logLines});
	}

	const byName = (name: string) => {
		const container = [...containers.values()].find(({Name}) => Name === name);
		if (container === undefined) {
			throw new Error(`no container ${name}`);
		}

		return container;
	};

	const begin = async (verb: string, id: string) => {
		const container = containers.get(id);
		calls.push(`${verb} ${container?.Name ?? id}`);
		await wait(verbMs);
		const failure = failures.shift();
		if (failure !== undefined) {
			throw failure;
		}

		if (container === undefined) {
			throw Object.assign(new Error(`no such container: ${id}`), {kind: 'notFound'});
		}

		return container;
	};

	const verb = (name: string, action: string, state: ContainerStatus) => async (id: string) => {
		const container = await begin(name, id);
		Object.assign(container, {State: state, sinceMs: Date.now(), exitCode: 0});
		emit(action, id);
		return true;
	};

	const engine = {
		kind: 'embedded',
		label: 'local',
		async * events({signal}: {readonly signal?: AbortSignal} = {}) {
			yield * queued<EventMessage>(push => {
				listeners.add(push);
				return () => {
					listeners.delete(push);
				};
			}, signal);
		},
		async info() {
			return {Containers: containers.size, ServerVersion: '0.1.0', Name: 'test', Warnings: []};
		},
		async listContainers({filters}: {readonly filters?: {readonly id?: readonly string[]}} = {}) {
			return [...containers.values()].filter(({Id}) => filters?.id?.includes(Id) ?? true).map((container, index) => containerInfo(container, index));
		},
		async listImages() {
			return imageInfos;
		},
		async imageLayers(name: string): Promise<ImageLayer[]> {
			return Array.from({length: 3 + (name.length % 4)}, (_, index) => layer(index));
		},
		startContainer: verb('start', 'start', 'running'),
		stopContainer: verb('stop', 'die', 'exited'),
		restartContainer: verb('restart', 'restart', 'running'),
		pauseContainer: verb('pause', 'pause', 'paused'),
		unpauseContainer: verb('unpause', 'unpause', 'running'),
		async removeContainer(id: string, {force = false}: {readonly force?: boolean} = {}) {
			const {Name, State} = await begin('remove', id);
			if (State === 'running' && !force) {
				throw Object.assign(new Error(`cannot remove container "${Name}": container is running`), {kind: 'conflict', hint: 'Stop it first, or use force.'});
			}

			containers.delete(id);
			emit('destroy', id);
		},
		async removeImage(name: string) {
			calls.push(`remove-image ${name}`);
			imageInfos = imageInfos.filter(image => !image.RepoTags?.includes(name));
			emit('untag', name, 'image');
			return [{Untagged: name}];
		},
		async * logs(id: string, {follow = false, tail, since, signal}: LogsOptions = {}): AsyncGenerator<OutputChunk> {
			const container = containers.get(id);
			if (container === undefined) {
				throw new Error(`no such container: ${id}`);
			}

			const {logs} = container;
			let next = since === undefined && typeof tail === 'number' ? Math.max(0, logs.length - tail) : 0;
			const take = (): OutputChunk => {
				const text = logs.slice(next).map((line, index) => `${logTime(next + index)} ${line}\n`).join('');
				next = logs.length;
				return {stream: 'stdout', data: Buffer.from(text)};
			};

			yield take();
			if (!follow || container.State !== 'running') {
				return;
			}

			const waiting = logListeners.get(id) ?? new Set();
			logListeners.set(id, waiting);
			for await (const _ of queued<true>(push => {
				const listener = () => {
					push(true);
				};

				waiting.add(listener);
				return () => {
					waiting.delete(listener);
				};
			}, signal)) {
				yield take();
			}
		},
		async createExec(id: string, {Cmd = []}: {readonly Cmd?: readonly string[]}) {
			calls.push(`exec ${containers.get(id)?.Name ?? id} ${Cmd.join(' ')}`);
			return {Id: `${id} ${Cmd[0] ?? ''}`};
		},
		/** There is no bash. */
		async startExec(execId: string): Promise<Attachment> {
			if (execId.endsWith('bash')) {
				throw Object.assign(new Error('exec: "/bin/bash": no such file or directory'), {exitCode: 127});
			}

			return echoShell();
		},
		async close() {},
	};

	return {
		engine: engine as unknown as Engine,
		containers,
		calls,
		failures,
		add,
		emit,
		byName,
		/** A change made elsewhere: state, then event. */
		change(name: string, State: ContainerStatus, action: string) {
			const container = byName(name);
			Object.assign(container, {State, sinceMs: Date.now()});
			emit(action, container.Id);
		},
		vanish(name: string) {
			const {Id} = byName(name);
			containers.delete(Id);
			emit('destroy', Id);
		},
		writeLog(name: string, ...lines: readonly string[]) {
			const {Id, logs} = byName(name);
			logs.push(...lines);
			for (const listener of logListeners.get(Id) ?? []) {
				listener();
			}
		},
	};
}

function containerInfo({Id, Name, Image, State, sinceMs, exitCode}: LivelyContainer, index: number): ContainerInfo {
	const minutes = Math.trunc((Date.now() - sinceMs) / 60_000);
	const age = minutes < 1 ? '5 seconds' : `${minutes} minutes`;
	const status: Readonly<Record<ContainerStatus, string>> = {
		running: `Up ${age}`, paused: `Up ${age} (Paused)`, exited: `Exited (${exitCode}) ${age} ago`, created: 'Created', restarting: `Restarting (1) ${age} ago`, removing: 'Removal In Progress', dead: 'Dead',
	};
	return {
		Id, Names: [`/${Name}`], Image, ImageID: `sha256:${hexId(500 + images.indexOf(Image))}`, Command: '/docker-entrypoint.sh serve', Created: 1_700_000_000 - Number.parseInt(Id.slice(-6), 16), State, Status: status[State],
		Ports: index % 3 === 0 && State === 'running' ? [{IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080 + index, Type: 'tcp'}] : [], Labels: {}, HostConfig: {NetworkMode: 'default'}, NetworkSettings: {Networks: {}}, Mounts: [],
	};
}

function imageInfo(name: string, index: number): ImageInfo {
	return {Id: `sha256:${hexId(500 + index)}`, ParentId: '', RepoTags: [name], RepoDigests: [], Created: 1_700_000_000 - index * 86_400, Size: (index + 1) * 41_300_000, VirtualSize: 0, SharedSize: -1, Labels: {}, Containers: -1};
}

function layer(index: number): ImageLayer {
	return {
		DiffId: `sha256:${hexId(index + 100)}`, Size: (index + 1) * 3_100_000, Created: 1_700_000_000, SharedWith: index === 0 ? ['redis:8'] : [],
		CreatedBy: index === 0 ? '/bin/sh -c #(nop) ADD file:abc in / ' : `RUN /bin/sh -c apt-get install -y package-${index} # buildkit`,
	};
}

function hexId(number: number): string {
	const digits = number.toString(16).padStart(6, '0');
	return `${digits.padEnd(58, 'b')}${digits}`;
}

function logTime(line: number): string {
	return new Date(1_760_000_000_000 + line * 1000).toISOString().replace('Z', '000000Z');
}
