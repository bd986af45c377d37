/** The effects on an engine in memory, without a screen. */
import {setTimeout as wait} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import type {ServedRegistry} from '../../source/effects/registry-effect.js';
import {startEffects} from '../../source/effects/start-effects.js';
import {initialState, type AppState} from '../../source/state/app-state.js';
import {reducer} from '../../source/state/reducer.js';
import {createStore, type Store} from '../../source/state/store.js';
import type {GuestTerminal, Terminal} from '../../source/terminal/terminal.js';
import {livelyEngine, type LivelyEngine, type LivelyOptions} from './lively-engine.js';

export type EffectsBench = {
	readonly lively: LivelyEngine;
	readonly store: Store;
	/** What was copied, the mouse switched to, and so on. */
	readonly terminalCalls: string[];
	/** Ends the effects, as quitting does. */
	end(): void;
	until(condition: (state: AppState) => boolean, timeoutMs?: number): Promise<AppState>;
};

export async function effectsBench(t: ExecutionContext, options: LivelyOptions & {readonly demo?: () => Promise<void>; readonly openRegistry?: () => Promise<ServedRegistry>; readonly guest?: Partial<GuestTerminal>} = {}): Promise<EffectsBench> {
	const lively = livelyEngine(options);
	const store = createStore(reducer, initialState({size: {columns: 120, rows: 40}, nowMs: Date.now(), label: 'local', themeName: 'dark', mouse: true, hasDemo: true, hasRegistry: options.openRegistry !== undefined}));
	const terminalCalls: string[] = [];
	const ended = new AbortController();
	t.teardown(() => {
		ended.abort();
	});
	const guest: GuestTerminal = {size: {columns: 80, rows: 24}, write() {}, onInput() {}, onResize() {}, ...options.guest};
	const terminal = {
		setMouse: (isOn: boolean) => terminalCalls.push(`mouse ${isOn}`),
		copy: (text: string) => terminalCalls.push(`copy ${text}`),
		stop: () => terminalCalls.push('stop'),
		lend: async <Result>(work: (guest: GuestTerminal) => Promise<Result>) => work(guest),
	};
	startEffects({engine: lively.engine, store, signal: ended.signal}, {terminal: terminal as unknown as Terminal, themeNames: ['dark', 'light'], demo: options.demo, openRegistry: options.openRegistry});
	const bench: EffectsBench = {
		lively,
		store,
		terminalCalls,
		end() {
			ended.abort();
		},
		async until(condition, timeoutMs = 5000) {
			const started = performance.now();
			while (!condition(store.getState())) {
				if (performance.now() - started > timeoutMs) {
					throw new Error('the state never came');
				}

				await wait(2);
			}

			return store.getState();
		},
	};
	await bench.until(({containers, images}) => containers.items.status === 'ready' && images.items.status === 'ready');
	return bench;
}
