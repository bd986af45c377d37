/** What is special to users without privileges. */
import test from 'ava';
import {testsAsUser, unprivilegedUsers} from '../helpers/tests-as-user.js';

for (const [name, what] of unprivilegedUsers) {
	test.serial(`containers of a user ${what} outlive its sandbox, and what a crash leaves is repaired`, async t => {
		t.timeout(900_000);
		await testsAsUser(t, name, ['sandbox-restart', 'repair'].map(file => `build/test/container/${file}.test.js`));
	});
}
