/** Environment and label files: `NAME=value` lines, `#` comments, as docker reads them: nothing is unquoted or expanded. */
import fs from 'node:fs';

export class KeyValueFileError extends Error {
	override readonly name = 'KeyValueFileError';
}

/**
`NAME` alone takes the value `inherit` gives (undefined: the line is left out). Throws KeyValueFileError.
*/
export function readKeyValueFile(file: string, inherit: (name: string) => string | undefined): string[] {
	let text: string;
	try {
		text = new TextDecoder('utf-8', {fatal: true}).decode(fs.readFileSync(file));
	} catch (error) {
		throw new KeyValueFileError(describe(file, error), {cause: error});
	}

	const entries: string[] = [];
	for (const line of text.split(/\r?\n/)) {
		const trimmed = line.trimStart();
		if (trimmed === '' || trimmed.startsWith('#')) {
			continue;
		}

		const equals = trimmed.indexOf('=');
		const name = equals === -1 ? trimmed : trimmed.slice(0, equals);
		if (name === '') {
			throw new KeyValueFileError(`invalid environment variable: no variable name on line '${trimmed}' (${file})`);
		}

		if (/[ \t]/.test(name.trimEnd()) || (equals !== -1 && /[ \t]$/.test(name))) {
			throw new KeyValueFileError(`invalid environment variable: variable '${name}' contains whitespaces (${file})`);
		}

		const value = equals === -1 ? inherit(name.trimEnd()) : trimmed.slice(equals + 1);
		if (value !== undefined) {
			entries.push(`${name.trimEnd()}=${value}`);
		}
	}

	return entries;
}

function describe(file: string, error: unknown): string {
	if (!(error instanceof Error)) {
		return `${file}: ${String(error)}`;
	}

	const code = 'code' in error ? error.code : undefined;
	const reasons: Readonly<Record<string, string>> = {ENOENT: 'no such file or directory', EACCES: 'permission denied', EISDIR: 'is a directory', ERR_ENCODING_INVALID_ENCODED_DATA: 'it holds invalid UTF-8'};
	return `open ${file}: ${reasons[String(code)] ?? error.message}`;
}
