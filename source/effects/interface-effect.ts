/** What the screen itself needs from outside: themes, mouse, clipboard, messages that go away, stopping, the demo. */
import type {Engine} from '../../engine/index.js';
import type {AppState} from '../state/app-state.js';
import type {Terminal} from '../terminal/terminal.js';
import {problemOf, type EffectContext} from './effect-context.js';

export type InterfaceOptions = {
	readonly terminal: Pick<Terminal, 'setMouse' | 'copy' | 'stop'>;
	readonly themeNames: readonly string[];
	readonly demo: ((engine: Engine) => Promise<void>) | undefined;
};

const messageMs = {info: 5000, good: 4000, warning: 5000, bad: 15_000} as const;

export function interfaceEffect({engine, store, signal}: EffectContext, {terminal, themeNames, demo}: InterfaceOptions): void {
	let messageTimer: NodeJS.Timeout | undefined;
	const expire = ({message}: AppState) => {
		clearTimeout(messageTimer);
		if (message !== undefined && !signal.aborted) {
			messageTimer = setTimeout(() => {
				store.dispatch({type: 'messageExpired', number: message.number});
			}, messageMs[message.tone]);
			messageTimer.unref();
		}
	};

	const runDemo = async () => {
		try {
			await demo?.(engine);
			store.dispatch({type: 'demoFinished'});
		} catch (error) {
			store.dispatch({type: 'demoFinished', problem: problemOf(error)});
		}
	};

	signal.addEventListener('abort', () => {
		clearTimeout(messageTimer);
	});
	store.onAction((action, state, previous) => {
		if (state.message !== previous.message) {
			expire(state);
		}

		if (state.mouse !== previous.mouse) {
			terminal.setMouse(state.mouse);
		}

		switch (action.type) {
			case 'themeCycled': {
				const name = themeNames[(themeNames.indexOf(state.themeName) + 1) % themeNames.length];
				if (name !== undefined) {
					store.dispatch({type: 'themeChanged', name});
					store.dispatch({type: 'messageShown', tone: 'info', text: `theme ${name}; theme = "${name}" in config.toml keeps it`});
				}

				break;
			}

			case 'copyRequested': {
				terminal.copy(action.text);
				store.dispatch({type: 'messageShown', tone: 'good', text: `copied ${action.what}`});
				break;
			}

			case 'stopRequested': {
				terminal.stop();
				break;
			}

			case 'demoRequested': {
				if (previous.demo === 'offered') {
					void runDemo();
				}

				break;
			}

			default: {
				break;
			}
		}
	});
}
