import fc from 'fast-check';
import test from 'ava';
import {parseChallenges} from '../../engine/registry/auth-challenge.js';
import {parseErrorDocument, problemText} from '../../engine/registry/registry-error.js';
import {parseRetryAfter, pauseBefore} from '../../engine/registry/retry.js';

const parse = (...headers: readonly string[]) => parseChallenges(headers).map(challenge => (challenge.scheme === 'basic' ? challenge : {...challenge, realm: challenge.realm.href}));

for (const [header, expected] of [
	['Basic realm="Registry Realm"', [{scheme: 'basic', realm: 'Registry Realm'}]],
	['basic', [{scheme: 'basic', realm: ''}]],
	['Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/busybox:pull"', [{scheme: 'bearer', realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:library/busybox:pull'}]],
	['Bearer realm="https://a/t", service="s", scope="repository:a:pull,push", error="insufficient_scope"', [{scheme: 'bearer', realm: 'https://a/t', service: 's', scope: 'repository:a:pull,push', error: 'insufficient_scope'}]],
	['bEaReR ReAlM=https://a/t', [{scheme: 'bearer', realm: 'https://a/t'}]],
	['Bearer realm = "https://a/t" , service = s', [{scheme: 'bearer', realm: 'https://a/t', service: 's'}]],
	[String.raw`Basic realm="with \"quotes\" and \\"`, [{scheme: 'basic', realm: String.raw`with "quotes" and \ `.trimEnd()}]],
	['Negotiate, Basic realm="x"', [{scheme: 'basic', realm: 'x'}]],
	['Basic realm="x", Bearer realm="https://a/t"', [{scheme: 'bearer', realm: 'https://a/t'}, {scheme: 'basic', realm: 'x'}]],
	['Digest realm="x", nonce="y"', []],
	['', []],
	[',,,', []],
	['Basic realm="never closed', [{scheme: 'basic', realm: 'never closed'}]],
	['Bearer realm="https://a/t",realm="https://evil/"', [{scheme: 'bearer', realm: 'https://a/t'}]],
] as const) {
	test(`challenge: ${header}`, t => {
		t.deepEqual(parse(header) as unknown, expected as unknown);
	});
}

for (const realm of ['', 'token', '/token', 'file:///etc/passwd', 'ftp://a/b', 'https://user:pass@a/t', 'data:,x']) {
	test(`a Bearer realm ${JSON.stringify(realm)} is no token server`, t => {
		t.throws(() => parse(`Bearer realm="${realm}"`), {code: 'EBADREALM'});
	});
}

test('whatever a header holds, reading it ends', t => {
	fc.assert(fc.property(fc.array(fc.string({unit: 'binary', maxLength: 300})), headers => {
		try {
			parse(...headers);
		} catch (error) {
			t.is((error as {code?: string}).code, 'EBADREALM');
		}
	}), {numRuns: 500});
	t.pass();
});

test('several headers, and one that is very long', t => {
	t.deepEqual(parse('Basic realm="a"', 'Bearer realm="https://b/t"').map(({scheme}) => scheme), ['bearer', 'basic']);
	t.deepEqual(parse(`X ${'a=b,'.repeat(100_000)}`), []);
});

for (const [body, expected] of [
	['{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"x"}}]}', 'manifest unknown: manifest unknown'],
	['{"errors":[{"code":"DENIED"}]}', 'denied: denied'],
	['{"errors":[{"code":"DENIED","message":"no\\u001b[2J\\n"}]}', 'denied: no [2J'],
	['{"details":"incorrect username or password"}', 'incorrect username or password'],
	['{"message":"Not here"}', 'Not here'],
	['{"error":"invalid_grant","error_description":"bad token"}', 'bad token'],
	['{"errors":[]}', undefined],
	['{"errors":"x"}', undefined],
	['{"errors":[1]}', undefined],
	['[]', undefined],
	['null', undefined],
	['<html>', undefined],
	['', undefined],
] as const) {
	test(`error document: ${body}`, t => {
		const problem = parseErrorDocument(body);
		t.is(problem === undefined ? undefined : problemText(problem), expected);
	});
}

test('Retry-After: seconds, a date, nonsense', t => {
	const now = Date.parse('2026-01-01T00:00:00Z');
	t.is(parseRetryAfter('3', now), 3000);
	t.is(parseRetryAfter(' 0 ', now), 0);
	t.is(parseRetryAfter('Thu, 01 Jan 2026 00:00:10 GMT', now), 10_000);
	t.is(parseRetryAfter('Wed, 31 Dec 2025 00:00:10 GMT', now), 0);
	t.is(parseRetryAfter('soon', now), undefined);
	t.is(parseRetryAfter('', now), undefined);
	t.is(parseRetryAfter(undefined, now), undefined);
});

test('pauses double up to a limit, then it is enough', t => {
	const policy = {attempts: 6, firstPauseMs: 100, maxPauseMs: 500, maxAskedPauseMs: 1000};
	for (const [failures, middle] of [[1, 100], [2, 200], [3, 400], [4, 500], [5, 500]] as const) {
		const pauseMs = pauseBefore(failures, policy)!;
		t.true(pauseMs >= middle * 0.75 && pauseMs <= middle * 1.25, `${failures}: ${pauseMs}`);
	}

	t.is(pauseBefore(6, policy), undefined);
	t.is(pauseBefore(1, policy, 900), 900);
	t.is(pauseBefore(1, policy, 1100), undefined);
});
