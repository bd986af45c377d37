import {containerKeys} from './container-keys.js';
import {generalKeys} from './general-keys.js';
import {imageKeys} from './image-keys.js';
import type {KeyGroup} from './key-binding.js';
import {logKeys} from './log-keys.js';
import {movementKeys} from './movement-keys.js';

export const keyGroups: readonly KeyGroup[] = [containerKeys, imageKeys, logKeys, movementKeys, generalKeys];
