/** Follows what happens in the engine, whoever did it, and has the lists brought up to date. Nothing is polled. */
import {setTimeout as wait} from 'node:timers/promises';
import type {EventMessage} from '../../engine/index.js';
import type {ContainersEffect} from './containers-effect.js';
import {debounced, problemOf, type EffectContext} from './effect-context.js';
import type {ImagesEffect} from './images-effect.js';

// Events of one change come together: die, stop, start of a restart.
const gatherMs = 8;
const longestPauseMs = 30_000;
// These say that something looked at a container or ran in it; its row stays as it is.
const unseen = /^(exec_|attach|detach|resize|top|copy|export|archive-path|extract-to-dir)/;

export function eventsEffect(context: EffectContext, containers: ContainersEffect, images: ImagesEffect): void {
	const {engine, store, signal} = context;
	const changed = new Set<string>();
	const gone = new Set<string>();
	const flush = debounced(() => {
		const goneIds = [...gone];
		const changedIds = [...changed].filter(id => !gone.has(id));
		gone.clear();
		changed.clear();
		if (goneIds.length > 0) {
			containers.forget(goneIds);
		}

		if (changedIds.length > 0) {
			void containers.refresh(changedIds);
		}
	}, gatherMs, signal);
	const reloadImages = debounced(() => {
		void images.reload();
	}, 50, signal);

	const take = ({Type, Action, Actor}: EventMessage) => {
		if (Type === 'image') {
			reloadImages();
		} else if (Type === 'container' && !unseen.test(Action)) {
			(Action === 'destroy' ? gone : changed).add(Actor.ID);
			flush();
		}
	};

	const follow = async () => {
		let pauseMs = 500;
		let isAgain = false;
		while (!signal.aborted) {
			const startedMs = Date.now();
			try {
				const events = engine.events({signal});
				if (isAgain) {
					await Promise.all([containers.reload(), images.reload()]);
				}

				for await (const event of events) {
					take(event);
				}
			} catch (error) {
				if (!signal.aborted) {
					store.dispatch({type: 'messageShown', tone: 'bad', text: `events: ${problemOf(error).message}`, hint: 'Changes made elsewhere are not seen until this works again.'});
				}
			}

			pauseMs = Date.now() - startedMs > longestPauseMs ? 500 : Math.min(longestPauseMs, pauseMs * 2);
			isAgain = true;
			await wait(pauseMs, undefined, {signal, ref: false}).catch(() => undefined);
		}
	};

	void follow();
}
