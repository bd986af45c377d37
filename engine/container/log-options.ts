/**
`--log-driver` and `--log-opt`.
*/
import {EngineError} from '../errors.js';
import {asObject, asString, asStringMap, optional} from '../oci/json-shape.js';

export type LogConfig = {readonly Type: 'json-file' | 'none'; readonly Config: Readonly<Record<string, string>>};

const logOptions: Readonly<Record<'json-file' | 'none', readonly string[]>> = {
	'json-file': ['max-size', 'max-file', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag', 'mode', 'max-buffer-size'],
	none: [],
};

/** Reads and checks a LogConfig. Throws `invalidParameter` with docker's texts. */
export function parseLogConfig(unsafe: unknown): LogConfig {
	const fields = optional(unsafe, 'LogConfig', asObject) ?? {};
	const type = optional(fields['Type'], 'LogConfig.Type', asString) || 'json-file';
	if (type !== 'json-file' && type !== 'none') {
		throw new EngineError('invalidParameter', `logger: no log driver named '${type}' is registered`, {hint: 'Use json-file or none.'});
	}

	const options = optional(fields['Config'], 'LogConfig.Config', asStringMap) ?? {};
	for (const name of Object.keys(options)) {
		if (!logOptions[type].includes(name)) {
			throw new EngineError('invalidParameter', `unknown log opt '${name}' for ${type} log driver`);
		}
	}

	const limits = parseLogLimits(options);
	if (limits.maxFiles > 1 && limits.maxSizeBytes === 0) {
		throw new EngineError('invalidParameter', 'log opt \'max-file\' needs \'max-size\'');
	}

	return {Type: type, Config: options};
}

/** `max-size` (bytes, 0 for none) and `max-file` of a json-file log. Throws `invalidParameter`. */
export function parseLogLimits(options: Readonly<Record<string, string>>): {readonly maxSizeBytes: number; readonly maxFiles: number} {
	const size = options['max-size'];
	const files = options['max-file'] ?? '1';
	const match = size === undefined || size === '-1' ? undefined : /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(size);
	if (match === null || !/^[1-9]\d*$/.test(files)) {
		throw new EngineError('invalidParameter', match === null ? `invalid size: '${size}'` : 'max-file must be a number from 1');
	}

	const power = match === undefined ? 0 : ['', 'k', 'm', 'g', 't', 'p'].indexOf(match[2]!.toLowerCase());
	return {maxSizeBytes: match === undefined ? 0 : Math.floor(Number(match[1]) * 1024 ** power), maxFiles: Number(files)};
}
