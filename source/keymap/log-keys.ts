import type {KeyGroup} from './key-binding.js';

const panes = ['logs'] as const;

export const logKeys: KeyGroup = {
	title: 'Logs',
	bindings: [
		{keys: ['f'], shown: 'f', label: 'follow', description: 'follow the newest lines, or stay here', panes, hint: 5, action: () => ({type: 'followToggled'})},
		{keys: ['w'], shown: 'w', label: 'wrap', description: 'wrap long lines, or cut them', panes, hint: 6, action: () => ({type: 'wrapToggled'})},
		{keys: ['t'], shown: 't', label: 'times', description: 'show when each line was written', panes, hint: 7, action: () => ({type: 'timestampsToggled'})},
		{
			keys: ['left', 'h'], shown: '← h', label: 'left', description: 'scroll cut lines to the left', panes,
			disabled: state => (state.logs.wrap ? 'left: lines are wrapped (w)' : undefined),
			action: () => ({type: 'scrolledSideways', by: -16}),
		},
		{
			keys: ['right', 'l'], shown: '→ l', label: 'right', description: 'scroll cut lines to the right', panes,
			disabled: state => (state.logs.wrap ? 'right: lines are wrapped (w)' : undefined),
			action: () => ({type: 'scrolledSideways', by: 16}),
		},
	],
};
