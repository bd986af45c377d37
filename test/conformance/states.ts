/** What each verb does to a container in each state. */
import type {Engine} from '../../engine/index.js';
import type {Behaves} from './behaviour.js';

type Verb = (engine: Engine, id: string) => Promise<unknown>;
const verbs: Readonly<Record<string, Verb>> = {
	start: async (engine, id) => engine.startContainer(id),
	stop: async (engine, id) => engine.stopContainer(id, {timeoutSeconds: 0}),
	restart: async (engine, id) => engine.restartContainer(id, {timeoutSeconds: 0}),
	kill: async (engine, id) => engine.killContainer(id),
	pause: async (engine, id) => engine.pauseContainer(id),
	unpause: async (engine, id) => engine.unpauseContainer(id),
	remove: async (engine, id) => engine.removeContainer(id),
	'remove by force': async (engine, id) => engine.removeContainer(id, {force: true}),
	async exec(engine, id) {
		await engine.createExec(id, {Cmd: ['true']});
	},
	async top(engine, id) {
		await engine.top(id);
	},
	resize: async (engine, id) => engine.resizeContainer(id, {rows: 1, columns: 1}),
};
const notRunning = 'container ID is not running';
const removing = (state: string) => `cannot remove container "ID": container is ${state}`;
/** What each verb answers in each state, and the state after it; texts are docker 28's. */
const answers: Readonly<Record<string, Readonly<Record<string, readonly [answer: unknown, after: string]>>>> = {
	created: {
		start: [true, 'running'], stop: [false, 'created'], restart: [undefined, 'running'], kill: [`cannot kill container: ID: ${notRunning}`, 'created'], pause: [notRunning, 'created'],
		unpause: ['Container ID is not paused', 'created'], remove: [undefined, 'gone'], 'remove by force': [undefined, 'gone'], exec: [notRunning, 'created'], top: [notRunning, 'created'], resize: [notRunning, 'created'],
	},
	running: {
		start: [false, 'running'], stop: [true, 'exited'], restart: [undefined, 'running'], kill: [undefined, 'exited'], pause: [undefined, 'paused'], unpause: ['Container ID is not paused', 'running'],
		remove: [`${removing('running')}: stop the container before removing or force remove`, 'running'], 'remove by force': [undefined, 'gone'], exec: [undefined, 'running'], top: [undefined, 'running'], resize: [undefined, 'running'],
	},
	paused: {
		start: ['cannot start a paused container, try unpause instead', 'paused'], stop: [true, 'exited'], restart: [undefined, 'running'], kill: [undefined, 'exited'], pause: ['Container ID is already paused', 'paused'],
		unpause: [undefined, 'running'], remove: [`${removing('paused')} and must be unpaused first`, 'paused'], 'remove by force': [undefined, 'gone'],
		exec: ['Container ID is paused, unpause the container before exec', 'paused'], top: [undefined, 'paused'], resize: [undefined, 'paused'],
	},
	exited: {
		start: [true, 'running'], stop: [false, 'exited'], restart: [undefined, 'running'], kill: [`cannot kill container: ID: ${notRunning}`, 'exited'], pause: [notRunning, 'exited'],
		unpause: ['Container ID is not paused', 'exited'], remove: [undefined, 'gone'], 'remove by force': [undefined, 'gone'], exec: [notRunning, 'exited'], top: [notRunning, 'exited'], resize: [notRunning, 'exited'],
	},
};

export function statesBehaviour(behaves: Behaves): void {
	for (const [state, row] of Object.entries(answers)) {
		behaves(`every verb on a container that is ${state}`, async (t, engine) => {
			for (const [verb, [answer, after]] of Object.entries(row)) {
				const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sleep', '1000'], Tty: true});
				if (state !== 'created') {
					await engine.startContainer(Id);
				}

				if (state === 'paused') {
					await engine.pauseContainer(Id);
				} else if (state === 'exited') {
					await engine.killContainer(Id);
				}

				const outcome = await verbs[verb]!(engine, Id).catch((error: unknown) => (error as Error).message.replaceAll(Id, 'ID'));
				t.is(outcome, answer, verb);
				const found = await engine.inspectContainer(Id).then(({State}) => State.Status, () => 'gone');
				t.is(found, after, verb);
				await engine.removeContainer(Id, {force: true}).catch(() => {});
			}
		});
	}
}
