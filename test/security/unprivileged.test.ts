/** The tests of this folder once more, as users without privileges: one with subordinate ids, one without. */
import test from 'ava';
import {testsAsUser, unprivilegedUsers} from '../helpers/tests-as-user.js';

const files = ['confinement', 'escapes'].map(name => `build/test/security/${name}.test.js`);

for (const [name, what] of unprivilegedUsers) {
	test.serial(`containers of a user ${what} are as confined`, async t => {
		t.timeout(900_000);
		await testsAsUser(t, name, files);
	});
}
