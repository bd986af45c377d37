import type {Tone} from '../theme/tones.js';
import type {Span} from './line.js';

export type RowSelection = 'focused' | 'unfocused' | 'none';

/** The first column of a row. */
export function selectionMark(selection: RowSelection): Span {
	return selection === 'none' ? {text: ' '} : {text: '▌', tone: selection === 'focused' ? 'border.focused' : 'border'};
}

/** The tone of the name in a row: the bar lies on the name alone, as a bar over the whole row would cost a row of bytes at every key. */
export function nameTone(selection: RowSelection): Tone {
	return selection === 'focused' ? 'selection' : selection === 'unfocused' ? 'selection.unfocused' : 'text';
}
