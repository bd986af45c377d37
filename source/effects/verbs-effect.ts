/** Stop, start, restart, pause, remove: the row says what is going on at once, the message line how it ended. */
import type {Engine} from '../../engine/index.js';
import type {Verb} from '../state/app-state.js';
import {containerById} from '../state/selectors.js';
import type {ContainersEffect} from './containers-effect.js';
import {problemOf, type EffectContext} from './effect-context.js';
import type {ImagesEffect} from './images-effect.js';

const done: Readonly<Record<Verb, string>> = {stop: 'stopped', start: 'started', restart: 'restarted', pause: 'paused', unpause: 'going on', remove: 'removed'};

export function verbsEffect({engine, store}: EffectContext, containers: ContainersEffect, images: ImagesEffect): void {
	const run = async (verb: Verb, id: string, call: () => Promise<unknown>) => {
		const name = containerById(store.getState(), id)?.name ?? id.slice(0, 12);
		try {
			await call();
			// First the new state, then "done": the row never shows the old state again in between.
			await containers.refresh([id]);
			store.dispatch({type: 'verbFinished', id, message: `${name} ${done[verb]}`});
		} catch (error) {
			const problem = problemOf(error);
			await containers.refresh([id]);
			store.dispatch({type: 'verbFinished', id, message: '', problem: {...problem, message: `${verb} ${name}: ${problem.message}`}});
		}
	};

	const removeImage = async (name: string) => {
		try {
			await engine.removeImage(name);
			await images.reload();
			store.dispatch({type: 'messageShown', tone: 'good', text: `image ${name} removed`});
		} catch (error) {
			const {message, hint} = problemOf(error);
			store.dispatch({type: 'messageShown', tone: 'bad', text: `remove ${name}: ${message}`, ...(hint === undefined ? {} : {hint})});
		}
	};

	store.onAction((action, state) => {
		if (action.type === 'verbRequested') {
			void run(action.verb, action.id, async () => callVerb(engine, action.verb, action.id));
		} else if (action.type === 'removalConfirmed' && action.target === 'container') {
			const container = containerById(state, action.id);
			const force = container !== undefined && ['running', 'paused', 'restarting'].includes(container.state);
			void run('remove', action.id, async () => engine.removeContainer(action.id, {force}));
		} else if (action.type === 'removalConfirmed') {
			void removeImage(action.id);
		}
	});
}

async function callVerb(engine: Engine, verb: Verb, id: string): Promise<unknown> {
	switch (verb) {
		case 'stop': {
			return engine.stopContainer(id);
		}

		case 'start': {
			return engine.startContainer(id);
		}

		case 'restart': {
			return engine.restartContainer(id);
		}

		case 'pause': {
			return engine.pauseContainer(id);
		}

		case 'unpause': {
			return engine.unpauseContainer(id);
		}

		case 'remove': {
			return engine.removeContainer(id);
		}
	}
}
