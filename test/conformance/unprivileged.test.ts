/** The behaviour suite once more, as users without privileges: one with subordinate ids, one without. */
import test from 'ava';
import {testsAsUser, unprivilegedUsers} from '../helpers/tests-as-user.js';

for (const [name, what] of unprivilegedUsers) {
	test.serial(`the engine of a user ${what} behaves the same`, async t => {
		t.timeout(900_000);
		await testsAsUser(t, name, ['build/test/conformance/embedded.test.js']);
	});
}
