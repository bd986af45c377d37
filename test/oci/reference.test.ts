import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {canonicalReference, familiarName, familiarReference, isNameOnly, parseReference, repositoryName, tryParseReference, withDefaultTag} from '../../engine/oci/reference.js';

const digest = `sha256:${'a'.repeat(64)}`;

const canonical = test.macro({
	exec(t, text: string, expected: string) {
		t.is(canonicalReference(withDefaultTag(parseReference(text))), expected);
	},
	title: (_, text, expected) => `${text} means ${expected}`,
});

test(canonical, 'busybox', 'docker.io/library/busybox:latest');
test(canonical, 'busybox:1.36', 'docker.io/library/busybox:1.36');
test(canonical, 'library/busybox', 'docker.io/library/busybox:latest');
test(canonical, 'docker.io/busybox', 'docker.io/library/busybox:latest');
test(canonical, 'index.docker.io/busybox', 'docker.io/library/busybox:latest');
test(canonical, 'user/app:v1', 'docker.io/user/app:v1');
test(canonical, 'localhost/app', 'localhost/app:latest');
test(canonical, 'localhost:5000/app', 'localhost:5000/app:latest');
test(canonical, '127.0.0.1:5055/a/b:1', '127.0.0.1:5055/a/b:1');
test(canonical, '[::1]:5000/app:x', '[::1]:5000/app:x');
test(canonical, 'ghcr.io/Owner/app'.toLowerCase(), 'ghcr.io/owner/app:latest');
test(canonical, 'REGISTRY/app', 'REGISTRY/app:latest');
test(canonical, `busybox@${digest}`, `docker.io/library/busybox@${digest}`);
test(canonical, `busybox:1@${digest}`, `docker.io/library/busybox:1@${digest}`);
test(canonical, 'a__b/c-d.e/f--g', 'docker.io/a__b/c-d.e/f--g:latest');
test(canonical, 'a:b-C_d.E', 'docker.io/library/a:b-C_d.E');

const familiar = test.macro({
	exec(t, text: string, expected: string) {
		t.is(familiarReference(parseReference(text)), expected);
		// The short form is read back as the same thing.
		t.is(canonicalReference(parseReference(familiarReference(parseReference(text)))), canonicalReference(parseReference(text)));
	},
	title: (_, text, expected) => `${text} is shown as ${expected}`,
});

test(familiar, 'docker.io/library/busybox:1', 'busybox:1');
test(familiar, 'docker.io/user/app:1', 'user/app:1');
test(familiar, 'docker.io/library/a/b:1', 'library/a/b:1');
test(familiar, 'quay.io/library/x:1', 'quay.io/library/x:1');
test(familiar, `busybox@${digest}`, `busybox@${digest}`);

const invalid = test.macro({
	exec(t, text: string, message: RegExp) {
		const error = t.throws(() => parseReference(text), {message});
		t.true(isEngineError(error, 'invalidParameter'));
		t.is(tryParseReference(text), undefined);
	},
	title: (_, text: string) => `${JSON.stringify(text.slice(0, 40))} is refused`,
});

test(invalid, '', /invalid reference format/);
test(invalid, 'Busybox', /must be lowercase/);
test(invalid, 'a/B/c', /must be lowercase/);
test(invalid, ':tag', /invalid reference format/);
test(invalid, 'a:', /invalid reference format/);
test(invalid, 'a: b', /invalid reference format/);
test(invalid, '../a', /invalid reference format/);
test(invalid, 'a//b', /invalid reference format/);
test(invalid, 'a/', /invalid reference format/);
test(invalid, '/a', /invalid reference format/);
test(invalid, 'a_-b', /invalid reference format/);
test(invalid, '-a', /invalid reference format/);
test(invalid, `a:${'t'.repeat(129)}`, /invalid reference format/);
test(invalid, 'a@sha256:abc', /invalid reference format/);
test(invalid, 'a@md5:abc', /invalid reference format/);
test(invalid, 'host:port/a', /invalid reference format/);
test(invalid, '-host.io/a', /invalid reference format/);
test(invalid, 'a\nb', /invalid reference format/);
test(invalid, 'a\0', /invalid reference format/);
test(invalid, 'f'.repeat(64), /cannot specify 64-byte hexadecimal strings/);
test(invalid, 'x'.repeat(250), /must not be more than 255 characters/);

test('a name without tag and digest is told apart', t => {
	t.true(isNameOnly(parseReference('busybox')));
	t.false(isNameOnly(parseReference('busybox:1')));
	t.false(isNameOnly(parseReference(`busybox@${digest}`)));
	t.is(repositoryName(parseReference('busybox:1')), 'docker.io/library/busybox');
	t.is(familiarName(parseReference('localhost:5000/a:1')), 'localhost:5000/a');
});
