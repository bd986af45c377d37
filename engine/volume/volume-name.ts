/**
Names of volumes (moby volume/local/local.go, validateName): a name is a folder's, so it can never be a path.
*/
import {EngineError} from '../errors.js';

const pattern = /^[a-zA-Z\d][\w.-]+$/;

/** File names end there. */
const maxBytes = 255;

/** Throws `invalidParameter` with docker's texts. */
export function checkVolumeName(name: string): void {
	if (/^[a-zA-Z\d]$/.test(name)) {
		throw new EngineError('invalidParameter', `create ${name}: volume name is too short, names should be at least two alphanumeric characters`);
	}

	if (!pattern.test(name)) {
		throw new EngineError('invalidParameter', `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`);
	}

	if (name.length > maxBytes) {
		throw new EngineError('invalidParameter', `create ${name}: volume name is too long, names may have ${maxBytes} characters`);
	}
}

export function isVolumeName(name: string): boolean {
	return pattern.test(name) && name.length <= maxBytes;
}
