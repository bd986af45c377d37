/**
GET /metrics on an address of its own: figures are nobody's business who only pulls images.
*/
import {once} from 'node:events';
import http from 'node:http';
import type {AddressInfo} from 'node:net';
import {systemError} from '../errors.js';
import {metricsMediaType} from './metrics.js';

export async function serveMetrics(page: () => string, {host, port}: {readonly host: string; readonly port: number}): Promise<{readonly url: string; close(): Promise<void>}> {
	const server = http.createServer((request, response) => {
		const isPage = request.url?.split('?', 1)[0] === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
		response.writeHead(isPage ? 200 : 404, {'content-type': isPage ? metricsMediaType : 'text/plain'});
		response.end(isPage ? page() : 'the figures are at /metrics\n');
	});
	try {
		server.listen({host, port});
		await once(server, 'listening');
	} catch (error) {
		throw systemError(`listening on ${host}:${port} for metrics`, error);
	}

	const address = server.address() as AddressInfo;
	return {
		url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}/metrics`,
		async close() {
			const closed = once(server, 'close');
			server.close();
			server.closeAllConnections();
			await closed;
		},
	};
}
