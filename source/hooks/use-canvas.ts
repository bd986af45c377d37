import {createContext, useContext} from 'react';
import type {Canvas} from '../terminal/canvas.js';

export const CanvasContext = createContext<Canvas | undefined>(undefined);

export function useCanvas(): Canvas {
	const canvas = useContext(CanvasContext);
	if (canvas === undefined) {
		throw new Error('no canvas above this component');
	}

	return canvas;
}
