/** States of the dashboard for tests of pure functions. */
import {initialState, type AppState, type Container, type Image} from '../../source/state/app-state.js';
import type {Action} from '../../source/state/actions.js';
import {reducer} from '../../source/state/reducer.js';

export const nowMs = Date.UTC(2026, 10, 21, 12);

export function container(name: string, options: Partial<Container> = {}): Container {
	return {
		id: `id-${name}`, name, image: 'busybox:1.37', imageId: 'sha256:busybox', command: 'sh -c "sleep 1000"', state: 'running', exitCode: undefined, health: undefined, ports: '',
		createdMs: nowMs - 3_600_000, sinceMs: nowMs - 180_000, ...options,
	};
}

export function image(name: string, options: Partial<Image> = {}): Image {
	return {id: `sha256:${name}`, name, otherTags: 0, sizeBytes: 4_200_000, createdMs: nowMs - 86_400_000, ...options};
}

/** After the actions, from a fresh start. */
export function stateAfter(actions: readonly Action[], {columns = 120, rows = 40, hasDemo = true}: {readonly columns?: number; readonly rows?: number; readonly hasDemo?: boolean} = {}): AppState {
	const fresh = initialState({size: {columns, rows}, nowMs, label: 'local', themeName: 'dark', mouse: true, hasDemo});
	return actions.reduce((state, action) => reducer(state, action), fresh);
}

/** A list of containers `c0`, `c1` … in that order. */
export function loaded(count: number): Action {
	return {type: 'containersLoaded', nowMs, containers: Array.from({length: count}, (_, index) => container(`c${index}`, {createdMs: nowMs - index * 1000}))};
}

export const keyDown: Action = {type: 'moved', by: 1};
