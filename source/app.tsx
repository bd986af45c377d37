/** The dashboard: an engine, a store, effects and views on one terminal. */
import process from 'node:process';
import {render} from 'ink';
import {useMemo, type ReactNode} from 'react';
import type {Engine} from '../engine/index.js';
import type {ServedRegistry} from './effects/registry-effect.js';
import {startEffects} from './effects/start-effects.js';
import {StoreContext, useAppState} from './hooks/use-app-state.js';
import {CanvasContext} from './hooks/use-canvas.js';
import {actionForKey, actionForPaste} from './keymap/keymap.js';
import type {Action} from './state/actions.js';
import {initialState, type AppState} from './state/app-state.js';
import {reducer} from './state/reducer.js';
import {createStore, type Store} from './state/store.js';
import {isAsciiLocale} from './terminal/character-set.js';
import type {InputEvent} from './terminal/input-parser.js';
import {isLightBackground} from './terminal/modes.js';
import {Terminal} from './terminal/terminal.js';
import {builtInThemes, defaultThemeName} from './theme/built-in-themes.js';
import {colourDepth, type ColourDepth} from './theme/colour.js';
import {ThemeContext} from './theme/theme-context.js';
import {prepareTheme, type ThemeData} from './theme/theme.js';
import {readUserSettings, settingsFolder} from './theme/user-settings.js';
import {RootView} from './views/root-view.js';

export type DashboardOptions = {
	/** Loads a small image and starts containers from it; offered by a key. */
	readonly demo?: (engine: Engine) => Promise<void>;
	/** Serves the images to others; switched by a key. */
	readonly openRegistry?: () => Promise<ServedRegistry>;
};

/** Shows the dashboard until the person quits. Gives the exit code. The engine stays open. */
export async function runDashboard(engine: Engine, {demo, openRegistry}: DashboardOptions = {}): Promise<number> {
	const reason = whyNoScreen();
	if (reason !== undefined) {
		console.error(reason);
		return 1;
	}

	const settings = await readUserSettings(settingsFolder(process.env));
	const themes = [...new Map([...builtInThemes, ...settings.themes].map(theme => [theme.name, theme])).values()];
	const chosen = themes.find(({name}) => name === settings.theme);
	const depth = colourDepth(process.env);
	// The sixteen colours are the terminal's own and fit its background.
	const followsBackground = chosen === undefined && depth !== '16';
	const terminal = new Terminal({input: process.stdin, output: process.stdout, mouse: settings.mouse ?? true, isAscii: isAsciiLocale(process.env)});
	const store = createStore(reducer, initialState({
		size: terminal.size, nowMs: Date.now(), label: engine.label, themeName: chosen?.name ?? defaultThemeName(depth), mouse: settings.mouse ?? true, hasDemo: demo !== undefined, hasRegistry: openRegistry !== undefined,
	}));
	const ended = new AbortController();
	const quit = new Promise<void>(resolve => {
		store.onAction(action => {
			if (action.type === 'quitRequested') {
				resolve();
			}
		});
		terminal.open({
			onInput(event) {
				takeInput(store, event, followsBackground);
			},
			onResize(size) {
				store.dispatch({type: 'resized', size});
			},
			onHangUp: resolve,
		});
	});

	try {
		startEffects({engine, store, signal: ended.signal}, {terminal, themeNames: themes.map(({name}) => name), demo, openRegistry});
		const problems = settings.theme !== undefined && chosen === undefined ? [...settings.problems, `there is no theme called ${settings.theme}`] : settings.problems;
		for (const problem of problems) {
			store.dispatch({type: 'messageShown', tone: 'warning', text: problem});
		}

		const app = renderApp({store, terminal, themes, depth});
		await quit;
		ended.abort();
		app.unmount();
	} finally {
		ended.abort();
		terminal.close();
	}

	return 0;
}

function whyNoScreen(): string | undefined {
	if (!process.stdin.isTTY || !process.stdout.isTTY) {
		return 'tug: the dashboard needs a terminal for both input and output; `tug ps` and the other commands do not (see `tug --help`)';
	}

	return process.env['TERM'] === 'dumb' ? 'tug: this terminal (TERM=dumb) cannot show the dashboard; the other commands work (see `tug --help`)' : undefined;
}

type Parts = {readonly store: Store; readonly terminal: Terminal; readonly themes: readonly ThemeData[]; readonly depth: ColourDepth};

// In debug mode Ink writes every frame whole and at once, which is what our last stage wants.
function renderApp(parts: Parts) {
	const {terminal} = parts;
	return render(<App {...parts}/>, {
		stdout: terminal.frames as unknown as NodeJS.WriteStream,
		stdin: terminal.silentInput as unknown as NodeJS.ReadStream,
		stderr: terminal.frames as unknown as NodeJS.WriteStream,
		debug: true,
		interactive: true,
		patchConsole: false,
		exitOnCtrlC: false,
	});
}

function App({store, terminal, themes, depth}: Parts): ReactNode {
	return (
		<StoreContext value={store}>
			<CanvasContext value={terminal.canvas}>
				<Themed themes={themes} depth={depth}/>
			</CanvasContext>
		</StoreContext>
	);
}

function Themed({themes, depth}: Pick<Parts, 'themes' | 'depth'>): ReactNode {
	const {themeName}: AppState = useAppState();
	const theme = useMemo(() => {
		const data = themes.find(({name}) => name === themeName) ?? builtInThemes[0]!;
		const base = builtInThemes.find(({name}) => name === (data.extends ?? (data.background === 'light' ? 'light' : 'dark')));
		return prepareTheme(data, depth, base);
	}, [themes, themeName, depth]);
	return (
		<ThemeContext value={theme}>
			<RootView/>
		</ThemeContext>
	);
}

function takeInput(store: Store, event: InputEvent, followsBackground: boolean): void {
	const action = actionFor(store.getState(), event, followsBackground);
	if (action !== undefined) {
		store.dispatch(action);
	}
}

function actionFor(state: AppState, event: InputEvent, followsBackground: boolean): Action | undefined {
	switch (event.type) {
		case 'key': {
			return actionForKey(state, event.key);
		}

		case 'paste': {
			return actionForPaste(state, event.text);
		}

		case 'mouse': {
			const {kind, x, y} = event;
			return kind === 'press' ? {type: 'pressed', x, y} : kind === 'wheel-up' || kind === 'wheel-down' ? {type: 'wheeled', x, y, by: kind === 'wheel-up' ? -3 : 3} : undefined;
		}

		case 'answer': {
			return followsBackground && isLightBackground(event.text) ? {type: 'themeChanged', name: 'light'} : undefined;
		}

		case 'focus': {
			return undefined;
		}
	}
}
