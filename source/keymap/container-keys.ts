import type {AppState, Container, Verb} from '../state/app-state.js';
import {containerInView} from '../state/selectors.js';
import type {KeyBinding, KeyGroup} from './key-binding.js';

const panes = ['containers', 'logs'] as const;

export const containerKeys: KeyGroup = {
	title: 'Container',
	bindings: [
		verb({keys: ['s'], verb: 'stop', label: 'stop', description: 'stop it', hint: 10, only: ['running', 'paused', 'restarting']}),
		verb({keys: ['S'], verb: 'start', label: 'start', description: 'start it', hint: 11, only: ['created', 'exited', 'dead']}),
		verb({keys: ['r'], verb: 'restart', label: 'restart', description: 'restart it, or start it when it is stopped', hint: 12, only: ['running', 'paused', 'restarting', 'exited', 'created']}),
		{
			keys: ['p'],
			shown: 'p',
			label: 'pause',
			description: 'pause it, or let it go on',
			panes,
			hint: whenChosen(13),
			disabled: state => whyNot(state, ['running', 'paused'], 'pause'),
			action(state) {
				const container = containerInView(state);
				return container === undefined ? undefined : {type: 'verbRequested', verb: container.state === 'paused' ? 'unpause' : 'pause', id: container.id};
			},
		},
		{
			keys: ['d', 'delete'],
			shown: 'd',
			label: 'remove',
			description: 'remove it; a running one only after asking',
			panes,
			hint: whenChosen(14),
			disabled: state => whyNot(state, undefined, 'remove'),
			action(state) {
				const container = containerInView(state);
				if (container === undefined) {
					return undefined;
				}

				const {id, name} = container;
				return isAlive(container) ? {type: 'removalAsked', target: 'container', id, name} : {type: 'removalConfirmed', target: 'container', id};
			},
		},
		{
			keys: ['e'],
			shown: 'e',
			label: 'shell',
			description: 'open a shell in it; exit comes back here',
			panes,
			hint: whenChosen(15),
			disabled: state => whyNot(state, ['running'], 'shell'),
			action(state) {
				const container = containerInView(state);
				return container === undefined ? undefined : {type: 'shellRequested', id: container.id};
			},
		},
		{
			keys: ['y'],
			shown: 'y',
			label: 'copy id',
			description: 'copy its id',
			panes,
			disabled: state => whyNot(state, undefined, 'copy'),
			action(state) {
				const container = containerInView(state);
				return container === undefined ? undefined : {type: 'copyRequested', text: container.id, what: `the id of ${container.name}`};
			},
		},
	],
};

type VerbKey = Pick<KeyBinding, 'keys' | 'label' | 'description'> & {readonly verb: Verb; readonly hint: number; readonly only: ReadonlyArray<Container['state']>};

function verb({keys, verb, label, description, hint, only}: VerbKey): KeyBinding {
	return {
		keys,
		shown: keys[0]!,
		label,
		description,
		panes,
		hint: whenChosen(hint),
		disabled: state => whyNot(state, only, label),
		action(state) {
			const container = containerInView(state);
			return container === undefined ? undefined : {type: 'verbRequested', verb, id: container.id};
		},
	};
}

// Without a container the footer has room for what does work.
function whenChosen(place: number): (state: AppState) => number | undefined {
	return state => (containerInView(state) === undefined ? undefined : place);
}

function whyNot(state: AppState, only: ReadonlyArray<Container['state']> | undefined, label: string): string | undefined {
	const container = containerInView(state);
	if (container === undefined) {
		return `${label}: no container is chosen`;
	}

	const busy = state.containers.busy[container.id];
	if (busy !== undefined) {
		return `${label}: ${container.name} is busy (${busy})`;
	}

	return only === undefined || only.includes(container.state) ? undefined : `${label}: ${container.name} is ${container.state}`;
}

function isAlive({state}: Container): boolean {
	return state === 'running' || state === 'paused' || state === 'restarting';
}
