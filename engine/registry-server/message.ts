/**
Requests and replies, as the handlers see them. Node's own objects are known to http-server.ts only, so that tests need no port.
*/
import {RegistryError} from './registry-error.js';

export type RegistryRequest = {
	readonly method: string;
	/** Path and query, as they came. */
	readonly target: string;
	/** By lower-case name; several values of one name joined by commas. */
	readonly headers: Readonly<Record<string, string | undefined>>;
	/** Asking for it lets the client send it (100-continue). Ends early, with an error, when the client goes away or stalls. */
	body(): AsyncIterable<Buffer>;
	readonly remoteAddress: string;
	readonly isSecure: boolean;
};

/** Whoever has it either reads it to its end (or returns the iterator), or closes it. */
export type StreamBody = {readonly sizeBytes: number; read(): AsyncIterable<Buffer>; close(): void};

export type Reply = {
	readonly status: number;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: Buffer | StreamBody;
};

export function json(value: unknown, {status = 200, headers = {}}: {readonly status?: number; readonly headers?: Readonly<Record<string, string>>} = {}): Reply {
	return {status, headers: {'content-type': 'application/json', ...headers}, body: Buffer.from(JSON.stringify(value))};
}

export function errorReply({status, code, message, detail, headers}: RegistryError): Reply {
	return json({errors: [{code, message, ...(detail === undefined ? {} : {detail})}]}, {status, headers});
}

export function bodyBytes({body}: Reply): number {
	return body === undefined ? 0 : (Buffer.isBuffer(body) ? body.length : body.sizeBytes);
}

/** A number in a header; undefined when there is none. */
export function contentLength(request: RegistryRequest): number | undefined {
	const text = request.headers['content-length'];
	return text === undefined || !/^\d{1,15}$/.test(text) ? undefined : Number(text);
}

/** The whole body of a request that must be small. */
export async function readBody(request: RegistryRequest, maxBytes: number, subject: string): Promise<Buffer> {
	const tooLarge = () => new RegistryError('SIZE_INVALID', `${subject} has more than ${maxBytes} bytes`, {status: 413});
	if ((contentLength(request) ?? 0) > maxBytes) {
		throw tooLarge();
	}

	const chunks: Buffer[] = [];
	let sizeBytes = 0;
	for await (const chunk of request.body()) {
		sizeBytes += chunk.length;
		if (sizeBytes > maxBytes) {
			throw tooLarge();
		}

		chunks.push(chunk);
	}

	return Buffer.concat(chunks);
}
