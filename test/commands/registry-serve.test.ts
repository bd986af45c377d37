import test from 'ava';
import {runCommand} from '../helpers/run-command.js';

const refusals: ReadonlyArray<readonly [readonly string[], RegExp]> = [
	[['--listen', '0.0.0.0:5000'], /listening on 0\.0\.0\.0 without TLS lets everybody on the way read and change images and passwords\n.*--insecure-plain-http/],
	[['--listen', ':5000'], /listening on all addresses without TLS/],
	[['--listen', '[::]:5000'], /listening on all addresses without TLS/],
	[['--listen', '192.0.2.1:5000'], /listening on 192\.0\.2\.1 without TLS/],
	[['--listen', '127.0.0.1.example.com:5000'], /without TLS/],
	[['--listen', 'registry.lan:443'], /without TLS/],
	[['--listen', '5000'], /5000 is not an address to listen on\n.*HOST:PORT/],
	[['--listen', 'localhost'], /not an address/],
	[['--listen', 'localhost:http'], /not an address/],
	[['--listen', 'localhost:70000'], /not an address/],
	[['--listen', '::1:5000'], /not an address/],
	[['--tls-cert', 'cert.pem'], /TLS needs both/],
	[['--tls-key', 'key.pem'], /TLS needs both/],
	[['--tls-client-ca', 'ca.pem'], /only be checked with TLS/],
	[['--auth', 'digest'], /neither basic nor token/],
	[['--keep-uploads', 'soon'], /invalid/],
	[['--max-blob-size', 'huge'], /invalid/],
	[['extra'], /accepts no arguments/],
];

for (const [words, message] of refusals) {
	test(`registry serve ${words.join(' ')} is refused before anything is opened`, async t => {
		const {exitCode, errors, output} = await runCommand(['registry', 'serve', ...words]);
		t.regex(errors, message);
		t.true(exitCode > 0);
		t.is(output, '');
	});
}

test('its help names the danger of plain http', async t => {
	const {output} = await runCommand(['registry', 'serve', '--help']);
	t.regex(output, /--insecure-plain-http +Listen for other machines without TLS/);
});
