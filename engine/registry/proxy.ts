/**
Which proxy a request goes through: HTTP_PROXY, HTTPS_PROXY and NO_PROXY as Go's golang.org/x/net/http/httpproxy reads them, since docker's users have them set for it.
*/
import net from 'node:net';
import {EngineError} from '../errors.js';
import {hostName, inNetwork, isLoopbackHost} from './endpoint.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy's URL, or undefined for a direct connection. Throws `invalidParameter` when the variable holds no URL. */
export function chooseProxy(url: URL, environment: Environment): URL | undefined {
	const names = url.protocol === 'https:' ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy'];
	const name = names.find(candidate => (environment[candidate] ?? '') !== '');
	if (name === undefined || isLoopbackHost(url.host) || isExcepted(url, environment['NO_PROXY'] || environment['no_proxy'] || '')) {
		return undefined;
	}

	const value = environment[name]!;
	const text = value.includes('://') ? value : `http://${value}`;
	const proxy = URL.canParse(text) ? new URL(text) : undefined;
	if (proxy === undefined || !/^https?:$/.test(proxy.protocol) || proxy.hostname === '') {
		throw new EngineError('invalidParameter', `${name} is not the URL of an http or https proxy: ${JSON.stringify(value)}`, {hint: `Set ${name} to a URL such as http://proxy:3128, or unset it.`});
	}

	return proxy;
}

/** Value of Proxy-Authorization for the user and password in a proxy's URL. */
export function proxyAuthorization(proxy: URL): string | undefined {
	if (proxy.username === '') {
		return undefined;
	}

	const text = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
	return `Basic ${Buffer.from(text).toString('base64')}`;
}

function isExcepted(url: URL, list: string): boolean {
	const host = hostName(url.host).toLowerCase();
	const port = url.port || (url.protocol === 'https:' ? '443' : '80');
	return list.split(',').map(entry => entry.trim().toLowerCase()).filter(entry => entry !== '').some(entry => {
		if (entry === '*' || inNetwork(host, entry)) {
			return true;
		}

		const [, name = entry, wantedPort] = /^(.*?):(\d+)$/.exec(net.isIPv6(entry) ? '' : entry) ?? [];
		if (wantedPort !== undefined && wantedPort !== port) {
			return false;
		}

		const plain = name.replaceAll(/^\[|\]$/g, '');
		if (net.isIP(plain) !== 0) {
			return plain === host;
		}

		// `.example.com` and `*.example.com` are its subdomains, `example.com` is itself and its subdomains.
		const domain = plain.replace(/^\*?\./, '');
		return host.endsWith(`.${domain}`) || (plain === domain && host === domain);
	});
}
