/** Overlays, messages, zoom and what else is about the screen itself. */
import type {Action} from './actions.js';
import type {AppState, Message, Overlay} from './app-state.js';

export function interfaceReducer(state: AppState, action: Action): AppState {
	switch (action.type) {
		case 'resized': {
			return {...state, size: action.size};
		}

		case 'ticked': {
			return {...state, nowMs: action.nowMs};
		}

		case 'engineLoaded': {
			return {...state, engine: action.engine};
		}

		case 'zoomToggled': {
			return {...state, isZoomed: !state.isZoomed};
		}

		case 'helpToggled': {
			return withOverlay(state, state.overlay?.kind === 'help' ? undefined : {kind: 'help', offset: 0});
		}

		case 'noticesToggled': {
			return withOverlay(state, state.overlay?.kind === 'notices' ? undefined : {kind: 'notices'});
		}

		case 'overlayClosed': {
			return withOverlay(state, undefined);
		}

		case 'removalAsked': {
			const {target, id, name} = action;
			return withOverlay(state, {kind: 'confirm', verb: 'remove', target, id, name});
		}

		case 'containersChanged': {
			// There is nothing left to ask about.
			return state.overlay?.kind === 'confirm' && action.gone.includes(state.overlay.id) ? withOverlay(state, undefined) : state;
		}

		case 'removalConfirmed': {
			return withOverlay(state, undefined);
		}

		case 'filterOpened': {
			return withOverlay(state, {kind: 'filter', pane: state.focus, before: state[state.focus].filter});
		}

		case 'filterChanged': {
			const pane = state.overlay?.kind === 'filter' ? state.overlay.pane : state.focus;
			return {...state, [pane]: {...state[pane], filter: action.text}};
		}

		case 'filterClosed': {
			return closeFilter(state, action.keep);
		}

		case 'mouseToggled': {
			return withMessage({...state, mouse: !state.mouse}, {tone: 'info', text: state.mouse ? 'mouse off: the terminal selects text again' : 'mouse on'});
		}

		case 'themeChanged': {
			return {...state, themeName: action.name};
		}

		case 'messageShown': {
			return withMessage(state, action);
		}

		case 'messageExpired': {
			return state.message?.number === action.number ? {...state, message: undefined} : state;
		}

		case 'verbFinished': {
			return action.problem === undefined
				? withMessage(state, {tone: 'good', text: action.message})
				: withMessage(state, {tone: 'bad', text: action.problem.message, ...(action.problem.hint === undefined ? {} : {hint: action.problem.hint})});
		}

		case 'demoRequested': {
			return state.demo === 'offered' ? withMessage({...state, demo: 'running'}, {tone: 'info', text: 'starting the demo…'}) : state;
		}

		case 'demoFinished': {
			const next: AppState = {...state, demo: 'offered'};
			return action.problem === undefined
				? withMessage(next, {tone: 'good', text: 'the demo is running'})
				: withMessage(next, {tone: 'bad', text: `demo: ${action.problem.message}`, ...(action.problem.hint === undefined ? {} : {hint: action.problem.hint})});
		}

		case 'registryToggled': {
			return state.registry.status === 'off' || state.registry.status === 'on' ? {...state, registry: {status: 'changing'}} : state;
		}

		case 'registryChanged': {
			const next: AppState = {...state, registry: action.url === undefined ? {status: 'off'} : {status: 'on', url: action.url}};
			return action.problem === undefined
				? withMessage(next, {tone: 'good', text: action.url === undefined ? 'the registry is off' : `images are served at ${action.url}`})
				: withMessage(next, {tone: 'bad', text: `registry: ${action.problem.message}`, ...(action.problem.hint === undefined ? {} : {hint: action.problem.hint})});
		}

		default: {
			return state;
		}
	}
}

function withOverlay(state: AppState, overlay: Overlay | undefined): AppState {
	return state.overlay === overlay ? state : {...state, overlay};
}

function closeFilter(state: AppState, keep: boolean): AppState {
	if (state.overlay?.kind !== 'filter') {
		return state;
	}

	const {pane} = state.overlay;
	return {...state, overlay: undefined, [pane]: {...state[pane], filter: keep ? state[pane].filter : ''}};
}

function withMessage(state: AppState, {tone, text, hint}: Pick<Message, 'tone' | 'text' | 'hint'>): AppState {
	return {...state, message: {tone, text, number: (state.message?.number ?? 0) + 1, ...(hint === undefined ? {} : {hint})}};
}
