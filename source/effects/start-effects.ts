/** All effects, on one engine and one store. They end when the signal fires. */
import type {Terminal} from '../terminal/terminal.js';
import {clockEffect} from './clock-effect.js';
import {containersEffect} from './containers-effect.js';
import {problemOf, type EffectContext} from './effect-context.js';
import {eventsEffect} from './events-effect.js';
import {imagesEffect} from './images-effect.js';
import {interfaceEffect, type InterfaceOptions} from './interface-effect.js';
import {logsEffect} from './logs-effect.js';
import {registryEffect, type RegistryOptions} from './registry-effect.js';
import {shellEffect} from './shell-effect.js';
import {verbsEffect} from './verbs-effect.js';

export type EffectsOptions = Omit<InterfaceOptions, 'terminal'> & RegistryOptions & {readonly terminal: Terminal};

export function startEffects(context: EffectContext, options: EffectsOptions): void {
	const containers = containersEffect(context);
	const images = imagesEffect(context);
	interfaceEffect(context, options);
	clockEffect(context);
	registryEffect(context, options);
	logsEffect(context);
	verbsEffect(context, containers, images);
	shellEffect(context, options.terminal);
	// Listening first: what changes while the lists are read is not missed.
	eventsEffect(context, containers, images);
	const reload = async () => {
		await Promise.all([containers.reload(), images.reload(), loadEngine(context)]);
	};

	context.store.onAction(action => {
		if (action.type === 'refreshRequested') {
			void reload();
		}
	});
	void reload();
}

async function loadEngine({engine, store}: EffectContext): Promise<void> {
	try {
		const info = await engine.info();
		store.dispatch({type: 'engineLoaded', engine: {label: engine.label, version: info.ServerVersion, warnings: info.Warnings ?? []}});
	} catch (error) {
		store.dispatch({type: 'messageShown', tone: 'bad', text: problemOf(error).message});
	}
}
