/**
What a registry asks for in WWW-Authenticate (RFC 9110 11.6.1, distribution's token spec).
*/
import {EngineError} from '../errors.js';

export type AuthChallenge =
	| {readonly scheme: 'basic'; readonly realm: string}
	| {readonly scheme: 'bearer'; readonly realm: URL; readonly service?: string; readonly scope?: string; readonly error?: string};

const maxHeaderLength = 8192;

/**
The challenges of one answer that can be met, Bearer first (docker's preference). Unknown schemes are dropped. Throws `system` (code `EBADREALM`) when a
Bearer realm is not an http or https URL.
*/
export function parseChallenges(headers: readonly string[]): readonly AuthChallenge[] {
	const found: AuthChallenge[] = [];
	for (const {scheme, parameters} of headers.flatMap(header => splitChallenges(header.slice(0, maxHeaderLength)))) {
		if (scheme === 'basic') {
			found.push({scheme, realm: parameters.get('realm') ?? ''});
		} else if (scheme === 'bearer') {
			const [service, scope, error] = ['service', 'scope', 'error'].map(name => parameters.get(name));
			found.push({
				scheme,
				realm: parseRealm(parameters.get('realm') ?? ''),
				...(service ? {service} : {}),
				...(scope ? {scope} : {}),
				...(error ? {error} : {}),
			});
		}
	}

	return found.sort((one, other) => Number(one.scheme === 'basic') - Number(other.scheme === 'basic'));
}

function parseRealm(text: string): URL {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '') {
		throw new EngineError('system', `the registry names no usable token server: ${JSON.stringify(text.slice(0, 200))}`, {code: 'EBADREALM', hint: 'That is a fault of the registry: ask whoever runs it.'});
	}

	return url;
}

type RawChallenge = {readonly scheme: string; readonly parameters: ReadonlyMap<string, string>};

/** One header may hold several challenges, and commas stand between both challenges and parameters. */
function splitChallenges(header: string): readonly RawChallenge[] {
	const token = /[\w!#$%&'*+.^`|~-]+/y;
	const found: Array<{scheme: string; parameters: Map<string, string>}> = [];
	let at = 0;
	const skip = (pattern: RegExp) => {
		while (at < header.length && pattern.test(header[at]!)) {
			at++;
		}
	};

	for (;;) {
		skip(/[\s,]/);
		token.lastIndex = at;
		const word = token.exec(header)?.[0];
		if (word === undefined) {
			return found;
		}

		at += word.length;
		skip(/[ \t]/);
		if (header[at] !== '=') {
			found.push({scheme: word.toLowerCase(), parameters: new Map()});
			continue;
		}

		at++;
		skip(/[ \t]/);
		const {value, end} = readValue(header, at);
		at = end;
		const challenge = found.at(-1);
		if (challenge !== undefined && !challenge.parameters.has(word.toLowerCase())) {
			challenge.parameters.set(word.toLowerCase(), value);
		}
	}
}

function readValue(header: string, start: number): {readonly value: string; readonly end: number} {
	if (header[start] !== '"') {
		const plain = /[^\s,]*/y;
		plain.lastIndex = start;
		const value = plain.exec(header)?.[0] ?? '';
		return {value, end: start + value.length};
	}

	let value = '';
	let at = start + 1;
	for (; at < header.length && header[at] !== '"'; at++) {
		at += header[at] === '\\' && at + 1 < header.length ? 1 : 0;
		value += header[at];
	}

	return {value, end: at + 1};
}
