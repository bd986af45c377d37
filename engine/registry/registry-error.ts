/**
What went wrong between us and a registry, in docker's words: its own error documents (distribution-spec, Error Codes), and failures of the connection.
*/
import {EngineError, errorCode, type ErrorKind} from '../errors.js';

/** Codes besides the registry's own (`MANIFEST_UNKNOWN` …). */
export type RegistryErrorCode = 'EBADANSWER' | 'EINTEGRITY' | 'EREDIRECT' | 'ETOOLARGE' | 'EUNREACHABLE' | 'ECERTIFICATE' | 'ETOOMUCH';

export type RegistryProblem = {readonly code: string; readonly message: string; readonly detail?: unknown};

/** The first error of an error document; undefined when it is none. */
export function parseErrorDocument(body: string): RegistryProblem | undefined {
	let document: unknown;
	try {
		document = JSON.parse(body);
	} catch {
		return undefined;
	}

	const fields = typeof document === 'object' && document !== null ? document as Readonly<Record<string, unknown>> : {};
	const errors: readonly unknown[] = Array.isArray(fields['errors']) ? fields['errors'] : [];
	const [first] = errors;
	if (typeof first === 'object' && first !== null) {
		const {code, message, detail} = first as Readonly<Record<string, unknown>>;
		return {code: typeof code === 'string' ? code : 'UNKNOWN', message: typeof message === 'string' ? message : '', ...(detail === undefined ? {} : {detail})};
	}

	// Token servers and some registries have a form of their own.
	const details = [fields['details'], fields['message'], fields['error_description'], fields['error']].find(value => typeof value === 'string');
	return typeof details === 'string' ? {code: 'UNKNOWN', message: details} : undefined;
}

const kinds: Readonly<Record<number, ErrorKind>> = {400: 'invalidParameter', 401: 'unauthorized', 403: 'forbidden', 404: 'notFound', 405: 'notImplemented', 409: 'conflict', 429: 'unavailable'};
const kindsOfCodes: Readonly<Record<string, ErrorKind>> = {
	DENIED: 'forbidden',
	UNAUTHORIZED: 'unauthorized',
	MANIFEST_UNKNOWN: 'notFound',
	NAME_UNKNOWN: 'notFound',
	BLOB_UNKNOWN: 'notFound',
	TOOMANYREQUESTS: 'unavailable',
	UNSUPPORTED: 'notImplemented',
};

/** For answers without an error document. */
const codesOfStatuses: Readonly<Record<number, string>> = {401: 'UNAUTHORIZED', 403: 'DENIED', 413: 'ETOOMUCH', 429: 'TOOMANYREQUESTS'};

export type Answer = {readonly status: number; readonly contentType: string; readonly body: string; readonly host: string; readonly action: string};

/** The error for an answer that is not what was asked for. `action` such as `pulling busybox:latest`. */
export function answerError({status, contentType, body, host, action}: Answer): EngineError {
	const problem = parseErrorDocument(body);
	if (problem === undefined) {
		const isPage = /html/i.test(contentType) || /^\s*<(!doctype|html)/i.test(body);
		return new EngineError(kinds[status] ?? (status >= 500 ? 'unavailable' : 'system'), `${action}: ${host} answered with the unexpected HTTP status ${status}`, {
			code: codesOfStatuses[status] ?? 'EBADANSWER',
			hint: isPage ? 'The answer is a web page, not a registry\'s: is there a proxy or a login page in between?' : hintForStatus(status, host),
		});
	}

	return new EngineError(kindsOfCodes[problem.code] ?? kinds[status] ?? (status >= 500 ? 'unavailable' : 'system'), problemText(problem), {
		code: status === 413 ? 'ETOOMUCH' : problem.code,
		hint: hintForCode(problem.code, host) ?? hintForStatus(status, host),
	});
}

/** `manifest unknown: manifest unknown`, as docker prints an error of a registry. */
export function problemText({code, message}: RegistryProblem): string {
	const words = code.toLowerCase().replaceAll('_', ' ');
	return code === 'UNKNOWN' ? message : `${words}: ${message === '' ? words : printable(message)}`;
}

function hintForCode(code: string, host: string): string | undefined {
	switch (code) {
		case 'TOOMANYREQUESTS': {
			return `${host} limits how often one may ask: wait, or log in (tug login${host === 'docker.io' ? '' : ` ${host}`}) for a higher limit.`;
		}

		case 'UNAUTHORIZED':
		case 'DENIED': {
			return `Log in with tug login${host === 'docker.io' ? '' : ` ${host}`}, or check that this account may do it.`;
		}

		default: {
			return undefined;
		}
	}
}

function hintForStatus(status: number, host: string): string {
	if (status === 401 || status === 403) {
		return hintForCode('DENIED', host)!;
	}

	if (status === 429) {
		return hintForCode('TOOMANYREQUESTS', host)!;
	}

	return status >= 500 ? `${host} has a problem of its own: try again later.` : `Check that ${host} is a registry.`;
}

const certificateCodes = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|ERR_OSSL_X509|HOSTNAME_MISMATCH)/;

/** True when a certificate was not accepted. */
export function isCertificateFailure(error: unknown): boolean {
	return certificateCodes.test(errorCode(error) ?? '');
}

const protocolCodes = /^(?:EPROTO|ERR_SSL_|HPE_|ECONNRESET$)/;

/** True when the other side seems to speak http where https was tried, or the reverse. */
export function isProtocolFailure(error: unknown): boolean {
	return protocolCodes.test(errorCode(error) ?? '');
}

/** Docker's form: `Get "https://host/v2/": connection refused`. Keeps the system's code. */
export function connectionError(method: string, url: URL, error: unknown): EngineError {
	if (error instanceof EngineError) {
		return error;
	}

	const code = errorCode(error) ?? 'EUNREACHABLE';
	const verb = method.charAt(0) + method.slice(1).toLowerCase();
	return new EngineError('unavailable', `${verb} "${withoutQuery(url)}": ${reasons[code] ?? (error instanceof Error ? printable(error.message) : 'failed')}`, {code, hint: connectionHint(code, url), cause: error});
}

const reasons: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'connection refused',
	ECONNRESET: 'the connection was closed by the other side',
	EPIPE: 'the connection was closed by the other side',
	ENOTFOUND: 'no such host',
	EAI_AGAIN: 'the name can\'t be looked up',
	ETIMEDOUT: 'time-out',
	EHOSTUNREACH: 'no route to host',
	ENETUNREACH: 'network is unreachable',
};

function connectionHint(code: string, url: URL): string {
	if (certificateCodes.test(code)) {
		return `Put the authority's certificate into ~/.config/tug/certs.d/${url.host}/ca.crt, or add ${url.host} to insecure-registries in ~/.config/tug/config.toml.`;
	}

	if (/^(?:EPROTO|ERR_SSL_|HPE_)/.test(code)) {
		return `If ${url.host} speaks plain http, add it to insecure-registries in ~/.config/tug/config.toml.`;
	}

	return code === 'ENOTFOUND' || code === 'EAI_AGAIN'
		? `Check the name ${url.hostname} and the network; behind a proxy set HTTPS_PROXY.`
		: `Is the registry at ${url.host} running, and can it be reached from here? Behind a proxy set HTTPS_PROXY.`;
}

/** Queries of blob stores hold signatures. */
export function withoutQuery(url: URL): string {
	return `${url.origin}${url.pathname}`;
}

/** Registries' texts end up on terminals. */
export function printable(text: string): string {
	return text.replaceAll(/[\u0000-\u001F\u007F-\u009F]+/g, ' ').trim().slice(0, 500);
}
