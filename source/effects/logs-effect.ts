/** Follows the log of the chosen container. Lines are handed on in batches, no more often than the eye can see. */
import {setImmediate as nextTurn} from 'node:timers/promises';
import type {LogLine} from '../state/app-state.js';
import {containerById, readyItems, selectedContainer} from '../state/selectors.js';
import {placeOf} from '../state/layout.js';
import {debounced, problemOf, type EffectContext} from './effect-context.js';
import {LineSplitter} from './line-splitter.js';

const settleMs = 80;
const frameMs = 33;
const patienceMs = 150;
const tail = 1000;
// What comes faster than this between two frames is let go (and counted): nobody could have read it.
const mostPending = 20_000;

export function logsEffect(context: EffectContext): void {
	const {store, signal} = context;
	let current: AbortController | undefined;
	let wanted: string | undefined;
	signal.addEventListener('abort', () => {
		current?.abort();
	});

	const open = (resume: boolean) => {
		const state = store.getState();
		const id = selectedContainer(state)?.id;
		if ((id === (wanted ?? state.logs.containerId) && !resume) || placeOf(state, 'logs') === undefined) {
			return;
		}

		current?.abort();
		current = new AbortController();
		wanted = id;
		const after = resume ? lastTime(state.logs.chunks.at(-1)?.lines) : undefined;
		if (id === undefined) {
			store.dispatch({type: 'logsOpened', containerId: id});
		} else {
			void followLog(context, {id, after, signal: current.signal});
		}
	};

	const openSoon = debounced(() => {
		open(false);
	}, settleMs, signal);
	store.onAction((action, state, previous) => {
		if (action.type === 'containersLoaded' && state.logs.containerId === undefined) {
			open(false);
		} else if (state !== previous && selectedContainer(state)?.id !== (wanted ?? state.logs.containerId)) {
			openSoon();
		} else if (action.type === 'containersChanged' && state.logs.status === 'ended' && hasStarted(state.logs.containerId, containerById(state, state.logs.containerId)?.state, readyItems(previous.containers.items))) {
			open(true);
		}
	});
}

function hasStarted(id: string | undefined, now: string | undefined, before: ReadonlyArray<{readonly id: string; readonly state: string}>): boolean {
	return now === 'running' && before.find(container => container.id === id)?.state !== 'paused';
}

type Following = {readonly id: string; /** Only lines later than this. */ readonly after: string | undefined; readonly signal: AbortSignal};

async function followLog({engine, store}: EffectContext, {id, after, signal}: Following): Promise<void> {
	const splitters = {stdout: new LineSplitter('stdout'), stderr: new LineSplitter('stderr')};
	let pending: LogLine[] = [];
	let skipped = 0;
	let shownMs = 0;
	let timer: NodeJS.Timeout | undefined;
	// What another container wrote stays on the screen until there is something to show instead, but not for long.
	let isOpen = after !== undefined;
	const show = () => {
		if (!isOpen && !signal.aborted) {
			isOpen = true;
			store.dispatch({type: 'logsOpened', containerId: id});
		}
	};

	const openTimer = setTimeout(show, patienceMs);
	const flush = () => {
		clearTimeout(timer);
		timer = undefined;
		show();
		shownMs = performance.now();
		if (!signal.aborted && (pending.length > 0 || skipped > 0)) {
			store.dispatch({type: 'logsAppended', containerId: id, lines: pending, skipped});
		}

		pending = [];
		skipped = 0;
	};

	const take = (lines: readonly LogLine[]) => {
		for (const line of lines) {
			if (after === undefined || line.time > after) {
				pending.push(line);
			}
		}

		if (pending.length > mostPending) {
			skipped += pending.length - mostPending / 2;
			pending = pending.slice(-mostPending / 2);
		}
	};

	try {
		const since = after === undefined ? {tail} : {since: Math.floor(Date.parse(after) / 1000)};
		for await (const {stream, data} of engine.logs(id, {follow: true, timestamps: true, signal, ...since})) {
			take(splitters[stream].push(data));
			if (performance.now() - shownMs >= frameMs) {
				flush();
				// Keys and drawing come first, however fast the log is.
				await nextTurn();
			} else {
				timer ??= setTimeout(flush, frameMs);
			}
		}

		take([...splitters.stdout.end(), ...splitters.stderr.end()]);
		flush();
		if (!signal.aborted) {
			store.dispatch({type: 'logsEnded', containerId: id});
		}
	} catch (error) {
		clearTimeout(timer);
		show();
		if (!signal.aborted) {
			store.dispatch({type: 'logsFailed', containerId: id, problem: problemOf(error)});
		}
	} finally {
		clearTimeout(openTimer);
	}
}

function lastTime(lines: readonly LogLine[] | undefined): string | undefined {
	const time = lines?.at(-1)?.time;
	return time === '' ? undefined : time;
}
