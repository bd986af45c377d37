import os from 'node:os';
import process from 'node:process';
import test from 'ava';
import {idMapping} from '../../engine/runtime/id-mapping.js';
import {containerLab} from '../helpers/container-lab.js';
import {engineSuite} from './engine-suite.js';

const uid = process.getuid!();

engineSuite({
	test,
	name: 'embedded',
	single: uid !== 0 && idMapping({uid, gid: process.getgid!(), user: os.userInfo().username}).single,
	async factory(t) {
		const lab = await containerLab(t);
		return lab?.engine;
	},
});
