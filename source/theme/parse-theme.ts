/** A theme file somebody wrote, checked. Its schema for editors is themes/theme.schema.json; a test keeps the two equal. */
import * as v from 'valibot';
import {colourPattern} from './colour.js';
import type {ThemeData} from './theme.js';
import {tones} from './tones.js';

const colour = v.pipe(v.string(), v.regex(colourPattern, 'is not a colour: write #rrggbb, a name such as red or brightBlue, or default'));

const toneStyle = v.strictObject({
	foreground: v.optional(colour),
	background: v.optional(colour),
	bold: v.optional(v.boolean()),
	dim: v.optional(v.boolean()),
	italic: v.optional(v.boolean()),
	underline: v.optional(v.boolean()),
	inverse: v.optional(v.boolean()),
});

const themeSchema = v.strictObject({
	$schema: v.optional(v.string()),
	name: v.pipe(v.string(), v.regex(/^[a-z\d][a-z\d-]*$/, 'is not a name: use small letters, digits and hyphens')),
	background: v.picklist(['dark', 'light']),
	extends: v.optional(v.string()),
	tones: v.strictObject(Object.fromEntries(tones.map(tone => [tone, v.optional(v.union([colour, toneStyle]))]))),
});

/** Throws an `Error` that names the place in the file. */
export function parseTheme(text: string, file: string): ThemeData {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch (error) {
		throw new Error(`theme ${file}: not JSON: ${(error as Error).message}`, {cause: error});
	}

	const result = v.safeParse(themeSchema, json);
	if (!result.success) {
		const [issue] = result.issues;
		const place = v.getDotPath(issue);
		throw new Error(`theme ${file}: ${place === null ? '' : `${place} `}${issue.message}`);
	}

	const {$schema: _, ...theme} = result.output;
	return theme as ThemeData;
}
