import type {KeyGroup} from './key-binding.js';

export const movementKeys: KeyGroup = {
	title: 'Moving',
	bindings: [
		{keys: ['down', 'j'], shown: '↓ j', label: 'down', description: 'next row', action: () => ({type: 'moved', by: 1})},
		{keys: ['up', 'k'], shown: '↑ k', label: 'up', description: 'previous row', action: () => ({type: 'moved', by: -1})},
		{keys: ['pagedown', 'ctrl-f'], shown: 'PgDn', label: 'page', description: 'next page', action: () => ({type: 'movedByPage', pages: 1})},
		{keys: ['pageup', 'ctrl-b'], shown: 'PgUp', label: 'page', description: 'previous page', action: () => ({type: 'movedByPage', pages: -1})},
		{keys: ['ctrl-d'], shown: 'ctrl-d', label: 'half page', description: 'half a page down', action: () => ({type: 'movedByPage', pages: 0.5})},
		{keys: ['ctrl-u'], shown: 'ctrl-u', label: 'half page', description: 'half a page up', action: () => ({type: 'movedByPage', pages: -0.5})},
		{keys: ['g', 'home'], shown: 'g', label: 'first', description: 'first row', action: () => ({type: 'movedTo', end: 'first'})},
		{keys: ['G', 'end'], shown: 'G', label: 'last', description: 'last row; in the logs: follow again', action: () => ({type: 'movedTo', end: 'last'})},
		{keys: ['tab'], shown: 'tab', label: 'pane', description: 'next pane', hint: 40, action: () => ({type: 'focusCycled', by: 1})},
		{keys: ['shift-tab'], shown: 'shift-tab', label: 'pane', description: 'previous pane', action: () => ({type: 'focusCycled', by: -1})},
		{keys: ['left', 'h'], shown: '← h', label: 'pane', description: 'previous pane', panes: ['containers', 'images', 'layers'], action: () => ({type: 'focusCycled', by: -1})},
		{keys: ['right', 'l'], shown: '→ l', label: 'pane', description: 'next pane', panes: ['containers', 'images', 'layers'], action: () => ({type: 'focusCycled', by: 1})},
		{keys: ['1'], shown: '1', label: 'containers', description: 'containers', action: () => ({type: 'focused', pane: 'containers'})},
		{keys: ['2'], shown: '2', label: 'images', description: 'images', action: () => ({type: 'focused', pane: 'images'})},
		{keys: ['3'], shown: '3', label: 'layers', description: 'layers of the image', action: () => ({type: 'focused', pane: 'layers'})},
		{keys: ['4', 'L'], shown: '4', label: 'logs', description: 'logs of the container', action: () => ({type: 'focused', pane: 'logs'})},
		{keys: ['enter'], shown: 'enter', label: 'open', description: 'its logs or layers, then the whole screen', hint: 30, action: () => ({type: 'entered'})},
		{keys: ['escape'], shown: 'esc', label: 'back', description: 'clear the filter, leave the zoom, go back', action: () => ({type: 'leftBack'})},
	],
};
