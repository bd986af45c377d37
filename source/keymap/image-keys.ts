import {selectedItem} from '../state/selectors.js';
import type {KeyGroup} from './key-binding.js';

export const imageKeys: KeyGroup = {
	title: 'Image',
	bindings: [
		{
			keys: ['d', 'delete'],
			shown: 'd',
			label: 'remove',
			description: 'remove the image, after asking',
			panes: ['images'],
			hint: 10,
			disabled: state => (selectedItem(state, 'images') === undefined ? 'remove: no image is chosen' : undefined),
			action(state) {
				const image = selectedItem(state, 'images');
				return image === undefined ? undefined : {type: 'removalAsked', target: 'image', id: image.name.startsWith('<none>') ? image.id : image.name, name: image.name};
			},
		},
		{
			keys: ['y'],
			shown: 'y',
			label: 'copy id',
			description: 'copy the id of the image or layer',
			panes: ['images', 'layers'],
			hint: 11,
			disabled: state => (selectedItem(state, state.focus === 'layers' ? 'layers' : 'images') === undefined ? 'copy: nothing is chosen' : undefined),
			action(state) {
				if (state.focus === 'layers') {
					const layer = selectedItem(state, 'layers');
					return layer === undefined ? undefined : {type: 'copyRequested', text: layer.DiffId, what: 'the id of the layer'};
				}

				const image = selectedItem(state, 'images');
				return image === undefined ? undefined : {type: 'copyRequested', text: image.id, what: `the id of ${image.name}`};
			},
		},
	],
};
