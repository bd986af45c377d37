/** Images, and the layers of the one that is chosen. */
import {placeOf} from '../state/layout.js';
import {selectedItem} from '../state/selectors.js';
import {debounced, problemOf, type EffectContext} from './effect-context.js';
import {toImages} from './to-container.js';

export type ImagesEffect = {reload(): Promise<void>};

// Arrow keys held down do not ask for the layers of every image on the way.
const settleMs = 60;
const patienceMs = 150;

export function imagesEffect({engine, store, signal}: EffectContext): ImagesEffect {
	const loadLayers = async () => {
		const state = store.getState();
		const imageId = selectedItem(state, 'images')?.id;
		if (imageId === state.layers.imageId || placeOf(state, 'layers') === undefined) {
			return;
		}

		if (imageId === undefined) {
			store.dispatch({type: 'layersAsked', imageId});
			return;
		}

		// Most answers come at once: the layers of the image before stay until then, instead of a flash of "loading".
		const ask = () => {
			if (selectedItem(store.getState(), 'images')?.id === imageId) {
				store.dispatch({type: 'layersAsked', imageId});
			}
		};

		const timer = setTimeout(ask, patienceMs);
		try {
			const layers = await engine.imageLayers(imageId);
			ask();
			store.dispatch({type: 'layersLoaded', imageId, layers});
		} catch (error) {
			ask();
			store.dispatch({type: 'layersFailed', imageId, problem: problemOf(error)});
		} finally {
			clearTimeout(timer);
		}
	};

	const loadLayersSoon = debounced(loadLayers, settleMs, signal);
	store.onAction((_, state, previous) => {
		const isNew = state.images.selectedId !== previous.images.selectedId || state.focus !== previous.focus || state.size !== previous.size || state.images.items !== previous.images.items || state.images.filter !== previous.images.filter;
		if (isNew && selectedItem(state, 'images')?.id !== state.layers.imageId) {
			loadLayersSoon();
		}
	});

	return {
		async reload() {
			try {
				const infos = await engine.listImages();
				const images = infos.flatMap(info => toImages(info)).sort((a, b) => b.createdMs - a.createdMs || (a.name < b.name ? -1 : 1));
				store.dispatch({type: 'imagesLoaded', images});
			} catch (error) {
				store.dispatch({type: 'imagesFailed', problem: problemOf(error)});
			}
		},
	};
}
