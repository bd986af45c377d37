import type {KeyGroup} from './key-binding.js';

export const generalKeys: KeyGroup = {
	title: 'Dashboard',
	bindings: [
		{keys: ['/'], shown: '/', label: 'filter', description: 'show only what holds a text; esc: all', hint: ({focus}) => (focus === 'logs' ? 8 : 16), action: () => ({type: 'filterOpened'})},
		{keys: ['+', 'z'], shown: '+', label: 'zoom', description: 'this pane on the whole screen', hint: 41, action: () => ({type: 'zoomToggled'})},
		{keys: ['T'], shown: 'T', label: 'theme', description: 'next theme', action: () => ({type: 'themeCycled'})},
		{keys: ['m'], shown: 'm', label: 'mouse', description: 'mouse on or off (off: select text)', action: () => ({type: 'mouseToggled'})},
		{
			keys: ['!'], shown: '!', label: 'notices', description: 'what this host cannot do, what mends it',
			disabled: state => (state.engine.warnings.length === 0 ? 'notices: there are none' : undefined),
			action: () => ({type: 'noticesToggled'}),
		},
		{
			keys: ['D'], shown: 'D', label: 'demo', description: 'load a small image and start containers',
			hint: ({containers, demo}) => (demo === 'offered' && containers.items.status === 'ready' && containers.items.value.length === 0 ? 1 : undefined),
			disabled: state => (state.demo === 'none' ? 'demo: this engine has none' : state.demo === 'running' ? 'demo: it is being started' : undefined),
			action: () => ({type: 'demoRequested'}),
		},
		{
			keys: ['R'], shown: 'R', label: 'registry', description: 'serve these images as a registry, or stop',
			disabled: ({registry: {status}}) => (status === 'none' ? 'registry: this engine has none to offer' : status === 'changing' ? 'registry: one moment' : undefined),
			action: () => ({type: 'registryToggled'}),
		},
		{keys: ['ctrl-l'], shown: 'ctrl-l', label: 'refresh', description: 'ask the engine for everything anew', action: () => ({type: 'refreshRequested'})},
		{keys: ['ctrl-z'], shown: 'ctrl-z', label: 'suspend', description: 'back to the shell; fg returns', action: () => ({type: 'stopRequested'})},
		{keys: ['?', 'f1'], shown: '?', label: 'help', description: 'this help', hint: 90, action: () => ({type: 'helpToggled'})},
		{keys: ['q', 'ctrl-c'], shown: 'q', label: 'quit', description: 'quit; containers go on', hint: 91, action: () => ({type: 'quitRequested'})},
	],
};
