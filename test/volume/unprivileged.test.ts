/** The same as users without privileges. */
import test from 'ava';
import {testsAsUser, unprivilegedUsers} from '../helpers/tests-as-user.js';

for (const [name, what] of unprivilegedUsers) {
	test.serial(`volumes of a user ${what} are never lost and never half-filled`, async t => {
		t.timeout(900_000);
		await testsAsUser(t, name, ['build/test/volume/volume-contention.test.js']);
	});
}
