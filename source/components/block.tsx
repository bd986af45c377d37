import {Box, Text} from 'ink';
import {useMemo, type ReactNode} from 'react';
import {useCanvas} from '../hooks/use-canvas.js';
import type {Line} from '../presentation/line.js';
import {plainStyle} from '../presentation/cell-style.js';
import {useTheme} from '../theme/theme-context.js';
import type {Theme} from '../theme/theme.js';
import type {Tone} from '../theme/tones.js';

type Props = {
	readonly lines: readonly Line[];
	readonly width: number;
	readonly height: number;
	/** Over the blocks with a lower one. */
	readonly layer?: number;
};

/** Lines at a place that Ink finds. To Ink it is one character (see terminal/canvas); the same lines give the same character, so nothing is drawn again. */
export function Block({lines, width, height, layer = 0}: Props): ReactNode {
	const canvas = useCanvas();
	const theme = useTheme();
	const token = useMemo(() => canvas.put({lines, width, height, layer, styleOf: styleIn(theme)}), [canvas, theme, lines, width, height, layer]);
	return (
		<Box width={width} height={height} flexShrink={0}>
			<Text>{token}</Text>
		</Box>
	);
}

type Styled = {readonly text: string; readonly tone?: string; readonly style?: {readonly foreground: string; readonly background: string; readonly attributes: number}};

// Colours of a log are the container's own; without colours only its attributes are shown.
function styleIn(theme: Theme) {
	return ({tone, style}: Styled) => {
		if (style !== undefined) {
			return theme.depth === 'none' ? {foreground: '', background: '', attributes: style.attributes} : style;
		}

		return tone === undefined ? (theme.styles.text ?? plainStyle) : (theme.styles[tone as Tone] ?? plainStyle);
	};
}
