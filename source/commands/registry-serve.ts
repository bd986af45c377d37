import {once} from 'node:events';
import {bool, bytes, duration, int, list, string} from '../arguments/option.js';
import {CommandError, defineCommand} from './context.js';

export const command = defineCommand({
	name: 'registry serve',
	usage: '[OPTIONS]',
	summary: 'Serve the images of this machine as a registry, and take pushes',
	description: 'Speaks the OCI distribution spec with docker, podman, skopeo and every other client, until it is interrupted. What is pushed is an image here at once; docs/registry.md tells the rest.',
	options: {
		'anonymous-pull': bool('', 'Let everybody pull; only pushing and deleting need an account'),
		auth: string('', 'How those with an account prove it', {choices: ['basic', 'token'], check: value => (['basic', 'token'].includes(value) ? undefined : 'is neither basic nor token')}),
		htpasswd: string('', 'Only for the accounts in this file (made with htpasswd -B)', {value: 'file', completes: 'file'}),
		'insecure-plain-http': bool('', 'Listen for other machines without TLS: everybody on the way can read and change images and passwords'),
		'keep-uploads': duration('', 'How long unfinished uploads, and blobs that no manifest names, are kept (default 24h)'),
		listen: string('', 'Where to listen (default 127.0.0.1:5000)', {value: 'host:port'}),
		'max-blob-size': bytes('', 'Refuse larger blobs (default 64g)'),
		'max-uploads': int('', 'Requests that may send bytes at the same time (default 64)'),
		metrics: string('', 'Show figures for Prometheus there, at /metrics', {value: 'host:port'}),
		notify: list('', 'Post what is pushed, pulled and deleted there, as docker distribution does', {value: 'url'}),
		proxy: string('', 'Be a cache of this registry', {value: 'url'}),
		'public-url': string('', 'How clients reach this server, when it is behind another one', {value: 'url'}),
		'read-only': bool('', 'Refuse every change'),
		'tls-cert': string('', 'Certificate, with those above it', {value: 'file', completes: 'file'}),
		'tls-client-ca': string('', 'Only for clients with a certificate of this authority', {value: 'file', completes: 'file'}),
		'tls-key': string('', 'Key of the certificate', {value: 'file', completes: 'file'}),
		verbose: bool('v', 'Write a line for each request'),
	},
	arguments: {min: 0, max: 0},
	examples: [
		['tug registry serve', 'for this machine alone: tug push localhost:5000/app'],
		['tug registry serve --listen :443 --tls-cert cert.pem --tls-key key.pem --htpasswd users', 'for a network'],
		['tug registry serve --proxy https://registry-1.docker.io --read-only', 'a cache of Docker Hub'],
	],
	async run(context, {options}) {
		if ((options['tls-cert'] === undefined) !== (options['tls-key'] === undefined)) {
			throw new CommandError('TLS needs both a certificate and its key', {hint: 'Give --tls-cert and --tls-key.'});
		}

		if (options['tls-client-ca'] !== undefined && options['tls-cert'] === undefined) {
			throw new CommandError('certificates of clients can only be checked with TLS', {hint: 'Give --tls-cert and --tls-key.'});
		}

		const interrupted = context.interrupted(); // From here on a signal is a wish to end in order
		const {openRegistryServer} = await import('../../engine/index.js');
		const server = await openRegistryServer({
			...storeFolder(context.global.root ?? context.environment['TUG_ROOT']),
			listen: options.listen ?? '127.0.0.1:5000',
			tls: options['tls-cert'] === undefined ? undefined : {certFile: options['tls-cert'], keyFile: options['tls-key']!, clientCaFile: options['tls-client-ca']},
			allowPlainHttp: options['insecure-plain-http'],
			readOnly: options['read-only'],
			htpasswdFile: options.htpasswd,
			authentication: options.auth === 'token' ? 'token' : 'basic',
			guestsPull: options['anonymous-pull'],
			publicUrl: options['public-url'],
			notifyUrls: options.notify,
			metricsListen: options.metrics,
			proxyUrl: options.proxy,
			limits: {
				...(options['max-blob-size'] === undefined ? {} : {blobBytes: options['max-blob-size']}),
				...(options['max-uploads'] === undefined ? {} : {uploadsAtOnce: options['max-uploads']}),
				...(options['keep-uploads'] === undefined ? {} : {keepUploadsMs: options['keep-uploads'] / 1e6}),
			},
			onAccess: options.verbose
				? line => {
					context.output.write(`${line}\n`);
				}
				: undefined,
			onFailure(message, error) {
				context.errors.write(`tug: ${message}${error instanceof Error ? `: ${context.global.debug ? (error.stack ?? error.message) : error.message}` : ''}\n`);
			},
		});
		context.output.write(`listening on ${server.url}\n`);
		if (server.metricsUrl !== undefined) {
			context.output.write(`figures at ${server.metricsUrl}\n`);
		}

		if (!interrupted.aborted) {
			await once(interrupted, 'abort');
		}

		await server.close();
		return 0;
	},
});

function storeFolder(root: string | undefined): {readonly root?: string} {
	return root === undefined || root === '' ? {} : {root};
}
