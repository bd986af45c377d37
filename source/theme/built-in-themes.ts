/** The themes that come with the program, in the order in which the theme key goes through them. */
import dark from '../../themes/dark.json' with {type: 'json'};
import highContrast from '../../themes/high-contrast.json' with {type: 'json'};
import light from '../../themes/light.json' with {type: 'json'};
import sixteen from '../../themes/sixteen.json' with {type: 'json'};
import type {ColourDepth} from './colour.js';
import type {ThemeData} from './theme.js';

// A test checks each of them against the schema.
export const builtInThemes = [dark, light, highContrast, sixteen] as readonly ThemeData[];

/** Whoever chose none gets the dark one; with sixteen colours the one made of those, as the nearest of them to a soft green is a grey. */
export function defaultThemeName(depth: ColourDepth): string {
	return depth === '16' ? 'sixteen' : 'dark';
}
