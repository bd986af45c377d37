/** What a person set in ~/.config/tug: `theme = "name"` in config.toml, and themes of their own in themes/NAME.json. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type {ThemeData} from './theme.js';

export type UserSettings = {
	readonly theme?: string;
	readonly mouse?: boolean;
	readonly themes: readonly ThemeData[];
	/** What is wrong in the files; the dashboard opens all the same. */
	readonly problems: readonly string[];
};

export function settingsFolder(environment: Readonly<Record<string, string | undefined>>): string {
	return path.join(environment['XDG_CONFIG_HOME'] || path.join(environment['HOME'] || os.homedir(), '.config'), 'tug');
}

export async function readUserSettings(folder: string): Promise<UserSettings> {
	const problems: string[] = [];
	const attempt = async <Value>(work: () => Promise<Value>): Promise<Value | undefined> => {
		try {
			return await work();
		} catch (error) {
			problems.push((error as Error).message);
			return undefined;
		}
	};

	const config = await attempt(async () => readConfig(path.join(folder, 'config.toml')));
	const files = await listThemes(path.join(folder, 'themes'));
	const themes = await Promise.all(files.map(async file => attempt(async () => {
		const [{parseTheme}, text] = await Promise.all([import('./parse-theme.js'), fs.readFile(file, 'utf8')]);
		return parseTheme(text, file);
	})));
	return {
		...config,
		themes: themes.filter(theme => theme !== undefined),
		problems,
	};
}

async function readConfig(file: string): Promise<{readonly theme?: string; readonly mouse?: boolean}> {
	let text;
	try {
		text = await fs.readFile(file, 'utf8');
	} catch {
		return {};
	}

	const {parse} = await import('smol-toml');
	let config: Record<string, unknown>;
	try {
		config = parse(text);
	} catch (error) {
		throw new Error(`${file}: ${(error as Error).message.split('\n')[0] ?? 'not TOML'}`, {cause: error});
	}

	const {theme, mouse} = config;
	if (theme !== undefined && typeof theme !== 'string') {
		throw new Error(`${file}: theme is not a text`);
	}

	if (mouse !== undefined && typeof mouse !== 'boolean') {
		throw new Error(`${file}: mouse is neither true nor false`);
	}

	return {...(theme === undefined ? {} : {theme}), ...(mouse === undefined ? {} : {mouse})};
}

async function listThemes(folder: string): Promise<string[]> {
	try {
		const entries = await fs.readdir(folder);
		return entries.filter(name => name.endsWith('.json')).sort().map(name => path.join(folder, name));
	} catch {
		return [];
	}
}
